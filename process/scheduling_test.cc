// Who gets a turn: fairness, priorities, and processes that compute.
//
// By hand the order of turns is the seed's, so these run on threads.
#include <algorithm>
#include <atomic>
#include <cstdint>
#include <thread>
#include <vector>

#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "hydra/process/async.h"
#include "hydra/process/exit_reason.h"
#include "hydra/process/link.h"
#include "hydra/process/pid.h"
#include "hydra/process/priority.h"
#include "hydra/process/receive.h"
#include "hydra/process/runtime.h"
#include "hydra/process/self.h"
#include "hydra/process/send.h"
#include "hydra/process/spawn.h"
#include "hydra/process/testing/process_test.h"
#include "hydra/process/testing/rounds.h"
#include "hydra/process/timer.h"

namespace hydra {
namespace {

using testing::Each;
using testing::ElementsAre;

struct Never {};
struct Go {};
struct Ping {
  Pid from;
};
struct Pong {};

// ---- Processes that are always runnable.

Async<> YieldForEver() {
  for (;;) co_await Yield();
}

Async<> FloodItself() {
  for (;;) {
    for (int i = 0; i < 3; ++i) Send(Self(), i);
    for (int i = 0; i < 3; ++i) co_await Receive<int>();
  }
}

Async<> PollForEver() {
  for (;;) co_await Receive<Never>().Within(absl::ZeroDuration());
}

Async<> Answer() {
  for (;;) {
    const Ping ping = co_await Receive<Ping>();
    Send(ping.from, Pong{});
  }
}

// Two processes that wake each other without end.
Async<> PingForEver() {
  const Pid other = Spawn(Answer);
  for (;;) {
    Send(other, Ping{Self()});
    co_await Receive<Pong>();
  }
}

// A chain of processes without end, of which one lives at a time.
Async<> SpawnForEver() {
  Spawn(SpawnForEver);
  co_return;
}

// Always has a timer that is due soon.
Async<> SleepForEver() {
  for (;;) co_await Sleep(absl::Milliseconds(1));
}

// What must go on beside them: messages back and forth, new processes, timers.
Async<> WorkBesides() {
  const Pid other = Spawn(Answer);
  for (int i = 0; i < 15; ++i) {
    Send(other, Ping{Self()});
    co_await Receive<Pong>();
    co_await Yield();
    Spawn([to = Self()]() -> Async<> {
      Send(to, Go{});
      co_return;
    });
    co_await Receive<Go>();
  }
  co_await Sleep(absl::Milliseconds(1));
}

class FairnessTest : public testing::TestWithParam<Async<> (*)()> {};

TEST_P(FairnessTest, OthersGoOnBesideIt) {
  Runtime runtime({.schedulers = 1});
  for (int i = 0; i < 3; ++i) runtime.Spawn(GetParam());
  EXPECT_EQ(runtime.Run(WorkBesides), ExitReason::Normal());
}

// W17
TEST_P(FairnessTest, ItCanBeKilled) {
  Runtime runtime({.schedulers = 1});
  const ExitReason reason = runtime.Run([body = GetParam()]() -> Async<> {
    Spawn([to = Self()]() -> Async<> {
      co_await Sleep(absl::Milliseconds(1));
      Exit(to, ExitReason::Kill());
    });
    co_await body();
    co_await Receive<Never>();
  });
  EXPECT_EQ(reason, ExitReason::Killed());
}

TEST_P(FairnessTest, RuntimeStopsBesideIt) {
  Runtime runtime({.schedulers = 2});
  for (int i = 0; i < 3; ++i) runtime.Spawn(GetParam());
  EXPECT_EQ(runtime.Run(WorkBesides), ExitReason::Normal());
}

INSTANTIATE_TEST_SUITE_P(AlwaysRunnable, FairnessTest,
                         testing::Values(&YieldForEver, &FloodItself, &PollForEver, &PingForEver,
                                         &SpawnForEver, &SleepForEver));

// A process that is spawned first isn't passed over for ever by those that are spawned later.
TEST(FairnessTest, OldestSpawnedProcessHasItsTurn) {
  Runtime runtime({.schedulers = 1});
  const ExitReason reason = runtime.Run([]() -> Async<> {
    Spawn([to = Self()]() -> Async<> {
      Send(to, Go{});
      co_return;
    });
    for (int i = 0; i < 10; ++i) Spawn(SpawnForEver);
    co_await Receive<Go>();
  });
  EXPECT_EQ(reason, ExitReason::Normal());
}

// ---- Computing. Each process computes until another has run: for ever, if that can't.

void ComputeUntil(const std::atomic<bool>& flag) {
  while (!flag.load(std::memory_order_relaxed)) continue;
}

Async<> SetOnGo(std::atomic<bool>* flag) {
  co_await Receive<Go>();
  flag->store(true, std::memory_order_relaxed);
}

// Gives the schedulers of an idle runtime time to park and to stop watching each other, which takes
// one or two milliseconds: those that haven't would find what comes anyhow. So this makes the tests
// harder to pass, and no more than that.
void LetSchedulersPark(const Runtime& runtime) {
  const absl::Time start = runtime.Now();
  while (runtime.Now() - start < absl::Milliseconds(3)) std::this_thread::yield();
}

// Runs `body` on two schedulers; `flag` is what it computes until.
void RunWhileComputing(Async<> (*body)(std::atomic<bool>* flag)) {
  for (int64_t i = 0; i < Rounds(2000); ++i) {
    std::atomic<bool> flag = false;
    Runtime runtime({.schedulers = 2});
    LetSchedulersPark(runtime);
    EXPECT_EQ(runtime.Run(body, &flag), ExitReason::Normal());
  }
}

TEST(ComputingTest, WokenProcessRunsMeanwhile) {
  RunWhileComputing([](std::atomic<bool>* flag) -> Async<> {
    const Pid other = Spawn(SetOnGo, flag);
    for (int i = 0; i < 5; ++i) co_await Yield();  // until it waits
    Send(other, Go{});
    ComputeUntil(*flag);
  });
}

// The same where the other has waited all along, so that waking it is all that the process has done.
TEST(ComputingTest, ProcessWokenAfterALongWaitRunsMeanwhile) {
  for (int64_t i = 0; i < Rounds(2000); ++i) {
    std::atomic<bool> flag = false;
    Runtime runtime({.schedulers = 2});
    const Pid other = runtime.Spawn(SetOnGo, &flag);
    LetSchedulersPark(runtime);
    const ExitReason reason = runtime.Run([other, &flag]() -> Async<> {
      Send(other, Go{});
      ComputeUntil(flag);
      co_return;
    });
    EXPECT_EQ(reason, ExitReason::Normal());
  }
}

TEST(ComputingTest, SpawnedProcessRunsMeanwhile) {
  RunWhileComputing([](std::atomic<bool>* flag) -> Async<> {
    Spawn([flag]() -> Async<> {
      flag->store(true, std::memory_order_relaxed);
      co_return;
    });
    ComputeUntil(*flag);
    co_return;
  });
}

TEST(ComputingTest, SpawnedAndWokenProcessRunsMeanwhile) {
  RunWhileComputing([](std::atomic<bool>* flag) -> Async<> {
    Send(Spawn(SetOnGo, flag), Go{});
    ComputeUntil(*flag);
    co_return;
  });
}

TEST(ComputingTest, SleeperWakesMeanwhile) {
  RunWhileComputing([](std::atomic<bool>* flag) -> Async<> {
    Spawn([flag, to = Self()]() -> Async<> {
      Send(to, Go{});
      co_await Sleep(absl::Milliseconds(2));
      flag->store(true, std::memory_order_relaxed);
    });
    co_await Receive<Go>();
    ComputeUntil(*flag);
  });
}

TEST(ComputingTest, TimerOfTheComputingProcessFiresMeanwhile) {
  RunWhileComputing([](std::atomic<bool>* flag) -> Async<> {
    const Pid other = Spawn(SetOnGo, flag);
    SendAfter(absl::Milliseconds(1), other, Go{});
    ComputeUntil(*flag);
    co_return;
  });
}

// RCV2: what was sent before the poll is found, although drained messages are there to look at.
TEST(ComputingTest, PollFindsWhatArrivedMeanwhile) {
  RunWhileComputing([](std::atomic<bool>* flag) -> Async<> {
    for (int i = 0; i < 3; ++i) Send(Self(), i);
    co_await Yield();
    Spawn([flag, to = Self()]() -> Async<> {
      Send(to, Go{});
      flag->store(true, std::memory_order_release);
      co_return;
    });
    while (!flag->load(std::memory_order_acquire)) continue;
    EXPECT_TRUE((co_await Receive<Go>().Within(absl::ZeroDuration())).has_value());
  });
}

TEST(ComputingTest, ProcessesOfEachPriorityRunMeanwhile) {
  for (const Priority priority : {Priority::kHigh, Priority::kLow}) {
    for (int64_t i = 0; i < Rounds(1000); ++i) {
      std::atomic<bool> flag = false;
      Runtime runtime({.schedulers = 2});
      LetSchedulersPark(runtime);
      const ExitReason reason = runtime.Run([priority, &flag]() -> Async<> {
        const Pid other = *SpawnWith({.priority = priority}, SetOnGo, &flag);
        for (int j = 0; j < 5; ++j) co_await Yield();
        Send(other, Go{});
        ComputeUntil(flag);
      });
      EXPECT_EQ(reason, ExitReason::Normal());
    }
  }
}

// What a foreign thread sends arrives, although the only process that runs computes.
TEST(ComputingTest, MessageFromOutsideArrivesMeanwhile) {
  for (int64_t i = 0; i < Rounds(2000); ++i) {
    std::atomic<bool> computing = false;
    std::atomic<bool> flag = false;
    Runtime runtime({.schedulers = 2});
    const Pid other = runtime.Spawn(SetOnGo, &flag);
    runtime.Spawn([&computing, &flag]() -> Async<> {
      computing.store(true, std::memory_order_relaxed);
      ComputeUntil(flag);
      co_return;
    });
    ComputeUntil(computing);
    runtime.Send(other, Go{});
    ComputeUntil(flag);
  }
}

// All schedulers come to the help of a burst.
TEST(ComputingTest, ProcessesRunAtTheSameTime) {
  for (int i = 0; i < 10; ++i) {
    std::atomic<bool> first = false;
    std::atomic<bool> second = false;
    Runtime runtime({.schedulers = 2});
    const ExitReason reason = runtime.Run([&]() -> Async<> {
      const auto meet = [](Pid to, std::atomic<bool>* mine, std::atomic<bool>* other) -> Async<> {
        mine->store(true, std::memory_order_relaxed);
        ComputeUntil(*other);
        Send(to, Go{});
        co_return;
      };
      Spawn(meet, Self(), &first, &second);
      Spawn(meet, Self(), &second, &first);
      co_await Receive<Go>();
      co_await Receive<Go>();
    });
    EXPECT_EQ(reason, ExitReason::Normal());
  }
}

// ---- Priorities, on one scheduler.

// The order in which processes have their turns that are spawned in the given order.
std::vector<Priority> OrderOfTurns(const std::vector<Priority>& spawned) {
  std::vector<Priority> order;
  Runtime runtime({.schedulers = 1});
  runtime.Run([&]() -> Async<> {
    for (const Priority priority : spawned) {
      (void)SpawnWith({.priority = priority}, [&, priority, to = Self()]() -> Async<> {
        order.push_back(priority);
        if (order.size() == spawned.size()) Send(to, Go{});
        co_return;
      });
    }
    co_await Receive<Go>();
  });
  return order;
}

TEST(PriorityTest, HighGoesBeforeNormal) {
  std::vector<Priority> spawned;
  for (int64_t i = 0; i < Rounds(2000); ++i) {
    spawned.push_back(Priority::kNormal);
    spawned.push_back(Priority::kHigh);
  }
  const std::vector<Priority> order = OrderOfTurns(spawned);
  EXPECT_TRUE(std::all_of(order.begin(), order.begin() + 20,
                          [](Priority priority) { return priority == Priority::kHigh; }));
}

TEST(PriorityTest, LowGoesLastButForOneTurnInEight) {
  std::vector<Priority> spawned;
  for (int i = 0; i < 32; ++i) {
    spawned.push_back(Priority::kLow);
    spawned.push_back(Priority::kNormal);
  }
  const std::vector<Priority> order = OrderOfTurns(spawned);
  const auto early = std::count(order.begin(), order.begin() + 32, Priority::kLow);
  EXPECT_GE(early, 3);
  EXPECT_LE(early, 5);
}

TEST(PriorityTest, LowIsNotStarved) {
  for (const Priority others : {Priority::kNormal, Priority::kHigh}) {
    std::atomic<bool> ran = false;
    Runtime runtime({.schedulers = 1});
    runtime.Spawn([&ran, others]() -> Async<> {
      for (int i = 0; i < 4; ++i) (void)SpawnWith({.priority = others}, YieldForEver);
      (void)SpawnWith({.priority = Priority::kLow}, [&ran]() -> Async<> {
        for (int i = 0; i < 100; ++i) co_await Yield();
        ran = true;
      });
      co_return;
    });
    ComputeUntil(ran);
  }
}

// The order of messages doesn't depend on priorities. SIG2
HYDRA_TEST(PriorityTest, MessagesKeepTheirOrder) {
  for (const Priority priority : {Priority::kLow, Priority::kHigh}) {
    const Pid relay = *SpawnWith({.priority = priority}, [to = Self()]() -> Async<> {
      for (;;) Send(to, co_await Receive<int>());
    });
    for (int i = 0; i < 100; ++i) Send(relay, i);
    for (int i = 0; i < 100; ++i) CO_ASSERT_EQ(co_await Receive<int>(), i);
  }
}

}  // namespace
}  // namespace hydra
