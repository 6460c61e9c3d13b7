#include "hydra/process/testing/co_assert.h"

#include "gmock/gmock.h"
#include "gtest/gtest-spi.h"
#include "gtest/gtest.h"
#include "hydra/process/async.h"
#include "hydra/process/receive.h"
#include "hydra/process/self.h"
#include "hydra/process/send.h"
#include "hydra/process/testing/manual_runtime.h"

namespace hydra {
namespace {

using testing::Gt;

// Runs a body; afterwards `went_on` says whether it came to its end.
bool went_on = false;

void RunOnce(Async<> (*body)()) {
  went_on = false;
  ManualRuntime runtime;
  runtime.Spawn(body);
  runtime.RunUntilIdle();
}

Async<int> Seven() { co_return 7; }

TEST(CoAssertTest, PassesAndGoesOn) {
  RunOnce([]() -> Async<> {
    CO_ASSERT_TRUE(true);
    CO_ASSERT_FALSE(false);
    CO_ASSERT_EQ(1, 1) << "not shown";
    CO_ASSERT_NE(1, 2);
    CO_ASSERT_LT(1, 2);
    CO_ASSERT_LE(2, 2);
    CO_ASSERT_GT(2, 1);
    CO_ASSERT_GE(2, 2);
    CO_ASSERT_THAT(3, Gt(2));
    went_on = true;
    co_return;
  });
  EXPECT_TRUE(went_on);
}

TEST(CoAssertTest, OperandsMayBeAwaited) {
  RunOnce([]() -> Async<> {
    CO_ASSERT_EQ(co_await Seven(), 7);
    CO_ASSERT_TRUE(co_await Seven() == 7);
    CO_ASSERT_THAT(co_await Seven(), Gt(6));
    Send(Self(), 8);
    CO_ASSERT_EQ(co_await Receive<int>(), 8);
    went_on = true;
  });
  EXPECT_TRUE(went_on);
}

TEST(CoAssertTest, StandsInAnIfWithoutBraces) {
  RunOnce([]() -> Async<> {
    if (co_await Seven() == 7)
      CO_ASSERT_TRUE(true);
    else
      CO_ASSERT_TRUE(false);
    went_on = true;
  });
  EXPECT_TRUE(went_on);
}

// Each of these fails, and must not go on.
#define BODY(statement) \
  +[]() -> Async<> {    \
    statement;          \
    went_on = true;     \
    co_return;          \
  }

TEST(CoAssertTest, FailureIsFatalAndEndsTheCoroutine) {
  EXPECT_FATAL_FAILURE(RunOnce(BODY(CO_ASSERT_TRUE(1 > 2))), "Value of: 1 > 2");
  EXPECT_FALSE(went_on);
  EXPECT_FATAL_FAILURE(RunOnce(BODY(CO_ASSERT_FALSE(2 > 1))), "Expected: false");
  EXPECT_FALSE(went_on);
  EXPECT_FATAL_FAILURE(RunOnce(BODY(CO_ASSERT_EQ(1, 2))),
                       "Expected equality of these values:\n  1\n  2");
  EXPECT_FALSE(went_on);
  EXPECT_FATAL_FAILURE(RunOnce(BODY(CO_ASSERT_NE(1, 1))), "Expected: (1) != (1)");
  EXPECT_FALSE(went_on);
  EXPECT_FATAL_FAILURE(RunOnce(BODY(CO_ASSERT_LT(2, 2))), "Expected: (2) < (2)");
  EXPECT_FALSE(went_on);
  EXPECT_FATAL_FAILURE(RunOnce(BODY(CO_ASSERT_LE(3, 2))), "Expected: (3) <= (2)");
  EXPECT_FALSE(went_on);
  EXPECT_FATAL_FAILURE(RunOnce(BODY(CO_ASSERT_GT(2, 2))), "Expected: (2) > (2)");
  EXPECT_FALSE(went_on);
  EXPECT_FATAL_FAILURE(RunOnce(BODY(CO_ASSERT_GE(1, 2))), "Expected: (1) >= (2)");
  EXPECT_FALSE(went_on);
  EXPECT_FATAL_FAILURE(RunOnce(BODY(CO_ASSERT_THAT(1, Gt(2)))), "Expected: is > 2");
  EXPECT_FALSE(went_on);
  EXPECT_FATAL_FAILURE(RunOnce(BODY(CO_FAIL() << "enough")), "enough");
  EXPECT_FALSE(went_on);
}

TEST(CoAssertTest, FailureShowsWhatIsStreamed) {
  EXPECT_FATAL_FAILURE(RunOnce(BODY(CO_ASSERT_EQ(1, 2) << "in the shop")), "in the shop");
}

Async<> FailInside() { CO_FAIL() << "inside"; }

TEST(CoAssertTest, FailureEndsTheCoroutineItStandsInOnly) {
  EXPECT_FATAL_FAILURE(RunOnce(BODY(co_await FailInside())), "inside");
  EXPECT_TRUE(went_on);
}

TEST(CoAssertTest, SkipEndsTheCoroutine) {
  testing::TestPartResultArray results;
  {
    const testing::ScopedFakeTestPartResultReporter reporter(&results);
    RunOnce(BODY(CO_SKIP() << "not today"));
  }
  EXPECT_FALSE(went_on);
  ASSERT_EQ(results.size(), 1);
  EXPECT_TRUE(results.GetTestPartResult(0).skipped());
}

}  // namespace
}  // namespace hydra
