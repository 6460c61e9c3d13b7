// Workers that are there only while they are lent: POOL10.
#include <atomic>
#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "hydra/base/log_testing.h"
#include "hydra/base/status_testing.h"
#include "hydra/genserver/genserver.h"
#include "hydra/genserver/sys.h"
#include "hydra/pool/lease.h"
#include "hydra/pool/pool.h"
#include "hydra/pool/pool_options.h"
#include "hydra/pool/pool_testing.h"
#include "hydra/process/process.h"
#include "hydra/process/testing/process_test.h"
#include "hydra/supervisor/child.h"
#include "hydra/supervisor/child_spec.h"

namespace hydra {
namespace {

using absl::StatusCode;
using pool_testing::Borrow;
using pool_testing::Borrowed;
using pool_testing::BorrowedBy;
using pool_testing::ExpectAllFree;
using pool_testing::Kill;
using pool_testing::StartPool;
using pool_testing::UntilWaiting;
using pool_testing::Worker;
using pool_testing::WorkerSpec;
using testing::IsEmpty;

// POOL10
HYDRA_TEST(OverflowTest, IsThereWhileItIsLent) {
  const ScopedLogCapture log;
  const Pool<Worker> pool = co_await StartPool({.workers = 1, .overflow = 2});
  co_await ExpectAllFree(pool, 1);
  auto always = co_await pool.Checkout();
  auto extra = co_await pool.Checkout();
  CO_ASSERT_TRUE(always.ok() && extra.ok());
  const Pid worker = extra->worker().pid();
  EXPECT_NE(worker, always->worker().pid());
  EXPECT_EQ((co_await pool.Status())->workers, 2U);
  EXPECT_EQ((co_await pool.Status())->overflow, 1U);
  // No calls go to it.
  for (int i = 0; i < 4; ++i)
    EXPECT_THAT(co_await pool.Call(Worker::Who{}), IsOkAndHolds(always->worker().pid()));
  const Ref ref = Monitor(worker);
  extra->Release();
  EXPECT_EQ((co_await Receive<Down>().For(ref)).reason, ExitReason::Shutdown());
  const PoolStatus status = (co_await pool.Status()).value();
  EXPECT_EQ(status.workers, 1U);
  EXPECT_EQ(status.overflow, 0U);
  EXPECT_EQ(status.free, 0U);
  always->Release();
  co_await ExpectAllFree(pool, 1);
  EXPECT_THAT(log.entries(), IsEmpty());
}

// POOL10
HYDRA_TEST(OverflowTest, ThereAreNoMoreThanThereMayBe) {
  const Pool<Worker> pool = co_await StartPool({.workers = 1, .overflow = 2, .max_waiting = 1});
  for (int i = 0; i < 3; ++i) EXPECT_OK((co_await BorrowedBy(Borrow(pool))).status);
  Borrow(pool);
  co_await UntilWaiting(pool, 1);
  EXPECT_THAT(co_await pool.Checkout(), StatusIs(StatusCode::kResourceExhausted));
  EXPECT_EQ((co_await pool.Status())->overflow, 2U);
}

// POOL9, POOL10: whoever one is started for doesn't count among those who wait.
HYDRA_TEST(OverflowTest, IsStartedThoughNobodyMayWait) {
  const Pool<Worker> pool = co_await StartPool({.workers = 1, .overflow = 1, .max_waiting = 0});
  EXPECT_OK((co_await BorrowedBy(Borrow(pool))).status);
  EXPECT_OK((co_await BorrowedBy(Borrow(pool))).status);
  EXPECT_THAT(co_await pool.Checkout(), StatusIs(StatusCode::kResourceExhausted));
}

// POOL10
HYDRA_TEST(OverflowTest, GoesToWhoWaitsBeforeItEnds) {
  const Pool<Worker> pool = co_await StartPool({.workers = 1, .overflow = 1});
  co_await BorrowedBy(Borrow(pool));
  auto extra = co_await pool.Checkout();
  const Pid worker = extra->worker().pid();
  const Pid waiter = Borrow(pool);
  co_await UntilWaiting(pool, 1);
  extra->Release();
  EXPECT_EQ((co_await BorrowedBy(waiter)).worker, worker);
  const Ref ref = Monitor(worker);
  co_await Kill(waiter);
  EXPECT_EQ((co_await Receive<Down>().For(ref)).reason, ExitReason::Shutdown());
}

// A pool with one worker, which is lent, and workers whose Init yields what `init` does from then on.
struct Lent {
  Pool<Worker> pool;
  Pid borrower;
};
Async<Lent> StartLent(PoolOptions options, std::function<absl::Status(int)> init,
                      ChildOptions child = {}) {
  auto starts = std::make_shared<std::atomic<int>>(0);
  options.workers = 1;
  Pool<Worker> pool = co_await StartPool(options, [=] {
    return WorkerSpec(child, [=] {
      const int start = (*starts)++;
      return start == 0 ? absl::OkStatus() : init(start);
    });
  });
  const Pid borrower = Borrow(pool);
  EXPECT_OK((co_await BorrowedBy(borrower)).status);
  co_return Lent{pool, borrower};
}

// POOL10: whoever waits first is told why; that there is no such thing doesn't mean
// that the pool doesn't run.
HYDRA_TEST(OverflowTest, AStartThatFailsIsTold) {
  const auto lent = co_await StartLent({.overflow = 1}, [](int start) {
    return start == 1 ? absl::NotFoundError("no route")
                      : (start == 2 ? absl::DeadlineExceededError("slow") : absl::OkStatus());
  });
  EXPECT_THAT(co_await lent.pool.Checkout(), StatusIs(StatusCode::kNotFound, "no route"));
  EXPECT_THAT(co_await lent.pool.Checkout(), StatusIs(StatusCode::kDeadlineExceeded, "slow"));
  EXPECT_EQ((co_await lent.pool.Status())->waiting, 0U);
  EXPECT_EQ((co_await lent.pool.Status())->workers, 1U);
  EXPECT_OK(co_await lent.pool.Checkout());
}

// POOL10
HYDRA_TEST(OverflowTest, AStartThatIsIgnoredIsTold) {
  TrapExit(true);
  struct Ignored {
    using Protocol = hydra::Protocol<>;
    InitResult Init() { return (*starts)++ == 0 ? InitResult() : InitResult::Ignore(); }
    std::shared_ptr<std::atomic<int>> starts;
  };
  const auto starts = std::make_shared<std::atomic<int>>(0);
  const Pool<Ignored> pool([starts] { return Child<Ignored>({}, starts); },
                           {.workers = 1, .overflow = 1});
  EXPECT_OK(co_await pool.StartLink());
  const auto lease = co_await pool.Checkout();
  EXPECT_OK(lease);
  EXPECT_THAT(co_await pool.Checkout(),
              StatusIs(StatusCode::kUnavailable, "a worker's start was ignored"));
  EXPECT_EQ((co_await pool.Status())->waiting, 0U);
}

// POOL10, POOL8
HYDRA_TEST(OverflowTest, OneThatEndsWhileOthersWaitIsReplaced) {
  const ScopedLogCapture log;
  const Pool<Worker> pool = co_await StartPool({.workers = 1, .overflow = 1});
  co_await BorrowedBy(Borrow(pool));
  const Pid borrower = Borrow(pool);
  const Pid extra = (co_await BorrowedBy(borrower)).worker;
  const Pid waiter = Borrow(pool);
  co_await UntilWaiting(pool, 1);
  co_await Kill(extra);
  const Borrowed next = co_await BorrowedBy(waiter);
  EXPECT_OK(next.status);
  EXPECT_NE(next.worker, extra);
  EXPECT_EQ((co_await pool.Status())->workers, 2U);
  EXPECT_TRUE(log.Contains("killed"));
  // The old lease gives nothing back, and nobody else's worker.
  co_await Kill(borrower);
  EXPECT_EQ((co_await pool.Status())->workers, 2U);
  EXPECT_EQ((co_await pool.Status())->free, 0U);
}

// POOL10: it isn't started anew for nobody.
HYDRA_TEST(OverflowTest, OneThatEndsWhileNobodyWaitsIsNotReplaced) {
  const ScopedLogCapture quiet;
  const Pool<Worker> pool = co_await StartPool({.workers = 1, .overflow = 1});
  co_await BorrowedBy(Borrow(pool));
  const Pid extra = (co_await BorrowedBy(Borrow(pool))).worker;
  co_await Kill(extra);
  EXPECT_EQ((co_await pool.Status())->workers, 1U);
}

// POOL10: a crash that the pool hears of after the lease came back is still reported.
HYDRA_TEST(OverflowTest, ACrashIsReported) {
  const ScopedLogCapture log;
  const Pool<Worker> pool = co_await StartPool({.name = "workers", .workers = 1, .overflow = 1});
  co_await BorrowedBy(Borrow(pool));
  auto extra = co_await pool.Checkout();
  EXPECT_OK(co_await sys::Suspend("workers"));
  const Pid worker = extra->worker().pid();
  extra->Release();
  co_await Kill(worker);
  EXPECT_OK(co_await sys::Resume("workers"));
  EXPECT_EQ((co_await pool.Status())->overflow, 0U);
  EXPECT_TRUE(log.Contains("killed"));
}

// A worker that takes an hour to end when it is asked to.
class Stubborn {
 public:
  using Protocol = hydra::Protocol<>;
  void Init() { TrapExit(true); }
  Async<> Terminate(const ExitReason&) { co_await Sleep(absl::Hours(1)); }
};

// How long an overflow worker takes to end with that policy; and what it ends with.
struct HowItEnded {
  absl::Duration time;
  ExitReason reason;
};
Async<HowItEnded> EndStubborn(Shutdown shutdown) {
  TrapExit(true);
  const Pool<Stubborn> pool([=] { return Child<Stubborn>({.shutdown = shutdown}); },
                            {.workers = 1, .overflow = 1});
  EXPECT_OK(co_await pool.StartLink());
  const auto always = co_await pool.Checkout();
  Lease<Stubborn> extra = (co_await pool.Checkout()).value();
  const Ref ref = Monitor(extra.worker().pid());
  const absl::Time begin = Now();
  extra.Release();
  // It counts until it has ended: there are never more than there may be.
  EXPECT_EQ((co_await pool.Status())->overflow, 0U);
  const auto next = co_await pool.Checkout(absl::InfiniteDuration());
  const Down down = co_await Receive<Down>().For(ref);
  EXPECT_OK(next);
  co_return HowItEnded{Now() - begin, down.reason};
}

// POOL10: as its spec says.
HYDRA_TEST_BY_HAND(OverflowTest, IsEndedAsItsSpecSays) {
  const ScopedLogCapture log;
  HowItEnded how = co_await EndStubborn(Shutdown::BrutalKill());
  EXPECT_EQ(how.time, absl::ZeroDuration());
  EXPECT_EQ(how.reason, ExitReason::Killed());
  how = co_await EndStubborn(Shutdown::Within(absl::Minutes(1)));
  EXPECT_EQ(how.time, absl::Minutes(1));
  EXPECT_EQ(how.reason, ExitReason::Killed());
  how = co_await EndStubborn(Shutdown::Within(absl::Hours(2)));
  EXPECT_EQ(how.time, absl::Hours(1));
  EXPECT_EQ(how.reason, ExitReason::Shutdown());
  how = co_await EndStubborn(Shutdown::Infinity());
  EXPECT_EQ(how.time, absl::Hours(1));
  EXPECT_EQ(how.reason, ExitReason::Shutdown());
  EXPECT_THAT(log.entries(), IsEmpty()) << "what was asked to end isn't reported";
}

}  // namespace
}  // namespace hydra
