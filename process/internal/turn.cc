// One turn of a process: what it is woken for, how it goes to sleep, and how it ends.
#include <memory>
#include <optional>
#include <utility>

#include "hydra/process/async.h"
#include "hydra/process/exit_reason.h"
#include "hydra/process/internal/answer_signal.h"
#include "hydra/process/internal/block_pool.h"
#include "hydra/process/internal/control_block.h"
#include "hydra/process/internal/current.h"
#include "hydra/process/internal/entry.h"
#include "hydra/process/internal/inbox.h"
#include "hydra/process/internal/limited_inbox.h"
#include "hydra/process/internal/mailbox.h"
#include "hydra/process/internal/pause.h"
#include "hydra/process/internal/refusal.h"
#include "hydra/process/internal/scheduler.h"
#include "hydra/process/internal/signal.h"
#include "hydra/process/internal/wait.h"
#include "hydra/process/internal/worker.h"

namespace hydra::process_internal {

// ---- Waiting.

bool BeginWait(Wait& wait, PromiseBase& leaf) {
  Worker& worker = *Worker::of_this_thread_;
  ControlBlock& process = *worker.current_;
  --worker.messages_left_;
  const bool nothing_there = process.mailbox.HasNone() && !process.inbox.HasNew(process.cursor);
  if (!nothing_there || wait.deadline == 0) return worker.LookForMessages(wait, leaf);
  wait.has_looked = true;
  process.wait = &wait;
  process.leaf = &leaf;
  return true;
}

bool BeginAnswerWait(Wait& wait, PromiseBase& leaf) {
  return Worker::of_this_thread_->BeginAnswerWait(wait, leaf);
}

void BeginYield(Wait& wait, PromiseBase& leaf) {
  ControlBlock& process = *Worker::of_this_thread_->current_;
  process.wait = &wait;
  process.leaf = &leaf;
}

// Looks for a message that ends `wait`. Inline for LookForMessages; the others call LookFurther.
HYDRA_ALWAYS_INLINE Match Worker::Look(ControlBlock& process, Wait& wait) {
  const Match match = process.mailbox.Find(wait, process.cursor);
  if (match == Match::kYes && (wait.found->serial & kCounts) != 0) [[unlikely]]
    ReceivedCounted(process, *wait.found);
  return match;
}

// The part of BeginWait that takes the messages which are there.
bool Worker::LookForMessages(Wait& wait, PromiseBase& leaf) {
  ControlBlock& process = *current_;
  // While there are drained messages, the inbox, which senders write to all the time, is left alone
  // now and then.
  if (!process.mailbox.HasFresh() || sent_to_itself_ || wait.deadline == 0 ||
      messages_left_ % kMessagesPerLook == 0) {
    sent_to_itself_ = false;
    if (Signal* fresh = process.inbox.TakeNew(process.cursor)) Admit(process, fresh);
  }
  // A process that has had its share looks again on its next turn: what a wait has found is
  // consumed at once, or it isn't taken.
  if (!exit_.has_value() && messages_left_ >= 0) [[likely]] {
    if (Look(process, wait) != Match::kNo || wait.deadline == 0) return false;
  }
  process.wait = &wait;
  process.leaf = &leaf;
  return true;
}

// An answer may have come already, though it was asked for just now. Returns whether that has ended the
// wait.
bool Worker::LookForAnswer(Wait& wait) {
  ControlBlock& process = *current_;
  if (messages_left_ < 0) return false;  // it looks on its next turn
  if (Signal* fresh = process.inbox.TakeNew(process.cursor)) Admit(process, fresh);
  if (exit_.has_value() || (!HasFound(process, wait) && wait.deadline != 0)) return false;
  process.wait = nullptr;
  return true;
}

Signal* KeepFound(Wait& wait) {
  Worker& worker = *Worker::of_this_thread_;
  ControlBlock& process = *worker.current_;
  if (std::exchange(wait.found_is_pinned, false)) {
    if (Signal* fresh = process.inbox.Unpin(process.cursor)) worker.Admit(process, fresh);
  }
  return std::exchange(wait.found, nullptr);
}

uint64_t MarkOf(const Ref& ref) {
  // Another process's ref tells nothing of this mailbox.
  return ref.creator() == Worker::CurrentOrDie().PidOf(Worker::CurrentProcess()) ? ref.id() : 0;
}

// ---- One turn.

inline bool IsMessage(const Signal& signal) { return signal.type->kind == SignalKind::kMessage; }

// Whether the process waits for just this message.
HYDRA_ALWAYS_INLINE bool IsAwaitedMessage(const ControlBlock& process, const Wait& wait,
                                          const Signal& signal) {
  return wait.has_looked && !process.mailbox.HasFresh() &&
         (signal.type == wait.type || (wait.match == &TakeAnything && IsMessage(signal)));
}

// Whether `wait` waits for just this answer.
HYDRA_ALWAYS_INLINE bool IsAwaitedAnswer(const Wait& wait, const Signal& signal) {
  return signal.type->kind == SignalKind::kAnswer && !wait.TakesMessages() && !wait.is_held &&
         wait.found == nullptr && static_cast<const AnswerSignal&>(signal).request == wait.request;
}

void Worker::Execute(ControlBlock& process) {
  if (process.state >= ProcessState::kDoomed) [[unlikely]]
    return process.state == ProcessState::kDead ? Reap(process) : AwaitReturn(process, nullptr);
  current_ = &process;
  current_pid_of_ = nullptr;
  messages_left_ = kMessagesPerTurn;
  for (;;) {
    const bool goes_on = TakeAwaited(process) || TakeIn(process);
    if (exit_.has_value()) [[unlikely]]
      return EndByExit(process);
    if (goes_on) {
      if (process.state == ProcessState::kNew && !StartBody(process)) [[unlikely]]
        return;
      process.wait = nullptr;
      process.leaf->frame().resume();
      if (process.wait == nullptr) [[unlikely]]
        return End(process, ReasonOfFinished(process));
      if (exit_.has_value()) [[unlikely]]
        return EndByExit(process);
      if (messages_left_ < 0 || process.wait->deadline == kNextTurn) [[unlikely]] {
        if (messages_left_ <= kHeld && SuspendHeld(process)) [[unlikely]]
          continue;
        current_ = nullptr;
        return Enqueue(process);
      }
      // Its wait has just looked for messages, so it can go to sleep at once.
      if (process.wait->deadline != kForever && !ArmWaitTimer(process)) [[unlikely]]
        continue;
    }
    if (process.inbox.Sleep(process.cursor)) break;
    // Signals come one after the other, and none of them is what it waits for: their sender gets on
    // faster while nobody reads what it writes.
    if (!goes_on && !HasWork()) Pause(kPausesForSignals);
  }
  current_ = nullptr;
}

// The usual case, and the one that speed depends on: one signal has come since the process slept, and it is
// just what was waited for. Otherwise nothing is done.
HYDRA_ALWAYS_INLINE bool Worker::TakeAwaited(ControlBlock& process) {
  Wait* wait = process.wait;
  if (wait == nullptr) return false;
  Signal* signal = process.inbox.OnlyNew(process.cursor);
  if (signal == nullptr || signal->serial != process.serial.load(std::memory_order_relaxed))
    return false;
  if (!IsAwaitedMessage(process, *wait, *signal) && !IsAwaitedAnswer(*wait, *signal)) return false;
  wait->found = signal;
  wait->found_is_pinned = true;
  Inbox::TakeOnlyNew(process.cursor, signal);
  return true;
}

// Drains the inbox. Returns whether the process can go on: it is new, or its wait is over.
bool Worker::TakeIn(ControlBlock& process) {
  if (Signal* fresh = process.inbox.TakeNew(process.cursor)) {
    Admit(process, fresh);
    if (exit_.has_value()) return false;  // nothing is received any more
  }
  return process.wait == nullptr || WaitIsOver(process);
}

// Calls the body. Returns false if that ended the process.
bool Worker::StartBody(ControlBlock& process) {
  process.state = ProcessState::kAlive;
  try {
    process.body = AsyncAccess::Release(process.entry->start(*process.entry));
  } catch (...) {
    End(process, exit_.has_value() ? *exit_ : ExitReason::FromCurrentException());
    return false;
  }
  process.leaf = process.body;
  if (!process.entry->outlives_start && process.entry->watcher == nullptr) {
    Entry* entry = std::exchange(process.entry, nullptr);
    entry->destroy(entry);
  }
  return true;
}

Match Worker::LookFurther(ControlBlock& process, Wait& wait) { return Look(process, wait); }

// Whether a message or an answer has ended the wait.
inline bool Worker::HasFound(ControlBlock& process, Wait& wait) {
  return wait.found != nullptr ||
         (wait.TakesMessages() && LookFurther(process, wait) != Match::kNo);
}

bool Worker::WaitIsOver(ControlBlock& process) {
  Wait& wait = *process.wait;
  if (wait.is_held) [[unlikely]]
    return HeldWaitIsOver(process);
  if (HasFound(process, wait) || wait.deadline == 0 || wait.deadline == kNextTurn) return true;
  return wait.deadline != kForever && !ArmWaitTimer(process);
}

bool Worker::ArmWaitTimerEarlier(ControlBlock& process) {
  WaitTimer* timer = process.wait_timer;
  const Tick deadline = process.wait->deadline;
  if (timer == nullptr) {
    timer = ::new (AllocateBlock(sizeof(WaitTimer))) WaitTimer();
    timer->process = PidOf(process);
    process.wait_timer = timer;
  }
  if (scheduler_.clock().NowTick() >= deadline) return false;
  timer->armed_for = deadline;
  scheduler_.timers().Arm(*timer, deadline);
  scheduler_.TimerArmed(deadline);
  return true;
}

ExitReason Worker::ReasonOfFinished(ControlBlock& process) {
  process.leaf = process.body;
  if (exit_.has_value()) return *exit_;
  try {
    static_cast<Promise<void>*>(process.body)->TakeResult();
    return ExitReason::Normal();
  } catch (...) {
    return ExitReason::FromCurrentException();
  }
}

// ---- Signals.

// Puts the messages into the mailbox and acts on the other signals, until one of them ends the
// process: what came after that is kept for its death.
void Worker::Admit(ControlBlock& process, Signal* fresh) {
  const uint64_t serial = process.serial.load(std::memory_order_relaxed);
  if (exit_.has_value()) [[unlikely]]
    return KeepForDeath(fresh);
  while (fresh != nullptr) {
    Signal* signal = fresh;
    fresh = signal->next;
    if (signal->serial != serial) [[unlikely]] {
      ConsumeStrange(process, signal);
    } else if (signal->type->kind == SignalKind::kMessage) [[likely]] {
      process.mailbox.Append(signal);
    } else {
      TakeSignal(process, signal);
      if (exit_.has_value()) return KeepForDeath(fresh);
    }
  }
}

void Worker::TakeSignal(ControlBlock& process, Signal* signal) {
  if (signal->type->kind == SignalKind::kAnswer) return TakeAnswer(process, signal);
  Signal* message = Act(process, signal);
  if (message != signal) Consume(process, signal);
  if (message != nullptr) process.mailbox.Append(message);
}

// An answer ends the wait for it. If nobody waits for it now, it is kept or dropped.
void Worker::TakeAnswer(ControlBlock& process, Signal* signal) {
  Wait* wait = process.wait;
  if (wait == nullptr || wait->request != static_cast<AnswerSignal*>(signal)->request ||
      wait->found != nullptr)
    return KeepAnswer(process, signal);
  if (wait->TakesMessages() && LookFurther(process, *wait) == Match::kYes) [[unlikely]]
    return Consume(process, signal);  // AnyOf: a message has come before it
  wait->found = signal;
  wait->found_is_pinned = Inbox::Pin(process.cursor, signal);
}

void Worker::KeepForDeath(Signal* fresh) {
  Signal** end = &after_exit_;
  while (*end != nullptr) end = &(*end)->next;
  *end = fresh;
}

// Destroys a signal that has been dealt with.
void Worker::Consume(ControlBlock& process, Signal* signal) {
  signal->type->destroy_value(signal);
  if (!Inbox::Pin(process.cursor, signal)) FreeSignal(signal);
}

// Answers and destroys a signal for a process that lived in this slot before.
void Worker::ConsumeStrange(ControlBlock& process, Signal* signal) {
  current_ = nullptr;  // what its destructor does isn't done by this process
  if (signal->type->refuse != nullptr) {
    signal->type->refuse(scheduler_, Pid(signal->serial, process.index, home_), *signal, Refusal());
  }
  Consume(process, signal);
  current_ = &process;
}

}  // namespace hydra::process_internal
