#include "hydra/rpc/internal/spawn.h"

#include <string>
#include <string_view>
#include <utility>

#include "absl/status/statusor.h"
#include "hydra/base/status_macros.h"
#include "hydra/process/async.h"
#include "hydra/process/monitor.h"
#include "hydra/process/pid.h"
#include "hydra/process/send.h"
#include "hydra/process/spawn.h"
#include "hydra/rpc/internal/order.h"

namespace hydra::rpc_internal {

Async<absl::StatusOr<MonitoredProcess>> SpawnMonitored(std::string_view what, std::string node,
                                                       Order order) {
  HYDRA_CO_ASSIGN_OR_RETURN(const Pid pid,
                            co_await SpawnBy(what, std::move(node), std::move(order)));
  const Ref ref = Monitor(pid);
  Send(pid, Begin());
  co_return MonitoredProcess{pid, ref};
}

}  // namespace hydra::rpc_internal
