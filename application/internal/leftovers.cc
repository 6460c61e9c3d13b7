#include "hydra/application/internal/leftovers.h"

#include <algorithm>
#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "hydra/base/log.h"
#include "hydra/process/async.h"
#include "hydra/process/down.h"
#include "hydra/process/exit_reason.h"
#include "hydra/process/info.h"
#include "hydra/process/link.h"
#include "hydra/process/monitor.h"
#include "hydra/process/pid.h"
#include "hydra/process/process_info.h"
#include "hydra/process/receive.h"
#include "hydra/process/self.h"

namespace hydra::application_internal {
namespace {

// Kills those that are there now, and waits until they have ended. Yields how many there were.
Async<size_t> KillOnce(Pid master) {
  std::vector<Ref> ends;
  for (const Pid pid : Processes()) {
    if (pid == Self()) continue;
    const std::optional<ProcessInfo> info = co_await Info(pid);
    if (!info.has_value() ||
        std::find(info->ancestors.begin(), info->ancestors.end(), master) == info->ancestors.end())
      continue;
    ends.push_back(Monitor(pid));
    Exit(pid, ExitReason::Kill());
  }
  for (const Ref& end : ends) co_await Receive<Down>().For(end);
  co_return ends.size();
}

}  // namespace

Async<> KillLeftovers(std::string application, Pid master) {
  size_t killed = 0;
  while (const size_t more = co_await KillOnce(master)) killed += more;
  if (killed > 0) {
    HYDRA_LOG(WARNING) << "application " << application << ": killed " << killed
                       << " of its processes, which its root hadn't ended";
  }
}

}  // namespace hydra::application_internal
