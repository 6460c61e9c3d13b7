#include "hydra/supervisor/child_info.h"

#include <string_view>

namespace hydra {

std::string_view ToString(ChildState state) {
  switch (state) {
    case ChildState::kRunning:
      return "running";
    case ChildState::kRestarting:
      return "restarting";
    case ChildState::kStopped:
      return "stopped";
  }
  return "";
}

}  // namespace hydra
