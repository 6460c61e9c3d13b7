// KeyedStarter: one process for each key, started when it is asked for (semantics.md REG14).
#include "hydra/registry/keyed_starter.h"

#include <cstddef>
#include <functional>
#include <memory>
#include <stdexcept>
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
#include "hydra/registry/keyed_starter_testing.h"
#include "hydra/registry/registry_entry.h"
#include "hydra/supervisor/child.h"
#include "hydra/supervisor/child_spec.h"
#include "hydra/supervisor/supervision_tree.h"
#include "hydra/supervisor/supervisor.h"

namespace hydra {
namespace {

using absl::Seconds;
using absl::StatusCode;
using registry_testing::Begin;
using registry_testing::Events;
using registry_testing::Kill;
using registry_testing::Room;
using registry_testing::Rooms;
using registry_testing::RoomsOf;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::UnorderedElementsAre;

struct Never {};
Async<> WaitForEver() { co_await Receive<Never>(); }

using Answer = absl::StatusOr<Pid>;

// Asks for the process of the key from a process of its own, which sends the caller the answer.
void AskBeside(const Rooms& rooms, std::string key) {
  Spawn(
      [](Rooms of, std::string of_key, Pid owner) -> Async<> {
        Send(owner, co_await of.LookupOrStart(std::move(of_key), absl::InfiniteDuration()));
      },
      rooms, std::move(key), Self());
}

struct Ignored {
  using Protocol = hydra::Protocol<>;
  InitResult Init() { return InitResult::Ignore(); }
};

// Starts whatever `start` starts, for every key.
Rooms StarterOf(std::function<Async<Answer>()> start) {
  return Rooms([start](const std::string& key) { return ChildSpec{.id = key, .start = start}; });
}

// ---- LookupOrStart.

// REG14
HYDRA_TEST(LookupOrStartTest, StartsWhenItIsFirstAskedFor) {
  const Rooms rooms = RoomsOf(Self());
  co_await Begin(rooms);
  EXPECT_FALSE(rooms.WhereIs("lobby"));
  EXPECT_THAT(co_await Events(), IsEmpty());
  const Answer lobby = co_await rooms.LookupOrStart("lobby");
  CO_ASSERT_TRUE(lobby.ok()) << lobby.status();
  EXPECT_TRUE(co_await IsAlive(*lobby));
  EXPECT_EQ(rooms.WhereIs("lobby"), *lobby);
  EXPECT_THAT(co_await rooms.LookupOrStart("lobby"), IsOkAndHolds(*lobby));
  EXPECT_THAT(co_await rooms.LookupOrStart("cellar"), IsOkAndHolds(Not(*lobby)));
  EXPECT_THAT(co_await Events(), ElementsAre("start lobby", "start cellar"));
}

// REG14
HYDRA_TEST(LookupOrStartTest, AllWhoAskGetTheSame) {
  constexpr int kMany = 20;
  const Rooms rooms = RoomsOf(Self());
  co_await Begin(rooms);
  for (int i = 0; i < kMany; ++i) AskBeside(rooms, "lobby");
  const Answer first = co_await AssertReceive<Answer>();
  CO_ASSERT_TRUE(first.ok()) << first.status();
  for (int i = 1; i < kMany; ++i)
    EXPECT_THAT(co_await AssertReceive<Answer>(), IsOkAndHolds(*first));
  EXPECT_THAT(co_await Events(), ElementsAre("start lobby"));
  EXPECT_EQ(rooms.Count(), 1U);
}

// REG14
HYDRA_TEST(LookupOrStartTest, AFailureIsReportedToEachAndLeavesTheKeyFree) {
  auto failures = std::make_shared<int>(3);
  const Rooms rooms([failures, owner = Self()](std::string name) {
    ChildSpec spec = Child<Room>({}, owner, std::move(name));
    spec.start = [failures, start = std::move(spec.start)]() -> Async<Answer> {
      if (*failures == 0) co_return co_await start();
      co_return absl::ResourceExhaustedError("full " + std::to_string((*failures)--));
    };
    return spec;
  });
  co_await Begin(rooms);
  for (int i = 0; i < 3; ++i) AskBeside(rooms, "lobby");
  std::vector<std::string> failures_told;
  for (int i = 0; i < 3; ++i)
    failures_told.emplace_back((co_await AssertReceive<Answer>()).status().message());
  EXPECT_THAT(failures_told, UnorderedElementsAre("full 1", "full 2", "full 3"));
  EXPECT_FALSE(rooms.WhereIs("lobby"));
  EXPECT_EQ(rooms.Count(), 0U);
  EXPECT_OK(co_await rooms.LookupOrStart("lobby"));
}

// REG14
HYDRA_TEST(LookupOrStartTest, OneThatHasEndedIsStartedAfresh) {
  const ScopedLogCapture log;
  const Rooms rooms = RoomsOf(Self(), {.restart = Restart::kPermanent});
  co_await Begin(rooms);
  const Answer first = co_await rooms.LookupOrStart("lobby");
  CO_ASSERT_TRUE(first.ok());
  co_await Kill(*first);
  EXPECT_FALSE(rooms.WhereIs("lobby"));
  EXPECT_THAT(rooms.All(), IsEmpty());
  const Answer second = co_await rooms.LookupOrStart("lobby");
  CO_ASSERT_TRUE(second.ok());
  EXPECT_NE(*second, *first);
  EXPECT_THAT(co_await Events(), ElementsAre("start lobby", "start lobby"));
}

// REG14, REG3: whether the starter has seen the end doesn't matter.
HYDRA_TEST_BY_HAND(LookupOrStartTest, OneWhoseEndIsUnseenIsStartedAfresh) {
  const ScopedLogCapture log;
  const Rooms rooms = RoomsOf(Self());
  const Pid starter = co_await Begin(rooms);
  const Answer first = co_await rooms.LookupOrStart("lobby");
  EXPECT_OK(co_await sys::Suspend(starter));
  AskBeside(rooms, "cellar");  // the starter sees that before the end of the lobby
  co_await Sleep(absl::Milliseconds(1));
  co_await Kill(first.value());
  EXPECT_FALSE(rooms.WhereIs("lobby"));
  EXPECT_EQ(rooms.Count(), 1U);
  AskBeside(rooms, "lobby");
  co_await Sleep(absl::Milliseconds(1));
  EXPECT_OK(co_await sys::Resume(starter));
  EXPECT_OK(co_await AssertReceive<Answer>());
  EXPECT_OK(co_await AssertReceive<Answer>());
  EXPECT_THAT(co_await Events(), ElementsAre("start lobby", "start cellar", "start lobby"));
  EXPECT_EQ(rooms.Count(), 2U);
}

// REG14, REG3: the same if its end comes before the request is handled.
HYDRA_TEST_BY_HAND(LookupOrStartTest, OneThatEndsMeanwhileIsStartedAfresh) {
  const ScopedLogCapture log;
  const Rooms rooms = RoomsOf(Self());
  const Pid starter = co_await Begin(rooms);
  const Answer first = co_await rooms.LookupOrStart("lobby");
  EXPECT_OK(co_await sys::Suspend(starter));
  Spawn([rooms, owner = Self()]() -> Async<> { Send(owner, co_await rooms.Start("lobby")); });
  co_await Sleep(absl::Milliseconds(1));
  co_await Kill(first.value());
  EXPECT_OK(co_await sys::Resume(starter));
  const auto second = co_await AssertReceive<Answer>();
  CO_ASSERT_TRUE(second.ok()) << second.status();
  EXPECT_EQ(rooms.WhereIs("lobby"), *second);
  EXPECT_EQ((co_await sys::GetStatus(starter))->state, "1 children");
  EXPECT_EQ(rooms.WhereIs("lobby"), *second);
  EXPECT_EQ(rooms.Count(), 1U);
}

HYDRA_TEST(LookupOrStartTest, OneThatRunsIsFoundWithoutTheStarter) {
  const Rooms rooms = RoomsOf(Self());
  const Pid starter = co_await Begin(rooms);
  const Answer lobby = co_await rooms.LookupOrStart("lobby");
  EXPECT_OK(co_await sys::Suspend(starter));
  EXPECT_THAT(co_await rooms.LookupOrStart("lobby", absl::ZeroDuration()),
              IsOkAndHolds(lobby.value()));
}

// REG14: a crash of it starts nothing, whatever its spec says.
HYDRA_TEST(LookupOrStartTest, NothingIsStartedUnasked) {
  const ScopedLogCapture log;
  const Rooms rooms = RoomsOf(Self(), {.restart = Restart::kPermanent});
  const Pid starter = co_await Begin(rooms);
  co_await Kill((co_await rooms.LookupOrStart("lobby")).value());
  EXPECT_OK(co_await sys::GetStatus(starter));  // it has seen the end
  EXPECT_THAT(co_await Events(), ElementsAre("start lobby"));
  EXPECT_EQ(rooms.Count(), 0U);
}

// REG14
HYDRA_TEST(LookupOrStartTest, StartsThatAreNone) {
  const auto throws = []() -> Async<Answer> { throw std::runtime_error("oh"); };
  const auto ignored = []() -> Async<Answer> { co_return IgnoredError("not today"); };
  const auto nobody = []() -> Async<Answer> { co_return Pid(); };
  struct Case {
    std::function<Async<Answer>()> start;
    StatusCode code;
    const char* text;
  };
  const std::vector<Case> cases = {{throws, StatusCode::kUnavailable, "oh"},
                                   {ignored, StatusCode::kCancelled, "ignored"},
                                   {nobody, StatusCode::kUnavailable, "nobody"},
                                   {nullptr, StatusCode::kInvalidArgument, "lobby"}};
  for (const Case& one : cases) {
    const Rooms rooms = StarterOf(one.start);
    const Pid starter = co_await Begin(rooms);
    for (int i = 0; i < 2; ++i)
      EXPECT_THAT(co_await rooms.LookupOrStart("lobby"), StatusIs(one.code, HasSubstr(one.text)));
    EXPECT_EQ(rooms.Count(), 0U);
    EXPECT_TRUE(co_await IsAlive(starter));
  }
}

// REG14
HYDRA_TEST(LookupOrStartTest, WhatMakesTheSpecMayThrow) {
  const Rooms rooms([](const std::string& key) -> ChildSpec {
    if (key == "cellar") throw std::runtime_error("no cellar");
    return ProcessChild({}, WaitForEver);
  });
  co_await Begin(rooms);
  const Answer cellar = co_await rooms.LookupOrStart("cellar");
  EXPECT_EQ(ExitReasonOf(cellar.status()), ExitReason::Error("std::runtime_error", "no cellar"));
  EXPECT_OK(co_await rooms.LookupOrStart("lobby"));
}

// REG14
HYDRA_TEST(LookupOrStartTest, IgnoredIsTold) {
  const Rooms rooms([](const std::string&) { return Child<Ignored>({}); });
  co_await Begin(rooms);
  EXPECT_TRUE(IsIgnored((co_await rooms.LookupOrStart("lobby")).status()));
  EXPECT_TRUE(IsIgnored((co_await rooms.Start("lobby")).status()));
}

// A caller that doesn't wait any longer has the process started all the same, and whoever asks next waits for it.
HYDRA_TEST_BY_HAND(LookupOrStartTest, WhatHasTimedOutIsDone) {
  const Rooms rooms = StarterOf([]() -> Async<Answer> {
    co_await Sleep(Seconds(10));
    co_return SpawnLink(WaitForEver);
  });
  co_await Begin(rooms);
  const absl::Time begin = Now();
  EXPECT_THAT(co_await rooms.LookupOrStart("lobby", Seconds(1)),
              StatusIs(StatusCode::kDeadlineExceeded));
  EXPECT_THAT(co_await rooms.LookupOrStart("lobby"), StatusIs(StatusCode::kDeadlineExceeded));
  EXPECT_EQ(Now() - begin, Seconds(6));
  EXPECT_OK(co_await rooms.LookupOrStart("lobby", Seconds(9)));
  EXPECT_EQ(Now() - begin, Seconds(10));
  EXPECT_EQ(rooms.Count(), 1U);
}

HYDRA_TEST(LookupOrStartTest, KeysMayBeOfAnyType) {
  KeyedStarter<int> numbers([](int) { return ProcessChild({}, WaitForEver); });
  co_await Begin(numbers);
  const Answer one = co_await numbers.LookupOrStart(1);
  EXPECT_OK(one);
  EXPECT_OK(co_await numbers.LookupOrStart(2));
  EXPECT_EQ(numbers.WhereIs(1), *one);
  EXPECT_EQ(numbers.Count(), 2U);
}

// ---- Start.

// REG14
HYDRA_TEST(KeyedStartTest, SaysWhoHasTheKey) {
  const ScopedLogCapture log;
  const Rooms rooms = RoomsOf(Self());
  co_await Begin(rooms);
  const Answer lobby = co_await rooms.Start("lobby");
  CO_ASSERT_TRUE(lobby.ok()) << lobby.status();
  const Answer again = co_await rooms.Start("lobby");
  EXPECT_THAT(again, StatusIs(StatusCode::kAlreadyExists, HasSubstr(lobby->ToString())));
  EXPECT_EQ(NameHolder(again.status()), *lobby);
  EXPECT_THAT(co_await rooms.LookupOrStart("lobby"), IsOkAndHolds(*lobby));
  co_await Kill(*lobby);
  EXPECT_THAT(co_await rooms.Start("lobby"), IsOkAndHolds(Not(*lobby)));
}

// ---- Reading.

HYDRA_TEST(KeyedStarterReadTest, AllAreThereOnce) {
  const Rooms rooms = RoomsOf(Self());
  co_await Begin(rooms);
  EXPECT_THAT(rooms.All(), IsEmpty());
  const Answer a = co_await rooms.LookupOrStart("a");
  const Answer b = co_await rooms.LookupOrStart("b");
  using Entry = Rooms::Entry;
  EXPECT_THAT(rooms.All(),
              UnorderedElementsAre(Entry{"a", a.value(), {}}, Entry{"b", b.value(), {}}));
  EXPECT_EQ(rooms.Count(), 2U);
  Pid seen;
  std::thread([&] { seen = rooms.WhereIs("b"); }).join();
  EXPECT_EQ(seen, *b);
}

HYDRA_TEST(KeyedStarterReadTest, CopiesAreTheSame) {
  const Rooms rooms = RoomsOf(Self());
  const Rooms copy = rooms;
  EXPECT_TRUE(copy == rooms);
  EXPECT_FALSE(copy == RoomsOf(Self()));
  co_await Begin(copy);
  const Answer lobby = co_await rooms.LookupOrStart("lobby");
  EXPECT_EQ(copy.WhereIs("lobby"), lobby.value());
}

// SUP29: it is a supervisor.
HYDRA_TEST(KeyedStarterReadTest, IsSeenInTheTree) {
  const Rooms rooms = RoomsOf(Self(), {}, {.name = "rooms"});
  const auto top =
      co_await StartLink<Supervisor>({.name = "top"}, SupervisorOptions(), Children{rooms.child()});
  EXPECT_OK(top);
  EXPECT_OK(co_await rooms.LookupOrStart("lobby"));
  const auto tree = co_await GetSupervisionTree("top");
  CO_ASSERT_TRUE(tree.ok()) << tree.status();
  EXPECT_THAT(ToText(*tree), AllOf(HasSubstr("rooms <"), HasSubstr("supervisor, running\n   └─ ")));
  const SupervisionTree& of_rooms = tree->children.front();
  CO_ASSERT_EQ(of_rooms.children.size(), 1U);
  EXPECT_EQ(of_rooms.children.front().child.pid, rooms.WhereIs("lobby"));
  EXPECT_EQ((co_await CountChildren(ServerRef<DynamicSupervisor>("rooms")))->workers, 1);
  EXPECT_EQ((co_await sys::GetStatus("rooms"))->state, "1 children");
}

HYDRA_TEST(KeyedStarterReadTest, TheChildIsCalledAfterTheName) {
  EXPECT_EQ(RoomsOf(Self(), {}, {.name = "rooms"}).child().id, "rooms");
  EXPECT_EQ(RoomsOf(Self()).child().id, "starter");
  EXPECT_EQ(RoomsOf(Self()).child().type, ChildType::kSupervisor);
  co_return;
}

}  // namespace
}  // namespace hydra
