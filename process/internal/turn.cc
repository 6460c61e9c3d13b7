// One turn of a process: what it is woken for, how it goes to sleep, and how it ends.
#include <memory>
#include <optional>
#include <utility>

#include "hydra/base/log.h"
#include "hydra/process/async.h"
#include "hydra/process/exit_reason.h"
#include "hydra/process/internal/block_pool.h"
#include "hydra/process/internal/control_block.h"
#include "hydra/process/internal/current.h"
#include "hydra/process/internal/entry.h"
#include "hydra/process/internal/exit_signal.h"
#include "hydra/process/internal/inbox.h"
#include "hydra/process/internal/mailbox.h"
#include "hydra/process/internal/scheduler.h"
#include "hydra/process/internal/signal.h"
#include "hydra/process/internal/timers.h"
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
    const Match match = process.mailbox.Find(wait, process.cursor);
    if (match != Match::kNo || wait.deadline == 0) return false;
  }
  process.wait = &wait;
  process.leaf = &leaf;
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

void Worker::Execute(ControlBlock& process) {
  if (process.state == ProcessState::kDead) [[unlikely]]
    return Reap(process);
  current_ = &process;
  messages_left_ = kMessagesPerTurn;
  for (;;) {
    const bool goes_on = TakeIn(process);
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
        current_ = nullptr;
        return Enqueue(process);
      }
      // Its wait has just looked for messages. Without a deadline it can go to sleep at once.
      if (process.wait->deadline != kForever) [[unlikely]]
        continue;
    }
    if (process.inbox.Sleep(process.cursor)) break;
  }
  current_ = nullptr;
}

// Drains the inbox. Returns whether the process can go on: it is new, or its wait is over.
bool Worker::TakeIn(ControlBlock& process) {
  Wait* wait = process.wait;
  if (Signal* fresh = process.inbox.TakeNew(process.cursor)) {
    // The usual case, and the one that speed depends on: just the message that was waited for.
    if (wait != nullptr && wait->has_looked && fresh->type == wait->type &&
        fresh->next == nullptr && !process.mailbox.HasFresh() &&
        fresh->serial == process.serial.load(std::memory_order_relaxed)) [[likely]] {
      wait->found = fresh;
      wait->found_is_pinned = Inbox::Pin(process.cursor, fresh);
      return true;
    }
    Admit(process, fresh);
    if (exit_.has_value()) return false;  // nothing is received any more
  }
  return wait == nullptr || WaitIsOver(process);
}

// Calls the body. Returns false if that ended the process.
bool Worker::StartBody(ControlBlock& process) {
  process.state = ProcessState::kAlive;
  try {
    process.body = AsyncAccess::Release(process.entry->start(*process.entry));
  } catch (...) {
    End(process, ExitReason::FromCurrentException());
    return false;
  }
  process.leaf = process.body;
  if (!process.entry->outlives_start && process.entry->watcher == nullptr) {
    Entry* entry = std::exchange(process.entry, nullptr);
    entry->destroy(entry);
  }
  return true;
}

bool Worker::WaitIsOver(ControlBlock& process) {
  Wait& wait = *process.wait;
  if (wait.deadline == kNextTurn) return true;
  const Match match = wait.has_looked ? process.mailbox.FindFresh(wait, process.cursor)
                                      : process.mailbox.Find(wait, process.cursor);
  if (match != Match::kNo || wait.deadline == 0) return true;
  return wait.deadline != kForever && !ArmWaitTimer(process);
}

// Sees to it that the process is woken by the end of its wait. Returns false if that has come.
bool Worker::ArmWaitTimer(ControlBlock& process) {
  WaitTimer* timer = process.wait_timer;
  const Tick deadline = process.wait->deadline;
  // A wait that ended early leaves the timer armed: it fires too early for this one, and is armed
  // anew then.
  if (timer != nullptr && timer->armed_for <= deadline) return true;
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
  try {
    static_cast<Promise<void>*>(process.body)->TakeResult();
    return ExitReason::Normal();
  } catch (...) {
    return ExitReason::FromCurrentException();
  }
}

// ---- Signals.

void Worker::Admit(ControlBlock& process, Signal* fresh) {
  const uint64_t serial = process.serial.load(std::memory_order_relaxed);
  while (fresh != nullptr) {
    Signal* signal = fresh;
    fresh = signal->next;
    if (signal->serial != serial) {
      ConsumeStrange(process, signal);
    } else if (signal->type->kind == SignalKind::kMessage) {
      signal->next = nullptr;
      process.mailbox.Append(signal, signal);
    } else {
      Act(process, signal);
      Consume(process, signal);
    }
  }
}

void Worker::Act(ControlBlock& process, Signal* signal) {
  switch (signal->type->kind) {
    case SignalKind::kMessage:
      break;
    case SignalKind::kExit: {
      const ExitRequest& request = static_cast<ValueSignal<ExitRequest>*>(signal)->value;
      if (!exit_.has_value() && process.state != ProcessState::kExiting)
        exit_ = request.Effect(PidOf(process));
      break;
    }
    case SignalKind::kWake:
      // Unless it has been armed anew since, or released.
      if (WaitTimer* timer = process.wait_timer;
          timer != nullptr &&
          timer->armed_for == static_cast<ValueSignal<WaitExpired>*>(signal)->value.due) {
        timer->armed_for = kForever;
      }
      break;
  }
}

// Destroys a signal that has been dealt with.
void Worker::Consume(ControlBlock& process, Signal* signal) {
  signal->type->destroy_value(signal);
  if (!Inbox::Pin(process.cursor, signal)) FreeSignal(signal);
}

// Destroys a signal for a process that lived in this slot before.
void Worker::ConsumeStrange(ControlBlock& process, Signal* signal) {
  current_ = nullptr;  // what its destructor does isn't done by this process
  Consume(process, signal);
  current_ = &process;
}

// ---- Death. The order is docs/architecture.md's.

void Worker::End(ControlBlock& process, const ExitReason& reason) {
  const Pid pid = PidOf(process);
  if (reason.kind() == ExitReason::Kind::kError) {
    HYDRA_LOG(ERROR) << "process " << pid.ToString() << " ended with " << reason.ToString();
  }
  process.state = ProcessState::kExiting;
  ExitWatcher* watcher = process.entry == nullptr ? nullptr : process.entry->watcher;
  DestroyFrames(process);
  if (WaitTimer* timer = std::exchange(process.wait_timer, nullptr)) {
    scheduler_.timers().Disarm(*timer);
    std::destroy_at(timer);
    FreeBlock(timer, sizeof(WaitTimer));
  }
  if (Signal* late = process.inbox.Close(process.cursor)) Admit(process, late);
  exit_.reset();
  process.state = ProcessState::kDead;
  Count(ended_count_);
  current_ = nullptr;
  scheduler_.timers().CancelAll(pid, process.user_timers);
  if (watcher != nullptr) watcher->OnExit(reason);
  Reap(process);
}

void Worker::EndByExit(ControlBlock& process) { End(process, *std::exchange(exit_, std::nullopt)); }

void Worker::DestroyFrames(ControlBlock& process) noexcept {
  process.wait = nullptr;
  // Innermost first, in a loop: each frame would destroy what it awaits by recursion.
  for (PromiseBase* frame = std::exchange(process.leaf, nullptr); frame != nullptr;) {
    PromiseBase* parent = frame->parent();
    frame->DestroyFrame();
    frame = parent;
  }
  process.body = nullptr;
  if (Entry* entry = std::exchange(process.entry, nullptr)) entry->destroy(entry);
}

// Destroys unread messages, a bounded number a turn, and frees the slot after the last.
void Worker::Reap(ControlBlock& process) {
  for (int i = 0; i < kReapedPerTurn; ++i) {
    Signal* message = process.mailbox.PopOldest();
    if (message == nullptr) {
      process.mailbox.Reset();
      process.state = ProcessState::kFree;
      process.serial.store(process.serial.load(std::memory_order_relaxed) + 1,
                           std::memory_order_release);
      return table_.Free(slots_, &process);
    }
    DestroySignal(message);
  }
  Enqueue(process);
}

}  // namespace hydra::process_internal
