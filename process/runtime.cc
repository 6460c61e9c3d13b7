#include "hydra/process/runtime.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/time/time.h"
#include "hydra/base/check.h"
#include "hydra/base/mutex.h"
#include "hydra/process/async.h"
#include "hydra/process/dest.h"
#include "hydra/process/exit_reason.h"
#include "hydra/process/info.h"
#include "hydra/process/internal/control_block.h"
#include "hydra/process/internal/entry.h"
#include "hydra/process/internal/scheduler.h"
#include "hydra/process/internal/signal.h"
#include "hydra/process/internal/worker.h"
#include "hydra/process/node_process.h"
#include "hydra/process/pid.h"
#include "hydra/process/process_info.h"

namespace hydra {
namespace {

using process_internal::Entry;
using process_internal::ExitWatcher;
using process_internal::Scheduler;

// Blocks a foreign thread until the process that is made from `inner` has ended.
class WatchedEntry final : public Entry, private ExitWatcher {
 public:
  explicit WatchedEntry(Entry* inner)
      : Entry{.start = [](Entry& self) { return Inner(self).start(Inner(self)); },
              .destroy = [](Entry* self) noexcept { Inner(*self).destroy(&Inner(*self)); },
              .outlives_start = true,
              .watcher = this},
        inner_(*inner) {}

  ExitReason AwaitEnd() {
    MutexLock lock(mutex_);
    while (!ended_) condition_.Wait(mutex_);
    return reason_;
  }

 private:
  static Entry& Inner(Entry& self) { return static_cast<WatchedEntry&>(self).inner_; }

  void OnExit(const ExitReason& reason) override {
    MutexLock lock(mutex_);
    reason_ = reason;
    ended_ = true;
    condition_.NotifyOne();  // under the lock: this may be gone as soon as it is released
  }

  Entry& inner_;
  Mutex mutex_;
  CondVar condition_;
  bool ended_ ABSL_GUARDED_BY(mutex_) = false;
  ExitReason reason_ ABSL_GUARDED_BY(mutex_);
};

Scheduler::Options SchedulerOptions(const RuntimeOptions& options) {
  HYDRA_CHECK(options.schedulers >= 0) << "RuntimeOptions::schedulers is " << options.schedulers;
  HYDRA_CHECK(options.max_blocking_threads > 0)
      << "RuntimeOptions::max_blocking_threads is " << options.max_blocking_threads;
  const uint32_t cores = std::max(std::thread::hardware_concurrency(), 1U);
  return {.workers = options.schedulers == 0 ? cores : static_cast<uint32_t>(options.schedulers),
          .max_processes = options.max_processes,
          .max_blocking_threads = static_cast<uint32_t>(options.max_blocking_threads)};
}

}  // namespace

Runtime::Runtime(RuntimeOptions options)
    : Runtime(std::make_unique<Scheduler>(SchedulerOptions(options))) {}
Runtime::Runtime(std::unique_ptr<Scheduler> scheduler) : scheduler_(std::move(scheduler)) {
  scheduler_->set_runtime(*this);
}
Runtime::~Runtime() = default;

Runtime& Runtime::Current() {
  return process_internal::Worker::CurrentOrDie().scheduler().runtime();
}

bool Runtime::IsAlive(Pid pid) const { return scheduler_->IsAlive(pid); }
std::vector<Pid> Runtime::Processes() const { return scheduler_->Processes(); }

std::optional<ProcessInfo> Runtime::Info(Pid pid) {
  std::optional<ProcessInfo> info;
  Run([&]() -> Async<> { info = co_await hydra::Info(pid); });
  return info;
}

absl::Status Runtime::Register(const Pid& pid, std::string_view name) {
  return scheduler_->Register(pid, name);
}
absl::Status Runtime::Unregister(std::string_view name) {
  return scheduler_->names().Unregister(name);
}
Pid Runtime::WhereIs(std::string_view name) const { return scheduler_->names().WhereIs(name); }
std::vector<std::string> Runtime::RegisteredNames() const { return scheduler_->names().All(); }

Port Runtime::Join(NodeId self, std::shared_ptr<Transport> transport) {
  for (const NodeProcess& process : NodeProcesses())
    HYDRA_CHECK(Register(Spawn(process.body), process.name).ok()) << process.name << " is taken";
  scheduler_->remote().Join(std::move(self), std::move(transport));
  return Port(scheduler_->gate());
}

size_t Runtime::process_count() const { return scheduler_->process_count(); }
absl::Time Runtime::Now() const { return scheduler_->clock().Now(); }

Pid Runtime::SpawnEntry(Entry* entry) { return scheduler_->Spawn(entry); }

bool Runtime::SendSignal(const Dest& to, process_internal::Signal* signal) {
  return scheduler_->Send(to, signal);
}

ExitReason Runtime::RunEntry(Entry* entry) {
  HYDRA_CHECK(process_internal::Worker::Current() == nullptr)
      << "Runtime::Run would block a scheduler";
  WatchedEntry watched(entry);
  if (!scheduler_->Spawn(&watched)) return ExitReason::NoProc();
  return watched.AwaitEnd();
}

}  // namespace hydra
