#include "hydra/benchmarks/supervision.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "hydra/base/check.h"
#include "hydra/base/log.h"
#include "hydra/benchmarks/measuring.h"
#include "hydra/benchmarks/workloads.h"
#include "hydra/genserver/genserver.h"
#include "hydra/process/process.h"
#include "hydra/supervisor/supervisor.h"

namespace hydra::benchmarks {
namespace {

struct Started {
  Pid pid;
};

// Tells its owner, if it has one, that it has started.
class Worker {
 public:
  using Protocol = hydra::Protocol<>;
  explicit Worker(Pid owner) : owner_(owner) {}
  void Init() {
    if (owner_) Send(owner_, Started{Self()});
  }

 private:
  Pid owner_;
};

Children Workers(int64_t count, Pid owner) {
  Children children;
  children.reserve(count);
  for (int64_t i = 0; i < count; ++i)
    children.push_back(Child<Worker>({.id = std::to_string(i)}, owner));
  return children;
}

Async<std::vector<Pid>> AwaitStarted(int64_t count) {
  std::vector<Pid> pids;
  pids.reserve(count);
  for (int64_t i = 0; i < count; ++i) pids.push_back((co_await Receive<Started>()).pid);
  co_return pids;
}

// Kills all children of a supervisor, waits until all have started anew, and so on, so many restarts in all.
Async<> KillChildren(int64_t count, int64_t restarts) {
  const auto supervisor = co_await StartLink<Supervisor>(
      {},
      SupervisorOptions{.max_restarts = static_cast<size_t>(restarts), .period = absl::Hours(1)},
      Workers(count, Self()));
  HYDRA_CHECK(supervisor.ok());
  std::vector<Pid> children = co_await AwaitStarted(count);
  for (int64_t round = 0; round < restarts / count; ++round) {
    for (const Pid& child : children) Exit(child, ExitReason::Kill());
    children = co_await AwaitStarted(count);
  }
  HYDRA_CHECK((co_await Stop(*supervisor)).ok());
}

Async<Measured> UseSupervisors(Setup setup, int64_t intensity) {
  SetMinLogSeverity(LogSeverity::kFatal);  // Erlang's logger is off as well
  const absl::Time start = Now();
  for (int64_t i = 0; i < setup.operations / intensity; ++i)
    co_await KillChildren(setup.parameter, intensity);
  co_return Measured{static_cast<double>(setup.operations), SecondsSince(start)};
}

}  // namespace

Async<Measured> RestartChildren(Setup setup) { return UseSupervisors(setup, 1000); }

Async<Measured> RestartChildrenOften(Setup setup) {
  return UseSupervisors(setup, setup.operations);
}

Async<Measured> StartAndStopTree(Setup setup) {
  const double bytes_before = ResidentBytes();
  absl::Time start = Now();
  const auto supervisor =
      co_await StartLink<Supervisor>({}, SupervisorOptions{}, Workers(setup.operations, Pid()));
  HYDRA_CHECK(supervisor.ok());
  const double start_seconds = SecondsSince(start);
  const double bytes = ResidentBytes() - bytes_before;
  start = Now();
  HYDRA_CHECK((co_await Stop(*supervisor)).ok());
  const double stop_seconds = SecondsSince(start);
  const auto count = static_cast<double>(setup.operations);
  co_return Measured{
      count,
      start_seconds,
      {{{"stopped_per_s", count / stop_seconds}, {"bytes_per_child", bytes / count}}}};
}

}  // namespace hydra::benchmarks
