// ProcessGroups: who is in which group (semantics.md NOD30, the part on one node). After OTP's pg_SUITE.
#include "hydra/registry/process_groups.h"

#include <algorithm>
#include <cstdint>
#include <string>
#include <thread>
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
#include "hydra/registry/process_groups_testing.h"
#include "hydra/supervisor/supervisor.h"

namespace hydra {
namespace {

using absl::StatusCode;
using registry_testing::Begin;
using registry_testing::Kill;
using registry_testing::StateOf;
using registry_testing::WaitForEver;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

// ---- Join and Leave.

// NOD30
HYDRA_TEST(JoinTest, MembersAreSeenInTheOrderOfTheirJoin) {
  const ProcessGroups groups;
  co_await Begin(groups);
  const Pid a = Spawn(WaitForEver);
  const Pid b = Spawn(WaitForEver);
  EXPECT_THAT(groups.Members("x"), IsEmpty());
  EXPECT_THAT(groups.Groups(), IsEmpty());
  EXPECT_OK(co_await groups.Join("x", b));
  EXPECT_OK(co_await groups.Join("x", {a, Self()}));
  EXPECT_OK(co_await groups.Join("y", a));
  EXPECT_THAT(groups.Members("x"), ElementsAre(b, a, Self()));
  EXPECT_THAT(groups.LocalMembers("x"), ElementsAre(b, a, Self()));
  EXPECT_THAT(groups.Members("y"), ElementsAre(a));
  EXPECT_THAT(groups.Groups(), UnorderedElementsAre("x", "y"));
}

// NOD30: as often as it has joined.
HYDRA_TEST(JoinTest, JoinsCount) {
  const ProcessGroups groups;
  co_await Begin(groups);
  EXPECT_OK(co_await groups.Join("x", Self()));
  EXPECT_OK(co_await groups.Join("x", {Self(), Self()}));
  EXPECT_THAT(groups.Members("x"), ElementsAre(Self(), Self(), Self()));
  EXPECT_OK(co_await groups.Leave("x", {Self(), Self()}));
  EXPECT_THAT(groups.Members("x"), ElementsAre(Self()));
  EXPECT_OK(co_await groups.Leave("x", Self()));
  EXPECT_THAT(groups.Members("x"), IsEmpty());
  EXPECT_THAT(groups.Groups(), IsEmpty());
  EXPECT_THAT(co_await groups.Leave("x", Self()), StatusIs(StatusCode::kNotFound));
}

// NOD30
HYDRA_TEST(JoinTest, NobodyMayJoin) {
  const ProcessGroups groups;
  co_await Begin(groups);
  EXPECT_OK(co_await groups.Join("x", std::vector<Pid>()));
  EXPECT_THAT(groups.Groups(), IsEmpty());
  EXPECT_THAT(co_await groups.Leave("x", std::vector<Pid>()), StatusIs(StatusCode::kNotFound));
}

// NOD30: local joins only.
HYDRA_TEST(JoinTest, ProcessesOfOtherNodesJoinThere) {
  const ProcessGroups groups;
  co_await Begin(groups);
  const Pid elsewhere(uint64_t{1} << 40, Self().slot(), Self().home() + 1);
  EXPECT_THAT(co_await groups.Join("x", elsewhere),
              StatusIs(StatusCode::kInvalidArgument, HasSubstr(elsewhere.ToString())));
  EXPECT_THAT(co_await groups.Join("x", {Self(), elsewhere}),
              StatusIs(StatusCode::kInvalidArgument));
  EXPECT_THAT(co_await groups.Join("x", Pid()), StatusIs(StatusCode::kInvalidArgument));
  EXPECT_THAT(groups.Members("x"), IsEmpty());
  EXPECT_OK(co_await groups.Join("x", Self()));
  EXPECT_THAT(co_await groups.Leave("x", {Self(), elsewhere}),
              StatusIs(StatusCode::kInvalidArgument));
  EXPECT_THAT(groups.Members("x"), ElementsAre(Self()));
}

// NOD30
HYDRA_TEST(LeaveTest, WhoIsntAMemberDoesntMatterBesideOneWhoIs) {
  const ProcessGroups groups;
  co_await Begin(groups);
  const Pid a = Spawn(WaitForEver);
  const Pid b = Spawn(WaitForEver);
  EXPECT_THAT(co_await groups.Leave("x", a), StatusIs(StatusCode::kNotFound, HasSubstr("'x'")));
  EXPECT_OK(co_await groups.Join("x", a));
  EXPECT_OK(co_await groups.Join("y", b));
  EXPECT_THAT(co_await groups.Leave("x", b), StatusIs(StatusCode::kNotFound));
  EXPECT_OK(co_await groups.Leave("x", {b, a, a}));
  EXPECT_THAT(groups.Members("x"), IsEmpty());
  EXPECT_THAT(groups.Members("y"), ElementsAre(b));
}

// The newest goes first, whether the process or the group has fewer memberships.
HYDRA_TEST(LeaveTest, TheNewestMembershipEndsFirst) {
  const ProcessGroups groups;
  co_await Begin(groups);
  const Pid other = Spawn(WaitForEver);
  for (int more = 0; more < 2; ++more) {
    EXPECT_OK(co_await groups.Join("x", {Self(), other, Self()}));
    for (int i = 0; i < 10 * more; ++i) EXPECT_OK(co_await groups.Join("many", Self()));
    EXPECT_OK(co_await groups.Leave("x", Self()));
    EXPECT_THAT(groups.Members("x"), ElementsAre(Self(), other));
    EXPECT_OK(co_await groups.Leave("x", {Self(), other}));
  }
  EXPECT_OK(co_await groups.Join("x", {Self(), other, Self()}));
  EXPECT_OK(co_await groups.Join("x", std::vector<Pid>(10, other)));
  EXPECT_OK(co_await groups.Leave("x", Self()));
  EXPECT_EQ(groups.Members("x").front(), Self());
}

// ---- Ends.

// NOD30
HYDRA_TEST(GroupEndTest, WhoEndsLeavesAllGroups) {
  const ProcessGroups groups;
  const Pid scope = co_await Begin(groups);
  const Pid a = Spawn(WaitForEver);
  EXPECT_OK(co_await groups.Join("x", {a, Self(), a}));
  EXPECT_OK(co_await groups.Join("y", a));
  const auto monitor = co_await groups.MonitorScope();
  co_await Kill(a);
  EXPECT_THAT(groups.Members("x"), ElementsAre(Self()));
  EXPECT_THAT(groups.Members("y"), IsEmpty());
  for (int i = 0; i < 2; ++i) co_await AssertReceive<GroupLeft>();
  EXPECT_THAT(groups.Groups(), ElementsAre("x"));
  EXPECT_OK(co_await groups.Demonitor(monitor->ref));
  EXPECT_EQ(co_await StateOf(scope), "1 groups, 0 monitors, 1 processes");
}

// NOD30: one that has ended is nowhere, once all is said.
HYDRA_TEST(GroupEndTest, OneThatHasEndedJoinsAndLeaves) {
  const ProcessGroups groups;
  const Pid scope = co_await Begin(groups);
  const Pid a = Spawn(WaitForEver);
  co_await Kill(a);
  const auto monitor = co_await groups.Monitor("x");
  EXPECT_OK(co_await groups.Join("x", a));
  EXPECT_THAT(groups.Members("x"), IsEmpty());
  EXPECT_THAT((co_await AssertReceive<GroupJoined>()).pids, ElementsAre(a));
  EXPECT_THAT((co_await AssertReceive<GroupLeft>()).pids, ElementsAre(a));
  EXPECT_OK(co_await groups.Demonitor(monitor->ref));
  EXPECT_EQ(co_await StateOf(scope), "0 groups, 0 monitors, 0 processes");
}

// pg_SUITE leave_exit_race: it leaves while its end is on the way.
HYDRA_TEST(GroupEndTest, WhoLeavesMayEndMeanwhile) {
  const ProcessGroups groups;
  const Pid scope = co_await Begin(groups);
  for (int i = 0; i < 20; ++i) {
    const Pid brief = Spawn([]() -> Async<> { co_return; });
    EXPECT_OK(co_await groups.Join("x", brief));
    EXPECT_THAT((co_await groups.Leave("x", brief)).code(),
                testing::AnyOf(StatusCode::kOk, StatusCode::kNotFound));
  }
  EXPECT_EQ(co_await StateOf(scope), "0 groups, 0 monitors, 0 processes");
  EXPECT_THAT((co_await Info(scope))->monitors, IsEmpty());
}

// The scope knows nobody who is in no group, and monitors nobody twice.
HYDRA_TEST(GroupEndTest, TheScopeForgetsWhoHasLeft) {
  const ProcessGroups groups;
  const Pid scope = co_await Begin(groups);
  const Pid a = Spawn(WaitForEver);
  EXPECT_OK(co_await groups.Join("x", {a, a}));
  EXPECT_OK(co_await groups.Join("y", a));
  EXPECT_THAT((co_await Info(scope))->monitors, ElementsAre(a));
  EXPECT_OK(co_await groups.Leave("x", {a, a}));
  EXPECT_THAT((co_await Info(scope))->monitors, ElementsAre(a));
  EXPECT_OK(co_await groups.Leave("y", a));
  EXPECT_THAT((co_await Info(scope))->monitors, IsEmpty());
  EXPECT_EQ(co_await StateOf(scope), "0 groups, 0 monitors, 0 processes");
}

// NOD30: pg isn't linked to its members.
HYDRA_TEST(GroupEndTest, TheEndOfTheScopeEmptiesTheGroups) {
  const ScopedLogCapture log;
  const ProcessGroups groups({.scope = "workers"});
  const Pid scope = co_await Begin(groups);
  EXPECT_EQ(WhereIs("workers"), scope);
  const Pid a = Spawn(WaitForEver);
  EXPECT_OK(co_await groups.Join("x", a));
  co_await Kill(scope);
  EXPECT_TRUE(co_await IsAlive(a));
  EXPECT_THAT(groups.Members("x"), IsEmpty());
  EXPECT_THAT(groups.LocalMembers("x"), IsEmpty());
  EXPECT_THAT(groups.Groups(), IsEmpty());
  const auto not_running = StatusIs(StatusCode::kUnavailable, HasSubstr("'workers'"));
  EXPECT_THAT(co_await groups.Join("x", a), not_running);
  EXPECT_THAT(co_await groups.Leave("x", a), not_running);
  EXPECT_THAT(co_await groups.Monitor("x"), not_running);
  EXPECT_THAT(co_await groups.MonitorScope(), not_running);
  EXPECT_THAT(co_await groups.Demonitor(MakeRef()), not_running);
}

// pg_SUITE scope_restart, SUP16
HYDRA_TEST(GroupEndTest, AnotherScopeBeginsEmpty) {
  const ScopedLogCapture log;
  TrapExit(true);
  const ProcessGroups groups({.scope = "workers"});
  const auto top =
      co_await StartLink<Supervisor>({}, SupervisorOptions(), Children{groups.child()});
  EXPECT_OK(top);
  EXPECT_OK(co_await groups.Join("x", {Self(), Self()}));
  co_await Kill(WhereIs("workers"));
  EXPECT_EQ((co_await CountChildren(*top))->active, 1);
  EXPECT_THAT(groups.Members("x"), IsEmpty());
  EXPECT_OK(co_await groups.Join("x", Self()));
  EXPECT_THAT(groups.Members("x"), ElementsAre(Self()));
}

// ---- Scopes.

// NOD30
HYDRA_TEST(ScopeTest, TwoKnowNothingOfEachOther) {
  const ProcessGroups a({.scope = "a"});
  const ProcessGroups b({.scope = "b"});
  const Pid scope_a = co_await Begin(a);
  co_await Begin(b);
  EXPECT_OK(co_await a.Join("x", Self()));
  EXPECT_THAT(b.Members("x"), IsEmpty());
  EXPECT_OK(co_await b.Join("x", {Self(), Self()}));
  EXPECT_THAT(a.Members("x"), ElementsAre(Self()));
  EXPECT_OK(co_await Stop(scope_a));
  EXPECT_THAT(b.Members("x"), ElementsAre(Self(), Self()));
}

HYDRA_TEST(ScopeTest, OnlyOneOfAScopeRuns) {
  const ProcessGroups groups({.scope = "workers"});
  const Pid scope = co_await Begin(groups);
  EXPECT_OK(co_await groups.Join("x", Self()));
  const ProcessGroups same_name({.scope = "workers"});
  EXPECT_EQ(AlreadyStarted((co_await groups.StartLink()).status()), scope);
  EXPECT_EQ(AlreadyStarted((co_await same_name.StartLink()).status()), scope);
  EXPECT_THAT(groups.Members("x"), ElementsAre(Self()));
  EXPECT_THAT(co_await same_name.Join("x", Self()), StatusIs(StatusCode::kUnavailable));
  const ProcessGroups unnamed;
  const Pid other_scope = co_await Begin(unnamed);
  EXPECT_OK(co_await unnamed.Join("x", Self()));
  EXPECT_EQ(AlreadyStarted((co_await unnamed.StartLink()).status()), other_scope);
  EXPECT_THAT(unnamed.Members("x"), ElementsAre(Self()));
}

HYDRA_TEST(ScopeTest, CopiesAreTheSame) {
  const ProcessGroups groups({.scope = "workers"});
  const ProcessGroups copy = groups;
  EXPECT_TRUE(copy == groups);
  EXPECT_FALSE(copy == ProcessGroups({.scope = "workers"}));
  co_await Begin(copy);
  EXPECT_OK(co_await groups.Join("x", Self()));
  EXPECT_THAT(copy.Members("x"), ElementsAre(Self()));
  EXPECT_EQ(groups.child().id, "workers");
  EXPECT_EQ(ProcessGroups().child().id, "groups");
}

HYDRA_TEST(ScopeTest, AnyThreadReads) {
  const ProcessGroups groups;
  co_await Begin(groups);
  EXPECT_OK(co_await groups.Join("x", Self()));
  std::vector<Pid> members;
  std::vector<Pid> local;
  std::vector<std::string> names;
  std::thread([&] {
    members = groups.Members("x");
    local = groups.LocalMembers("x");
    names = groups.Groups();
  }).join();
  EXPECT_THAT(members, ElementsAre(Self()));
  EXPECT_THAT(local, ElementsAre(Self()));
  EXPECT_THAT(names, ElementsAre("x"));
}

}  // namespace
}  // namespace hydra
