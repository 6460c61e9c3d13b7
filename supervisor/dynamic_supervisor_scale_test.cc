// A DynamicSupervisor with a hundred thousand children.
#include <algorithm>
#include <chrono>
#include <cstddef>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "hydra/base/log_testing.h"
#include "hydra/base/status_testing.h"
#include "hydra/genserver/genserver.h"
#include "hydra/process/process.h"
#include "hydra/process/testing/process_test.h"
#include "hydra/supervisor/child.h"
#include "hydra/supervisor/child_info.h"
#include "hydra/supervisor/child_spec.h"
#include "hydra/supervisor/dynamic_supervisor.h"
#include "hydra/supervisor/supervision_testing.h"
#include "hydra/supervisor/supervisor.h"

namespace hydra {
namespace {

using Dynamic = ServerRef<DynamicSupervisor>;

constexpr size_t kMany = 100'000;

Async<> StartMany(Dynamic supervisor, size_t count, std::vector<Pid>* children) {
  for (size_t i = 0; i < count; ++i) {
    const auto child = co_await StartChild(
        supervisor, ProcessChild({.restart = Restart::kTemporary}, supervisor_testing::Idle));
    CO_ASSERT_TRUE(child.ok()) << child.status();
    children->push_back(*child);
  }
}

// How long it takes to start and to end a thousand children, besides those that there are: the shortest of
// several times, since others use this machine, too.
Async<absl::Duration> TimeForAThousand(Dynamic supervisor) {
  absl::Duration shortest = absl::InfiniteDuration();
  for (int i = 0; i < 5; ++i) {
    const auto start = std::chrono::steady_clock::now();
    std::vector<Pid> children;
    co_await StartMany(supervisor, 1000, &children);
    for (const Pid& child : children) EXPECT_OK(co_await TerminateChild(supervisor, child));
    shortest = std::min(shortest, absl::FromChrono(std::chrono::steady_clock::now() - start));
  }
  co_return shortest;
}

// DYN8: a thousand more cost about the same, whether there are a hundred thousand or none.
Async<> ScalesToAHundredThousandChildren() {
  const ScopedLogCapture log;
  TrapExit(true);
  const auto supervisor =
      co_await StartLink<DynamicSupervisor>({}, DynamicSupervisorOptions{.max_restarts = 0});
  CO_ASSERT_TRUE(supervisor.ok());
  const absl::Duration alone = co_await TimeForAThousand(*supervisor);
  std::vector<Pid> children;
  auto start = std::chrono::steady_clock::now();
  co_await StartMany(*supervisor, kMany, &children);
  const auto starting = std::chrono::steady_clock::now() - start;
  EXPECT_EQ((co_await CountChildren(*supervisor))->active, kMany);
  EXPECT_LT(co_await TimeForAThousand(*supervisor), 20 * alone + absl::Milliseconds(10));

  // A tenth ends by itself, the others with the supervisor.
  for (size_t i = 0; i < kMany; i += 10)
    co_await supervisor_testing::EndProcess(children[i], ExitReason::Killed());
  EXPECT_EQ((co_await CountChildren(*supervisor))->specs, kMany - kMany / 10);
  EXPECT_EQ((co_await WhichChildren(*supervisor))->size(), kMany - kMany / 10);
  start = std::chrono::steady_clock::now();
  EXPECT_OK(co_await Stop(*supervisor));
  // In whatever order they end.
  EXPECT_LT(std::chrono::steady_clock::now() - start, 3 * starting);
  size_t alive = 0;
  for (const Pid& child : children) {
    if (co_await IsAlive(child)) ++alive;
  }
  EXPECT_EQ(alive, 0);
}

TEST(DynamicSupervisorScaleTest, OnThreads) { TestOnThreads(&ScalesToAHundredThousandChildren); }

}  // namespace
}  // namespace hydra
