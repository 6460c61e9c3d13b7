#include "hydra/supervisor/internal/child_process.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <variant>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "hydra/genserver/start.h"
#include "hydra/process/async.h"
#include "hydra/process/behaviour.h"
#include "hydra/process/down.h"
#include "hydra/process/exit_reason.h"
#include "hydra/process/exit_signal.h"
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
  absl::flat_hash_set<Pid> running;
  for (const ChildEntry* child : children) {
    AskToEnd(*child);
    running.insert(child->pid);
  }
  const absl::Time start = Now();
  for (auto next = children.begin(); !running.empty();) {  // the next to be killed
    const bool has_next = next != children.end();
    if (has_next && !running.contains((*next)->pid)) {
      ++next;
      continue;
    }
    const absl::Duration left =
        has_next ? start + LimitOf(**next) - Now() : absl::InfiniteDuration();
    // Whichever comes next, and the exit signals as well: what is left in the mailbox is looked at each time.
    const auto message = co_await Receive<Down, ExitSignal>().Within(left);
    if (!message.has_value()) {
      Kill(**next++);
    } else if (const Down* down = std::get_if<Down>(&*message)) {
      running.erase(down->pid);
    }
  }
}

}  // namespace hydra::supervisor_internal
