// What happens when a process ends, and in which order.
#include <cstdint>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "absl/cleanup/cleanup.h"
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
#include "hydra/process/testing/process_test.h"
#include "hydra/process/timer.h"

namespace hydra {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

struct Never {};
struct Started {};
struct Gone {};

// Sends a value when it is destroyed; it may be moved.
template <typename M>
auto SendAtEnd(Pid to, M message) {
  return absl::MakeCleanup([to, message] { Send(to, message); });
}

auto TellWhenGone() { return SendAtEnd(Self(), Gone{}); }

// A message that sends an int when it is destroyed.
struct Parting {
  Parting(Pid receiver, int what) : to(receiver), number(what) {}
  Parting(Parting&& other) noexcept : to(std::exchange(other.to, Pid())), number(other.number) {}
  ~Parting() {
    if (to) Send(to, number);
  }

  Pid to;
  int number;
};

Async<> WaitInside(Pid to) {
  const auto inner = SendAtEnd(to, std::string("inner"));
  const auto innermost = SendAtEnd(to, std::string("innermost"));
  Send(to, Started{});
  co_await Receive<Never>();
}

Async<> WaitAround(Pid to, decltype(SendAtEnd(Pid(), std::string())) parameter) {
  const auto middle = SendAtEnd(to, std::string("middle"));
  co_await WaitInside(to);
}

// Spawns a process that waits in nested frames, with an object in each.
Pid SpawnNested() {
  return Spawn(
      [to = Self(), gone = TellWhenGone()](auto argument) -> Async<> {
        const auto outer = SendAtEnd(to, std::string("outer"));
        co_await WaitAround(to, std::move(argument));
      },
      SendAtEnd(Self(), std::string("parameter")));
}

// PRC9, and that sends from destructors go out, in order.
HYDRA_TEST(DeathTest, KilledProcessDestroysItsFramesInnermostFirst) {
  const Pid process = SpawnNested();
  co_await Receive<Started>();
  Exit(process, ExitReason::Kill());
  co_await Receive<Gone>();
  EXPECT_THAT(co_await Flush<std::string>(),
              ElementsAre("innermost", "inner", "middle", "parameter", "outer"));
}

// The same order that a process has which ends by itself.
HYDRA_TEST(DeathTest, ReturningProcessDestroysTheSameInTheSameOrder) {
  const Pid process = SpawnNested();
  co_await Receive<Started>();
  Send(process, Never{});
  co_await Receive<Gone>();
  EXPECT_THAT(co_await Flush<std::string>(),
              ElementsAre("innermost", "inner", "middle", "parameter", "outer"));
}

HYDRA_TEST(DeathTest, CapturesAreDestroyedAfterTheFrames) {
  Spawn([captured = SendAtEnd(Self(), std::string("captured")), to = Self(),
         gone = TellWhenGone()]() -> Async<> {
    const auto local = SendAtEnd(to, std::string("local"));
    Exit(Self(), ExitReason::Kill());
    co_await Yield();
  });
  co_await Receive<Gone>();
  while ((co_await Receive<std::string>()) != "captured") continue;
}

// Self is still itself while its frames are destroyed.
HYDRA_TEST(DeathTest, DestructorsRunInTheDyingProcess) {
  const Pid process = Spawn([to = Self()]() -> Async<> {
    absl::Cleanup tell = [to] { Send(to, Self()); };
    Exit(Self(), ExitReason::Kill());
    co_await Yield();
  });
  EXPECT_EQ(co_await Receive<Pid>(), process);
}

// SIG2: what a destructor sends comes behind what the process sent before.
HYDRA_TEST(DeathTest, LastWordsComeLast) {
  for (int i = 0; i < 10; ++i) {
    Spawn([to = Self()]() -> Async<> {
      const auto last = SendAtEnd(to, 3);
      Send(to, 1);
      Send(to, 2);
      Exit(Self(), ExitReason::Kill());
      co_await Yield();
    });
    EXPECT_EQ(co_await Receive<int>(), 1);
    EXPECT_EQ(co_await Receive<int>(), 2);
    EXPECT_EQ(co_await Receive<int>(), 3);
  }
}

// PRC9
HYDRA_TEST(DeathTest, DyingProcessSpawnsNothing) {
  auto argument = std::make_shared<int>(7);
  Spawn([to = Self(), gone = TellWhenGone(), argument]() -> Async<> {
    absl::Cleanup spawn = [to, argument] {
      const Pid child = Spawn(
          [to](std::shared_ptr<int>) -> Async<> {
            Send(to, std::string("it ran"));
            co_return;
          },
          argument);
      Send(child, 1);
      Exit(child, ExitReason::Kill());
      Send(to, child);
    };
    Exit(Self(), ExitReason::Kill());
    co_await Yield();
  });
  co_await Receive<Gone>();
  EXPECT_FALSE(co_await Receive<Pid>());
  for (int i = 0; i < 20; ++i) co_await Yield();
  EXPECT_THAT(co_await Flush<std::string>(), IsEmpty());
  EXPECT_EQ(argument.use_count(), 1);
}

HYDRA_TEST(DeathTest, DyingProcessMayUseTimers) {
  Spawn([to = Self(), gone = TellWhenGone()]() -> Async<> {
    const TimerRef timer = SendAfter(absl::Hours(1), to, 1);
    absl::Cleanup late = [to, timer] {
      SendAfter(absl::Milliseconds(1), Self(), std::string("to the dead"));
      SendAfter(absl::Milliseconds(1), to, std::string("to the living"));
      EXPECT_TRUE(CancelTimer(timer).has_value());
    };
    Exit(Self(), ExitReason::Kill());
    co_await Yield();
  });
  co_await Receive<Gone>();
  EXPECT_EQ(co_await AssertReceive<std::string>(), "to the living");
}

// RCV7
HYDRA_TEST(DeathTest, UnreadMessagesAreDestroyed) {
  auto counted = std::make_shared<int>(7);
  const Pid process = Spawn([to = Self()]() -> Async<> {
    // Some are passed over, some only drained, some not even that.
    co_await Receive<Never>().Within(absl::ZeroDuration());
    Send(to, Started{});
    co_await Receive<Never>();
  });
  for (int i = 0; i < 1000; ++i) Send(process, counted);
  co_await Receive<Started>();
  for (int i = 0; i < 1000; ++i) Send(process, counted);
  Exit(process, ExitReason::Kill());
  for (int i = 0; i < 1000; ++i) Send(process, counted);
  while (counted.use_count() > 1) co_await Yield();
}

// RCV7
HYDRA_TEST(DeathTest, MessageThatWasFoundButNotTakenIsDestroyed) {
  // The receiver is killed in the very turn in which its message has come.
  auto counted = std::make_shared<int>(7);
  for (int i = 0; i < 20; ++i) {
    const Pid process = Spawn([to = Self(), gone = TellWhenGone()]() -> Async<> {
      Send(to, Started{});
      for (;;) co_await Receive<std::shared_ptr<int>>();
    });
    co_await Receive<Started>();
    Send(process, counted);
    Exit(process, ExitReason::Kill());
    co_await Receive<Gone>();
  }
  while (counted.use_count() > 1) co_await Yield();
}

HYDRA_TEST(DeathTest, DestructorsOfUnreadMessagesMaySend) {
  const Pid process = Spawn([]() -> Async<> { co_await Receive<Never>(); });
  for (int i = 0; i < 10; ++i) Send(process, Parting(Self(), i));
  Exit(process, ExitReason::Kill());
  for (int i = 0; i < 10; ++i) Send(process, Parting(Self(), i));
  int sum = 0;
  for (int i = 0; i < 20; ++i) sum += co_await AssertReceive<int>();
  EXPECT_EQ(sum, 90);
}

// To the dying process itself, and to its successors in the slot: it must not go on for ever.
HYDRA_TEST(DeathTest, DestructorsOfUnreadMessagesMaySendToTheirReceiver) {
  for (int i = 0; i < 10; ++i) {
    const Pid process = Spawn([gone = TellWhenGone()]() -> Async<> { co_await Receive<Never>(); });
    for (int j = 0; j < 10; ++j) Send(process, Parting(process, j));
    Exit(process, ExitReason::Kill());
    co_await Receive<Gone>();
  }
}

HYDRA_TEST(DeathTest, DestructorsOfFramesMaySendToTheirOwnProcess) {
  auto counted = std::make_shared<int>(7);
  Spawn([counted, gone = TellWhenGone()]() -> Async<> {
    const auto last = SendAtEnd(Self(), counted);
    Send(Self(), counted);
    Exit(Self(), ExitReason::Kill());
    co_await Yield();
  });
  co_await Receive<Gone>();
  while (counted.use_count() > 1) co_await Yield();
}

// An Async that was never awaited, or was moved about, is destroyed with its owner.
HYDRA_TEST(DeathTest, UnawaitedAsyncsAreDestroyed) {
  auto counted = std::make_shared<int>(7);
  Spawn([counted, gone = TellWhenGone()]() -> Async<> {
    const auto nothing = [](std::shared_ptr<int>) -> Async<> { co_return; };
    std::vector<Async<>> asyncs;
    for (int i = 0; i < 10; ++i) asyncs.push_back(nothing(counted));
    Async<> kept = std::move(asyncs.back());
    asyncs.pop_back();
    co_await std::move(asyncs.front());
    Exit(Self(), ExitReason::Kill());
    co_await Yield();
  });
  co_await Receive<Gone>();
  while (counted.use_count() > 1) co_await Yield();
}

HYDRA_TEST(DeathTest, ThrowingProcessDestroysItsFramesAndCaptures) {
  const ScopedLogCapture log;
  Spawn([to = Self(), gone = TellWhenGone()]() -> Async<> {
    const auto local = SendAtEnd(to, std::string("local"));
    co_await Yield();
    throw std::runtime_error("enough");
  });
  co_await Receive<Gone>();
  EXPECT_THAT(co_await Flush<std::string>(), ElementsAre("local"));
}

// Many unread messages aren't destroyed in one turn.
TEST(DeathTest, DestroyingUnreadMessagesLetsOthersRun) {
  ManualRuntime runtime;
  const Pid process = runtime.Spawn([]() -> Async<> { co_await Receive<Never>(); });
  auto counted = std::make_shared<int>(7);
  for (int i = 0; i < 10'000; ++i) runtime.Send(process, counted);
  runtime.RunUntilIdle();
  runtime.Spawn([process]() -> Async<> {
    Exit(process, ExitReason::Kill());
    co_return;
  });
  int64_t turns = 0;
  while (runtime.IsAlive(process)) {
    ASSERT_TRUE(runtime.RunOne());
  }
  EXPECT_GT(counted.use_count(), 1000);
  while (runtime.RunOne()) ++turns;
  EXPECT_GE(turns, 5);
  EXPECT_EQ(counted.use_count(), 1);
  EXPECT_EQ(runtime.process_count(), 0U);
}

// Death is visible only when all frames are gone.
TEST(DeathTest, ProcessIsAliveUntilItsFramesAreDestroyed) {
  ManualRuntime runtime;
  std::optional<bool> alive;
  Pid process;
  process = runtime.Spawn([&]() -> Async<> {
    absl::Cleanup look = [&] { alive = runtime.IsAlive(process); };
    co_await Receive<int>();
  });
  runtime.Send(process, 1);
  runtime.RunUntilIdle();
  EXPECT_EQ(alive, true);
  EXPECT_FALSE(runtime.IsAlive(process));
}

}  // namespace
}  // namespace hydra
