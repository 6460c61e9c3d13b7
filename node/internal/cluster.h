// Cluster: the nodes that this one has, or wants, a connection with.
//
// Between two nodes there is one connection. Who has something to send dials; if both do, the attempt of the node with
// the greater name wins, and the other is ended. A node that dials although there is a connection with it may have lost
// its end of that, or may be another of the same name: the connection is tried, and decides.
#ifndef HYDRA_NODE_INTERNAL_CLUSTER_H_
#define HYDRA_NODE_INTERNAL_CLUSTER_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "hydra/base/mutex.h"
#include "hydra/base/read_section.h"
#include "hydra/base/shared_map.h"
#include "hydra/node/internal/connection.h"
#include "hydra/node/internal/handshake.h"
#include "hydra/node/internal/links.h"
#include "hydra/node/internal/peer.h"
#include "hydra/node/node_options.h"
#include "hydra/process/async.h"
#include "hydra/process/node_id.h"
#include "hydra/process/runtime.h"
#include "hydra/process/transport.h"

namespace hydra::node_internal {

// Thread safety: any thread.
class Cluster final : public ConnectionOwner, public std::enable_shared_from_this<Cluster> {
 public:
  // What the runtime gets as its transport, around the one that it is given: so a test lets things happen between what a
  // process does and what the cluster is told of it.
  using Around = std::function<std::shared_ptr<Transport>(std::shared_ptr<Transport>)>;

  // Makes the runtime a node; see Node::Start.
  static absl::StatusOr<std::shared_ptr<Cluster>> Start(Runtime& runtime, NodeOptions options,
                                                        const OpenLinks& open,
                                                        const Around& around = nullptr);

  Cluster(Runtime& runtime, NodeOptions options, std::string cookie);

  const std::string& name() const { return self_.id.name; }

  // From the runtime. See Transport.
  bool Send(const std::string& node, Envelope envelope);
  void ConnectOrReport(const std::string& node);
  bool Poll() { return links_->Poll(); }
  void SetIdle(bool idle) { links_->SetIdle(idle); }
  const NodeOptions& options() const { return options_; }

  // Calls `done` when there is a connection with the node, or can't be one; perhaps at once.
  void Connect(const std::string& node, const std::function<void(absl::Status)>& done);
  absl::Status Disconnect(std::string_view node);
  // Calls `answered` with whether the node has answered; with false if there is no connection, or none any more.
  void Ping(const std::string& node, std::function<void(bool)> answered);
  // The nodes with which there is a connection: those where one of the two is hidden, or the others.
  std::vector<std::string> Connected(bool hidden) const;
  std::vector<std::string> Connecting() const;
  void Stop();

  // ---- ConnectionOwner.

  void AsksAdmission(const std::shared_ptr<Connection>& connection, const Party& party) override;
  void Connected(const std::shared_ptr<Connection>& connection) override;
  void Ended(const std::shared_ptr<Connection>& connection) override;
  void Deliver(const NodeId& peer, std::span<Envelope> envelopes) override;
  void Release(const Connection& connection, std::span<const Pid> held) override;

 private:
  // A connection that takes signals, for who sends.
  struct Route {
    const size_t hash;
    const std::string key;  // the node's name
    const std::shared_ptr<Connection> connection;
  };
  absl::Status Listen(const OpenLinks& open, const Around& around);
  std::string CookieFor(std::string_view node) const;
  std::shared_ptr<Connection> NewConnection(Role role, std::string wanted);
  std::shared_ptr<LinkEvents> Accepted(std::shared_ptr<LinkStream> stream);
  void Dial(const std::string& node, Peer& peer) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void LetGo();
  void DialForThoseWhoAsk(const std::string& node);
  void DialNow(const std::string& node, uint64_t attempt);
  void AttemptIsOver(const std::string& node, uint64_t attempt);
  std::shared_ptr<Connection> CurrentOf(const std::string& node) const;
  bool SendLater(const std::string& node, Envelope envelope);
  void EndSoon(const std::shared_ptr<Connection>& connection, v1::Refusal::Why why,
               std::string_view text);
  absl::Status MayDial(const std::string& node, const Peer& peer) const;
  void Try(const std::string& node, const std::shared_ptr<Connection>& current,
           const std::shared_ptr<Connection>& connection, bool is_same_life);
  void Decide(const std::shared_ptr<Connection>& connection, std::optional<v1::Refusal> refusal);
  void GiveUp(const std::string& node, const absl::Status& why);
  void ReportDown(const std::string& node);
  void After(absl::Duration time, std::function<void()> call);
  static Async<> Keep(std::shared_ptr<Cluster> cluster, std::weak_ptr<Connection> watched);

  Runtime& runtime_;
  const NodeOptions options_;
  const std::string cookie_;
  Party self_;
  std::shared_ptr<Links> links_;
  std::optional<Port> port_;

  mutable Mutex mutex_;
  bool stopped_ ABSL_GUARDED_BY(mutex_) = false;
  uint64_t last_attempt_ ABSL_GUARDED_BY(mutex_) = 0;
  // In an order that isn't by hashes, so that a seed repeats a run.
  std::map<std::string, Peer> peers_ ABSL_GUARDED_BY(mutex_);
  // The current connections of the above: read without the lock, changed under it.
  SharedMap<Route> routes_;
  Limbo limbo_ ABSL_GUARDED_BY(mutex_);
  std::vector<std::shared_ptr<Connection>> accepted_ ABSL_GUARDED_BY(mutex_);  // not proved; few
};

}  // namespace hydra::node_internal

#endif  // HYDRA_NODE_INTERNAL_CLUSTER_H_
