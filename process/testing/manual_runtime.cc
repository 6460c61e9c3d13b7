#include "hydra/process/testing/manual_runtime.h"

#include <algorithm>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>

#include "absl/time/time.h"
#include "hydra/base/check.h"
#include "hydra/process/exit_reason.h"
#include "hydra/process/internal/entry.h"
#include "hydra/process/internal/scheduler.h"
#include "hydra/process/internal/wait.h"
#include "hydra/process/internal/worker.h"
#include "hydra/process/runtime.h"

namespace hydra {

using process_internal::Entry;
using process_internal::ExitWatcher;
using process_internal::Scheduler;
using process_internal::Tick;
using process_internal::Worker;

ManualRuntime::ManualRuntime(ManualRuntimeOptions options)
    : Runtime(std::make_unique<Scheduler>(Scheduler::Options{.workers = 1,
                                                             .max_processes = options.max_processes,
                                                             .by_hand = true,
                                                             .seed = options.seed})) {}

bool ManualRuntime::RunOne() { return scheduler().worker().RunOne(); }

int64_t ManualRuntime::RunUntilIdle() {
  int64_t turns = 0;
  while (RunOne()) ++turns;
  return turns;
}

void ManualRuntime::Advance(absl::Duration duration) {
  HYDRA_CHECK(duration < absl::Hours(24 * 365)) << "Advance by less than a year at a time";
  const Tick target =
      std::max(scheduler().clock().TickAfter(duration), scheduler().clock().NowTick());
  RunUntilIdle();
  while (scheduler().timers().NextDue() <= target) {
    scheduler().clock().AdvanceTo(
        std::max(scheduler().timers().NextDue(), scheduler().clock().NowTick()));
    RunUntilIdle();
  }
  scheduler().clock().AdvanceTo(target);
}

bool ManualRuntime::AdvanceToNextTimer() {
  // Nothing runs when the wheel has merely moved timers down a level, or what was due has been
  // cancelled.
  while (AdvanceToDue()) {
    if (RunUntilIdle() > 0) return true;
  }
  return false;
}

bool ManualRuntime::RunOneOrAdvance() { return RunOne() || AdvanceToDue(); }

void ManualRuntime::Meanwhile(const std::function<void()>& call) {
  const Worker::Scope foreign(nullptr);
  call();
}

bool ManualRuntime::AdvanceToDue() {
  const Tick due = scheduler().timers().NextDue();
  if (due == process_internal::kForever) return false;
  scheduler().clock().AdvanceTo(std::max(due, scheduler().clock().NowTick()));
  return true;
}

ExitReason ManualRuntime::RunEntry(Entry* entry) {
  struct Watcher final : ExitWatcher {
    void OnExit(const ExitReason& why) override { reason = why; }
    std::optional<ExitReason> reason;
  };
  Watcher watcher;
  entry->watcher = &watcher;
  if (!scheduler().Spawn(entry)) return ExitReason::NoProc();
  while (!watcher.reason.has_value()) {
    HYDRA_CHECK(RunOneOrAdvance()) << "the process waits for ever: every process waits, and no "
                                      "timer is running";
  }
  return *watcher.reason;
}

}  // namespace hydra
