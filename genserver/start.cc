#include "hydra/genserver/start.h"

#include <optional>

#include "absl/status/status.h"
#include "hydra/genserver/internal/starting.h"
#include "hydra/process/pid.h"

namespace hydra {

bool IsIgnored(const absl::Status& status) { return genserver_internal::SaysIgnored(status); }

std::optional<Pid> AlreadyStarted(const absl::Status& status) {
  return genserver_internal::HolderOf(status);
}

}  // namespace hydra
