// What tests of ProcessGroups do.
#ifndef HYDRA_REGISTRY_PROCESS_GROUPS_TESTING_H_
#define HYDRA_REGISTRY_PROCESS_GROUPS_TESTING_H_

#include <string>

#include "absl/status/statusor.h"
#include "gmock/gmock.h"
#include "hydra/base/status_testing.h"
#include "hydra/genserver/genserver.h"
#include "hydra/process/process.h"
#include "hydra/registry/process_groups.h"

namespace hydra::registry_testing {

struct Never {};
inline Async<> WaitForEver() { co_await Receive<Never>(); }

// Starts the scope's process, linked to the caller, which traps exits from now on.
inline Async<Pid> Begin(ProcessGroups groups) {
  TrapExit(true);
  const absl::StatusOr<Pid> pid = co_await groups.StartLink();
  EXPECT_THAT(pid, IsOk());
  co_return pid.value();
}

// "2 groups, 1 monitors, 3 processes": what the scope keeps.
inline Async<std::string> StateOf(Pid scope) {
  const auto status = co_await sys::GetStatus(scope);
  EXPECT_THAT(status, IsOk());
  co_return status->state;
}

// Ends it, and waits until it has ended.
inline Async<> Kill(Pid pid) {
  const Ref ref = Monitor(pid);
  Exit(pid, ExitReason::Kill());
  co_await Receive<Down>().For(ref);
}

}  // namespace hydra::registry_testing

#endif  // HYDRA_REGISTRY_PROCESS_GROUPS_TESTING_H_
