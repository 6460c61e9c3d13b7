// Processes that every node of this program has: for modules that serve other nodes.
#ifndef HYDRA_PROCESS_NODE_PROCESS_H_
#define HYDRA_PROCESS_NODE_PROCESS_H_

#include <string>
#include <vector>

#include "hydra/process/async.h"

namespace hydra {

struct NodeProcess {
  std::string name;
  Async<> (*body)();
};

// From now on each runtime that becomes a node has such a process, before anybody can reach it. To be called before main;
// the same may come again. Thread safety: any thread.
void AddNodeProcess(const NodeProcess& process);

// Those that there are.
std::vector<NodeProcess> NodeProcesses();

}  // namespace hydra

#endif  // HYDRA_PROCESS_NODE_PROCESS_H_
