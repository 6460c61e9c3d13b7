#include "hydra/registry/process_groups.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/container/btree_map.h"
#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "hydra/base/status_macros.h"
#include "hydra/genserver/protocol.h"
#include "hydra/genserver/server_options.h"
#include "hydra/genserver/start.h"
#include "hydra/process/async.h"
#include "hydra/process/behaviour.h"
#include "hydra/process/down.h"
#include "hydra/process/monitor.h"
#include "hydra/process/pid.h"
#include "hydra/process/receive.h"
#include "hydra/process/request.h"
#include "hydra/process/self.h"
#include "hydra/process/send.h"
#include "hydra/registry/internal/ask.h"
#include "hydra/registry/internal/group_monitors.h"
#include "hydra/registry/internal/group_table.h"
#include "hydra/supervisor/child.h"
#include "hydra/supervisor/child_spec.h"

namespace hydra {
namespace registry_internal {
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

// The scope's process. It monitors, once, who is in a group or monitors one.
class Scope {
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
  using Infos = hydra::Infos<Down>;

  explicit Scope(std::shared_ptr<GroupTable> table) : table_(std::move(table)) {}
  Scope(const Scope&) = delete;
  Scope& operator=(const Scope&) = delete;
  ~Scope() {
    if (is_open_) table_->Close();
  }

  absl::Status Init() {
    const absl::Status status = table_->Open(Self());
    is_open_ = status.ok();
    return status;
  }

  absl::Status HandleCall(const Join& join) {
    HYDRA_RETURN_IF_ERROR(CheckAreHere(join.pids));
    for (const Pid& pid : join.pids) {
      table_->Add(join.group, pid);
      Watch(pid);
    }
    Tell<GroupJoined>(join.group, join.pids);
    return absl::OkStatus();
  }

  absl::Status HandleCall(const Leave& leave) {
    HYDRA_RETURN_IF_ERROR(CheckAreHere(leave.pids));
    std::vector<Pid> left;
    for (const Pid& pid : leave.pids) {
      if (!table_->Remove(leave.group, pid)) continue;
      left.push_back(pid);
      UnwatchIfIdle(pid);
    }
    if (left.empty()) return absl::NotFoundError("Leave: not in the group '" + leave.group + "'");
    Tell<GroupLeft>(leave.group, left);
    return absl::OkStatus();
  }

  std::vector<Pid> HandleCall(const MonitorOne& request) {
    AddMonitor(request.ref, request.group);
    return table_->Members(request.group);
  }
  absl::btree_map<std::string, std::vector<Pid>> HandleCall(const MonitorAll& request) {
    AddMonitor(request.ref, std::nullopt);
    absl::btree_map<std::string, std::vector<Pid>> members;
    for (const std::string& group : table_->Groups()) members[group] = table_->Members(group);
    return members;
  }

  absl::Status HandleCall(const EndMonitor& request) {
    if (!monitors_.Remove(request.ref))
      return absl::NotFoundError("Demonitor: no groups are monitored by this ref");
    UnwatchIfIdle(request.ref.creator());
    return absl::OkStatus();
  }

  void HandleInfo(const Down& down) {
    watched_.erase(down.pid);
    monitors_.RemoveAllOf(down.pid);
    absl::btree_map<std::string, std::vector<Pid>> left;
    for (const std::string& group : table_->RemoveAll(down.pid)) left[group].push_back(down.pid);
    for (const auto& [group, pids] : left) Tell<GroupLeft>(group, pids);
  }

  std::string FormatStatus() const {
    return absl::StrCat(table_->Groups().size(), " groups, ", monitors_.size(), " monitors, ",
                        watched_.size(), " processes");
  }

 private:
  template <typename Notice>
  void Tell(const std::string& group, const std::vector<Pid>& pids) const {
    if (pids.empty()) return;
    for (const Ref& ref : monitors_.About(group)) Send(ref.creator(), Notice{ref, group, pids});
  }

  void AddMonitor(const Ref& ref, std::optional<std::string> group) {
    monitors_.Add(ref, std::move(group));
    Watch(ref.creator());
  }

  void Watch(const Pid& pid) {
    const auto [watched, is_new] = watched_.try_emplace(pid);
    if (is_new) watched->second = Monitor(pid);
  }
  void UnwatchIfIdle(const Pid& pid) {
    if (table_->HasAny(pid) || monitors_.HasAny(pid)) return;
    const auto watched = watched_.find(pid);
    Demonitor(watched->second);
    watched_.erase(watched);
  }

  const std::shared_ptr<GroupTable> table_;
  bool is_open_ = false;
  GroupMonitors monitors_;
  absl::flat_hash_map<Pid, Ref> watched_;
};

// Asks the scope's process.
template <typename M>
Async<RequestResult<M>> AskScope(std::shared_ptr<GroupTable> table, M request) {
  return Ask(std::move(table), std::move(request), absl::InfiniteDuration());
}

// Whatever a monitor has told is taken out of the mailbox.
Async<> Flush(Ref ref) {
  while ((co_await Receive<GroupJoined>().For(ref).Within(absl::ZeroDuration())).has_value()) {
  }
  while ((co_await Receive<GroupLeft>().For(ref).Within(absl::ZeroDuration())).has_value()) {
  }
}

Async<absl::StatusOr<GroupMonitor>> MonitorGroup(std::shared_ptr<GroupTable> table,
                                                 std::string group) {
  const Ref ref = MakeRef();
  auto members = co_await AskScope(std::move(table), Scope::MonitorOne{ref, std::move(group)});
  if (!members.ok()) co_return members.status();
  co_return GroupMonitor{ref, *std::move(members)};
}

Async<absl::StatusOr<ScopeMonitor>> MonitorGroups(std::shared_ptr<GroupTable> table) {
  const Ref ref = MakeRef();
  auto members = co_await AskScope(std::move(table), Scope::MonitorAll{ref});
  if (!members.ok()) co_return members.status();
  co_return ScopeMonitor{ref, *std::move(members)};
}

Async<absl::Status> EndMonitor(std::shared_ptr<GroupTable> table, Ref ref) {
  if (ref.creator() != Self())
    co_return absl::NotFoundError("Demonitor: the monitor is another process's");
  absl::Status ended = co_await AskScope(std::move(table), Scope::EndMonitor{ref});
  co_await Flush(ref);
  co_return ended;
}

Async<absl::StatusOr<Pid>> StartScope(std::shared_ptr<GroupTable> table) {
  const ServerOptions options = {.name = table->scope()};
  co_return co_await StartLinkedServer<Scope>(options, std::move(table));
}

}  // namespace
}  // namespace registry_internal

using registry_internal::Scope;

ProcessGroups::ProcessGroups(ProcessGroupsOptions options)
    : table_(std::make_shared<registry_internal::GroupTable>(std::move(options.scope))) {}

ChildSpec ProcessGroups::child() const {
  const std::string& scope = table_->scope();
  return Child<Scope>({.id = scope.empty() ? "groups" : scope, .server = {.name = scope}}, table_);
}

Async<absl::StatusOr<Pid>> ProcessGroups::StartLink() const {
  return registry_internal::StartScope(table_);
}

Async<absl::Status> ProcessGroups::Join(std::string group, std::vector<Pid> pids) const {
  return registry_internal::AskScope(table_, Scope::Join{std::move(group), std::move(pids)});
}
Async<absl::Status> ProcessGroups::Join(std::string group, Pid pid) const {
  return Join(std::move(group), std::vector<Pid>{pid});
}

Async<absl::Status> ProcessGroups::Leave(std::string group, std::vector<Pid> pids) const {
  return registry_internal::AskScope(table_, Scope::Leave{std::move(group), std::move(pids)});
}
Async<absl::Status> ProcessGroups::Leave(std::string group, Pid pid) const {
  return Leave(std::move(group), std::vector<Pid>{pid});
}

Async<absl::StatusOr<GroupMonitor>> ProcessGroups::Monitor(std::string group) const {
  return registry_internal::MonitorGroup(table_, std::move(group));
}
Async<absl::StatusOr<ScopeMonitor>> ProcessGroups::MonitorScope() const {
  return registry_internal::MonitorGroups(table_);
}
Async<absl::Status> ProcessGroups::Demonitor(Ref ref) const {
  return registry_internal::EndMonitor(table_, ref);
}

std::vector<Pid> ProcessGroups::Members(std::string_view group) const {
  std::vector<Pid> members = table_->Members(group);
  std::erase_if(members, HasEnded);
  return members;
}
std::vector<Pid> ProcessGroups::LocalMembers(std::string_view group) const {
  std::vector<Pid> members = Members(group);
  const uint32_t here = table_->process().Get().home();
  std::erase_if(members, [here](const Pid& pid) { return pid.home() != here; });
  return members;
}
std::vector<std::string> ProcessGroups::Groups() const { return table_->Groups(); }

}  // namespace hydra
