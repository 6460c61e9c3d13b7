// Homes: the numbers that stand in pids for the runtime that a process lives in.
//
// There is one table for the OS process. Its entries are the runtimes in it and, by name and creation,
// the nodes elsewhere that pids have come from. A runtime that becomes a node gets a name, and its pids
// need not change. Entries are never removed, and are read without a lock.
#ifndef HYDRA_PROCESS_INTERNAL_HOMES_H_
#define HYDRA_PROCESS_INTERNAL_HOMES_H_

#include <atomic>
#include <cstdint>
#include <string_view>
#include <vector>

#include "hydra/process/node_id.h"
#include "hydra/process/pid.h"

namespace hydra::process_internal {

// Thread safety: any thread.

// All numbers are smaller.
inline constexpr uint32_t kMaxHomes = uint32_t{1} << 20;

// A number for a new runtime. Never given again. A fatal error if there is none left.
uint32_t NewHome();

// How many process slots the runtime has, for it to say. Valid for ever.
std::atomic<uint32_t>& SlotsOf(uint32_t home);

// The runtime is that node from now on.
void NameHome(uint32_t home, const NodeId& node);

// The number of a node; a new one if it has none yet, or 0, nobody's, if there is none left.
uint32_t HomeOf(const NodeId& node);

// The same, but none is made: 0 if it has none.
uint32_t FindHome(const NodeId& node);

// The node; without a name if it is a runtime of this OS process that is none, or if there is no such home. Valid
// for ever.
const NodeId& NodeOf(uint32_t home);

// Whether there could be such a process: false for one of a runtime here that has no such slot, or no such
// serials. For pids that have come in bytes, which may be anything.
bool IsPossible(const Pid& pid);

// All homes of that name.
std::vector<uint32_t> HomesNamed(std::string_view name);

}  // namespace hydra::process_internal

#endif  // HYDRA_PROCESS_INTERNAL_HOMES_H_
