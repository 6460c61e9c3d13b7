// Borrowers and workers that end while workers are being lent, on threads.
#include <atomic>
#include <cstdint>
#include <memory>
#include <random>
#include <vector>

#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "hydra/base/log_testing.h"
#include "hydra/genserver/genserver.h"
#include "hydra/pool/pool.h"
#include "hydra/pool/pool_options.h"
#include "hydra/pool/pool_testing.h"
#include "hydra/process/process.h"
#include "hydra/process/testing/process_test.h"
#include "hydra/process/testing/rounds.h"

namespace hydra {
namespace {

using pool_testing::ExpectAllFree;
using pool_testing::StartPool;
using pool_testing::UntilAllFree;
using pool_testing::Worker;

constexpr int kAtOnce = 16;

// Takes up to a microsecond or so.
void Dawdle(std::minstd_rand& random) {
  for (uint32_t i = random() / 8 % 256; i > 0; --i)
    std::atomic_signal_fence(std::memory_order_seq_cst);
}

// Borrows, and may give back by itself. Nobody else has what it borrows: `users` counts them.
Async<> BorrowBriefly(Pool<Worker> pool, uint32_t seed) {
  std::minstd_rand random(seed);
  const bool is_patient = random() / 8 % 2 == 0;
  const auto lease =
      co_await pool.Checkout(is_patient ? absl::InfiniteDuration() : absl::ZeroDuration());
  Dawdle(random);
  if (random() / 8 % 2 == 0) co_await Yield();
}

// POOL7: borrowers time out, give back, and are killed while they wait, while they hold, and while the answer
// is on its way. Then all is free, and nobody waits.
Async<> LoseNothing(PoolOptions options) {
  std::minstd_rand random(1);
  const Pool<Worker> pool = co_await StartPool(options);
  for (int64_t i = Rounds(100'000); i > 0; i -= kAtOnce) {
    std::vector<Pid> borrowers;
    for (int j = 0; j < kAtOnce; ++j)
      borrowers.push_back(SpawnMonitor(BorrowBriefly, pool, static_cast<uint32_t>(random())).pid);
    for (const Pid& borrower : borrowers) {
      Dawdle(random);
      if (random() / 8 % 2 == 0) Exit(borrower, ExitReason::Kill());
      if (random() / 8 % 4 == 0) co_await Yield();
    }
    for (int j = 0; j < kAtOnce; ++j) co_await AssertReceive<Down>();
    // What is in the answer to who has ended comes back when that is destroyed, maybe after that end is heard.
    co_await UntilAllFree(pool, options.workers);
    const PoolStatus status = (co_await pool.Status()).value();
    CO_ASSERT_EQ(status.waiting, 0U);
    CO_ASSERT_EQ(status.overflow, 0U);
    CO_ASSERT_EQ(status.workers, options.workers);
  }
}

TEST(CheckoutRaceTest, NoWorkerIsLost) {
  TestOnThreads([] { return LoseNothing({.workers = 3}); });
}
TEST(CheckoutRaceTest, NoWorkerIsLostWithOverflow) {
  TestOnThreads([] { return LoseNothing({.workers = 2, .overflow = 2}); });
}

// POOL6: nobody else has it. Calls to one that two have would overlap.
TEST(CheckoutRaceTest, NobodyElseHasIt) {
  TestOnThreads([]() -> Async<> {
    struct Done {};
    const Pool<Worker> pool = co_await StartPool({.workers = 3});
    auto in_use = std::make_shared<std::map<Pid, std::atomic<bool>>>();
    for (const Pid& worker : co_await pool_testing::WorkersOf(pool, 3)) (*in_use)[worker] = false;
    for (int i = 0; i < kAtOnce; ++i) {
      Spawn([pool, in_use, owner = Self()]() -> Async<> {
        for (int64_t round = Rounds(100'000) / kAtOnce; round > 0; --round) {
          const auto lease = co_await pool.Checkout(absl::InfiniteDuration());
          CO_ASSERT_TRUE(lease.ok()) << lease.status();
          std::atomic<bool>& is_used = in_use->at(lease->worker().pid());
          EXPECT_FALSE(is_used.exchange(true));
          co_await Yield();
          is_used = false;
        }
        Send(owner, Done{});
      });
    }
    for (int i = 0; i < kAtOnce; ++i) co_await AssertReceive<Done>();
    co_await ExpectAllFree(pool, 3);
  });
}

// POOL8: workers are killed, lent or not, while borrowers come and go.
TEST(CheckoutRaceTest, WorkersEndAtAnyTime) {
  const ScopedLogCapture quiet;
  TestOnThreads([]() -> Async<> {
    std::minstd_rand random(1);
    const Pool<Worker> pool =
        co_await StartPool({.workers = 3, .overflow = 1, .max_restarts = 1'000'000'000});
    for (int64_t i = Rounds(100'000); i > 0; i -= kAtOnce) {
      for (int j = 0; j < kAtOnce; ++j) {
        SpawnMonitor([pool, seed = static_cast<uint32_t>(random())]() -> Async<> {
          std::minstd_rand my_random(seed);
          const auto lease = co_await pool.Checkout(absl::InfiniteDuration());
          CO_ASSERT_TRUE(lease.ok()) << lease.status();
          if (my_random() / 8 % 2 == 0) Exit(lease->worker().pid(), ExitReason::Kill());
          Dawdle(my_random);
          if (my_random() / 8 % 2 == 0) co_await Yield();
        });
        Dawdle(random);
      }
      for (int j = 0; j < kAtOnce; ++j) co_await AssertReceive<Down>();
      co_await UntilAllFree(pool, 3);
      CO_ASSERT_EQ((co_await pool.Status()).value().waiting, 0U);
    }
  });
}

}  // namespace
}  // namespace hydra
