// CO_ASSERT_*: gtest's ASSERT_* for coroutines.
//
//   hydra::Async<> ReadsBack(hydra::Pid store) {
//     std::optional<Value> value = co_await Read(store, "key");
//     CO_ASSERT_TRUE(value.has_value()) << "the store lost it";
//     CO_ASSERT_THAT(value->text, testing::HasSubstr("hydra"));
//   }
//
// On failure ASSERT_* returns, which a coroutine can't: these `co_return`. So they are for
// coroutines that return `Async<>`, and end the one that they stand in, not its caller. EXPECT_*
// needs no such form, and the operands of both may hold a `co_await`.
#ifndef HYDRA_PROCESS_TESTING_CO_ASSERT_H_
#define HYDRA_PROCESS_TESTING_CO_ASSERT_H_

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#define CO_ASSERT_TRUE(condition) \
  GTEST_TEST_BOOLEAN_(condition, #condition, false, true, HYDRA_CO_FAIL_)
#define CO_ASSERT_FALSE(condition) \
  GTEST_TEST_BOOLEAN_(!(condition), #condition, true, false, HYDRA_CO_FAIL_)

#define CO_ASSERT_EQ(left, right) \
  CO_ASSERT_PRED_FORMAT2(::testing::internal::EqHelper::Compare, left, right)
#define CO_ASSERT_NE(left, right) \
  CO_ASSERT_PRED_FORMAT2(::testing::internal::CmpHelperNE, left, right)
#define CO_ASSERT_LT(left, right) \
  CO_ASSERT_PRED_FORMAT2(::testing::internal::CmpHelperLT, left, right)
#define CO_ASSERT_LE(left, right) \
  CO_ASSERT_PRED_FORMAT2(::testing::internal::CmpHelperLE, left, right)
#define CO_ASSERT_GT(left, right) \
  CO_ASSERT_PRED_FORMAT2(::testing::internal::CmpHelperGT, left, right)
#define CO_ASSERT_GE(left, right) \
  CO_ASSERT_PRED_FORMAT2(::testing::internal::CmpHelperGE, left, right)

#define CO_ASSERT_THAT(value, matcher) \
  CO_ASSERT_PRED_FORMAT1(::testing::internal::MakePredicateFormatterFromMatcher(matcher), value)

#define CO_ASSERT_PRED_FORMAT1(format, value) GTEST_PRED_FORMAT1_(format, value, HYDRA_CO_FAIL_)
#define CO_ASSERT_PRED_FORMAT2(format, left, right) \
  GTEST_PRED_FORMAT2_(format, left, right, HYDRA_CO_FAIL_)

// Fails the test and ends the coroutine.
#define CO_FAIL() HYDRA_CO_FAIL_("Failed")

// Marks the test as skipped and ends the coroutine.
#define CO_SKIP() co_return GTEST_MESSAGE_("", ::testing::TestPartResult::kSkip)

#define HYDRA_CO_FAIL_(message) \
  co_return GTEST_MESSAGE_(message, ::testing::TestPartResult::kFatalFailure)

#endif  // HYDRA_PROCESS_TESTING_CO_ASSERT_H_
