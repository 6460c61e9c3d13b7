// A child as its supervisor has it.
#ifndef HYDRA_SUPERVISOR_INTERNAL_CHILD_ENTRY_H_
#define HYDRA_SUPERVISOR_INTERNAL_CHILD_ENTRY_H_

#include <cstdint>
#include <utility>

#include "absl/time/time.h"
#include "hydra/process/exit_reason.h"
#include "hydra/process/pid.h"
#include "hydra/supervisor/child_info.h"
#include "hydra/supervisor/child_spec.h"

namespace hydra::supervisor_internal {

struct ChildEntry {
  explicit ChildEntry(ChildSpec child) : spec(std::move(child)) {}

  ChildInfo Info() const;

  ChildSpec spec;
  ChildState state = ChildState::kStopped;
  Pid pid;             // of one that is restarting: the last one's; nobody's if there was none
  uint64_t retry = 0;  // in a Supervisor: which Retry it waits for while it is restarting
  uint64_t restarts = 0;
  // For its backoff.
  int restarts_in_a_row = 0;
  absl::Time started;
  // In a ChildTable: the children before and behind it.
  ChildEntry* previous = nullptr;
  ChildEntry* next = nullptr;
};

// What a supervisor does about a child that has ended by itself.
enum class AfterEnd : uint8_t { kRestart, kKeep, kForget };
AfterEnd AfterEndOf(Restart restart, const ExitReason& reason);

// The time, for a child with a Backoff, which asks how long it has run; no time for others, which saves a look
// at the clock. Must be called by a process.
absl::Time TimeFor(const ChildSpec& spec);

// To be told when a child that has run ends or is ended: see Backoff::reset_after.
void NoteEnd(ChildEntry& child, absl::Time now);

// How long to wait before the next restart of a child that has ended, or hasn't started.
absl::Duration NextDelay(ChildEntry& child);

void Count(const ChildEntry& child, ChildCounts& counts);

}  // namespace hydra::supervisor_internal

#endif  // HYDRA_SUPERVISOR_INTERNAL_CHILD_ENTRY_H_
