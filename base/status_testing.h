// Matchers and assertions for absl::Status and absl::StatusOr, for tests.
//
//   EXPECT_OK(store.Put("key", "value"));
//   ASSERT_OK_AND_ASSIGN(std::string value, store.Get("key"));
//   EXPECT_THAT(store.Get("key"), IsOkAndHolds("value"));
//   EXPECT_THAT(store.Get("none"), StatusIs(absl::StatusCode::kNotFound, HasSubstr("none")));
//
// A test that is a coroutine can't use the ASSERT forms, which return.
#ifndef HYDRA_BASE_STATUS_TESTING_H_
#define HYDRA_BASE_STATUS_TESTING_H_

#include <ostream>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#define EXPECT_OK(expression) EXPECT_THAT(expression, ::hydra::IsOk())
#define ASSERT_OK(expression) ASSERT_THAT(expression, ::hydra::IsOk())

// Fails the test and returns unless the absl::StatusOr that `expression` yields is OK; otherwise moves
// its value to `lhs`, which is a variable or declares one.
#define ASSERT_OK_AND_ASSIGN(lhs, expression) \
  HYDRA_TESTING_INTERNAL_ASSIGN(HYDRA_TESTING_INTERNAL_NAME(__LINE__), lhs, expression)

#define HYDRA_TESTING_INTERNAL_ASSIGN(result, lhs, expression) \
  auto result = (expression);                                  \
  ASSERT_OK(result);                                           \
  lhs = *std::move(result)

#define HYDRA_TESTING_INTERNAL_NAME(line) HYDRA_TESTING_INTERNAL_JOIN(hydra_result_, line)
#define HYDRA_TESTING_INTERNAL_JOIN(a, b) a##b

namespace hydra {
namespace base_internal {

inline const absl::Status& StatusOf(const absl::Status& status) { return status; }

template <typename T>
const absl::Status& StatusOf(const absl::StatusOr<T>& result) {
  return result.status();
}

}  // namespace base_internal

// Matches a Status or StatusOr that is OK.
MATCHER(IsOk, negation ? "isn't OK" : "is OK") {
  const absl::Status& status = base_internal::StatusOf(arg);
  *result_listener << "whose status is " << status;
  return status.ok();
}

// Matches a StatusOr that is OK and whose value matches `value`, which is a value or a matcher.
MATCHER_P(IsOkAndHolds, value,
          std::string(negation ? "isn't OK or doesn't hold " : "is OK and holds ") +
              ::testing::PrintToString(value)) {
  if (!arg.ok()) {
    *result_listener << "whose status is " << arg.status();
    return false;
  }
  *result_listener << "which holds " << ::testing::PrintToString(*arg) << " ";
  return ::testing::ExplainMatchResult(value, *arg, result_listener);
}

// Matches a Status or StatusOr with this code, and a message that matches `message`.
MATCHER_P2(StatusIs, code, message,
           std::string(negation ? "doesn't have" : "has") + " the code " +
               absl::StatusCodeToString(code) + " and a message that " +
               ::testing::DescribeMatcher<std::string>(message)) {
  const absl::Status& status = base_internal::StatusOf(arg);
  *result_listener << "whose status is " << status;
  return status.code() == code &&
         ::testing::Value(std::string(status.message()), message);
}

// The same with any message.
inline auto StatusIs(absl::StatusCode code) { return StatusIs(code, ::testing::_); }

}  // namespace hydra

#endif  // HYDRA_BASE_STATUS_TESTING_H_
