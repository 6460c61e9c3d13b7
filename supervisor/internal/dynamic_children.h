// The children of a DynamicSupervisor. Pure: knows of no processes.
#ifndef HYDRA_SUPERVISOR_INTERNAL_DYNAMIC_CHILDREN_H_
#define HYDRA_SUPERVISOR_INTERNAL_DYNAMIC_CHILDREN_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/time/time.h"
#include "hydra/process/pid.h"
#include "hydra/supervisor/child_info.h"
#include "hydra/supervisor/child_spec.h"
#include "hydra/supervisor/internal/child_entry.h"

namespace hydra::supervisor_internal {

// Thread safety: belongs to the supervisor. Cost: O(1).
class DynamicChildren {
 public:
  size_t size() const { return by_pid_.size(); }

  // The child that has this pid, or had it last if it is restarting; null if there is none.
  ChildEntry* Find(const Pid& pid) const {
    const auto found = by_pid_.find(pid);
    return found == by_pid_.end() ? nullptr : found->second.get();
  }

  // Adds one that runs. What a temporary one was started with isn't kept.
  void Add(ChildSpec spec, const Pid& pid, absl::Time now) {
    if (spec.restart == Restart::kTemporary) spec.start = nullptr;
    auto child = std::make_unique<ChildEntry>(std::move(spec));
    SetRunning(*child, pid, now);
    by_pid_.emplace(pid, std::move(child));
  }

  // Destroys it.
  void Remove(ChildEntry* child) { by_pid_.erase(by_pid_.find(child->pid)); }

  // It runs as `pid` now.
  void Restarted(ChildEntry* child, const Pid& pid, absl::Time now) {
    auto node = by_pid_.extract(child->pid);
    SetRunning(*child, pid, now);
    ++child->restarts;
    by_pid_.emplace(pid, std::move(node.mapped()));
  }

  template <typename Visit>
  void ForEach(Visit visit) const {
    for (const auto& [pid, child] : by_pid_) visit(*child);
  }

 private:
  static void SetRunning(ChildEntry& child, const Pid& pid, absl::Time now) {
    child.state = ChildState::kRunning;
    child.pid = pid;
    child.started = now;
  }

  absl::flat_hash_map<Pid, std::unique_ptr<ChildEntry>> by_pid_;
};

}  // namespace hydra::supervisor_internal

#endif  // HYDRA_SUPERVISOR_INTERNAL_DYNAMIC_CHILDREN_H_
