// What the processes of this module say to each other, and the names that they have.
#ifndef HYDRA_APPLICATION_INTERNAL_MESSAGES_H_
#define HYDRA_APPLICATION_INTERNAL_MESSAGES_H_

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "hydra/application/spec.h"
#include "hydra/process/pid.h"

namespace hydra::application_internal {

// The controller of a runtime.
inline constexpr std::string_view kController = "hydra.applications";

// The master of an application has this name, and that of the application.
inline constexpr std::string_view kMasterPrefix = "application.";
inline std::string MasterName(std::string_view application) {
  return std::string(kMasterPrefix).append(application);
}

// ---- To the controller.

struct StartRequest {
  using Reply = absl::StatusOr<std::vector<std::string>>;
  std::shared_ptr<const Application> application;
  std::vector<Pid> asker;  // the caller and its ancestors
};

struct StopRequest {
  using Reply = absl::Status;
  std::string application;
  std::vector<Pid> asker;
};

struct RunningRequest {
  using Reply = std::vector<std::string>;
};

// Answered when the system has stopped.
struct StoppedRequest {
  using Reply = int;
};

struct BeginStop {
  int exit_code = 0;
};

// From a master, once: whether its start has succeeded. If not, the master ends.
struct MasterStarted {
  Pid master;
  absl::Status status;
};

// ---- To a master.

// It stops its application, and ends: with `shutdown`, or with why that wasn't in order.
struct StopMaster {};

struct SettingChanged {
  std::string setting;
};

}  // namespace hydra::application_internal

#endif  // HYDRA_APPLICATION_INTERNAL_MESSAGES_H_
