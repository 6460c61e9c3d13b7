// Runtimes as objects: how they begin and end, beside each other and beside foreign threads.
#include "hydra/process/runtime.h"

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "hydra/base/log_testing.h"
#include "hydra/process/async.h"
#include "hydra/process/exit_reason.h"
#include "hydra/process/link.h"
#include "hydra/process/pid.h"
#include "hydra/process/receive.h"
#include "hydra/process/self.h"
#include "hydra/process/send.h"
#include "hydra/process/spawn.h"
#include "hydra/process/testing/manual_runtime.h"
#include "hydra/process/testing/probe.h"
#include "hydra/process/testing/rounds.h"
#include "hydra/process/timer.h"

namespace hydra {
namespace {

using testing::IsEmpty;
using testing::SizeIs;

struct Never {};

// Counts how many of its kind there are.
class Counted {
 public:
  explicit Counted(std::atomic<int>* count) : count_(count) { ++*count_; }
  Counted(const Counted& other) : Counted(other.count_) {}
  ~Counted() { --*count_; }

 private:
  std::atomic<int>* count_;
};

Async<> DoNothing() { co_return; }

TEST(RuntimeTest, RunReturnsWhyTheProcessEnded) {
  Runtime runtime({.schedulers = 2});
  EXPECT_EQ(runtime.Run(DoNothing), ExitReason::Normal());
  EXPECT_EQ(runtime.Run([]() -> Async<> {
    Exit(Self(), ExitReason::Shutdown("done"));
    co_await Yield();
  }),
            ExitReason::Shutdown("done"));
}

TEST(RuntimeTest, RunHandsOverArguments) {
  Runtime runtime({.schedulers = 1});
  int result = 0;
  runtime.Run(
      [&result](int a, std::unique_ptr<int> b) -> Async<> {
        co_await Yield();
        result = a + *b;
      },
      3, std::make_unique<int>(4));
  EXPECT_EQ(result, 7);
}

TEST(RuntimeTest, IsAliveWhileTheProcessIs) {
  ManualRuntime runtime;
  const Pid process = runtime.Spawn([]() -> Async<> { co_await Receive<int>(); });
  EXPECT_TRUE(runtime.IsAlive(process));  // PRC1: before it has begun
  runtime.RunUntilIdle();
  EXPECT_TRUE(runtime.IsAlive(process));
  runtime.Send(process, 1);
  runtime.RunUntilIdle();
  EXPECT_FALSE(runtime.IsAlive(process));
  EXPECT_FALSE(runtime.IsAlive(Pid()));
}

TEST(RuntimeTest, CountsItsProcesses) {
  ManualRuntime runtime;
  EXPECT_EQ(runtime.process_count(), 0U);
  std::vector<Pid> processes;
  for (int i = 0; i < 10; ++i) {
    processes.push_back(runtime.Spawn([]() -> Async<> {
      Spawn([]() -> Async<> { co_await Receive<Never>(); });
      co_await Receive<int>();
    }));
  }
  EXPECT_EQ(runtime.process_count(), 10U);
  runtime.RunUntilIdle();
  EXPECT_EQ(runtime.process_count(), 20U);
  for (const Pid& process : processes) runtime.Send(process, 1);
  runtime.RunUntilIdle();
  EXPECT_EQ(runtime.process_count(), 10U);
}

TEST(RuntimeTest, FullTableSpawnsNothingAndRecovers) {
  const ScopedLogCapture log;
  ManualRuntime runtime({.max_processes = 1024});
  auto argument = std::make_shared<int>(7);
  std::vector<Pid> alive;
  runtime.Spawn([&]() -> Async<> {
    for (int i = 0; i < 2000; ++i) {
      const Pid process =
          Spawn([](std::shared_ptr<int>) -> Async<> { co_await Receive<Never>(); }, argument);
      if (process) alive.push_back(process);
    }
    for (const Pid& process : alive) Exit(process, ExitReason::Kill());
    co_return;
  });
  runtime.RunUntilIdle();
  EXPECT_GT(alive.size(), 800U);
  EXPECT_LT(alive.size(), 1024U);
  EXPECT_TRUE(log.Contains("max_processes"));
  EXPECT_EQ(argument.use_count(), 1);
  EXPECT_EQ(runtime.process_count(), 0U);
  EXPECT_TRUE(runtime.Spawn(DoNothing));
}

TEST(RuntimeTest, StartsAndStopsAThousandTimes) {
  for (int i = 0; i < 1000; ++i) {
    Runtime runtime({.schedulers = 1 + i % 3});
    if (i % 4 == 0) continue;  // stopped while its schedulers begin
    runtime.Spawn([]() -> Async<> { co_await Receive<Never>(); });
    if (i % 4 == 1) ASSERT_EQ(runtime.Run(DoNothing), ExitReason::Normal());
  }
}

// ---- Destruction.

Async<> WaitDeepInside(Counted counted, int depth) {
  if (depth == 0) {
    co_await Receive<Never>();
  } else {
    co_await WaitDeepInside(counted, depth - 1);
  }
}

// Spawns a process in each state that one can be in; all hold Counteds.
void SpawnInEveryState(Runtime& runtime, std::atomic<int>* count, std::atomic<int>* ready) {
  const Counted counted(count);
  const auto spawn = [&](auto wait) {
    const auto body = [counted, ready](auto run) -> Async<> {
      const Counted local(counted);
      ++*ready;
      co_await run(counted);
    };
    return runtime.Spawn(body, wait);
  };
  spawn([](Counted) -> Async<> { co_await Receive<Never>(); });
  spawn([](Counted) -> Async<> { co_await Receive<Never>().Within(absl::Hours(1)); });
  spawn([](Counted) -> Async<> { co_await Receive<Never>().Within(absl::InfiniteDuration()); });
  spawn([](Counted) -> Async<> { co_await ReceiveAny(); });
  spawn([](Counted) -> Async<> { co_await Sleep(absl::Hours(1)); });
  spawn([](Counted) -> Async<> {
    for (;;) co_await Sleep(absl::Milliseconds(1));
  });
  spawn([](Counted) -> Async<> {
    for (;;) co_await Yield();
  });
  spawn([](Counted own) -> Async<> { return WaitDeepInside(own, 100); });
  spawn([](Counted own) -> Async<> {  // messages passed over, drained, and not yet drained
    for (int i = 0; i < 10; ++i) Send(Self(), own);
    co_await Receive<Never>().Within(absl::ZeroDuration());
    for (int i = 0; i < 3000; ++i) Send(Self(), own);
    co_await Receive<Never>();
  });
  spawn([](Counted own) -> Async<> {  // timers that are pending
    SendAfter(absl::Hours(1), Self(), own);
    SendInterval(absl::Hours(1), Self(), own);
    StartTimer(absl::Hours(1), Self(), own);
    SendInterval(absl::Milliseconds(1), Self(), own);
    co_await Receive<Never>();
  });
  spawn([](Counted own) -> Async<> {  // dies with many unread messages
    for (int i = 0; i < 5000; ++i) Send(Self(), own);
    co_await Yield();
  });
  spawn([](Counted own) -> Async<> {  // spawns without end
    for (;;) {
      Spawn([own]() -> Async<> { co_await Yield(); });
      co_await Yield();
    }
  });
}
constexpr int kStates = 12;

TEST(RuntimeDestructionTest, DestroysEveryFrameAndMessage) {
  std::atomic<int> count = 0;
  for (int turns = 0; turns < 200; turns = turns < 20 ? turns + 1 : turns + 15) {
    for (uint64_t seed = 1; seed <= 3; ++seed) {
      std::atomic<int> ready = 0;
      ManualRuntime runtime({.seed = seed});
      SpawnInEveryState(runtime, &count, &ready);
      for (int i = 0; i < turns && runtime.RunOne(); ++i) continue;
      EXPECT_GE(count, kStates);
    }
    ASSERT_EQ(count, 0) << "after " << turns << " turns";
  }
}

TEST(RuntimeDestructionTest, DestroysEveryFrameAndMessageOnThreads) {
  std::atomic<int> count = 0;
  for (int64_t i = 0; i < Rounds(6000); ++i) {
    std::atomic<int> ready = 0;
    {
      Runtime runtime({.schedulers = static_cast<int>(1 + i % 3)});
      SpawnInEveryState(runtime, &count, &ready);
      if (i % 3 != 0) {
        while (ready.load() < kStates) std::this_thread::yield();
      }
    }
    ASSERT_EQ(count, 0);
  }
}

// What destructors do while the runtime stops has no effect, and does no harm.
TEST(RuntimeDestructionTest, DestructorsMaySendSpawnAndUseTimers) {
  struct Busy {
    explicit Busy(std::vector<Pid>* all) : others(all) {}
    Busy(Busy&& other) noexcept : others(std::exchange(other.others, nullptr)) {}
    ~Busy() {
      if (others == nullptr) return;
      for (const Pid& other : *others) Send(other, std::string(100, 'x'));
      SendAfter(absl::Seconds(1), Self(), std::string(100, 'x'));
      SendAfter(absl::Seconds(1), others->front(), std::string(100, 'x'));
      Spawn([]() -> Async<> { co_await Receive<Never>(); });
      Exit(others->back(), ExitReason::Kill());
    }
    std::vector<Pid>* others;
  };
  std::vector<Pid> all;
  ManualRuntime runtime;
  for (int i = 0; i < 10; ++i) {
    all.push_back(runtime.Spawn([busy = Busy(&all)]() -> Async<> { co_await Receive<Never>(); }));
  }
  for (int i = 0; i < 5; ++i) runtime.RunOne();
}

// The ends of some make more runnable than a queue holds, among them such as have been ended by then.
TEST(RuntimeDestructionTest, ProcessesMayWakeManyOthers) {
  struct WakesAnother {
    WakesAnother(const std::vector<Pid>* all, size_t which) : others(all), other(which) {}
    WakesAnother(WakesAnother&& moved) noexcept
        : others(std::exchange(moved.others, nullptr)), other(moved.other) {}
    ~WakesAnother() {
      if (others != nullptr && other < others->size()) Send((*others)[other], Never());
    }
    const std::vector<Pid>* others;
    size_t other;
  };
  std::minstd_rand random(1);
  std::vector<Pid> all;
  ManualRuntime runtime;
  for (size_t i = 0; i < 10'000; ++i) {
    const size_t other = i + 1 + random() / 8 % 300;
    all.push_back(runtime.Spawn(
        [wakes = WakesAnother(&all, other)]() -> Async<> { co_await Receive<Never>(); }));
  }
  runtime.RunUntilIdle();
}

TEST(RuntimeDestructionTest, RunReturnsKilledToAnotherThread) {
  std::optional<ExitReason> reason;
  std::thread waiter;
  {
    Runtime runtime({.schedulers = 1});
    std::atomic<bool> running = false;
    waiter = std::thread([&] {
      reason = runtime.Run([&running]() -> Async<> {
        running = true;
        co_await Receive<Never>();
      });
    });
    while (!running) std::this_thread::yield();
  }
  waiter.join();
  EXPECT_EQ(reason, ExitReason::Killed());
}

// ---- Foreign threads.

TEST(ForeignThreadTest, MessagesOfEachThreadArriveInOrder) {
  struct Numbered {
    int thread;
    int number;
  };
  constexpr int kThreads = 4;
  constexpr int kCount = 2000;
  Runtime runtime({.schedulers = 2});
  std::atomic<Pid*> receiver = nullptr;
  std::vector<std::thread> threads;
  for (int thread = 0; thread < kThreads; ++thread) {
    threads.emplace_back([&runtime, &receiver, thread] {
      while (receiver.load() == nullptr) std::this_thread::yield();
      for (int i = 0; i < kCount; ++i) runtime.Send(*receiver.load(), Numbered{thread, i});
    });
  }
  // SIG2, for foreign threads
  runtime.Run([&receiver]() -> Async<> {
    Pid self = Self();
    receiver.store(&self);
    std::vector<int> next(kThreads, 0);
    for (int i = 0; i < kThreads * kCount; ++i) {
      const Numbered message = co_await Receive<Numbered>();
      EXPECT_EQ(message.number, next[message.thread]++);
    }
    Send(Self(), 1);
    co_await Receive<int>();
  });
  for (std::thread& thread : threads) thread.join();
}

TEST(ForeignThreadTest, ThreadsSpawnAtTheSameTime) {
  constexpr int kThreads = 4;
  constexpr int kCount = 500;
  Runtime runtime({.schedulers = 2});
  Probe probe(runtime);
  std::vector<std::thread> threads;
  for (int thread = 0; thread < kThreads; ++thread) {
    threads.emplace_back([&runtime, to = probe.pid()] {
      for (int i = 0; i < kCount; ++i) {
        const Pid process = runtime.Spawn([to]() -> Async<> { Send(to, co_await Receive<int>()); });
        runtime.Send(process, i);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  ASSERT_TRUE(probe.AwaitReceived<int>(kThreads * kCount));
  EXPECT_THAT(probe.Received<int>(), SizeIs(kThreads * kCount));
}

TEST(ForeignThreadTest, ThreadsRunAtTheSameTime) {
  Runtime runtime({.schedulers = 2});
  std::vector<std::thread> threads;
  for (int thread = 0; thread < 4; ++thread) {
    threads.emplace_back([&runtime] {
      for (int i = 0; i < 100; ++i) {
        EXPECT_EQ(runtime.Run([]() -> Async<> { co_await Yield(); }), ExitReason::Normal());
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(runtime.process_count(), 0U);
}

// ---- Several runtimes.

TEST(TwoRuntimesTest, PidOfOneMeansNothingToTheOther) {
  ManualRuntime one;
  ManualRuntime other;
  Probe here(one);
  Probe there(other);  // in the same slot, most likely
  EXPECT_NE(here.pid(), there.pid());
  EXPECT_FALSE(one.IsAlive(there.pid()));
  one.Send(there.pid(), 1);
  one.Spawn([pid = there.pid()]() -> Async<> {
    Send(pid, 2);
    Exit(pid, ExitReason::Kill());
    SendAfter(absl::Milliseconds(1), pid, 3);
    co_return;
  });
  one.Advance(absl::Seconds(1));
  other.Advance(absl::Seconds(1));
  EXPECT_THAT(here.ReceivedTypes(), IsEmpty());
  EXPECT_THAT(there.ReceivedTypes(), IsEmpty());
  EXPECT_TRUE(one.IsAlive(here.pid()));
  EXPECT_TRUE(other.IsAlive(there.pid()));
}

TEST(TwoRuntimesTest, EachProcessKnowsItsOwn) {
  Runtime a;
  ManualRuntime b;
  a.Run([&]() -> Async<> {
    EXPECT_EQ(&Runtime::Current(), &a);
    co_return;
  });
  b.Run([&]() -> Async<> {
    EXPECT_EQ(&Runtime::Current(), &b);
    co_return;
  });
}

TEST(TwoRuntimesTest, TimerOfOneIsNotTheOthers) {
  ManualRuntime one;
  ManualRuntime other;
  std::optional<TimerRef> timer;
  Probe probe(one);
  one.Spawn([&timer, to = probe.pid()]() -> Async<> {
    timer = SendAfter(absl::Seconds(1), to, 1);
    co_return;
  });
  one.RunUntilIdle();
  other.Spawn([&timer]() -> Async<> {
    SendAfter(absl::Seconds(1), Self(), 1);
    EXPECT_EQ(ReadTimer(*timer), std::nullopt);
    EXPECT_EQ(CancelTimer(*timer), std::nullopt);
    co_return;
  });
  other.RunUntilIdle();
  one.Advance(absl::Seconds(1));
  EXPECT_THAT(probe.Received<int>(), SizeIs(1));
}

// One runtime is destroyed while the other goes on sending to its processes: nothing reaches those
// in the same slots here.
TEST(TwoRuntimesTest, OneIsDestroyedWhileTheOtherSends) {
  for (int64_t round = 0; round < Rounds(2000); ++round) {
    std::atomic<int> strays = 0;
    std::atomic<int> sent = 0;
    Runtime one({.schedulers = 2});
    for (int i = 0; i < 10; ++i) {
      one.Spawn([&strays]() -> Async<> {
        co_await ReceiveAny();
        ++strays;
      });
    }
    auto other = std::make_unique<Runtime>(RuntimeOptions{.schedulers = 2});
    std::vector<Pid> pids;
    for (int i = 0; i < 10; ++i) {
      pids.push_back(other->Spawn([]() -> Async<> { co_await Receive<Never>(); }));
    }
    one.Spawn([pids, &sent]() -> Async<> {
      for (;; ++sent) {
        for (const Pid& pid : pids) {
          Send(pid, 1);
          Exit(pid, ExitReason::Kill());
        }
        co_await Yield();
      }
    });
    while (sent < 10) std::this_thread::yield();
    other.reset();
    const int before = sent;
    while (sent < before + 10) std::this_thread::yield();
    EXPECT_EQ(strays, 0);
  }
}

// Two runtimes on one thread, one inside the other: the current runtime is the inner one's while it
// is driven.
TEST(TwoRuntimesTest, OneIsDrivenByAProcessOfTheOther) {
  ManualRuntime outer;
  Pid inside;
  outer.Spawn([&inside]() -> Async<> {
    const Pid self = Self();
    ManualRuntime inner;
    inside = inner.Spawn([]() -> Async<> { co_await Yield(); });
    inner.RunUntilIdle();
    EXPECT_EQ(Self(), self);
    co_return;
  });
  outer.RunUntilIdle();
  EXPECT_NE(inside, Pid());
}

TEST(RuntimeDeathTest, NegativeSchedulersAreRefused) {
  EXPECT_DEATH(Runtime({.schedulers = -1}), "RuntimeOptions::schedulers is -1");
}

TEST(RuntimeDeathTest, ProcessesCannotBlockInRun) {
  EXPECT_DEATH(
      {
        Runtime runtime({.schedulers = 1});
        runtime.Run([&runtime]() -> Async<> {
          runtime.Run(DoNothing);
          co_return;
        });
      },
      "would block a scheduler");
}

}  // namespace
}  // namespace hydra
