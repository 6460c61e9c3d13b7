#include "hydra/process/internal/remote.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "hydra/base/check.h"
#include "hydra/base/mutex.h"
#include "hydra/process/dest.h"
#include "hydra/process/exit_reason.h"
#include "hydra/process/internal/answer_signal.h"
#include "hydra/process/internal/envelopes.h"
#include "hydra/process/internal/homes.h"
#include "hydra/process/internal/refusal.h"
#include "hydra/process/internal/scheduler.h"
#include "hydra/process/internal/signal.h"
#include "hydra/process/internal/signals.h"
#include "hydra/process/node_event.h"
#include "hydra/process/node_id.h"
#include "hydra/process/pid.h"
#include "hydra/process/transport.h"

namespace hydra::process_internal {
namespace {

using Kind = Envelope::Kind;

bool IsQuestion(const Envelope& envelope) {
  return envelope.kind == Kind::kRequest || envelope.kind == Kind::kIsAlive ||
         envelope.kind == Kind::kInfo;
}

bool IsAnswer(const Envelope& envelope) {
  return envelope.kind == Kind::kReply || envelope.kind == Kind::kNoReply;
}

// Whether its receiver has a link or a monitor with the other node then.
bool Binds(const Envelope& envelope) {
  return envelope.kind == Kind::kLink || envelope.kind == Kind::kMonitor;
}

// Which node a destination is on: a pid, or a name of another node.
NodeId NodeOfDest(const Dest& to) {
  if (const Pid* pid = to.pid()) return NodeOf(pid->home());
  return {.name = to.name()->node};
}

}  // namespace

void Remote::Join(NodeId self, std::shared_ptr<Transport> transport) {
  HYDRA_CHECK(!self.name.empty()) << "Join: a node has a name";
  HYDRA_CHECK(!is_node()) << "Join: this runtime is the node " << self_.name;
  NameHome(scheduler_.home(), self);
  self_ = std::move(self);
  transport_ = std::move(transport);
  is_node_.store(true, std::memory_order_release);
}

std::vector<std::string> Remote::Nodes() const {
  MutexLock lock(mutex_);
  std::vector<std::string> nodes;
  for (const auto& [name, peer] : peers_) {
    if (peer.up) nodes.push_back(name);
  }
  return nodes;
}

// ---- Out.

void Remote::Send(const Dest& to, Signal* signal) {
  absl::StatusOr<Envelope> envelope = ToEnvelope(to, *signal);
  if (!envelope.ok())
    return scheduler_.RefuseLocalOnly(to, signal, std::string(envelope.status().message()));
  DestroySignal(signal);
  const NodeId node = NodeOfDest(to);
  NoteSent(node, *envelope);
  transport_->Send(node, *std::move(envelope));
}

void Remote::NoteSent(const NodeId& node, const Envelope& envelope) {
  MutexLock lock(mutex_);
  if (envelope.kind == Kind::kLink) peers_[node.name].processes.insert(envelope.from);
  if (envelope.kind == Kind::kMonitor) peers_[node.name].processes.insert(envelope.ref.creator());
  if (envelope.kind == Kind::kDown) named_monitors_.erase(envelope.ref);
  if (IsQuestion(envelope)) peers_[node.name].requests.insert(envelope.ref);
}

void Remote::GiveUp(const Ref& request) {
  MutexLock lock(mutex_);
  for (auto& [name, peer] : peers_) peer.requests.erase(request);
}

void Remote::Forget(const Pid& process) {
  MutexLock lock(mutex_);
  for (auto& [name, peer] : peers_) peer.processes.erase(process);
  subscribers_.erase(process);
}

void Remote::Subscribe(const Pid& process, bool on) {
  MutexLock lock(mutex_);
  if (on) {
    subscribers_.insert(process);
  } else {
    subscribers_.erase(process);
  }
}

// ---- In.

void Remote::Deliver(const NodeId& node, Envelope envelope) {
  const Pid receiver = NoteReceived(node, envelope);
  const Ref* alias = envelope.to.alias();
  const uint64_t id = alias == nullptr ? 0 : alias->id();
  const bool binds = Binds(envelope);
  Signal* signal = FromEnvelope(std::move(envelope));
  if (signal == nullptr) return;
  if (id != 0) signal = NewSignal<AliasedMessage>(&kAliasedMessage, id, signal);
  scheduler_.Send(receiver, signal);
  // One that was dead already has no end any more that would take it off the list.
  if (binds && !scheduler_.IsAlive(receiver)) Forget(receiver);
}

// Returns the process that the envelope is for; none if nobody has the name.
Pid Remote::NoteReceived(const NodeId& node, const Envelope& envelope) {
  const ProcessName* name = envelope.to.name();
  Pid receiver;
  if (envelope.to.pid() != nullptr) receiver = *envelope.to.pid();
  if (envelope.to.alias() != nullptr) receiver = envelope.to.alias()->creator();
  if (name != nullptr) receiver = scheduler_.names().WhereIs(name->name);
  MutexLock lock(mutex_);
  Peer& peer = peers_[node.name];
  if (IsAnswer(envelope)) peer.requests.erase(envelope.ref);
  if (Binds(envelope)) peer.processes.insert(receiver);
  if (name == nullptr) return receiver;
  // The name may be another's by the time that the monitor ends.
  if (envelope.kind == Kind::kMonitor && receiver) named_monitors_[envelope.ref] = receiver;
  if (envelope.kind == Kind::kDemonitor) {
    const auto monitored = named_monitors_.extract(envelope.ref);
    return monitored.empty() ? Pid() : monitored.mapped();
  }
  return receiver;
}

void Remote::NodeUp(const NodeId& node) {
  std::vector<Pid> subscribers;
  {
    MutexLock lock(mutex_);
    if (std::exchange(peers_[node.name].up, true)) return;
    subscribers.assign(subscribers_.begin(), subscribers_.end());
  }
  for (const Pid& pid : subscribers)
    scheduler_.Send(pid, NewSignal<hydra::NodeUp>(&kMessageType<hydra::NodeUp>, node.name));
}

void Remote::NodeDown(const NodeId& node) {
  const auto lost = std::make_shared<const LostNode>(LostNode{node.name, HomesNamed(node.name)});
  Peer peer;
  std::vector<Pid> subscribers;
  {
    MutexLock lock(mutex_);
    peer = std::exchange(peers_[node.name], Peer());
    if (peer.up) subscribers.assign(subscribers_.begin(), subscribers_.end());
    absl::erase_if(named_monitors_,
                   [&lost](const auto& monitor) { return lost->Has(monitor.first.creator()); });
  }
  for (const Pid& pid : peer.processes)
    scheduler_.Send(pid, NewSignal<NodeDownSignal>(&kNodeDown, lost));
  for (const Ref& request : peer.requests) {
    const Refusal refusal{Refusal::Why::kNoConnection, ExitReason::NoConnection()};
    scheduler_.Send(request.creator(), NewAnswerSignal<NoAnswer>(request.id(), refusal));
  }
  for (const Pid& pid : subscribers)
    scheduler_.Send(pid, NewSignal<hydra::NodeDown>(&kMessageType<hydra::NodeDown>, node.name));
}

}  // namespace hydra::process_internal
