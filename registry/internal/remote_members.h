// RemoteMembers: what the scope of another node has told of who is in which group there. Pure: knows of no processes.
#ifndef HYDRA_REGISTRY_INTERNAL_REMOTE_MEMBERS_H_
#define HYDRA_REGISTRY_INTERNAL_REMOTE_MEMBERS_H_

#include <optional>
#include <string>
#include <vector>

#include "absl/container/btree_map.h"
#include "hydra/process/pid.h"
#include "hydra/registry/internal/group_messages.h"

namespace hydra::registry_internal {

// Thread safety: thread-compatible.
class RemoteMembers {
 public:
  // A process as often as it joins or leaves; no group without any.
  struct Change {
    std::vector<Membership> left;
    std::vector<Membership> joined;  // in the order in which they have joined there
  };

  void Join(const std::string& group, const std::vector<Pid>& pids);
  // Returns those that were members.
  std::vector<Pid> Leave(const std::string& group, const std::vector<Pid>& pids);

  // Takes the next part of a sync. Returns what has changed by it if it was the last; nothing before that, nor if the first
  // is missing.
  std::optional<Change> Take(GroupSync part);

  // All that are there.
  std::vector<Membership> All() const;

 private:
  // How often each is in a group. None is empty.
  using Groups = absl::btree_map<std::string, absl::btree_map<Pid, int>>;

  static bool RemoveOne(Groups& groups, const std::string& group, const Pid& pid);
  static std::vector<Membership> AllOf(const Groups& groups);
  Change Replace(const std::vector<Membership>& memberships);

  Groups groups_;
  std::optional<std::vector<Membership>> sync_;  // of which more is to come
};

}  // namespace hydra::registry_internal

#endif  // HYDRA_REGISTRY_INTERNAL_REMOTE_MEMBERS_H_
