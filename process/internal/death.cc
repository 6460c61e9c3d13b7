// The death of a process, in this order, on the worker that holds it:
//   1. the reason is fixed: the first one wins;
//   2. its frames are destroyed, innermost first. What its destructors send goes out; they can't
//      spawn, link, monitor or register any more;
//   3. its name is released, and its aliases;
//   4. the inbox is closed. Here death becomes visible: what is sent from now on is refused, and
//      the sender answers itself;
//   5. what had arrived is applied: an unlink or a demonitor still suppresses, a link or a monitor
//      still counts, whoever asks is answered;
//   6. exit signals go to its links, then Downs to its monitors;
//   7. unread messages are destroyed, requests among them refused, a bounded number a turn;
//   8. the slot is given to another process, under another serial.
#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "hydra/base/compiler.h"
#include "hydra/base/log.h"
#include "hydra/process/async.h"
#include "hydra/process/exit_reason.h"
#include "hydra/process/internal/block_pool.h"
#include "hydra/process/internal/blocking_wait.h"
#include "hydra/process/internal/control_block.h"
#include "hydra/process/internal/entry.h"
#include "hydra/process/internal/inbox.h"
#include "hydra/process/internal/mailbox.h"
#include "hydra/process/internal/refusal.h"
#include "hydra/process/internal/relations.h"
#include "hydra/process/internal/scheduler.h"
#include "hydra/process/internal/signal.h"
#include "hydra/process/internal/signals.h"
#include "hydra/process/internal/timers.h"
#include "hydra/process/internal/wait.h"
#include "hydra/process/internal/worker.h"
#include "hydra/process/pid.h"

namespace hydra::process_internal {
namespace {

// Empty if `text` is.
std::string InBrackets(const std::string& text) { return text.empty() ? "" : " (" + text + ")"; }

}  // namespace

// Unless a blocking function has the frames: then the process is doomed, and ends when that has
// returned.
void Worker::EndByExit(ControlBlock& process) {
  Wait* wait = process.wait;
  if (wait != nullptr && wait->holds_frames && wait->found == nullptr) [[unlikely]] {
    auto& blocking = static_cast<BlockingWait&>(*wait);
    if (!blocking.GiveUp()) {
      process.state = ProcessState::kDoomed;
      blocking.exit = std::exchange(exit_, std::nullopt);
      return AwaitReturn(process, std::exchange(after_exit_, nullptr));
    }
  }
  End(process, *std::exchange(exit_, std::nullopt));
}

// Keeps `fresh` and all that arrives from now on, until the blocking function has returned.
void Worker::AwaitReturn(ControlBlock& process, Signal* fresh) {
  current_ = &process;
  current_pid_of_ = nullptr;
  const uint64_t serial = process.serial.load(std::memory_order_relaxed);
  auto& wait = static_cast<BlockingWait&>(*process.wait);
  for (;;) {
    bool returned = false;
    while (fresh != nullptr) {
      Signal* signal = std::exchange(fresh, fresh->next);
      if (signal->serial == serial) {
        returned |= wait.Keep(signal);
      } else {
        ConsumeStrange(process, signal);
      }
    }
    if (returned) return EndDoomed(process);
    fresh = process.inbox.TakeNew(process.cursor);
    if (fresh == nullptr && process.inbox.Sleep(process.cursor)) break;
  }
  current_ = nullptr;
}

void Worker::EndDoomed(ControlBlock& process) {
  auto& wait = static_cast<BlockingWait&>(*process.wait);
  after_exit_ = wait.TakeKept();
  End(process, *std::exchange(wait.exit, std::nullopt));
}

void Worker::End(ControlBlock& process, const ExitReason& reason) {
  const Pid pid = PidOf(process);
  if (reason.kind() == ExitReason::Kind::kError && exit_origin_ != ExitOrigin::kReported)
    ReportError(process, reason);
  process.state = ProcessState::kExiting;
  ExitWatcher* watcher = process.entry == nullptr ? nullptr : process.entry->watcher;
  ending_ = &reason;
  DestroyFrames(process);
  ending_ = nullptr;
  exit_origin_ = ExitOrigin::kSignal;
  exit_.reset();  // of an ExitSelf, or an exit signal, that came while it was unwinding
  if (process.wait_timer != nullptr) ReleaseWaitTimer(process);
  if (process.named.load(std::memory_order_seq_cst)) [[unlikely]]
    ReleaseName(process);
  Signal* late = process.inbox.Close(process.cursor);
  if (process.named.load(std::memory_order_seq_cst)) [[unlikely]]
    ReleaseName(process);  // which it got meanwhile: names.h
  if (after_exit_ != nullptr) Admit(process, std::exchange(after_exit_, nullptr));
  if (late != nullptr) Admit(process, late);
  if (IsLimited(process)) [[unlikely]]
    CloseLimitedInbox(process);
  process.state = ProcessState::kDead;
  Count(ended_count_);
  current_ = nullptr;
  scheduler_.timers().CancelAll(pid, process.user_timers);
  if (process.relations != nullptr) {
    TellOfEnd(*process.relations, pid, reason);
    if (process.relations->rare != nullptr && process.relations->rare->crosses_nodes)
      scheduler_.remote().Forget(pid);
  }
  if (watcher != nullptr) watcher->OnExit(reason);
  if (process.mailbox.HasNone()) [[likely]]
    return Free(process);
  RelationsOf(process).MakeRare().exit_reason = reason;
  Reap(process);
}

HYDRA_NOINLINE HYDRA_COLD void Worker::ReportError(const ControlBlock& process,
                                                   const ExitReason& reason) const {
  HYDRA_LOG(ERROR) << "process " << PidOf(process).ToString() << InBrackets(LabelOf(process))
                   << " ended with " << reason.ToString();
}

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

void Worker::ReleaseWaitTimer(ControlBlock& process) {
  WaitTimer* timer = std::exchange(process.wait_timer, nullptr);
  scheduler_.timers().Disarm(*timer);
  std::destroy_at(timer);
  FreeBlock(timer, sizeof(WaitTimer));
}

void Worker::ReleaseName(ControlBlock& process) {
  process.named.store(false, std::memory_order_relaxed);
  scheduler_.names().Release(PidOf(process));
}

// Destroys unread messages, and frees the slot after the last.
void Worker::Reap(ControlBlock& process) {
  for (int i = 0; i < kReapedPerTurn; ++i) {
    Signal* message = process.mailbox.PopOldest();
    if (message == nullptr) return Free(process);
    if (message->type->refuse != nullptr) {
      message->type->refuse(scheduler_, PidOf(process), *message,
                            {Refusal::Why::kEnded, process.relations->rare->exit_reason});
    }
    DestroySignal(message);
  }
  Enqueue(process);
}

void Worker::Free(ControlBlock& process) {
  process.mailbox.Reset();
  if (process.relations != nullptr) FreeRelations(process);
  process.state = ProcessState::kFree;
  process.serial.store(PidOf(process).serial() + 1, std::memory_order_release);
  table_.Free(slots_, &process);
}

}  // namespace hydra::process_internal
