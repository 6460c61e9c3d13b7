// What has to be started for an application, in order. Pure code.
#ifndef HYDRA_APPLICATION_INTERNAL_START_PLAN_H_
#define HYDRA_APPLICATION_INTERNAL_START_PLAN_H_

#include <memory>
#include <set>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "hydra/application/spec.h"

namespace hydra::application_internal {

struct PlannedStart {
  std::shared_ptr<const Application> application;
  // Why it is started: "application shop: dependency database".
  std::string path;
};

// The applications that have to be started for `application`, it included, in the order of their starts;
// those that are `running` aren't among them. Fails if one has no name or no start, or depends on itself.
absl::StatusOr<std::vector<PlannedStart>> PlanStart(
    const std::shared_ptr<const Application>& application, const std::set<std::string>& running);

}  // namespace hydra::application_internal

#endif  // HYDRA_APPLICATION_INTERNAL_START_PLAN_H_
