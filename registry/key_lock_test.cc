// Locks of keys: one holder at a time, in the order in which they ask, however each of them ends.
#include "hydra/registry/key_lock.h"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "hydra/process/async.h"
#include "hydra/process/down.h"
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
#include "hydra/registry/internal/key_locks.h"
#include "hydra/registry/registry.h"
#include "hydra/registry/registry_testing.h"

namespace hydra {
namespace {

using registry_internal::KeyLocks;
using registry_testing::Kill;

struct Got {
  int number;
};
struct GiveBack {};

// Takes the lock, tells `owner`, and gives it back when it is told to.
Async<> Take(KeyLocks<std::string>* locks, std::string key, int number, Pid owner) {
  {
    const KeyLock lock = co_await locks->Lock(key);
    Send(owner, Got{number});
    co_await Receive<GiveBack>();
  }
  Send(owner, GiveBack{});
  co_await registry_testing::Obey();
}

// REG12
HYDRA_TEST(KeyLockTest, HasOneHolder) {
  KeyLocks<std::string> locks;
  const Pid first = Spawn(Take, &locks, std::string("a"), 1, Self());
  EXPECT_EQ((co_await AssertReceive<Got>()).number, 1);
  const Pid second = Spawn(Take, &locks, std::string("a"), 2, Self());
  co_await RefuteReceive<Got>(testing::_, absl::Milliseconds(2));
  Send(first, GiveBack{});
  EXPECT_EQ((co_await AssertReceive<Got>()).number, 2);
  Send(second, GiveBack{});
  co_await AssertReceive<GiveBack>();
  co_await AssertReceive<GiveBack>();
  EXPECT_EQ(locks.size(), 0U);
}

// REG12: each key has a lock of its own.
HYDRA_TEST(KeyLockTest, KeysAreLockedApart) {
  KeyLocks<std::string> locks;
  Spawn(Take, &locks, std::string("a"), 1, Self());
  Spawn(Take, &locks, std::string("b"), 2, Self());
  co_await AssertReceive<Got>();
  co_await AssertReceive<Got>();
  EXPECT_EQ(locks.size(), 2U);
  co_return;
}

// REG12
HYDRA_TEST(KeyLockTest, IsFair) {
  KeyLocks<std::string> locks;
  std::vector<Pid> processes;
  for (int i = 0; i < 5; ++i) {
    processes.push_back(Spawn(Take, &locks, std::string("a"), i, Self()));
    co_await Sleep(absl::Milliseconds(1));
  }
  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ((co_await AssertReceive<Got>()).number, i);
    Send(processes[static_cast<size_t>(i)], GiveBack{});
  }
  for (int i = 0; i < 5; ++i) co_await AssertReceive<GiveBack>();
}

// REG12: who ends gives it back, and waits no longer.
HYDRA_TEST(KeyLockTest, EndsOfHolderAndWaiter) {
  KeyLocks<std::string> locks;
  std::vector<Pid> processes;
  for (int i = 0; i < 3; ++i) {
    processes.push_back(Spawn(Take, &locks, std::string("a"), i, Self()));
    co_await Sleep(absl::Milliseconds(1));
  }
  EXPECT_EQ((co_await AssertReceive<Got>()).number, 0);
  co_await Kill(processes[1]);
  co_await RefuteReceive<Got>(testing::_, absl::Milliseconds(2));
  co_await Kill(processes[0]);
  EXPECT_EQ((co_await AssertReceive<Got>()).number, 2);
  EXPECT_EQ(locks.size(), 1U);
  co_await Kill(processes[2]);
  EXPECT_EQ(locks.size(), 0U);
}

// REG12: an exception gives it back.
HYDRA_TEST(KeyLockTest, ExceptionGivesItBack) {
  KeyLocks<std::string> locks;
  try {
    const KeyLock lock = co_await locks.Lock("a");
    throw 1;
  } catch (int) {
  }
  EXPECT_EQ(locks.size(), 0U);
  const KeyLock again = co_await locks.Lock("a");
}

// Whoever has it may hand it on, as a message too.
HYDRA_TEST(KeyLockTest, IsMovable) {
  KeyLocks<std::string> locks;
  KeyLock lock = co_await locks.Lock("a");
  std::optional<KeyLock> moved = std::move(lock);
  EXPECT_EQ(locks.size(), 1U);
  const Pid other = Spawn([]() -> Async<> {
    const KeyLock sent = co_await Receive<KeyLock>();
    co_await Receive<GiveBack>();
  });
  Send(other, *std::move(moved));
  moved.reset();
  co_await Sleep(absl::Milliseconds(1));
  EXPECT_EQ(locks.size(), 1U);
  co_await Kill(other);
  EXPECT_EQ(locks.size(), 0U);
  // One that is assigned to gives back what it had.
  KeyLock one = co_await locks.Lock("a");
  one = co_await locks.Lock("b");
  EXPECT_EQ(locks.size(), 1U);
  const KeyLock again = co_await locks.Lock("a");
}

// A lock outlives the registry, whose process it never needed.
HYDRA_TEST(KeyLockTest, OutlivesTheRegistry) {
  std::optional<KeyLock> lock;
  {
    const Registry<std::string> rooms;
    lock = co_await rooms.Lock("lobby");
  }
  lock.reset();
}

// ---- On threads.

// Takes one of two locks as often as it can. `inside` says who is in it.
Async<> TakeOften(KeyLocks<int>* locks, std::atomic<int>* inside, int count) {
  for (int i = 0; i < count; ++i) {
    const int key = i % 2;
    const KeyLock lock = co_await locks->Lock(key);
    EXPECT_EQ(inside[key].fetch_add(1), 0);
    if (i % 8 == 0) co_await Yield();
    EXPECT_EQ(inside[key].fetch_sub(1), 1);
  }
}

// REG12: places come and go all the time, while others ask for them.
TEST(KeyLockRaceTest, ExcludesOnThreads) {
  TestOnThreads([]() -> Async<> {
    KeyLocks<int> locks;
    std::atomic<int> inside[2] = {0, 0};
    const int count = static_cast<int>(Rounds(100'000));
    std::vector<MonitoredProcess> processes;
    for (int i = 0; i < 4; ++i)
      processes.push_back(SpawnMonitor(TakeOften, &locks, &inside[0], count));
    for (const MonitoredProcess& process : processes) {
      EXPECT_EQ((co_await Receive<Down>().For(process.ref)).reason, ExitReason::Normal());
    }
    EXPECT_EQ(locks.size(), 0U);
  });
}

// REG12: a place that ends while a new one is made for its key doesn't take that with it.
TEST(KeyLockRaceTest, PlacesComeAndGo) {
  TestOnThreads([]() -> Async<> {
    KeyLocks<int> locks;
    std::atomic<int> inside{0};
    std::vector<MonitoredProcess> processes;
    for (int i = 0; i < 4; ++i) {
      processes.push_back(SpawnMonitor([&]() -> Async<> {
        for (int64_t round = Rounds(2'000'000); round > 0; --round) {
          const KeyLock lock = co_await locks.Lock(1);
          EXPECT_EQ(inside.fetch_add(1), 0);
          inside.fetch_sub(1);
        }
      }));
    }
    for (const MonitoredProcess& process : processes) co_await Receive<Down>().For(process.ref);
    EXPECT_EQ(locks.size(), 0U);
  });
}

// REG12: holders and waiters are killed at any moment; whoever is left gets it.
TEST(KeyLockRaceTest, KillsOnThreads) {
  TestOnThreads([]() -> Async<> {
    KeyLocks<std::string> locks;
    constexpr int kAtOnce = 8;
    for (int64_t round = Rounds(100'000); round > 0; round -= kAtOnce) {
      std::vector<MonitoredProcess> processes;
      for (int i = 0; i < kAtOnce; ++i)
        processes.push_back(SpawnMonitor(Take, &locks, std::string("a"), i, Self()));
      // They are killed while they ask, wait and hold; the last is left, and gets it.
      for (const MonitoredProcess& process : processes) {
        if (process.pid == processes.back().pid) break;
        Exit(process.pid, ExitReason::Kill());
        if (round % 3 == 0) co_await Yield();
      }
      co_await AssertReceive<Got>(testing::Field(&Got::number, kAtOnce - 1));
      Exit(processes.back().pid, ExitReason::Kill());
      for (const MonitoredProcess& process : processes) co_await Receive<Down>().For(process.ref);
      co_await Flush<Got>();
    }
    EXPECT_EQ(locks.size(), 0U);
  });
}

}  // namespace
}  // namespace hydra
