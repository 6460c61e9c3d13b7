#include "hydra/registry/process_groups.h"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "hydra/genserver/server_options.h"
#include "hydra/genserver/start.h"
#include "hydra/process/async.h"
#include "hydra/process/behaviour.h"
#include "hydra/process/pid.h"
#include "hydra/process/receive.h"
#include "hydra/process/request.h"
#include "hydra/process/self.h"
#include "hydra/registry/internal/ask.h"
#include "hydra/registry/internal/group_scope.h"
#include "hydra/registry/internal/group_table.h"
#include "hydra/supervisor/child.h"
#include "hydra/supervisor/child_spec.h"

namespace hydra {
namespace registry_internal {
namespace {

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
  auto members = co_await AskScope(std::move(table), GroupScope::MonitorOne{ref, std::move(group)});
  if (!members.ok()) co_return members.status();
  co_return GroupMonitor{ref, *std::move(members)};
}

Async<absl::StatusOr<ScopeMonitor>> MonitorGroups(std::shared_ptr<GroupTable> table) {
  const Ref ref = MakeRef();
  auto members = co_await AskScope(std::move(table), GroupScope::MonitorAll{ref});
  if (!members.ok()) co_return members.status();
  co_return ScopeMonitor{ref, *std::move(members)};
}

Async<absl::Status> EndMonitor(std::shared_ptr<GroupTable> table, Ref ref) {
  if (ref.creator() != Self())
    co_return absl::NotFoundError("Demonitor: the monitor is another process's");
  absl::Status ended = co_await AskScope(std::move(table), GroupScope::EndMonitor{ref});
  co_await Flush(ref);
  co_return ended;
}

Async<absl::StatusOr<Pid>> StartScope(std::shared_ptr<GroupTable> table) {
  const ServerOptions options = {.name = table->scope()};
  co_return co_await StartLinkedServer<GroupScope>(options, std::move(table));
}

}  // namespace
}  // namespace registry_internal

using registry_internal::GroupScope;

ProcessGroups::ProcessGroups(ProcessGroupsOptions options)
    : table_(std::make_shared<registry_internal::GroupTable>(std::move(options.scope))) {}

ChildSpec ProcessGroups::child() const {
  const std::string& scope = table_->scope();
  return Child<GroupScope>({.id = scope.empty() ? "groups" : scope, .server = {.name = scope}},
                           table_);
}

Async<absl::StatusOr<Pid>> ProcessGroups::StartLink() const {
  return registry_internal::StartScope(table_);
}

Async<absl::Status> ProcessGroups::Join(std::string group, std::vector<Pid> pids) const {
  return registry_internal::AskScope(table_, GroupScope::Join{std::move(group), std::move(pids)});
}
Async<absl::Status> ProcessGroups::Join(std::string group, Pid pid) const {
  return Join(std::move(group), std::vector<Pid>{pid});
}

Async<absl::Status> ProcessGroups::Leave(std::string group, std::vector<Pid> pids) const {
  return registry_internal::AskScope(table_, GroupScope::Leave{std::move(group), std::move(pids)});
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
