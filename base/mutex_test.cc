#include "hydra/base/mutex.h"

#include <chrono>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"

namespace hydra {
namespace {

TEST(MutexTest, OneThreadAtATimeHoldsIt) {
  constexpr int kThreads = 4;
  constexpr int kRounds = 1000;
  struct {
    Mutex mutex;
    int count ABSL_GUARDED_BY(mutex) = 0;
  } shared;

  std::vector<std::jthread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&shared] {
      for (int round = 0; round < kRounds; ++round) {
        MutexLock lock(shared.mutex);
        ++shared.count;
      }
    });
  }
  threads.clear();

  MutexLock lock(shared.mutex);
  EXPECT_EQ(shared.count, kThreads * kRounds);
}

TEST(MutexTest, TryLockTakesItOnlyIfItIsFree) {
  Mutex mutex;
  if (!mutex.TryLock()) FAIL() << "nobody holds it";
  std::jthread([&mutex] {
    const bool locked = mutex.TryLock();
    EXPECT_FALSE(locked);
    if (locked) mutex.Unlock();
  }).join();
  mutex.Unlock();
}

// Two threads that take turns: a lost notification hangs the test.
struct Turns {
  void Play(int self, int rounds) {
    for (int round = 0; round < rounds; ++round) {
      MutexLock lock(mutex);
      while (turn != self) changed.Wait(mutex);
      turn = 1 - self;
      changed.NotifyOne();
    }
  }

  Mutex mutex;
  CondVar changed;
  int turn ABSL_GUARDED_BY(mutex) = 0;
};

TEST(CondVarTest, WaitersAreNotified) {
  Turns turns;
  std::jthread other([&turns] { turns.Play(1, 500); });
  turns.Play(0, 500);
}

// A gate that knows who waits at it, so that it isn't opened before they do.
struct Gate {
  // Tells that the caller is about to wait, with the mutex held until it does.
  void Arrive() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex) {
    ++waiting;
    arrived.NotifyOne();
  }

  void OpenFor(int waiters) {
    MutexLock lock(mutex);
    while (waiting < waiters) arrived.Wait(mutex);
    open = true;
    opened.NotifyAll();
  }

  Mutex mutex;
  CondVar arrived;
  CondVar opened;
  int waiting ABSL_GUARDED_BY(mutex) = 0;
  bool open ABSL_GUARDED_BY(mutex) = false;
};

// A waiter that isn't woken hangs the test.
TEST(CondVarTest, NotifyAllWakesAll) {
  constexpr int kWaiters = 4;
  Gate gate;
  std::vector<std::jthread> threads;
  for (int i = 0; i < kWaiters; ++i) {
    threads.emplace_back([&gate] {
      MutexLock lock(gate.mutex);
      gate.Arrive();
      while (!gate.open) gate.opened.Wait(gate.mutex);
    });
  }
  gate.OpenFor(kWaiters);
}

// The waits are of real time, by a clock that tests can't move.
TEST(CondVarTest, WaitForTakesItsTime) {
  Mutex mutex;
  CondVar condition;
  MutexLock lock(mutex);
  const auto start = std::chrono::steady_clock::now();
  bool in_time = true;
  while (in_time) in_time = condition.WaitFor(mutex, absl::Milliseconds(2));
  EXPECT_GE(std::chrono::steady_clock::now() - start, std::chrono::milliseconds(2));
}

TEST(CondVarTest, WaitUntilEndsAtItsDeadline) {
  Mutex mutex;
  CondVar condition;
  MutexLock lock(mutex);
  const auto start = std::chrono::steady_clock::now();
  const absl::Time deadline = absl::Now() + absl::Milliseconds(2);
  bool in_time = true;
  while (in_time) in_time = condition.WaitUntil(mutex, deadline);
  // Half of it, as the wall clock may run a little faster.
  EXPECT_GE(std::chrono::steady_clock::now() - start, std::chrono::milliseconds(1));
}

TEST(CondVarTest, WhatHasPassedIsNotWaitedFor) {
  Mutex mutex;
  CondVar condition;
  MutexLock lock(mutex);
  EXPECT_FALSE(condition.WaitFor(mutex, absl::ZeroDuration()));
  EXPECT_FALSE(condition.WaitFor(mutex, -absl::InfiniteDuration()));
  EXPECT_FALSE(condition.WaitUntil(mutex, absl::InfinitePast()));
}

TEST(CondVarTest, AnInfiniteWaitEndsWhenNotified) {
  Gate gate;
  std::jthread waiter([&gate] {
    MutexLock lock(gate.mutex);
    gate.Arrive();
    while (!gate.open) {
      const bool in_time = gate.opened.WaitFor(gate.mutex, absl::InfiniteDuration());
      EXPECT_TRUE(in_time);
      if (!in_time) break;
    }
  });
  gate.OpenFor(1);
}

TEST(CondVarTest, AWaitUntilTheInfiniteFutureEndsWhenNotified) {
  Gate gate;
  std::jthread waiter([&gate] {
    MutexLock lock(gate.mutex);
    gate.Arrive();
    while (!gate.open) {
      const bool in_time = gate.opened.WaitUntil(gate.mutex, absl::InfiniteFuture());
      EXPECT_TRUE(in_time);
      if (!in_time) break;
    }
  });
  gate.OpenFor(1);
}

}  // namespace
}  // namespace hydra
