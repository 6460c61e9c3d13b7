// Nodes with a scope of ProcessGroups each, for tests.
#ifndef HYDRA_REGISTRY_GROUPS_NODES_TESTING_H_
#define HYDRA_REGISTRY_GROUPS_NODES_TESTING_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "gtest/gtest.h"
#include "hydra/base/status_testing.h"
#include "hydra/process/process.h"
#include "hydra/registry/nodes_testing.h"
#include "hydra/registry/process_groups.h"
#include "hydra/registry/process_groups_testing.h"

namespace hydra::registry_testing {

inline constexpr char kScope[] = "groups";

// What a monitor has told, added up.
struct Tally {
  std::map<std::string, std::vector<Pid>> known;  // no group without members
  std::vector<std::string> told;                  // "+x 2": two have joined x

  void Apply(const GroupJoined& joined) {
    told.push_back("+" + joined.group + " " + std::to_string(joined.pids.size()));
    std::vector<Pid>& members = known[joined.group];
    members.insert(members.end(), joined.pids.begin(), joined.pids.end());
  }
  void Apply(const GroupLeft& left) {
    told.push_back("-" + left.group + " " + std::to_string(left.pids.size()));
    std::vector<Pid>& members = known[left.group];
    for (const Pid& pid : left.pids) {
      const auto member = std::find(members.rbegin(), members.rend(), pid);
      ASSERT_NE(member, members.rend()) << pid << " left " << left.group << ", but hadn't joined";
      members.erase(std::next(member).base());
    }
    if (members.empty()) known.erase(left.group);
  }
};

class GroupNodes : public FakeNodes {
 public:
  explicit GroupNodes(size_t count, uint64_t seed = 1)
      : FakeNodes(count, seed), groups_(count), scopes_(count) {
    for (size_t i = 0; i < count; ++i) {
      groups_[i] = std::make_unique<ProcessGroups>(ProcessGroupsOptions{.scope = kScope});
      StartScope(i);
    }
  }

  const ProcessGroups& groups(size_t i) const { return *groups_[i]; }
  Pid scope(size_t i) const { return scopes_[i]; }

  void StartScope(size_t i) {
    RunOn(i, [&]() -> Async<> {
      Spawn(Hold, *groups_[i], Self());
      scopes_[i] = (co_await Receive<Pid>());
    });
  }
  void KillScope(size_t i) {
    RunOn(i, [&]() -> Async<> { co_await Kill(scopes_[i]); });
    scopes_[i] = Pid();
  }
  void RestartNode(size_t i) {
    Restart(i);
    groups_[i] = std::make_unique<ProcessGroups>(ProcessGroupsOptions{.scope = kScope});
    StartScope(i);
  }

  Pid NewMember(size_t i) { return (*this)[i].Spawn(WaitForEver); }
  void KillMember(size_t i, Pid pid) {
    RunOn(i, [&]() -> Async<> { co_await Kill(pid); });
  }
  absl::Status Join(size_t i, const std::string& group, const std::vector<Pid>& pids) {
    absl::Status status;
    RunOn(i, [&]() -> Async<> { status = co_await groups_[i]->Join(group, pids); });
    return status;
  }
  absl::Status Leave(size_t i, const std::string& group, const std::vector<Pid>& pids) {
    absl::Status status;
    RunOn(i, [&]() -> Async<> { status = co_await groups_[i]->Leave(group, pids); });
    return status;
  }

  std::vector<Pid> Members(size_t i, const std::string& group = "x") const {
    return groups_[i]->Members(group);
  }

  // Adds up what the scope of the node tells from now on.
  std::shared_ptr<Tally> MonitorScope(size_t i) {
    auto tally = std::make_shared<Tally>();
    RunOn(i, [&]() -> Async<> {
      Spawn(Watch, *groups_[i], tally, Self());
      co_await Receive<Pid>();
    });
    return tally;
  }

 private:
  // Starts the scope, and is its parent.
  static Async<> Hold(ProcessGroups groups, Pid owner) {
    const auto started = co_await groups.StartLink();
    EXPECT_OK(started);
    Send(owner, *started);
    co_await WaitForEver();
  }

  static Async<> Watch(ProcessGroups groups, std::shared_ptr<Tally> tally, Pid owner) {
    const auto monitor = co_await groups.MonitorScope();
    EXPECT_OK(monitor);
    for (const auto& [group, members] : monitor->members) tally->known[group] = members;
    Send(owner, Self());
    while (true) {
      co_await Receive([&](const GroupJoined& joined) { tally->Apply(joined); },
                       [&](const GroupLeft& left) { tally->Apply(left); });
    }
  }

  std::vector<std::unique_ptr<ProcessGroups>> groups_;
  std::vector<Pid> scopes_;
};

}  // namespace hydra::registry_testing

#endif  // HYDRA_REGISTRY_GROUPS_NODES_TESTING_H_
