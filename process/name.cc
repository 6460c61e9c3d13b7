#include "hydra/process/name.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "hydra/process/internal/names.h"
#include "hydra/process/internal/scheduler.h"
#include "hydra/process/internal/worker.h"
#include "hydra/process/pid.h"

namespace hydra {

using process_internal::Worker;

absl::Status Register(const Pid& pid, std::string_view name) {
  Worker& worker = Worker::CurrentOrDie();
  if (worker.IsExiting()) return absl::FailedPreconditionError("the calling process is ending");
  return worker.scheduler().Register(pid, name);
}

absl::Status Unregister(std::string_view name) {
  return Worker::CurrentOrDie().scheduler().names().Unregister(name);
}

Pid WhereIs(std::string_view name) {
  return Worker::CurrentOrDie().scheduler().names().WhereIs(name);
}

std::vector<std::string> RegisteredNames() {
  return Worker::CurrentOrDie().scheduler().names().All();
}

std::optional<Pid> NameHolder(const absl::Status& status) {
  return process_internal::HolderOf(status);
}

absl::Status NameTakenError(std::string_view message, const Pid& holder) {
  return process_internal::NameTaken(message, holder);
}

}  // namespace hydra
