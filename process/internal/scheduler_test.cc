#include "hydra/process/internal/scheduler.h"

#include <atomic>
#include <cstdint>
#include <thread>
#include <utility>

#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "hydra/base/mutex.h"
#include "hydra/process/async.h"
#include "hydra/process/internal/entry.h"
#include "hydra/process/pid.h"
#include "hydra/process/receive.h"
#include "hydra/process/self.h"
#include "hydra/process/send.h"
#include "hydra/process/spawn.h"
#include "hydra/process/testing/rounds.h"
#include "hydra/process/timer.h"

namespace hydra::process_internal {
namespace {

// Lets a foreign thread wait for processes, without a sleep.
class Countdown {
 public:
  explicit Countdown(int64_t count) : left_(count) {}

  void Done() {
    MutexLock lock(mutex_);
    if (--left_ == 0) zero_.NotifyAll();
  }

  void Await() {
    MutexLock lock(mutex_);
    while (left_ > 0) zero_.Wait(mutex_);
  }

 private:
  Mutex mutex_;
  CondVar zero_;
  int64_t left_ ABSL_GUARDED_BY(mutex_);
};

Scheduler::Options Threads(uint32_t workers) {
  return {.workers = workers, .max_processes = 1 << 20};
}

template <typename... Args>
Pid Spawn(Scheduler& scheduler, Args&&... args) {
  return scheduler.Spawn(MakeEntry(std::forward<Args>(args)...));
}

Async<> CountDown(Countdown* countdown) {
  countdown->Done();
  co_return;
}

class SchedulerTest : public testing::TestWithParam<uint32_t> {};

INSTANTIATE_TEST_SUITE_P(Workers, SchedulerTest, testing::Values(1, 2, 4));

// Protocol of parking, step 2: a lost wake-up would hang.
TEST_P(SchedulerTest, EachSpawnFromOutsideWakesAParkedWorker) {
  Scheduler scheduler(Threads(GetParam()));
  for (int64_t i = Rounds(200'000); i > 0; --i) {
    Countdown countdown(1);
    Spawn(scheduler, CountDown, &countdown);
    countdown.Await();
  }
}

Async<> SleepThenCountDown(Countdown* countdown, int naps) {
  for (int i = 0; i < naps; ++i) co_await Sleep(absl::Milliseconds(1 + i % 3));
  countdown->Done();
}

// Step 4: each nap is armed by a running worker while others are about to park.
TEST_P(SchedulerTest, EachTimerWakesAParkedWorker) {
  Scheduler scheduler(Threads(GetParam()));
  constexpr int kProcesses = 20;
  Countdown countdown(kProcesses);
  for (int i = 0; i < kProcesses; ++i) Spawn(scheduler, SleepThenCountDown, &countdown, 20 + i);
  countdown.Await();
}

struct Go {};

Async<> AwaitGo(std::atomic<bool>* came) {
  co_await Receive<Go>();
  came->store(true);
}

// Sends to `receiver`, and then keeps its worker until that has run: so somebody else must run it.
Async<> SendThenCompute(Pid receiver, std::atomic<bool>* came, Countdown* countdown) {
  Send(receiver, Go{});
  while (!came->load()) std::this_thread::yield();
  countdown->Done();
  co_return;
}

// Step 3: what a worker would run next isn't stranded there.
TEST(SchedulerWatchTest, AWokenProcessRunsWhileItsWakerComputes) {
  Scheduler scheduler(Threads(2));
  for (int64_t i = Rounds(2'000); i > 0; --i) {
    std::atomic<bool> came{false};
    Countdown countdown(1);
    const Pid receiver = Spawn(scheduler, AwaitGo, &came);
    Spawn(scheduler, SendThenCompute, receiver, &came, &countdown);
    countdown.Await();
  }
}

Async<> SpawnThenCompute(std::atomic<bool>* came, Countdown* countdown) {
  const Pid child = hydra::Spawn(AwaitGo, came);
  Send(child, Go{});
  while (!came->load()) std::this_thread::yield();
  countdown->Done();
  co_return;
}

TEST(SchedulerWatchTest, ASpawnedProcessRunsWhileItsParentComputes) {
  Scheduler scheduler(Threads(2));
  for (int64_t i = Rounds(2'000); i > 0; --i) {
    std::atomic<bool> came{false};
    Countdown countdown(1);
    Spawn(scheduler, SpawnThenCompute, &came, &countdown);
    countdown.Await();
  }
}

Async<> EndAtOnce() { co_return; }

Async<> StartTimersForTheDying(Countdown* countdown, int64_t rounds) {
  for (int64_t i = 0; i < rounds; ++i) {
    const Pid dying = hydra::Spawn(EndAtOnce);
    if (i % 3 == 0) co_await Yield();
    SendAfter(absl::Hours(1), dying, Go{});
    SendInterval(absl::Hours(1), dying, Go{});
  }
  countdown->Done();
}

// TMR4: of a timer's starter and its dying receiver one sees the other, so no timer is left.
TEST(SchedulerTimerTest, NoTimerIsLeftForADeadProcess) {
  Scheduler scheduler(Threads(4));
  constexpr int kStarters = 4;
  Countdown countdown(kStarters);
  for (int i = 0; i < kStarters; ++i) {
    Spawn(scheduler, StartTimersForTheDying, &countdown, Rounds(400'000));
  }
  countdown.Await();
  while (scheduler.process_count() > 0) std::this_thread::yield();
  // The last of the dying may still be stopping its timers.
  while (scheduler.timers().pending() > 0) std::this_thread::yield();
  EXPECT_EQ(scheduler.timers().NextDue(), kForever);
}

}  // namespace
}  // namespace hydra::process_internal
