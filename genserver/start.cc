#include "hydra/genserver/start.h"

#include <optional>
#include <string_view>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "hydra/genserver/internal/starting.h"
#include "hydra/process/pid.h"

namespace hydra {

bool IsIgnored(const absl::Status& status) { return genserver_internal::SaysIgnored(status); }

absl::Status AlreadyStartedError(std::string_view message, const Pid& pid) {
  return genserver_internal::HeldBy(
      absl::AlreadyExistsError(absl::string_view(message.data(), message.size())), pid);
}

std::optional<Pid> AlreadyStarted(const absl::Status& status) {
  return genserver_internal::HolderOf(status);
}

}  // namespace hydra
