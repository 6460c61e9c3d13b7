// Stop: ends a server in order, and waits until it has ended.
//
//   absl::Status stopped = co_await hydra::Stop(stack);
//   stopped = co_await hydra::Stop(stack, hydra::ExitReason::Shutdown(), absl::Seconds(5));
#ifndef HYDRA_GENSERVER_STOP_H_
#define HYDRA_GENSERVER_STOP_H_

#include <utility>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "hydra/genserver/server_ref.h"
#include "hydra/process/async.h"
#include "hydra/process/dest.h"
#include "hydra/process/exit_reason.h"

namespace hydra {

// Asks the server to end with `reason`: it handles what the caller has sent it before, calls its
// Terminate, and ends. OK if it has ended with `reason`; otherwise
//   kUnavailable         it has ended for another reason: `ExitReasonOf(status)`
//   kNotFound            there is no such server
//   kDeadlineExceeded    it hasn't ended within `timeout`. It will.
//   kFailedPrecondition  a server can't stop itself so: it returns Next::Stop
// Must be awaited by a process.
Async<absl::Status> Stop(Dest server, ExitReason reason = ExitReason::Normal(),
                         absl::Duration timeout = absl::InfiniteDuration());

template <typename S>
Async<absl::Status> Stop(const ServerRef<S>& server, ExitReason reason = ExitReason::Normal(),
                         absl::Duration timeout = absl::InfiniteDuration()) {
  return Stop(server.dest(), std::move(reason), timeout);
}

}  // namespace hydra

#endif  // HYDRA_GENSERVER_STOP_H_
