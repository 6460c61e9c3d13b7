// How a process is spawned on another node.
#ifndef HYDRA_RPC_INTERNAL_SPAWN_H_
#define HYDRA_RPC_INTERNAL_SPAWN_H_

#include <string>
#include <string_view>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "hydra/process/async.h"
#include "hydra/process/pid.h"
#include "hydra/process/request_as.h"
#include "hydra/process/spawn.h"
#include "hydra/rpc/internal/order.h"

namespace hydra::rpc_internal {

// `what` is the entry point's name, which outlives this.
inline auto SpawnBy(std::string_view what, std::string node, Order order) {
  return RequestAs<Pid>(what, Taker(std::move(node)), std::move(order))
      .Within(absl::InfiniteDuration());
}

Async<absl::StatusOr<MonitoredProcess>> SpawnMonitored(std::string_view what, std::string node,
                                                       Order order);

}  // namespace hydra::rpc_internal

#endif  // HYDRA_RPC_INTERNAL_SPAWN_H_
