// Messages that are sent later. By hand all times are exact.
#include "hydra/process/timer.h"

#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "absl/cleanup/cleanup.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "hydra/base/log_testing.h"
#include "hydra/process/alias.h"
#include "hydra/process/async.h"
#include "hydra/process/exit_reason.h"
#include "hydra/process/internal/scheduler.h"
#include "hydra/process/internal/worker.h"
#include "hydra/process/link.h"
#include "hydra/process/name.h"
#include "hydra/process/pid.h"
#include "hydra/process/receive.h"
#include "hydra/process/self.h"
#include "hydra/process/send.h"
#include "hydra/process/spawn.h"
#include "hydra/process/testing/manual_runtime.h"
#include "hydra/process/testing/process_test.h"

namespace hydra {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::Optional;

constexpr absl::Duration kMs = absl::Milliseconds(1);

struct Gone {};
struct Tick {};

Async<> WaitForEver() { co_await Receive<Gone>(); }

// TMR1
HYDRA_TEST_BY_HAND(SendAfterTest, ArrivesExactlyThen) {
  for (const absl::Duration delay : {kMs, 63 * kMs, 64 * kMs, 65 * kMs, 4095 * kMs, 4096 * kMs,
                                     absl::Hours(7), absl::Hours(24 * 400)}) {
    const absl::Time start = Now();
    SendAfter(delay, Self(), 1);
    co_await Receive<int>();
    EXPECT_EQ(Now() - start, delay);
  }
}

// TMR1
HYDRA_TEST(SendAfterTest, IsNeverEarly) {
  for (int i = 1; i <= 5; ++i) {
    const absl::Duration delay = i * absl::Microseconds(700);
    const absl::Time start = Now();
    SendAfter(delay, Self(), 1);
    co_await Receive<int>();
    EXPECT_GE(Now() - start, delay);
  }
}

// TMR1
HYDRA_TEST_BY_HAND(SendAfterTest, ZeroAndNegativeDelaysTakeNoTimeButAreNotImmediate) {
  const absl::Time start = Now();
  for (const absl::Duration delay :
       {absl::ZeroDuration(), absl::Seconds(-1), -absl::InfiniteDuration()}) {
    SendAfter(delay, Self(), 1);
    EXPECT_FALSE((co_await Receive<int>().Within(absl::ZeroDuration())).has_value());
    co_await Receive<int>();
  }
  EXPECT_EQ(Now(), start);
}

HYDRA_TEST_BY_HAND(SendAfterTest, EndlessDelayNeverCome) {
  const TimerRef timer = SendAfter(absl::InfiniteDuration(), Self(), 1);
  co_await RefuteReceive<int>(testing::_, absl::Hours(24 * 1000));
  EXPECT_THAT(ReadTimer(timer), Optional(absl::InfiniteDuration()));
  EXPECT_THAT(CancelTimer(timer), Optional(absl::InfiniteDuration()));
}

// TMR6
HYDRA_TEST_BY_HAND(SendAfterTest, EarlierDeadlinesArriveFirst) {
  // Every order of near deadlines, which share a slot of the wheel's upper levels.
  for (int i = 100; i >= 1; --i) SendAfter((1000 + i) * kMs, Self(), 1000 + i);
  for (int i = 101; i <= 200; ++i) SendAfter((1000 + i) * kMs, Self(), 1000 + i);
  const absl::Time start = Now();
  for (int i = 1001; i <= 1200; ++i) {
    CO_ASSERT_EQ(co_await Receive<int>(), i);
    CO_ASSERT_EQ(Now() - start, i * kMs);
  }
}

// TMR6: the end of a wait has its place among them too.
HYDRA_TEST_BY_HAND(SendAfterTest, WaitEndsBeforeALaterTimer) {
  SendAfter(1001 * kMs, Self(), 1);
  EXPECT_FALSE((co_await Receive<int>().Within(1000 * kMs)).has_value());
  EXPECT_TRUE((co_await Receive<int>().Within(1000 * kMs)).has_value());
}

// TMR6
HYDRA_TEST_BY_HAND(SendAfterTest, ManyDeadlinesInMixedOrder) {
  constexpr int kCount = 1000;
  for (int i = 0; i < kCount; ++i) {
    const int delay = 1 + (i * 7919) % 100'000;
    SendAfter(delay * kMs, Self(), delay);
  }
  const absl::Time start = Now();
  for (int i = 0; i < kCount; ++i) {
    const int delay = co_await Receive<int>();
    CO_ASSERT_EQ(Now() - start, delay * kMs);
  }
}

// TMR6
HYDRA_TEST(SendAfterTest, EarlierDeadlinesArriveFirstOnThreadsToo) {
  // In ascending order, since real time passes between the calls.
  for (int i = 1; i <= 20; ++i) SendAfter(i * kMs, Self(), i);
  int last = 0;
  for (int i = 0; i < 20; ++i) {
    const int number = co_await Receive<int>();
    EXPECT_GT(number, last);
    last = number;
  }
}

HYDRA_TEST_BY_HAND(SendAfterTest, TakesMoveOnlyMessagesAndLiterals) {
  SendAfter(kMs, Self(), std::make_unique<int>(7));
  SendAfter(2 * kMs, Self(), "text");
  EXPECT_EQ(*co_await Receive<std::unique_ptr<int>>(), 7);
  EXPECT_EQ(co_await Receive<std::string>(), "text");
}

// TMR4
HYDRA_TEST_BY_HAND(SendAfterTest, TimerOfADeadReceiverIsCancelledAtOnce) {
  const Pid receiver = Spawn(WaitForEver);
  auto counted = std::make_shared<int>(7);
  const TimerRef timer = SendAfter(absl::Hours(1), receiver, counted);
  const TimerRef interval = SendInterval(absl::Hours(1), receiver, counted);
  EXPECT_TRUE(ReadTimer(timer).has_value());
  Exit(receiver, ExitReason::Kill());
  const absl::Time start = Now();
  while (counted.use_count() > 1) co_await Yield();
  EXPECT_EQ(Now(), start);
  EXPECT_EQ(ReadTimer(timer), std::nullopt);
  EXPECT_EQ(CancelTimer(timer), std::nullopt);
  EXPECT_EQ(CancelTimer(interval), std::nullopt);
}

// TMR4: a timer belongs to its receiver, not to who started it.
HYDRA_TEST_BY_HAND(SendAfterTest, TimerOutlivesWhoStartedIt) {
  Spawn([to = Self()]() -> Async<> {
    SendAfter(absl::Hours(1), to, 7);
    co_return;
  });
  EXPECT_EQ(co_await Receive<int>(), 7);
}

// TMR4
HYDRA_TEST_BY_HAND(SendAfterTest, TimerForADeadReceiverIsNotStarted) {
  auto counted = std::make_shared<int>(7);
  const TimerRef timer = SendAfter(absl::Hours(1), Pid(), counted);
  EXPECT_EQ(counted.use_count(), 1);
  EXPECT_EQ(ReadTimer(timer), std::nullopt);
  EXPECT_EQ(CancelTimer(timer), std::nullopt);
  co_return;
}

// TMR4: nothing that a dead process's timers hold reaches its successor in the slot.
HYDRA_TEST_BY_HAND(SendAfterTest, SuccessorIsNotSentItsPredecessorsMessages) {
  for (int i = 0; i < 100; ++i) {
    const Pid receiver = Spawn(WaitForEver);
    SendAfter(10 * kMs, receiver, i);
    Exit(receiver, ExitReason::Kill());
    Spawn([to = Self()]() -> Async<> {
      const auto stray = co_await ReceiveAny().Within(absl::Seconds(1));
      Send(to, stray.has_value());
    });
  }
  for (int i = 0; i < 100; ++i) CO_ASSERT_FALSE(co_await Receive<bool>());
}

// TMR2, W19
HYDRA_TEST_BY_HAND(CancelTimerTest, ReturnsExactlyWhatWasLeftAndTheMessageDoesNotCome) {
  const TimerRef timer = SendAfter(100 * kMs, Self(), 1);
  co_await Sleep(30 * kMs);
  EXPECT_THAT(CancelTimer(timer), Optional(70 * kMs));
  co_await RefuteReceive<int>(testing::_, absl::Hours(1));
  EXPECT_EQ(CancelTimer(timer), std::nullopt);
}

// TMR2
HYDRA_TEST_BY_HAND(CancelTimerTest, IsEmptyOnceTheTimerHasFired) {
  const TimerRef timer = SendAfter(10 * kMs, Self(), 1);
  co_await Receive<int>();
  EXPECT_EQ(CancelTimer(timer), std::nullopt);
}

// TMR2
HYDRA_TEST_BY_HAND(CancelTimerTest, DestroysTheMessage) {
  auto counted = std::make_shared<int>(7);
  const TimerRef timer = SendAfter(absl::Hours(1), Self(), counted);
  EXPECT_EQ(counted.use_count(), 2);
  EXPECT_TRUE(CancelTimer(timer).has_value());
  EXPECT_EQ(counted.use_count(), 1);
  co_return;
}

// TMR2: no lock is held while it is destroyed.
HYDRA_TEST_BY_HAND(CancelTimerTest, DestructorOfTheMessageMayUseTimers) {
  SendAfter(kMs, Self(), 1);
  auto start = absl::MakeCleanup([to = Self()] { SendAfter(2 * kMs, to, 2); });
  EXPECT_TRUE(CancelTimer(SendAfter(kMs, Self(), std::move(start))).has_value());
  EXPECT_EQ(co_await Receive<int>(), 1);
  EXPECT_EQ(co_await Receive<int>(), 2);
}

// TMR2: in place of a timer that is gone another may have been kept since.
HYDRA_TEST_BY_HAND(CancelTimerTest, StaleRefCancelsNoOtherTimer) {
  const TimerRef stale = SendAfter(kMs, Self(), 1);
  co_await Receive<int>();
  for (int i = 0; i < 10; ++i) SendAfter(10 * kMs, Self(), i);
  EXPECT_EQ(CancelTimer(stale), std::nullopt);
  EXPECT_EQ(ReadTimer(stale), std::nullopt);
  for (int i = 0; i < 10; ++i) co_await Receive<int>();
}

// TMR2
HYDRA_TEST_BY_HAND(CancelTimerTest, DefaultRefIsNobodysTimer) {
  SendAfter(10 * kMs, Self(), 1);
  EXPECT_EQ(CancelTimer(TimerRef()), std::nullopt);
  EXPECT_EQ(ReadTimer(TimerRef()), std::nullopt);
  co_await Receive<int>();
}

// TMR7
HYDRA_TEST_BY_HAND(CancelTimerTest, AnyProcessMayCancel) {
  const TimerRef timer = SendAfter(100 * kMs, Self(), 1);
  Spawn([timer, to = Self()]() -> Async<> {
    co_await Sleep(10 * kMs);
    Send(to, CancelTimer(timer));
  });
  EXPECT_THAT(co_await Receive<std::optional<absl::Duration>>(), Optional(90 * kMs));
  co_await RefuteReceive<int>(testing::_, absl::Seconds(1));
}

// TMR2: whoever wins the race, the answer is true.
HYDRA_TEST(CancelTimerTest, AnswerAgreesWithWhatArrives) {
  for (int i = 0; i < 30; ++i) {
    const TimerRef timer = SendAfter(kMs, Self(), i);
    if (i % 2 == 0) co_await Sleep(i % 4 == 0 ? kMs : absl::ZeroDuration());
    if (CancelTimer(timer).has_value()) {
      CO_ASSERT_FALSE((co_await Receive<int>().Within(3 * kMs)).has_value());
    } else {
      CO_ASSERT_EQ(co_await Receive<int>(), i);
    }
  }
}

// TMR3
HYDRA_TEST_BY_HAND(ReadTimerTest, TellsWhatIsLeft) {
  const TimerRef timer = SendAfter(100 * kMs, Self(), 1);
  EXPECT_THAT(ReadTimer(timer), Optional(100 * kMs));
  co_await Sleep(99 * kMs);
  EXPECT_THAT(ReadTimer(timer), Optional(kMs));
  co_await Receive<int>();
  EXPECT_EQ(ReadTimer(timer), std::nullopt);
  const TimerRef cancelled = SendAfter(100 * kMs, Self(), 1);
  CancelTimer(cancelled);
  EXPECT_EQ(ReadTimer(cancelled), std::nullopt);
}

// TMR5
HYDRA_TEST_BY_HAND(StartTimerTest, TimeoutCarriesItsRefAndMessage) {
  const TimerRef first = StartTimer(10 * kMs, Self(), "first");
  const TimerRef second = StartTimer(5 * kMs, Self(), "second");
  const auto timeout = co_await Receive<Timeout<std::string>>().For(first);
  EXPECT_EQ(timeout.ref, first.ref());
  EXPECT_EQ(timeout.message, "first");
  EXPECT_EQ((co_await Receive<Timeout<std::string>>().For(second)).message, "second");
}

// TMR5
HYDRA_TEST_BY_HAND(StartTimerTest, StaleTimeoutIsToldFromALiveOne) {
  const TimerRef stale = StartTimer(10 * kMs, Self(), 1);
  co_await Sleep(10 * kMs);
  EXPECT_EQ(CancelTimer(stale), std::nullopt);  // too late: it is in the mailbox
  const TimerRef live = StartTimer(10 * kMs, Self(), 1);
  EXPECT_EQ((co_await Receive<Timeout<int>>().For(live)).ref, live.ref());
  EXPECT_EQ((co_await Receive<Timeout<int>>()).ref, stale.ref());
}

HYDRA_TEST_BY_HAND(SendIntervalTest, ComesEachIntervalWithoutDrift) {
  const absl::Time start = Now();
  const TimerRef timer = SendInterval(10 * kMs, Self(), Tick{});
  for (int i = 1; i <= 50; ++i) {
    co_await Receive<Tick>();
    CO_ASSERT_EQ(Now() - start, i * 10 * kMs);
    co_await Sleep((i % 10) * kMs);  // being late doesn't delay the next
  }
  EXPECT_TRUE(CancelTimer(timer).has_value());
  co_await RefuteReceive<Tick>(testing::_, absl::Seconds(1));
}

HYDRA_TEST_BY_HAND(SendIntervalTest, LateReceiverFindsAllThatWereDue) {
  const TimerRef timer = SendInterval(10 * kMs, Self(), Tick{});
  co_await Sleep(105 * kMs);
  EXPECT_EQ((co_await Flush<Tick>()).size(), 10U);
  EXPECT_THAT(ReadTimer(timer), Optional(5 * kMs));
  EXPECT_THAT(CancelTimer(timer), Optional(5 * kMs));
}

// TMR1
HYDRA_TEST_BY_HAND(SendIntervalTest, FractionIsRoundedUpAndZeroIsAMillisecond) {
  TimerRef timer = SendInterval(absl::Microseconds(1900), Self(), Tick{});
  co_await Sleep(20 * kMs);
  CancelTimer(timer);
  EXPECT_EQ((co_await Flush<Tick>()).size(), 10U);
  timer = SendInterval(absl::ZeroDuration(), Self(), Tick{});
  co_await Sleep(20 * kMs);
  CancelTimer(timer);
  EXPECT_EQ((co_await Flush<Tick>()).size(), 20U);
}

// TMR4
TEST(SendIntervalTest, EndsWithItsReceiver) {
  ManualRuntime runtime;
  runtime.Spawn([]() -> Async<> {
    SendInterval(10 * kMs, Self(), Tick{});
    for (int i = 0; i < 3; ++i) co_await Receive<Tick>();
  });
  runtime.RunUntilIdle();
  int steps = 0;
  while (steps < 100 && runtime.AdvanceToNextTimer()) ++steps;
  EXPECT_LE(steps, 3);
  EXPECT_EQ(runtime.process_count(), 0U);
}

HYDRA_TEST_BY_HAND(SendIntervalTest, CopyThatThrowsIsLeftOut) {
  struct Moody {
    explicit Moody(std::shared_ptr<int> count) : copies(std::move(count)) {}
    Moody(const Moody& other) : copies(other.copies) {
      if (++*copies == 2) throw std::runtime_error("not now");
    }
    Moody(Moody&& other) = default;
    std::shared_ptr<int> copies;
  };
  const ScopedLogCapture log;
  const TimerRef timer = SendInterval(10 * kMs, Self(), Moody(std::make_shared<int>(0)));
  co_await Sleep(45 * kMs);
  CancelTimer(timer);
  EXPECT_TRUE(log.Contains("not now"));
  int received = 0;
  while ((co_await Receive<Moody>().Within(absl::ZeroDuration())).has_value()) ++received;
  EXPECT_EQ(received, 3);
}

// User code that a timer runs may use timers: no lock is held around it.
HYDRA_TEST(SendIntervalTest, CopyMayUseTimers) {
  struct Nested {
    explicit Nested(Pid pid) : to(pid) {}
    Nested(const Nested& other) : to(other.to) { SendAfterFrom(to); }
    Nested(Nested&&) = default;
    static void SendAfterFrom(Pid to) { Send(to, 1); }
    Pid to;
  };
  const TimerRef timer = SendInterval(kMs, Self(), Nested(Self()));
  co_await AssertReceive<Nested>();
  co_await AssertReceive<int>();
  CancelTimer(timer);
}

// TMR4
HYDRA_TEST_BY_HAND(TimerTest, NameIsLookedUpWhenItFires) {
  SendAfter(10 * kMs, "name", 1);
  SendAfter(20 * kMs, "name", 2);
  SendAfter(30 * kMs, "nobody", 3);
  co_await Sleep(15 * kMs);
  EXPECT_TRUE(Register(Self(), "name").ok());
  co_await Sleep(absl::Seconds(1));
  EXPECT_THAT(co_await Flush<int>(), ElementsAre(2));
}

// TMR2, TMR3
HYDRA_TEST_BY_HAND(TimerTest, ToANameIsReadAndCancelled) {
  EXPECT_TRUE(Register(Self(), "name").ok());
  const TimerRef timer = SendAfter(10 * kMs, "name", 1);
  co_await Sleep(4 * kMs);
  EXPECT_THAT(ReadTimer(timer), Optional(6 * kMs));
  EXPECT_THAT(CancelTimer(timer), Optional(6 * kMs));
  EXPECT_EQ(CancelTimer(timer), std::nullopt);
  co_await Sleep(absl::Seconds(1));
  EXPECT_THAT(co_await Flush<int>(), IsEmpty());
}

// TMR4: an interval outlives who has the name.
HYDRA_TEST_BY_HAND(TimerTest, IntervalToANameReachesASuccessor) {
  const TimerRef timer = SendInterval(10 * kMs, "name", 1);
  for (int i = 0; i < 2; ++i) {
    const absl::StatusOr<Pid> process = SpawnWith(
        {.name = "name"},
        [](Pid parent) -> Async<> {
          co_await Receive<int>();
          Send(parent, Gone{});
        },
        Self());
    CO_ASSERT_TRUE(process.ok()) << process.status();
    co_await AssertReceive<Gone>();
    co_await Sleep(25 * kMs);
  }
  EXPECT_TRUE(CancelTimer(timer).has_value());
}

// ALI1
HYDRA_TEST_BY_HAND(TimerTest, ToAnAliasArrivesWhileThatIsActive) {
  const Ref alias = MakeAlias();
  SendAfter(10 * kMs, alias, 1);
  const TimerRef interval = SendInterval(4 * kMs, alias, 2);
  co_await Sleep(11 * kMs);
  Unalias(alias);
  co_await Sleep(absl::Seconds(1));
  EXPECT_THAT(co_await Flush<int>(), ElementsAre(2, 2, 1));
  EXPECT_TRUE(CancelTimer(interval).has_value());
}

// W19
HYDRA_TEST_BY_HAND(TimerTest, NothingIsLeftOfThoseThatHaveFired) {
  for (int i = 0; i < 1000; ++i) SendAfter(absl::ZeroDuration(), Self(), i);
  for (int i = 0; i < 1000; ++i) co_await Receive<int>();
  EXPECT_EQ(process_internal::Worker::CurrentOrDie().scheduler().timers().pending(), 0U);
}

// TMR8
HYDRA_TEST_BY_HAND(TimerTest, ManyTimersAreStartedAndCancelled) {
  constexpr int kCount = 10'000;
  std::vector<TimerRef> timers;
  for (int i = 0; i < kCount; ++i) timers.push_back(SendAfter((1 + i % 997) * kMs, Self(), i));
  for (int i = 0; i < kCount; i += 2) CO_ASSERT_TRUE(CancelTimer(timers[i]).has_value());
  co_await Sleep(absl::Seconds(1));
  const std::vector<int> received = co_await Flush<int>();
  CO_ASSERT_EQ(received.size(), kCount / 2U);
  for (int i : received) CO_ASSERT_EQ(i % 2, 1);
}

// TMR4: what is left of them goes with the runtime.
TEST(TimerToANameTest, MessageIsDestroyedWithTheRuntime) {
  const auto token = std::make_shared<int>();
  {
    ManualRuntime runtime;
    runtime.Run([token]() -> Async<> {
      SendAfter(absl::Hours(1), "nobody", token);
      SendInterval(absl::Hours(1), "nobody", token);
      co_return;
    });
    EXPECT_GT(token.use_count(), 1);
  }
  EXPECT_EQ(token.use_count(), 1);
}

}  // namespace
}  // namespace hydra
