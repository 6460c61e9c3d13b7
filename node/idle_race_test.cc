// The network is handed over between workers, which poll it while they are awake, and a thread that waits for it while
// all sleep (Transport::Poll, SetIdle): nothing may fall between them, or be left to who looks by only now and then.
#include <sys/resource.h>

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <random>
#include <string_view>
#include <thread>
#include <vector>

#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "hydra/node/testing/local_node.h"
#include "hydra/node/testing/note.h"
#include "hydra/process/process.h"
#include "hydra/process/testing/process_test.h"
#include "hydra/process/testing/rounds.h"

namespace hydra {
namespace {

// Workers look out for what comes for 200 microseconds after something has, and sleep then.
constexpr absl::Duration kLongestDawdle = absl::Microseconds(400);
// So long that all workers sleep.
constexpr absl::Duration kNap = absl::Milliseconds(4);

// Keeps a worker for a while, of a length that differs each time.
void Dawdle(std::minstd_rand& random) {
  const absl::Time end = absl::Now() + kLongestDawdle * (random() / 8 % 256) / 256;
  while (absl::Now() < end) {
  }
}

struct Ball {
  static constexpr std::string_view kWireName = "test.Ball";
  int64_t number = 0;
  Pid from;
};

Async<> HitBack(uint32_t seed) {
  std::minstd_rand random(seed);
  for (int64_t number = 0;; ++number) {
    const Ball ball = co_await Receive<Ball>();
    EXPECT_EQ(ball.number, number);
    Dawdle(random);
    Send(ball.from, Ball{ball.number, Self()});
  }
}

// Each of the two falls asleep, or doesn't quite, whenever it is the other's turn.
TEST(IdleRaceTest, NothingIsLostBetweenSleepAndWaking) {
  LocalNode a("a");
  LocalNode b("b");
  const Pid partner = b.runtime().Spawn(HitBack, uint32_t{1});
  a.Run([&]() -> Async<> {
    std::minstd_rand random(2);
    for (int64_t number = 0; number < Rounds(300'000); ++number) {
      Dawdle(random);
      Send(partner, Ball{number, Self()});
      CO_ASSERT_EQ((co_await AssertReceive<Ball>()).number, number);
    }
  });
}

// Likewise with several pairs, so that also what comes meanwhile wakes it, or keeps it awake.
TEST(IdleRaceTest, NothingIsLostAmongSeveral) {
  constexpr uint32_t kPairs = 3;
  LocalNode a("a");
  LocalNode b("b");
  std::vector<Pid> partners;
  for (uint32_t i = 0; i < kPairs; ++i) partners.push_back(b.runtime().Spawn(HitBack, i + 1));
  a.Run([&]() -> Async<> {
    std::vector<MonitoredProcess> players;
    for (uint32_t i = 0; i < kPairs; ++i) {
      players.push_back(SpawnMonitor([&, i]() -> Async<> {
        std::minstd_rand random(i + 10);
        for (int64_t number = 0; number < Rounds(100'000); ++number) {
          if (random() / 8 % 4 == 0) Dawdle(random);
          Send(partners[i], Ball{number, Self()});
          CO_ASSERT_EQ((co_await AssertReceive<Ball>()).number, number);
        }
      }));
    }
    for (const MonitoredProcess& player : players)
      EXPECT_EQ((co_await Receive<Down>().For(player.ref)).reason, ExitReason::Normal());
  });
}

// What comes while all sleep is handled at once, not when somebody looks by the next time, which is once in a millisecond
// at each end. Measured without those that a busy machine held up.
TEST(IdleRaceTest, WhoSleepsIsWokenAtOnce) {
  constexpr size_t kTimes = 200;
  LocalNode a("a");
  LocalNode b("b");
  b.SpawnNamed("echo", Echo);
  std::vector<absl::Duration> taken;
  a.Run([&]() -> Async<> {
    const Dest echo("echo", b.name());
    while (taken.size() < kTimes) {
      co_await Sleep(kNap);
      const absl::Time start = absl::Now();
      Send(echo, Note{"", Self()});
      co_await AssertReceive<Note>();
      taken.push_back(absl::Now() - start);
    }
  });
  std::sort(taken.begin(), taken.end());
  EXPECT_LT(taken[kTimes / 10], absl::Milliseconds(1));
}

// How often any thread has gone to sleep.
int64_t TimesSlept() {
  rusage usage = {};
  getrusage(RUSAGE_SELF, &usage);
  return usage.ru_nvcsw;
}

// Nobody looks by while all sleep: a node that has nothing to do uses no CPU.
TEST(IdleRaceTest, WhoSleepsIsntWokenForNothing) {
  LocalNode a("a");
  LocalNode b("b");
  EXPECT_TRUE(a.Connect(b.name()).ok());
  int64_t fewest = std::numeric_limits<int64_t>::max();
  for (int i = 0; i < 5; ++i) {
    a.Run([]() -> Async<> { co_await Sleep(kNap); });
    const int64_t before = TimesSlept();
    absl::SleepFor(absl::Milliseconds(200));
    fewest = std::min(fewest, TimesSlept() - before);
  }
  EXPECT_LT(fewest, 50) << "in 200 ms";
}

// Workers that compute look for nothing: what comes is handled all the same.
TEST(IdleRaceTest, BusyWorkersDontKeepTheNetwork) {
  std::atomic<int> computing = 0;
  std::atomic<bool> enough = false;
  LocalNode a("a");
  LocalNode b("b");
  EXPECT_TRUE(a.Connect(b.name()).ok());
  for (int i = 0; i < 2; ++i) {
    b.runtime().Spawn([&]() -> Async<> {
      ++computing;
      while (!enough) std::this_thread::yield();
      co_return;
    });
  }
  while (computing < 2) std::this_thread::yield();
  bool all_answered = true;
  for (int i = 0; i < 10 && all_answered; ++i) all_answered = a.Ping(b.name()).ok();
  enough = true;
  EXPECT_TRUE(all_answered);
}

}  // namespace
}  // namespace hydra
