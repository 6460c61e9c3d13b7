// NodeApplication: the node of a program that is made of applications (application/spec.h). Those that depend on it are
// started after it, and have stopped when it goes down.
//
//   hydra::Application Shop() {
//     return {.name = "shop",
//             .start = StartShop,
//             .dependencies = {hydra::NodeApplication({.name = "shop", .cookie_file = "/etc/shop/cookie"})}};
//   }
//
//   int main() { return hydra::RunApplication(Shop()); }
//
//   const absl::StatusOr<std::shared_ptr<hydra::Node>> node = co_await hydra::RunningNode();  // in a process of it
//   if (node.ok()) status = co_await (*node)->Connect("store@10.0.0.8:4370");
#ifndef HYDRA_NODE_NODE_APPLICATION_H_
#define HYDRA_NODE_NODE_APPLICATION_H_

#include <functional>
#include <memory>

#include "absl/status/statusor.h"
#include "hydra/application/spec.h"
#include "hydra/node/node.h"
#include "hydra/node/node_options.h"
#include "hydra/process/async.h"

namespace hydra {

// The application "node". Its start makes the runtime a node, and fails as Node::Start does; kFailedPrecondition, if the
// runtime is one or has been. Its stop, and the end of its root, end the node: others are told at once.
//
// It can be reached when it has started: before those that depend on it are ready, as far as their names go.
//
// Nothing starts it again, since a runtime becomes a node once: so if its root ends by itself, which nothing but an
// exit signal brings about, the system stops, unless `restart` is set to something else.
Application NodeApplication(NodeOptions options);

// The same with options that are made when it starts, by the application's process: from settings, for example. An error
// is that of the start.
Application NodeApplication(std::function<absl::StatusOr<NodeOptions>()> options);

// The node that a NodeApplication has made of this runtime. kNotFound if none runs, kUnavailable if it just stops. Who
// keeps it doesn't keep it from being stopped. Must be awaited by a process.
Async<absl::StatusOr<std::shared_ptr<Node>>> RunningNode();

}  // namespace hydra

#endif  // HYDRA_NODE_NODE_APPLICATION_H_
