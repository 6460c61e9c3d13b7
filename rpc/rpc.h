// rpc: functions of other nodes (OTP's erpc).
//
//   absl::StatusOr<int> count = co_await hydra::rpc::Call(node, kCountOf, text);                     // five seconds
//   count = co_await hydra::rpc::Call(node, kCountOf, text).Within(absl::Minutes(1));
//
//   for (const auto& [node, count] : co_await hydra::rpc::MultiCall(hydra::Nodes(), kCountOf, text)) ...
//   hydra::rpc::Cast(node, kForget, text);
//
// What is called is an entry point (entry_point.h). It runs in a process of its own over there, whose end is that of the
// call, and runs on whatever becomes of the caller, or of its patience. `node` may be this one.
//
// A call yields what the function does; or fails as a request does (process/request.h), among others with
//   kDeadlineExceeded  no result in time
//   kUnavailable       the node can't be reached, or was lost: ExitReasonOf(status) is `noconnection`; or the function
//                      has thrown, or its process was ended: it is that reason
//   kUnimplemented     the node's program has no such entry point, or one with other parameters
//   kNotFound          it has none at all, or this runtime is no node
#ifndef HYDRA_RPC_RPC_H_
#define HYDRA_RPC_RPC_H_

#include <cstddef>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "hydra/process/async.h"
#include "hydra/process/pending_request.h"
#include "hydra/process/request.h"
#include "hydra/process/request_as.h"
#include "hydra/process/send.h"
#include "hydra/process/timer.h"
#include "hydra/process/wire.h"
#include "hydra/rpc/entry_point.h"
#include "hydra/rpc/internal/order.h"

namespace hydra::rpc {

// What a call of `Entry` yields: a StatusOr of what the function does; a Status for void.
template <typename Entry>
using ResultOf = RequestResult<AnsweredWith<typename Entry::Result>>;

template <typename Entry>
using PendingCall = PendingRequest<AnsweredWith<typename Entry::Result>>;

template <typename Entry>
struct NodeResult {
  std::string node;
  ResultOf<Entry> result;
};

}  // namespace hydra::rpc

namespace hydra::rpc_internal {

template <typename Entry, typename... Args>
Order CallOrder(const Entry& entry, Args&&... args) {
  static_assert(std::is_void_v<typename Entry::Result> || WireReady<typename Entry::Result>,
                "rpc::Call(node, entry, args...): its result comes from another node: see "
                "process/wire.h for the "
                "types that can");
  return Order{Order::What::kCall, entry.name(), entry.Invoke(std::forward<Args>(args)...)};
}

// Takes the answers that come until `timeout` has passed.
template <typename Entry>
Async<std::vector<rpc::NodeResult<Entry>>> Collect(std::vector<rpc::PendingCall<Entry>> calls,
                                                   std::vector<std::string> nodes,
                                                   absl::Duration timeout) {
  std::vector<rpc::NodeResult<Entry>> results;
  const absl::Time deadline = Now() + timeout;
  for (size_t i = 0; i < nodes.size(); ++i)
    results.push_back({std::move(nodes[i]), co_await calls[i].Receive().Within(deadline - Now())});
  co_return results;
}

}  // namespace hydra::rpc_internal

namespace hydra::rpc {

// Calls `entry(args...)` on `node`, and waits for what it yields. Must be awaited by a process.
template <auto kFunction, typename... Args>
auto Call(std::string node, const EntryPoint<kFunction>& entry, Args&&... args) {
  using Result = typename EntryPoint<kFunction>::Result;
  return RequestAs<Result>(entry.name(), rpc_internal::Taker(std::move(node)),
                           rpc_internal::CallOrder(entry, std::forward<Args>(args)...));
}

// The request form: the answer is waited for later (process/pending_request.h).
template <auto kFunction, typename... Args>
[[nodiscard("the request is given up when this is destroyed")]] PendingCall<EntryPoint<kFunction>>
SendCall(std::string node, const EntryPoint<kFunction>& entry, Args&&... args) {
  using Result = typename EntryPoint<kFunction>::Result;
  return SendRequestAs<Result>(entry.name(), rpc_internal::Taker(std::move(node)),
                               rpc_internal::CallOrder(entry, std::forward<Args>(args)...));
}

// Calls it on each of `nodes` at the same time, and yields a result for each, in their order, when all have come, or
// `timeout` has passed: those that haven't come are kDeadlineExceeded.
template <auto kFunction, typename... Args>
auto MultiCall(std::vector<std::string> nodes, absl::Duration timeout,
               const EntryPoint<kFunction>& entry, const Args&... args) {
  std::vector<PendingCall<EntryPoint<kFunction>>> calls;
  for (const std::string& node : nodes) calls.push_back(SendCall(node, entry, args...));
  return rpc_internal::Collect<EntryPoint<kFunction>>(std::move(calls), std::move(nodes), timeout);
}
template <auto kFunction, typename... Args>
auto MultiCall(std::vector<std::string> nodes, const EntryPoint<kFunction>& entry,
               const Args&... args) {
  return MultiCall(std::move(nodes), kRequestTimeout, entry, args...);
}

// Has it called there, and never hears of it. What it yields is dropped; so it may be anything. Must be called in a
// runtime.
template <auto kFunction, typename... Args>
void Cast(std::string node, const EntryPoint<kFunction>& entry, Args&&... args) {
  Send(rpc_internal::Taker(std::move(node)),
       rpc_internal::Order{rpc_internal::Order::What::kCall, entry.name(),
                           entry.Invoke(std::forward<Args>(args)...)});
}

}  // namespace hydra::rpc

#endif  // HYDRA_RPC_RPC_H_
