// Who is told of the changes of which groups. Pure: knows of no processes.
#ifndef HYDRA_REGISTRY_INTERNAL_GROUP_MONITORS_H_
#define HYDRA_REGISTRY_INTERNAL_GROUP_MONITORS_H_

#include <cstddef>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "hydra/process/pid.h"

namespace hydra::registry_internal {

// A monitor is a ref of the process that is told. Thread safety: thread-compatible.
class GroupMonitors {
 public:
  // Of one group, or of all.
  void Add(const Ref& ref, std::optional<std::string> group) {
    of_group_[group].push_back(ref);
    of_process_[ref.creator()].push_back(ref);
    groups_[ref] = std::move(group);
  }

  // Returns whether there was such a monitor.
  bool Remove(const Ref& ref) {
    const auto group = groups_.find(ref);
    if (group == groups_.end()) return false;
    EraseFrom(of_group_, group->second, ref);
    EraseFrom(of_process_, ref.creator(), ref);
    groups_.erase(group);
    return true;
  }

  void RemoveAllOf(const Pid& pid) {
    while (HasAny(pid)) Remove(of_process_.find(pid)->second.back());
  }

  bool HasAny(const Pid& pid) const { return of_process_.contains(pid); }

  size_t size() const { return groups_.size(); }

  // Those that are told of the group.
  std::vector<Ref> About(const std::string& group) const {
    std::vector<Ref> about;
    if (of_group_.empty()) return about;
    for (const std::optional<std::string>& which :
         {std::optional(group), std::optional<std::string>()}) {
      const auto found = of_group_.find(which);
      if (found != of_group_.end())
        about.insert(about.end(), found->second.begin(), found->second.end());
    }
    return about;
  }

 private:
  template <typename Key>
  using Refs = absl::flat_hash_map<Key, std::vector<Ref>>;  // none is empty

  template <typename Key>
  static void EraseFrom(Refs<Key>& refs, const Key& key, const Ref& ref) {
    const auto found = refs.find(key);
    std::erase(found->second, ref);
    if (found->second.empty()) refs.erase(found);
  }

  Refs<std::optional<std::string>> of_group_;  // none: of all groups
  Refs<Pid> of_process_;
  absl::flat_hash_map<Ref, std::optional<std::string>> groups_;
};

}  // namespace hydra::registry_internal

#endif  // HYDRA_REGISTRY_INTERNAL_GROUP_MONITORS_H_
