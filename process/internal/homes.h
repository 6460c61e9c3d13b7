// Homes: the numbers that stand in pids for the runtime that a process lives in.
//
// There is one table for the OS process. Its entries are the runtimes in it and, by name and creation,
// the nodes elsewhere that pids have come from. A runtime that becomes a node gets a name, and its pids
// need not change.
#ifndef HYDRA_PROCESS_INTERNAL_HOMES_H_
#define HYDRA_PROCESS_INTERNAL_HOMES_H_

#include <cstdint>
#include <string_view>
#include <vector>

#include "hydra/process/node_id.h"

namespace hydra::process_internal {

// Thread safety: any thread.

// A number for a new runtime. Never given again.
uint32_t NewHome();

// The runtime is that node from now on.
void NameHome(uint32_t home, const NodeId& node);

// The number of a node; a new one if it has none yet.
uint32_t HomeOf(const NodeId& node);

// The node; without a name if it is a runtime of this OS process that is none.
NodeId NodeOf(uint32_t home);

// All homes of that name.
std::vector<uint32_t> HomesNamed(std::string_view name);

}  // namespace hydra::process_internal

#endif  // HYDRA_PROCESS_INTERNAL_HOMES_H_
