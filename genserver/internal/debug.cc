#include "hydra/genserver/internal/debug.h"

#include <string>
#include <string_view>

#include "hydra/base/log.h"
#include "hydra/genserver/sys_event.h"
#include "hydra/process/exit_reason.h"
#include "hydra/process/pid.h"
#include "hydra/process/self.h"
#include "hydra/process/timer.h"

namespace hydra::genserver_internal {

void Debug::Note(SysEvent::Kind kind, std::string_view type, const Pid& peer) {
  const SysEvent event = {.kind = kind, .type = std::string(type), .peer = peer, .time = Now()};
  if (trace) HYDRA_LOG(INFO) << "server " << Self().ToString() << ": " << event.ToString();
  if (statistics.has_value()) {
    if (kind == SysEvent::Kind::kIn) ++statistics->messages_in;
    if (kind == SysEvent::Kind::kReply) ++statistics->replies;
  }
  if (log_size > 0) {
    log.push_back(event);
    while (log.size() > log_size) log.pop_front();
  }
  // A function that throws is taken out: it mustn't harm the server.
  for (auto function = installed.begin(); function != installed.end();) {
    try {
      function->second(event);
      ++function;
    } catch (...) {
      HYDRA_LOG(ERROR) << "server " << Self().ToString() << ": the function \"" << function->first
                       << "\" that Sys installed failed with "
                       << ExitReason::FromCurrentException().ToString() << "; it is removed";
      function = installed.erase(function);
    }
  }
}

}  // namespace hydra::genserver_internal
