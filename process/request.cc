#include "hydra/process/request.h"

#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/strings/cord.h"
#include "hydra/process/exit_reason.h"
#include "hydra/process/internal/answer.h"

namespace hydra {

using process_internal::kCallFailure;

bool IsCallFailure(const absl::Status& status) {
  return status.GetPayload(kCallFailure).has_value();
}

std::optional<ExitReason> ExitReasonOf(const absl::Status& status) {
  const absl::optional<absl::Cord> payload = status.GetPayload(kCallFailure);
  if (!payload.has_value()) return std::nullopt;
  return ExitReason::Decode(std::string(*payload));
}

}  // namespace hydra
