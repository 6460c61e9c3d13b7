#include "hydra/genserver/start.h"

#include "absl/status/status.h"
#include "hydra/genserver/internal/starting.h"

namespace hydra {

bool IsIgnored(const absl::Status& status) { return genserver_internal::SaysIgnored(status); }

}  // namespace hydra
