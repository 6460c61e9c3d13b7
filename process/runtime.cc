#include "hydra/process/runtime.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <thread>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/time/time.h"
#include "hydra/base/check.h"
#include "hydra/base/mutex.h"
#include "hydra/process/exit_reason.h"
#include "hydra/process/internal/control_block.h"
#include "hydra/process/internal/entry.h"
#include "hydra/process/internal/scheduler.h"
#include "hydra/process/internal/signal.h"
#include "hydra/process/internal/worker.h"
#include "hydra/process/pid.h"
#include "hydra/process/priority.h"

namespace hydra {
namespace {

using process_internal::ExitWatcher;
using process_internal::Scheduler;

// Blocks a foreign thread until a process has ended.
class EndOfProcess final : public ExitWatcher {
 public:
  void OnExit(const ExitReason& reason) override {
    MutexLock lock(mutex_);
    reason_ = reason;
    ended_ = true;
    condition_.NotifyOne();
  }

  ExitReason Await() {
    MutexLock lock(mutex_);
    while (!ended_) condition_.Wait(mutex_);
    return reason_;
  }

 private:
  Mutex mutex_;
  CondVar condition_;
  bool ended_ ABSL_GUARDED_BY(mutex_) = false;
  ExitReason reason_ ABSL_GUARDED_BY(mutex_);
};

Scheduler::Options SchedulerOptions(const RuntimeOptions& options) {
  HYDRA_CHECK(options.schedulers >= 0) << "RuntimeOptions::schedulers is " << options.schedulers;
  const uint32_t cores = std::max(std::thread::hardware_concurrency(), 1U);
  return {.workers = options.schedulers == 0 ? cores : static_cast<uint32_t>(options.schedulers),
          .max_processes = options.max_processes};
}

}  // namespace

Runtime::Runtime(RuntimeOptions options) : Runtime(std::make_unique<Scheduler>(SchedulerOptions(options))) {}
Runtime::Runtime(std::unique_ptr<Scheduler> scheduler) : scheduler_(std::move(scheduler)) {}
Runtime::~Runtime() = default;

bool Runtime::IsAlive(Pid pid) const { return scheduler_->IsAlive(pid); }
size_t Runtime::process_count() const { return scheduler_->process_count(); }
absl::Time Runtime::Now() const { return scheduler_->clock().Now(); }

Pid Runtime::SpawnEntry(process_internal::Entry* entry) { return scheduler_->Spawn(entry, Priority::kNormal, nullptr); }

void Runtime::SendSignal(Pid to, process_internal::Signal* signal) { scheduler_->Send(to, signal); }

ExitReason Runtime::RunEntry(process_internal::Entry* entry) {
  HYDRA_CHECK(process_internal::Worker::Current() == nullptr) << "Runtime::Run would block a scheduler";
  HYDRA_CHECK(!scheduler_->by_hand()) << "a runtime that is driven by hand doesn't run by itself";
  EndOfProcess end;
  if (!scheduler_->Spawn(entry, Priority::kNormal, &end)) return ExitReason::NoProc();
  return end.Await();
}

}  // namespace hydra
