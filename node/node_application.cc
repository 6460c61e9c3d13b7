#include "hydra/node/node_application.h"

#include <functional>
#include <memory>
#include <utility>
#include <variant>

#include "absl/cleanup/cleanup.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "hydra/application/spec.h"
#include "hydra/base/status_macros.h"
#include "hydra/node/node.h"
#include "hydra/node/node_options.h"
#include "hydra/process/async.h"
#include "hydra/process/dest.h"
#include "hydra/process/exit_signal.h"
#include "hydra/process/link.h"
#include "hydra/process/nodes.h"
#include "hydra/process/pid.h"
#include "hydra/process/receive.h"
#include "hydra/process/request.h"
#include "hydra/process/run_blocking.h"
#include "hydra/process/runtime.h"
#include "hydra/process/spawn.h"

namespace hydra {
namespace {

// The root's name.
constexpr char kRoot[] = "hydra.node";

struct GetNode {
  using Reply = std::shared_ptr<Node>;
};

// The root: shows the node to those who ask, until it is told to end.
Async<> HoldNode(std::shared_ptr<Node> node) {
  const absl::Cleanup stop_if_killed = [&node] { node->Stop(); };
  TrapExit(true);
  while (true) {
    auto event = co_await Receive<Asked<GetNode>, ExitSignal>();
    auto* const asked = std::get_if<Asked<GetNode>>(&event);
    if (asked == nullptr) break;
    asked->reply_to.Send(node);
  }
  co_await RunBlocking([&node] { node->Stop(); });
}

Async<absl::StatusOr<Pid>> StartNode(std::function<absl::StatusOr<NodeOptions>()> make_options) {
  HYDRA_CO_ASSIGN_OR_RETURN(NodeOptions options, make_options());
  if (!ThisNode().empty())
    co_return absl::FailedPreconditionError("this runtime has become the node " + ThisNode() +
                                            " before");
  Runtime& runtime = Runtime::Current();
  HYDRA_CO_ASSIGN_OR_RETURN(Node node, co_await RunBlocking([&runtime, &options] {
                              return Node::Start(runtime, std::move(options));
                            }));
  co_return SpawnWith({.name = kRoot, .link = true}, HoldNode,
                      std::make_shared<Node>(std::move(node)));
}

}  // namespace

Application NodeApplication(NodeOptions options) {
  return NodeApplication(
      [options = std::move(options)]() -> absl::StatusOr<NodeOptions> { return options; });
}

Application NodeApplication(std::function<absl::StatusOr<NodeOptions>()> options) {
  return {.name = "node", .start = [options = std::move(options)] { return StartNode(options); }};
}

Async<absl::StatusOr<std::shared_ptr<Node>>> RunningNode() {
  co_return co_await Request(Dest(kRoot), GetNode{});
}

}  // namespace hydra
