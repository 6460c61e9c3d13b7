// The process of a scope of ProcessGroups: it makes all changes, tells monitors and the scopes of other nodes of them, and
// is told of theirs. See process_groups.h, and group_messages.h for what goes between nodes.
#ifndef HYDRA_REGISTRY_INTERNAL_GROUP_SCOPE_H_
#define HYDRA_REGISTRY_INTERNAL_GROUP_SCOPE_H_

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/btree_map.h"
#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "hydra/genserver/protocol.h"
#include "hydra/process/down.h"
#include "hydra/process/node_event.h"
#include "hydra/process/pid.h"
#include "hydra/registry/internal/group_messages.h"
#include "hydra/registry/internal/group_monitors.h"
#include "hydra/registry/internal/group_table.h"
#include "hydra/registry/internal/peers.h"
#include "hydra/registry/internal/remote_members.h"

namespace hydra::registry_internal {

// A server. It monitors, once, who of this node is in a group or monitors one.
class GroupScope {
 public:
  struct Join {
    using Reply = absl::Status;
    std::string group;
    std::vector<Pid> pids;
  };
  struct Leave {
    using Reply = absl::Status;
    std::string group;
    std::vector<Pid> pids;
  };
  struct MonitorOne {
    using Reply = std::vector<Pid>;
    Ref ref;
    std::string group;
  };
  struct MonitorAll {
    using Reply = absl::btree_map<std::string, std::vector<Pid>>;
    Ref ref;
  };
  struct EndMonitor {
    using Reply = absl::Status;
    Ref ref;
  };
  using Protocol = hydra::Protocol<Join, Leave, MonitorOne, MonitorAll, EndMonitor>;
  using Infos =
      hydra::Infos<Down, NodeUp, NodeDown, GroupDiscover, GroupSync, GroupsJoined, GroupsLeft>;

  explicit GroupScope(std::shared_ptr<GroupTable> table) : table_(std::move(table)) {}
  GroupScope(const GroupScope&) = delete;
  GroupScope& operator=(const GroupScope&) = delete;
  ~GroupScope() {
    if (is_open_) table_->Close();
  }

  absl::Status Init();

  absl::Status HandleCall(const Join& join);
  absl::Status HandleCall(const Leave& leave);
  std::vector<Pid> HandleCall(const MonitorOne& request);
  absl::btree_map<std::string, std::vector<Pid>> HandleCall(const MonitorAll& request);
  absl::Status HandleCall(const EndMonitor& request);

  void HandleInfo(const Down& down);
  void HandleInfo(const NodeUp& up) { peers_.HandleNodeUp(up); }
  void HandleInfo(const NodeDown& /*down*/) {}  // the monitor of its scope has said so

  void HandleInfo(const GroupDiscover& discover);
  void HandleInfo(GroupSync sync);
  void HandleInfo(const GroupsJoined& joined);
  void HandleInfo(const GroupsLeft& left);

  std::string FormatStatus() const;

 private:
  template <typename Notice>
  void Tell(const std::string& group, const std::vector<Pid>& pids) const;
  template <typename Message>
  void TellPeers(const std::string& group, const std::vector<Pid>& pids) const;

  void AddMonitor(const Ref& ref, std::optional<std::string> group);
  void Watch(const Pid& pid);
  void UnwatchIfIdle(const Pid& pid);
  void EndLocal(const Pid& ended);

  void SyncTo(const Pid& scope) const;
  // What is known of the peer; null if it is none, or speaks of processes that aren't of its node.
  RemoteMembers* MembersOf(const Pid& scope, const std::vector<Pid>& pids);
  void AddRemote(const std::vector<Membership>& joined);
  void RemoveRemote(const std::vector<Membership>& left);

  const std::shared_ptr<GroupTable> table_;
  bool is_open_ = false;
  GroupMonitors monitors_;
  absl::flat_hash_map<Pid, Ref> watched_;
  Peers<GroupDiscover> peers_;
  absl::flat_hash_map<Pid, RemoteMembers> remote_;  // of each peer
};

}  // namespace hydra::registry_internal

#endif  // HYDRA_REGISTRY_INTERNAL_GROUP_SCOPE_H_
