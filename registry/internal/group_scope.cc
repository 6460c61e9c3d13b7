#include "hydra/registry/internal/group_scope.h"

#include <algorithm>
#include <cstddef>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/btree_map.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "hydra/base/log.h"
#include "hydra/base/status_macros.h"
#include "hydra/process/down.h"
#include "hydra/process/monitor.h"
#include "hydra/process/pid.h"
#include "hydra/process/self.h"
#include "hydra/process/send.h"
#include "hydra/registry/group_notices.h"
#include "hydra/registry/internal/group_messages.h"
#include "hydra/registry/internal/group_table.h"
#include "hydra/registry/internal/remote_members.h"

namespace hydra::registry_internal {
namespace {

absl::Status CheckAreHere(const std::vector<Pid>& pids) {
  for (const Pid& pid : pids) {
    if (pid.home() != Self().home()) {
      return absl::InvalidArgumentError(pid.ToString() +
                                        " isn't a process of this node: it joins and leaves there");
    }
  }
  return absl::OkStatus();
}

absl::Status CheckName(const std::string& group) {
  if (group.size() <= kMaxGroupName) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat("the name of the group has ", group.size(),
                                                 " bytes, and may have ", kMaxGroupName));
}

}  // namespace

absl::Status GroupScope::Init() {
  HYDRA_RETURN_IF_ERROR(table_->Open(Self()));
  is_open_ = true;
  peers_.Begin(table_->scope());
  return absl::OkStatus();
}

// ---- What processes of this node ask.

absl::Status GroupScope::HandleCall(const Join& join) {
  HYDRA_RETURN_IF_ERROR(CheckName(join.group));
  HYDRA_RETURN_IF_ERROR(CheckAreHere(join.pids));
  for (const Pid& pid : join.pids) {
    table_->Add(join.group, pid);
    Watch(pid);
  }
  Tell<GroupJoined>(join.group, join.pids);
  TellPeers<GroupsJoined>(join.group, join.pids);
  return absl::OkStatus();
}

absl::Status GroupScope::HandleCall(const Leave& leave) {
  HYDRA_RETURN_IF_ERROR(CheckAreHere(leave.pids));
  std::vector<Pid> left;
  for (const Pid& pid : leave.pids) {
    if (!table_->Remove(leave.group, pid)) continue;
    left.push_back(pid);
    UnwatchIfIdle(pid);
  }
  if (left.empty()) return absl::NotFoundError("Leave: not in the group '" + leave.group + "'");
  Tell<GroupLeft>(leave.group, left);
  TellPeers<GroupsLeft>(leave.group, left);
  return absl::OkStatus();
}

std::vector<Pid> GroupScope::HandleCall(const MonitorOne& request) {
  AddMonitor(request.ref, request.group);
  return table_->Members(request.group);
}

absl::btree_map<std::string, std::vector<Pid>> GroupScope::HandleCall(const MonitorAll& request) {
  AddMonitor(request.ref, std::nullopt);
  absl::btree_map<std::string, std::vector<Pid>> members;
  for (const std::string& group : table_->Groups()) members[group] = table_->Members(group);
  return members;
}

absl::Status GroupScope::HandleCall(const EndMonitor& request) {
  if (!monitors_.Remove(request.ref))
    return absl::NotFoundError("Demonitor: no groups are monitored by this ref");
  UnwatchIfIdle(request.ref.creator());
  return absl::OkStatus();
}

template <typename Notice>
void GroupScope::Tell(const std::string& group, const std::vector<Pid>& pids) const {
  if (pids.empty()) return;
  for (const Ref& ref : monitors_.About(group)) Send(ref.creator(), Notice{ref, group, pids});
}

void GroupScope::AddMonitor(const Ref& ref, std::optional<std::string> group) {
  monitors_.Add(ref, std::move(group));
  Watch(ref.creator());
}

void GroupScope::Watch(const Pid& pid) {
  const auto [watched, is_new] = watched_.try_emplace(pid);
  if (is_new) watched->second = Monitor(pid);
}

void GroupScope::UnwatchIfIdle(const Pid& pid) {
  if (table_->HasAny(pid) || monitors_.HasAny(pid)) return;
  const auto watched = watched_.find(pid);
  Demonitor(watched->second);
  watched_.erase(watched);
}

// ---- Ends.

void GroupScope::HandleInfo(const Down& down) {
  if (!peers_.Forget(down)) return EndLocal(down.pid);
  RemoveRemote(remote_.extract(down.pid).mapped().All());
}

void GroupScope::EndLocal(const Pid& ended) {
  watched_.erase(ended);
  monitors_.RemoveAllOf(ended);
  absl::btree_map<std::string, std::vector<Pid>> left;
  for (const std::string& group : table_->RemoveAll(ended)) left[group].push_back(ended);
  for (const auto& [group, pids] : left) {
    Tell<GroupLeft>(group, pids);
    TellPeers<GroupsLeft>(group, pids);
  }
}

// ---- To other nodes.

template <typename Message>
void GroupScope::TellPeers(const std::string& group, const std::vector<Pid>& pids) const {
  if (peers_.empty()) return;
  for (const std::vector<Membership>& part : Parts({{group, pids}}))
    peers_.SendAll(Message{Self(), group, part.front().second});
}

void GroupScope::SyncTo(const Pid& scope) const {
  std::vector<Membership> local;
  for (const std::string& group : table_->Groups()) {
    std::vector<Pid> pids = table_->Members(group);
    std::erase_if(pids, [](const Pid& pid) { return pid.home() != Self().home(); });
    if (!pids.empty()) local.emplace_back(group, std::move(pids));
  }
  std::vector<std::vector<Membership>> parts = Parts(local);
  if (parts.empty()) parts.emplace_back();
  for (size_t i = 0; i < parts.size(); ++i)
    Send(scope, GroupSync{Self(), i == 0, i + 1 == parts.size(), std::move(parts[i])});
}

// ---- From other nodes.

void GroupScope::HandleInfo(const GroupDiscover& discover) {
  if (!peers_.Meet(discover.scope)) return;
  remote_[discover.scope];
  SyncTo(discover.scope);
}

RemoteMembers* GroupScope::MembersOf(const Pid& scope, const std::vector<Pid>& pids) {
  const auto peer = remote_.find(scope);
  if (peer == remote_.end()) return nullptr;
  for (const Pid& pid : pids) {
    if (pid && pid.home() == scope.home()) continue;
    HYDRA_LOG(ERROR) << "what the scope '" << table_->scope() << "' of another node, "
                     << scope.ToString() << ", says of " << pid.ToString()
                     << " is ignored: that isn't of its node";
    return nullptr;
  }
  return &peer->second;
}

void GroupScope::HandleInfo(GroupSync sync) {
  RemoteMembers* members = MembersOf(sync.scope, {});
  for (const auto& [group, pids] : sync.groups) {
    if (members != nullptr) members = MembersOf(sync.scope, pids);
  }
  if (members == nullptr) return;
  const std::optional<RemoteMembers::Change> change = members->Take(std::move(sync));
  if (!change.has_value()) return;
  RemoveRemote(change->left);
  AddRemote(change->joined);
}

void GroupScope::HandleInfo(const GroupsJoined& joined) {
  RemoteMembers* const members = MembersOf(joined.scope, joined.pids);
  if (members == nullptr) return;
  members->Join(joined.group, joined.pids);
  AddRemote({{joined.group, joined.pids}});
}

void GroupScope::HandleInfo(const GroupsLeft& left) {
  RemoteMembers* const members = MembersOf(left.scope, left.pids);
  if (members == nullptr) return;
  RemoveRemote({{left.group, members->Leave(left.group, left.pids)}});
}

void GroupScope::AddRemote(const std::vector<Membership>& joined) {
  for (const auto& [group, pids] : joined) {
    for (const Pid& pid : pids) table_->Add(group, pid);
    Tell<GroupJoined>(group, pids);
  }
}

void GroupScope::RemoveRemote(const std::vector<Membership>& left) {
  for (const auto& [group, pids] : left) {
    for (const Pid& pid : pids) table_->Remove(group, pid);
    Tell<GroupLeft>(group, pids);
  }
}

std::string GroupScope::FormatStatus() const {
  std::string status = absl::StrCat(table_->Groups().size(), " groups, ", monitors_.size(),
                                    " monitors, ", watched_.size(), " processes");
  if (!peers_.empty()) absl::StrAppend(&status, ", ", peers_.size(), " other nodes");
  return status;
}

}  // namespace hydra::registry_internal
