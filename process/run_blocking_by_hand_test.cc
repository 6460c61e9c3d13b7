// Blocking functions in a runtime that is driven by hand.
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "hydra/process/async.h"
#include "hydra/process/pid.h"
#include "hydra/process/run_blocking.h"
#include "hydra/process/testing/manual_runtime.h"
#include "hydra/process/timer.h"

namespace hydra {
namespace {

TEST(RunBlockingByHandTest, NothingIsIdleWhileAFunctionWaits) {
  ManualRuntime runtime;
  const absl::Time start = runtime.Now();
  absl::Time called;
  const Pid sleeper = runtime.Spawn([]() -> Async<> { co_await Sleep(absl::Seconds(1)); });
  const Pid pid =
      runtime.Spawn([&]() -> Async<> { co_await RunBlocking([&] { called = runtime.Now(); }); });
  runtime.RunUntilIdle();
  EXPECT_EQ(called, start);
  EXPECT_FALSE(runtime.IsAlive(pid));
  EXPECT_TRUE(runtime.IsAlive(sleeper));
}

// The turns of four processes and their functions, in their order: a process '1' writes that before it
// calls the function that writes 'a', and 'A' after it.
std::string OrderOf(uint64_t seed) {
  std::string order;
  ManualRuntime runtime({.seed = seed});
  for (char i = 0; i < 4; ++i) {
    runtime.Spawn([&order, i]() -> Async<> {
      order += static_cast<char>('1' + i);
      co_await RunBlocking([&order, i] { order += static_cast<char>('a' + i); });
      order += static_cast<char>('A' + i);
    });
  }
  runtime.RunUntilIdle();
  return order;
}

// What there is of `order` between `first` and `last`, counted from `first`.
std::vector<int> Part(const std::string& order, char first, char last) {
  std::vector<int> part;
  for (const char name : order) {
    if (name >= first && name <= last) part.push_back(name - first);
  }
  return part;
}

TEST(RunBlockingByHandTest, ScheduleIsTheSeeds) {
  bool later_function_first = false;
  bool functions_in_a_row = false;
  bool starts_in_a_row = false;
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    const std::string order = OrderOf(seed);
    EXPECT_EQ(order.size(), 12);
    EXPECT_EQ(order, OrderOf(seed));
    later_function_first |= Part(order, 'a', 'd') != Part(order, '1', '4');
    for (size_t i = 1; i < order.size(); ++i) {
      functions_in_a_row |= order[i - 1] >= 'a' && order[i] >= 'a';
      starts_in_a_row |= order[i - 1] <= '4' && order[i] <= '4';
    }
  }
  EXPECT_TRUE(later_function_first);
  EXPECT_TRUE(functions_in_a_row) << "though the first one's process could go on";
  EXPECT_TRUE(starts_in_a_row) << "though the first one's function could be called";
}

}  // namespace
}  // namespace hydra
