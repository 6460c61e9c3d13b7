#include "hydra/application/setting.h"

#include <string_view>

#include "absl/status/status.h"
#include "hydra/application/internal/any_setting.h"
#include "hydra/base/status_macros.h"

namespace hydra {

absl::Status SetSetting(std::string_view name, std::string_view text) {
  HYDRA_ASSIGN_OR_RETURN(const auto* setting, application_internal::FindSetting(name));
  return setting->SetText(text);
}

}  // namespace hydra
