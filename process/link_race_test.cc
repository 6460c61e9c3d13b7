// Links whose two ends act at the same time, on threads.
#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "hydra/process/async.h"
#include "hydra/process/down.h"
#include "hydra/process/exit_reason.h"
#include "hydra/process/exit_signal.h"
#include "hydra/process/link.h"
#include "hydra/process/name.h"
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

using testing::IsEmpty;
using testing::UnorderedElementsAreArray;

struct Never {};

const ExitReason kEnough = ExitReason::Custom("enough");

// So many processes are spawned at a time that both schedulers have some to run.
constexpr int kAtOnce = 16;

// Runs `round` so often that it has dealt with a hundred thousand processes, on two schedulers.
void Race(Async<> (*round)(std::minstd_rand&)) {
  TestOnThreads([round]() -> Async<> {
    TrapExit(true);
    std::minstd_rand random(1);
    for (int64_t i = Rounds(100'000); i > 0; i -= kAtOnce) co_await round(random);
  });
}

// Takes up to a microsecond or so.
void Dawdle(std::minstd_rand& random) {
  for (uint32_t i = random() / 8 % 256; i > 0; --i)
    std::atomic_signal_fence(std::memory_order_seq_cst);
}

Async<> EndSoon(uint32_t seed) {
  std::minstd_rand random(seed);
  Dawdle(random);
  ExitSelf(kEnough);
  co_return;
}

struct Partner {
  Pid pid;
};
struct Finished {};
struct Settled {};

// Links and unlinks at random, together with its partner. Tells `owner` when each has taken in what
// the other has sent. Then tells it of each exit signal.
Async<> LinkAndUnlink(Pid owner, uint32_t seed) {
  TrapExit(true);
  std::minstd_rand random(seed);
  const Pid partner = (co_await Receive<Partner>()).pid;
  for (int i = 0; i < 4; ++i) {
    if (random() / 8 % 2 == 0) {
      Link(partner);
    } else {
      Unlink(partner);
    }
    Dawdle(random);
    if (random() / 8 % 3 == 0) co_await Yield();
  }
  Send(partner, Finished{});
  co_await Receive<Finished>();  // so have the partner's signals
  Send(partner, Settled{});
  co_await Receive<Settled>();  // so have the partner's answers to those of this process
  Send(owner, Settled{});
  for (;;) {
    co_await Receive([](const Partner& linked) { Link(linked.pid); },
                     [&](const ExitSignal& exit) { Send(owner, exit); },
                     [&](Finished) { Send(owner, Finished{}); });
  }
}

struct Pair {
  Pid a;
  Pid b;
};

// LNK4: both ends agree in the end. If they didn't, a Link of the one that is linked would do
// nothing, and the other's end wouldn't be heard.
Async<> AgreeOnLinks(std::minstd_rand& random) {
  std::vector<Pair> pairs;
  for (int i = 0; i < kAtOnce; ++i) {
    pairs.push_back(
        {Spawn(LinkAndUnlink, Self(), random()), Spawn(LinkAndUnlink, Self(), random())});
    Send(pairs.back().a, Partner{pairs.back().b});
    Send(pairs.back().b, Partner{pairs.back().a});
  }
  for (int i = 0; i < 2 * kAtOnce; ++i) co_await AssertReceive<Settled>();
  for (const auto& [a, b] : pairs) {
    const bool a_links = random() / 8 % 2 == 0;
    Send(a_links ? a : b, Partner{a_links ? b : a});
    Send(a_links ? a : b, Finished{});
    co_await AssertReceive<Finished>();
    const bool a_ends = random() / 8 % 2 == 0;
    Exit(a_ends ? a : b, ExitReason::Kill());
    const ExitSignal exit = co_await AssertReceive<ExitSignal>();
    CO_ASSERT_EQ(exit.from, a_ends ? a : b);
    CO_ASSERT_EQ(exit.reason, ExitReason::Killed());
    Exit(a_ends ? b : a, ExitReason::Kill());
  }
}

TEST(LinkRaceTest, BothEndsAgree) { Race(AgreeOnLinks); }

// LNK3: after Unlink nothing comes any more, even if it had been sent before.
Async<> UnlinkFromTheEnding(std::minstd_rand& random) {
  std::vector<Pid> partners;
  for (int i = 0; i < kAtOnce; ++i) {
    partners.push_back(SpawnMonitor(EndSoon, random()).pid);
    Link(partners.back());
  }
  std::set<Pid> linked(partners.begin(), partners.end());
  for (const Pid& partner : partners) {
    for (const ExitSignal& exit : co_await Flush<ExitSignal>())
      CO_ASSERT_TRUE(linked.contains(exit.from));
    Dawdle(random);
    Unlink(partner);
    linked.erase(partner);
  }
  for (int i = 0; i < kAtOnce; ++i) co_await AssertReceive<Down>();  // these come last
  CO_ASSERT_THAT(co_await Flush<ExitSignal>(), IsEmpty());
}

TEST(LinkRaceTest, UnlinkFromTheEnding) { Race(UnlinkFromTheEnding); }

// LNK6: one signal of each, with the real reason or noproc.
Async<> LinkToTheEnding(std::minstd_rand& random) {
  std::vector<Pid> partners;
  for (int i = 0; i < kAtOnce; ++i) partners.push_back(SpawnMonitor(EndSoon, random()).pid);
  for (const Pid& partner : partners) {
    Dawdle(random);
    Link(partner);
  }
  std::vector<Pid> heard;
  for (int i = 0; i < kAtOnce; ++i) {
    const ExitSignal exit = co_await AssertReceive<ExitSignal>();
    CO_ASSERT_TRUE(exit.reason == kEnough || exit.reason == ExitReason::NoProc()) << exit.reason;
    heard.push_back(exit.from);
  }
  CO_ASSERT_THAT(heard, UnorderedElementsAreArray(partners));
  for (int i = 0; i < kAtOnce; ++i) co_await AssertReceive<Down>();
  CO_ASSERT_THAT(co_await Flush<ExitSignal>(), IsEmpty());
}

TEST(LinkRaceTest, LinkToTheEnding) { Race(LinkToTheEnding); }

// LNK5: the end of each child is heard.
Async<> SpawnTheEnding(std::minstd_rand& random) {
  std::vector<Pid> children;
  for (int i = 0; i < kAtOnce; ++i) {
    children.push_back(SpawnLink(EndSoon, random()));
    Dawdle(random);
  }
  std::vector<Pid> heard;
  for (int i = 0; i < kAtOnce; ++i) {
    const ExitSignal exit = co_await AssertReceive<ExitSignal>();
    CO_ASSERT_EQ(exit.reason, kEnough);
    heard.push_back(exit.from);
  }
  CO_ASSERT_THAT(heard, UnorderedElementsAreArray(children));
}

TEST(LinkRaceTest, ChildrenEndAtOnce) { Race(SpawnTheEnding); }

Async<> EndWithAName(std::string name) {
  EXPECT_TRUE(Register(Self(), name).ok());
  ExitSelf(kEnough);
  co_return;
}

// SIG9, LNK9: who hears of the end finds the name free.
Async<> TakeOverTheNames(std::minstd_rand&) {
  std::map<Pid, std::string> names;
  for (int i = 0; i < kAtOnce; ++i) {
    const std::string name = "name " + std::to_string(i);
    names.emplace(SpawnLink(EndWithAName, name), name);
  }
  for (int i = 0; i < kAtOnce; ++i) {
    const std::string& name = names[(co_await AssertReceive<ExitSignal>()).from];
    CO_ASSERT_FALSE(WhereIs(name));
    CO_ASSERT_TRUE(Register(Self(), name).ok());
    CO_ASSERT_TRUE(Unregister(name).ok());
  }
}

TEST(LinkRaceTest, NamesAreFreeWhenTheEndIsHeard) { Race(TakeOverTheNames); }

// Spawns children until it is killed. Each keeps what it shares with `alive`.
Async<> SpawnForEver(std::shared_ptr<int> alive) {
  for (;;) {
    SpawnLink([alive]() -> Async<> { co_await Receive<Never>(); });
    co_await Yield();
  }
}

// LNK5: no child outlives a parent that is killed while it spawns.
Async<> KillTheSpawning(std::minstd_rand& random) {
  const auto alive = std::make_shared<int>(0);
  std::vector<Pid> parents;
  for (int i = 0; i < kAtOnce; ++i) parents.push_back(SpawnMonitor(SpawnForEver, alive).pid);
  for (const Pid& parent : parents) {
    Dawdle(random);
    if (random() / 8 % 4 == 0) co_await Yield();
    Exit(parent, ExitReason::Kill());
  }
  for (int i = 0; i < kAtOnce; ++i) co_await AssertReceive<Down>();
  while (alive.use_count() > 1) co_await Yield();
}

TEST(LinkRaceTest, ParentsAreKilledWhileTheySpawn) { Race(KillTheSpawning); }

}  // namespace
}  // namespace hydra
