#include "hydra/process/node_event.h"

#include <string_view>

namespace hydra {

std::string_view ToString(NodeDownReason reason) {
  switch (reason) {
    case NodeDownReason::kConnectionClosed:
      return "connection_closed";
    case NodeDownReason::kDisconnected:
      return "disconnected";
    case NodeDownReason::kTickTimeout:
      return "tick_timeout";
    case NodeDownReason::kUnreachable:
      return "unreachable";
  }
  return "unknown";
}

}  // namespace hydra
