#include "hydra/base/status_testing.h"

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "gmock/gmock.h"
#include "gtest/gtest-spi.h"
#include "gtest/gtest.h"

namespace hydra {
namespace {

using ::testing::DescribeMatcher;
using ::testing::ElementsAre;
using ::testing::Gt;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::Pointee;
using ::testing::StringMatchResultListener;

// Returns what a failed EXPECT_THAT(value, matcher) says of the value.
template <typename T, typename M>
std::string Explain(const T& value, const M& matcher) {
  StringMatchResultListener listener;
  EXPECT_FALSE(::testing::ExplainMatchResult(matcher, value, &listener));
  return listener.str();
}

TEST(IsOkTest, MatchesStatusAndStatusOr) {
  EXPECT_THAT(absl::OkStatus(), IsOk());
  EXPECT_THAT(absl::StatusOr<int>(1), IsOk());
  EXPECT_THAT(absl::InternalError("broken"), Not(IsOk()));
  EXPECT_THAT(absl::StatusOr<int>(absl::InternalError("broken")), Not(IsOk()));
}

TEST(IsOkTest, TellsTheStatus) {
  EXPECT_THAT(Explain(absl::InternalError("broken"), IsOk()), HasSubstr("INTERNAL: broken"));
}

TEST(IsOkAndHoldsTest, TakesAValueOrAMatcher) {
  EXPECT_THAT(absl::StatusOr<int>(5), IsOkAndHolds(5));
  EXPECT_THAT(absl::StatusOr<int>(5), IsOkAndHolds(Gt(4)));
  EXPECT_THAT(absl::StatusOr<int>(5), Not(IsOkAndHolds(6)));
  EXPECT_THAT(absl::StatusOr<std::string>("five"), IsOkAndHolds("five"));
  EXPECT_THAT((absl::StatusOr<std::vector<int>>({1, 2})), IsOkAndHolds(ElementsAre(1, 2)));
  EXPECT_THAT(absl::StatusOr<std::unique_ptr<int>>(std::make_unique<int>(5)),
              IsOkAndHolds(Pointee(5)));
}

TEST(IsOkAndHoldsTest, DoesNotMatchAnError) {
  const absl::StatusOr<int> error = absl::NotFoundError("none");
  EXPECT_THAT(error, Not(IsOkAndHolds(5)));
  EXPECT_THAT(Explain(error, IsOkAndHolds(5)), HasSubstr("NOT_FOUND: none"));
}

TEST(IsOkAndHoldsTest, TellsWhatIsWantedAndWhatIs) {
  EXPECT_EQ(DescribeMatcher<absl::StatusOr<int>>(IsOkAndHolds(Gt(4))),
            "is OK, and has a value that is > 4");
  EXPECT_EQ(DescribeMatcher<absl::StatusOr<int>>(Not(IsOkAndHolds(4))),
            "isn't OK, or has a value that isn't equal to 4");
  EXPECT_THAT(Explain(absl::StatusOr<int>(3), IsOkAndHolds(4)), HasSubstr("whose value is 3"));
}

TEST(StatusIsTest, MatchesCodeAndMessage) {
  const absl::Status status = absl::NotFoundError("no such process");
  EXPECT_THAT(status, StatusIs(absl::StatusCode::kNotFound));
  EXPECT_THAT(status, StatusIs(absl::StatusCode::kNotFound, "no such process"));
  EXPECT_THAT(status, StatusIs(absl::StatusCode::kNotFound, HasSubstr("such")));
  EXPECT_THAT(status, Not(StatusIs(absl::StatusCode::kAborted)));
  EXPECT_THAT(status, Not(StatusIs(absl::StatusCode::kNotFound, "no such name")));
  EXPECT_THAT(absl::StatusOr<int>(status), StatusIs(absl::StatusCode::kNotFound));
  EXPECT_THAT(absl::StatusOr<int>(1), StatusIs(absl::StatusCode::kOk));
}

TEST(StatusIsTest, TellsWhatIsWantedAndWhatIs) {
  EXPECT_EQ(DescribeMatcher<absl::Status>(StatusIs(absl::StatusCode::kNotFound, HasSubstr("such"))),
            "has the code NOT_FOUND, and has a message that has substring \"such\"");
  EXPECT_THAT(Explain(absl::AbortedError("no"), StatusIs(absl::StatusCode::kNotFound)),
              HasSubstr("ABORTED: no"));
}

void AssignFrom(const absl::StatusOr<int>& result, int& number) {
  ASSERT_OK_AND_ASSIGN(number, result);
}

TEST(AssertOkAndAssignTest, AssignsTheValue) {
  ASSERT_OK_AND_ASSIGN(const std::unique_ptr<int> pointer,
                       absl::StatusOr<std::unique_ptr<int>>(std::make_unique<int>(5)));
  EXPECT_EQ(*pointer, 5);
  int number = 0;
  AssignFrom(7, number);
  EXPECT_EQ(number, 7);
}

TEST(AssertOkAndAssignTest, FailsTheTestOnAnError) {
  static int number = 1;
  EXPECT_FATAL_FAILURE(AssignFrom(absl::NotFoundError("none"), number), "NOT_FOUND: none");
  EXPECT_EQ(number, 1);
}

TEST(ExpectOkTest, FailsTheTestOnAnError) {
  EXPECT_OK(absl::OkStatus());
  EXPECT_NONFATAL_FAILURE(EXPECT_OK(absl::NotFoundError("none")), "NOT_FOUND: none");
  EXPECT_FATAL_FAILURE(ASSERT_OK(absl::NotFoundError("none")), "NOT_FOUND: none");
}

}  // namespace
}  // namespace hydra
