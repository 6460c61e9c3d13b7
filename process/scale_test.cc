// Large numbers: of awaits, of frames, of processes, of messages.
#include <atomic>
#include <cstdint>
#include <memory>
#include <vector>

#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "hydra/base/compiler.h"
#include "hydra/process/async.h"
#include "hydra/process/exit_reason.h"
#include "hydra/process/link.h"
#include "hydra/process/pid.h"
#include "hydra/process/receive.h"
#include "hydra/process/runtime.h"
#include "hydra/process/self.h"
#include "hydra/process/send.h"
#include "hydra/process/spawn.h"
#include "hydra/process/testing/manual_runtime.h"
#include "hydra/process/timer.h"

namespace hydra {
namespace {

#if defined(HYDRA_ASAN) || defined(HYDRA_TSAN)
constexpr int kMillion = 100'000;
#else
constexpr int kMillion = 1'000'000;
#endif

struct Never {};
struct Ping {
  Pid from;
};
struct Pong {};

Async<int> One() { co_return 1; }

// Constant stack: a million would overflow it otherwise.
TEST(ScaleTest, TenMillionReadyAwaitsInOneLoop) {
  Runtime runtime({.schedulers = 1});
  int64_t sum = 0;
  runtime.Run([&sum]() -> Async<> {
    for (int i = 0; i < 10 * kMillion; ++i) sum += co_await One();
  });
  EXPECT_EQ(sum, 10 * kMillion);
}

TEST(ScaleTest, MillionReadyReceivesInOneLoop) {
  Runtime runtime({.schedulers = 1});
  const ExitReason reason = runtime.Run([]() -> Async<> {
    for (int i = 0; i < kMillion; ++i) {
      Send(Self(), i);
      if (co_await Receive<int>() != i) Exit(Self(), ExitReason::Custom("wrong message"));
    }
  });
  EXPECT_EQ(reason, ExitReason::Normal());
}

Async<int> Nest(int depth) {
  if (depth > 0) co_return 1 + co_await Nest(depth - 1);
  co_await Receive<Pong>();
  co_return 1;
}

TEST(ScaleTest, MillionNestedAwaitsReturn) {
  ManualRuntime runtime;
  int depth = 0;
  const Pid process = runtime.Spawn([&depth]() -> Async<> { depth = co_await Nest(kMillion); });
  runtime.RunUntilIdle();
  runtime.Send(process, Pong{});
  runtime.RunUntilIdle();
  EXPECT_EQ(depth, kMillion + 1);
}

TEST(ScaleTest, MillionNestedAwaitsAreKilled) {
  ManualRuntime runtime;
  const Pid process = runtime.Spawn([]() -> Async<> { co_await Nest(kMillion); });
  runtime.RunUntilIdle();
  EXPECT_TRUE(runtime.IsAlive(process));
  runtime.Spawn([process]() -> Async<> {
    Exit(process, ExitReason::Kill());
    co_return;
  });
  runtime.RunUntilIdle();
  EXPECT_FALSE(runtime.IsAlive(process));
}

TEST(ScaleTest, MillionNestedAwaitsAreDestroyedWithTheRuntime) {
  ManualRuntime runtime;
  runtime.Spawn([]() -> Async<> { co_await Nest(kMillion); });
  runtime.RunUntilIdle();
}

TEST(ScaleTest, MillionProcessesAtOnce) {
  Runtime runtime;
  const ExitReason reason = runtime.Run([]() -> Async<> {
    std::vector<Pid> processes(kMillion);
    for (Pid& process : processes) {
      process = Spawn([]() -> Async<> {
        for (;;) {
          const Ping ping = co_await Receive<Ping>();
          Send(ping.from, Pong{});
        }
      });
    }
    for (int round = 0; round < 2; ++round) {
      for (const Pid& process : processes) Send(process, Ping{Self()});
      for (int i = 0; i < kMillion; ++i) co_await Receive<Pong>();
    }
  });
  EXPECT_EQ(reason, ExitReason::Normal());
  EXPECT_EQ(runtime.process_count(), static_cast<size_t>(kMillion));
}

TEST(ScaleTest, MillionProcessesThatEndAtOnce) {
  Runtime runtime;
  std::atomic<int> ran = 0;
  const ExitReason reason = runtime.Run([&ran]() -> Async<> {
    for (int i = 0; i < kMillion; ++i) {
      Spawn([&ran]() -> Async<> {
        ran.fetch_add(1, std::memory_order_relaxed);
        co_return;
      });
      if (i % 1000 == 0) co_await Yield();
    }
    while (ran.load(std::memory_order_relaxed) < kMillion) co_await Yield();
  });
  EXPECT_EQ(reason, ExitReason::Normal());
}

TEST(ScaleTest, MillionUnreadMessages) {
  Runtime runtime;
  auto counted = std::make_shared<int>(7);
  const ExitReason reason = runtime.Run([counted]() -> Async<> {
    const Pid process = Spawn([]() -> Async<> { co_await Receive<Never>(); });
    for (int i = 0; i < kMillion; ++i) Send(process, counted);
    Exit(process, ExitReason::Kill());
    // The others keep their turns while those are destroyed.
    while (counted.use_count() > 3) co_await Yield();
  });
  EXPECT_EQ(reason, ExitReason::Normal());
}

// RCV6: what lies in the mailbox doesn't matter to a receive for a fresh ref.
TEST(ScaleTest, ReceiveForARefIsQuickBehindAMillionMessages) {
  ManualRuntime runtime;
  const Pid process = runtime.Spawn([]() -> Async<> {
    for (int i = 0; i < kMillion; ++i) Send(Self(), i);
    co_await Receive<Never>().Within(absl::ZeroDuration());
    // With a look at each message these would take hours.
    for (int i = 0; i < kMillion / 10; ++i) {
      const TimerRef timer = StartTimer(absl::ZeroDuration(), Self(), i);
      co_await Receive<Timeout<int>>().For(timer);
    }
  });
  runtime.RunUntilIdle();
  EXPECT_FALSE(runtime.IsAlive(process));
}

// TMR8
TEST(ScaleTest, MillionTimers) {
  ManualRuntime runtime;
  const Pid process = runtime.Spawn([]() -> Async<> {
    std::vector<TimerRef> timers(kMillion);
    for (int i = 0; i < kMillion; ++i) {
      timers[i] = SendAfter(absl::Milliseconds(1 + i % 100'003), Self(), i);
    }
    for (int i = 0; i < kMillion; i += 2) CancelTimer(timers[i]);
    for (int i = 0; i < kMillion / 2; ++i) co_await Receive<int>();
  });
  runtime.Advance(absl::Seconds(101));
  EXPECT_FALSE(runtime.IsAlive(process));
}

}  // namespace
}  // namespace hydra
