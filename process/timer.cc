#include "hydra/process/timer.h"

#include <algorithm>
#include <optional>

#include "absl/time/time.h"
#include "hydra/process/internal/scheduler.h"
#include "hydra/process/internal/signal.h"
#include "hydra/process/internal/timers.h"
#include "hydra/process/internal/wait.h"
#include "hydra/process/internal/worker.h"
#include "hydra/process/pid.h"

namespace hydra {

using process_internal::CurrentWorker;
using process_internal::Scheduler;
using process_internal::Tick;

namespace process_internal {

TimerRef StartTimerSignal(Ref ref, absl::Duration delay, absl::Duration interval, Pid receiver, Signal* signal) {
  Scheduler& scheduler = CurrentWorker().scheduler();
  const Tick due = scheduler.clock().TickAfter(delay);
  const Tick every = static_cast<Tick>(absl::ToInt64Milliseconds(interval));
  const TimerRef timer(ref, receiver, scheduler.timers().Start(receiver, signal, due, every));
  scheduler.TimerArmed(due);
  return timer;
}

}  // namespace process_internal

namespace {

// How long it is until a timer is due; nothing for the timer of a dead process, which won't fire.
std::optional<absl::Duration> TimeLeft(Scheduler& scheduler, TimerRef timer, std::optional<Tick> due) {
  if (!due.has_value() || !scheduler.IsAlive(timer.receiver())) return std::nullopt;
  return scheduler.clock().Until(*due);
}

}  // namespace

absl::Time Now() { return CurrentWorker().scheduler().clock().Now(); }

std::optional<absl::Duration> CancelTimer(TimerRef timer) {
  Scheduler& scheduler = CurrentWorker().scheduler();
  return TimeLeft(scheduler, timer, scheduler.timers().Cancel(timer.receiver(), timer.place()));
}

std::optional<absl::Duration> ReadTimer(TimerRef timer) {
  Scheduler& scheduler = CurrentWorker().scheduler();
  return TimeLeft(scheduler, timer, scheduler.timers().Read(timer.receiver(), timer.place()));
}

}  // namespace hydra
