// KeyedStarter on threads: who asks, who ends and who is ended at the same time.
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "hydra/base/log_testing.h"
#include "hydra/base/status_testing.h"
#include "hydra/process/process.h"
#include "hydra/process/testing/process_test.h"
#include "hydra/process/testing/rounds.h"
#include "hydra/registry/keyed_starter.h"
#include "hydra/registry/keyed_starter_testing.h"
#include "hydra/supervisor/child.h"
#include "hydra/supervisor/supervisor.h"

namespace hydra {
namespace {

using absl::StatusCode;
using registry_testing::Begin;

struct Never {};
using Answer = absl::StatusOr<Pid>;

constexpr size_t kKeys = 3;

// How many processes of each key have been started, and run.
struct Counts {
  std::array<std::atomic<int>, kKeys> started{};
  std::array<std::atomic<int>, kKeys> running{};
};

// Is one of its key, of which there is no other.
class OfKey {
 public:
  OfKey(std::shared_ptr<Counts> counts, size_t key) : counts_(std::move(counts)), key_(key) {
    EXPECT_EQ(++counts_->running[key_], 1);
  }
  OfKey(const OfKey&) = delete;
  OfKey& operator=(const OfKey&) = delete;
  ~OfKey() { --counts_->running[key_]; }

 private:
  const std::shared_ptr<Counts> counts_;
  const size_t key_;
};

Async<> Work(std::shared_ptr<Counts> counts, size_t key) {
  const OfKey of_key(counts, key);
  co_await Receive<Never>();
}

KeyedStarter<size_t> Workers(std::shared_ptr<Counts> counts) {
  return KeyedStarter<size_t>([counts](size_t key) {
    ++counts->started[key];
    return ProcessChild({.id = "worker"}, Work, counts, key);
  });
}

// REG14
TEST(KeyedStarterRaceTest, ExactlyOneIsStarted) {
  constexpr int kAsking = 8;
  TestOnThreads([]() -> Async<> {
    for (int64_t round = Rounds(20'000); round > 0; --round) {
      const auto counts = std::make_shared<Counts>();
      const auto workers = Workers(counts);
      const Pid starter = co_await Begin(workers);
      for (int i = 0; i < kAsking; ++i) {
        Spawn([workers, owner = Self()]() -> Async<> {
          Send(owner, co_await workers.LookupOrStart(0));
        });
      }
      const Answer first = co_await AssertReceive<Answer>();
      CO_ASSERT_TRUE(first.ok()) << first.status();
      for (int i = 1; i < kAsking; ++i)
        EXPECT_THAT(co_await AssertReceive<Answer>(), IsOkAndHolds(*first));
      EXPECT_EQ(counts->started[0], 1);
      EXPECT_OK(co_await Stop(starter));
    }
  });
}

struct Finished {};

// Does something to a key, again and again.
Async<> Meddle(KeyedStarter<size_t> workers, uint32_t seed, int64_t rounds, Pid owner) {
  std::minstd_rand random(seed);
  for (; rounds > 0; --rounds) {
    const size_t key = random() / 8 % kKeys;
    switch (random() / 8 % 4) {
      case 0: {
        const absl::Status stopped = co_await workers.Stop(key);
        EXPECT_THAT(stopped.code(), testing::AnyOf(StatusCode::kOk, StatusCode::kNotFound));
        break;
      }
      case 1:
        if (const Pid pid = workers.WhereIs(key)) Exit(pid, ExitReason::Kill());
        break;
      case 2: {
        const Answer started = co_await workers.Start(key);
        EXPECT_THAT(started.status().code(),
                    testing::AnyOf(StatusCode::kOk, StatusCode::kAlreadyExists));
        break;
      }
      default:
        EXPECT_OK(co_await workers.LookupOrStart(key));
    }
  }
  Send(owner, Finished{});
}

// REG14: never two of a key at the same time, whatever is done.
TEST(KeyedStarterRaceTest, NeverTwoOfAKey) {
  constexpr int kMeddlers = 6;
  const ScopedLogCapture log;
  TestOnThreads([]() -> Async<> {
    const auto counts = std::make_shared<Counts>();
    const auto workers = Workers(counts);
    const Pid starter = co_await Begin(workers);
    for (uint32_t i = 1; i <= kMeddlers; ++i)
      Spawn(Meddle, workers, i, Rounds(100'000) / kMeddlers, Self());
    for (int i = 0; i < kMeddlers; ++i)
      co_await AssertReceive<Finished>(testing::_, absl::Seconds(40));
    for (size_t key = 0; key < kKeys; ++key) EXPECT_GT(counts->started[key], 1);
    // All that run are known.
    for (size_t key = 0; key < kKeys; ++key) static_cast<void>(co_await workers.Stop(key));
    for (const std::atomic<int>& running : counts->running) EXPECT_EQ(running, 0);
    EXPECT_EQ((co_await sys::GetStatus(starter))->state, "0 children");
    EXPECT_EQ(workers.Count(), 0U);
  });
}

// REG13, REG14: who asks while the starter ends gets a process, or hears that there is no starter.
TEST(KeyedStarterRaceTest, TheStarterEndsWhileItIsAsked) {
  const ScopedLogCapture log;
  TestOnThreads([]() -> Async<> {
    const KeyedStarter<size_t> workers([](size_t) {
      return ProcessChild({.id = "worker"}, []() -> Async<> { co_await Receive<Never>(); });
    });
    const auto top = co_await StartLink<Supervisor>(
        {}, SupervisorOptions{.max_restarts = 1'000'000}, Children{workers.child()});
    EXPECT_OK(top);
    constexpr int kAsking = 4;
    for (int64_t round = Rounds(50'000); round > 0; --round) {
      for (int i = 0; i < kAsking; ++i) {
        Spawn([workers, i, owner = Self()]() -> Async<> {
          Send(owner, (co_await workers.LookupOrStart(i % kKeys)).status());
        });
      }
      const auto children = co_await WhichChildren(*top);
      if (children.ok() && children->front().pid) Exit(children->front().pid, ExitReason::Kill());
      for (int i = 0; i < kAsking; ++i) {
        const auto status = co_await AssertReceive<absl::Status>();
        EXPECT_THAT(status.code(), testing::AnyOf(StatusCode::kOk, StatusCode::kUnavailable))
            << status;
      }
    }
  });
}

}  // namespace
}  // namespace hydra
