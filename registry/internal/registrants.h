// Which entries of a partition are whose.
#ifndef HYDRA_REGISTRY_INTERNAL_REGISTRANTS_H_
#define HYDRA_REGISTRY_INTERNAL_REGISTRANTS_H_

#include <vector>

#include "absl/container/flat_hash_map.h"
#include "hydra/process/pid.h"

namespace hydra::registry_internal {

// What an entry is, to be in the list of its process.
template <typename Item>
// NOLINTNEXTLINE(bugprone-crtp-constructor-accessibility): it is a part of what is in the list.
struct OfProcess {
  Item* previous_of_process = nullptr;
  Item* next_of_process = nullptr;
};

// An Item has a `pid`, and is OfProcess<Item>. The list of a process is newest first. Thread safety:
// thread-compatible. Cost: O(1).
template <typename Item>
class Registrants {
 public:
  // Returns whether it is the first of its process.
  bool Add(Item* item) {
    Item*& newest = newest_[item->pid];
    item->previous_of_process = nullptr;
    item->next_of_process = newest;
    if (newest != nullptr) newest->previous_of_process = item;
    newest = item;
    return item->next_of_process == nullptr;
  }

  // Returns whether it was the last of its process.
  bool Remove(Item* item) {
    if (item->next_of_process != nullptr)
      item->next_of_process->previous_of_process = item->previous_of_process;
    if (item->previous_of_process != nullptr) {
      item->previous_of_process->next_of_process = item->next_of_process;
      return false;
    }
    const auto newest = newest_.find(item->pid);
    newest->second = item->next_of_process;
    if (newest->second != nullptr) return false;
    newest_.erase(newest);
    return true;
  }

  // The newest of the process; null if it has none.
  Item* NewestOf(const Pid& pid) const {
    const auto newest = newest_.find(pid);
    return newest == newest_.end() ? nullptr : newest->second;
  }

  // Forgets all of them. Returns who had any.
  std::vector<Pid> Clear() {
    std::vector<Pid> pids;
    pids.reserve(newest_.size());
    for (const auto& [pid, newest] : newest_) pids.push_back(pid);
    newest_.clear();
    return pids;
  }

 private:
  absl::flat_hash_map<Pid, Item*> newest_;
};

}  // namespace hydra::registry_internal

#endif  // HYDRA_REGISTRY_INTERNAL_REGISTRANTS_H_
