// How a pool starts, restarts its workers, and ends; and what can be seen of it.
#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "hydra/base/log_testing.h"
#include "hydra/base/status_testing.h"
#include "hydra/genserver/genserver.h"
#include "hydra/genserver/sys.h"
#include "hydra/pool/pool.h"
#include "hydra/pool/pool_options.h"
#include "hydra/pool/pool_testing.h"
#include "hydra/process/process.h"
#include "hydra/process/testing/process_test.h"
#include "hydra/supervisor/child.h"
#include "hydra/supervisor/child_spec.h"
#include "hydra/supervisor/supervision_tree.h"
#include "hydra/supervisor/supervisor.h"

namespace hydra {
namespace {

using absl::StatusCode;
using pool_testing::Borrow;
using pool_testing::BorrowedBy;
using pool_testing::ExpectAllFree;
using pool_testing::Kill;
using pool_testing::StartPool;
using pool_testing::Worker;
using pool_testing::WorkersOf;
using pool_testing::WorkerSpec;
using testing::ElementsAre;
using testing::HasSubstr;

// An Init that counts, and fails from the `number`-th time on; the first is 1.
std::function<absl::Status()> FailsFrom(int number) {
  return [number, starts = std::make_shared<std::atomic<int>>(0)] {
    return ++*starts >= number ? absl::NotFoundError("no route") : absl::OkStatus();
  };
}

struct Ended {
  Pid worker;
};

// Tells `owner` of its end, for which it takes so long. Traps exits.
class Slow {
 public:
  using Protocol = hydra::Protocol<>;
  Slow(Pid owner, absl::Duration time) : owner_(owner), time_(time) {}
  void Init() { TrapExit(true); }
  Async<> Terminate(const ExitReason&) {
    co_await Sleep(time_);
    Send(owner_, Ended{Self()});
  }

 private:
  const Pid owner_;
  const absl::Duration time_;
};

// POOL1
HYDRA_TEST(PoolStartTest, HasStartedWhenAllWorkersHave) {
  std::atomic<int> started = 0;
  const Pool<Worker> pool(
      [&started] {
        return WorkerSpec({}, [&started] {
          ++started;
          return absl::OkStatus();
        });
      },
      {.workers = 3});
  EXPECT_EQ(started, 0);
  EXPECT_OK(co_await pool.StartLink());
  EXPECT_EQ(started, 3);
  co_await ExpectAllFree(pool, 3);
}

// POOL1
HYDRA_TEST(PoolStartTest, IsAChildWithAName) {
  TrapExit(true);
  const Pool<Worker> pool([] { return WorkerSpec(); }, {.name = "workers", .workers = 2});
  EXPECT_EQ(pool.child().id, "workers");
  EXPECT_EQ(pool.child().type, ChildType::kSupervisor);
  EXPECT_EQ(Pool<Worker>([] { return WorkerSpec(); }).child().id, "pool");
  EXPECT_OK(co_await StartLink<Supervisor>({}, SupervisorOptions{}, Children{pool.child()}));
  EXPECT_TRUE(WhereIs("workers"));
  co_await ExpectAllFree(pool, 2);
}

// POOL2: as nothing runs, nothing is left.
HYDRA_TEST(PoolStartTest, FailsWithAWorkersStart) {
  TrapExit(true);
  const auto starts = std::make_shared<std::atomic<int>>(0);
  const Pool<Slow> pool(
      [owner = Self(), starts] {
        ChildSpec spec = Child<Slow>({}, owner, absl::Milliseconds(10));
        if (++*starts == 3)
          spec.start = []() -> Async<absl::StatusOr<Pid>> {
            co_return absl::NotFoundError("no route");
          };
        return spec;
      },
      {.workers = 4});
  EXPECT_THAT(co_await pool.StartLink(), StatusIs(StatusCode::kNotFound, "no route"));
  EXPECT_EQ((co_await Flush<Ended>()).size(), 2U) << "those that had started have ended by then";
  EXPECT_EQ(*starts, 3);
  EXPECT_THAT(co_await pool.Checkout(), StatusIs(StatusCode::kUnavailable));
  EXPECT_OK(co_await pool.StartLink());
}

// POOL2
HYDRA_TEST(PoolStartTest, FailsWithAnInit) {
  TrapExit(true);
  const Pool<Worker> pool([init = FailsFrom(2)] { return WorkerSpec({}, init); }, {.workers = 2});
  EXPECT_THAT(co_await pool.StartLink(), StatusIs(StatusCode::kNotFound, "no route"));
}

HYDRA_TEST(PoolStartTest, ThePeriodMustBePositive) {
  TrapExit(true);
  const Pool<Worker> pool([] { return WorkerSpec(); }, {.period = absl::ZeroDuration()});
  EXPECT_THAT(co_await pool.StartLink(),
              StatusIs(StatusCode::kInvalidArgument, HasSubstr("period")));
}

// A worker whose start is ignored is missing; one whose start yields nobody is an error.
HYDRA_TEST(PoolStartTest, IgnoredWorkersAreMissing) {
  TrapExit(true);
  struct Ignored {
    using Protocol = hydra::Protocol<>;
    InitResult Init() { return InitResult::Ignore(); }
  };
  const Pool<Ignored> ignored([] { return Child<Ignored>({}); }, {.workers = 2});
  EXPECT_OK(co_await ignored.StartLink());
  EXPECT_EQ((co_await ignored.Status())->workers, 0U);
  const Pool<Worker> nobody(
      [] {
        ChildSpec spec = WorkerSpec();
        spec.start = []() -> Async<absl::StatusOr<Pid>> { co_return Pid(); };
        return spec;
      },
      {.workers = 2});
  EXPECT_THAT(co_await nobody.StartLink(), StatusIs(StatusCode::kUnavailable));
}

// POOL2: two processes of one pool would have one table.
HYDRA_TEST(PoolStartTest, RunsOnceAtATime) {
  TrapExit(true);
  const Pool<Worker> pool([] { return WorkerSpec(); }, {.workers = 2});
  const auto first = co_await pool.StartLink();
  const std::vector<Pid> workers = co_await WorkersOf(pool, 2);
  const auto second = co_await pool.StartLink();
  EXPECT_THAT(second, StatusIs(StatusCode::kAlreadyExists));
  EXPECT_EQ(AlreadyStarted(second.status()), *first);
  EXPECT_THAT(co_await WorkersOf(pool, 2), ElementsAre(workers[0], workers[1]));
  co_await ExpectAllFree(pool, 2);
  co_await Kill(*first);
  EXPECT_OK(co_await pool.StartLink());
  co_await ExpectAllFree(pool, 2);
}

// POOL2: at its end in one runtime, too, it is free to run in another.
TEST(PoolStartTest, OutlivesARuntime) {
  const Pool<Worker> pool([] { return WorkerSpec(); }, {.workers = 2});
  for (int i = 0; i < 2; ++i) {
    Runtime runtime({.schedulers = 1});
    runtime.Run([&]() -> Async<> {
      EXPECT_OK(co_await pool.StartLink());
      co_await ExpectAllFree(pool, 2);
    });
  }
}

// POOL1
HYDRA_TEST(PoolRestartTest, WorkersAreStartedAnew) {
  const ScopedLogCapture quiet;
  const Pool<Worker> pool = co_await StartPool({.workers = 2});
  const std::vector<Pid> before = co_await WorkersOf(pool, 2);
  co_await Kill(before[0]);
  co_await ExpectAllFree(pool, 2);
  const std::vector<Pid> after = co_await WorkersOf(pool, 2);
  EXPECT_NE(after[0], before[0]);
  EXPECT_EQ(after[1], before[1]);
}

// POOL1: as its spec says.
HYDRA_TEST(PoolRestartTest, OneThatIsNotStartedAnewIsMissing) {
  const ScopedLogCapture quiet;
  const Pool<Worker> pool = co_await StartPool(
      {.workers = 2}, [] { return WorkerSpec({.restart = Restart::kTemporary}); });
  const std::vector<Pid> before = co_await WorkersOf(pool, 2);
  co_await Kill(before[0]);
  co_await ExpectAllFree(pool, 1);
  for (const Pid& worker : co_await WorkersOf(pool, 4)) EXPECT_EQ(worker, before[1]);
}

// POOL1, SUP16: the pool ends, and its supervisor starts it anew, with the same handle.
HYDRA_TEST(PoolRestartTest, GivesUpWhenRestartsComeTooOften) {
  const ScopedLogCapture quiet;
  TrapExit(true);
  const Pool<Worker> pool([] { return WorkerSpec(); },
                          {.name = "workers", .workers = 2, .max_restarts = 1});
  EXPECT_OK(co_await StartLink<Supervisor>({}, SupervisorOptions{}, Children{pool.child()}));
  const Pid process = WhereIs("workers");
  const Ref ref = Monitor(process);
  for (int i = 0; i < 2; ++i) {
    co_await Kill((co_await pool.Call(Worker::Who{})).value());
    static_cast<void>(co_await pool.Status());
  }
  EXPECT_EQ((co_await Receive<Down>().For(ref)).reason, ExitReason::Shutdown());
  while (!(co_await pool.Status()).ok()) co_await Yield();
  EXPECT_NE(WhereIs("workers"), process);
  co_await ExpectAllFree(pool, 2);
  EXPECT_EQ((co_await WorkersOf(pool, 2)).size(), 2U);
}

// POOL12, DYN4: all at the same time.
HYDRA_TEST_BY_HAND(PoolEndTest, EndsItsWorkers) {
  TrapExit(true);
  const Pool<Slow> pool([owner = Self()] { return Child<Slow>({}, owner, absl::Seconds(1)); },
                        {.name = "slow", .workers = 3});
  EXPECT_OK(co_await pool.StartLink());
  const absl::Time begin = Now();
  EXPECT_OK(co_await Stop("slow"));
  EXPECT_EQ(Now() - begin, absl::Seconds(1));
  EXPECT_EQ((co_await Flush<Ended>()).size(), 3U);
}

// POOL12
HYDRA_TEST(PoolEndTest, NothingIsFoundWhenItsEndIsHeard) {
  const ScopedLogCapture quiet;
  const Pool<Worker> pool = co_await StartPool({.name = "workers", .workers = 2});
  const Pid worker = (co_await pool.Call(Worker::Who{})).value();
  const Pid borrower = Borrow(pool);
  const Pid lent = (co_await BorrowedBy(borrower)).worker;
  co_await Kill(WhereIs("workers"));
  EXPECT_THAT(co_await pool.Call(Worker::Who{}), StatusIs(StatusCode::kNotFound));
  EXPECT_THAT(co_await pool.For(1).Call(Worker::Who{}), StatusIs(StatusCode::kNotFound));
  pool.Cast(Worker::Go{});
  EXPECT_THAT(co_await pool.Checkout(),
              StatusIs(StatusCode::kUnavailable, HasSubstr("doesn't run: start its child()")));
  EXPECT_THAT(co_await pool.Status(), StatusIs(StatusCode::kNotFound));
  for (const Pid& pid : {worker, lent}) {
    const Ref ref = Monitor(pid);
    co_await Receive<Down>().For(ref);
  }
  EXPECT_THAT(co_await ServerRef<Worker>(lent).Call(Worker::Who{}),
              StatusIs(StatusCode::kNotFound));
  // What was lent then isn't given back to who comes after.
  EXPECT_OK(co_await pool.StartLink());
  co_await Kill(borrower);
  co_await ExpectAllFree(pool, 2);
}

// POOL12
HYDRA_TEST(PoolEndTest, BeforeItsStartThereIsNobody) {
  const Pool<Worker> pool([] { return WorkerSpec(); });
  EXPECT_THAT(co_await pool.Call(Worker::Who{}), StatusIs(StatusCode::kNotFound));
  EXPECT_THAT(co_await pool.Checkout(), StatusIs(StatusCode::kUnavailable));
  EXPECT_THAT(co_await pool.Status(), StatusIs(StatusCode::kNotFound));
}

// POOL12: those who wait hear of the end at once.
HYDRA_TEST_BY_HAND(PoolEndTest, WaitersAreTold) {
  const ScopedLogCapture quiet;
  const Pool<Worker> pool = co_await StartPool({.name = "workers", .workers = 1});
  co_await BorrowedBy(Borrow(pool));
  const Pid waiter = Borrow(pool);
  co_await pool_testing::UntilWaiting(pool, 1);
  co_await Kill(WhereIs("workers"));
  EXPECT_THAT((co_await BorrowedBy(waiter)).status, StatusIs(StatusCode::kUnavailable));
}

// POOL11, SUP29
HYDRA_TEST(PoolSeenTest, TheTreeHasItsWorkers) {
  const Pool<Worker> pool = co_await StartPool({.name = "workers", .workers = 2},
                                               [] { return WorkerSpec({.id = "worker"}); });
  const auto tree = co_await GetSupervisionTree("workers");
  CO_ASSERT_TRUE(tree.ok()) << tree.status();
  EXPECT_EQ(tree->child.type, ChildType::kSupervisor);
  CO_ASSERT_EQ(tree->children.size(), 2U);
  for (const SupervisionTree& worker : tree->children) EXPECT_EQ(worker.child.id, "worker");
  EXPECT_THAT((std::vector{tree->children[0].child.pid, tree->children[1].child.pid}),
              testing::UnorderedElementsAreArray(co_await WorkersOf(pool, 2)));
}

// POOL11
HYDRA_TEST(PoolSeenTest, SaysHowItIs) {
  const Pool<Worker> pool = co_await StartPool({.name = "workers", .workers = 1, .overflow = 1});
  for (int i = 0; i < 2; ++i) co_await BorrowedBy(Borrow(pool));
  Borrow(pool);
  co_await pool_testing::UntilWaiting(pool, 1);
  const PoolStatus status = (co_await pool.Status()).value();
  EXPECT_EQ(status.workers, 2U);
  EXPECT_EQ(status.overflow, 1U);
  EXPECT_EQ(status.free, 0U);
  EXPECT_EQ((co_await sys::GetStatus("workers"))->state,
            "2 workers, 0 of them free, 1 only for now; 1 wait for one");
}

}  // namespace
}  // namespace hydra
