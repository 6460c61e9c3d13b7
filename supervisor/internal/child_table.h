// The children of a Supervisor, in the order in which they are started. Pure: knows of no processes.
#ifndef HYDRA_SUPERVISOR_INTERNAL_CHILD_TABLE_H_
#define HYDRA_SUPERVISOR_INTERNAL_CHILD_TABLE_H_

#include <memory>
#include <string_view>

#include "absl/container/flat_hash_map.h"
#include "absl/time/time.h"
#include "hydra/process/pid.h"
#include "hydra/supervisor/child_spec.h"
#include "hydra/supervisor/internal/child_entry.h"

namespace hydra::supervisor_internal {

// Thread safety: belongs to the supervisor. Cost: O(1).
class ChildTable {
 public:
  // The first and the last child; null if there is none. `next` and `previous` lead on from there.
  ChildEntry* first() const { return first_; }
  ChildEntry* last() const { return last_; }

  // A child by its id, or by the pid that it runs as; null if there is none.
  ChildEntry* Find(std::string_view id) const;
  ChildEntry* Find(const Pid& pid) const;

  // Adds a stopped child behind the others; null if another has its id.
  ChildEntry* Add(ChildSpec spec);
  // Destroys it.
  void Remove(ChildEntry* child);

  void SetRunning(ChildEntry* child, const Pid& pid, absl::Time now);
  void SetStopped(ChildEntry* child);
  void SetRestarting(ChildEntry* child, uint64_t retry);

 private:
  void ForgetPid(ChildEntry* child);

  // The keys are the ids in the entries.
  absl::flat_hash_map<std::string_view, std::unique_ptr<ChildEntry>> by_id_;
  absl::flat_hash_map<Pid, ChildEntry*> by_pid_;
  ChildEntry* first_ = nullptr;
  ChildEntry* last_ = nullptr;
};

}  // namespace hydra::supervisor_internal

#endif  // HYDRA_SUPERVISOR_INTERNAL_CHILD_TABLE_H_
