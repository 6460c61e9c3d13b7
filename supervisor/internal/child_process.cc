#include "hydra/supervisor/internal/child_process.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "hydra/base/log.h"
#include "hydra/genserver/start.h"
#include "hydra/process/async.h"
#include "hydra/process/behaviour.h"
#include "hydra/process/down.h"
#include "hydra/process/exit_reason.h"
#include "hydra/process/link.h"
#include "hydra/process/monitor.h"
#include "hydra/process/pid.h"
#include "hydra/process/receive.h"
#include "hydra/process/timer.h"
#include "hydra/supervisor/child_spec.h"

namespace hydra::supervisor_internal {
namespace {

void AskToEnd(const ProcessToEnd& process) {
  Exit(process.pid,
       process.shutdown.is_brutal_kill() ? ExitReason::Kill() : ExitReason::Shutdown());
}

absl::Duration LimitOf(const Shutdown& shutdown) {
  return shutdown.is_brutal_kill() ? absl::InfiniteDuration() : shutdown.limit();
}

void Kill(const ProcessToEnd& process) {
  HYDRA_LOG(WARNING) << "child " << process.pid << " hasn't ended " << process.shutdown.ToString()
                     << ", and is killed";
  Exit(process.pid, ExitReason::Kill());
}

}  // namespace

Async<absl::StatusOr<Pid>> StartProcess(const ChildSpec* spec) {
  absl::StatusOr<Pid> pid;
  try {
    pid = co_await spec->start();
  } catch (...) {
    co_return EndedError("its start", CatchExit());
  }
  if (pid.ok()) {
    if (!*pid) co_return absl::UnavailableError("its start has yielded nobody");
    Link(*pid);
  } else if (IsIgnored(pid.status())) {
    pid = Pid();
  }
  co_return pid;
}

Async<> EndProcess(Pid pid, Shutdown shutdown) {
  const ProcessToEnd process = {pid, shutdown};
  const Ref ref = Monitor(pid);
  AskToEnd(process);
  const auto down = co_await Receive<Down>().For(ref).Within(LimitOf(shutdown));
  if (down.has_value()) co_return;
  Kill(process);
  co_await Receive<Down>().For(ref);
}

Async<> EndProcesses(std::vector<ProcessToEnd> processes) {
  std::sort(processes.begin(), processes.end(),
            [](const auto& a, const auto& b) { return LimitOf(a.shutdown) < LimitOf(b.shutdown); });
  std::vector<Ref> refs;
  refs.reserve(processes.size());
  for (const ProcessToEnd& process : processes) {
    refs.push_back(Monitor(process.pid));
    AskToEnd(process);
  }
  const absl::Time start = Now();
  std::vector<Ref> killed;
  for (size_t i = 0; i < processes.size(); ++i) {
    // Those before have ended or been killed, and none has a shorter limit.
    const absl::Duration left = start + LimitOf(processes[i].shutdown) - Now();
    const auto down = co_await Receive<Down>().For(refs[i]).Within(left);
    if (down.has_value()) continue;
    Kill(processes[i]);
    killed.push_back(refs[i]);
  }
  for (const Ref& ref : killed) co_await Receive<Down>().For(ref);
}

}  // namespace hydra::supervisor_internal
