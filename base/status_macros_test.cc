#include "hydra/base/status_macros.h"

#include <coroutine>
#include <exception>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/cord.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "hydra/base/status_testing.h"

namespace hydra {
namespace {

using ::testing::Pointee;

template <typename A, typename B>
absl::StatusOr<std::unique_ptr<A>> MakeIf(bool ok, B value) {
  if (!ok) return absl::NotFoundError("nothing to make");
  return std::make_unique<A>(value);
}

absl::Status TwoSteps(const absl::Status& status, int& steps) {
  ++steps;
  HYDRA_RETURN_IF_ERROR(status);
  ++steps;
  return absl::OkStatus();
}

TEST(ReturnIfErrorTest, GoesOnIfOk) {
  int steps = 0;
  EXPECT_OK(TwoSteps(absl::OkStatus(), steps));
  EXPECT_EQ(steps, 2);
}

TEST(ReturnIfErrorTest, ReturnsTheErrorAsItIs) {
  absl::Status error = absl::InternalError("broken");
  error.SetPayload("hydra.test", absl::Cord("payload"));
  int steps = 0;
  EXPECT_EQ(TwoSteps(error, steps), error);
  EXPECT_EQ(steps, 1);
}

absl::StatusOr<int> ResultOf(const absl::Status& status, bool skip) {
  // NOLINTBEGIN(google-readability-braces-around-statements): the else must be of this if.
  if (!skip)
    HYDRA_RETURN_IF_ERROR(status);
  else
    return 1;
  // NOLINTEND(google-readability-braces-around-statements)
  return 2;
}

TEST(ReturnIfErrorTest, ReturnsFromAFunctionWithAResult) {
  EXPECT_THAT(ResultOf(absl::AbortedError("no"), false),
              StatusIs(absl::StatusCode::kAborted, "no"));
  EXPECT_THAT(ResultOf(absl::AbortedError("no"), true), IsOkAndHolds(1));
  EXPECT_THAT(ResultOf(absl::OkStatus(), false), IsOkAndHolds(2));
}

TEST(ReturnIfErrorTest, EvaluatesItsOperandOnce) {
  int evaluated = 0;
  const auto run = [&evaluated]() -> absl::Status {
    HYDRA_RETURN_IF_ERROR((++evaluated, absl::OkStatus()));
    return absl::OkStatus();
  };
  EXPECT_OK(run());
  EXPECT_EQ(evaluated, 1);
}

absl::StatusOr<std::unique_ptr<std::string>> Join(bool first_ok, bool second_ok) {
  // Types that only move, a comma in the expression, and twice in one scope.
  HYDRA_ASSIGN_OR_RETURN(auto text, MakeIf<std::string, const char*>(first_ok, "one"));
  HYDRA_ASSIGN_OR_RETURN(std::unique_ptr<int> number, MakeIf<int, int>(second_ok, 2));
  *text += std::to_string(*number);
  return text;
}

TEST(AssignOrReturnTest, MovesTheValue) {
  EXPECT_THAT(Join(true, true), IsOkAndHolds(Pointee(std::string("one2"))));
}

TEST(AssignOrReturnTest, ReturnsTheFirstError) {
  EXPECT_THAT(Join(false, true), StatusIs(absl::StatusCode::kNotFound, "nothing to make"));
  EXPECT_THAT(Join(true, false), StatusIs(absl::StatusCode::kNotFound));
}

TEST(AssignOrReturnTest, AssignsToWhatExists) {
  std::unique_ptr<int> number = std::make_unique<int>(1);
  const auto assign = [&number](bool ok) -> absl::Status {
    HYDRA_ASSIGN_OR_RETURN(number, MakeIf<int>(ok, 2));
    return absl::OkStatus();
  };
  EXPECT_THAT(assign(false), StatusIs(absl::StatusCode::kNotFound));
  EXPECT_THAT(number, Pointee(1)) << "an error leaves it as it is";
  EXPECT_OK(assign(true));
  EXPECT_THAT(number, Pointee(2));
}

TEST(AssignOrReturnTest, EvaluatesItsOperandOnce) {
  int evaluated = 0;
  const auto run = [&evaluated](bool ok) -> absl::Status {
    HYDRA_ASSIGN_OR_RETURN(const auto number, (++evaluated, MakeIf<int>(ok, 1)));
    EXPECT_EQ(*number, 1);
    return absl::OkStatus();
  };
  EXPECT_OK(run(true));
  EXPECT_EQ(evaluated, 1);
  EXPECT_THAT(run(false), StatusIs(absl::StatusCode::kNotFound));
  EXPECT_EQ(evaluated, 2);
}

TEST(AssignOrReturnTest, LeavesAResultOfOthersAsItIs) {
  const absl::StatusOr<std::string> kept = "kept";
  const auto copy = [&kept]() -> absl::StatusOr<std::string> {
    HYDRA_ASSIGN_OR_RETURN(std::string text, kept);
    return text + "!";
  };
  EXPECT_THAT(copy(), IsOkAndHolds("kept!"));
  EXPECT_THAT(kept, IsOkAndHolds("kept"));
}

// A coroutine that runs at once and to its end.
template <typename T>
class Immediate {
 public:
  struct promise_type {
    Immediate get_return_object() {
      return Immediate(std::coroutine_handle<promise_type>::from_promise(*this));
    }
    std::suspend_never initial_suspend() { return {}; }
    std::suspend_always final_suspend() noexcept { return {}; }
    void return_value(T value) { result = std::move(value); }
    void unhandled_exception() { std::terminate(); }

    T result;
  };

  explicit Immediate(std::coroutine_handle<promise_type> handle) : handle_(handle) {}
  Immediate(const Immediate&) = delete;
  Immediate& operator=(const Immediate&) = delete;
  ~Immediate() { handle_.destroy(); }

  bool await_ready() const { return true; }
  void await_suspend(std::coroutine_handle<>) const {}
  T await_resume() { return Get(); }

  T Get() { return std::move(handle_.promise().result); }

 private:
  const std::coroutine_handle<promise_type> handle_;
};

Immediate<absl::Status> Step(bool ok) {
  co_return ok ? absl::OkStatus() : absl::UnavailableError("no step");
}

Immediate<absl::StatusOr<std::unique_ptr<int>>> Number(bool ok) { co_return MakeIf<int>(ok, 3); }

Immediate<absl::StatusOr<std::unique_ptr<int>>> Walk(bool step_ok, bool number_ok) {
  HYDRA_CO_RETURN_IF_ERROR(co_await Step(step_ok));
  HYDRA_CO_ASSIGN_OR_RETURN(std::unique_ptr<int> number, co_await Number(number_ok));
  ++*number;
  co_return number;
}

TEST(CoReturnIfErrorTest, GoesOnOrReturnsTheError) {
  EXPECT_THAT(Walk(true, true).Get(), IsOkAndHolds(Pointee(4)));
  EXPECT_THAT(Walk(false, true).Get(), StatusIs(absl::StatusCode::kUnavailable, "no step"));
}

TEST(CoAssignOrReturnTest, ReturnsTheError) {
  EXPECT_THAT(Walk(true, false).Get(), StatusIs(absl::StatusCode::kNotFound));
}

}  // namespace
}  // namespace hydra
