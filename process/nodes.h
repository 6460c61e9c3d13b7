// Nodes: which other nodes this one is connected with.
//
//   hydra::MonitorNodes(true);
//   hydra::NodeUp up = co_await hydra::Receive<hydra::NodeUp>();
//   hydra::Send({"logger", up.node}, Hello{});
//
//   hydra::MonitorNode("store@10.0.0.8:4370");                             // connects, if need be
//   hydra::NodeDown down = co_await hydra::Receive<hydra::NodeDown>();      // or has already failed to
//
// A NodeUp is sent before anything comes from the node, a NodeDown when all that the loss of the connection ends has
// ended: links, monitors and requests (docs/semantics.md, NOD15, NOD16). All of this is to be called in a runtime.
#ifndef HYDRA_PROCESS_NODES_H_
#define HYDRA_PROCESS_NODES_H_

#include <string>
#include <string_view>
#include <vector>

#include "hydra/process/node_event.h"

namespace hydra {

// The name of this node; empty while this runtime is none.
std::string ThisNode();

// The names of the nodes that this one is connected with.
std::vector<std::string> Nodes(NodeKind kind = NodeKind::kVisible);

// Whether there is a connection with `node`, of that kind; what is sent there otherwise dials it.
bool IsConnected(std::string_view node, NodeKind kind = NodeKind::kVisible);

// From now on the calling process is sent a NodeUp when a connection with a node of that kind comes about, and a
// NodeDown when it is lost. Who calls it n times is sent n of each. `false` ends all of that kind. Ends with the
// process.
void MonitorNodes(bool on, NodeKind kind = NodeKind::kVisible);

// Sends the calling process one NodeDown when the connection with `node` is lost; connects, if there is none, and sends
// it if that fails. Who calls it n times is sent n. `false` takes back one call, if any is left. This node itself is
// never down.
void MonitorNode(std::string_view node, bool on = true);

}  // namespace hydra

#endif  // HYDRA_PROCESS_NODES_H_
