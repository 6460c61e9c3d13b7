#include "hydra/process/testing/manual_runtime.h"

#include <cstdint>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "hydra/process/async.h"
#include "hydra/process/exit_reason.h"
#include "hydra/process/link.h"
#include "hydra/process/pid.h"
#include "hydra/process/receive.h"
#include "hydra/process/runtime.h"
#include "hydra/process/self.h"
#include "hydra/process/send.h"
#include "hydra/process/timer.h"

namespace hydra {
namespace {

struct Never {};

TEST(ManualRuntimeTest, NothingRunsUnasked) {
  ManualRuntime runtime;
  bool ran = false;
  runtime.Spawn([&ran]() -> Async<> {
    ran = true;
    co_return;
  });
  EXPECT_FALSE(ran);
  EXPECT_TRUE(runtime.RunOne());
  EXPECT_TRUE(ran);
  EXPECT_FALSE(runtime.RunOne());
}

TEST(ManualRuntimeTest, RunUntilIdleCountsTurnsAndLeavesTheClockAlone) {
  ManualRuntime runtime;
  const absl::Time start = runtime.Now();
  runtime.Spawn([]() -> Async<> {
    co_await Yield();
    co_await Sleep(absl::Hours(1));
  });
  EXPECT_EQ(runtime.RunUntilIdle(), 2);
  EXPECT_EQ(runtime.Now(), start);
  EXPECT_EQ(runtime.process_count(), 1U);
}

TEST(ManualRuntimeTest, AdvanceStopsAtEachTimer) {
  ManualRuntime runtime;
  std::vector<absl::Duration> woken;
  const absl::Time start = runtime.Now();
  runtime.Spawn([&]() -> Async<> {
    for (int i = 0; i < 3; ++i) {
      co_await Sleep(absl::Seconds(10));
      woken.push_back(Now() - start);
    }
  });
  runtime.Advance(absl::Seconds(25));
  EXPECT_EQ(woken, (std::vector{absl::Seconds(10), absl::Seconds(20)}));
  EXPECT_EQ(runtime.Now() - start, absl::Seconds(25));
}

TEST(ManualRuntimeTest, AdvanceToNextTimerTellsWhetherThereIsOne) {
  ManualRuntime runtime;
  const absl::Time start = runtime.Now();
  EXPECT_FALSE(runtime.AdvanceToNextTimer());
  runtime.Spawn([]() -> Async<> { co_await Sleep(absl::Hours(30)); });
  runtime.RunUntilIdle();
  EXPECT_TRUE(runtime.AdvanceToNextTimer());
  EXPECT_EQ(runtime.Now() - start, absl::Hours(30));
  EXPECT_EQ(runtime.process_count(), 0U);
}

TEST(ManualRuntimeTest, RunMovesTheClockByItself) {
  ManualRuntime runtime;
  const absl::Time start = runtime.Now();
  const ExitReason reason = runtime.Run(
      [](absl::Duration time) -> Async<> {
        SendAfter(time, Self(), std::string("now"));
        co_await Receive<std::string>();
        Exit(Self(), ExitReason::Custom("done"));
        co_await Receive<Never>();
      },
      absl::Hours(1));
  EXPECT_EQ(reason, ExitReason::Custom("done"));
  EXPECT_EQ(runtime.Now() - start, absl::Hours(1));
}

TEST(ManualRuntimeTest, RunIsMeantByTheBaseClass) {
  ManualRuntime manual;
  Runtime& runtime = manual;
  EXPECT_EQ(runtime.Run([]() -> Async<> { co_await Sleep(absl::Hours(1)); }), ExitReason::Normal());
}

TEST(ManualRuntimeDeathTest, RunOfAProcessThatWaitsForEverFails) {
  EXPECT_DEATH(
      {
        ManualRuntime runtime;
        runtime.Run([]() -> Async<> { co_await Receive<Never>(); });
      },
      "waits for ever");
}

TEST(ManualRuntimeDeathTest, OthersActInTheMidstOfATurn) {
  ManualRuntime runtime;
  ManualRuntime other;
  bool heard = false;
  bool ended = false;
  const Pid listener = other.Spawn([&heard]() -> Async<> {
    co_await Receive<std::string>();
    heard = true;
  });
  runtime.Spawn([&]() -> Async<> {
    const Pid self = Self();
    ManualRuntime::Meanwhile([&] {
      EXPECT_DEATH(Send(self, 7), "foreign thread");
      other.Send(listener, std::string("now"));
      other.RunUntilIdle();
      runtime.Send(self, std::string("later"));
    });
    EXPECT_EQ(Self(), self);
    EXPECT_TRUE(heard);
    EXPECT_EQ(co_await Receive<std::string>(), "later");
    ended = true;
  });
  runtime.RunUntilIdle();
  EXPECT_TRUE(ended);
}

// The order of turns that a seed gives.
std::vector<int> Order(uint64_t seed) {
  ManualRuntime runtime({.seed = seed});
  std::vector<int> order;
  for (int i = 0; i < 10; ++i) {
    runtime.Spawn([&order, i]() -> Async<> {
      order.push_back(i);
      co_return;
    });
  }
  runtime.RunUntilIdle();
  return order;
}

TEST(ManualRuntimeTest, SeedDecidesTheOrder) {
  EXPECT_EQ(Order(1), Order(1));
  EXPECT_NE(Order(1), Order(2));
}

}  // namespace
}  // namespace hydra
