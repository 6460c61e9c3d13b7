#include "hydra/supervisor/supervisor.h"

#include <memory>
#include <string>
#include <string_view>
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
#include "hydra/process/name.h"
#include "hydra/process/pid.h"
#include "hydra/process/self.h"
#include "hydra/process/timer.h"
#include "hydra/supervisor/child.h"
#include "hydra/supervisor/child_info.h"
#include "hydra/supervisor/child_spec.h"
#include "hydra/supervisor/internal/child_entry.h"
#include "hydra/supervisor/internal/child_process.h"
#include "hydra/supervisor/internal/child_table.h"
#include "hydra/supervisor/internal/reports.h"

namespace hydra {

using supervisor_internal::AfterEnd;
using supervisor_internal::AfterEndOf;
using supervisor_internal::ChildEntry;
using supervisor_internal::ChildTable;

namespace {

absl::Status NoSuchChild(std::string_view id) {
  return absl::NotFoundError("there is no child \"" + std::string(id) + "\"");
}

absl::Status CheckOptions(const SupervisorOptions& options) {
  if (options.period <= absl::ZeroDuration())
    return absl::InvalidArgumentError("SupervisorOptions::period must be positive");
  return absl::OkStatus();
}

// Why a child that doesn't run is needed, and this one won't do.
absl::Status CheckEnded(const ChildEntry& child) {
  switch (child.state) {
    case ChildState::kRunning:
      return absl::FailedPreconditionError("child \"" + child.spec.id + "\" is running");
    case ChildState::kRestarting:
      return absl::AbortedError("child \"" + child.spec.id + "\" is being restarted");
    case ChildState::kStopped:
      break;
  }
  return absl::OkStatus();
}

Async<Next> Ready(Next next) { co_return next; }

}  // namespace

Supervisor::Supervisor(SupervisorOptions options, Children children)
    : options_(options),
      first_children_(std::move(children)),
      intensity_(options.max_restarts, options.period),
      children_(std::make_unique<ChildTable>()) {}
Supervisor::Supervisor(Supervisor&&) noexcept = default;
Supervisor::~Supervisor() = default;

// ---- Start and end.

Async<InitResult> Supervisor::Init() {
  TrapExit(true);
  if (absl::Status valid = AddFirstChildren(); !valid.ok()) co_return valid;
  for (ChildEntry *child = children_->first(), *next; child != nullptr; child = next) {
    next = child->next;
    const absl::StatusOr<Pid> pid = co_await supervisor_internal::StartProcess(&child->spec);
    if (pid.ok()) {
      NoteStarted(child, *pid);
      continue;
    }
    const std::string failure = supervisor_internal::FailedToStart(child->spec.id, pid.status());
    co_await EndAll();
    co_return Next::Stop(ExitReason::Shutdown(failure));
  }
  co_return Next();
}

absl::Status Supervisor::AddFirstChildren() {
  HYDRA_RETURN_IF_ERROR(CheckOptions(options_));
  for (ChildSpec& spec : first_children_) {
    HYDRA_RETURN_IF_ERROR(Check(spec));
    if (children_->Find(spec.id) != nullptr)
      return absl::InvalidArgumentError("child \"" + spec.id + "\": another has the same id");
    children_->Add(std::move(spec));
  }
  first_children_ = {};
  return absl::OkStatus();
}

absl::Status Supervisor::Check(const ChildSpec& spec) const {
  if (spec.id.empty()) return absl::InvalidArgumentError("a child needs an id");
  if (spec.significant && options_.auto_shutdown == AutoShutdown::kNever) {
    return absl::InvalidArgumentError(
        "child \"" + spec.id + "\": a significant child needs a supervisor with auto_shutdown");
  }
  return spec.Check();
}

Async<> Supervisor::Terminate(const ExitReason&) { return EndAll(); }

Async<> Supervisor::EndAll() {
  for (ChildEntry* child = children_->last(); child != nullptr; child = child->previous)
    co_await End(child);
}

// ---- One child.

void Supervisor::NoteStarted(ChildEntry* child, const Pid& pid) {
  if (pid) {
    children_->SetRunning(child, pid, supervisor_internal::TimeFor(child->spec));
  } else if (child->spec.restart == hydra::Restart::kTemporary) {
    children_->Remove(child);
  } else {
    children_->SetStopped(child);
  }
}

Async<> Supervisor::End(ChildEntry* child) {
  if (child->state == ChildState::kRunning) {
    supervisor_internal::NoteEnd(*child, supervisor_internal::TimeFor(child->spec));
    co_await supervisor_internal::EndProcess(child);
  }
  children_->SetStopped(child);
}

// ---- A child has ended.

Async<Next> Supervisor::HandleInfo(const ExitSignal& exit) {
  ChildEntry* const child = children_->Find(exit.from);
  // One that this supervisor has ended itself, or no child.
  if (child == nullptr) return Ready(Next());
  supervisor_internal::NoteEnd(*child, supervisor_internal::TimeFor(child->spec));
  const AfterEnd then = AfterEndOf(child->spec.restart, exit.reason);
  supervisor_internal::ReportEnd(child->spec, exit, then);
  if (then != AfterEnd::kRestart) return Ready(StayEnded(child));
  if (child->spec.backoff.has_value()) return RestartAfterBackoff(child);
  return Restart(child);
}

Next Supervisor::StayEnded(ChildEntry* child) {
  const bool significant = child->spec.significant;
  if (child->spec.restart == hydra::Restart::kTemporary) {
    children_->Remove(child);
  } else {
    children_->SetStopped(child);
  }
  if (!significant || options_.auto_shutdown == AutoShutdown::kNever) return Next();
  if (options_.auto_shutdown == AutoShutdown::kAllSignificant) {
    for (ChildEntry* other = children_->first(); other != nullptr; other = other->next) {
      if (other->spec.significant && other->state != ChildState::kStopped) return Next();
    }
  }
  return Next::Stop(ExitReason::Shutdown());
}

Async<Next> Supervisor::HandleInfo(const Retry& retry) {
  ChildEntry* const child = children_->Find(retry.id);
  const bool is_waiting =
      child != nullptr && child->state == ChildState::kRestarting && child->retry == retry.number;
  return is_waiting ? Restart(child) : Ready(Next());
}

Async<Next> Supervisor::Restart(ChildEntry* child) {
  if (!intensity_.Add(Now())) {
    supervisor_internal::ReportTooManyRestarts(child->spec, options_.max_restarts, options_.period);
    children_->SetStopped(child);
    co_return Next::Stop(ExitReason::Shutdown());
  }
  children_->SetStopped(child);
  const Strategy strategy = options_.strategy;
  if (strategy != Strategy::kOneForOne) co_await EndOthers(child);
  ChildEntry* next = strategy == Strategy::kOneForAll ? children_->first() : child;
  do {
    ChildEntry* const starting = next;
    next = next->next;
    const absl::StatusOr<Pid> pid = co_await supervisor_internal::StartProcess(&starting->spec);
    if (!pid.ok()) {
      supervisor_internal::ReportFailedRestart(starting->spec, pid.status());
      RestartLater(starting);
      break;
    }
    if (*pid) ++starting->restarts;
    NoteStarted(starting, *pid);
  } while (strategy != Strategy::kOneForOne && next != nullptr);
  co_return Next();
}

Async<Next> Supervisor::RestartAfterBackoff(ChildEntry* child) {
  if (options_.strategy != Strategy::kOneForOne) co_await EndOthers(child);
  RestartLater(child);
  co_return Next();
}

void Supervisor::RestartLater(ChildEntry* child) {
  const absl::Duration delay = supervisor_internal::NextDelay(*child);
  children_->SetRestarting(child, ++last_retry_);
  SendAfter(delay, Self(), Retry{child->spec.id, last_retry_});
}

// Those that are started with `child` end before it is.
Async<> Supervisor::EndOthers(ChildEntry* child) {
  const ChildEntry* const stop =
      options_.strategy == Strategy::kOneForAll ? nullptr : child->previous;
  for (ChildEntry *other = children_->last(), *previous; other != stop; other = previous) {
    previous = other->previous;
    if (other == child) continue;
    co_await End(other);
    if (other->spec.restart == hydra::Restart::kTemporary) children_->Remove(other);
  }
}

// ---- What it is asked.

Async<absl::StatusOr<Pid>> Supervisor::HandleCall(StartChild request) {
  if (absl::Status valid = Check(request.spec); !valid.ok()) co_return valid;
  if (const ChildEntry* other = children_->Find(request.spec.id); other != nullptr) {
    const std::string what = "child \"" + other->spec.id + "\"";
    if (other->state == ChildState::kRunning)
      co_return NameTakenError(what + " is running", other->pid);
    co_return absl::AlreadyExistsError(what + " is there already, and doesn't run");
  }
  ChildEntry* const child = children_->Add(std::move(request.spec));
  const absl::StatusOr<Pid> pid = co_await supervisor_internal::StartProcess(&child->spec);
  if (pid.ok()) {
    NoteStarted(child, *pid);
  } else {
    children_->Remove(child);
  }
  co_return pid;
}

Async<absl::Status> Supervisor::HandleCall(TerminateChild request) {
  ChildEntry* const child = children_->Find(request.id);
  if (child == nullptr) co_return NoSuchChild(request.id);
  co_await End(child);
  if (child->spec.restart == hydra::Restart::kTemporary) children_->Remove(child);
  co_return absl::OkStatus();
}

Async<absl::StatusOr<Pid>> Supervisor::HandleCall(RestartChild request) {
  ChildEntry* const child = children_->Find(request.id);
  if (child == nullptr) co_return NoSuchChild(request.id);
  HYDRA_CO_RETURN_IF_ERROR(CheckEnded(*child));
  const absl::StatusOr<Pid> pid = co_await supervisor_internal::StartProcess(&child->spec);
  if (pid.ok()) NoteStarted(child, *pid);
  co_return pid;
}

absl::Status Supervisor::HandleCall(const DeleteChild& request) {
  ChildEntry* const child = children_->Find(request.id);
  if (child == nullptr) return NoSuchChild(request.id);
  HYDRA_RETURN_IF_ERROR(CheckEnded(*child));
  children_->Remove(child);
  return absl::OkStatus();
}

absl::StatusOr<ChildSpec> Supervisor::HandleCall(const GetChildSpec& request) {
  const ChildEntry* const child = children_->Find(request.id);
  if (child == nullptr) return NoSuchChild(request.id);
  return child->spec;
}

std::vector<ChildInfo> Supervisor::HandleCall(supervisor_internal::WhichChildren) {
  std::vector<ChildInfo> all;
  for (const ChildEntry* child = children_->first(); child != nullptr; child = child->next)
    all.push_back(child->Info());
  return all;
}

ChildCounts Supervisor::HandleCall(supervisor_internal::CountChildren) {
  ChildCounts counts;
  for (const ChildEntry* child = children_->first(); child != nullptr; child = child->next)
    supervisor_internal::Count(*child, counts);
  return counts;
}

std::string Supervisor::FormatStatus() const {
  ChildCounts counts;
  for (const ChildEntry* child = children_->first(); child != nullptr; child = child->next)
    supervisor_internal::Count(*child, counts);
  return absl::StrCat(counts.specs, " children, ", counts.active, " of them running");
}

}  // namespace hydra
