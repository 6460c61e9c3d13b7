#include "hydra/supervisor/internal/child_entry.h"

#include "absl/random/random.h"
#include "absl/time/time.h"
#include "hydra/process/exit_reason.h"
#include "hydra/process/pid.h"
#include "hydra/process/timer.h"
#include "hydra/supervisor/child_info.h"
#include "hydra/supervisor/child_spec.h"

namespace hydra::supervisor_internal {

ChildInfo ChildEntry::Info() const {
  return {.id = spec.id,
          .state = state,
          .pid = state == ChildState::kRunning ? pid : Pid(),
          .type = spec.type,
          .restart = spec.restart,
          .restarts = restarts};
}

AfterEnd AfterEndOf(Restart restart, const ExitReason& reason) {
  switch (restart) {
    case Restart::kPermanent:
      return AfterEnd::kRestart;
    case Restart::kTransient:
      return reason.IsClean() ? AfterEnd::kKeep : AfterEnd::kRestart;
    case Restart::kTemporary:
      break;
  }
  return AfterEnd::kForget;
}

absl::Time TimeFor(const ChildSpec& spec) {
  return spec.backoff.has_value() ? Now() : absl::InfinitePast();
}

void NoteEnd(ChildEntry& child, absl::Time now) {
  if (child.spec.backoff.has_value() && now - child.started >= child.spec.backoff->reset_after)
    child.restarts_in_a_row = 0;
}

absl::Duration NextDelay(ChildEntry& child) {
  if (!child.spec.backoff.has_value()) return absl::ZeroDuration();
  thread_local absl::InsecureBitGen random;
  return child.spec.backoff->Delay(++child.restarts_in_a_row, absl::Uniform(random, 0.0, 1.0));
}

void Count(const ChildEntry& child, ChildCounts& counts) {
  ++counts.specs;
  if (child.state == ChildState::kRunning) ++counts.active;
  ++(child.spec.type == ChildType::kSupervisor ? counts.supervisors : counts.workers);
}

}  // namespace hydra::supervisor_internal
