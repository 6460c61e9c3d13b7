#include "hydra/registry/internal/remote_members.h"

#include <iterator>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "hydra/process/pid.h"
#include "hydra/registry/internal/group_messages.h"

namespace hydra::registry_internal {

void RemoteMembers::Join(const std::string& group, const std::vector<Pid>& pids) {
  for (const Pid& pid : pids) ++groups_[group][pid];
}

std::vector<Pid> RemoteMembers::Leave(const std::string& group, const std::vector<Pid>& pids) {
  std::vector<Pid> left;
  for (const Pid& pid : pids) {
    if (RemoveOne(groups_, group, pid)) left.push_back(pid);
  }
  return left;
}

std::optional<RemoteMembers::Change> RemoteMembers::Take(GroupSync part) {
  if (part.is_first) sync_.emplace();
  if (!sync_.has_value()) return std::nullopt;
  sync_->insert(sync_->end(), std::make_move_iterator(part.groups.begin()),
                std::make_move_iterator(part.groups.end()));
  if (!part.is_last) return std::nullopt;
  return Replace(*std::exchange(sync_, std::nullopt));
}

std::vector<Membership> RemoteMembers::All() const { return AllOf(groups_); }

bool RemoteMembers::RemoveOne(Groups& groups, const std::string& group, const Pid& pid) {
  const auto members = groups.find(group);
  if (members == groups.end()) return false;
  const auto member = members->second.find(pid);
  if (member == members->second.end()) return false;
  if (--member->second == 0) members->second.erase(member);
  if (members->second.empty()) groups.erase(members);
  return true;
}

std::vector<Membership> RemoteMembers::AllOf(const Groups& groups) {
  std::vector<Membership> all;
  for (const auto& [group, members] : groups) {
    std::vector<Pid>& pids = all.emplace_back(group, std::vector<Pid>()).second;
    for (const auto& [pid, times] : members) pids.insert(pids.end(), times, pid);
  }
  return all;
}

RemoteMembers::Change RemoteMembers::Replace(const std::vector<Membership>& memberships) {
  Groups before = std::exchange(groups_, {});
  Change change;
  for (const auto& [group, pids] : memberships) {
    std::vector<Pid> joined;
    for (const Pid& pid : pids) {
      if (!RemoveOne(before, group, pid)) joined.push_back(pid);
    }
    Join(group, pids);
    if (!joined.empty()) change.joined.emplace_back(group, std::move(joined));
  }
  change.left = AllOf(before);
  return change;
}

}  // namespace hydra::registry_internal
