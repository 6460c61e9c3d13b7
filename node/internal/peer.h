// Peer: what this node has, or wants, with one other: its connections, of which one at most takes signals; and who and
// what waits for one. It decides, by the rules in cluster.h, and does nothing: that is the Cluster's, whose lock it
// needs.
#ifndef HYDRA_NODE_INTERNAL_PEER_H_
#define HYDRA_NODE_INTERNAL_PEER_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/status/status.h"
#include "hydra/node/internal/connection.h"
#include "hydra/process/pid.h"
#include "hydra/process/transport.h"

namespace hydra::node_internal {

class Peer {
 public:
  using ConnectionPtr = std::shared_ptr<Connection>;
  using Asking = std::function<void(absl::Status)>;

  // The connection that takes signals; null if there is none.
  const ConnectionPtr& current() const { return current_; }
  // The one that users know of, null if there is none.
  const ConnectionPtr& known() const { return is_announced_ ? admitted_ : current_; }
  // All that there are.
  std::vector<ConnectionPtr> All() const;
  // Whether there is none, and none is to be expected.
  bool is_idle() const {
    return current_ == nullptr && dialling_ == nullptr && admitted_ == nullptr && !expects_;
  }
  // Whether there is nothing to remember.
  bool is_blank() const { return is_idle() && waiting_.empty() && asking_.empty(); }

  // ---- This node's attempt, which has a number, since it may be over when it is looked at again.

  void Expect(uint64_t attempt);
  // Whether there still is no connection.
  bool IsUnderWay(uint64_t attempt) const {
    return attempt_ == attempt && current_ == nullptr && admitted_ == nullptr;
  }
  void Dial(ConnectionPtr connection);
  // It has taken too long. Returns its connection, which is to end; null if there is none.
  ConnectionPtr Expire();

  // ---- The other's attempt, and how it ends.

  enum class Answer : uint8_t {
    kAdmitted,
    kOther,  // another attempt goes on
    kTry,    // if `current` doesn't answer, this one is admitted when that has ended
  };
  // Another node asks for admission. `own_wins` says whose attempt goes on if both dial.
  Answer Admit(const ConnectionPtr& connection, bool own_wins);
  // After that: this node's attempt, which has lost; null if there was none.
  ConnectionPtr TakeLoser() { return std::move(loser_); }
  bool IsTrying(const ConnectionPtr& connection) const { return trying_ == connection; }
  void StopTrying() { trying_ = nullptr; }

  // ---- Connections that come and go.

  // It is connected, and users are told so; then it takes signals.
  void Announce(const ConnectionPtr& connection);
  void SetCurrent(ConnectionPtr connection);

  struct Loss {
    bool was_current = false;
    bool gives_up = false;    // there is no connection, and won't be by itself
    ConnectionPtr successor;  // admitted in its place
  };
  Loss End(const ConnectionPtr& connection);

  // ---- Who waits for a connection.

  // Returns whether the sender is to be held: if more than `limit` bytes wait.
  bool Wait(Envelope envelope, size_t limit);
  // Sends what has waited. Returns who needn't be held any more.
  std::vector<Pid> SendWaiting(Connection& connection);
  std::vector<Pid> TakeHeld();
  void Ask(Asking done) { asking_.push_back(std::move(done)); }
  bool is_asked_for() const { return !asking_.empty(); }
  std::vector<Asking> TakeAsking() { return std::exchange(asking_, {}); }

 private:
  ConnectionPtr current_;
  ConnectionPtr dialling_;     // this node's attempt
  ConnectionPtr loser_;        // that it was
  ConnectionPtr admitted_;     // about to be current
  bool is_announced_ = false;  // as connected
  ConnectionPtr trying_;       // the other has dialled although there is a connection
  bool expects_ = false;       // this node's attempt begins, or has lost against the other's
  uint64_t attempt_ = 0;       // 0 once it has taken too long
  std::vector<Envelope> waiting_;
  size_t waiting_bytes_ = 0;
  absl::flat_hash_set<Pid> held_;  // who has sent too much of that
  std::vector<Asking> asking_;
};

}  // namespace hydra::node_internal

#endif  // HYDRA_NODE_INTERNAL_PEER_H_
