// Runtimes that end while blocking functions run, or wait to be run.
#include <atomic>
#include <latch>
#include <memory>
#include <stop_token>
#include <thread>

#include "absl/cleanup/cleanup.h"
#include "gtest/gtest.h"
#include "hydra/process/async.h"
#include "hydra/process/exit_reason.h"
#include "hydra/process/link.h"
#include "hydra/process/pid.h"
#include "hydra/process/run_blocking.h"
#include "hydra/process/runtime.h"
#include "hydra/process/send.h"
#include "hydra/process/testing/manual_runtime.h"

namespace hydra {
namespace {

void AwaitStop(const std::stop_token& stop) {
  while (!stop.stop_requested()) std::this_thread::yield();
}

TEST(RunBlockingRuntimeEndTest, RuntimesEndWaitsForFunctionsAndProcessesDoNotGoOn) {
  std::latch begun(2);
  std::atomic<int> called{0};
  std::atomic<int> destroyed{0};
  std::atomic<int> destroyed_before{0};
  std::atomic<int> went_on{0};
  {
    Runtime runtime({.schedulers = 2, .max_blocking_threads = 2});
    for (int i = 0; i < 4; ++i) {
      runtime.Spawn([&]() -> Async<> {
        const absl::Cleanup count = [&] { ++destroyed; };
        co_await RunBlocking([&](const std::stop_token& stop) {
          ++called;
          begun.count_down();
          AwaitStop(stop);
          for (int round = 0; round < 100; ++round) std::this_thread::yield();
          destroyed_before += destroyed;
        });
        ++went_on;
      });
    }
    begun.wait();
  }
  EXPECT_EQ(called, 2) << "the others never begin";
  EXPECT_EQ(destroyed_before, 0);
  EXPECT_EQ(destroyed, 4);
  EXPECT_EQ(went_on, 0);
}

// The first returns after the runtime's end has begun, which the second tells it.
TEST(RunBlockingRuntimeEndTest, ProcessThatAFunctionKeepsMayEndWithTheRuntime) {
  std::latch begun(2);
  std::latch doomed(1);
  std::latch release(1);
  const auto token = std::make_shared<int>(7);
  {
    Runtime runtime({.schedulers = 2});
    const Pid first = runtime.Spawn([&]() -> Async<> {
      co_await RunBlocking([&](const std::stop_token& stop) {
        begun.count_down();
        AwaitStop(stop);
        doomed.count_down();
        release.wait();
      });
    });
    runtime.Spawn([&]() -> Async<> {
      co_await RunBlocking([&](const std::stop_token& stop) {
        begun.count_down();
        AwaitStop(stop);
        release.count_down();
      });
    });
    begun.wait();
    runtime.Run([&]() -> Async<> {
      Exit(first, ExitReason::Custom("doomed"));
      Send(first, token);
      co_return;
    });
    doomed.wait();
  }
  EXPECT_EQ(token.use_count(), 1);
}

TEST(RunBlockingRuntimeEndTest, FunctionThatWaitsWhenAHandDrivenRuntimeEndsIsNeverCalled) {
  bool called = false;
  const auto token = std::make_shared<int>(7);
  {
    ManualRuntime runtime;
    runtime.Spawn([&called, token]() -> Async<> {
      co_await RunBlocking([&called, token] { called = true; });
    });
    EXPECT_TRUE(runtime.RunOne());
    EXPECT_GT(token.use_count(), 2);
  }
  EXPECT_FALSE(called);
  EXPECT_EQ(token.use_count(), 1);
}

}  // namespace
}  // namespace hydra
