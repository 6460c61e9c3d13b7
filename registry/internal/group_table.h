// The members of the groups of a scope: read by all, changed by the scope's process.
#ifndef HYDRA_REGISTRY_INTERNAL_GROUP_TABLE_H_
#define HYDRA_REGISTRY_INTERNAL_GROUP_TABLE_H_

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "hydra/base/read_section.h"
#include "hydra/base/shared_key.h"
#include "hydra/base/status_macros.h"
#include "hydra/process/pid.h"
#include "hydra/registry/internal/duplicate_partition.h"
#include "hydra/registry/internal/one_process.h"
#include "hydra/registry/registry_entry.h"

namespace hydra::registry_internal {

// Thread safety: any thread.
class GroupTable {
 public:
  explicit GroupTable(std::string scope) : scope_(std::move(scope)), process_("scope", scope_) {}

  const std::string& scope() const { return scope_; }
  const OneProcess& process() const { return process_; }

  // The members, in the order in which they were added. Some may have ended.
  std::vector<Pid> Members(std::string_view group) const {
    std::vector<Pid> members;
    const ReadSection section;
    members_.ForEachOf(HashOfKey(group), group,
                       [&](const Member& member) { members.push_back(member.pid); });
    return members;
  }

  std::vector<std::string> Groups() const {
    std::vector<std::string> groups;
    const ReadSection section;
    members_.ForEachKey([&](const std::string& group) { groups.push_back(group); });
    return groups;
  }

  // ---- For the scope's process.

  absl::Status Open(const Pid& process) {
    HYDRA_RETURN_IF_ERROR(process_.Begin(process));
    members_.SetProcess(process);
    return absl::OkStatus();
  }
  void Close() {
    members_.SetProcess(Pid());
    process_.End();
  }

  void Add(std::string_view group, const Pid& pid) {
    members_.Add(HashOfKey(group), group, std::make_unique<Member>(pid, NoValue()));
  }

  // Removes the newest membership of the process. Returns whether there was one.
  bool Remove(std::string_view group, const Pid& pid) {
    const ReadSection section;
    std::vector<Member*> found = members_.Find(HashOfKey(group), group, pid);
    if (found.empty()) return false;
    found.resize(1);
    members_.Remove(found);
    return true;
  }

  // Removes a process from all groups. Returns their names, one as often as it was a member.
  std::vector<std::string> RemoveAll(const Pid& pid) {
    std::vector<std::string> groups;
    members_.AppendKeysOf(pid, groups);
    members_.Forget(pid);
    return groups;
  }

  bool HasAny(const Pid& pid) const { return members_.Has(pid); }

 private:
  using Members_ = DuplicatePartition<std::string, NoValue>;
  using Member = Members_::Member;

  const std::string scope_;
  OneProcess process_;
  Members_ members_;
};

}  // namespace hydra::registry_internal

#endif  // HYDRA_REGISTRY_INTERNAL_GROUP_TABLE_H_
