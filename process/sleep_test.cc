// Sleep, Yield and Now.
#include <string>

#include "absl/cleanup/cleanup.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "hydra/process/async.h"
#include "hydra/process/exit_reason.h"
#include "hydra/process/link.h"
#include "hydra/process/pid.h"
#include "hydra/process/receive.h"
#include "hydra/process/self.h"
#include "hydra/process/send.h"
#include "hydra/process/spawn.h"
#include "hydra/process/testing/manual_runtime.h"
#include "hydra/process/testing/process_test.h"
#include "hydra/process/timer.h"

namespace hydra {
namespace {

using testing::ElementsAre;

constexpr absl::Duration kMs = absl::Milliseconds(1);

struct Gone {};

HYDRA_TEST_BY_HAND(SleepTest, TakesExactlyItsTime) {
  for (const absl::Duration time : {kMs, 64 * kMs, absl::Hours(24 * 365)}) {
    const absl::Time start = Now();
    co_await Sleep(time);
    EXPECT_EQ(Now() - start, time);
  }
}

// TMR1
HYDRA_TEST(SleepTest, IsNeverEarly) {
  for (int i = 1; i <= 5; ++i) {
    const absl::Time start = Now();
    co_await Sleep(i * absl::Microseconds(700));
    EXPECT_GE(Now() - start, i * absl::Microseconds(700));
  }
}

HYDRA_TEST_BY_HAND(SleepTest, ZeroAndNegativeTakeNoTime) {
  const absl::Time start = Now();
  co_await Sleep(absl::ZeroDuration());
  co_await Sleep(absl::Seconds(-1));
  EXPECT_EQ(Now(), start);
}

// RCV1
HYDRA_TEST_BY_HAND(SleepTest, MessagesWaitMeanwhile) {
  for (int i = 1; i <= 3; ++i) SendAfter(i * kMs, Self(), i);
  const absl::Time start = Now();
  co_await Sleep(10 * kMs);
  EXPECT_EQ(Now() - start, 10 * kMs);
  EXPECT_THAT(co_await Flush<int>(), ElementsAre(1, 2, 3));
}

// SIG7
HYDRA_TEST_BY_HAND(SleepTest, ExitSignalActsMeanwhile) {
  const Pid sleeper = Spawn([to = Self()]() -> Async<> {
    absl::Cleanup gone = [to] { Send(to, Gone{}); };
    co_await Sleep(absl::Hours(1));
  });
  co_await Sleep(kMs);
  const absl::Time start = Now();
  Exit(sleeper, ExitReason::Shutdown());
  co_await Receive<Gone>();
  EXPECT_EQ(Now(), start);
}

// SIG7
TEST(SleepTest, SleepOfZeroLooksForSignals) {
  const ProcessBody body = []() -> Async<> {
    Exit(Self(), ExitReason::Shutdown());
    co_await Sleep(absl::ZeroDuration());
    ADD_FAILURE() << "it went on";
  };
  TestByHand(body, ExitReason::Shutdown());
  TestOnThreads(body, ExitReason::Shutdown());
}

HYDRA_TEST_BY_HAND(SleepTest, EarlierSleepersWakeFirst) {
  for (int i = 100; i >= 1; --i) {
    Spawn([to = Self(), i]() -> Async<> {
      co_await Sleep((1000 + i) * kMs);
      Send(to, i);
    });
  }
  for (int i = 1; i <= 100; ++i) CO_ASSERT_EQ(co_await Receive<int>(), i);
}

HYDRA_TEST_BY_HAND(SleepTest, EndlessSleepEndsByAnExitOnly) {
  const Pid sleeper = Spawn([to = Self()]() -> Async<> {
    absl::Cleanup gone = [to] { Send(to, Gone{}); };
    co_await Sleep(absl::InfiniteDuration());
  });
  co_await RefuteReceive<Gone>(testing::_, absl::Hours(24 * 1000));
  Exit(sleeper, ExitReason::Kill());
  co_await AssertReceive<Gone>();
}

HYDRA_TEST(YieldTest, LetsOthersRun) {
  Spawn([to = Self()]() -> Async<> {
    for (int i = 0; i < 10; ++i) co_await Yield();
    Send(to, 1);
  });
  while (!(co_await Receive<int>().Within(absl::ZeroDuration())).has_value()) co_await Yield();
}

// RCV1
HYDRA_TEST(YieldTest, LeavesMessagesAlone) {
  Send(Self(), 1);
  Send(Self(), "two");
  co_await Receive<std::string>();
  for (int i = 0; i < 10; ++i) co_await Yield();
  EXPECT_THAT(co_await Flush<int>(), ElementsAre(1));
}

TEST(YieldTest, EndsTheTurn) {
  ManualRuntime runtime;
  int steps = 0;
  runtime.Spawn([&steps]() -> Async<> {
    for (; steps < 10; ++steps) co_await Yield();
  });
  for (int i = 0; i < 5; ++i) EXPECT_TRUE(runtime.RunOne());
  EXPECT_EQ(steps, 4);
  runtime.RunUntilIdle();
  EXPECT_EQ(steps, 10);
}

HYDRA_TEST_BY_HAND(NowTest, StandsStillWhileProcessesRun) {
  const absl::Time start = Now();
  for (int i = 0; i < 1000; ++i) co_await Yield();
  EXPECT_EQ(Now(), start);
}

HYDRA_TEST(NowTest, NeverGoesBack) {
  absl::Time last = Now();
  for (int i = 0; i < 1000; ++i) {
    co_await Yield();
    CO_ASSERT_GE(Now(), last);
    last = Now();
  }
}

TEST(NowTest, IsTheRuntimes) {
  ManualRuntime runtime;
  const absl::Time start = runtime.Now();
  absl::Time seen;
  runtime.Spawn([&seen]() -> Async<> {
    co_await Sleep(absl::Seconds(3));
    seen = Now();
  });
  runtime.Advance(absl::Seconds(5));
  EXPECT_EQ(seen - start, absl::Seconds(3));
  EXPECT_EQ(runtime.Now() - start, absl::Seconds(5));
}

}  // namespace
}  // namespace hydra
