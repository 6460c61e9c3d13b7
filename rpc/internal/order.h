// Order: what a node is asked to do for another; and the process of each node that does it.
//
// It has a name, and spawns a process for each order, which answers: so what a process sends its spawner comes after the
// answer that says who it is.
#ifndef HYDRA_RPC_INTERNAL_ORDER_H_
#define HYDRA_RPC_INTERNAL_ORDER_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "hydra/process/dest.h"
#include "hydra/process/pid.h"
#include "hydra/process/wire.h"
#include "hydra/rpc/internal/invocation.h"

namespace hydra::rpc_internal {

// The name of the process that takes orders.
inline constexpr std::string_view kRpc = "hydra.rpc";

struct Order {
  static constexpr std::string_view kWireName = "hydra.Order";
  using Reply = Pid;  // of a spawn; a call is answered with its result

  enum class What : uint8_t {
    kSpawn,
    kSpawnLink,
    kSpawnMonitor,  // it begins when the spawner says so, who has a monitor then
    kCall,
  };

  void Encode(WireWriter& writer) const;
  static std::optional<Order> Decode(WireReader& reader);

  What what = What::kSpawn;
  std::string entry_point;
  std::unique_ptr<Invocation> invocation;
};

// To a process that was spawned by kSpawnMonitor.
struct Begin {
  static constexpr std::string_view kWireName = "hydra.Begin";
};

// From now on each runtime that becomes a node has a process that takes orders. To be called before main.
void TakeOrdersOnNodes();

// Who takes orders on that node; the empty name is this one.
inline Dest Taker(std::string node) { return ProcessName(std::string(kRpc), std::move(node)); }

}  // namespace hydra::rpc_internal

#endif  // HYDRA_RPC_INTERNAL_ORDER_H_
