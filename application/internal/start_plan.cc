#include "hydra/application/internal/start_plan.h"

#include <algorithm>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "hydra/application/spec.h"
#include "hydra/base/status_macros.h"

namespace hydra::application_internal {
namespace {

class Planner {
 public:
  explicit Planner(std::set<std::string> running) : known_(std::move(running)) {}

  // Adds what has to be started for `application`, which is started for the reason `path`.
  absl::Status Add(const std::shared_ptr<const Application>& application, const std::string& path) {
    HYDRA_RETURN_IF_ERROR(Check(*application, path));
    if (known_.contains(application->name)) return absl::OkStatus();
    under_way_.push_back(application->name);
    for (const Application& dependency : application->dependencies) {
      HYDRA_RETURN_IF_ERROR(Add(std::shared_ptr<const Application>(application, &dependency),
                                path + ": dependency " + dependency.name));
    }
    under_way_.pop_back();
    known_.insert(application->name);
    plan_.push_back({.application = application, .path = path});
    return absl::OkStatus();
  }

  std::vector<PlannedStart> Take() { return std::move(plan_); }

 private:
  absl::Status Check(const Application& application, const std::string& path) const {
    if (application.name.empty()) return absl::InvalidArgumentError(path + ": it has no name");
    if (application.start == nullptr) return absl::InvalidArgumentError(path + ": it has no start");
    if (std::find(under_way_.begin(), under_way_.end(), application.name) != under_way_.end())
      return absl::InvalidArgumentError(path + ": it depends on itself");
    return absl::OkStatus();
  }

  std::set<std::string> known_;         // those that need no start, or are planned
  std::vector<std::string> under_way_;  // those whose dependencies are being planned
  std::vector<PlannedStart> plan_;
};

}  // namespace

absl::StatusOr<std::vector<PlannedStart>> PlanStart(
    const std::shared_ptr<const Application>& application, const std::set<std::string>& running) {
  Planner planner(running);
  HYDRA_RETURN_IF_ERROR(planner.Add(application, "application " + application->name));
  return planner.Take();
}

}  // namespace hydra::application_internal
