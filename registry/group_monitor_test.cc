// What those who monitor groups are told (semantics.md NOD30).
#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "hydra/base/log_testing.h"
#include "hydra/base/status_testing.h"
#include "hydra/genserver/genserver.h"
#include "hydra/process/process.h"
#include "hydra/process/testing/process_test.h"
#include "hydra/process/testing/rounds.h"
#include "hydra/registry/process_groups.h"
#include "hydra/registry/process_groups_testing.h"

namespace hydra {
namespace {

using absl::StatusCode;
using registry_testing::Begin;
using registry_testing::Kill;
using registry_testing::StateOf;
using registry_testing::WaitForEver;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;
using testing::UnorderedElementsAre;

// The notices of a monitor that have come, oldest first: "+x 2" for two that joined x.
Async<std::vector<std::string>> Told(Ref ref) {
  std::vector<std::string> told;
  for (;;) {
    auto notice = co_await Receive<GroupJoined, GroupLeft>().For(ref).Within(absl::ZeroDuration());
    if (!notice.has_value()) co_return told;
    std::visit(
        [&](const auto& change) {
          const bool joined = std::is_same_v<decltype(change), const GroupJoined&>;
          told.push_back((joined ? "+" : "-") + change.group + " " +
                         std::to_string(change.pids.size()));
        },
        *notice);
  }
}

// NOD30
HYDRA_TEST(GroupMonitorTest, TellsAllChangesOfItsGroupInOrder) {
  const ProcessGroups groups;
  co_await Begin(groups);
  const Pid a = Spawn(WaitForEver);
  EXPECT_OK(co_await groups.Join("x", a));
  const auto monitor = co_await groups.Monitor("x");
  CO_ASSERT_TRUE(monitor.ok()) << monitor.status();
  EXPECT_THAT(monitor->members, ElementsAre(a));
  EXPECT_OK(co_await groups.Join("x", {Self(), a}));
  EXPECT_OK(co_await groups.Join("y", Self()));
  EXPECT_OK(co_await groups.Leave("x", {a, Spawn(WaitForEver), a}));
  EXPECT_OK(co_await groups.Leave("y", Self()));
  EXPECT_OK(co_await groups.Join("x", a));
  const auto joined = co_await AssertReceive<GroupJoined>();
  EXPECT_EQ(joined.ref, monitor->ref);
  EXPECT_EQ(joined.group, "x");
  EXPECT_THAT(joined.pids, ElementsAre(Self(), a));
  const auto left = co_await AssertReceive<GroupLeft>();
  EXPECT_EQ(left.ref, monitor->ref);
  EXPECT_THAT(left.pids, ElementsAre(a, a));
  EXPECT_THAT(co_await Told(monitor->ref), ElementsAre("+x 1"));
}

// NOD30: what changes nothing isn't told.
HYDRA_TEST(GroupMonitorTest, TellsNoMoreThanHappens) {
  const ProcessGroups groups;
  co_await Begin(groups);
  const auto monitor = co_await groups.MonitorScope();
  EXPECT_THAT(co_await groups.Leave("x", Self()), StatusIs(StatusCode::kNotFound));
  EXPECT_OK(co_await groups.Join("x", std::vector<Pid>()));
  EXPECT_THAT(co_await groups.Join("x", Pid()), StatusIs(StatusCode::kInvalidArgument));
  EXPECT_THAT(co_await Told(monitor->ref), IsEmpty());
}

// NOD30: what a scope monitor begins with, and is told.
HYDRA_TEST(GroupMonitorTest, AScopeMonitorTellsOfAllGroups) {
  const ProcessGroups groups;
  co_await Begin(groups);
  const Pid a = Spawn(WaitForEver);
  EXPECT_OK(co_await groups.Join("x", {a, Self()}));
  EXPECT_OK(co_await groups.Join("y", a));
  const auto monitor = co_await groups.MonitorScope();
  CO_ASSERT_TRUE(monitor.ok()) << monitor.status();
  EXPECT_THAT(monitor->members,
              UnorderedElementsAre(Pair("x", ElementsAre(a, Self())), Pair("y", ElementsAre(a))));
  EXPECT_OK(co_await groups.Join("z", Self()));
  EXPECT_OK(co_await groups.Leave("x", Self()));
  EXPECT_THAT(co_await Told(monitor->ref), ElementsAre("+z 1", "-x 1"));
}

// NOD30
HYDRA_TEST(GroupMonitorTest, TellsAnEndAsOftenAsItWasAMember) {
  const ProcessGroups groups;
  co_await Begin(groups);
  const Pid a = Spawn(WaitForEver);
  EXPECT_OK(co_await groups.Join("x", {a, Self(), a}));
  EXPECT_OK(co_await groups.Join("y", a));
  const auto monitor = co_await groups.MonitorScope();
  co_await Kill(a);
  const auto of_x = co_await AssertReceive<GroupLeft>(testing::Field(&GroupLeft::group, "x"));
  EXPECT_THAT(of_x.pids, ElementsAre(a, a));
  const auto of_y = co_await AssertReceive<GroupLeft>();
  EXPECT_EQ(of_y.group, "y");
  EXPECT_THAT(of_y.pids, ElementsAre(a));
  EXPECT_THAT(co_await Told(monitor->ref), IsEmpty());
}

// NOD30: one that has ended, unseen by the scope, is among those that a monitor begins with, since its leaving is
// told.
HYDRA_TEST_BY_HAND(GroupMonitorTest, BeginsWithThoseWhoseEndIsTold) {
  const ProcessGroups groups;
  const Pid scope = co_await Begin(groups);
  const Pid a = Spawn(WaitForEver);
  EXPECT_OK(co_await groups.Join("x", {a, Self()}));
  EXPECT_OK(co_await sys::Suspend(scope));
  Spawn([groups, owner = Self()]() -> Async<> {
    const auto monitor = co_await groups.Monitor("x");
    EXPECT_OK(monitor);
    Send(owner, monitor->members);
    Send(owner, co_await AssertReceive<GroupLeft>());
  });
  co_await Sleep(absl::Milliseconds(1));  // the scope has the request
  co_await Kill(a);
  EXPECT_OK(co_await sys::Resume(scope));
  EXPECT_THAT(co_await AssertReceive<std::vector<Pid>>(), ElementsAre(a, Self()));
  EXPECT_THAT((co_await AssertReceive<GroupLeft>()).pids, ElementsAre(a));
}

// NOD30: each by its own ref.
HYDRA_TEST(GroupMonitorTest, OneProcessMayHaveSeveral) {
  const ProcessGroups groups;
  const Pid scope = co_await Begin(groups);
  const auto one = co_await groups.Monitor("x");
  const auto two = co_await groups.Monitor("x");
  const auto all = co_await groups.MonitorScope();
  EXPECT_EQ(co_await StateOf(scope), "0 groups, 3 monitors, 1 processes");
  EXPECT_OK(co_await groups.Join("x", Self()));
  for (const Ref& ref : {one->ref, two->ref, all->ref})
    EXPECT_THAT(co_await Told(ref), ElementsAre("+x 1"));
  EXPECT_OK(co_await groups.Demonitor(one->ref));
  EXPECT_OK(co_await groups.Leave("x", Self()));
  EXPECT_THAT(co_await Told(one->ref), IsEmpty());
  EXPECT_THAT(co_await Told(two->ref), ElementsAre("-x 1"));
  EXPECT_THAT(co_await Told(all->ref), ElementsAre("-x 1"));
}

// ---- Demonitor.

// NOD30
HYDRA_TEST(GroupDemonitorTest, NothingIsLeftOfIt) {
  const ProcessGroups groups;
  const Pid scope = co_await Begin(groups);
  const auto monitor = co_await groups.Monitor("x");
  const auto other = co_await groups.Monitor("x");
  EXPECT_OK(co_await groups.Join("x", Self()));
  EXPECT_OK(co_await groups.Leave("x", Self()));
  EXPECT_OK(co_await groups.Demonitor(monitor->ref));
  EXPECT_OK(co_await groups.Join("x", Self()));
  EXPECT_THAT(co_await Told(monitor->ref), IsEmpty());
  EXPECT_THAT(co_await Told(other->ref), ElementsAre("+x 1", "-x 1", "+x 1"));
  EXPECT_THAT(co_await groups.Demonitor(monitor->ref), StatusIs(StatusCode::kNotFound));
  EXPECT_OK(co_await groups.Demonitor(other->ref));
  EXPECT_EQ(co_await StateOf(scope), "1 groups, 0 monitors, 1 processes");
  EXPECT_OK(co_await groups.Leave("x", Self()));
  EXPECT_EQ(co_await StateOf(scope), "0 groups, 0 monitors, 0 processes");
  EXPECT_THAT((co_await Info(scope))->monitors, IsEmpty());
}

HYDRA_TEST(GroupDemonitorTest, OnlyOnesOwn) {
  const ProcessGroups groups;
  const Pid scope = co_await Begin(groups);
  const auto monitor = co_await groups.MonitorScope();
  Spawn([groups, ref = monitor->ref, owner = Self()]() -> Async<> {
    Send(owner, co_await groups.Demonitor(ref));
  });
  EXPECT_THAT(co_await AssertReceive<absl::Status>(), StatusIs(StatusCode::kNotFound));
  EXPECT_THAT(co_await groups.Demonitor(MakeRef()), StatusIs(StatusCode::kNotFound));
  EXPECT_OK(co_await groups.Join("x", Self()));
  EXPECT_THAT(co_await Told(monitor->ref), ElementsAre("+x 1"));
  EXPECT_EQ(co_await StateOf(scope), "1 groups, 1 monitors, 1 processes");
}

// Of a scope that has ended, too, the mailbox is cleared.
HYDRA_TEST(GroupDemonitorTest, ClearsTheMailboxWhenTheScopeHasEnded) {
  const ScopedLogCapture log;
  const ProcessGroups groups;
  const Pid scope = co_await Begin(groups);
  const auto monitor = co_await groups.Monitor("x");
  EXPECT_OK(co_await groups.Join("x", Self()));
  co_await Kill(scope);
  EXPECT_THAT(co_await groups.Demonitor(monitor->ref), StatusIs(StatusCode::kUnavailable));
  EXPECT_THAT(co_await Told(monitor->ref), IsEmpty());
}

// NOD30: a monitor ends with its process, and nothing is left of it.
HYDRA_TEST(GroupDemonitorTest, WhoEndsMonitorsNoMore) {
  const ProcessGroups groups;
  const Pid scope = co_await Begin(groups);
  const Pid watcher = Spawn([groups, owner = Self()]() -> Async<> {
    EXPECT_OK(co_await groups.Monitor("x"));
    EXPECT_OK(co_await groups.Monitor("y"));
    EXPECT_OK(co_await groups.MonitorScope());
    Send(owner, Self());
    co_await WaitForEver();
  });
  co_await AssertReceive<Pid>();
  EXPECT_OK(co_await groups.Join("x", watcher));
  EXPECT_EQ(co_await StateOf(scope), "1 groups, 3 monitors, 1 processes");
  EXPECT_OK(co_await groups.Leave("x", watcher));  // it is watched on, as one who monitors
  const auto own = co_await groups.Monitor("x");
  EXPECT_OK(co_await groups.Join("x", watcher));
  co_await Kill(watcher);
  co_await AssertReceive<GroupLeft>();
  EXPECT_EQ(co_await StateOf(scope), "0 groups, 1 monitors, 1 processes");
  EXPECT_OK(co_await groups.Demonitor(own->ref));
  EXPECT_EQ(co_await StateOf(scope), "0 groups, 0 monitors, 0 processes");
  EXPECT_THAT((co_await Info(scope))->monitors, IsEmpty());
}

// The same without being a member.
HYDRA_TEST(GroupDemonitorTest, TheScopeForgetsWhoMonitored) {
  const ProcessGroups groups;
  const Pid scope = co_await Begin(groups);
  const Pid watcher = Spawn([groups, owner = Self()]() -> Async<> {
    EXPECT_OK(co_await groups.MonitorScope());
    Send(owner, Self());
    co_await WaitForEver();
  });
  co_await AssertReceive<Pid>();
  EXPECT_EQ(co_await StateOf(scope), "0 groups, 1 monitors, 1 processes");
  co_await Kill(watcher);
  while (co_await StateOf(scope) != "0 groups, 0 monitors, 0 processes") co_await Yield();
}

// ---- Races.

using Membership = std::map<std::string, std::vector<Pid>>;

void Apply(Membership& membership, const GroupJoined& joined) {
  std::vector<Pid>& members = membership[joined.group];
  members.insert(members.end(), joined.pids.begin(), joined.pids.end());
}
void Apply(Membership& membership, const GroupLeft& left) {
  std::vector<Pid>& members = membership[left.group];
  for (const Pid& pid : left.pids) {
    const auto member = std::find(members.rbegin(), members.rend(), pid);
    ASSERT_NE(member, members.rend()) << pid << " left " << left.group << ", but hadn't joined";
    members.erase(std::next(member).base());
  }
}

struct Finished {
  Membership known;
};
struct Settle {};

// Knows, by a monitor, who is in which group; until it is told to settle: then it tells, having heard all.
Async<> Watch(ProcessGroups groups, Pid owner) {
  const auto monitor = co_await groups.MonitorScope();
  CO_ASSERT_TRUE(monitor.ok()) << monitor.status();
  Membership known;
  for (const auto& [group, members] : monitor->members) known[group] = members;
  bool settled = false;
  while (!settled) {
    co_await Receive([&](const GroupJoined& joined) { Apply(known, joined); },
                     [&](const GroupLeft& left) { Apply(known, left); },
                     [&](Settle) { settled = true; });
  }
  for (;;) {
    auto rest =
        co_await Receive<GroupJoined, GroupLeft>().For(monitor->ref).Within(absl::ZeroDuration());
    if (!rest.has_value()) break;
    std::visit([&](const auto& change) { Apply(known, change); }, *rest);
  }
  std::erase_if(known, [](const auto& group) { return group.second.empty(); });
  EXPECT_OK(co_await groups.Demonitor(monitor->ref));
  Send(owner, Finished{std::move(known)});
}

// Joins, leaves and lets others join that end soon; has finished when they have.
Async<> Mingle(ProcessGroups groups, uint32_t seed, int64_t rounds, Pid owner) {
  std::minstd_rand random(seed);
  std::vector<Ref> ends;
  for (; rounds > 0; --rounds) {
    std::string group(1, static_cast<char>('a' + random() / 8 % 3));
    switch (random() / 8 % 4) {
      case 0:
        EXPECT_OK(co_await groups.Join(group, Self()));
        break;
      case 1: {
        const Pid brief = Spawn([]() -> Async<> { co_await Yield(); });
        ends.push_back(Monitor(brief));
        EXPECT_OK(co_await groups.Join(group, {brief, Self()}));
        break;
      }
      default:
        static_cast<void>(co_await groups.Leave(group, Self()));
    }
    if (random() / 8 % 4 == 0) static_cast<void>(groups.Members(group));
  }
  for (const Ref& end : ends) co_await Receive<Down>().For(end);
  Send(owner, Finished{});
  co_await WaitForEver();
}

// NOD30: what a monitor begins with and what it tells are, together, the groups: nothing is missing, nothing is
// told twice; whenever it began.
Async<> MonitorsKnowTheGroups(int64_t rounds) {
  constexpr uint32_t kMingling = 4;
  constexpr int kWatchers = 4;
  const ProcessGroups groups;
  const Pid scope = co_await Begin(groups);
  for (uint32_t i = 1; i <= kMingling; ++i) Spawn(Mingle, groups, i, rounds, Self());
  std::vector<Pid> watchers;
  for (int i = 0; i < kWatchers; ++i) {
    watchers.push_back(Spawn(Watch, groups, Self()));
    co_await Yield();
  }
  for (uint32_t i = 0; i < kMingling; ++i)
    co_await AssertReceive<Finished>(testing::_, absl::Seconds(40));
  Membership all;
  const auto monitor = co_await groups.MonitorScope();
  CO_ASSERT_TRUE(monitor.ok());
  for (const auto& [group, members] : monitor->members) all[group] = members;
  // Until the scope has noticed the last of those that have ended.
  const auto has_ended = [&](const auto& group) {
    return group.second.size() != groups.Members(group.first).size();
  };
  while (std::any_of(all.begin(), all.end(), has_ended))
    Apply(all, co_await AssertReceive<GroupLeft>());
  std::erase_if(all, [](const auto& group) { return group.second.empty(); });
  for (const Pid& watcher : watchers) Send(watcher, Settle{});
  for (int i = 0; i < kWatchers; ++i) EXPECT_EQ((co_await AssertReceive<Finished>()).known, all);
  for (const auto& [group, members] : all) EXPECT_EQ(groups.Members(group), members);
  EXPECT_OK(co_await groups.Demonitor(monitor->ref));
  EXPECT_THAT(co_await StateOf(scope), testing::HasSubstr(", 0 monitors, "));
}

TEST(GroupMonitorRaceTest, MonitorsKnowTheGroups) {
  TestByHand([] { return MonitorsKnowTheGroups(50); });
}
TEST(GroupMonitorRaceTest, MonitorsKnowTheGroupsOnThreads) {
  TestOnThreads([] { return MonitorsKnowTheGroups(Rounds(50'000)); });
}

}  // namespace
}  // namespace hydra
