#include "hydra/application/internal/start_plan.h"

#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "hydra/application/spec.h"
#include "hydra/base/status_testing.h"
#include "hydra/process/async.h"
#include "hydra/process/pid.h"

namespace hydra::application_internal {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

Application Named(std::string name, std::vector<Application> dependencies = {}) {
  return {.name = std::move(name),
          .start = []() -> Async<absl::StatusOr<Pid>> { co_return Pid(); },
          .dependencies = std::move(dependencies)};
}

// The paths of what is planned, or the failure.
absl::StatusOr<std::vector<std::string>> Plan(Application application,
                                              std::set<std::string> running = {}) {
  const auto plan = PlanStart(std::make_shared<const Application>(std::move(application)), running);
  if (!plan.ok()) return plan.status();
  std::vector<std::string> paths;
  for (const PlannedStart& planned : *plan) {
    EXPECT_TRUE(planned.path.ends_with(planned.application->name));
    paths.push_back(planned.path);
  }
  return paths;
}

// APP4: all of these.

TEST(StartPlanTest, DependenciesComeFirstInOrder) {
  EXPECT_THAT(Plan(Named("a", {Named("b", {Named("c")}), Named("d")})),
              IsOkAndHolds(ElementsAre("application a: dependency b: dependency c",
                                       "application a: dependency b", "application a: dependency d",
                                       "application a")));
}

TEST(StartPlanTest, EachComesOnce) {
  const Application base = Named("base");
  EXPECT_THAT(Plan(Named("a", {Named("b", {base}), Named("c", {base}), base})),
              IsOkAndHolds(ElementsAre("application a: dependency b: dependency base",
                                       "application a: dependency b", "application a: dependency c",
                                       "application a")));
}

TEST(StartPlanTest, ThoseThatRunNeedNothing) {
  EXPECT_THAT(Plan(Named("a", {Named("b", {Named("c")})}), {"b"}),
              IsOkAndHolds(ElementsAre("application a")));
  EXPECT_THAT(Plan(Named("a", {Named("b")}), {"a"}), IsOkAndHolds(IsEmpty()));
}

TEST(StartPlanTest, NoneDependsOnItself) {
  EXPECT_THAT(Plan(Named("a", {Named("b", {Named("a")})})),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       "application a: dependency b: dependency a: it depends on itself"));
}

TEST(StartPlanTest, EachHasANameAndAStart) {
  EXPECT_THAT(
      Plan(Named("a", {Named("")})),
      StatusIs(absl::StatusCode::kInvalidArgument, "application a: dependency : it has no name"));
  EXPECT_THAT(Plan({.name = "a"}),
              StatusIs(absl::StatusCode::kInvalidArgument, "application a: it has no start"));
}

}  // namespace
}  // namespace hydra::application_internal
