// Workers, and what tests of pools do with them.
//
//   HYDRA_TEST(CheckoutTest, NobodyElseHasIt) {
//     const Pool<Worker> pool = co_await StartPool({.workers = 1});
//     const Pid first = Borrow(pool);
//     EXPECT_OK((co_await BorrowedBy(first)).status);
//     const Pid second = Borrow(pool);
//     co_await UntilWaiting(pool, 1);
//   }
#ifndef HYDRA_POOL_POOL_TESTING_H_
#define HYDRA_POOL_POOL_TESTING_H_

#include <cstddef>
#include <functional>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "hydra/genserver/genserver.h"
#include "hydra/pool/pool.h"
#include "hydra/pool/pool_options.h"
#include "hydra/process/process.h"
#include "hydra/process/testing/process_test.h"
#include "hydra/supervisor/child.h"
#include "hydra/supervisor/child_spec.h"

namespace hydra::pool_testing {

class Worker {
 public:
  struct Who {
    using Reply = Pid;
  };
  struct Wait {  // answered when it is told to Go
    using Reply = Pid;
  };
  struct Go {};
  struct Tell {
    Pid to;
  };
  struct Told {  // a message to that
    Pid worker;
  };
  using Protocol = hydra::Protocol<Who, Wait, Go, Tell>;

  // `init` says what Init returns.
  explicit Worker(std::function<absl::Status()> init) : init_(std::move(init)) {}

  absl::Status Init() { return init_ == nullptr ? absl::OkStatus() : init_(); }
  Pid HandleCall(Who) { return Self(); }
  void HandleCall(Wait, ReplyTo<Wait> reply_to) { waiting_.push_back(std::move(reply_to)); }
  void HandleCast(Go) {
    for (ReplyTo<Wait>& reply_to : waiting_) reply_to.Send(Self());
    waiting_.clear();
  }
  void HandleCast(Tell tell) { Send(tell.to, Told{Self()}); }

 private:
  std::function<absl::Status()> init_;
  std::vector<ReplyTo<Wait>> waiting_;
};

inline ChildSpec WorkerSpec(ChildOptions options = {}, std::function<absl::Status()> init = {}) {
  return Child<Worker>(std::move(options), std::move(init));
}

// A pool that is linked to the calling process, which traps exits from now on.
inline Async<Pool<Worker>> StartPool(
    PoolOptions options, std::function<ChildSpec()> child = [] { return WorkerSpec(); }) {
  TrapExit(true);
  Pool<Worker> pool(std::move(child), std::move(options));
  const auto pid = co_await pool.StartLink();
  EXPECT_TRUE(pid.ok()) << pid.status();
  co_return pool;
}

// Kills a process, and waits until it has ended. What a pool is asked then it answers having acted on that.
inline Async<> Kill(Pid pid) {
  const Ref ref = Monitor(pid);
  Exit(pid, ExitReason::Kill());
  co_await Receive<Down>().For(ref);
}

// The workers that are always there, each once, as long as all of them run and each is called in turn.
inline Async<std::vector<Pid>> WorkersOf(Pool<Worker> pool, size_t count) {
  std::vector<Pid> workers;
  for (size_t i = 0; i < count; ++i) workers.push_back((co_await pool.Call(Worker::Who{})).value());
  co_return workers;
}

// ---- Borrowing.

// What a borrower tells.
struct Borrowed {
  Pid borrower;
  absl::Status status;
  Pid worker;
};
// Asks a borrower to end.
struct EndBorrowing {};

// Spawns a process that borrows a worker, tells of that, and has it until it ends.
inline Pid Borrow(Pool<Worker> pool, absl::Duration timeout = absl::InfiniteDuration()) {
  return Spawn([pool, timeout, owner = Self()]() -> Async<> {
    const auto lease = co_await pool.Checkout(timeout);
    Send(owner, Borrowed{Self(), lease.status(), lease.ok() ? lease->worker().pid() : Pid()});
    co_await Receive<EndBorrowing>();
  });
}

// What that one tells.
inline Async<Borrowed> BorrowedBy(Pid borrower) {
  co_return co_await AssertReceive<Borrowed>(testing::Field(&Borrowed::borrower, borrower));
}

// Returns when so many wait for a worker.
inline Async<> UntilWaiting(Pool<Worker> pool, size_t waiting) {
  while ((co_await pool.Status()).value().waiting != waiting) co_await Yield();
}

// Returns when so many workers are free: for what comes back some time after an end that is heard of.
inline Async<> UntilAllFree(Pool<Worker> pool, size_t workers) {
  while ((co_await pool.Status()).value().free != workers) co_await Yield();
}

// Expects that so many workers run, that all are free, and nobody waits.
inline Async<> ExpectAllFree(Pool<Worker> pool, size_t workers) {
  const PoolStatus status = (co_await pool.Status()).value();
  EXPECT_EQ(status.workers, workers);
  EXPECT_EQ(status.free, workers);
  EXPECT_EQ(status.overflow, 0U);
  EXPECT_EQ(status.waiting, 0U);
}

}  // namespace hydra::pool_testing

#endif  // HYDRA_POOL_POOL_TESTING_H_
