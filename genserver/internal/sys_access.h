// How Sys reaches into a server.
#ifndef HYDRA_GENSERVER_INTERNAL_SYS_ACCESS_H_
#define HYDRA_GENSERVER_INTERNAL_SYS_ACCESS_H_

#include <functional>
#include <utility>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "hydra/genserver/internal/server_core.h"
#include "hydra/genserver/internal/sys_request.h"
#include "hydra/process/async.h"
#include "hydra/process/dest.h"
#include "hydra/process/exit_reason.h"

namespace hydra::genserver_internal {

// Runs `operation` in the server, between two messages; yields its status.
Async<absl::Status> Operate(Dest server, absl::Duration timeout,
                            std::function<absl::Status(ServerCore&)> operation);

// The state of the server; null if its class is another than the one of the identity `type`.
void* StateOf(ServerCore& core, const void* type);

// Calls `use(state)` with the state of a server of the class S.
template <typename S, typename Use>
absl::Status WithState(ServerCore& core, Use use) {
  void* state = StateOf(core, &kStateType<S>);
  if (state == nullptr)
    return absl::InvalidArgumentError("the server is of another class than its ServerRef says");
  try {
    use(*static_cast<S*>(state));
    return absl::OkStatus();
  } catch (...) {
    return absl::AbortedError(ExitReason::FromCurrentException().ToString());
  }
}

}  // namespace hydra::genserver_internal

#endif  // HYDRA_GENSERVER_INTERNAL_SYS_ACCESS_H_
