// Nodes: which other nodes this one is connected with.
//
//   hydra::MonitorNodes(true);
//   hydra::NodeUp up = co_await hydra::Receive<hydra::NodeUp>();
//   hydra::Send({"logger", up.node}, Hello{});
//
// A NodeDown is sent when all that the loss of the connection ends has ended: links, monitors and
// requests (docs/semantics.md, NOD).
#ifndef HYDRA_PROCESS_NODES_H_
#define HYDRA_PROCESS_NODES_H_

#include <string>
#include <vector>

#include "hydra/process/node_event.h"

namespace hydra {

// The name of this node; empty while this runtime is none. Like the others, to be called in a runtime.
std::string ThisNode();

// The names of the nodes that this one is connected with.
std::vector<std::string> Nodes();

// From now on the calling process is sent a NodeUp and a NodeDown for each change, or isn't any more.
// Ends with the process.
void MonitorNodes(bool on);

}  // namespace hydra

#endif  // HYDRA_PROCESS_NODES_H_
