// Calls that go to one of the workers.
#include <set>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "hydra/base/log_testing.h"
#include "hydra/base/status_testing.h"
#include "hydra/genserver/genserver.h"
#include "hydra/pool/pool.h"
#include "hydra/pool/pool_options.h"
#include "hydra/pool/pool_testing.h"
#include "hydra/process/process.h"
#include "hydra/process/testing/process_test.h"
#include "hydra/supervisor/child_spec.h"

namespace hydra {
namespace {

using absl::StatusCode;
using pool_testing::Kill;
using pool_testing::StartPool;
using pool_testing::Worker;
using pool_testing::WorkersOf;
using pool_testing::WorkerSpec;
using testing::ElementsAre;
using testing::UnorderedElementsAreArray;

// POOL3
HYDRA_TEST(PoolCallTest, GoToEachInTurn) {
  const Pool<Worker> pool = co_await StartPool({.workers = 3});
  const std::vector<Pid> round = co_await WorkersOf(pool, 3);
  EXPECT_EQ(std::set<Pid>(round.begin(), round.end()).size(), 3U);
  EXPECT_EQ(co_await WorkersOf(pool, 3), round);
}

// POOL3
HYDRA_TEST(PoolCallTest, CastsTakeTurnsAsWell) {
  const Pool<Worker> pool = co_await StartPool({.workers = 2});
  const std::vector<Pid> round = co_await WorkersOf(pool, 2);
  std::vector<Pid> told;
  for (int i = 0; i < 4; ++i) {
    pool.Cast(Worker::Tell{Self()});
    told.push_back((co_await AssertReceive<Worker::Told>()).worker);
  }
  EXPECT_THAT(told, ElementsAre(round[0], round[1], round[0], round[1]));
}

// POOL3: one for each core unless told otherwise.
HYDRA_TEST(PoolCallTest, HasAWorkerAtLeast) {
  const Pool<Worker> pool = co_await StartPool({});
  EXPECT_OK(co_await pool.Call(Worker::Who{}));
  EXPECT_GE((co_await pool.Status())->workers, 1U);
}

// Makes a call of the pool's that isn't answered before the worker is told to Go.
Pid CallAndWait(Pool<Worker> pool) {
  return Spawn([pool]() -> Async<> {
    static_cast<void>(co_await pool.Call(Worker::Wait{}, absl::InfiniteDuration()));
  });
}

// POOL3
HYDRA_TEST_BY_HAND(PoolCallTest, GoToTheLeastBusy) {
  const Pool<Worker> pool =
      co_await StartPool({.workers = 3, .strategy = PoolStrategy::kLeastBusy});
  CallAndWait(pool);
  const Pid caller = CallAndWait(pool);
  co_await Sleep(absl::Milliseconds(1));
  const Pid idle = (co_await pool.Call(Worker::Who{})).value();
  for (int i = 0; i < 3; ++i) EXPECT_THAT(co_await pool.Call(Worker::Who{}), IsOkAndHolds(idle));
  // A call is over when its caller has ended, too.
  co_await Kill(caller);
  const std::vector<Pid> now = co_await WorkersOf(pool, 6);
  EXPECT_EQ(std::set<Pid>(now.begin(), now.end()).size(), 2U);
}

// POOL3: a call that has timed out is over for the pool.
HYDRA_TEST_BY_HAND(PoolCallTest, OneThatTimedOutIsOver) {
  const Pool<Worker> pool =
      co_await StartPool({.workers = 2, .strategy = PoolStrategy::kLeastBusy});
  const absl::Time begin = Now();
  EXPECT_THAT(co_await pool.Call(Worker::Wait{}, absl::Milliseconds(10)),
              StatusIs(StatusCode::kDeadlineExceeded));
  EXPECT_EQ(Now() - begin, absl::Milliseconds(10));
  const std::vector<Pid> round = co_await WorkersOf(pool, 4);
  EXPECT_EQ(std::set<Pid>(round.begin(), round.end()).size(), 2U);
}

// A worker that isn't started anew for an hour.
ChildSpec SlowToComeBack() {
  return WorkerSpec({.backoff = Backoff{.initial = absl::Hours(1), .max = absl::Hours(1)}});
}

// POOL3, for either strategy; POOL4: the others don't stand in for the worker of a key.
Async<> PassOverTheEnded(PoolStrategy strategy) {
  const ScopedLogCapture quiet;
  const Pool<Worker> pool =
      co_await StartPool({.workers = 3, .strategy = strategy}, SlowToComeBack);
  std::vector<Pid> workers = co_await WorkersOf(pool, 3);
  int key = 0;
  while ((co_await pool.For(key).Call(Worker::Who{})).value() != workers[0]) ++key;
  co_await Kill(workers[0]);
  for (int i = 0; i < 12; ++i) {
    const auto who = co_await pool.Call(Worker::Who{});
    CO_ASSERT_TRUE(who.ok()) << who.status();
    EXPECT_NE(*who, workers[0]);
  }
  EXPECT_THAT(co_await pool.For(key).Call(Worker::Who{}), StatusIs(StatusCode::kNotFound));
  EXPECT_FALSE(Send(pool.For(key).dest(), Worker::Go{}));
  co_await Kill(workers[1]);
  co_await Kill(workers[2]);
  EXPECT_THAT(co_await pool.Call(Worker::Who{}), StatusIs(StatusCode::kNotFound));
  pool.Cast(Worker::Tell{Self()});
  co_await RefuteReceive<Worker::Told>();
  // When they run again they are called again.
  co_await Sleep(absl::Hours(2));
  EXPECT_OK(co_await pool.For(key).Call(Worker::Who{}));
  const std::vector<Pid> round = co_await WorkersOf(pool, 3);
  EXPECT_EQ(std::set<Pid>(round.begin(), round.end()).size(), 3U);
}

HYDRA_TEST_BY_HAND(PoolCallTest, InTurnPassesOverTheEnded) {
  return PassOverTheEnded(PoolStrategy::kRoundRobin);
}
HYDRA_TEST_BY_HAND(PoolCallTest, LeastBusyPassesOverTheEnded) {
  return PassOverTheEnded(PoolStrategy::kLeastBusy);
}

// POOL3: a foreign thread doesn't see who has ended; the pool does.
TEST(PoolCallTest, ForeignThreadPassesOverTheEnded) {
  const ScopedLogCapture quiet;
  Runtime runtime({.schedulers = 1});
  const Pool<Worker> pool(SlowToComeBack, {.workers = 2});
  struct Stop {};
  Pid victim;
  const Pid owner = runtime.Spawn([&]() -> Async<> {
    const auto owner_pool = co_await pool.StartLink();
    CO_ASSERT_TRUE(owner_pool.ok());
    co_await Receive<Stop>();
  });
  while (!runtime.Request(pool.any().dest(), Worker::Who{}).ok()) std::this_thread::yield();
  runtime.Run([&]() -> Async<> {
    victim = (co_await pool.Call(Worker::Who{})).value();
    co_await Kill(victim);
    EXPECT_EQ((co_await pool.Status())->workers, 1U);
  });
  const Dest any = pool.any().dest();
  for (int i = 0; i < 4; ++i) EXPECT_NE(any.via()->WhereIs(), victim);
  EXPECT_THAT(pool.any().Call(runtime, Worker::Who{}), IsOkAndHolds(testing::Ne(victim)));
  runtime.Send(owner, Stop{});
}

// POOL4
HYDRA_TEST(PoolKeyTest, IsAlwaysTheSameWorker) {
  const ScopedLogCapture quiet;
  const Pool<Worker> pool = co_await StartPool({.workers = 4});
  std::set<Pid> used;
  for (int key = 0; key < 100; ++key) {
    const Pid worker = (co_await pool.For(key).Call(Worker::Who{})).value();
    EXPECT_THAT(co_await pool.For(key).Call(Worker::Who{}), IsOkAndHolds(worker));
    used.insert(worker);
  }
  EXPECT_THAT(used, UnorderedElementsAreArray(co_await WorkersOf(pool, 4)));
}

// POOL4: however a string is written.
HYDRA_TEST(PoolKeyTest, EqualStringsAreOneKey) {
  const Pool<Worker> pool = co_await StartPool({.workers = 64});
  for (const char* key : {"", "a", "ada", "lovelace"}) {
    EXPECT_EQ(pool.For(key), pool.For(std::string(key)));
    EXPECT_EQ(pool.For(key), pool.For(std::string_view(key)));
  }
  EXPECT_EQ(pool.For("ada"), pool.For(std::string("ada")));
}

// POOL4: the address that was made before a restart finds the successor.
HYDRA_TEST(PoolKeyTest, FollowsARestart) {
  const ScopedLogCapture quiet;
  const Pool<Worker> pool = co_await StartPool({.workers = 2});
  const ServerRef<Worker> ada = pool.For("ada");
  const Pid before = (co_await ada.Call(Worker::Who{})).value();
  co_await Kill(before);
  EXPECT_OK(co_await pool.Status());
  const Pid after = (co_await ada.Call(Worker::Who{})).value();
  EXPECT_NE(after, before);
  EXPECT_THAT(co_await pool.For("ada").Call(Worker::Who{}), IsOkAndHolds(after));
}

// POOL5: whatever takes a Dest takes a pool.
HYDRA_TEST(PoolAddressTest, IsADest) {
  const ScopedLogCapture quiet;
  const Pool<Worker> pool = co_await StartPool({.name = "workers", .workers = 1});
  const Pid worker = (co_await pool.any().Call(Worker::Who{})).value();
  EXPECT_TRUE(Send(pool.any().dest(), Worker::Tell{Self()}));
  EXPECT_EQ((co_await AssertReceive<Worker::Told>()).worker, worker);
  auto pending = pool.any().SendRequest(Worker::Who{});
  EXPECT_THAT(co_await pending.Receive(), IsOkAndHolds(worker));
  const Ref ref = Monitor(pool.any().dest());
  Exit(worker, ExitReason::Kill());
  EXPECT_EQ((co_await Receive<Down>().For(ref)).reason, ExitReason::Killed());
}

// POOL5
HYDRA_TEST(PoolAddressTest, IsLookedUpOnceForEachOperation) {
  const Pool<Worker> pool = co_await StartPool({.workers = 2});
  const std::vector<Pid> round = co_await WorkersOf(pool, 2);
  const Ref ref = Monitor(pool.any().dest());
  EXPECT_THAT(co_await pool.Call(Worker::Who{}), IsOkAndHolds(round[1]));
  Demonitor(ref);
}

// POOL5
HYDRA_TEST(PoolAddressTest, IsEqualIfItIsTheSame) {
  const Pool<Worker> pool = co_await StartPool({.workers = 64});
  const Pool<Worker> other = co_await StartPool({.workers = 64});
  EXPECT_TRUE(pool == Pool<Worker>(pool));
  EXPECT_FALSE(pool == other);
  EXPECT_EQ(pool.any(), pool.any());
  EXPECT_EQ(pool.For(1), pool.For(1));
  EXPECT_NE(pool.any(), other.any());
  EXPECT_NE(pool.any(), pool.For(1));
  EXPECT_NE(pool.For(1), other.For(1));
}

}  // namespace
}  // namespace hydra
