// MultiCall and Abcast: a request to the servers of one name on several nodes.
//
//   hydra::MultiCallReplies<Stats::Get> all =
//       co_await hydra::MultiCall<Stats>({"a@host:1", "b@host:2"}, "stats", Stats::Get{});
//   for (const auto& [node, stats] : all.replies) ...
//   for (const std::string& node : all.bad_nodes) ...
#ifndef HYDRA_GENSERVER_MULTI_CALL_H_
#define HYDRA_GENSERVER_MULTI_CALL_H_

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "hydra/genserver/protocol.h"
#include "hydra/genserver/server_ref.h"
#include "hydra/process/async.h"
#include "hydra/process/behaviour.h"
#include "hydra/process/dest.h"
#include "hydra/process/pending_request.h"
#include "hydra/process/request.h"
#include "hydra/process/send.h"
#include "hydra/process/timer.h"

namespace hydra {

template <typename M>
struct MultiCallReplies {
  struct Reply {
    std::string node;
    RequestResult<M> result;  // the server's own: no call failure
  };
  std::vector<Reply> replies;          // in the order in which they came
  std::vector<std::string> bad_nodes;  // those from which none came, in the order of the nodes
};

// Calls the server named `name` on each of `nodes` at the same time; the empty name is this node. Ends
// when all have answered, or after `timeout`. A node is bad if it can't be reached, has no such server,
// or hasn't answered in time; what it answers later reaches nobody. Must be awaited by a process.
template <typename S, typename M>
Async<MultiCallReplies<M>> MultiCall(std::vector<std::string> nodes, std::string name, M request,
                                     absl::Duration timeout = kCallTimeout) {
  static_assert(RequestOf<M, S> && IsCallRequest<M>,
                "MultiCall<Server>(nodes, name, request): a call of the server's Protocol");
  PendingRequests<M, std::string> pending;
  for (const std::string& node : nodes) pending.Add(SendRequest(Dest(name, node), request), node);
  MultiCallReplies<M> all;
  all.bad_nodes = std::move(nodes);
  const absl::Time deadline = Now() + timeout;
  while (auto response = co_await pending.Receive(deadline - Now())) {
    if (IsCallFailure(StatusOf(response->result))) continue;
    std::erase(all.bad_nodes, response->label);
    all.replies.push_back({std::move(response->label), std::move(response->result)});
  }
  co_return all;
}

// Casts to the server named `name` on each of `nodes`. Never fails.
template <typename S, typename M>
void Abcast(const std::vector<std::string>& nodes, const std::string& name, const M& request) {
  for (const std::string& node : nodes) ServerRef<S>(Dest(name, node)).Cast(request);
}

}  // namespace hydra

#endif  // HYDRA_GENSERVER_MULTI_CALL_H_
