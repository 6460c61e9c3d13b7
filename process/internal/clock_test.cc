#include "hydra/process/internal/clock.h"

#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "hydra/process/internal/wait.h"

namespace hydra::process_internal {
namespace {

constexpr absl::Duration kCentury = absl::Hours(24 * 365 * 100);

// ---- Virtual.

TEST(VirtualClockTest, StandsStillUntilItIsAdvanced) {
  Clock clock(Clock::Kind::kVirtual);
  const absl::Time start = clock.Now();
  EXPECT_EQ(clock.NowTick(), 0);
  clock.AdvanceTo(250);
  EXPECT_EQ(clock.NowTick(), 250);
  EXPECT_EQ(clock.Now(), start + absl::Milliseconds(250));
  EXPECT_EQ(clock.Now(), start + absl::Milliseconds(250));
}

TEST(VirtualClockTest, StartsAtTheSameTimeInEveryRun) {
  EXPECT_EQ(Clock(Clock::Kind::kVirtual).Now(), absl::FromUnixSeconds(1'000'000'000));
}

TEST(VirtualClockTest, NoDelayIsDueAtOnce) {
  Clock clock(Clock::Kind::kVirtual);
  clock.AdvanceTo(100);
  EXPECT_EQ(clock.TickAfter(absl::ZeroDuration()), 0);
  EXPECT_EQ(clock.TickAfter(-absl::Seconds(1)), 0);
  EXPECT_EQ(clock.TickAfter(-absl::InfiniteDuration()), 0);
}

// TMR1
TEST(VirtualClockTest, DelayIsRoundedUpToAWholeTick) {
  Clock clock(Clock::Kind::kVirtual);
  clock.AdvanceTo(100);
  EXPECT_EQ(clock.TickAfter(absl::Milliseconds(5)), 105);
  EXPECT_EQ(clock.TickAfter(absl::Milliseconds(5) + absl::Nanoseconds(1)), 106);
  EXPECT_EQ(clock.TickAfter(absl::Milliseconds(5) - absl::Nanoseconds(1)), 105);
  EXPECT_EQ(clock.TickAfter(absl::Nanoseconds(1)), 101);
}

// TMR1: absl::Duration counts quarters of nanoseconds.
TEST(VirtualClockTest, PartOfANanosecondIsRoundedUpToo) {
  Clock clock(Clock::Kind::kVirtual);
  EXPECT_EQ(clock.TickAfter(absl::Milliseconds(5) + absl::Nanoseconds(1) / 4), 6);
  EXPECT_EQ(clock.TickAfter(absl::Nanoseconds(1) / 4), 1);
}

TEST(VirtualClockTest, LongDelayIsExactHere) {
  Clock clock(Clock::Kind::kVirtual);
  clock.AdvanceTo(7);
  EXPECT_EQ(clock.TickAfter(absl::Hours(1)), 3'600'007);
  EXPECT_EQ(clock.TickAfter(kCentury - absl::Milliseconds(1)), Tick{36'500} * 86'400'000 + 6);
}

TEST(VirtualClockTest, CenturyIsForever) {
  Clock clock(Clock::Kind::kVirtual);
  EXPECT_EQ(clock.TickAfter(kCentury), kForever);
  EXPECT_EQ(clock.TickAfter(absl::InfiniteDuration()), kForever);
}

TEST(VirtualClockTest, UntilIsTheTimeThatIsLeft) {
  Clock clock(Clock::Kind::kVirtual);
  clock.AdvanceTo(100);
  EXPECT_EQ(clock.Until(130), absl::Milliseconds(30));
  EXPECT_EQ(clock.Until(100), absl::ZeroDuration());
  EXPECT_EQ(clock.Until(10), absl::ZeroDuration()) << "it has begun already";
  EXPECT_EQ(clock.Until(kForever), absl::InfiniteDuration());
  EXPECT_EQ(clock.Until(kNextTurn), absl::InfiniteDuration());
}

TEST(VirtualClockTest, UntilTheTickAfterADelayIsTheDelay) {
  Clock clock(Clock::Kind::kVirtual);
  for (const absl::Duration delay :
       {absl::Milliseconds(1), absl::Seconds(59), absl::Hours(24 * 365)}) {
    EXPECT_EQ(clock.Until(clock.TickAfter(delay)), delay);
  }
}

// ---- Steady.

TEST(SteadyClockTest, StartsAtTheWallClocksTime) {
  const absl::Time before = absl::Now();
  const Clock clock(Clock::Kind::kSteady);
  EXPECT_GE(clock.Now(), before);
  EXPECT_LE(clock.Now(), absl::Now() + absl::Minutes(1));
}

TEST(SteadyClockTest, NeverGoesBack) {
  const Clock clock(Clock::Kind::kSteady);
  absl::Time time = clock.Now();
  Tick tick = clock.NowTick();
  for (int i = 0; i < 10'000; ++i) {
    const absl::Time next_time = clock.Now();
    const Tick next_tick = clock.NowTick();
    ASSERT_GE(next_time, time);
    ASSERT_GE(next_tick, tick);
    time = next_time;
    tick = next_tick;
  }
}

// TMR1
TEST(SteadyClockTest, TickAfterADelayDoesNotBeginEarlier) {
  const Clock clock(Clock::Kind::kSteady);
  for (int i = 0; i < 20; ++i) {
    const absl::Duration delay = absl::Microseconds(137 * i + 1);
    const absl::Time start = clock.Now();
    const Tick tick = clock.TickAfter(delay);
    while (clock.NowTick() < tick) {
    }
    EXPECT_GE(clock.Now() - start, delay);
    EXPECT_EQ(clock.Until(tick), absl::ZeroDuration());
  }
}

// TMR1: a clock that is behind, as the coarse one is, would do it.
TEST(SteadyClockTest, LongDelayIsNotCutShort) {
  const Clock clock(Clock::Kind::kSteady);
  for (int i = 0; i < 10'000; ++i) {
    const absl::Duration delay = absl::Seconds(1 + i);
    const absl::Time start = clock.Now();
    const Tick tick = clock.TickAfter(delay);
    const absl::Duration left = clock.Until(tick);
    ASSERT_GE(clock.Now() + left, start + delay);
  }
}

// TMR1: nor does one that is taken from an earlier reading, another each time or the same for a while.
TEST(SteadyClockTest, DelayFromAReadingIsNotCutShort) {
  const Clock clock(Clock::Kind::kSteady);
  Clock::Reading reading;
  for (int i = 0; i < 200'000; ++i) {
    const absl::Duration delay = absl::Microseconds(100 + (i < 100'000 ? i : i / 20'000));
    const absl::Time start = clock.Now();
    const Tick tick = clock.TickAfter(delay, reading);
    const absl::Duration left = clock.Until(tick);
    ASSERT_GE(clock.Now() + left, start + delay);
    ASSERT_LE(tick, clock.TickAfter(delay + absl::Microseconds(201)));
  }
}

// An old reading is none, and neither is one from the future, as after a jump of the counter.
TEST(SteadyClockTest, StrangeReadingsAreReplaced) {
  const Clock clock(Clock::Kind::kSteady);
  Clock::Reading reading;
  for (int i = 0; i < 10; ++i) clock.TickAfter(absl::Seconds(1), reading);
  const Clock::Reading good = reading;
  for (const uint64_t cycles : {good.cycles - 1'000'000'000, good.cycles + 1'000'000'000'000}) {
    reading = good;
    reading.nanos = 0;
    reading.cycles = cycles;
    clock.TickAfter(absl::Seconds(1), reading);
    EXPECT_GE(reading.nanos, good.nanos);
  }
}

TEST(VirtualClockTest, IsReadEachTime) {
  Clock clock(Clock::Kind::kVirtual);
  Clock::Reading reading;
  for (const Tick tick : {5, 100, 101}) {
    clock.AdvanceTo(tick);
    EXPECT_EQ(clock.TickAfter(absl::Milliseconds(3), reading), tick + 3);
  }
}

TEST(SteadyClockTest, LongDelayIsNotDrawnOut) {
  const Clock clock(Clock::Kind::kSteady);
  const absl::Duration delay = absl::Hours(1);
  const Tick tick = clock.TickAfter(delay);
  EXPECT_LE(clock.Until(tick), delay + absl::Milliseconds(50));
}

TEST(SteadyClockTest, KnowsNoTimeBeyondACentury) {
  const Clock clock(Clock::Kind::kSteady);
  EXPECT_EQ(clock.TickAfter(kCentury), kForever);
  EXPECT_EQ(clock.TickAfter(absl::ZeroDuration()), 0);
  EXPECT_EQ(clock.Until(kForever), absl::InfiniteDuration());
  EXPECT_EQ(clock.Until(0), absl::ZeroDuration());
}

}  // namespace
}  // namespace hydra::process_internal
