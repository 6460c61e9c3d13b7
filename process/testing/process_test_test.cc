#include "hydra/process/testing/process_test.h"

#include <cstdlib>
#include <set>
#include <stdexcept>
#include <vector>

#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest-spi.h"
#include "gtest/gtest.h"
#include "hydra/base/log_testing.h"
#include "hydra/process/async.h"
#include "hydra/process/exit_reason.h"
#include "hydra/process/link.h"
#include "hydra/process/pid.h"
#include "hydra/process/receive.h"
#include "hydra/process/self.h"
#include "hydra/process/send.h"
#include "hydra/process/spawn.h"
#include "hydra/process/testing/assert_receive.h"
#include "hydra/process/timer.h"

namespace hydra {
namespace {

struct Never {};

Async<> DoNothing() { co_return; }
Async<> WaitForEver() { co_await Receive<Never>(); }

Async<> KeepYielding() {
  for (;;) co_await Yield();
}

Async<> SendTwice(Pid to, int value) {
  Send(to, value);
  co_await Yield();
  Send(to, value);
}

// Runs `body` for one seed, so that it fails once.
void TestOneSeed(const ProcessBody& body,
                 const std::optional<ExitReason>& expected = std::nullopt) {
  setenv("HYDRA_TEST_SEED", "7", 1);
  TestByHand(body, expected);
  unsetenv("HYDRA_TEST_SEED");
}

HYDRA_TEST(ProcessTestTest, BodyIsAProcess) {
  Send(Self(), 1);
  EXPECT_EQ(co_await Receive<int>(), 1);
}

HYDRA_TEST_BY_HAND(ProcessTestTest, ClockMovesOnWhenEverybodyWaits) {
  const absl::Time start = Now();
  co_await Sleep(absl::Hours(24 * 365));
  EXPECT_EQ(Now() - start, absl::Hours(24 * 365));
}

HYDRA_TEST_BY_HAND(ProcessTestTest, ClockStandsStillWhileSomebodyRuns) {
  const absl::Time start = Now();
  SendAfter(absl::Milliseconds(1), Self(), 1);
  for (int i = 0; i < 100; ++i) co_await Yield();
  EXPECT_EQ(Now(), start);
}

TEST(ProcessTestTest, SeedsGiveDifferentOrders) {
  std::set<std::vector<int>> orders;
  int runs = 0;
  TestByHand([&]() -> Async<> {
    ++runs;
    for (int i = 0; i < 3; ++i) Spawn(SendTwice, Self(), i);
    std::vector<int> order;
    while (order.size() < 6) order.push_back(co_await Receive<int>());
    orders.insert(order);
  });
  EXPECT_EQ(runs, 20);
  EXPECT_GT(orders.size(), 10U);
}

TEST(ProcessTestTest, OneSeedGivesOneOrder) {
  std::set<std::vector<int>> orders;
  for (int i = 0; i < 3; ++i) {
    TestOneSeed([&]() -> Async<> {
      for (int j = 0; j < 3; ++j) Spawn(SendTwice, Self(), j);
      std::vector<int> order;
      while (order.size() < 6) order.push_back(co_await Receive<int>());
      orders.insert(order);
    });
  }
  EXPECT_EQ(orders.size(), 1U);
}

TEST(ProcessTestTest, EndsWithItsBody) {
  const auto body = []() -> Async<> {
    Spawn(WaitForEver);
    Spawn(KeepYielding);
    co_return;
  };
  TestByHand(body);
  TestOnThreads(body);
}

TEST(ProcessTestTest, ExpectsTheReasonItIsTold) {
  const auto body = []() -> Async<> {
    Exit(Self(), ExitReason::Shutdown("tired"));
    co_await Yield();
  };
  TestByHand(body, ExitReason::Shutdown("tired"));
  TestOnThreads(body, ExitReason::Shutdown("tired"));
}

TEST(ProcessTestTest, BodyThatWaitsForEverFails) {
  EXPECT_NONFATAL_FAILURE(TestOneSeed(&WaitForEver), "The body waits for ever");
}

TEST(ProcessTestTest, BodyThatRunsForEverFails) {
  EXPECT_NONFATAL_FAILURE(TestOneSeed(&KeepYielding), "hasn't ended after");
}

TEST(ProcessTestTest, FailureNamesTheSeed) {
  EXPECT_NONFATAL_FAILURE(TestOneSeed(&WaitForEver), "HYDRA_TEST_SEED=7");
}

Async<> Throw() {
  throw std::runtime_error("out of bananas");
  co_return;
}

TEST(ProcessTestTest, BodyThatThrowsFails) {
  const ScopedLogCapture log;
  EXPECT_NONFATAL_FAILURE(TestOneSeed(&Throw), "std::runtime_error: out of bananas");
  EXPECT_NONFATAL_FAILURE(TestOnThreads(&Throw), "std::runtime_error: out of bananas");
}

TEST(ProcessTestTest, BodyThatIsKilledFails) {
  const auto body = []() -> Async<> {
    Exit(Self(), ExitReason::Kill());
    co_await Yield();
  };
  EXPECT_NONFATAL_FAILURE(TestOneSeed(+body), "'killed', and should have returned");
  EXPECT_NONFATAL_FAILURE(TestOnThreads(+body), "'killed', and should have returned");
}

TEST(ProcessTestTest, BodyThatIsEndedByNormalFails) {
  const auto body = []() -> Async<> {
    Exit(Self(), ExitReason::Normal());
    co_await WaitForEver();
  };
  EXPECT_NONFATAL_FAILURE(TestOneSeed(+body), "'normal', and should have returned");
  EXPECT_NONFATAL_FAILURE(TestOnThreads(+body), "'normal', and should have returned");
}

TEST(ProcessTestTest, OtherReasonThanExpectedFails) {
  EXPECT_NONFATAL_FAILURE(TestOneSeed(&DoNothing, ExitReason::Killed()),
                          "'normal', and should have had 'killed'");
}

Async<> AssertNeverWithin() { co_await AssertReceive<Never>(testing::_, absl::Milliseconds(1)); }

TEST(ProcessTestTest, FailedAssertReceiveIsReportedOnce) {
  EXPECT_FATAL_FAILURE(TestOneSeed(&AssertNeverWithin), "No message arrived");
  EXPECT_FATAL_FAILURE_ON_ALL_THREADS(TestOnThreads(&AssertNeverWithin), "No message arrived");
}

}  // namespace
}  // namespace hydra
