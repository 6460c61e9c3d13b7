// How the processes of children are started and ended.
#ifndef HYDRA_SUPERVISOR_INTERNAL_CHILD_PROCESS_H_
#define HYDRA_SUPERVISOR_INTERNAL_CHILD_PROCESS_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "hydra/process/async.h"
#include "hydra/process/pid.h"
#include "hydra/supervisor/child_spec.h"
#include "hydra/supervisor/internal/child_entry.h"

namespace hydra::supervisor_internal {

// Calls the spec's start function, and sees to it that the process is linked to the caller. Yields nobody
// if the start was ignored, and an error if the function throws.
Async<absl::StatusOr<Pid>> StartProcess(const ChildSpec* spec);

// Ends a child that runs, as its policy says, and waits until it has ended. An exit signal of it may be in the
// mailbox then.
Async<> EndProcess(const ChildEntry* child);

// Ends them all at the same time; for a supervisor that is ending: all exit signals are dropped meanwhile. Cost:
// O(1) for a child, whatever their order.
Async<> EndProcesses(std::vector<const ChildEntry*> children);

}  // namespace hydra::supervisor_internal

#endif  // HYDRA_SUPERVISOR_INTERNAL_CHILD_PROCESS_H_
