// What a worker does for processes with a mailbox limit, and for those that send to them. See
// limited_inbox.h.
#include <algorithm>
#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "hydra/base/log.h"
#include "hydra/process/exit_reason.h"
#include "hydra/process/internal/control_block.h"
#include "hydra/process/internal/inbox.h"
#include "hydra/process/internal/limited_inbox.h"
#include "hydra/process/internal/mailbox.h"
#include "hydra/process/internal/mailbox_limit.h"
#include "hydra/process/internal/refusal.h"
#include "hydra/process/internal/relations.h"
#include "hydra/process/internal/scheduler.h"
#include "hydra/process/internal/signal.h"
#include "hydra/process/internal/signals.h"
#include "hydra/process/internal/wait.h"
#include "hydra/process/internal/worker.h"
#include "hydra/process/pid.h"

namespace hydra::process_internal {

// ---- The scheduler's part.

void Scheduler::LimitMailbox(ControlBlock& process, const MailboxLimit& limit) {
  const uint64_t serial = process.serial.load(std::memory_order_relaxed);
  limited_inboxes_.Make(process.index).Open(serial, limit);
  process.serial.store(serial | kLimited, std::memory_order_release);
}

LimitedInbox::Pushed Scheduler::PushLimited(const Pid& to, Signal* signal,
                                            const SignalSource& source) {
  LimitedInbox::Pushed pushed = limited_inboxes_[to.slot()].Push(to.serial(), signal, source);
  if (!pushed.wake) return pushed;
  Signal* mail = NewSignal<MailSignal>(&kMail);
  mail->serial = to.serial() | kLimited;
  const Inbox::PushResult result = table_[to.slot()].inbox.Push(mail);
  if (result == Inbox::PushResult::kClosed) DestroySignal(mail);
  pushed.wake = result == Inbox::PushResult::kWokeOwner;
  return pushed;
}

// For foreign threads.
bool Scheduler::SendLimited(ControlBlock& receiver, const Pid& to, Signal* signal) {
  const LimitedInbox::Pushed pushed =
      PushLimited(to, signal, {.kind = SignalSource::Kind::kForeign});
  const bool accepted = pushed.dropped != signal;
  if (pushed.wake) Inject(receiver);
  FinishPush(to, signal, pushed);
  return accepted;
}

void Scheduler::FinishPush(const Pid& to, Signal* signal, const LimitedInbox::Pushed& pushed) {
  if (pushed.closed) return Refuse(to, signal);
  if (pushed.dropped == nullptr) return;
  ReportDropped(to, pushed.dropped_count);
  Refuse(to, pushed.dropped, {.why = Refusal::Why::kMailboxFull});
}

void Scheduler::ReportDropped(const Pid& receiver, uint64_t count) {
  if (!std::has_single_bit(count)) return;
  HYDRA_LOG(WARNING) << "the mailbox of process " << receiver.ToString() << " is full: " << count
                     << " message(s) dropped so far";
}

// ---- Sending.

SignalSource Worker::SourceOf(const ControlBlock& receiver, const Pid& to) const {
  if (firing_) return {.kind = SignalSource::Kind::kDoesNotCount};
  if (arriving_) return {.kind = SignalSource::Kind::kForeign};
  if (current_ == nullptr || current_ == &receiver || current_->state == ProcessState::kExiting ||
      IsHeldBy(*current_, to))
    return {.kind = SignalSource::Kind::kNeverHeld};
  return {.kind = SignalSource::Kind::kProcess, .process = PidOf(*current_)};
}

// ---- Being held.

bool Worker::IsHeldBy(const ControlBlock& process, const Pid& receiver) {
  if (process.relations == nullptr || process.relations->rare == nullptr) return false;
  const std::vector<Pid>& held_by = process.relations->rare->held_by;
  return std::find(held_by.begin(), held_by.end(), receiver) != held_by.end();
}

// Notes that the current process goes no further than its next co_await.
void Worker::Hold(ControlBlock& process, const Pid& receiver) {
  RelationsOf(process).MakeRare().held_by.push_back(receiver);
  messages_left_ = kHeld;  // it suspends, though there may be a message for it
  if (IsLimited(process)) Release(process, LimitedInboxOf(process).SetHeld(true));
}

void Worker::HoldFor(const Pid& by) {
  if (current_->state < ProcessState::kExiting && !IsHeldBy(*current_, by)) Hold(*current_, by);
}

// Holds the process, which has just suspended, if it is to be held. Returns whether it is.
bool Worker::SuspendHeld(ControlBlock& process) {
  if (process.relations->rare->held_by.empty()) return false;
  process.wait->is_held = true;
  process.wait->has_looked = false;
  return true;
}

// A request ends by its timeout though its process is held; which goes no further than to its next
// co_await then.
bool Worker::HeldWaitIsOver(ControlBlock& process) {
  Wait& wait = *process.wait;
  // The process may sleep now with an answer that has come, which the inbox mustn't free.
  if (std::exchange(wait.found_is_pinned, false)) {
    if (Signal* fresh = process.inbox.Unpin(process.cursor)) Admit(process, fresh);
    if (!wait.is_held) return WaitIsOver(process);
  }
  if (wait.request == 0 || wait.deadline == kForever || ArmWaitTimer(process)) return false;
  messages_left_ = kHeld;
  return true;
}

void Worker::ActOnRelease(ControlBlock& process, const Pid& receiver) {
  if (process.relations == nullptr || process.relations->rare == nullptr) return;
  std::vector<Pid>& held_by = process.relations->rare->held_by;
  std::erase(held_by, receiver);
  if (!held_by.empty()) return;
  if (process.wait != nullptr) process.wait->is_held = false;
  if (IsLimited(process)) LimitedInboxOf(process).SetHeld(false);
}

// Lets those go on that `receiver` has held.
void Worker::Release(const ControlBlock& receiver, const std::vector<Pid>& held) {
  for (const Pid& process : held)
    Send(process, NewSignal<ReleaseSignal>(&kRelease, PidOf(receiver)));
}

// ---- Receiving.

LimitedInbox& Worker::LimitedInboxOf(const ControlBlock& process) {
  return scheduler_.limited_inboxes()[process.index];
}

// Takes in what is in the process's limited inbox.
void Worker::TakeMail(ControlBlock& process) {
  LimitedInbox& inbox = LimitedInboxOf(process);
  Signal* queued = inbox.Take();
  // There are no more in the queue than the limit, so what is too much is in the mailbox.
  while (inbox.HasExcess()) DropOldest(process);
  AdmitQueued(process, queued);
}

void Worker::AdmitQueued(ControlBlock& process, Signal* queued) {
  while (queued != nullptr) {
    Signal* signal = std::exchange(queued, queued->next);
    if (signal->type->kind == SignalKind::kMessage) {
      process.mailbox.Append(signal);
    } else {
      TakeSignal(process, signal);
    }
    if (!exit_.has_value()) continue;
    for (Signal* rest = queued; rest != nullptr; rest = rest->next) rest->serial &= ~kCounts;
    return KeepForDeath(queued);
  }
}

void Worker::DropOldest(ControlBlock& process) {
  Signal* oldest = process.mailbox.TakeOldestWith(kCounts);
  scheduler_.ReportDropped(PidOf(process), LimitedInboxOf(process).Dropped());
  current_ = nullptr;  // what its destructor does isn't done by this process
  if (oldest->type->refuse != nullptr)
    oldest->type->refuse(scheduler_, PidOf(process), *oldest, {.why = Refusal::Why::kMailboxFull});
  Consume(process, oldest);
  current_ = &process;
}

// `message`, which counts, has been received.
void Worker::ReceivedCounted(ControlBlock& process, Signal& message) {
  message.serial &= ~kCounts;
  Release(process, LimitedInboxOf(process).Received());
}

// Closes the limited inbox of a dying process, and takes in what is left there.
void Worker::CloseLimitedInbox(ControlBlock& process) {
  std::vector<Pid> held;
  Signal* rest = LimitedInboxOf(process).Close(held);
  Release(process, held);
  AdmitQueued(process, rest);
}

// Ends a process whose mailbox has overflown.
void Worker::ActOnOverflow(ControlBlock& process, size_t limit) {
  if (process.state == ProcessState::kExiting) return;
  exit_ = ExitReason::Error("hydra::MailboxOverflow",
                            "more than " + std::to_string(limit) + " messages were waiting");
}

}  // namespace hydra::process_internal
