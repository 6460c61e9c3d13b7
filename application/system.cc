#include "hydra/application/system.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "hydra/application/internal/controller.h"
#include "hydra/application/internal/messages.h"
#include "hydra/application/spec.h"
#include "hydra/process/async.h"
#include "hydra/process/pid.h"
#include "hydra/process/request.h"
#include "hydra/process/self.h"
#include "hydra/process/send.h"

namespace hydra {

using application_internal::EnsureController;
using application_internal::kController;

namespace {

std::vector<Pid> SelfAndAncestors() {
  std::vector<Pid> pids = Ancestors();
  pids.push_back(Self());
  return pids;
}

template <typename M>
auto AskController(M request) {
  EnsureController();
  return Request(kController, std::move(request)).Within(absl::InfiniteDuration());
}

}  // namespace

Async<absl::StatusOr<std::vector<std::string>>> StartApplication(Application application) {
  co_return co_await AskController(application_internal::StartRequest{
      .application = std::make_shared<const Application>(std::move(application)),
      .asker = SelfAndAncestors()});
}

Async<absl::Status> StopApplication(std::string name) {
  co_return co_await AskController(application_internal::StopRequest{.application = std::move(name),
                                                                     .asker = SelfAndAncestors()});
}

Async<std::vector<std::string>> RunningApplications() {
  const absl::StatusOr<std::vector<std::string>> running =
      co_await AskController(application_internal::RunningRequest{});
  co_return running.ok() ? *running : std::vector<std::string>();
}

void StopSystem(int exit_code) {
  EnsureController();
  static_cast<void>(Send(kController, application_internal::BeginStop{exit_code}));
}

Async<int> SystemStopped() {
  const absl::StatusOr<int> exit_code =
      co_await AskController(application_internal::StoppedRequest{});
  co_return exit_code.value_or(1);
}

}  // namespace hydra
