#include "hydra/supervisor/internal/child_table.h"

#include <cstdint>
#include <memory>
#include <string_view>
#include <utility>

#include "absl/time/time.h"
#include "hydra/process/pid.h"
#include "hydra/supervisor/child_info.h"
#include "hydra/supervisor/child_spec.h"
#include "hydra/supervisor/internal/child_entry.h"

namespace hydra::supervisor_internal {

ChildEntry* ChildTable::Find(std::string_view id) const {
  const auto found = by_id_.find(id);
  return found == by_id_.end() ? nullptr : found->second.get();
}

ChildEntry* ChildTable::Find(const Pid& pid) const {
  const auto found = by_pid_.find(pid);
  return found == by_pid_.end() ? nullptr : found->second;
}

ChildEntry* ChildTable::Add(ChildSpec spec) {
  auto entry = std::make_unique<ChildEntry>(std::move(spec));
  ChildEntry* child = entry.get();
  if (!by_id_.try_emplace(child->spec.id, std::move(entry)).second) return nullptr;
  child->previous = last_;
  (last_ == nullptr ? first_ : last_->next) = child;
  last_ = child;
  return child;
}

void ChildTable::Remove(ChildEntry* child) {
  ForgetPid(child);
  (child->previous == nullptr ? first_ : child->previous->next) = child->next;
  (child->next == nullptr ? last_ : child->next->previous) = child->previous;
  // Erased by its place: its key dies with it.
  by_id_.erase(by_id_.find(child->spec.id));
}

void ChildTable::SetRunning(ChildEntry* child, const Pid& pid, absl::Time now) {
  ForgetPid(child);
  child->state = ChildState::kRunning;
  child->pid = pid;
  child->started = now;
  by_pid_.emplace(pid, child);
}

void ChildTable::SetStopped(ChildEntry* child) {
  ForgetPid(child);
  child->state = ChildState::kStopped;
  child->pid = Pid();
}

void ChildTable::SetRestarting(ChildEntry* child, uint64_t retry) {
  ForgetPid(child);
  child->state = ChildState::kRestarting;
  child->retry = retry;
}

void ChildTable::ForgetPid(ChildEntry* child) {
  if (child->state == ChildState::kRunning) by_pid_.erase(child->pid);
}

}  // namespace hydra::supervisor_internal
