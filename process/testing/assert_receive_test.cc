#include "hydra/process/testing/assert_receive.h"

#include <memory>
#include <ostream>
#include <string>

#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest-spi.h"
#include "gtest/gtest.h"
#include "hydra/process/async.h"
#include "hydra/process/self.h"
#include "hydra/process/send.h"
#include "hydra/process/testing/manual_runtime.h"
#include "hydra/process/testing/process_test.h"
#include "hydra/process/timer.h"

namespace hydra {
namespace {

using testing::ElementsAre;
using testing::Field;
using testing::Gt;
using testing::Pointee;
using testing::StartsWith;

struct Apple {
  int grams = 0;

  friend void PrintTo(const Apple& apple, std::ostream* out) { *out << apple.grams << " g"; }
};

struct Pear {};

// Runs a body once by hand: unlike TestByHand with many seeds it fails once.
void RunOnce(Async<> (*body)()) {
  ManualRuntime runtime;
  runtime.Spawn([body]() -> Async<> {
    try {
      co_await body();
    } catch (const testing_internal::TestFailed&) {
    }
  });
  while (runtime.RunUntilIdle() > 0 || runtime.AdvanceToNextTimer()) continue;
}

HYDRA_TEST(AssertReceiveTest, ReturnsTheMessage) {
  Send(Self(), Apple{.grams = 100});
  const Apple apple = co_await AssertReceive<Apple>();
  EXPECT_EQ(apple.grams, 100);
}

HYDRA_TEST(AssertReceiveTest, WaitsForTheMessage) {
  SendAfter(absl::Milliseconds(5), Self(), Apple{.grams = 100});
  co_await AssertReceive<Apple>();
}

HYDRA_TEST(AssertReceiveTest, LeavesWhatDoesNotMatch) {
  for (int grams : {1, 2, 3}) Send(Self(), Apple{.grams = grams});
  const Apple apple = co_await AssertReceive<Apple>(Field(&Apple::grams, Gt(1)));
  EXPECT_EQ(apple.grams, 2);
  EXPECT_THAT(co_await Flush<Apple>(),
              ElementsAre(Field(&Apple::grams, 1), Field(&Apple::grams, 3)));
}

HYDRA_TEST(AssertReceiveTest, TakesValuesForMatchersAndMoveOnlyMessages) {
  Send(Self(), "hydra");
  Send(Self(), 7);
  Send(Self(), std::make_unique<int>(8));
  EXPECT_EQ(co_await AssertReceive<int>(7), 7);
  EXPECT_EQ(co_await AssertReceive<std::string>("hydra"), "hydra");
  EXPECT_EQ(*co_await AssertReceive<std::unique_ptr<int>>(Pointee(8)), 8);
}

Async<> AssertAnAppleThatNeverComes() {
  co_await AssertReceive<Apple>();
  ADD_FAILURE() << "it went on";
}

TEST(AssertReceiveTest, FailsWhenNothingComesAndEndsTheProcess) {
  EXPECT_FATAL_FAILURE(RunOnce(&AssertAnAppleThatNeverComes), "No message arrived within 10s");
  EXPECT_FATAL_FAILURE(RunOnce(&AssertAnAppleThatNeverComes), "The mailbox is empty");
}

Async<> MissTheHeavyApple() {
  Send(Self(), Pear{});
  Send(Self(), Apple{.grams = 90});
  co_await AssertReceive<Apple>(Field(&Apple::grams, Gt(100)), absl::Seconds(1));
}

TEST(AssertReceiveTest, FailureSaysWhatWasWantedAndWhatIsThere) {
  EXPECT_FATAL_FAILURE(RunOnce(&MissTheHeavyApple), "within 1s: ");
  EXPECT_FATAL_FAILURE(RunOnce(&MissTheHeavyApple), "Apple that is an object whose given field");
  EXPECT_FATAL_FAILURE(RunOnce(&MissTheHeavyApple), "Pear\n");
  EXPECT_FATAL_FAILURE(RunOnce(&MissTheHeavyApple), "Apple 90 g, whose given field is 90");
}

TEST(AssertReceiveTest, FailureNamesTheLineOfTheCall) {
  testing::TestPartResultArray results;
  {
    const testing::ScopedFakeTestPartResultReporter reporter(&results);
    RunOnce(&MissTheHeavyApple);
  }
  ASSERT_EQ(results.size(), 1);
  EXPECT_THAT(results.GetTestPartResult(0).file_name(),
              testing::EndsWith("assert_receive_test.cc"));
}

HYDRA_TEST_BY_HAND(RefuteReceiveTest, WaitsForTheWholeTime) {
  const absl::Time start = Now();
  co_await RefuteReceive<Apple>(testing::_, absl::Hours(2));
  EXPECT_EQ(Now() - start, absl::Hours(2));
}

HYDRA_TEST(RefuteReceiveTest, PassesOverWhatDoesNotMatch) {
  Send(Self(), Pear{});
  Send(Self(), Apple{.grams = 100});
  co_await RefuteReceive<Apple>(Field(&Apple::grams, Gt(100)), absl::Milliseconds(5));
  co_await AssertReceive<Pear>();
  co_await AssertReceive<Apple>();
}

HYDRA_TEST_BY_HAND(RefuteReceiveTest, DoesNotSeeWhatComesLater) {
  SendAfter(absl::Milliseconds(1001), Self(), Apple{.grams = 100});
  co_await RefuteReceive<Apple>(testing::_, absl::Seconds(1));
  co_await AssertReceive<Apple>();
}

Async<> RefuteTheAppleThatComes() {
  SendAfter(absl::Milliseconds(999), Self(), Apple{.grams = 90});
  co_await RefuteReceive<Apple>(testing::_, absl::Seconds(1));
  ADD_FAILURE() << "it went on";
}

TEST(RefuteReceiveTest, FailsWhenTheMessageComesAndEndsTheProcess) {
  EXPECT_FATAL_FAILURE(RunOnce(&RefuteTheAppleThatComes), "A message arrived: ");
  EXPECT_FATAL_FAILURE(RunOnce(&RefuteTheAppleThatComes), "90 g");
}

HYDRA_TEST(FlushTest, TakesAllOfOneTypeOldestFirst) {
  Send(Self(), 1);
  Send(Self(), Pear{});
  Send(Self(), 2);
  EXPECT_THAT(co_await Flush<int>(), ElementsAre(1, 2));
  EXPECT_THAT(co_await Flush<int>(), ElementsAre());
  co_await AssertReceive<Pear>();
}

}  // namespace
}  // namespace hydra
