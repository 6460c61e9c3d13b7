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

Async<absl::Status> Stop(Dest server, ExitReason reason, absl::Duration timeout) {
  const std::string what = "stop of " + server.ToString();
  const Pid pid = Resolve(server);
  if (pid == Self())
    co_return absl::FailedPreconditionError(what + ": a process can't stop itself");
  // Who is monitored is who is asked, whoever is found by that later.
  if (pid) server = pid;
  const Ref ref = Monitor(server);
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
