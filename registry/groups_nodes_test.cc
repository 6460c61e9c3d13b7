// ProcessGroups across nodes (semantics.md NOD30). After OTP's pg_SUITE.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "hydra/base/log_testing.h"
#include "hydra/base/status_testing.h"
#include "hydra/genserver/genserver.h"
#include "hydra/process/process.h"
#include "hydra/process/testing/manual_runtime.h"
#include "hydra/registry/groups_nodes_testing.h"
#include "hydra/registry/internal/group_messages.h"
#include "hydra/registry/process_groups.h"
#include "hydra/registry/process_groups_testing.h"

namespace hydra {
namespace {

using absl::StatusCode;
using registry_internal::GroupDiscover;
using registry_internal::GroupsJoined;
using registry_internal::GroupsLeft;
using registry_internal::GroupSync;
using registry_testing::GroupNodes;
using registry_testing::kScope;
using registry_testing::Tally;
using registry_testing::WaitForEver;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Pair;
using testing::SizeIs;
using testing::UnorderedElementsAre;

constexpr size_t kA = 0;
constexpr size_t kB = 1;
constexpr size_t kC = 2;

// ---- Members.

// NOD30
TEST(GroupsOnNodesTest, MembersAreThoseOfAllNodes) {
  GroupNodes nodes(3);
  const Pid a = nodes.NewMember(kA);
  const Pid b = nodes.NewMember(kB);
  const Pid c = nodes.NewMember(kC);
  EXPECT_OK(nodes.Join(kA, "x", {a}));  // before they know each other
  nodes.ConnectAll();
  nodes.Settle();
  EXPECT_OK(nodes.Join(kB, "x", {b}));  // and after
  EXPECT_OK(nodes.Join(kC, "y", {c}));
  nodes.Settle();
  for (const size_t i : {kA, kB, kC}) {
    EXPECT_THAT(nodes.Members(i), UnorderedElementsAre(a, b));
    EXPECT_THAT(nodes.Members(i, "y"), ElementsAre(c));
    EXPECT_THAT(nodes.groups(i).Groups(), UnorderedElementsAre("x", "y"));
  }
  EXPECT_THAT(nodes.groups(kA).LocalMembers("x"), ElementsAre(a));
  EXPECT_THAT(nodes.groups(kB).LocalMembers("x"), ElementsAre(b));
  EXPECT_THAT(nodes.groups(kC).LocalMembers("x"), IsEmpty());
}

// NOD30: local joins only, also of those who are members.
TEST(GroupsOnNodesTest, OnlyOnesOwnJoinAndLeave) {
  GroupNodes nodes(2);
  const Pid b = nodes.NewMember(kB);
  EXPECT_OK(nodes.Join(kB, "x", {b}));
  nodes.ConnectAll();
  nodes.Settle();
  EXPECT_THAT(nodes.Join(kA, "x", {b}), StatusIs(StatusCode::kInvalidArgument));
  EXPECT_THAT(nodes.Leave(kA, "x", {b}), StatusIs(StatusCode::kInvalidArgument));
  EXPECT_THAT(nodes.Members(kA), ElementsAre(b));
}

// NOD30: as often as it has joined, there as here.
TEST(GroupsOnNodesTest, EachMembershipCounts) {
  GroupNodes nodes(2);
  const Pid a = nodes.NewMember(kA);
  EXPECT_OK(nodes.Join(kA, "x", {a, a}));
  nodes.ConnectAll();
  nodes.Settle();
  EXPECT_THAT(nodes.Members(kB), ElementsAre(a, a));
  EXPECT_OK(nodes.Join(kA, "x", {a}));
  nodes.Settle();
  EXPECT_THAT(nodes.Members(kB), ElementsAre(a, a, a));
  EXPECT_OK(nodes.Leave(kA, "x", {a, a}));
  nodes.Settle();
  EXPECT_THAT(nodes.Members(kB), ElementsAre(a));
}

// NOD30
TEST(GroupsOnNodesTest, WhoEndsLeavesEverywhere) {
  GroupNodes nodes(2);
  nodes.ConnectAll();
  const Pid a = nodes.NewMember(kA);
  const Pid other = nodes.NewMember(kA);
  EXPECT_OK(nodes.Join(kA, "x", {a, other, a}));
  EXPECT_OK(nodes.Join(kA, "y", {a}));
  nodes.Settle();
  const auto tally = nodes.MonitorScope(kB);
  nodes.KillMember(kA, a);
  nodes.Settle();
  EXPECT_THAT(nodes.Members(kB), ElementsAre(other));
  EXPECT_THAT(nodes.groups(kB).Groups(), ElementsAre("x"));
  EXPECT_THAT(tally->told, UnorderedElementsAre("-x 2", "-y 1"));
}

// NOD30: what happens on one node arrives in its order, and those that were there before are first.
TEST(GroupsOnNodesTest, TheOrderOfANodeIsKept) {
  GroupNodes nodes(2);
  std::vector<Pid> joined;
  for (int i = 0; i < 6; ++i) {
    if (i == 3) nodes.ConnectAll();
    joined.push_back(nodes.NewMember(kA));
    EXPECT_OK(nodes.Join(kA, "x", {joined.back()}));
    if (i >= 3) nodes.Settle();
  }
  EXPECT_EQ(nodes.Members(kB), joined);
}

// NOD30: a scope is a world of its own, and one without a name is its node's.
TEST(GroupsOnNodesTest, ScopesAreApart) {
  GroupNodes nodes(2);
  nodes.ConnectAll();
  const ProcessGroups other({.scope = "other"});
  const ProcessGroups nameless;
  const Pid a = nodes.NewMember(kA);
  nodes[kA].Spawn([&]() -> Async<> {
    EXPECT_OK(co_await other.StartLink());
    EXPECT_OK(co_await nameless.StartLink());
    EXPECT_OK(co_await other.Join("x", a));
    EXPECT_OK(co_await nameless.Join("x", a));
    co_await WaitForEver();
  });
  nodes.Settle();
  EXPECT_THAT(other.Members("x"), ElementsAre(a));
  EXPECT_THAT(nodes.Members(kB), IsEmpty());
  EXPECT_THAT(nodes.Members(kA), IsEmpty());
}

// NOD30: it isn't transitive, as in pg.
TEST(GroupsOnNodesTest, OnlyThoseThatAreConnectedSeeEachOther) {
  GroupNodes nodes(3);
  nodes.Connect(kA, kB);
  nodes.Connect(kB, kC);
  const Pid a = nodes.NewMember(kA);
  const Pid c = nodes.NewMember(kC);
  EXPECT_OK(nodes.Join(kA, "x", {a}));
  EXPECT_OK(nodes.Join(kC, "x", {c}));
  nodes.Settle();
  EXPECT_THAT(nodes.Members(kA), ElementsAre(a));
  EXPECT_THAT(nodes.Members(kB), UnorderedElementsAre(a, c));
  EXPECT_THAT(nodes.Members(kC), ElementsAre(c));
  nodes.Connect(kA, kC);
  nodes.Settle();
  EXPECT_THAT(nodes.Members(kA), UnorderedElementsAre(a, c));
  EXPECT_THAT(nodes.Members(kC), UnorderedElementsAre(a, c));
}

// NOD24: a runtime may become a node when there are members already.
TEST(GroupsOnNodesTest, AScopeMayBeOlderThanItsNode) {
  GroupNodes nodes(1);
  ManualRuntime late;
  const ProcessGroups groups({.scope = kScope});
  Pid member;
  late.Spawn([&]() -> Async<> {
    EXPECT_OK(co_await groups.StartLink());
    EXPECT_OK(co_await groups.Join("x", Self()));
    member = Self();
    co_await WaitForEver();
  });
  late.RunUntilIdle();
  nodes.network().Add(late, {"late@test", 1});
  nodes.network().Connect("late@test", "a@test");
  do {
    nodes.Settle();
  } while (late.RunUntilIdle() > 0);
  EXPECT_THAT(nodes.Members(kA), ElementsAre(member));
}

TEST(GroupsOnNodesTest, ANameMustFitIntoAMessage) {
  GroupNodes nodes(2);
  nodes.ConnectAll();
  const Pid a = nodes.NewMember(kA);
  const std::string longest(4096, 'x');
  EXPECT_THAT(nodes.Join(kA, longest + "x", {a}),
              StatusIs(StatusCode::kInvalidArgument, HasSubstr("4097 bytes")));
  EXPECT_OK(nodes.Join(kA, longest, {a}));
  nodes.Settle();
  EXPECT_THAT(nodes.Members(kB, longest), ElementsAre(a));
}

// ---- Loss and healing.

// NOD30: at once, on both sides; monitors hear of it, and of those who are there when it has healed.
TEST(GroupsOnNodesTest, ACutTakesMembersAndHealingBringsThem) {
  GroupNodes nodes(3);
  nodes.ConnectAll();
  const Pid a = nodes.NewMember(kA);
  const Pid b = nodes.NewMember(kB);
  const Pid goes = nodes.NewMember(kB);
  const Pid comes = nodes.NewMember(kB);
  const Pid c = nodes.NewMember(kC);
  EXPECT_OK(nodes.Join(kA, "x", {a}));
  EXPECT_OK(nodes.Join(kB, "x", {b, goes, goes}));
  EXPECT_OK(nodes.Join(kB, "y", {goes}));
  EXPECT_OK(nodes.Join(kC, "x", {c}));
  nodes.Settle();
  const auto told_a = nodes.MonitorScope(kA);
  const auto told_b = nodes.MonitorScope(kB);
  const auto told_c = nodes.MonitorScope(kC);

  nodes.Cut(kA, kB);
  nodes.Settle();
  EXPECT_THAT(nodes.Members(kA), UnorderedElementsAre(a, c));
  EXPECT_THAT(nodes.groups(kA).Groups(), ElementsAre("x"));
  EXPECT_THAT(nodes.Members(kB), UnorderedElementsAre(b, goes, goes, c));
  EXPECT_THAT(nodes.Members(kC), UnorderedElementsAre(a, b, goes, goes, c));
  EXPECT_THAT(told_a->told, UnorderedElementsAre("-x 3", "-y 1"));
  EXPECT_THAT(told_b->told, ElementsAre("-x 1"));
  EXPECT_THAT(told_c->told, IsEmpty());

  EXPECT_OK(nodes.Leave(kB, "x", {goes}));
  EXPECT_OK(nodes.Leave(kB, "y", {goes}));
  EXPECT_OK(nodes.Join(kB, "x", {comes}));
  nodes.Connect(kA, kB);
  nodes.Settle();
  for (const size_t i : {kA, kB, kC}) {
    EXPECT_THAT(nodes.Members(i), UnorderedElementsAre(a, b, goes, comes, c));
    EXPECT_THAT(nodes.Members(i, "y"), IsEmpty());
  }
  EXPECT_THAT(told_a->told, UnorderedElementsAre("-x 3", "-y 1", "+x 3"));
}

// NOD30, NOD22: a node that is there again has none of its former members.
TEST(GroupsOnNodesTest, ANodeThatIsStartedAnewBeginsAnew) {
  GroupNodes nodes(2);
  nodes.ConnectAll();
  const Pid a = nodes.NewMember(kA);
  EXPECT_OK(nodes.Join(kA, "x", {a}));
  EXPECT_OK(nodes.Join(kB, "x", {nodes.NewMember(kB)}));
  nodes.Settle();
  nodes.RestartNode(kB);
  nodes.Settle();
  EXPECT_THAT(nodes.Members(kA), ElementsAre(a));
  const Pid b = nodes.NewMember(kB);
  EXPECT_OK(nodes.Join(kB, "x", {b}));
  nodes.ConnectAll();
  nodes.Settle();
  EXPECT_THAT(nodes.Members(kA), ElementsAre(a, b));
  EXPECT_THAT(nodes.Members(kB), ElementsAre(b, a));
}

// NOD30: its members go with a scope, and it learns of all when it is there again.
TEST(GroupsOnNodesTest, AScopeMayBeStartedAnew) {
  GroupNodes nodes(2);
  nodes.ConnectAll();
  const Pid a = nodes.NewMember(kA);
  const Pid b = nodes.NewMember(kB);
  EXPECT_OK(nodes.Join(kA, "x", {a}));
  EXPECT_OK(nodes.Join(kB, "x", {b}));
  nodes.Settle();
  nodes.KillScope(kB);
  nodes.Settle();
  EXPECT_THAT(nodes.Members(kA), ElementsAre(a));
  EXPECT_THAT(nodes.Members(kB), IsEmpty());
  nodes.StartScope(kB);
  nodes.Settle();
  EXPECT_THAT(nodes.Members(kB), ElementsAre(a));
  EXPECT_OK(nodes.Join(kB, "x", {b}));
  nodes.Settle();
  EXPECT_THAT(nodes.Members(kA), ElementsAre(a, b));
  // The same on the other side, before the first has heard of the end.
  nodes.KillScope(kA);
  nodes.StartScope(kA);
  EXPECT_OK(nodes.Join(kA, "y", {a}));
  nodes.Settle();
  EXPECT_THAT(nodes.Members(kB), ElementsAre(b));
  EXPECT_THAT(nodes.Members(kA), ElementsAre(b));
  EXPECT_THAT(nodes.Members(kB, "y"), ElementsAre(a));
}

// A connection that is lost on purpose stays so, whatever the scope has to say before it hears of it.
TEST(GroupsOnNodesTest, NothingIsDialled) {
  GroupNodes nodes(2);
  nodes.ConnectAll();
  nodes.Settle();
  const Pid a = nodes.NewMember(kA);
  bool joined = false;
  nodes.RunOn(kA, [&]() -> Async<> { EXPECT_OK(co_await sys::Suspend(nodes.scope(kA))); });
  nodes[kA].Spawn([&]() -> Async<> { joined = (co_await nodes.groups(kA).Join("x", a)).ok(); });
  nodes[kA].RunUntilIdle();
  nodes.Cut(kA, kB);
  nodes.RunOn(kA, [&]() -> Async<> { EXPECT_OK(co_await sys::Resume(nodes.scope(kA))); });
  nodes.Settle();
  EXPECT_TRUE(joined);
  nodes.RunOn(kA, []() -> Async<> {
    EXPECT_THAT(Nodes(), IsEmpty());
    co_return;
  });
}

// One that is behind hears of a node that has been lost and is there again: what it was told before counts no more.
TEST(GroupsOnNodesTest, AScopeThatIsBehindCatchesUp) {
  GroupNodes nodes(2);
  const Pid goes = nodes.NewMember(kB);
  const Pid stays = nodes.NewMember(kB);
  const Pid a = nodes.NewMember(kA);
  EXPECT_OK(nodes.Join(kA, "x", {a}));
  EXPECT_OK(nodes.Join(kB, "x", {goes, stays}));
  const auto told_a = nodes.MonitorScope(kA);
  nodes.RunOn(kA, [&]() -> Async<> { EXPECT_OK(co_await sys::Suspend(nodes.scope(kA))); });
  nodes[kB].Spawn(
      [&]() -> Async<> {  // as if it had been asked on the first connection, and answered
        Send(ProcessName(kScope, "a@test"), GroupDiscover{nodes.scope(kB)});
        Send(ProcessName(kScope, "a@test"),
             GroupSync{nodes.scope(kB), true, true, {{"x", {goes, stays}}}});
        co_return;
      });
  nodes.Settle();
  nodes.Cut(kA, kB);
  nodes.Settle();
  EXPECT_OK(nodes.Leave(kB, "x", {goes}));
  nodes.Connect(kA, kB);
  nodes.Settle();
  nodes.RunOn(kA, [&]() -> Async<> { EXPECT_OK(co_await sys::Resume(nodes.scope(kA))); });
  nodes.Settle();
  EXPECT_THAT(nodes.Members(kA), ElementsAre(a, stays));
  EXPECT_THAT(nodes.Members(kB), UnorderedElementsAre(a, stays));
  EXPECT_THAT(told_a->told, ElementsAre("+x 2", "-x 1")) << "only the difference is told";
}

// ---- What goes over the network.

// Counts what scopes tell each other.
struct Traffic {
  explicit Traffic(GroupNodes& nodes) {
    nodes.network().SetFilter([this](const Envelope& envelope) {
      ++counts[envelope.value.type];
      if (envelope.value.type.starts_with("hydra.groups."))
        largest = std::max(largest, envelope.value.bytes.size());
      return true;
    });
  }
  std::map<std::string, int> counts;
  size_t largest = 0;
};

// Both find each other at the same moment; each is told everything once.
TEST(GroupTrafficTest, OneSyncEach) {
  GroupNodes nodes(2);
  EXPECT_OK(nodes.Join(kA, "x", {nodes.NewMember(kA)}));
  const Traffic traffic(nodes);
  nodes.ConnectAll();
  nodes.Settle();
  EXPECT_EQ(traffic.counts.at("hydra.groups.Sync"), 2);
}

// NOD30
TEST(GroupTrafficTest, AHundredThousandMembersAreTold) {
  GroupNodes nodes(2);
  const Traffic traffic(nodes);
  std::vector<Pid> members;
  for (int i = 0; i < 1000; ++i) members.push_back(nodes.NewMember(kA));
  for (int i = 0; i < 50; ++i) EXPECT_OK(nodes.Join(kA, "x", members));
  for (int i = 0; i < 1000; ++i) {
    const std::string group = "g" + std::to_string(i) + std::string(i % 100, '.');
    EXPECT_OK(nodes.Join(kA, group, std::vector<Pid>(members.begin(), members.begin() + 50)));
  }
  nodes.ConnectAll();
  nodes.Settle();
  EXPECT_EQ(nodes.Members(kB), nodes.Members(kA));
  EXPECT_THAT(nodes.Members(kB), SizeIs(50'000));
  std::vector<std::string> groups = nodes.groups(kA).Groups();
  EXPECT_THAT(groups, SizeIs(1001));
  for (const std::string& group : groups)
    EXPECT_EQ(nodes.Members(kB, group), nodes.Members(kA, group));
  // And many at once.
  std::vector<Pid> many;
  for (int i = 0; i < 100; ++i) many.insert(many.end(), members.begin(), members.end());
  size_t told = 0;
  nodes[kB].Spawn([&]() -> Async<> {
    EXPECT_OK(co_await nodes.groups(kB).Monitor("many"));
    while (true) {
      co_await Receive([&](const GroupJoined& joined) { told += joined.pids.size(); },
                       [&](const GroupLeft& left) { told -= left.pids.size(); });
    }
  });
  nodes.Settle();
  EXPECT_OK(nodes.Join(kA, "many", many));
  nodes.Settle();
  EXPECT_EQ(nodes.Members(kB, "many"), many);
  EXPECT_EQ(told, many.size());
  EXPECT_LE(traffic.largest, size_t{66} << 10);
  nodes.Cut(kA, kB);
  nodes.Settle();
  EXPECT_THAT(nodes.groups(kB).Groups(), IsEmpty());
  EXPECT_EQ(told, 0U);
}

// ---- What isn't believed.

class HostileGroupsTest : public testing::Test {
 protected:
  HostileGroupsTest() {
    nodes_.ConnectAll();
    EXPECT_OK(nodes_.Join(kA, "x", {a_}));
    EXPECT_OK(nodes_.Join(kB, "x", {b_}));
    nodes_.Settle();
    tally_ = nodes_.MonitorScope(kA);
  }

  // Sends the scope of the first node a message from the second.
  template <typename M>
  void FromB(M message) {
    nodes_.RunOn(kB, [&]() -> Async<> {
      Send(ProcessName(kScope, "a@test"), message);
      co_return;
    });
    nodes_.Settle();
  }

  void ExpectNothingHasChanged() {
    EXPECT_THAT(nodes_.Members(kA), UnorderedElementsAre(a_, b_));
    EXPECT_THAT(nodes_.groups(kA).Groups(), ElementsAre("x"));
    EXPECT_THAT(nodes_.groups(kA).LocalMembers("x"), ElementsAre(a_));
    EXPECT_THAT(tally_->told, IsEmpty());
    EXPECT_OK(nodes_.Join(kB, "y", {b_}));  // it is believed still
    nodes_.Settle();
    EXPECT_OK(nodes_.Join(kA, "y", {a_}));
    nodes_.Settle();
    EXPECT_THAT(nodes_.Members(kA, "y"), ElementsAre(b_, a_));
    EXPECT_THAT(nodes_.Members(kB, "y"), ElementsAre(b_, a_));
  }

  const ScopedLogCapture log_;
  GroupNodes nodes_{3};
  const Pid a_ = nodes_.NewMember(kA);
  const Pid b_ = nodes_.NewMember(kB);
  const Pid c_ = nodes_.NewMember(kC);
  std::shared_ptr<Tally> tally_;
};

TEST_F(HostileGroupsTest, ProcessesOfAnotherNode) {
  const Pid scope = nodes_.scope(kB);
  for (const Pid& pid : {a_, c_, Pid()}) {
    FromB(GroupsJoined{scope, "x", {b_, pid}});
    FromB(GroupsLeft{scope, "x", {b_, pid}});
    FromB(GroupSync{scope, true, true, {{"x", {b_}}, {"z", {pid}}}});
  }
  EXPECT_TRUE(log_.Contains("isn't of its node"));
  ExpectNothingHasChanged();
}

TEST_F(HostileGroupsTest, FromOneThatIsNoPeer) {
  const Pid stranger = nodes_.NewMember(kB);
  for (const Pid& scope : {stranger, Pid(), nodes_.scope(kA)}) {
    FromB(GroupsJoined{scope, "x", {b_}});
    FromB(GroupsLeft{scope, "x", {b_}});
    FromB(GroupSync{scope, true, true, {{"z", {b_}}}});
  }
  ExpectNothingHasChanged();
}

TEST_F(HostileGroupsTest, MembersThatAreNone) {
  FromB(GroupsLeft{nodes_.scope(kB), "x", {nodes_.NewMember(kB)}});
  FromB(GroupsLeft{nodes_.scope(kB), "z", {b_}});
  FromB(GroupsJoined{nodes_.scope(kB), "z", {}});
  ExpectNothingHasChanged();
}

TEST_F(HostileGroupsTest, PartsOfNoSync) {
  const Pid scope = nodes_.scope(kB);
  FromB(GroupSync{scope, false, false, {{"z", {b_}}}});
  FromB(GroupSync{scope, false, true, {{"z", {b_}}}});
  FromB(GroupSync{scope, true, false, {{"z", {b_}}}});  // never ends: another begins
  FromB(GroupSync{scope, true, false, {{"x", {b_}}}});
  FromB(GroupSync{scope, false, true, {}});
  ExpectNothingHasChanged();
}

TEST_F(HostileGroupsTest, DiscoversOfNobody) {
  const Pid ended = nodes_.NewMember(kB);
  nodes_.KillMember(kB, ended);
  const Pid gone = Pid(7, 1, HomeOf({.name = "nowhere@test", .creation = 1}));
  for (const Pid& pid : {Pid(), nodes_.scope(kA), a_, ended, gone, nodes_.scope(kB)})
    FromB(GroupDiscover{pid});
  ExpectNothingHasChanged();
}

// Two peers of one node: as when a scope is started anew and the end of the former isn't known. Each has its own members.
TEST_F(HostileGroupsTest, AnotherPeerOfTheNode) {
  const Pid other = nodes_.NewMember(kB);
  FromB(GroupDiscover{other});
  FromB(GroupSync{other, true, true, {{"x", {b_}}}});
  EXPECT_THAT(nodes_.Members(kA), UnorderedElementsAre(a_, b_, b_));
  nodes_.KillMember(kB, other);
  nodes_.Settle();
  EXPECT_THAT(tally_->told, ElementsAre("+x 1", "-x 1"));
  tally_->told.clear();
  ExpectNothingHasChanged();
}

}  // namespace
}  // namespace hydra
