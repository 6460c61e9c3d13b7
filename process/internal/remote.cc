#include "hydra/process/internal/remote.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <ranges>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "hydra/base/check.h"
#include "hydra/base/log.h"
#include "hydra/base/mutex.h"
#include "hydra/process/dest.h"
#include "hydra/process/down.h"
#include "hydra/process/exit_reason.h"
#include "hydra/process/internal/answer_signal.h"
#include "hydra/process/internal/envelopes.h"
#include "hydra/process/internal/homes.h"
#include "hydra/process/internal/refusal.h"
#include "hydra/process/internal/scheduler.h"
#include "hydra/process/internal/signal.h"
#include "hydra/process/internal/signals.h"
#include "hydra/process/internal/worker.h"
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

// Who begins, or ends, what a loss of the other node ends; none if it is something else. An acknowledgement, or the end of
// a monitor, is of no harm by a later connection: their numbers are never used again.
Pid BinderOf(const Envelope& envelope) {
  switch (envelope.kind) {
    case Kind::kLink:
    case Kind::kUnlink:
      return envelope.from;
    case Kind::kMonitor:
      return envelope.ref.creator();
    default:
      return Pid();
  }
}

bool Includes(NodeKind kind, bool hidden) {
  return kind == NodeKind::kAll || (kind == NodeKind::kHidden) == hidden;
}

// Which node a destination is on: a pid, or a name of another node.
const std::string& NodeOfDest(const Dest& to) {
  if (const Pid* pid = to.pid()) return NodeOf(pid->home()).name;
  return to.name()->node;
}

// Whether somebody may be called so from another node.
bool CanBeRemote(std::string_view name) { return !name.empty() && name.size() <= kMaxRemoteName; }

// So much of the text of a reason arrives that is too large to be sent. One of no more is never too large.
constexpr size_t kKeptOfReason = 1000;

// What is sent instead of a reason that is too large: of the same kind, so that whoever acts on it does what is right.
ExitReason BeginningOf(const ExitReason& reason) {
  const std::string text =
      std::string(reason.text().substr(0, kKeptOfReason)) +
      absl::StrCat(" ... (of ", reason.text().size(), " bytes, too many for another node)");
  switch (reason.kind()) {
    case ExitReason::Kind::kShutdown:
      return ExitReason::Shutdown(text);
    case ExitReason::Kind::kError:
      return ExitReason::Error(reason.type().substr(0, kKeptOfReason), text);
    default:
      return ExitReason::Custom(text);
  }
}

// In an order that isn't by hashes, so that a seed repeats a run.
template <typename Set>
auto InOrder(const Set& set) {
  std::vector<std::ranges::range_value_t<Set>> ordered(set.begin(), set.end());
  std::ranges::sort(ordered);
  return ordered;
}

// What holds those that have sent too much to the node.
Pid LinkWith(const std::string& node) { return Pid(1, 0, HomeOf({.name = node})); }

}  // namespace

void Remote::Join(NodeId self, std::shared_ptr<Transport> transport) {
  HYDRA_CHECK(!self.name.empty()) << "Join: a node has a name";
  HYDRA_CHECK(!is_node()) << "Join: this runtime is the node " << self_.name;
  NameHome(scheduler_.home(), self);
  self_ = std::move(self);
  transport_ = std::move(transport);
  is_node_.store(true, std::memory_order_release);
}

std::vector<std::string> Remote::Nodes(NodeKind kind) const {
  MutexLock lock(mutex_);
  std::vector<std::string> nodes;
  for (const auto& [name, peer] : peers_) {
    if (peer.up && Includes(kind, peer.hidden)) nodes.push_back(name);
  }
  return nodes;
}

bool Remote::IsConnected(std::string_view node, NodeKind kind) const {
  MutexLock lock(mutex_);
  const auto peer = peers_.find(absl::string_view(node.data(), node.size()));
  return peer != peers_.end() && peer->second.up && Includes(kind, peer->second.hidden);
}

// ---- Out.

void Remote::Send(const Dest& to, Signal* signal) {
  absl::StatusOr<Envelope> envelope = ToEnvelope(to, *signal);
  if (envelope.ok() && to.name() != nullptr && !CanBeRemote(to.name()->name)) {
    DestroySignal(signal);
    return AnswerForNobody(*envelope);
  }
  if (envelope.ok() && envelope->value.bytes.size() > transport_->max_message_bytes())
    envelope = InsteadOfTooLarge(*envelope);
  if (envelope.ok()) LimitReason(*envelope);
  if (!envelope.ok())
    return scheduler_.RefuseLocalOnly(to, signal, std::string(envelope.status().message()));
  DestroySignal(signal);
  Worker* worker = Worker::Current();
  const bool by_process =
      worker != nullptr && &worker->scheduler() == &scheduler_ && worker->current() != nullptr;
  if (by_process) envelope->sender = worker->CurrentPid();
  const std::string& node = NodeOfDest(to);
  if (!NoteSent(node, *envelope)) return;
  // It is running, so that it takes in its release after this.
  if (transport_->Send(node, *std::move(envelope)) && by_process) worker->HoldFor(LinkWith(node));
}

// Nobody over there has such a name.
void Remote::AnswerForNobody(const Envelope& envelope) {
  if (envelope.kind == Kind::kRequest)
    EncodedMessage{{}, envelope.ref}.Refuse(scheduler_, Pid(), Refusal());
  if (envelope.kind == Kind::kMonitor) {
    scheduler_.Send(envelope.ref.creator(), NewSignal<Down>(&kDown, envelope.ref, Pid(),
                                                            ProcessName(), ExitReason::NoProc()));
  }
}

// What becomes of a value that is larger than may be sent. Who waits for an answer is told.
absl::StatusOr<Envelope> Remote::InsteadOfTooLarge(const Envelope& large) {
  const std::string why = absl::StrCat("it has ", large.value.bytes.size(),
                                       " bytes, and NodeOptions::max_message_bytes is ",
                                       transport_->max_message_bytes());
  if (large.kind == Kind::kRequest) {
    const Refusal refusal{Refusal::Why::kLocalOnly, NotWireReady(large.value.type, why)};
    EncodedMessage{{}, large.ref}.Refuse(scheduler_, Pid(), refusal);
  }
  if (large.kind != Kind::kReply) return absl::InvalidArgumentError(why);
  HYDRA_LOG(ERROR) << "an answer to another node is dropped: " << why;
  return Envelope{
      .kind = Kind::kNoReply, .to = large.to, .ref = large.ref, .refusal = Refusal::Why::kDropped};
}

Remote::Peer& Remote::PeerOf(const std::string& node) {
  Peer& peer = peers_[node];
  if (peer.epoch == 0) peer.epoch = ++last_epoch_;
  return peer;
}

// A signal must arrive, whatever its reason.
void Remote::LimitReason(Envelope& envelope) const {
  const ExitReason& reason = envelope.reason;
  if (reason.type().size() + reason.text().size() <= kKeptOfReason) return;
  if (reason.Encode().size() > transport_->max_message_bytes())
    envelope.reason = BeginningOf(reason);
}

// Returns whether it is to be sent: not if it is about what ends with a loss that its process hasn't taken in yet.
bool Remote::NoteSent(const std::string& node, Envelope& envelope) {
  const bool is_down = envelope.kind == Kind::kDown;
  const Pid binder = BinderOf(envelope);
  if (!binder && !IsQuestion(envelope) && !is_down) return true;
  MutexLock lock(mutex_);
  if (is_down) {
    named_monitors_.erase(envelope.ref);
    return true;
  }
  if (binder && HasToTakeInLoss(binder, node)) return false;
  Peer& peer = PeerOf(node);
  envelope.epoch = peer.epoch;
  if (binder) peer.processes.insert(binder);
  if (IsQuestion(envelope)) peer.requests.insert(envelope.ref);
  return true;
}

bool Remote::HasToTakeInLoss(const Pid& process, const std::string& node) const {
  const auto losses = losses_.find(node);
  return losses != losses_.end() && losses->second.contains(process);
}

void Remote::GiveUp(const Ref& request) {
  MutexLock lock(mutex_);
  for (auto& [name, peer] : peers_) peer.requests.erase(request);
}

void Remote::Forget(const Pid& process) {
  MutexLock lock(mutex_);
  for (auto& [name, peer] : peers_) {
    peer.processes.erase(process);
    peer.monitors.erase(process);
  }
  for (auto& [node, processes] : losses_) processes.erase(process);
  absl::erase_if(losses_, [](const auto& loss) { return loss.second.empty(); });
  std::erase_if(subscribers_, [&](const Subscriber& one) { return one.process == process; });
}

void Remote::TookInLoss(const Pid& process, const std::string& node) {
  MutexLock lock(mutex_);
  const auto losses = losses_.find(node);
  if (losses == losses_.end()) return;
  const auto times = losses->second.find(process);
  if (times == losses->second.end() || --times->second > 0) return;
  losses->second.erase(times);
  if (losses->second.empty()) losses_.erase(losses);
}

void Remote::Subscribe(const Pid& process, NodeKind kind, bool on) {
  MutexLock lock(mutex_);
  const auto is_it = [&](const Subscriber& one) {
    return one.process == process && one.kind == kind;
  };
  const auto found = std::ranges::find_if(subscribers_, is_it);
  if (found == subscribers_.end()) {
    if (on) subscribers_.push_back({process, kind, 1});
  } else if (on) {
    ++found->times;
  } else {
    subscribers_.erase(found);
  }
}

void Remote::MonitorNode(const Pid& process, const std::string& node, bool on) {
  if (is_node() && node == name()) return;
  bool is_up = false;
  {
    MutexLock lock(mutex_);
    if (!on && !peers_.contains(node))
      return;  // there is nothing to take back, and nothing is kept
    Peer& peer = PeerOf(node);
    is_up = peer.up;
    int& times = peer.monitors[process];
    times += on ? 1 : -1;
    if (times <= 0) peer.monitors.erase(process);
  }
  if (!on || is_up) return;
  if (is_node()) {
    transport_->Connect(node);
  } else {
    NodeDown({.name = node}, NodeDownReason::kUnreachable);
  }
}

// ---- In.

void Remote::Deliver(const NodeId& node, std::span<Envelope> envelopes) {
  heard_at_.store(scheduler_.clock().ElapsedNanos(), std::memory_order_relaxed);
  const Worker::Arrival arrival(scheduler_);
  for (Envelope& envelope : envelopes) DeliverOne(node.name, std::move(envelope));
}

void Remote::DeliverOne(const std::string& node, Envelope envelope) {
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
Pid Remote::NoteReceived(const std::string& node, const Envelope& envelope) {
  const ProcessName* name = envelope.to.name();
  Pid receiver;
  if (envelope.to.pid() != nullptr) receiver = *envelope.to.pid();
  if (envelope.to.alias() != nullptr) receiver = envelope.to.alias()->creator();
  if (name != nullptr) receiver = scheduler_.names().WhereIs(name->name);
  const bool ends_named = name != nullptr && envelope.kind == Kind::kDemonitor;
  if (!IsAnswer(envelope) && !Binds(envelope) && !ends_named) return receiver;
  MutexLock lock(mutex_);
  Peer& peer = PeerOf(node);
  if (IsAnswer(envelope)) peer.requests.erase(envelope.ref);
  if (Binds(envelope)) peer.processes.insert(receiver);
  // The name may be another's by the time that the monitor ends.
  if (name != nullptr && envelope.kind == Kind::kMonitor && receiver)
    named_monitors_[envelope.ref] = receiver;
  if (!ends_named) return receiver;
  const auto monitored = named_monitors_.extract(envelope.ref);
  return monitored.empty() ? Pid() : monitored.mapped();
}

// Those that are told of a node; each as often as it wants to be.
std::vector<Pid> Remote::SubscribersOf(bool hidden) const {
  std::vector<Pid> told;
  for (const Subscriber& one : subscribers_) {
    if (Includes(one.kind, hidden)) told.insert(told.end(), one.times, one.process);
  }
  return told;
}

uint64_t Remote::NodeUp(const NodeId& node, bool hidden) {
  uint64_t epoch = 0;
  std::vector<Pid> subscribers;
  {
    MutexLock lock(mutex_);
    Peer& peer = PeerOf(node.name);
    epoch = peer.epoch;
    if (std::exchange(peer.up, true)) return epoch;
    peer.hidden = hidden;
    subscribers = SubscribersOf(hidden);
  }
  for (const Pid& pid : subscribers)
    scheduler_.Send(pid, NewSignal<hydra::NodeUp>(&kMessageType<hydra::NodeUp>, node.name));
  return epoch;
}

void Remote::NodeDown(const NodeId& node, NodeDownReason reason) {
  const auto lost = std::make_shared<const LostNode>(LostNode{node.name, HomesNamed(node.name)});
  Peer peer;
  std::vector<Pid> told;
  {
    MutexLock lock(mutex_);
    const auto found = peers_.find(node.name);
    if (found == peers_.end()) return;
    peer = std::move(found->second);
    peers_.erase(found);
    for (const Pid& pid : peer.processes) ++losses_[node.name][pid];
    if (peer.up) told = SubscribersOf(peer.hidden);
    absl::erase_if(named_monitors_,
                   [&lost](const auto& monitor) { return lost->Has(monitor.first.creator()); });
  }
  for (const auto& [process, times] : peer.monitors) told.insert(told.end(), times, process);
  for (const Pid& pid : InOrder(peer.processes))
    scheduler_.Send(pid, NewSignal<NodeDownSignal>(&kNodeDown, lost));
  for (const Ref& request : InOrder(peer.requests)) {
    const Refusal refusal{Refusal::Why::kNoConnection, ExitReason::NoConnection()};
    scheduler_.Send(request.creator(), NewAnswerSignal<NoAnswer>(request.id(), refusal));
  }
  for (const Pid& pid : told)
    scheduler_.Send(pid,
                    NewSignal<hydra::NodeDown>(&kMessageType<hydra::NodeDown>, node.name, reason));
}

void Remote::Release(const std::string& node, std::span<const Pid> held) {
  const Pid link = LinkWith(node);
  for (const Pid& pid : InOrder(held))
    scheduler_.Send(pid, NewSignal<ReleaseSignal>(&kRelease, link));
}

}  // namespace hydra::process_internal
