// The threads of blocking functions: which they are, how many, and when there can be none.
#include <pthread.h>

#include <atomic>
#include <cstddef>
#include <latch>
#include <stop_token>
#include <system_error>
#include <thread>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "hydra/process/async.h"
#include "hydra/process/exit_reason.h"
#include "hydra/process/link.h"
#include "hydra/process/pid.h"
#include "hydra/process/receive.h"
#include "hydra/process/run_blocking.h"
#include "hydra/process/run_blocking_testing.h"
#include "hydra/process/runtime.h"
#include "hydra/process/self.h"
#include "hydra/process/send.h"
#include "hydra/process/spawn.h"
#include "hydra/process/testing/process_test.h"

namespace hydra::process_testing {
namespace {

using testing::ElementsAre;

TEST(RunBlockingThreadsTest, RunsOnAnotherThreadThanTheSchedulers) {
  Runtime runtime({.schedulers = 1});
  runtime.Run([]() -> Async<> {
    const std::thread::id scheduler = std::this_thread::get_id();
    EXPECT_NE(co_await RunBlocking([] { return std::this_thread::get_id(); }), scheduler);
    EXPECT_EQ(std::this_thread::get_id(), scheduler);
  });
}

TEST(RunBlockingThreadsDeathTest, FreeFunctionsAreForProcesses) {
  const auto sends = []() -> Async<> { co_await RunBlocking([self = Self()] { Send(self, 1); }); };
  EXPECT_DEATH(TestByHand(sends), "a foreign thread uses the members of hydra::Runtime");
  EXPECT_DEATH(TestOnThreads(sends), "a foreign thread uses the members of hydra::Runtime");
}

TEST(RunBlockingThreadsDeathTest, FreeFunctionsAreNotForCallbacksOfTheStopToken) {
  const auto calls_self = [](Runtime& runtime) {
    runtime.Run([&runtime]() -> Async<> {
      const Pid self = Self();
      co_await RunBlocking([&](const std::stop_token& stop) {
        const std::stop_callback callback(stop, [] { Self(); });
        ExitAndAwaitStop(runtime, self, ExitReason::Kill(), stop);
      });
    });
  };
  EXPECT_DEATH(OnBoth(calls_self), "this must be called by a process");
}

TEST(RunBlockingThreadsTest, FunctionMayUseTheRuntime) {
  OnBoth([](Runtime& runtime) {
    runtime.Run([&runtime]() -> Async<> {
      const Pid self = Self();
      co_await RunBlocking([&runtime, self] {
        runtime.Send(self, 1);
        runtime.Run([self]() -> Async<> {
          Send(self, 2);
          co_return;
        });
      });
      EXPECT_THAT(co_await Flush<int>(), ElementsAre(1, 2));
    });
  });
}

// The first four run until all processes have begun to wait.
TEST(RunBlockingThreadsTest, AtMostSoManyFunctionsRunAtOnceAndTenThousandWait) {
  constexpr int kProcesses = 10'000;
  std::atomic<int> running{0};
  std::atomic<int> most{0};
  std::atomic<int> ran{0};
  std::latch all_wait(kProcesses);
  std::latch all_busy(4);
  Runtime runtime({.schedulers = 2, .max_blocking_threads = 4});
  runtime.Run([&]() -> Async<> {
    for (int i = 0; i < kProcesses; ++i) {
      Spawn([&, parent = Self()]() -> Async<> {
        all_wait.count_down();
        co_await RunBlocking([&] {
          const int now = ++running;
          int seen = most.load();
          while (now > seen && !most.compare_exchange_weak(seen, now)) continue;
          if (++ran <= 4) all_busy.arrive_and_wait();
          all_wait.wait();
          --running;
        });
        Send(parent, 1);
      });
    }
    for (int i = 0; i < kProcesses; ++i) co_await Receive<int>();
  });
  EXPECT_EQ(ran, kProcesses);
  EXPECT_EQ(most, 4);
}

// While it lives no thread can be started.
class NoMoreThreads {
 public:
  NoMoreThreads() {
    pthread_getattr_default_np(&usual_);
    pthread_attr_t absurd = usual_;
    pthread_attr_setstacksize(&absurd, size_t{1} << 50);
    pthread_setattr_default_np(&absurd);
  }
  NoMoreThreads(const NoMoreThreads&) = delete;
  NoMoreThreads& operator=(const NoMoreThreads&) = delete;
  ~NoMoreThreads() { pthread_setattr_default_np(&usual_); }

 private:
  pthread_attr_t usual_;
};

TEST(RunBlockingThreadsTest, ThrowsIfThereCanBeNoThread) {
  Runtime runtime({.schedulers = 1});
  const ExitReason reason = runtime.Run([]() -> Async<> {
    bool thrown = false;
    try {
      const NoMoreThreads no_more_threads;
      co_await RunBlocking([] {});
    } catch (const std::system_error&) {
      thrown = true;
    }
    EXPECT_TRUE(thrown);
    EXPECT_EQ(co_await RunBlocking([] { return 7; }), 7);
  });
  EXPECT_EQ(reason, ExitReason::Normal());
}

TEST(RunBlockingThreadsTest, ProcessMayEndByThat) {
  Runtime runtime({.schedulers = 1});
  const NoMoreThreads no_more_threads;
  const ExitReason reason = runtime.Run([]() -> Async<> { co_await RunBlocking([] {}); });
  EXPECT_EQ(reason.kind(), ExitReason::Kind::kError);
}

// Nor is a thread asked for.
TEST(RunBlockingThreadsTest, AfterAnExitNothingIsQueued) {
  Runtime runtime({.schedulers = 1});
  bool went_on = false;
  const ExitReason reason = runtime.Run([&went_on]() -> Async<> {
    Exit(Self(), ExitReason::Kill());
    try {
      const NoMoreThreads no_more_threads;
      co_await RunBlocking([] {});
    } catch (const std::system_error&) {
      went_on = true;
    }
  });
  EXPECT_EQ(reason, ExitReason::Killed());
  EXPECT_FALSE(went_on);
}

}  // namespace
}  // namespace hydra::process_testing
