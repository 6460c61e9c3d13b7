#include "hydra/process/internal/blocking_pool.h"

#include <pthread.h>

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <latch>
#include <numeric>
#include <stop_token>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "hydra/process/testing/rounds.h"

namespace hydra::process_internal {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

// What follows declares the pool last, so that its threads have ended before anything they use goes.

class FunctionJob final : public BlockingJob {
 public:
  using Function = std::function<void(const std::stop_token&)>;

  explicit FunctionJob(
      Function function, std::function<void()> on_done = [] {})
      : BlockingJob(std::stop_source()),
        function_(std::move(function)),
        on_done_(std::move(on_done)) {}

 private:
  void Run() noexcept override { function_(stop_token()); }
  void OnDone() noexcept override { on_done_(); }

  const Function function_;
  const std::function<void()> on_done_;
};

void AwaitStop(const std::stop_token& stop) {
  while (!stop.stop_requested()) std::this_thread::yield();
}

TEST(BlockingPoolTest, RunsAJobOnItsThreadAndThenTellsIt) {
  std::vector<std::thread::id> threads;
  std::latch done(1);
  FunctionJob job([&](const auto&) { threads.push_back(std::this_thread::get_id()); },
                  [&] {
                    threads.push_back(std::this_thread::get_id());
                    done.count_down();
                  });
  BlockingPool pool({.max_threads = 1});
  pool.Submit(job);
  done.wait();
  ASSERT_EQ(threads.size(), 2);
  EXPECT_EQ(threads[0], threads[1]);
  EXPECT_NE(threads[0], std::this_thread::get_id());
}

TEST(BlockingPoolTest, StartsThreadsForJobsThatFindNoneFreeUpToTheLimit) {
  std::latch begun(3);
  std::latch release(1);
  std::atomic<int> running{0};
  std::atomic<int> most{0};
  std::latch done(100);
  std::deque<FunctionJob> jobs;
  for (int i = 0; i < 100; ++i) {
    jobs.emplace_back(
        [&, i](const auto&) {
          const int now = ++running;
          most = std::max(most.load(), now);
          if (i < 3) begun.count_down();
          release.wait();
          --running;
        },
        [&] { done.count_down(); });
  }
  BlockingPool pool({.max_threads = 3});
  for (int i = 0; i < 3; ++i) {
    pool.Submit(jobs[i]);
    EXPECT_EQ(pool.threads(), i + 1);
  }
  begun.wait();  // three at once
  for (int i = 3; i < 100; ++i) pool.Submit(jobs[i]);
  EXPECT_EQ(pool.threads(), 3);
  release.count_down();
  done.wait();
  EXPECT_EQ(most, 3);
}

TEST(BlockingPoolTest, WaitingJobsBeginInOrder) {
  std::latch release(1);
  std::vector<int> order;
  std::latch done(100);
  std::deque<FunctionJob> jobs;
  for (int i = 0; i < 100; ++i) {
    jobs.emplace_back(
        [&, i](const auto&) {
          release.wait();
          order.push_back(i);
        },
        [&] { done.count_down(); });
  }
  BlockingPool pool({.max_threads = 1});
  for (FunctionJob& job : jobs) pool.Submit(job);
  release.count_down();
  done.wait();
  std::vector<int> expected(100);
  std::iota(expected.begin(), expected.end(), 0);
  EXPECT_EQ(order, expected);
}

TEST(BlockingPoolTest, IdleThreadIsUsedAgain) {
  BlockingPool pool({.max_threads = 8, .idle_time = absl::InfiniteDuration()});
  std::vector<std::thread::id> threads;
  for (int i = 0; i < 100; ++i) {
    std::latch done(1);
    FunctionJob job([&](const auto&) { threads.push_back(std::this_thread::get_id()); },
                    [&] { done.count_down(); });
    pool.Submit(job);
    done.wait();
  }
  EXPECT_EQ(pool.threads(), 1);
  EXPECT_EQ(std::count(threads.begin(), threads.end(), threads[0]), 100);
}

TEST(BlockingPoolTest, ThreadThatIsIdleForTooLongEnds) {
  BlockingPool pool({.max_threads = 8, .idle_time = absl::Milliseconds(1)});
  for (int i = 0; i < 10; ++i) {
    std::latch done(1);
    FunctionJob job([](const auto&) {}, [&] { done.count_down(); });
    pool.Submit(job);
    done.wait();
    while (pool.threads() > 0) std::this_thread::yield();
  }
}

TEST(BlockingPoolTest, CancelForgetsAJobThatHasNotBegunAndAsksOneThatRunsToStop) {
  std::vector<int> order;
  std::latch begun(1);
  std::latch done(1);
  FunctionJob first([&](const std::stop_token& stop) {
    begun.count_down();
    AwaitStop(stop);
    order.push_back(1);
  });
  FunctionJob second([&](const auto&) { order.push_back(2); });
  FunctionJob third([&](const auto&) { order.push_back(3); }, [&] { done.count_down(); });
  BlockingPool pool({.max_threads = 1});
  for (FunctionJob* job : {&first, &second, &third}) pool.Submit(*job);
  begun.wait();
  EXPECT_TRUE(pool.Cancel(second));
  EXPECT_FALSE(pool.Cancel(first));
  done.wait();
  EXPECT_THAT(order, ElementsAre(1, 3));
}

TEST(BlockingPoolTest, StopAsksRunningJobsToStopAndWaitsForThem) {
  std::latch begun(2);
  std::atomic<int> ran{0};
  std::atomic<int> told{0};
  std::deque<FunctionJob> jobs;
  for (int i = 0; i < 5; ++i) {
    jobs.emplace_back(
        [&](const std::stop_token& stop) {
          begun.count_down();
          AwaitStop(stop);
          ++ran;
        },
        [&] { ++told; });
  }
  BlockingPool pool({.max_threads = 2});
  for (int i = 0; i < 4; ++i) pool.Submit(jobs[i]);
  begun.wait();
  pool.Stop();
  EXPECT_EQ(ran, 2) << "the others haven't begun";
  EXPECT_EQ(pool.threads(), 0);
  pool.Submit(jobs[4]);
  EXPECT_EQ(pool.threads(), 0);
  EXPECT_TRUE(pool.Cancel(jobs[3]));
  EXPECT_TRUE(pool.Cancel(jobs[4]));
  EXPECT_EQ(told, 0);
}

TEST(BlockingPoolTest, ThrowsIfThereCanBeNoThread) {
  std::latch done(2);
  FunctionJob job([](const auto&) {}, [&] { done.count_down(); });
  FunctionJob second([](const auto&) {}, [&] { done.count_down(); });
  BlockingPool pool({.max_threads = 2});
  pthread_attr_t usual;
  pthread_attr_t absurd;
  pthread_getattr_default_np(&usual);
  pthread_getattr_default_np(&absurd);
  pthread_attr_setstacksize(&absurd, size_t{1} << 50);
  pthread_setattr_default_np(&absurd);
  EXPECT_THROW(pool.Submit(job), std::system_error);
  pthread_setattr_default_np(&usual);

  std::latch begun(1);
  std::latch release(1);
  FunctionJob blocker([&](const auto&) {
    begun.count_down();
    release.wait();
  });
  pool.Submit(blocker);
  begun.wait();
  pthread_setattr_default_np(&absurd);
  pool.Submit(job);  // waits for the one thread that there is
  pool.Submit(second);
  pthread_setattr_default_np(&usual);
  release.count_down();
  done.wait();
}

TEST(BlockingPoolTest, ByHandTheDriverPicksAmongAsManyAsThereWouldBeThreads) {
  std::vector<int> order;
  std::deque<FunctionJob> jobs;
  for (int i = 0; i < 4; ++i) {
    jobs.emplace_back([&order, i](const auto&) { order.push_back(i); },
                      [&order, i] { order.push_back(i + 10); });
  }
  BlockingPool pool({.max_threads = 3, .by_hand = true});
  EXPECT_EQ(pool.ready(), 0);
  for (FunctionJob& job : jobs) pool.Submit(job);
  EXPECT_EQ(pool.threads(), 0);
  EXPECT_THAT(order, IsEmpty());
  EXPECT_EQ(pool.ready(), 3);
  pool.RunReady(2);
  EXPECT_EQ(pool.ready(), 3);
  pool.RunReady(2);
  pool.RunReady(0);
  EXPECT_EQ(pool.ready(), 1);
  EXPECT_THAT(order, ElementsAre(2, 12, 3, 13, 0, 10));
}

// Threads end, jobs come and are cancelled all the time.
TEST(BlockingPoolRaceTest, EachJobIsDoneOrForgotten) {
  constexpr int kJobs = 100;
  for (int64_t round = Rounds(2'000); round > 0; --round) {
    std::vector<std::atomic<int>> runs(kJobs);
    std::atomic<int> told{0};
    std::vector<int> forgotten(kJobs);
    std::deque<FunctionJob> jobs;
    for (int i = 0; i < kJobs; ++i)
      jobs.emplace_back([&runs, i](const auto&) { ++runs[i]; }, [&told] { ++told; });
    BlockingPool pool({.max_threads = 2, .idle_time = absl::ZeroDuration()});
    std::vector<std::jthread> submitters;
    for (int part = 0; part < 2; ++part) {
      submitters.emplace_back([&, part] {
        for (int i = part; i < kJobs; i += 2) {
          pool.Submit(jobs[i]);
          if (i % 3 == 0) forgotten[i] = pool.Cancel(jobs[i]) ? 1 : 0;
          if (i % 7 == 0) std::this_thread::yield();
        }
      });
    }
    submitters.clear();
    const int left = kJobs - std::accumulate(forgotten.begin(), forgotten.end(), 0);
    while (told < left) std::this_thread::yield();
    pool.Stop();
    EXPECT_EQ(told, left);
    for (int i = 0; i < kJobs; ++i) EXPECT_EQ(runs[i] + forgotten[i], 1);
  }
}

}  // namespace
}  // namespace hydra::process_internal
