#include "hydra/node/internal/peer.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "hydra/node/internal/connection.h"
#include "hydra/node/internal/outbound.h"
#include "hydra/process/pid.h"
#include "hydra/process/transport.h"

namespace hydra::node_internal {

std::vector<Peer::ConnectionPtr> Peer::All() const {
  std::vector<ConnectionPtr> all;
  for (const ConnectionPtr& one : {current_, dialling_, admitted_, trying_}) {
    if (one != nullptr) all.push_back(one);
  }
  return all;
}

void Peer::Expect(uint64_t attempt) {
  expects_ = true;
  attempt_ = attempt;
}

void Peer::Dial(ConnectionPtr connection) {
  expects_ = false;
  dialling_ = std::move(connection);
}

Peer::ConnectionPtr Peer::Expire() {
  expects_ = false;
  attempt_ = 0;
  return dialling_;
}

Peer::Answer Peer::Admit(const ConnectionPtr& connection, bool own_wins) {
  if (admitted_ != nullptr || trying_ != nullptr || (dialling_ != nullptr && own_wins))
    return Answer::kOther;
  if (current_ != nullptr) {
    trying_ = connection;
    return Answer::kTry;
  }
  loser_ = std::exchange(dialling_, nullptr);
  expects_ = false;
  admitted_ = connection;
  return Answer::kAdmitted;
}

void Peer::Announce(const ConnectionPtr& connection) {
  if (dialling_ == connection) dialling_ = nullptr;
  admitted_ = connection;
  is_announced_ = true;
}

void Peer::SetCurrent(ConnectionPtr connection) {
  admitted_ = nullptr;
  is_announced_ = false;
  current_ = std::move(connection);
}

Peer::Loss Peer::End(const ConnectionPtr& connection) {
  Loss loss;
  if (trying_ == connection) trying_ = nullptr;
  if (dialling_ == connection) {
    dialling_ = nullptr;
    // The other's attempt goes on; the time limit of this one is its as well, unless that has passed.
    expects_ = connection->has_lost() && attempt_ != 0;
    loss.gives_up = !expects_;
  }
  if (admitted_ == connection) {
    admitted_ = nullptr;
    is_announced_ = false;
    loss.gives_up = true;
  }
  if (current_ == connection) {
    current_ = nullptr;
    loss.was_current = true;
    loss.successor = admitted_ = std::exchange(trying_, nullptr);
  }
  return loss;
}

bool Peer::Wait(Envelope envelope, size_t limit) {
  const Pid sender = envelope.sender;
  waiting_bytes_ += Outbound::SizeOf(envelope);
  waiting_.push_back(std::move(envelope));
  const bool holds = waiting_bytes_ > limit && sender;
  if (holds) held_.insert(sender);
  return holds;
}

std::vector<Pid> Peer::SendWaiting(Connection& connection) {
  for (Envelope& envelope : std::exchange(waiting_, {})) {
    const Pid sender = envelope.sender;
    if (connection.Send(std::move(envelope))) held_.erase(sender);
  }
  waiting_bytes_ = 0;
  return TakeHeld();
}

std::vector<Pid> Peer::TakeHeld() {
  const absl::flat_hash_set<Pid> held = std::exchange(held_, {});
  return {held.begin(), held.end()};
}

}  // namespace hydra::node_internal
