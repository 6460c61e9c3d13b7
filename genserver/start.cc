#include "hydra/genserver/start.h"

#include <string_view>

#include "absl/status/status.h"
#include "hydra/genserver/internal/starting.h"

namespace hydra {

bool IsIgnored(const absl::Status& status) { return genserver_internal::SaysIgnored(status); }

absl::Status IgnoredError(std::string_view text) { return genserver_internal::Ignored(text); }

}  // namespace hydra
