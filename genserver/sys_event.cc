#include "hydra/genserver/sys_event.h"

#include <string>

namespace hydra {

std::string SysEvent::ToString() const {
  switch (kind) {
    case Kind::kIn:
      return "in " + type + (peer ? " from " + peer.ToString() : "");
    case Kind::kReply:
      return "reply to " + type + " of " + peer.ToString();
    case Kind::kDone:
      return "done " + type;
  }
  return "";
}

}  // namespace hydra
