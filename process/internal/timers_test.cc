#include "hydra/process/internal/timers.h"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <random>
#include <thread>
#include <utility>
#include <vector>

#include "gtest/gtest.h"
#include "hydra/process/internal/signal.h"
#include "hydra/process/internal/wait.h"
#include "hydra/process/pid.h"
#include "hydra/process/testing/rounds.h"

namespace hydra::process_internal {
namespace {

using Token = std::shared_ptr<int>;

// Slots 0 and 2 share a wheel of two; slot 1 has the other.
constexpr Pid kFirst(1, 0, 1);
constexpr Pid kOtherWheel(1, 1, 1);
constexpr Pid kSameWheel(1, 2, 1);
constexpr Pid kSameSlot(2, 0, 1);

// What has fired, as far as it can be compared.
struct Fired {
  Pid process;
  Tick due;
  bool has_message;

  friend bool operator==(const Fired&, const Fired&) = default;
};

class TimersTest : public testing::Test {
 protected:
  // The message is a copy of token_, whose use count tells how many of them there are.
  TimerPlace Start(Pid receiver, Tick due, Tick interval = 0) {
    return timers_.Start(receiver, lists_[receiver.slot()],
                         NewSignal<Token>(&kMessageType<Token>, token_), due, interval);
  }

  void CancelAll(Pid receiver) { timers_.CancelAll(receiver, lists_[receiver.slot()]); }

  int64_t messages() const { return token_.use_count() - 1; }

  // Fires all wheels.
  std::vector<Fired> Fire(Tick now) {
    std::vector<Fired> fired;
    for (size_t i = 0; i < timers_.wheels(); ++i) {
      timers_.Fire(i, now, [&fired](FiredTimer& timer) {
        fired.push_back(
            {timer.process, timer.due, timer.message != nullptr || timer.repeated != nullptr});
        if (timer.message != nullptr) DestroySignal(timer.message);
      });
    }
    return fired;
  }

  static std::unique_ptr<WaitTimer> WaitTimerOf(Pid process) {
    auto timer = std::make_unique<WaitTimer>();
    timer->process = process;
    return timer;
  }

  const Token token_ = std::make_shared<int>();
  Timers timers_{2};
  UserTimerList lists_[3];
};

// ---- Wait timers.

// TMR1
TEST_F(TimersTest, WaitTimerFiresOnceAtItsTickAndNotBefore) {
  const auto timer = WaitTimerOf(kFirst);
  timers_.Arm(*timer, 100);
  EXPECT_EQ(timers_.NextDue(0) <= 100, true);
  EXPECT_EQ(Fire(99), std::vector<Fired>());
  EXPECT_EQ(Fire(100), std::vector<Fired>({{kFirst, 100, false}}));
  EXPECT_EQ(Fire(1'000), std::vector<Fired>());
  EXPECT_EQ(timers_.NextDue(), kForever);
}

TEST_F(TimersTest, WaitTimerIsMovedByArmingItAgain) {
  const auto timer = WaitTimerOf(kFirst);
  timers_.Arm(*timer, 100);
  timers_.Arm(*timer, 50);
  EXPECT_EQ(Fire(50), std::vector<Fired>({{kFirst, 50, false}}));
  timers_.Arm(*timer, 60);
  timers_.Arm(*timer, 5'000);
  EXPECT_EQ(Fire(4'999), std::vector<Fired>());
  EXPECT_EQ(Fire(5'000), std::vector<Fired>({{kFirst, 5'000, false}}));
}

TEST_F(TimersTest, DisarmedWaitTimerDoesNotFireAndMayBeFreed) {
  auto timer = WaitTimerOf(kFirst);
  timers_.Disarm(*timer);
  timers_.Arm(*timer, 10);
  timers_.Disarm(*timer);
  timers_.Disarm(*timer);
  EXPECT_EQ(timers_.NextDue(), kForever);
  timer.reset();
  EXPECT_EQ(Fire(10), std::vector<Fired>());
}

TEST_F(TimersTest, NextDueIsTheEarliestOfAllWheels) {
  const auto first = WaitTimerOf(kFirst);
  const auto other = WaitTimerOf(kOtherWheel);
  EXPECT_EQ(timers_.NextDue(), kForever);
  timers_.Arm(*first, 30);
  timers_.Arm(*other, 20);
  EXPECT_EQ(timers_.NextDue(0), 30);
  EXPECT_EQ(timers_.NextDue(1), 20);
  EXPECT_EQ(timers_.NextDue(), 20);
  timers_.Disarm(*other);
  EXPECT_EQ(timers_.NextDue(), 30);
  timers_.Disarm(*first);
}

// ---- User timers: cancelling and reading.

// TMR1
TEST_F(TimersTest, UserTimerHandsOverItsMessageOnce) {
  Start(kFirst, 40);
  EXPECT_EQ(timers_.pending(), 1);
  EXPECT_EQ(Fire(39), std::vector<Fired>());
  EXPECT_EQ(messages(), 1);
  EXPECT_EQ(Fire(40), std::vector<Fired>({{kFirst, 40, true}}));
  EXPECT_EQ(messages(), 0);
  EXPECT_EQ(timers_.pending(), 0);
  EXPECT_EQ(Fire(1'000), std::vector<Fired>());
}

// TMR2, TMR3, TMR7
TEST_F(TimersTest, PendingTimerIsReadAndCancelledExactly) {
  const TimerPlace place = Start(kFirst, 40);
  Fire(39);
  EXPECT_EQ(timers_.Read(kFirst, place), 40);
  EXPECT_EQ(timers_.Read(kFirst, place), 40) << "reading changes nothing";
  EXPECT_EQ(timers_.Cancel(kFirst, place), 40);
  EXPECT_EQ(messages(), 0) << "its message is destroyed at once";
  EXPECT_EQ(timers_.Read(kFirst, place), std::nullopt);
  EXPECT_EQ(timers_.Cancel(kFirst, place), std::nullopt);
  EXPECT_EQ(timers_.NextDue(), kForever);
  EXPECT_EQ(Fire(40), std::vector<Fired>());
}

// TMR2, TMR3
TEST_F(TimersTest, FiredTimerIsNeitherReadNorCancelled) {
  const TimerPlace place = Start(kFirst, 40);
  EXPECT_EQ(Fire(40).size(), 1);
  EXPECT_EQ(timers_.Read(kFirst, place), std::nullopt);
  EXPECT_EQ(timers_.Cancel(kFirst, place), std::nullopt);
}

TEST_F(TimersTest, PlaceOfAnEarlierGenerationIsRefused) {
  const TimerPlace fired = Start(kFirst, 10);
  EXPECT_EQ(Fire(10).size(), 1);
  const TimerPlace cancelled = Start(kFirst, 20);
  EXPECT_TRUE(timers_.Cancel(kFirst, cancelled));
  const TimerPlace pending = Start(kFirst, 30);
  ASSERT_EQ(fired.index, pending.index) << "places are used again";
  ASSERT_EQ(cancelled.index, pending.index);
  for (const TimerPlace& stale : {fired, cancelled}) {
    EXPECT_EQ(timers_.Read(kFirst, stale), std::nullopt);
    EXPECT_EQ(timers_.Cancel(kFirst, stale), std::nullopt);
  }
  EXPECT_EQ(timers_.Cancel(kFirst, pending), 30);
}

TEST_F(TimersTest, PlaceOfAnotherReceiverIsRefused) {
  const TimerPlace place = Start(kFirst, 10);
  for (const Pid other : {kSameWheel, kOtherWheel, kSameSlot, Pid()}) {
    EXPECT_EQ(timers_.Read(other, place), std::nullopt) << other;
    EXPECT_EQ(timers_.Cancel(other, place), std::nullopt) << other;
  }
  EXPECT_EQ(timers_.Cancel(kFirst, place), 10);
}

TEST_F(TimersTest, DefaultPlaceIsRefused) {
  EXPECT_EQ(timers_.Read(kFirst, TimerPlace()), std::nullopt);
  EXPECT_EQ(timers_.Cancel(Pid(), TimerPlace()), std::nullopt);
  const TimerPlace place = Start(kFirst, 10);
  ASSERT_EQ(place.index, TimerPlace().index);
  EXPECT_EQ(timers_.Read(kFirst, TimerPlace()), std::nullopt);
  EXPECT_EQ(timers_.Cancel(kFirst, TimerPlace()), std::nullopt);
  EXPECT_EQ(timers_.Cancel(kFirst, place), 10);
  EXPECT_EQ(timers_.Cancel(kFirst, TimerPlace()), std::nullopt);
}

TEST_F(TimersTest, PlaceThatNeverWasIsRefused) {
  const TimerPlace place = Start(kFirst, 10);
  const TimerPlace beyond = {.index = place.index + 1, .generation = 1};
  EXPECT_EQ(timers_.Cancel(kFirst, beyond), std::nullopt);
  const TimerPlace later = {.index = place.index, .generation = place.generation + 1};
  EXPECT_EQ(timers_.Cancel(kFirst, later), std::nullopt);
  EXPECT_EQ(timers_.Cancel(kFirst, place), 10);
}

// A message's destructor may call Timers: no lock is held.
TEST_F(TimersTest, MessageMayCancelAnotherTimerWhenItIsDestroyed) {
  struct CancelsInItsDestructor {
    Timers* timers;
    TimerPlace other;
    ~CancelsInItsDestructor() { EXPECT_EQ(timers->Cancel(kFirst, other), 70); }
  };
  const TimerPlace other = Start(kFirst, 70);
  Signal* message =
      NewSignal<CancelsInItsDestructor>(&kMessageType<CancelsInItsDestructor>, &timers_, other);
  const TimerPlace place = timers_.Start(kFirst, lists_[0], message, 60, 0);
  EXPECT_EQ(timers_.Cancel(kFirst, place), 60);
  EXPECT_EQ(timers_.pending(), 0);
}

// ---- Intervals.

TEST_F(TimersTest, IntervalFiresAgainAndAgain) {
  const TimerPlace place = Start(kFirst, 10, 25);
  EXPECT_EQ(Fire(10), std::vector<Fired>({{kFirst, 10, true}}));
  EXPECT_EQ(Fire(34), std::vector<Fired>());
  EXPECT_EQ(timers_.Read(kFirst, place), 35);
  EXPECT_EQ(Fire(35), std::vector<Fired>({{kFirst, 35, true}}));
  EXPECT_EQ(messages(), 1);
  EXPECT_EQ(timers_.Cancel(kFirst, place), 60);
  EXPECT_EQ(messages(), 0);
  EXPECT_EQ(Fire(1'000), std::vector<Fired>());
}

TEST_F(TimersTest, IntervalThatIsFiredLateDoesNotDrift) {
  const TimerPlace place = Start(kFirst, 10, 10);
  EXPECT_EQ(Fire(17), std::vector<Fired>({{kFirst, 10, true}}));
  EXPECT_EQ(timers_.Read(kFirst, place), 20);
  EXPECT_EQ(Fire(49),
            std::vector<Fired>({{kFirst, 20, true}, {kFirst, 30, true}, {kFirst, 40, true}}));
  EXPECT_EQ(timers_.Cancel(kFirst, place), 50);
}

TEST_F(TimersTest, IntervalThatWouldOverflowIsForever) {
  const TimerPlace place = Start(kFirst, 10, kForever);
  EXPECT_EQ(Fire(10).size(), 1);
  EXPECT_EQ(timers_.Read(kFirst, place), kForever);
  EXPECT_EQ(timers_.Cancel(kFirst, place), kForever);
}

TEST_F(TimersTest, MessageOfACancelledIntervalLivesWhileItIsBeingCopied) {
  const TimerPlace place = Start(kFirst, 10, 10);
  timers_.Fire(0, 10, [&](FiredTimer& timer) {
    EXPECT_EQ(timers_.Cancel(kFirst, place), 20) << "while it fires";
    EXPECT_EQ(messages(), 1);
    EXPECT_EQ(timer.message, nullptr);
    ASSERT_NE(timer.repeated, nullptr);
    Signal* copy = timer.repeated->type->clone(timer.repeated.get());
    EXPECT_EQ(messages(), 2);
    DestroySignal(copy);
  });
  EXPECT_EQ(messages(), 0);
}

// ---- Order.

// TMR6
TEST_F(TimersTest, EarlierOnesOfAWheelFireFirstWhateverTheirNumber) {
  std::mt19937 random(1);
  const auto wait = WaitTimerOf(kSameWheel);
  timers_.Arm(*wait, 50'000);
  for (int i = 0; i < 1'000; ++i) Start(random() % 2 == 0 ? kFirst : kSameWheel, random() % 99'999);
  const std::vector<Fired> fired = Fire(100'000);
  ASSERT_EQ(fired.size(), 1'001) << "more than one batch";
  for (size_t i = 1; i < fired.size(); ++i) ASSERT_LE(fired[i - 1].due, fired[i].due);
  EXPECT_EQ(messages(), 0);
}

TEST_F(TimersTest, WheelThatIsBeingFiredIsLeftToTheOneThatDoes) {
  Start(kFirst, 10);
  Start(kFirst, 20);
  std::vector<Tick> fired;
  timers_.Fire(0, 15, [&](FiredTimer& timer) {
    fired.push_back(timer.due);
    DestroySignal(timer.message);
    EXPECT_EQ(Fire(30), std::vector<Fired>());
  });
  EXPECT_EQ(fired, std::vector<Tick>({10}));
  EXPECT_EQ(Fire(30), std::vector<Fired>({{kFirst, 20, true}}));
}

TEST_F(TimersTest, TimerMayBeStartedByWhatFires) {
  Start(kFirst, 10);
  int fired = 0;
  timers_.Fire(0, 100, [&](FiredTimer& timer) {
    DestroySignal(timer.message);
    if (++fired == 1) Start(kFirst, 0);
  });
  EXPECT_EQ(fired + Fire(100).size(), 2);
  EXPECT_EQ(messages(), 0);
}

// ---- CancelAll.

// TMR4
TEST_F(TimersTest, CancelAllStopsTheTimersOfOneReceiver) {
  for (int i = 1; i <= 5; ++i) Start(kFirst, 10 * i);
  const TimerPlace interval = Start(kFirst, 7, 7);
  const TimerPlace same_wheel = Start(kSameWheel, 30);
  const TimerPlace other_wheel = Start(kOtherWheel, 30);
  CancelAll(kFirst);
  EXPECT_EQ(messages(), 2);
  EXPECT_EQ(timers_.pending(), 2);
  EXPECT_EQ(timers_.Read(kFirst, interval), std::nullopt);
  EXPECT_EQ(lists_[0].first.load(), nullptr);
  EXPECT_EQ(Fire(29), std::vector<Fired>());
  EXPECT_EQ(timers_.Cancel(kSameWheel, same_wheel), 30);
  EXPECT_EQ(timers_.Cancel(kOtherWheel, other_wheel), 30);
}

TEST_F(TimersTest, CancelAllLeavesTheNextProcessOfTheSlotAlone) {
  Start(kFirst, 10);
  const TimerPlace next = Start(kSameSlot, 20);
  Start(kFirst, 30);
  CancelAll(kFirst);
  EXPECT_EQ(timers_.pending(), 1);
  EXPECT_EQ(timers_.Read(kSameSlot, next), 20);
  CancelAll(kSameSlot);
  EXPECT_EQ(messages(), 0);
}

TEST_F(TimersTest, CancelAllFindsWhatFiringAndCancellingHaveLeft) {
  std::vector<TimerPlace> places;
  for (int i = 0; i < 10; ++i) places.push_back(Start(kFirst, 100 + i));
  EXPECT_TRUE(timers_.Cancel(kFirst, places[9])) << "the first of the list";
  EXPECT_TRUE(timers_.Cancel(kFirst, places[5])) << "the middle";
  EXPECT_EQ(Fire(101).size(), 2) << "the end";
  EXPECT_EQ(timers_.pending(), 6);
  CancelAll(kFirst);
  EXPECT_EQ(timers_.pending(), 0);
  EXPECT_EQ(messages(), 0);
  EXPECT_EQ(timers_.NextDue(), kForever);
  CancelAll(kFirst);
}

// ---- Threads.

struct Empty {};

// Two threads that fire all wheels, at an ever later tick, while the body of the test runs.
class FiringThreads {
 public:
  template <typename Send>
  FiringThreads(Timers& timers, Send send) {
    for (int i = 0; i < 2; ++i) {
      threads_.emplace_back([this, &timers, send] {
        while (!done_.load(std::memory_order_relaxed)) {
          const Tick tick = now_.fetch_add(1, std::memory_order_relaxed) + 1;
          for (size_t wheel = 0; wheel < timers.wheels(); ++wheel) {
            timers.Fire(wheel, tick, [&](FiredTimer& timer) {
              EXPECT_LE(timer.due, tick) << "early";
              send(timer);
            });
          }
          std::this_thread::yield();
        }
      });
    }
  }
  FiringThreads(const FiringThreads&) = delete;
  FiringThreads& operator=(const FiringThreads&) = delete;
  ~FiringThreads() {
    done_.store(true, std::memory_order_relaxed);
    for (std::thread& thread : threads_) thread.join();
  }

  Tick now() const { return now_.load(std::memory_order_relaxed); }

 private:
  std::atomic<Tick> now_{0};
  std::atomic<bool> done_{false};
  std::vector<std::thread> threads_;
};

// TMR6. What one thread has taken is sent before another thread takes what is due later.
TEST(TimersRaceTest, EarlierOnesFireFirstWhoeverFires) {
  const auto timers_of_each = static_cast<uint32_t>(Rounds(2'000'000));
  Timers timers(2);
  UserTimerList lists[3];
  for (const Pid receiver : {kFirst, kOtherWheel, kSameWheel}) {
    // Many at a tick, so that they are taken in several batches.
    for (uint32_t i = 0; i < timers_of_each; ++i) {
      timers.Start(receiver, lists[receiver.slot()], NewSignal<Empty>(&kMessageType<Empty>),
                   1 + i / 100, 0);
    }
  }
  // No atomics: only one thread at a time fires a wheel.
  Tick last_due[2] = {};
  uint32_t fired[2] = {};
  bool in_order[2] = {true, true};
  {
    const FiringThreads firing(timers, [&](FiredTimer& timer) {
      DestroySignal(timer.message);
      const uint32_t wheel = timer.process.slot() % 2;
      in_order[wheel] &= last_due[wheel] <= timer.due;
      last_due[wheel] = timer.due;
      ++fired[wheel];
    });
    while (timers.NextDue() != kForever) std::this_thread::yield();
  }
  EXPECT_TRUE(in_order[0]);
  EXPECT_TRUE(in_order[1]);
  EXPECT_EQ(fired[0], 2 * timers_of_each);
  EXPECT_EQ(fired[1], timers_of_each);
}

// TMR1. What is armed fires; what is disarmed may be freed at once, while others fire.
TEST(TimersRaceTest, ArmAndDisarmAgainstFire) {
  const int64_t rounds = Rounds(100'000);
  Timers timers(2);
  std::atomic<Tick> last_fired[3] = {};  // of each slot
  FiringThreads firing(timers, [&last_fired](FiredTimer& timer) {
    last_fired[timer.process.slot()].store(timer.due, std::memory_order_relaxed);
  });
  std::vector<std::thread> owners;
  for (const Pid process : {kFirst, kOtherWheel, kSameWheel}) {
    owners.emplace_back([&, process] {
      std::mt19937 random(process.slot());
      for (int64_t i = 0; i < rounds; ++i) {
        auto timer = std::make_unique<WaitTimer>();
        timer->process = process;
        timers.Arm(*timer, firing.now() + random() % 4);
        if (random() % 2 == 0) timers.Arm(*timer, firing.now() + random() % 4);
        timers.Disarm(*timer);
        if (i % 8 != 0) continue;
        // Far enough ahead to differ from what may still be on its way.
        const Tick due = firing.now() + 10;
        timers.Arm(*timer, due);
        while (last_fired[process.slot()].load(std::memory_order_relaxed) != due)
          std::this_thread::yield();
        timers.Disarm(*timer);
      }
    });
  }
  for (std::thread& owner : owners) owner.join();
  EXPECT_EQ(timers.NextDue(), kForever);
}

// TMR2. The answer is exact: a timer is either cancelled or fires.
TEST(TimersRaceTest, TimerIsEitherCancelledOrFires) {
  const int64_t rounds = Rounds(100'000);
  const Token token = std::make_shared<int>();
  Timers timers(2);
  UserTimerList lists[3];
  std::atomic<int64_t> fired{0};
  std::atomic<int64_t> cancelled{0};
  std::vector<std::thread> threads;
  {
    FiringThreads firing(timers, [&fired](FiredTimer& timer) {
      DestroySignal(timer.message);
      fired.fetch_add(1, std::memory_order_relaxed);
    });
    for (const Pid receiver : {kFirst, kOtherWheel, kSameWheel}) {
      threads.emplace_back([&, receiver] {
        std::mt19937 random(receiver.slot());
        for (int64_t i = 0; i < rounds; ++i) {
          const TimerPlace place = timers.Start(receiver, lists[receiver.slot()],
                                                NewSignal<Token>(&kMessageType<Token>, token),
                                                firing.now() + random() % 4, 0);
          if (random() % 2 == 0) std::this_thread::yield();
          if (timers.Cancel(receiver, place).has_value())
            cancelled.fetch_add(1, std::memory_order_relaxed);
        }
      });
    }
    for (std::thread& thread : threads) thread.join();
  }
  EXPECT_EQ(timers.pending(), 0);
  EXPECT_EQ(fired.load() + cancelled.load(), 3 * rounds);
  EXPECT_EQ(token.use_count(), 1);
}

// TMR4. Whatever fires meanwhile, nothing is left afterwards.
TEST(TimersRaceTest, CancelAllAgainstFire) {
  const int64_t rounds = Rounds(20'000);
  const Token token = std::make_shared<int>();
  Timers timers(1);
  UserTimerList lists[2];
  {
    FiringThreads firing(timers, [](FiredTimer& timer) {
      if (timer.message != nullptr) DestroySignal(timer.message);
    });
    std::vector<std::thread> threads;
    for (const Pid receiver : {kFirst, kOtherWheel}) {
      threads.emplace_back([&, receiver] {
        std::mt19937 random(receiver.slot());
        UserTimerList& list = lists[receiver.slot()];
        for (int64_t i = 0; i < rounds; ++i) {
          for (int j = 0; j < 10; ++j) {
            timers.Start(receiver, list, NewSignal<Token>(&kMessageType<Token>, token),
                         firing.now() + random() % 8, j == 0 ? 1 : 0);
          }
          timers.CancelAll(receiver, list);
          EXPECT_EQ(list.first.load(), nullptr);
        }
      });
    }
    for (std::thread& thread : threads) thread.join();
  }
  EXPECT_EQ(timers.pending(), 0);
  EXPECT_EQ(token.use_count(), 1);
}

}  // namespace
}  // namespace hydra::process_internal
