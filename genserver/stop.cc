#include "hydra/genserver/stop.h"

#include <optional>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "hydra/genserver/internal/sys_request.h"
#include "hydra/process/async.h"
#include "hydra/process/behaviour.h"
#include "hydra/process/dest.h"
#include "hydra/process/down.h"
#include "hydra/process/exit_reason.h"
#include "hydra/process/monitor.h"
#include "hydra/process/pid.h"
#include "hydra/process/receive.h"
#include "hydra/process/self.h"
#include "hydra/process/send.h"

namespace hydra {
namespace {

Ref MonitorOf(const Dest& dest) {
  return dest.name() != nullptr ? Monitor(*dest.name()) : Monitor(Resolve(dest));
}

}  // namespace

Async<absl::Status> Stop(Dest server, ExitReason reason, absl::Duration timeout) {
  const std::string what = "stop of " + server.ToString();
  if (Resolve(server) == Self())
    co_return absl::FailedPreconditionError(what + ": a process can't stop itself");
  const Ref ref = MonitorOf(server);
  static_cast<void>(Send(server, genserver_internal::StopServer{reason}));
  const std::optional<Down> down = co_await Receive<Down>().For(ref).Within(timeout);
  if (!down.has_value()) {
    Demonitor(ref);
    co_return absl::DeadlineExceededError(what + ": it hasn't ended within " +
                                          absl::FormatDuration(timeout));
  }
  if (down->reason == reason) co_return absl::OkStatus();
  if (down->reason.kind() == ExitReason::Kind::kNoProc)
    co_return absl::NotFoundError(what + ": there is no such process");
  co_return EndedError(what, down->reason);
}

}  // namespace hydra
