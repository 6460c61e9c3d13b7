// SpawnOn: starts a process on another node.
//
//   absl::StatusOr<hydra::Pid> worker = co_await hydra::SpawnOn(node, kWorker, config, hydra::Self());
//
// What it runs is an entry point (entry_point.h) that returns Async<>, and that the program over there has, too. `node` may
// be this one.
//
// All of these connect, if need be, and fail as a request does (process/request.h); then there is no such process, nothing
// is linked, and no exit signal or Down follows:
//   kUnavailable      the node can't be reached, or was lost meanwhile: the process may then run all the same, unless it is
//                     linked
//   kUnimplemented    the node's program has no such entry point, or one with other parameters
//   kNotFound         it has none at all, or this runtime is no node
//   kInvalidArgument  the arguments are larger than NodeOptions::max_message_bytes
// There is no time limit: it is the node's. Who spawns is told who the process is before anything else comes from there.
#ifndef HYDRA_RPC_SPAWN_ON_H_
#define HYDRA_RPC_SPAWN_ON_H_

#include <string>
#include <type_traits>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "hydra/process/async.h"
#include "hydra/process/pending_request.h"
#include "hydra/process/pid.h"
#include "hydra/process/request_as.h"
#include "hydra/process/spawn.h"
#include "hydra/rpc/entry_point.h"
#include "hydra/rpc/internal/order.h"
#include "hydra/rpc/internal/spawn.h"

namespace hydra {

namespace rpc_internal {

template <typename Entry, typename... Args>
Order SpawnOrder(Order::What what, const Entry& entry, Args&&... args) {
  static_assert(std::is_void_v<typename Entry::Result>,
                "SpawnOn(node, entry, args...): a process body returns hydra::Async<>; rpc::Call "
                "yields results");
  return Order{what, entry.name(), entry.Invoke(std::forward<Args>(args)...)};
}

}  // namespace rpc_internal

// Starts a process that runs `entry(args...)` on `node`, and yields its pid. Must be awaited by a process.
template <auto kFunction, typename... Args>
auto SpawnOn(std::string node, const EntryPoint<kFunction>& entry, Args&&... args) {
  return rpc_internal::SpawnBy(entry.name(), std::move(node),
                               rpc_internal::SpawnOrder(rpc_internal::Order::What::kSpawn, entry,
                                                        std::forward<Args>(args)...));
}

// The same, and links it to the calling process, before it can run. If that has ended by then, so does the new one.
template <auto kFunction, typename... Args>
auto SpawnLinkOn(std::string node, const EntryPoint<kFunction>& entry, Args&&... args) {
  return rpc_internal::SpawnBy(entry.name(), std::move(node),
                               rpc_internal::SpawnOrder(rpc_internal::Order::What::kSpawnLink,
                                                        entry, std::forward<Args>(args)...));
}

// The same with a monitor, whose Down has the real reason. The process begins when it is monitored, which takes a way
// there more, or the spawner has ended.
template <auto kFunction, typename... Args>
Async<absl::StatusOr<MonitoredProcess>> SpawnMonitorOn(std::string node,
                                                       const EntryPoint<kFunction>& entry,
                                                       Args... args) {
  return rpc_internal::SpawnMonitored(
      entry.name(), std::move(node),
      rpc_internal::SpawnOrder(rpc_internal::Order::What::kSpawnMonitor, entry,
                               std::move(args)...));
}

// The request form of SpawnOn: the answer, which is the pid, is waited for later. One that is given up spawns all the same.
using PendingSpawn = PendingRequest<AnsweredWith<Pid>>;
template <auto kFunction, typename... Args>
[[nodiscard("the request is given up when this is destroyed")]] PendingSpawn SendSpawn(
    std::string node, const EntryPoint<kFunction>& entry, Args&&... args) {
  return SendRequestAs<Pid>(entry.name(), rpc_internal::Taker(std::move(node)),
                            rpc_internal::SpawnOrder(rpc_internal::Order::What::kSpawn, entry,
                                                     std::forward<Args>(args)...));
}

}  // namespace hydra

#endif  // HYDRA_RPC_SPAWN_ON_H_
