// Slots are used again and again; a pid never means the process that comes after (PRC8).
#include <algorithm>
#include <atomic>
#include <cstdint>
#include <memory>
#include <thread>
#include <vector>

#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "hydra/base/mutex.h"
#include "hydra/process/async.h"
#include "hydra/process/exit_reason.h"
#include "hydra/process/internal/control_block.h"
#include "hydra/process/internal/signal.h"
#include "hydra/process/internal/worker.h"
#include "hydra/process/link.h"
#include "hydra/process/pid.h"
#include "hydra/process/receive.h"
#include "hydra/process/runtime.h"
#include "hydra/process/self.h"
#include "hydra/process/send.h"
#include "hydra/process/spawn.h"
#include "hydra/process/testing/manual_runtime.h"
#include "hydra/process/testing/process_test.h"
#include "hydra/process/testing/rounds.h"
#include "hydra/process/timer.h"

namespace hydra {
namespace {

// A message that says whom it is meant for.
struct For {
  Pid receiver;
};

// Counts messages that are meant for another. Lives for some turns, and leaves messages unread: with
// senders that flood it, it would never have read them all.
Async<> ExpectOnlyMine(std::atomic<int>* strays, int turns) {
  for (int i = 0; i < turns; ++i) {
    for (int j = 0; j < 5; ++j) {
      const auto message = co_await Receive<For>().Within(absl::ZeroDuration());
      if (message.has_value() && message->receiver != Self()) ++*strays;
    }
    co_await Yield();
  }
}

// PRC8
HYDRA_TEST(SlotReuseTest, StalePidsReachNobody) {
  std::vector<Pid> stale;
  auto strays = std::make_shared<std::atomic<int>>(0);
  for (int i = 0; i < 300; ++i) {
    const Pid process = Spawn([strays]() -> Async<> { co_await ExpectOnlyMine(strays.get(), 3); });
    stale.push_back(process);
    for (size_t j = stale.size() < 20 ? 0 : stale.size() - 20; j < stale.size(); ++j) {
      Send(stale[j], For{stale[j]});
      if (j % 7 == 3) Exit(stale[j], ExitReason::Kill());
    }
    if (i % 3 == 0) co_await Yield();
  }
  EXPECT_EQ(*strays, 0);
}

// PRC8: a sender that was held up between looking at the serial and pushing.
HYDRA_TEST(SlotReuseTest, SignalForThePredecessorIsDestroyed) {
  const auto counted = std::make_shared<int>(7);
  using Sent = std::shared_ptr<int>;
  auto* late = process_internal::NewSignal<Sent>(&process_internal::kMessageType<Sent>, counted);
  late->serial = Self().serial() - 1;
  process_internal::Worker::CurrentProcess().inbox.Push(late);
  Send(Self(), 1);
  EXPECT_EQ(co_await Receive<int>(), 1);
  EXPECT_FALSE((co_await Receive<Sent>().Within(absl::ZeroDuration())).has_value());
  EXPECT_EQ(counted.use_count(), 1);
}

// PRC8
TEST(SlotReuseTest, SlotsAreUsedAgainAndPidsAreNot) {
  ManualRuntime runtime({.max_processes = 1024});
  std::vector<Pid> pids;
  for (int i = 0; i < 5000; ++i) {
    pids.push_back(runtime.Spawn([]() -> Async<> { co_return; }));
    ASSERT_TRUE(pids.back());
    runtime.RunUntilIdle();
    ASSERT_FALSE(runtime.IsAlive(pids.back()));
    ASSERT_LT(pids.back().slot(), 1024U);
  }
  std::sort(pids.begin(), pids.end());
  EXPECT_EQ(std::unique(pids.begin(), pids.end()), pids.end());
}

// PRC8: senders, killers and timers that lag behind, on all threads, while slots pass from one
// process to the next.
TEST(SlotReuseTest, StaleSignalsOfAllKindsReachNobody) {
  const int64_t processes = Rounds(500'000);
  constexpr size_t kRecent = 32;
  std::atomic<int> strays = 0;
  std::atomic<bool> done = false;
  // How many signals may have been sent: so many for each process that is spawned. Senders that
  // never stop would be all that runs.
  std::atomic<uint32_t> allowed = 0;
  Mutex mutex;
  std::vector<Pid> recent(kRecent);  // guarded by mutex
  const auto pick = [&](uint32_t i) {
    MutexLock lock(mutex);
    return recent[(i * 2654435761U >> 8) % kRecent];
  };

  Runtime runtime({.schedulers = 2, .max_processes = 1024});
  std::thread outside([&] {
    for (uint32_t i = 0; !done; ++i) {
      while (i >= allowed && !done) std::this_thread::yield();
      const Pid pid = pick(i);
      runtime.Send(pid, For{pid});
    }
  });
  runtime.Spawn([&]() -> Async<> {
    for (uint32_t i = 0; !done; ++i) {
      while (i >= allowed && !done) co_await Yield();
      const Pid pid = pick(i);
      Send(pid, For{pid});
      if (i % 5 == 0) Exit(pid, ExitReason::Kill());
      if (i % 7 == 0) SendAfter(absl::Milliseconds(i % 3), pid, For{pid});
      if (i % 2 == 0) co_await Yield();
    }
  });
  runtime.Run([&]() -> Async<> {
    for (int64_t i = 0; i < processes; ++i) {
      while (runtime.process_count() > 200) co_await Yield();
      const Pid pid = Spawn(ExpectOnlyMine, &strays, static_cast<int>(i % 4));
      {
        MutexLock lock(mutex);
        recent[i % kRecent] = pid;
      }
      allowed += 10;
      if (i % 4 == 0) co_await Yield();
    }
  });
  done = true;
  outside.join();
  EXPECT_EQ(strays, 0);
}

}  // namespace
}  // namespace hydra
