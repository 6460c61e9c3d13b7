#include "hydra/supervisor/dynamic_supervisor.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "hydra/base/status_macros.h"
#include "hydra/genserver/next.h"
#include "hydra/process/async.h"
#include "hydra/process/exit_reason.h"
#include "hydra/process/exit_signal.h"
#include "hydra/process/link.h"
#include "hydra/process/pid.h"
#include "hydra/process/self.h"
#include "hydra/process/timer.h"
#include "hydra/supervisor/child_info.h"
#include "hydra/supervisor/child_spec.h"
#include "hydra/supervisor/internal/child_entry.h"
#include "hydra/supervisor/internal/child_process.h"
#include "hydra/supervisor/internal/dynamic_children.h"
#include "hydra/supervisor/internal/reports.h"

namespace hydra {

using supervisor_internal::AfterEnd;
using supervisor_internal::AfterEndOf;
using supervisor_internal::ChildEntry;
using supervisor_internal::DynamicChildren;

DynamicSupervisor::DynamicSupervisor(DynamicSupervisorOptions options)
    : options_(options),
      intensity_(options.max_restarts, options.period),
      children_(std::make_unique<DynamicChildren>()) {}
DynamicSupervisor::DynamicSupervisor(DynamicSupervisor&&) noexcept = default;
DynamicSupervisor::~DynamicSupervisor() = default;

absl::Status DynamicSupervisor::Init() {
  TrapExit(true);
  if (options_.period <= absl::ZeroDuration())
    return absl::InvalidArgumentError("DynamicSupervisorOptions::period must be positive");
  return absl::OkStatus();
}

Async<> DynamicSupervisor::Terminate(const ExitReason&) {
  std::vector<const ChildEntry*> running;
  children_->ForEach([&](const ChildEntry& child) {
    if (child.state == ChildState::kRunning) running.push_back(&child);
  });
  return supervisor_internal::EndProcesses(std::move(running));
}

// ---- A child has ended.

Async<Next> DynamicSupervisor::HandleInfo(ExitSignal exit) {
  ChildEntry* const child = children_->Find(exit.from);
  // One that this supervisor has ended itself, or no child.
  if (child == nullptr || child->state != ChildState::kRunning) co_return Next();
  supervisor_internal::NoteEnd(*child, supervisor_internal::TimeFor(child->spec));
  const AfterEnd then = AfterEndOf(child->spec.restart, exit.reason);
  supervisor_internal::ReportEnd(child->spec, exit, then);
  if (then != AfterEnd::kRestart) {
    children_->Remove(child);
    co_return Next();
  }
  if (!child->spec.backoff.has_value()) co_return co_await Restart(child);
  RestartLater(child);
  co_return Next();
}

Async<Next> DynamicSupervisor::HandleInfo(Retry retry) {
  ChildEntry* const child = children_->Find(retry.pid);
  if (child == nullptr) co_return Next();  // it has been terminated
  co_return co_await Restart(child);
}

Async<Next> DynamicSupervisor::Restart(ChildEntry* child) {
  if (!intensity_.Add(Now())) {
    supervisor_internal::ReportTooManyRestarts(child->spec, options_.max_restarts, options_.period);
    children_->Remove(child);
    co_return Next::Stop(ExitReason::Shutdown());
  }
  const absl::StatusOr<Pid> pid = co_await supervisor_internal::StartProcess(&child->spec);
  if (!pid.ok()) {
    supervisor_internal::ReportFailedRestart(child->spec, pid.status());
    RestartLater(child);
  } else if (*pid) {
    children_->Restarted(child, *pid, supervisor_internal::TimeFor(child->spec));
  } else {
    children_->Remove(child);  // ignored
  }
  co_return Next();
}

void DynamicSupervisor::RestartLater(ChildEntry* child) {
  const absl::Duration delay = supervisor_internal::NextDelay(*child);
  child->state = ChildState::kRestarting;
  SendAfter(delay, Self(), Retry{child->pid});
}

// ---- What it is asked.

absl::Status DynamicSupervisor::Check(const ChildSpec& spec) const {
  if (children_->size() >= options_.max_children) {
    return absl::ResourceExhaustedError(
        absl::StrCat("there are ", children_->size(), " children, as many as may be"));
  }
  if (spec.significant)
    return absl::InvalidArgumentError("a DynamicSupervisor has no significant children");
  return spec.Check();
}

Async<absl::StatusOr<Pid>> DynamicSupervisor::HandleCall(StartChild request) {
  HYDRA_CO_RETURN_IF_ERROR(Check(request.spec));
  const absl::StatusOr<Pid> pid = co_await supervisor_internal::StartProcess(&request.spec);
  if (pid.ok() && *pid) {
    const absl::Time now = supervisor_internal::TimeFor(request.spec);
    children_->Add(std::move(request.spec), *pid, now);
  }
  co_return pid;
}

Async<absl::Status> DynamicSupervisor::HandleCall(TerminateChild request) {
  ChildEntry* const child = children_->Find(request.pid);
  if (child == nullptr)
    co_return absl::NotFoundError("there is no child " + request.pid.ToString());
  if (child->state == ChildState::kRunning) co_await supervisor_internal::EndProcess(child);
  children_->Remove(child);
  co_return absl::OkStatus();
}

std::vector<ChildInfo> DynamicSupervisor::HandleCall(supervisor_internal::WhichChildren) {
  std::vector<ChildInfo> all;
  all.reserve(children_->size());
  children_->ForEach([&](const ChildEntry& child) { all.push_back(child.Info()); });
  return all;
}

ChildCounts DynamicSupervisor::HandleCall(supervisor_internal::CountChildren) {
  ChildCounts counts;
  children_->ForEach([&](const ChildEntry& child) { supervisor_internal::Count(child, counts); });
  return counts;
}

std::string DynamicSupervisor::FormatStatus() const {
  return absl::StrCat(children_->size(), " children");
}

}  // namespace hydra
