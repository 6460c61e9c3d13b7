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
#include <type_traits>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#define EXPECT_OK(expression) EXPECT_THAT(expression, ::hydra::IsOk())
#define ASSERT_OK(expression) ASSERT_THAT(expression, ::hydra::IsOk())

// Fails the test and returns unless the absl::StatusOr that `expression` yields is OK; otherwise
// moves its value to `lhs`, which is a variable or declares one.
#define ASSERT_OK_AND_ASSIGN(lhs, ...) \
  HYDRA_TESTING_INTERNAL_ASSIGN(HYDRA_TESTING_INTERNAL_NAME(__LINE__), lhs, (__VA_ARGS__))

#define HYDRA_TESTING_INTERNAL_ASSIGN(result, lhs, expression) \
  auto result = expression;                                    \
  ASSERT_OK(result);                                           \
  lhs = *std::move(result)

#define HYDRA_TESTING_INTERNAL_NAME(line) HYDRA_TESTING_INTERNAL_JOIN(hydra_result_, line)
#define HYDRA_TESTING_INTERNAL_JOIN(a, b) a##b

namespace hydra {
namespace base_internal {

inline absl::Status StatusOf(absl::Status status) { return status; }

template <typename T>
absl::Status StatusOf(const absl::StatusOr<T>& result) {
  return result.status();
}

}  // namespace base_internal

// Matches a Status or StatusOr that is OK.
MATCHER(IsOk, negation ? "isn't OK" : "is OK") {
  const absl::Status status = base_internal::StatusOf(arg);
  *result_listener << "whose status is " << status;
  return status.ok();
}

// Matches a StatusOr that is OK and whose value matches `value`, which is a value or a matcher.
MATCHER_P(IsOkAndHolds, value,
          std::string(negation ? "isn't OK, or has a value that "
                               : "is OK, and has a value that ") +
              ::testing::DescribeMatcher<typename std::decay_t<arg_type>::value_type>(value,
                                                                                      negation)) {
  if (!arg.ok()) {
    *result_listener << "whose status is " << arg.status();
    return false;
  }
  *result_listener << "whose value is " << ::testing::PrintToString(*arg) << " ";
  return ::testing::ExplainMatchResult(value, *arg, result_listener);
}

// Matches a Status or StatusOr with this code, and a message that matches `message`.
MATCHER_P2(StatusIs, code, message,
           (negation ? "hasn't the code " : "has the code ") + absl::StatusCodeToString(code) +
               (negation ? ", or has a message that " : ", and has a message that ") +
               ::testing::DescribeMatcher<std::string>(message, negation)) {
  const absl::Status status = base_internal::StatusOf(arg);
  *result_listener << "whose status is " << status << " ";
  return status.code() == code &&
         ::testing::ExplainMatchResult(message, std::string(status.message()), result_listener);
}

// The same with any message.
inline auto StatusIs(absl::StatusCode code) { return StatusIs(code, ::testing::_); }

}  // namespace hydra

#endif  // HYDRA_BASE_STATUS_TESTING_H_
