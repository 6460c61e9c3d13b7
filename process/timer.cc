#include "hydra/process/timer.h"

#include <algorithm>
#include <optional>

#include "absl/time/time.h"
#include "hydra/process/dest.h"
#include "hydra/process/internal/scheduler.h"
#include "hydra/process/internal/signal.h"
#include "hydra/process/internal/signals.h"
#include "hydra/process/internal/timers.h"
#include "hydra/process/internal/wait.h"
#include "hydra/process/internal/worker.h"
#include "hydra/process/pid.h"

namespace hydra {

using process_internal::Scheduler;
using process_internal::Tick;
using process_internal::Worker;

namespace process_internal {

TimerRef StartTimerSignal(Ref ref, absl::Duration delay, absl::Duration interval,
                          const Dest& receiver, Signal* signal) {
  Scheduler& scheduler = Worker::CurrentOrDie().scheduler();
  const Tick due = std::max(scheduler.clock().TickAfter(delay), scheduler.clock().NowTick());
  Tick every = 0;
  if (interval != absl::ZeroDuration())
    every =
        static_cast<Tick>(absl::ToInt64Milliseconds(absl::Ceil(interval, absl::Milliseconds(1))));
  if (receiver.name() != nullptr || receiver.via() != nullptr)
    return TimerRef(ref, Pid(), scheduler.StartTimer(receiver, signal, due, every));
  const Ref* alias = receiver.alias();
  const Pid pid = alias == nullptr ? *receiver.pid() : alias->creator();
  if (alias != nullptr) signal = NewSignal<AliasedMessage>(&kAliasedMessage, alias->id(), signal);
  return TimerRef(ref, pid, scheduler.StartTimer(pid, signal, due, every));
}

}  // namespace process_internal

absl::Time Now() { return Worker::CurrentOrDie().scheduler().clock().Now(); }

std::optional<absl::Duration> CancelTimer(TimerRef timer) {
  Scheduler& scheduler = Worker::CurrentOrDie().scheduler();
  const std::optional<Tick> due = scheduler.timers().Cancel(timer.receiver(), timer.place());
  if (!due.has_value()) return std::nullopt;
  return scheduler.clock().Until(*due);
}

std::optional<absl::Duration> ReadTimer(TimerRef timer) {
  Scheduler& scheduler = Worker::CurrentOrDie().scheduler();
  const std::optional<Tick> due = scheduler.timers().Read(timer.receiver(), timer.place());
  if (!due.has_value()) return std::nullopt;
  return scheduler.clock().Until(*due);
}

}  // namespace hydra
