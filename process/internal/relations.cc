// What binds a process to others: how it sets up links, monitors and aliases, what it does on the
// signals about them, and how it tells of its end.
#include "hydra/process/internal/relations.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "hydra/process/dest.h"
#include "hydra/process/down.h"
#include "hydra/process/exit_reason.h"
#include "hydra/process/exit_signal.h"
#include "hydra/process/internal/answer_signal.h"
#include "hydra/process/internal/block_pool.h"
#include "hydra/process/internal/control_block.h"
#include "hydra/process/internal/scheduler.h"
#include "hydra/process/internal/signal.h"
#include "hydra/process/internal/signals.h"
#include "hydra/process/internal/worker.h"
#include "hydra/process/pid.h"
#include "hydra/process/process_info.h"

namespace hydra::process_internal {
namespace {

// What an exit signal does; docs/semantics.md §2.1.
enum class ExitEffect { kNone, kMessage, kEnd };

ExitEffect EffectOf(const ExitSignal& exit, bool by_link, bool by_itself, bool trapping) {
  if (!by_link && exit.reason.kind() == ExitReason::Kind::kKill) return ExitEffect::kEnd;
  if (trapping) return ExitEffect::kMessage;
  const bool harmless = exit.reason.kind() == ExitReason::Kind::kNormal && (by_link || !by_itself);
  return harmless ? ExitEffect::kNone : ExitEffect::kEnd;
}

// Longer lines than that aren't remembered.
constexpr size_t kLongestLineage = 16;

Lineage Prepend(const Pid& pid, const Lineage& rest) {
  std::vector<Pid> pids = {pid};
  if (rest != nullptr)
    pids.insert(pids.end(), rest->begin(),
                rest->begin() + std::min(rest->size(), kLongestLineage - 1));
  return std::make_shared<const std::vector<Pid>>(std::move(pids));
}

std::vector<Pid> PidsOf(const Lineage& lineage) {
  return lineage == nullptr ? std::vector<Pid>() : *lineage;
}

template <typename T>
T& ValueOf(Signal* signal) {
  return static_cast<ValueSignal<T>*>(signal)->value;
}

}  // namespace

// ---- What the process asks for.

Relations& Worker::RelationsOf(ControlBlock& process) {
  if (process.relations == nullptr)
    process.relations = ::new (AllocateBlock(sizeof(Relations))) Relations();
  return *process.relations;
}

void Worker::Link(const Pid& partner) {
  ControlBlock& process = CurrentProcess();
  const Pid& self = CurrentPid();
  if (partner == self || ending_ != nullptr) return;
  NoteHome(RelationsOf(process), partner);
  if (process.relations->links.Link(partner)) Send(partner, NewSignal<LinkSignal>(&kLink, self));
}

void Worker::Unlink(const Pid& partner) {
  ControlBlock& process = CurrentProcess();
  if (process.relations == nullptr) return;
  const uint64_t id = process.mailbox.Mark();
  if (process.relations->links.Unlink(partner, id))
    Send(partner, NewSignal<UnlinkSignal>(&kUnlink, CurrentPid(), id));
}

// Of what binds a process to one of another node, that node is told.
inline void Worker::NoteHome(Relations& relations, const Pid& partner) {
  if (partner.home() != home_) [[unlikely]]
    relations.MakeRare().crosses_nodes = true;
}

// Notes how a child that nobody knows yet hangs together with its parent.
void Worker::Bind(ControlBlock& child, const Spawning& spawning) {
  Relations& relations = RelationsOf(child);
  if (!spawning.label.empty()) relations.MakeRare().label = spawning.label;
  if (current_ == nullptr) return;
  ControlBlock& parent = *current_;
  Relations& of_parent = RelationsOf(parent);
  const Pid self = PidOf(parent);
  const Pid pid = PidOf(child);
  RareRelations& rare_of_parent = of_parent.MakeRare();
  if (rare_of_parent.descent == nullptr)
    rare_of_parent.descent = Prepend(self, of_parent.ancestors);
  relations.ancestors = rare_of_parent.descent;
  if (spawning.for_caller) relations.MakeRare().callers = Prepend(self, rare_of_parent.callers);
  if (spawning.link) {
    of_parent.links.LinkNew(pid);
    relations.links.LinkNew(self);
  }
  if (spawning.monitor != nullptr) {
    *spawning.monitor = Ref(self, parent.mailbox.Mark());
    of_parent.refs.Add(spawning.monitor->id(), OwnRef{.is_monitor = true, .monitored = pid});
    relations.observers.Add(*spawning.monitor, Observes::kEnd);
  }
}

// Takes a process that nobody knows back.
void Worker::Discard(ControlBlock& process) {
  Entry* entry = std::exchange(process.entry, nullptr);
  entry->destroy(entry);
  process.inbox.Close(process.cursor);
  if (IsLimited(process)) CloseLimitedInbox(process);
  Count(ended_count_);
  Reap(process);
}

void Worker::SetLabel(std::string_view label) {
  RelationsOf(CurrentProcess()).MakeRare().label = label;
}

std::string Worker::LabelOf(const ControlBlock& process) {
  const Relations* relations = process.relations;
  return relations == nullptr || relations->rare == nullptr ? "" : relations->rare->label;
}

std::string Worker::Label() { return LabelOf(CurrentProcess()); }

Priority Worker::SetPriority(Priority priority) {
  return std::exchange(CurrentProcess().priority, priority);
}

std::vector<Pid> Worker::Ancestors() {
  const Relations* relations = CurrentProcess().relations;
  return relations == nullptr ? std::vector<Pid>() : PidsOf(relations->ancestors);
}

std::vector<Pid> Worker::Callers() {
  const Relations* relations = CurrentProcess().relations;
  return relations == nullptr || relations->rare == nullptr ? std::vector<Pid>()
                                                            : PidsOf(relations->rare->callers);
}

void Worker::SetCallers(std::vector<Pid> callers) {
  RelationsOf(CurrentProcess()).MakeRare().callers =
      std::make_shared<const std::vector<Pid>>(std::move(callers));
}

Ref Worker::Monitor(const Pid& target, Alias alias, std::unique_ptr<MonitorNote> note) {
  ControlBlock& process = CurrentProcess();
  const Pid& self = CurrentPid();
  const Ref ref(self, process.mailbox.Mark());
  if (ending_ != nullptr) return ref;
  const bool is_monitor = target != self;  // one's own end can't be heard of
  if (!is_monitor && alias == Alias::kNone) return ref;
  Relations& relations = RelationsOf(process);
  NoteHome(relations, target);
  OwnRef& own = relations.refs.Add(
      ref.id(),
      OwnRef{
          .is_monitor = is_monitor, .alias = alias, .monitored = target, .note = std::move(note)});
  if (is_monitor) SendToMonitored(own, NewSignal<MonitorSignal>(&kMonitor, ref));
  return ref;
}

// A name on another node is looked up there.
void Worker::SendToMonitored(const OwnRef& own, Signal* signal) {
  if (!own.IsOfName() || !scheduler_.IsElsewhere(*own.note->name)) [[likely]]
    return Send(own.monitored, signal);
  scheduler_.SendElsewhere(*own.note->name, signal);
}

bool Worker::Demonitor(const Ref& ref) {
  ControlBlock& process = CurrentProcess();
  OwnRef* own = FindOwn(process, ref);
  if (own == nullptr) return false;
  const bool was_active = own->is_monitor;
  if (was_active) SendToMonitored(*own, NewSignal<DemonitorSignal>(&kDemonitor, ref));
  // Of a monitor of oneself there is only the alias.
  if (was_active || own->EndsWithMonitor()) EndMonitor(process, *own);
  return was_active;
}

void Worker::FlushDown(const Ref& ref) {
  Flush(ref, [](Signal& message, const Ref& of) {
    return message.type == &kMessageType<Down> && ValueOf<Down>(&message).ref == of;
  });
}

void Worker::FlushAnswer(const Ref& ref) {
  Flush(ref, [](Signal& message, const Ref& of) {
    return message.type->kept_as == message.type &&
           static_cast<AnswerSignal&>(message).request == of.id();
  });
}

// Removes the message for which `is_of(message, ref)` is true from the current process's mailbox.
void Worker::Flush(const Ref& ref, bool (*is_of)(Signal& message, const Ref& ref)) {
  struct FlushWait : Wait {
    Ref ref;
    bool (*is_of)(Signal&, const Ref&);
  };
  FlushWait wait;
  wait.ref = ref;
  wait.is_of = is_of;
  wait.mark = MarkOf(ref);
  wait.match = [](Wait& self, Signal& message) {
    auto& flush = static_cast<FlushWait&>(self);
    return flush.is_of(message, flush.ref) ? Match::kYes : Match::kNo;
  };
  ControlBlock& process = CurrentProcess();
  if (process.mailbox.Find(wait, process.cursor) == Match::kYes) wait.DestroyFound();
}

bool Worker::Unalias(const Ref& ref) {
  ControlBlock& process = CurrentProcess();
  OwnRef* own = FindOwn(process, ref);
  if (own == nullptr || own->alias == Alias::kNone) return false;
  own->alias = Alias::kNone;
  if (!own->is_monitor) process.relations->refs.Remove(own);
  return true;
}

Ref Worker::MakeAlias(Alias mode) {
  ControlBlock& process = CurrentProcess();
  const Ref ref(PidOf(process), process.mailbox.Mark());
  if (process.state != ProcessState::kExiting)
    RelationsOf(process).refs.Add(ref.id(), OwnRef{.alias = mode});
  return ref;
}

bool Worker::TrapExit(bool trap) { return std::exchange(CurrentProcess().trap_exit, trap); }

void Worker::EndSelf(ExitReason reason) {
  if (CurrentProcess().state == ProcessState::kExiting || exit_.has_value()) return;
  exit_ = std::move(reason);
  exit_origin_ = ExitOrigin::kExitSelf;
}

std::optional<ExitReason> Worker::CatchExit() {
  if (exit_origin_ == ExitOrigin::kSignal) return std::nullopt;
  exit_origin_ = ExitOrigin::kSignal;
  return std::exchange(exit_, std::nullopt);
}

void Worker::EndReported(ExitReason reason) {
  if (exit_.has_value()) return;
  EndSelf(std::move(reason));
  exit_origin_ = ExitOrigin::kReported;
}

void Worker::GiveBackMemory() {
  ControlBlock& process = CurrentProcess();
  process.mailbox.GiveBackMemory();
  if (process.wait_timer != nullptr) ReleaseWaitTimer(process);
  if (process.relations != nullptr) process.relations->GiveBackMemory();
}

OwnRef* Worker::FindOwn(ControlBlock& process, const Ref& ref) {
  if (process.relations == nullptr || ref.creator() != CurrentPid()) return nullptr;
  return process.relations->refs.Find(ref.id());
}

// The monitor is over; an alias may outlive it.
void Worker::EndMonitor(ControlBlock& process, OwnRef& own) {
  own.is_monitor = false;
  if (own.alias != Alias::kUntilUnalias) process.relations->refs.Remove(&own);
}

void Worker::ExpectAnswer(const Ref& ref) {
  ControlBlock& process = CurrentProcess();
  if (process.state != ProcessState::kExiting)
    RelationsOf(process).refs.Add(ref.id(), OwnRef{.is_request = true});
}

bool Worker::ForgetAnswer(const Ref& ref) {
  ControlBlock& process = CurrentProcess();
  OwnRef* own = FindOwn(process, ref);
  if (own != nullptr) process.relations->refs.Remove(own);
  return own != nullptr;
}

Pid Worker::HoldRequest(const Ref& asker) {
  ControlBlock& process = CurrentProcess();
  RelationsOf(process).observers.Add(asker, Observes::kAnswer);
  return PidOf(process);
}

void Worker::SendAtEnd(const Pid& to, Signal* signal) {
  RelationsOf(CurrentProcess()).MakeRare().last_signals.emplace_back(to, signal);
}

void Worker::ReleaseRequest(const Pid& holder, const Ref& asker) {
  if (current_ != nullptr && holder == PidOf(*current_)) {
    if (current_->relations != nullptr) current_->relations->observers.Remove(asker);
  } else {
    Send(holder, NewSignal<AnsweredSignal>(&kAnswered, asker));
  }
}

// ---- What it does on signals.

// Returns the message that the signal has become, the signal itself or another; null if none.
Signal* Worker::Act(ControlBlock& process, Signal* signal) {
  switch (signal->type->kind) {
    case SignalKind::kMessage:
      return signal;
    case SignalKind::kEncoded:
      return DecodeMessage(process, *signal);
    case SignalKind::kAliasedMessage: {
      Signal* message = TakeAliased(process, ValueOf<AliasedMessage>(signal));
      if (message == nullptr || message->type->kind != SignalKind::kEncoded) return message;
      Signal* decoded = DecodeMessage(process, *message);
      DestroySignal(message);
      return decoded;
    }
    case SignalKind::kNodeDown:
      ActOnNodeDown(process, *ValueOf<NodeDownSignal>(signal).node);
      return nullptr;
    case SignalKind::kExit:
      return ActOnExit(process, signal, /*by_link=*/false);
    case SignalKind::kLinkExit: {
      const bool linked = process.relations != nullptr &&
                          process.relations->links.OnPartnerEnd(ValueOf<ExitSignal>(signal).from);
      return linked ? ActOnExit(process, signal, /*by_link=*/true) : nullptr;
    }
    case SignalKind::kLink:
      RelationsOf(process).links.OnLink(ValueOf<LinkSignal>(signal).from);
      NoteHome(*process.relations, ValueOf<LinkSignal>(signal).from);
      return nullptr;
    case SignalKind::kUnlink: {
      const UnlinkSignal& unlink = ValueOf<UnlinkSignal>(signal);
      if (process.relations != nullptr) process.relations->links.OnUnlink(unlink.from);
      Send(unlink.from, NewSignal<UnlinkAck>(&kUnlinkAck, CurrentPid(), unlink.id));
      return nullptr;
    }
    case SignalKind::kUnlinkAck: {
      const UnlinkAck& ack = ValueOf<UnlinkAck>(signal);
      if (process.relations != nullptr) process.relations->links.OnUnlinkAck(ack.from, ack.id);
      return nullptr;
    }
    case SignalKind::kMonitor:
      RelationsOf(process).observers.Add(ValueOf<MonitorSignal>(signal).ref, Observes::kEnd);
      NoteHome(*process.relations, ValueOf<MonitorSignal>(signal).ref.creator());
      return nullptr;
    case SignalKind::kDemonitor:
      if (process.relations != nullptr)
        process.relations->observers.Remove(ValueOf<DemonitorSignal>(signal).ref);
      return nullptr;
    case SignalKind::kDown:
      return ActOnDown(process, signal);
    case SignalKind::kAnswer:
      return nullptr;  // of no request that is waited for: see TakeAnswer
    case SignalKind::kAnswered:
      if (process.relations != nullptr)
        process.relations->observers.Remove(ValueOf<AnsweredSignal>(signal).asker);
      return nullptr;
    case SignalKind::kDropped:
      ActOnDropped(process, ValueOf<DroppedSignal>(signal).asker);
      return nullptr;
    case SignalKind::kQuery:
      ActOnQuery(process, ValueOf<Query>(signal));
      return nullptr;
    case SignalKind::kMail:
      TakeMail(process);
      return nullptr;
    case SignalKind::kOverflow:
      ActOnOverflow(process, ValueOf<OverflowSignal>(signal).limit);
      return nullptr;
    case SignalKind::kRelease:
      ActOnRelease(process, ValueOf<ReleaseSignal>(signal).from);
      return nullptr;
    case SignalKind::kWake:
      // Unless it has been armed anew since, or released.
      if (WaitTimer* timer = process.wait_timer;
          timer != nullptr && timer->armed_for == ValueOf<WaitExpired>(signal).due)
        timer->armed_for = kForever;
      return nullptr;
  }
  return nullptr;
}

Signal* Worker::ActOnExit(ControlBlock& process, Signal* signal, bool by_link) {
  if (process.state == ProcessState::kExiting) return nullptr;
  const ExitSignal& exit = ValueOf<ExitSignal>(signal);
  switch (EffectOf(exit, by_link, exit.from == PidOf(process), process.trap_exit)) {
    case ExitEffect::kNone:
      return nullptr;
    case ExitEffect::kMessage:
      signal->type = &kMessageType<ExitSignal>;
      return signal;
    case ExitEffect::kEnd:
      exit_ = !by_link && exit.reason.kind() == ExitReason::Kind::kKill ? ExitReason::Killed()
                                                                        : exit.reason;
      return nullptr;
  }
  return nullptr;
}

Signal* Worker::ActOnDown(ControlBlock& process, Signal* signal) {
  Down& down = ValueOf<Down>(signal);
  OwnRef* own = FindOwn(process, down.ref);
  if (own == nullptr || !own->is_monitor || process.state == ProcessState::kExiting) return nullptr;
  if (own->IsOfName()) down.name = *own->note->name;
  if (own->note != nullptr) down.tag = own->note->tag;
  EndMonitor(process, *own);
  signal->type = &kMessageType<Down>;
  return signal;
}

// The exception that a request was dropped in hasn't ended the process.
void Worker::ActOnDropped(ControlBlock& process, const Ref& asker) {
  if (process.state == ProcessState::kExiting) return;
  process.relations->observers.Remove(asker);
  Send(asker.creator(), NewAnswerSignal<NoAnswer>(asker.id(), Refusal{Refusal::Why::kDropped}));
}

// Answers that the process is alive, or tells about it.
void Worker::ActOnQuery(ControlBlock& process, Query& query) {
  if (process.state == ProcessState::kExiting)
    return query.Refuse(scheduler_, PidOf(process), Refusal());
  AnswerSignal* answer = query.what == Query::What::kIsAlive
                             ? NewAnswer<bool>(query.asker.id(), true)
                             : NewAnswer<ProcessInfo>(query.asker.id(), InfoOf(process));
  Send(query.asker.creator(), answer);
}

ProcessInfo Worker::InfoOf(ControlBlock& process) {
  ProcessInfo info;
  info.pid = PidOf(process);
  info.name = scheduler_.names().NameOf(info.pid);
  info.label = LabelOf(process);
  info.priority = process.priority;
  info.traps_exits = process.trap_exit;
  info.message_queue_length = process.mailbox.size();
  if (IsLimited(process)) {
    info.mailbox_limit = LimitedInboxOf(process).limit();
    info.dropped_messages = LimitedInboxOf(process).dropped();
  }
  if (process.relations == nullptr) return info;
  const Relations& relations = *process.relations;
  info.ancestors = PidsOf(relations.ancestors);
  relations.links.ForEach([&info](const Pid& partner) { info.links.push_back(partner); });
  for (const auto& [id, own] : relations.refs) {
    if (own.is_monitor) info.monitors.push_back(own.monitored);
  }
  for (const auto& [ref, observes] : relations.observers) {
    if (observes == Observes::kEnd) info.monitored_by.push_back(ref.creator());
  }
  return info;
}

// The answer to a request that the process hasn't forgotten becomes a message; any other is dropped.
void Worker::KeepAnswer(ControlBlock& process, Signal* signal) {
  const uint64_t request = static_cast<AnswerSignal*>(signal)->request;
  OwnRef* own = process.relations == nullptr ? nullptr : process.relations->refs.Find(request);
  if (own == nullptr || !own->is_request) return Consume(process, signal);
  process.relations->refs.Remove(own);
  signal->type = signal->type->kept_as;
  process.mailbox.Append(signal);
}

Signal* Worker::TakeAliased(ControlBlock& process, AliasedMessage& sent) {
  OwnRef* own = process.relations == nullptr || process.state == ProcessState::kExiting
                    ? nullptr
                    : process.relations->refs.Find(sent.id);
  if (own == nullptr || own->alias == Alias::kNone) {
    sent.Refuse(scheduler_, PidOf(process), Refusal());
    return nullptr;
  }
  if (own->alias == Alias::kUntilReply) {
    if (own->is_monitor) {
      const Ref ref(PidOf(process), sent.id);
      SendToMonitored(*own, NewSignal<DemonitorSignal>(&kDemonitor, ref));
    }
    process.relations->refs.Remove(own);
  } else if (own->alias == Alias::kOneMessage) {
    process.relations->refs.Remove(own);
  }
  return std::exchange(sent.message, nullptr);
}

// ---- How others hear of its end.

void Worker::TellOfEnd(const Relations& relations, const Pid& self, const ExitReason& reason) {
  relations.links.ForEach(
      [&](const Pid& partner) { Send(partner, NewSignal<ExitSignal>(&kLinkExit, self, reason)); });
  for (const auto& [ref, observes] : relations.observers) {
    if (observes == Observes::kEnd) {
      Send(ref.creator(), NewSignal<Down>(&kDown, ref, self, ProcessName(), reason));
    } else {
      Send(ref.creator(),
           NewAnswerSignal<NoAnswer>(ref.id(), Refusal{Refusal::Why::kEnded, reason}));
    }
  }
  if (relations.rare != nullptr) {
    for (const auto& [to, signal] : relations.rare->last_signals) Send(to, signal);
  }
  for (const auto& [id, own] : relations.refs) {
    if (own.is_monitor)
      SendToMonitored(own, NewSignal<DemonitorSignal>(&kDemonitor, Ref(self, id)));
  }
}

void Worker::FreeRelations(ControlBlock& process) {
  Relations* relations = std::exchange(process.relations, nullptr);
  std::destroy_at(relations);
  FreeBlock(relations, sizeof(Relations));
}

// ---- How the dead answer.

void LinkSignal::Refuse(Scheduler& scheduler, const Pid& to, const Refusal& refusal) {
  scheduler.Send(from, NewSignal<ExitSignal>(&kLinkExit, to, refusal.reason));
}

void UnlinkSignal::Refuse(Scheduler& scheduler, const Pid& to, const Refusal&) {
  scheduler.Send(from, NewSignal<UnlinkAck>(&kUnlinkAck, to, id));
}

void MonitorSignal::Refuse(Scheduler& scheduler, const Pid& to, const Refusal& refusal) {
  scheduler.Send(ref.creator(), NewSignal<Down>(&kDown, ref, to, ProcessName(), refusal.reason));
}

void Query::Refuse(Scheduler& scheduler, const Pid&, const Refusal& refusal) {
  scheduler.Send(asker.creator(), NewAnswerSignal<NoAnswer>(asker.id(), refusal));
}

}  // namespace hydra::process_internal
