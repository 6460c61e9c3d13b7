#include "hydra/supervisor/internal/child_process.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
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
#include "hydra/supervisor/internal/child_entry.h"
#include "hydra/supervisor/internal/reports.h"

namespace hydra::supervisor_internal {
namespace {

// Returns the monitor.
Ref AskToEnd(const ChildEntry& child) {
  const Ref ref = Monitor(child.pid);
  const bool kill = child.spec.shutdown_or_default().is_brutal_kill();
  Exit(child.pid, kill ? ExitReason::Kill() : ExitReason::Shutdown());
  return ref;
}

absl::Duration LimitOf(const ChildEntry& child) {
  const Shutdown shutdown = child.spec.shutdown_or_default();
  return shutdown.is_brutal_kill() ? absl::InfiniteDuration() : shutdown.limit();
}

void Kill(const ChildEntry& child) {
  ReportKill(child);
  Exit(child.pid, ExitReason::Kill());
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

Async<> EndProcess(const ChildEntry* child) {
  const Ref ref = AskToEnd(*child);
  const auto down = co_await Receive<Down>().For(ref).Within(LimitOf(*child));
  if (down.has_value()) co_return;
  Kill(*child);
  co_await Receive<Down>().For(ref);
}

Async<> EndProcesses(std::vector<const ChildEntry*> children) {
  std::sort(children.begin(), children.end(),
            [](const auto* a, const auto* b) { return LimitOf(*a) < LimitOf(*b); });
  std::vector<Ref> refs;
  refs.reserve(children.size());
  for (const ChildEntry* child : children) refs.push_back(AskToEnd(*child));
  const absl::Time start = Now();
  std::vector<Ref> killed;
  for (size_t i = 0; i < children.size(); ++i) {
    // Those before have ended or been killed, and none has a shorter limit.
    const absl::Duration left = start + LimitOf(*children[i]) - Now();
    const auto down = co_await Receive<Down>().For(refs[i]).Within(left);
    if (down.has_value()) continue;
    Kill(*children[i]);
    killed.push_back(refs[i]);
  }
  for (const Ref& ref : killed) co_await Receive<Down>().For(ref);
}

}  // namespace hydra::supervisor_internal
