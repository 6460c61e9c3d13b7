// ProcessGroups across nodes under random schedules (semantics.md NOD30): joins, leaves, ends, cuts, restarts of nodes and
// scopes, scopes that are behind. Once all has healed the groups are the same everywhere.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "gtest/gtest.h"
#include "hydra/base/log_testing.h"
#include "hydra/base/status_testing.h"
#include "hydra/genserver/genserver.h"
#include "hydra/process/process.h"
#include "hydra/process/testing/rounds.h"
#include "hydra/registry/groups_nodes_testing.h"
#include "hydra/registry/process_groups.h"

namespace hydra {
namespace {

using registry_testing::GroupNodes;
using registry_testing::Tally;

using Groups = std::map<std::string, std::vector<Pid>>;  // none is empty

class Schedule {
 public:
  explicit Schedule(uint32_t seed)
      : random_(seed), nodes_(3 + seed % 3, seed), known_(nodes_.size()) {
    for (size_t i = 0; i < nodes_.size(); ++i) known_[i].tally = nodes_.MonitorScope(i);
  }

  void Run(int steps) {
    for (; steps > 0; --steps) Step();
    Heal();
    Check();
  }

 private:
  // What is known of a node.
  struct Known {
    std::vector<Pid> alive;
    Groups groups;  // of its own processes, by what was done
    std::shared_ptr<Tally> tally;
    bool is_behind = false;  // its scope is suspended
  };

  size_t Pick(size_t count) { return random_() / 8 % count; }

  void Step() {
    const size_t i = Pick(nodes_.size());
    switch (Pick(20)) {
      case 0:
      case 1:
        return known_[i].alive.push_back(nodes_.NewMember(i));
      case 2:
      case 3:
      case 4:
        return Join(i);
      case 5:
      case 6:
        return Leave(i);
      case 7:
        return End(i);
      case 8:
        return nodes_.Cut(i, Pick(nodes_.size()));
      case 9:
      case 10:
        if (const size_t other = Pick(nodes_.size()); other != i) nodes_.Connect(i, other);
        return;
      case 11:
        if (Pick(3) == 0) RestartScope(i);
        return;
      case 12:
        if (Pick(5) == 0) RestartNode(i);
        return;
      case 13:
        return SetBehind(i, !known_[i].is_behind);
      case 14:
        return nodes_.Settle();
      default:  // things go on a little
        for (size_t turns = Pick(20); turns > 0; --turns) nodes_[i].RunOne();
        if (Pick(2) == 0) nodes_.network().Deliver();
    }
  }

  std::string PickGroup() { return std::string(1, static_cast<char>('x' + Pick(3))); }

  std::vector<Pid> PickProcesses(size_t i) {
    std::vector<Pid> picked;
    if (known_[i].alive.empty()) return picked;
    for (size_t count = 1 + Pick(3); count > 0; --count)
      picked.push_back(known_[i].alive[Pick(known_[i].alive.size())]);
    return picked;
  }

  void Join(size_t i) {
    SetBehind(i, false);
    const std::string group = PickGroup();
    const std::vector<Pid> pids = PickProcesses(i);
    if (pids.empty()) return;
    EXPECT_OK(nodes_.Join(i, group, pids));
    std::vector<Pid>& members = known_[i].groups[group];
    members.insert(members.end(), pids.begin(), pids.end());
  }

  void Leave(size_t i) {
    SetBehind(i, false);
    const std::string group = PickGroup();
    const std::vector<Pid> pids = PickProcesses(i);
    if (pids.empty()) return;
    const bool left = nodes_.Leave(i, group, pids).ok();
    bool was_member = false;
    std::vector<Pid>& members = known_[i].groups[group];
    for (const Pid& pid : pids) {
      const auto newest = std::find(members.rbegin(), members.rend(), pid);
      if (newest == members.rend()) continue;
      members.erase(std::next(newest).base());
      was_member = true;
    }
    EXPECT_EQ(left, was_member);
  }

  void End(size_t i) {
    Known& node = known_[i];
    if (node.alive.empty()) return;
    const Pid pid = node.alive[Pick(node.alive.size())];
    nodes_.KillMember(i, pid);
    std::erase(node.alive, pid);
    for (auto& [group, members] : node.groups) std::erase(members, pid);
  }

  void RestartScope(size_t i) {
    nodes_.KillScope(i);
    known_[i].groups.clear();
    if (Pick(2) == 0) nodes_.Settle();
    nodes_.StartScope(i);
    known_[i].tally = nodes_.MonitorScope(i);
    known_[i].is_behind = false;
  }

  void RestartNode(size_t i) {
    nodes_.RestartNode(i);
    known_[i] = {};
    known_[i].tally = nodes_.MonitorScope(i);
  }

  void SetBehind(size_t i, bool is_behind) {
    if (known_[i].is_behind == is_behind) return;
    known_[i].is_behind = is_behind;
    const Pid scope = nodes_.scope(i);
    nodes_.RunOn(i, [&]() -> Async<> {
      EXPECT_OK(is_behind ? co_await sys::Suspend(scope) : co_await sys::Resume(scope));
    });
  }

  void Heal() {
    for (size_t i = 0; i < nodes_.size(); ++i) SetBehind(i, false);
    nodes_.ConnectAll();
    nodes_.Settle();
  }

  static std::vector<Pid> Sorted(std::vector<Pid> pids) {
    std::sort(pids.begin(), pids.end());
    return pids;
  }

  void Check() {
    for (const std::string group : {"x", "y", "z"}) {
      std::vector<Pid> all;
      for (Known& node : known_) {
        const std::vector<Pid>& members = node.groups[group];
        all.insert(all.end(), members.begin(), members.end());
      }
      for (size_t i = 0; i < nodes_.size(); ++i) {
        const std::vector<Pid> members = nodes_.Members(i, group);
        EXPECT_EQ(Sorted(members), Sorted(all)) << group << " on " << nodes_.NameOf(i);
        EXPECT_EQ(nodes_.groups(i).LocalMembers(group), known_[i].groups[group]);
        EXPECT_EQ(known_[i].tally->known[group], members) << "told on " << nodes_.NameOf(i);
      }
    }
  }

  std::minstd_rand random_;
  GroupNodes nodes_;
  std::vector<Known> known_;
};

// NOD30
TEST(GroupsRandomTest, AreTheSameEverywhereOnceAllHasHealed) {
  const ScopedLogCapture log;  // of scopes that are killed
  for (int64_t seed = 1; seed <= Rounds(30'000); ++seed) {
    Schedule(static_cast<uint32_t>(seed)).Run(static_cast<int>(50 + seed % 150));
    ASSERT_FALSE(testing::Test::HasFailure()) << "seed " << seed;
  }
}

}  // namespace
}  // namespace hydra
