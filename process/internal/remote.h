// A runtime's end of what goes between nodes: signals to envelopes and back, and who is to be told when
// a node is lost.
//
// Signals to other nodes come here from where they can't be delivered (`Scheduler::SendElsewhere`), and
// become envelopes; envelopes become the same signals on the other side, and are delivered like any
// other. A message's value stays bytes until its receiver takes it in.
//
// For each node there is a list of the processes that have, or have had, a link or a monitor with one
// there. When the node is lost each is sent one signal, and ends what it has with that node. Requests are
// listed one by one, until they are answered or given up. Until a process has taken a loss in, nothing that it does about
// links and monitors there is sent: the loss ends that as well.
//
// A process that sends more to a node than may wait there is held, as by a full mailbox (limited_inbox.h):
// a pid that no process has stands for the node.
#ifndef HYDRA_PROCESS_INTERNAL_REMOTE_H_
#define HYDRA_PROCESS_INTERNAL_REMOTE_H_

#include <atomic>
#include <cstdint>
#include <limits>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/status/statusor.h"
#include "hydra/base/mutex.h"
#include "hydra/process/dest.h"
#include "hydra/process/internal/signal.h"
#include "hydra/process/node_event.h"
#include "hydra/process/node_id.h"
#include "hydra/process/pid.h"
#include "hydra/process/transport.h"

namespace hydra::process_internal {

class Scheduler;

// Thread safety: any thread.
class Remote {
 public:
  explicit Remote(Scheduler& scheduler) : scheduler_(scheduler) {}

  // Makes the runtime a node.
  void Join(NodeId self, std::shared_ptr<Transport> transport);
  bool is_node() const { return is_node_.load(std::memory_order_acquire); }
  // The name of this node; empty while it is none.
  std::string_view name() const { return is_node() ? std::string_view(self_.name) : ""; }
  std::vector<std::string> Nodes(NodeKind kind) const;
  bool IsConnected(std::string_view node, NodeKind kind) const;

  // For workers: see Transport::Poll, SetIdle.
  bool Poll() { return is_node() && transport_->Poll(); }
  void SetIdle(bool idle) {
    if (is_node()) transport_->SetIdle(idle);
  }
  // When something has come last, by the runtime's clock.
  int64_t heard_at() const { return heard_at_.load(std::memory_order_relaxed); }

  // ---- Out.

  // Sends `signal` to a process, or to a name, of another node. Takes it.
  void Send(const Dest& to, Signal* signal);

  // Nobody waits for the answer to this request any more.
  void GiveUp(const Ref& request);

  // The process has ended.
  void Forget(const Pid& process);

  // The process has ended what it had with the node when that was lost.
  void TookInLoss(const Pid& process, const std::string& node);

  // What `process` does by MonitorNodes and MonitorNode.
  void Subscribe(const Pid& process, NodeKind kind, bool on);
  void MonitorNode(const Pid& process, const std::string& node, bool on);

  // ---- In: see Port.

  uint64_t NodeUp(const NodeId& node, bool hidden);
  void Deliver(const NodeId& node, std::span<Envelope> envelopes);
  void NodeDown(const NodeId& node, NodeDownReason reason);
  void Release(const std::string& node, std::span<const Pid> held);

 private:
  struct Peer {
    uint64_t epoch = 0;  // 0 until PeerOf has made it
    bool up = false;
    bool hidden = false;
    absl::flat_hash_set<Pid> processes;  // that have links or monitors there
    absl::flat_hash_set<Ref> requests;   // of processes here
    std::map<Pid, int> monitors;         // of the node: who, and how often
  };
  struct Subscriber {
    Pid process;
    NodeKind kind;
    int times;
  };

  void AnswerForNobody(const Envelope& envelope);
  absl::StatusOr<Envelope> InsteadOfTooLarge(const Envelope& large);
  Peer& PeerOf(const std::string& node) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void LimitReason(Envelope& envelope) const;
  bool NoteSent(const std::string& node, Envelope& envelope);
  bool HasToTakeInLoss(const Pid& process, const std::string& node) const
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void DeliverOne(const std::string& node, Envelope envelope);
  Pid NoteReceived(const std::string& node, const Envelope& envelope);
  std::vector<Pid> SubscribersOf(bool hidden) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  Scheduler& scheduler_;
  // Written once, before `is_node_` is.
  NodeId self_;
  std::shared_ptr<Transport> transport_;
  std::atomic<bool> is_node_{false};
  // Written by whoever delivers, read by workers that decide whether to go on looking: a hint, hence relaxed.
  std::atomic<int64_t> heard_at_{std::numeric_limits<int64_t>::min() / 2};

  mutable Mutex mutex_;
  absl::flat_hash_map<std::string, Peer> peers_
      ABSL_GUARDED_BY(mutex_);  // by name, until they are lost
  // Of nodes that were lost: who is still to take that in, and how often.
  absl::flat_hash_map<std::string, absl::flat_hash_map<Pid, int>> losses_ ABSL_GUARDED_BY(mutex_);
  uint64_t last_epoch_ ABSL_GUARDED_BY(mutex_) = 0;
  // Monitors of other nodes by a name: whom they monitor here.
  absl::flat_hash_map<Ref, Pid> named_monitors_ ABSL_GUARDED_BY(mutex_);
  std::vector<Subscriber> subscribers_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace hydra::process_internal

#endif  // HYDRA_PROCESS_INTERNAL_REMOTE_H_
