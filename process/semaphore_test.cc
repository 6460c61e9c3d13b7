#include "hydra/process/semaphore.h"

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "hydra/process/async.h"
#include "hydra/process/exit_reason.h"
#include "hydra/process/link.h"
#include "hydra/process/pid.h"
#include "hydra/process/receive.h"
#include "hydra/process/self.h"
#include "hydra/process/send.h"
#include "hydra/process/spawn.h"
#include "hydra/process/testing/process_test.h"
#include "hydra/process/testing/rounds.h"
#include "hydra/process/timer.h"

namespace hydra {
namespace {

struct Got {
  int number;
};
struct Never {};

// Waits for permits, tells `owner`, and keeps them for ever.
Async<> Take(Semaphore semaphore, uint32_t permits, int number, Pid owner) {
  const Permit permit = co_await semaphore.Acquire(permits);
  Send(owner, Got{number});
  co_await Receive<Never>();
}

HYDRA_TEST(SemaphoreTest, PermitsComeAndGo) {
  const Semaphore semaphore(2);
  {
    const Permit one = co_await semaphore.Acquire();
    Permit two = co_await semaphore.Acquire();
    EXPECT_EQ(two.permits(), 1U);
    EXPECT_EQ(semaphore.available(), 0U);
    EXPECT_FALSE(semaphore.TryAcquire().has_value());
    EXPECT_FALSE((co_await semaphore.Acquire().Within(absl::Milliseconds(1))).has_value());
    two.Release();
    EXPECT_EQ(semaphore.available(), 1U);
    EXPECT_EQ(semaphore.TryAcquire()->permits(), 1U);
  }
  EXPECT_EQ(semaphore.available(), 2U);
}

HYDRA_TEST(SemaphoreTest, IsFair) {
  const Semaphore semaphore(3);
  std::optional<Permit> all = co_await semaphore.Acquire(3).Within(absl::Seconds(1));
  std::vector<Pid> pids;
  // Who asks for many isn't passed by those who ask for few.
  for (int i = 0; i < 3; ++i) {
    pids.push_back(Spawn(Take, semaphore, i == 0 ? 3U : 1U, i, Self()));
    co_await Sleep(absl::Milliseconds(1));
  }
  EXPECT_FALSE(semaphore.TryAcquire().has_value());
  Permit one = std::move(*all);
  all.reset();
  one.Release();
  EXPECT_EQ((co_await AssertReceive<Got>()).number, 0);
  co_await RefuteReceive<Got>(testing::_, absl::Milliseconds(2));
  Exit(pids[0], ExitReason::Kill());
  const int next = (co_await AssertReceive<Got>()).number;
  EXPECT_EQ(next + (co_await AssertReceive<Got>()).number, 3);  // both of the others
}

// A process that ends gives back what it holds, and no longer waits.
HYDRA_TEST(SemaphoreTest, EndOfAProcessGivesBack) {
  const Semaphore semaphore(1);
  const Pid holder = Spawn(Take, semaphore, 1U, 0, Self());
  EXPECT_EQ((co_await AssertReceive<Got>()).number, 0);
  const Pid waiter = Spawn(Take, semaphore, 1U, 1, Self());
  co_await Sleep(absl::Milliseconds(1));
  Spawn(Take, semaphore, 1U, 2, Self());
  co_await Sleep(absl::Milliseconds(1));
  Exit(waiter, ExitReason::Kill());
  Exit(holder, ExitReason::Kill());
  EXPECT_EQ((co_await AssertReceive<Got>()).number, 2);
}

// Thousands who don't wait any more are passed over, without recursion.
HYDRA_TEST(SemaphoreTest, ManyWhoGaveUpArePassedOver) {
  const Semaphore semaphore(1);
  Permit permit = co_await semaphore.Acquire();
  for (int i = 0; i < 20'000; ++i)
    EXPECT_FALSE((co_await semaphore.Acquire().Within(absl::ZeroDuration())).has_value());
  permit.Release();
  EXPECT_EQ(semaphore.available(), 1U);
}

// A permit can be sent.
HYDRA_TEST(SemaphoreTest, PermitCanBeHandedOn) {
  const Semaphore semaphore(1);
  const Pid other = Spawn([]() -> Async<> {
    const Permit permit = co_await Receive<Permit>();
    co_await Receive<Never>();
  });
  Send(other, co_await semaphore.Acquire());
  EXPECT_EQ(semaphore.available(), 0U);
  Send(other, Never{});
  EXPECT_EQ((co_await semaphore.Acquire()).permits(), 1U);
}

TEST(SemaphoreRaceTest, NeverMoreThanThereAre) {
  TestOnThreads([]() -> Async<> {
    const Semaphore semaphore(3);
    auto inside = std::make_shared<std::atomic<int>>(0);
    for (int i = 0; i < 50; ++i) {
      Spawn([semaphore, inside, owner = Self()]() -> Async<> {
        for (int round = 0; round < 100; ++round) {
          const Permit permit = co_await semaphore.Acquire();
          EXPECT_LE(inside->fetch_add(1) + 1, 3);
          co_await Yield();
          inside->fetch_sub(1);
        }
        Send(owner, Got{0});
      });
    }
    for (int i = 0; i < 50; ++i) co_await AssertReceive<Got>();
    EXPECT_EQ(semaphore.available(), 3U);
  });
}

// Whoever gives up, or is killed, while permits are being given: none is lost.
TEST(SemaphoreRaceTest, GivingUpLosesNoPermit) {
  TestOnThreads([]() -> Async<> {
    const Semaphore semaphore(2);
    for (int64_t round = Rounds(20'000); round > 0; --round) {
      std::vector<Pid> killed;
      for (int i = 0; i < 4; ++i) {
        killed.push_back(Spawn(Take, semaphore, 1U, i, Self()));
        Spawn([semaphore, owner = Self()]() -> Async<> {
          static_cast<void>(co_await semaphore.Acquire().Within(absl::ZeroDuration()));
          Send(owner, Never());
        });
      }
      for (const Pid& pid : killed) Exit(pid, ExitReason::Kill());
      for (int i = 0; i < 4; ++i) co_await AssertReceive<Never>();
      const Permit all = co_await semaphore.Acquire(2);
      co_await Flush<Got>();
    }
    EXPECT_EQ(semaphore.available(), 2U);
  });
}

}  // namespace
}  // namespace hydra
