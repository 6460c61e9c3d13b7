// Workers that are lent to one process at a time.
#include <atomic>
#include <memory>
#include <optional>
#include <set>
#include <stdexcept>
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
#include "hydra/process/testing/manual_runtime.h"
#include "hydra/process/testing/process_test.h"
#include "hydra/supervisor/child_spec.h"

namespace hydra {
namespace {

using absl::StatusCode;
using pool_testing::Borrow;
using pool_testing::Borrowed;
using pool_testing::BorrowedBy;
using pool_testing::EndBorrowing;
using pool_testing::ExpectAllFree;
using pool_testing::Kill;
using pool_testing::StartPool;
using pool_testing::UntilAllFree;
using pool_testing::UntilWaiting;
using pool_testing::Worker;
using pool_testing::WorkerSpec;
using testing::HasSubstr;

// POOL6
HYDRA_TEST(CheckoutTest, NobodyElseHasTheWorker) {
  const Pool<Worker> pool = co_await StartPool({.workers = 3});
  std::set<Pid> lent;
  for (int i = 0; i < 3; ++i) lent.insert((co_await BorrowedBy(Borrow(pool))).worker);
  EXPECT_EQ(lent.size(), 3U);
  const PoolStatus status = (co_await pool.Status()).value();
  EXPECT_EQ(status.workers, 3U);
  EXPECT_EQ(status.free, 0U);
  Borrow(pool);
  co_await UntilWaiting(pool, 1);
  co_await RefuteReceive<Borrowed>();
}

// POOL6: calls of the pool go to it nevertheless.
HYDRA_TEST(CheckoutTest, TheWorkerIsCalledByTheLease) {
  const Pool<Worker> pool = co_await StartPool({.workers = 1});
  const auto lease = co_await pool.Checkout();
  CO_ASSERT_TRUE(lease.ok()) << lease.status();
  EXPECT_THAT(co_await lease->worker().Call(Worker::Who{}), IsOkAndHolds(lease->worker().pid()));
  EXPECT_THAT(co_await pool.Call(Worker::Who{}), IsOkAndHolds(lease->worker().pid()));
}

// POOL6
HYDRA_TEST(CheckoutTest, IsGivenBackOnce) {
  const Pool<Worker> pool = co_await StartPool({.workers = 2});
  {
    auto lease = co_await pool.Checkout();
    CO_ASSERT_TRUE(lease.ok()) << lease.status();
    EXPECT_EQ((co_await pool.Status())->free, 1U);
    lease->Release();
    EXPECT_FALSE(lease->worker().pid());
    co_await ExpectAllFree(pool, 2);
    lease->Release();
  }
  co_await ExpectAllFree(pool, 2);
  const auto one = co_await pool.Checkout();
  const auto two = co_await pool.Checkout();
  CO_ASSERT_TRUE(one.ok() && two.ok());
  EXPECT_NE(one->worker(), two->worker());
}

// POOL6: what was given back last is in the caches.
HYDRA_TEST(CheckoutTest, LendsTheOneThatWasGivenBackLast) {
  const Pool<Worker> pool = co_await StartPool({.workers = 3});
  std::vector<Lease<Worker>> leases;
  for (int i = 0; i < 3; ++i) leases.push_back((co_await pool.Checkout()).value());
  const ServerRef<Worker> first = leases[1].worker();
  const ServerRef<Worker> second = leases[0].worker();
  leases[1].Release();
  leases[0].Release();
  const auto last = co_await pool.Checkout();
  const auto before = co_await pool.Checkout();
  EXPECT_EQ(last->worker(), second);
  EXPECT_EQ(before->worker(), first);
}

// POOL6
HYDRA_TEST(CheckoutTest, ThoseWhoWaitGetTheirsInTurn) {
  const Pool<Worker> pool = co_await StartPool({.workers = 1});
  auto lease = co_await pool.Checkout();
  std::vector<Pid> waiters;
  for (size_t i = 1; i <= 4; ++i) {
    waiters.push_back(Borrow(pool));
    co_await UntilWaiting(pool, i);
  }
  co_await Kill(waiters[1]);
  co_await UntilWaiting(pool, 3);
  lease->Release();
  for (const size_t next : {0, 2, 3}) {
    EXPECT_EQ((co_await AssertReceive<Borrowed>()).borrower, waiters[next]);
    Send(waiters[next], EndBorrowing{});
  }
}

// POOL6: a Lease is a value that is moved.
HYDRA_TEST(LeaseTest, IsMoved) {
  const Pool<Worker> pool = co_await StartPool({.workers = 2});
  Lease<Worker> none;
  EXPECT_FALSE(none.worker().pid());
  Lease<Worker> a = (co_await pool.Checkout()).value();
  const ServerRef<Worker> worker = a.worker();
  Lease<Worker> b = std::move(a);
  EXPECT_EQ(b.worker(), worker);
  EXPECT_FALSE(a.worker().pid());  // NOLINT(bugprone-use-after-move)
  a = (co_await pool.Checkout()).value();
  EXPECT_EQ((co_await pool.Status())->free, 0U);
  a = std::move(b);  // gives back what it had
  EXPECT_EQ(a.worker(), worker);
  EXPECT_EQ((co_await pool.Status())->free, 1U);
  a = Lease<Worker>();
  co_await ExpectAllFree(pool, 2);
}

// One that lends nothing is a value like others.
TEST(LeaseTest, NeedsNoRuntimeIfItLendsNothing) {
  Lease<Worker> none;
  Lease<Worker> moved(std::move(none));
  none = Lease<Worker>();
  moved.Release();
}

// POOL7: who has it then is who gives it back.
HYDRA_TEST(LeaseTest, IsSentToAnotherProcess) {
  const Pool<Worker> pool = co_await StartPool({.workers = 1});
  const Pid other = Spawn([owner = Self()]() -> Async<> {
    const auto lease = co_await Receive<Lease<Worker>>();
    Send(owner, (co_await lease.worker().Call(Worker::Who{})).value());
    co_await Receive<EndBorrowing>();
  });
  Send(other, (co_await pool.Checkout()).value());
  EXPECT_TRUE(co_await AssertReceive<Pid>());
  EXPECT_EQ((co_await pool.Status())->free, 0U);
  co_await Kill(other);
  co_await ExpectAllFree(pool, 1);
}

// POOL7: in a mailbox that nobody reads any more, it is given back as well.
HYDRA_TEST(LeaseTest, IsGivenBackFromAMailbox) {
  const Pool<Worker> pool = co_await StartPool({.workers = 2});
  const Pid other = Spawn([]() -> Async<> { co_await Receive<EndBorrowing>(); });
  Send(other, (co_await pool.Checkout()).value());
  EXPECT_EQ((co_await pool.Status())->free, 1U);
  co_await Kill(other);
  Send(other, (co_await pool.Checkout()).value());
  co_await UntilAllFree(pool, 2);
}

// POOL7: however the borrower ends.
HYDRA_TEST(CheckoutTest, ComesBackWhenItsBorrowerEnds) {
  const ScopedLogCapture quiet;
  const Pool<Worker> pool = co_await StartPool({.workers = 1});
  const Pid killed = Borrow(pool);
  co_await BorrowedBy(killed);
  co_await Kill(killed);
  co_await ExpectAllFree(pool, 1);
  const Pid returned = Borrow(pool);
  co_await BorrowedBy(returned);
  const Ref ref = Monitor(returned);
  Send(returned, EndBorrowing{});
  co_await Receive<Down>().For(ref);
  co_await ExpectAllFree(pool, 1);
  const Pid threw = Spawn([pool]() -> Async<> {
    const auto lease = co_await pool.Checkout();
    throw std::runtime_error("oh");
  });
  const Ref of_threw = Monitor(threw);
  co_await Receive<Down>().For(of_threw);
  co_await ExpectAllFree(pool, 1);
}

// POOL7
HYDRA_TEST_BY_HAND(CheckoutTest, WhoTimesOutDoesntWaitAnyMore) {
  const Pool<Worker> pool = co_await StartPool({.workers = 1});
  auto lease = co_await pool.Checkout();
  const absl::Time begin = Now();
  EXPECT_THAT(co_await pool.Checkout(absl::Milliseconds(20)),
              StatusIs(StatusCode::kDeadlineExceeded));
  EXPECT_EQ(Now() - begin, absl::Milliseconds(20));
  EXPECT_THAT(co_await pool.Checkout(absl::ZeroDuration()),
              StatusIs(StatusCode::kDeadlineExceeded));
  EXPECT_EQ((co_await pool.Status())->waiting, 0U);
  lease->Release();
  co_await ExpectAllFree(pool, 1);
  // A free one that is asked for without time comes back.
  static_cast<void>(co_await pool.Checkout(absl::ZeroDuration()));
  co_await UntilAllFree(pool, 1);
}

// POOL7
HYDRA_TEST(CheckoutTest, WhoIsKilledDoesntWaitAnyMore) {
  const Pool<Worker> pool = co_await StartPool({.workers = 1});
  auto lease = co_await pool.Checkout();
  const Pid waiter = Borrow(pool);
  co_await UntilWaiting(pool, 1);
  co_await Kill(waiter);
  EXPECT_EQ((co_await pool.Status())->waiting, 0U);
  lease->Release();
  co_await ExpectAllFree(pool, 1);
}

// POOL7: the answer to one that has been killed, or whose time is over, is on its way. The pool is suspended,
// so that it answers then.
HYDRA_TEST(CheckoutTest, AnAnswerThatNobodyTakesComesBack) {
  const Pool<Worker> pool = co_await StartPool({.name = "workers", .workers = 2});
  EXPECT_OK(co_await sys::Suspend("workers"));
  const Pid killed = Borrow(pool);
  EXPECT_THAT(co_await pool.Checkout(absl::Milliseconds(5)),
              StatusIs(StatusCode::kDeadlineExceeded));
  co_await Kill(killed);
  EXPECT_OK(co_await sys::Resume("workers"));
  co_await UntilAllFree(pool, 2);
}

// POOL8
HYDRA_TEST(CheckoutTest, OneThatEndsWhileItIsLentIsReplaced) {
  const ScopedLogCapture quiet;
  const Pool<Worker> pool = co_await StartPool({.workers = 1});
  auto lease = co_await pool.Checkout();
  const Pid ended = lease->worker().pid();
  const Pid waiter = Borrow(pool);
  co_await UntilWaiting(pool, 1);
  co_await Kill(ended);
  const Borrowed borrowed = co_await BorrowedBy(waiter);
  EXPECT_OK(borrowed.status);
  EXPECT_NE(borrowed.worker, ended);
  EXPECT_THAT(co_await lease->worker().Call(Worker::Who{}), StatusIs(StatusCode::kNotFound));
  lease->Release();  // gives nothing back
  EXPECT_EQ((co_await pool.Status())->free, 0U);
  co_await Kill(waiter);
  co_await ExpectAllFree(pool, 1);
}

// POOL8: one that has ended is neither lent nor offered while the pool doesn't know of it yet. It is
// suspended meanwhile.
HYDRA_TEST(CheckoutTest, OneThatHasEndedIsNotLent) {
  const ScopedLogCapture quiet;
  const Pool<Worker> pool = co_await StartPool({.name = "workers", .workers = 2});
  auto given_back = co_await pool.Checkout();
  const Pid lent = given_back->worker().pid();
  const auto kept = co_await pool.Checkout();
  const Pid waiter = Borrow(pool);
  co_await UntilWaiting(pool, 1);
  EXPECT_OK(co_await sys::Suspend("workers"));
  given_back->Release();
  co_await Kill(lent);
  EXPECT_OK(co_await sys::Resume("workers"));
  const Borrowed borrowed = co_await BorrowedBy(waiter);
  EXPECT_NE(borrowed.worker, lent);
  EXPECT_NE(borrowed.worker, kept->worker().pid());
  co_await Kill(waiter);
  EXPECT_EQ((co_await pool.Status())->free, 1U);

  EXPECT_OK(co_await sys::Suspend("workers"));
  const Pid next = Borrow(pool);
  co_await Sleep(absl::Milliseconds(1));
  co_await Kill(borrowed.worker);
  EXPECT_OK(co_await sys::Resume("workers"));
  EXPECT_NE((co_await BorrowedBy(next)).worker, borrowed.worker);
}

// POOL8: its start fails for a while.
HYDRA_TEST(CheckoutTest, TheSuccessorIsLentWhenItHasStarted) {
  const ScopedLogCapture quiet;
  const auto broken = std::make_shared<std::atomic<bool>>(false);
  const Pool<Worker> pool = co_await StartPool({.workers = 1, .max_restarts = 1'000'000}, [broken] {
    return WorkerSpec(
        {}, [broken] { return *broken ? absl::InternalError("out of order") : absl::OkStatus(); });
  });
  const Pid worker = (co_await pool.Call(Worker::Who{})).value();
  *broken = true;
  co_await Kill(worker);
  EXPECT_EQ((co_await pool.Status())->workers, 0U);
  const Pid waiter = Borrow(pool);
  co_await UntilWaiting(pool, 1);
  *broken = false;
  EXPECT_OK((co_await BorrowedBy(waiter)).status);
}

// POOL8: what yields nobody when it is to be started anew is no worker.
HYDRA_TEST(CheckoutTest, NobodyIsNoSuccessor) {
  const ScopedLogCapture quiet;
  const auto starts = std::make_shared<std::atomic<int>>(0);
  const Pool<Worker> pool = co_await StartPool({.workers = 1, .max_restarts = 1'000'000}, [starts] {
    ChildSpec spec = WorkerSpec();
    spec.start = [starts, start = spec.start]() -> Async<absl::StatusOr<Pid>> {
      const auto nobody = []() -> Async<absl::StatusOr<Pid>> { co_return Pid(); };
      return ++*starts == 2 ? nobody() : start();
    };
    return spec;
  });
  auto lease = co_await pool.Checkout();
  const Pid waiter = Borrow(pool);
  co_await UntilWaiting(pool, 1);
  co_await Kill(lease->worker().pid());
  const Borrowed borrowed = co_await BorrowedBy(waiter);
  EXPECT_OK(borrowed.status);
  EXPECT_TRUE(borrowed.worker);
  EXPECT_EQ(*starts, 3);
}

// POOL9
HYDRA_TEST(CheckoutTest, SoManyMayWait) {
  const Pool<Worker> pool = co_await StartPool({.workers = 1, .max_waiting = 2});
  auto lease = co_await pool.Checkout();
  const Pid first = Borrow(pool);
  Borrow(pool);
  co_await UntilWaiting(pool, 2);
  EXPECT_THAT(co_await pool.Checkout(),
              StatusIs(StatusCode::kResourceExhausted, HasSubstr("2 wait for one")));
  co_await Kill(first);
  EXPECT_THAT(co_await pool.Checkout(absl::Milliseconds(1)),
              StatusIs(StatusCode::kDeadlineExceeded));
}

// POOL9
HYDRA_TEST(CheckoutTest, NobodyMayWait) {
  const Pool<Worker> pool = co_await StartPool({.workers = 1, .max_waiting = 0});
  auto lease = co_await pool.Checkout();
  EXPECT_THAT(co_await pool.Checkout(), StatusIs(StatusCode::kResourceExhausted));
  lease->Release();
  EXPECT_OK(co_await pool.Checkout());
}

// POOL7: at the end of the runtime leases and those who wait for one go in any order.
TEST(CheckoutTest, EndsWithTheRuntime) {
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    ManualRuntime runtime({.seed = seed});
    const Pool<Worker> pool([] { return WorkerSpec(); }, {.workers = 2, .overflow = 1});
    runtime.Spawn([pool]() -> Async<> {
      EXPECT_OK(co_await pool.StartLink());
      for (int i = 0; i < 6; ++i) Borrow(pool);
      co_await Receive<EndBorrowing>();
    });
    for (uint64_t turns = 5 * seed; turns > 0 && runtime.RunOne(); --turns) continue;
  }
}

}  // namespace
}  // namespace hydra
