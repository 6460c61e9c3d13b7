#include "hydra/process/testing/fake_network.h"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "hydra/base/mutex.h"
#include "hydra/process/node_event.h"
#include "hydra/process/node_id.h"
#include "hydra/process/runtime.h"
#include "hydra/process/transport.h"

namespace hydra {

// One node's end of the network.
class FakeNetwork::Link final : public Transport {
 public:
  Link(FakeNetwork& network, std::string name) : network_(network), name_(std::move(name)) {}

  bool Send(const std::string& node, Envelope envelope) override {
    return network_.Send(name_, node, std::move(envelope));
  }
  void Connect(const std::string& node) override { network_.Send(name_, node, std::nullopt); }
  size_t max_message_bytes() const override { return kMaxMessageBytes; }

 private:
  FakeNetwork& network_;
  const std::string name_;
};

void FakeNetwork::Add(Runtime& runtime, const NodeId& id) {
  const Port port = runtime.Join(id, std::make_shared<Link>(*this, id.name));
  MutexLock lock(mutex_);
  nodes_.insert_or_assign(id.name, Node{id, port});
}

bool FakeNetwork::Send(const std::string& from, const std::string& to,
                       std::optional<Envelope> envelope) {
  MutexLock lock(mutex_);
  const bool holds = busy_.contains(PairOf(from, to)) && envelope.has_value() && envelope->sender;
  if (holds) held_.push_back({from, to, envelope->sender});
  in_flight_.push_back({from, to, std::move(envelope)});
  return holds;
}

// Those that are held may go on.
void FakeNetwork::Release(const std::string& a, const std::string& b) {
  std::vector<std::pair<Port, Held>> released;
  {
    MutexLock lock(mutex_);
    for (const Held& held : held_) {
      if (PairOf(held.from, held.to) != PairOf(a, b)) continue;
      if (const auto node = Find(held.from)) released.emplace_back(node->port, held);
    }
    std::erase_if(held_,
                  [&](const Held& held) { return PairOf(held.from, held.to) == PairOf(a, b); });
  }
  for (const auto& [port, held] : released) port.Release(held.to, {&held.sender, 1});
}

void FakeNetwork::SetBusy(const std::string& a, const std::string& b, bool busy) {
  {
    MutexLock lock(mutex_);
    if (busy) {
      busy_.insert(PairOf(a, b));
      return;
    }
    busy_.erase(PairOf(a, b));
  }
  Release(a, b);
}

size_t FakeNetwork::Deliver() {
  size_t count = 0;
  {
    MutexLock lock(mutex_);
    count = in_flight_.size();
  }
  for (size_t i = 0; i < count; ++i) {
    if (!DeliverOne()) return i;
  }
  return count;
}

bool FakeNetwork::DeliverOne() {
  InFlight next;
  std::optional<Node> from;
  std::optional<Node> to;
  std::function<bool(Envelope&)> filter;
  {
    MutexLock lock(mutex_);
    if (in_flight_.empty()) return false;
    next = std::move(in_flight_.front());
    in_flight_.pop_front();
    from = Find(next.from);
    if (!apart_.contains(PairOf(next.from, next.to))) to = Find(next.to);
    filter = filter_;
  }
  if (!to.has_value()) {
    from->port.NodeDown({.name = next.to}, NodeDownReason::kUnreachable);
    return true;
  }
  Connect(next.from, next.to);
  if (next.envelope.has_value() && IsOfConnection(next) &&
      (filter == nullptr || filter(*next.envelope)))
    to->port.Deliver(from->id, {&*next.envelope, 1});
  return true;
}

// Whether what it begins hasn't ended by now.
bool FakeNetwork::IsOfConnection(const InFlight& sent) {
  MutexLock lock(mutex_);
  const uint64_t epoch = sent.envelope->epoch;
  return epoch == 0 || epoch == epochs_[{sent.from, sent.to}];
}

std::optional<FakeNetwork::Node> FakeNetwork::Find(const std::string& name) const {
  const auto node = nodes_.find(name);
  if (node == nodes_.end()) return std::nullopt;
  return node->second;
}

void FakeNetwork::Connect(const std::string& a, const std::string& b) {
  std::optional<Node> one;
  std::optional<Node> two;
  {
    MutexLock lock(mutex_);
    if (!connected_.insert(PairOf(a, b)).second) return;
    one = Find(a);
    two = Find(b);
  }
  const uint64_t from_a = one->port.NodeUp(two->id);
  const uint64_t from_b = two->port.NodeUp(one->id);
  MutexLock lock(mutex_);
  epochs_[{a, b}] = from_a;
  epochs_[{b, a}] = from_b;
}

void FakeNetwork::Cut(const std::string& a, const std::string& b) {
  std::optional<Node> one;
  std::optional<Node> two;
  {
    MutexLock lock(mutex_);
    if (connected_.erase(PairOf(a, b)) == 0) return;
    std::erase_if(in_flight_,
                  [&](const InFlight& sent) { return PairOf(sent.from, sent.to) == PairOf(a, b); });
    one = Find(a);
    two = Find(b);
  }
  Release(a, b);
  one->port.NodeDown(two->id, NodeDownReason::kConnectionClosed);
  two->port.NodeDown(one->id, NodeDownReason::kConnectionClosed);
}

void FakeNetwork::KeepApart(const std::string& a, const std::string& b, bool apart) {
  MutexLock lock(mutex_);
  if (apart) {
    apart_.insert(PairOf(a, b));
  } else {
    apart_.erase(PairOf(a, b));
  }
}

void FakeNetwork::SetFilter(std::function<bool(Envelope&)> filter) {
  MutexLock lock(mutex_);
  filter_ = std::move(filter);
}

}  // namespace hydra
