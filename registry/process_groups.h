// ProcessGroups: processes in groups with names (OTP's pg).
//
//   hydra::ProcessGroups groups({.scope = "workers"});
//   hydra::Children children = {groups.child(), ...};
//   ...
//   absl::Status joined = co_await groups.Join("resizers", worker);      // any process may say so
//   std::vector<hydra::Pid> resizers = groups.Members("resizers");       // anybody
//
//   absl::StatusOr<hydra::GroupMonitor> monitor = co_await groups.Monitor("resizers");
//   hydra::GroupJoined joined = co_await hydra::Receive<hydra::GroupJoined>().For(monitor->ref);
//
// A ProcessGroups is a handle of a *scope*: its copies are the same. There is a process behind it, which makes
// all changes, one after the other; reading asks nobody. A process is in a group as often as it has joined, until
// it leaves or ends, and isn't linked to anything. When the scope's process ends all groups are empty, and
// nothing is told any more: whoever needs to know monitors it, by its name.
//
// Scopes of the same name on nodes that are connected are one: `Members` are those of all. Processes join on their own
// node, and what happens there arrives at the others a little later, in its order; of two nodes, others may hear in any
// order. When the connection with a node is lost its members leave; when it stands again they join, as they are by then
// (NOD30 of docs/semantics.md). Nodes that aren't connected with each other don't see each other's members, nor do
// hidden ones.
//
// A DuplicateRegistry differs in that only a process itself registers, at once, with a value, by a link, and for its own
// node.
#ifndef HYDRA_REGISTRY_PROCESS_GROUPS_H_
#define HYDRA_REGISTRY_PROCESS_GROUPS_H_

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/btree_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "hydra/process/async.h"
#include "hydra/process/pid.h"
#include "hydra/registry/group_notices.h"
#include "hydra/supervisor/child_spec.h"

namespace hydra {

struct ProcessGroupsOptions {
  // The name of the scope's process, the same on all nodes. If it is empty the process has none, and the scope is of
  // this node only.
  std::string scope = {};
};

// A monitor, and who was in the group when it began. What it tells is all that has happened since: together
// they are what the group consists of.
struct GroupMonitor {
  Ref ref;
  std::vector<Pid> members;
};
struct ScopeMonitor {
  Ref ref;
  absl::btree_map<std::string, std::vector<Pid>> members;  // of each group that has any
};

namespace registry_internal {
class GroupTable;
}  // namespace registry_internal

class ProcessGroups {
 public:
  explicit ProcessGroups(ProcessGroupsOptions options = {});

  // The scope's process, as a child; and it alone, linked to the caller.
  ChildSpec child() const;
  Async<absl::StatusOr<Pid>> StartLink() const;

  // ---- Changes. All must be awaited by a process, and fail with kUnavailable if the scope's process doesn't
  // run or ends meanwhile; and the first two with kInvalidArgument, having done nothing, if one of the processes
  // is of another node: it joins and leaves there; or the name of the group has more than 4096 bytes. While a node
  // takes in less than it is told, those who change something wait.

  // Makes the processes members of the group. One that has ended is told of to monitors as joined and left.
  Async<absl::Status> Join(std::string group, std::vector<Pid> pids) const;
  Async<absl::Status> Join(std::string group, Pid pid) const;

  // Ends a membership of each, the newest of a process that has several. kNotFound if none of them was a member;
  // otherwise those that weren't don't matter.
  Async<absl::Status> Leave(std::string group, std::vector<Pid> pids) const;
  Async<absl::Status> Leave(std::string group, Pid pid) const;

  // The calling process is told of all that joins and leaves this group, or any group, until it demonitors. Each
  // monitor is told separately, in the order in which it happens.
  Async<absl::StatusOr<GroupMonitor>> Monitor(std::string group) const;
  Async<absl::StatusOr<ScopeMonitor>> MonitorScope() const;

  // Ends a monitor of the calling process; what it has told and hasn't been received is removed from the
  // mailbox, also if this fails. kNotFound if the caller has no such monitor.
  Async<absl::Status> Demonitor(Ref ref) const;

  // ---- Reading, by any thread.

  // The members of a group, on all nodes, without those known to have ended, in the order in which this node has heard
  // that they have joined; those of this node; and the names of the groups that have members, in no order.
  std::vector<Pid> Members(std::string_view group) const;
  std::vector<Pid> LocalMembers(std::string_view group) const;
  std::vector<std::string> Groups() const;

  friend bool operator==(const ProcessGroups&, const ProcessGroups&) = default;

 private:
  std::shared_ptr<registry_internal::GroupTable> table_;
};

}  // namespace hydra

#endif  // HYDRA_REGISTRY_PROCESS_GROUPS_H_
