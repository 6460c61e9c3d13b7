#include "hydra/registry/internal/one_process.h"

#include <string>
#include <utility>

#include "absl/status/status.h"
#include "hydra/base/mutex.h"
#include "hydra/process/behaviour.h"
#include "hydra/process/name.h"
#include "hydra/process/pid.h"

namespace hydra::registry_internal {

OneProcess::OneProcess(std::string what, const std::string& name)
    : what_("the " + std::move(what) + (name.empty() ? "" : " '" + name + "'")) {}

absl::Status OneProcess::Begin(const Pid& process) {
  const MutexLock lock(mutex_);
  if (process_ && !HasEnded(process_)) return NameTakenError(what_ + " runs already", process_);
  process_ = process;
  return absl::OkStatus();
}

void OneProcess::End() {
  const MutexLock lock(mutex_);
  process_ = Pid();
}

Pid OneProcess::Get() const {
  const MutexLock lock(mutex_);
  return process_;
}

absl::Status OneProcess::NotRunning() const {
  return absl::UnavailableError(what_ + " doesn't run: start its child()");
}

}  // namespace hydra::registry_internal
