// How the processes of a KeyedStarter end, and it.
#include <memory>
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
#include "hydra/registry/keyed_starter.h"
#include "hydra/registry/keyed_starter_testing.h"
#include "hydra/supervisor/child.h"
#include "hydra/supervisor/child_spec.h"
#include "hydra/supervisor/supervisor.h"

namespace hydra {
namespace {

using absl::Seconds;
using absl::StatusCode;
using registry_testing::Begin;
using registry_testing::Event;
using registry_testing::Events;
using registry_testing::Kill;
using registry_testing::Room;
using registry_testing::Rooms;
using registry_testing::RoomsOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

using Answer = absl::StatusOr<Pid>;

// Rooms whose names are the seconds that their end takes.
Rooms SlowRooms(Pid owner, Shutdown shutdown) {
  return Rooms([owner, shutdown](const std::string& seconds) {
    return Child<Room>({.id = seconds, .shutdown = shutdown}, owner, seconds,
                       Seconds(std::stoi(seconds)));
  });
}

Async<std::vector<Pid>> StartAll(Rooms rooms, std::vector<std::string> keys) {
  std::vector<Pid> pids;
  for (const std::string& key : keys) pids.push_back((co_await rooms.LookupOrStart(key)).value());
  co_return pids;
}

// ---- Stop.

// REG14
HYDRA_TEST(KeyedStopTest, EndsItInOrderAndFreesTheKey) {
  const ScopedLogCapture log;
  const Rooms rooms = RoomsOf(Self());
  co_await Begin(rooms);
  const Answer lobby = co_await rooms.LookupOrStart("lobby");
  EXPECT_OK(co_await rooms.Stop("lobby"));
  EXPECT_FALSE(co_await IsAlive(lobby.value()));
  EXPECT_FALSE(rooms.WhereIs("lobby"));
  EXPECT_EQ(rooms.Count(), 0U);
  EXPECT_THAT(co_await Events(), ElementsAre("start lobby", "end lobby"));
  EXPECT_THAT(co_await rooms.Stop("lobby"), StatusIs(StatusCode::kNotFound));
  EXPECT_OK(co_await rooms.LookupOrStart("lobby"));
  EXPECT_THAT(log.entries(), IsEmpty());
}

HYDRA_TEST(KeyedStopTest, OneThatHasEndedIsntThere) {
  const ScopedLogCapture log;
  const Rooms rooms = RoomsOf(Self());
  co_await Begin(rooms);
  EXPECT_THAT(co_await rooms.Stop("lobby"), StatusIs(StatusCode::kNotFound));
  co_await Kill((co_await rooms.LookupOrStart("lobby")).value());
  EXPECT_THAT(co_await rooms.Stop("lobby"), StatusIs(StatusCode::kNotFound));
}

// SUP8
HYDRA_TEST(KeyedStopTest, KillsWhereTheSpecSaysSo) {
  const ScopedLogCapture log;
  const Rooms rooms = RoomsOf(Self(), {.shutdown = Shutdown::BrutalKill()});
  co_await Begin(rooms);
  EXPECT_OK(co_await rooms.LookupOrStart("lobby"));
  EXPECT_OK(co_await rooms.Stop("lobby"));
  EXPECT_THAT(co_await Events(), ElementsAre("start lobby"));
  EXPECT_THAT(log.entries(), IsEmpty());
}

// SUP8
HYDRA_TEST_BY_HAND(KeyedStopTest, KillsWhatTakesTooLong) {
  const ScopedLogCapture log;
  const Rooms rooms = SlowRooms(Self(), Shutdown::Within(Seconds(2)));
  co_await Begin(rooms);
  co_await StartAll(rooms, {"1", "10"});
  const absl::Time begin = Now();
  EXPECT_OK(co_await rooms.Stop("10"));
  EXPECT_EQ(Now() - begin, Seconds(2));
  EXPECT_OK(co_await rooms.Stop("1"));
  EXPECT_EQ(Now() - begin, Seconds(3));
  EXPECT_THAT(co_await Events(), ElementsAre("start 1", "start 10", "end 1"));
  EXPECT_TRUE(log.Contains("it is killed"));
}

// REG14: the key is free when it has ended, not before.
HYDRA_TEST_BY_HAND(KeyedStopTest, WhoAsksMeanwhileWaitsForTheNext) {
  const Rooms rooms = SlowRooms(Self(), Shutdown::Infinity());
  co_await Begin(rooms);
  const Answer first = co_await rooms.LookupOrStart("3");
  EXPECT_THAT(co_await rooms.Stop("3", Seconds(1)), StatusIs(StatusCode::kDeadlineExceeded));
  const absl::Time begin = Now();
  EXPECT_FALSE(rooms.WhereIs("3"));
  const Answer second = co_await rooms.LookupOrStart("3");
  EXPECT_EQ(Now() - begin, Seconds(2));
  EXPECT_NE(second.value(), first.value());
  EXPECT_THAT(co_await Events(), ElementsAre("start 3", "end 3", "start 3"));
}

// ---- Remove.

// REG14
HYDRA_TEST(KeyedRemoveTest, LetsItRunOnByItself) {
  const ScopedLogCapture log;
  const Rooms rooms = RoomsOf(Self());
  const Pid starter = co_await Begin(rooms);
  const Answer lobby = co_await rooms.LookupOrStart("lobby");
  EXPECT_THAT(co_await rooms.Remove("lobby"), IsOkAndHolds(lobby.value()));
  EXPECT_FALSE(rooms.WhereIs("lobby"));
  EXPECT_EQ(rooms.Count(), 0U);
  EXPECT_EQ((co_await sys::GetStatus(starter))->state, "0 children");
  EXPECT_THAT(co_await rooms.Remove("lobby"), StatusIs(StatusCode::kNotFound));
  EXPECT_THAT(co_await rooms.Stop("lobby"), StatusIs(StatusCode::kNotFound));
  const Answer another = co_await rooms.LookupOrStart("lobby");
  EXPECT_NE(another.value(), *lobby);
  EXPECT_OK(co_await Stop(starter));
  EXPECT_TRUE(co_await IsAlive(*lobby));
  EXPECT_FALSE(co_await IsAlive(*another));
  EXPECT_THAT(log.entries(), IsEmpty());
}

HYDRA_TEST(KeyedRemoveTest, ItsEndIsNobodysAffair) {
  const ScopedLogCapture log;
  const Rooms rooms = RoomsOf(Self());
  const Pid starter = co_await Begin(rooms);
  const Answer lobby = co_await rooms.LookupOrStart("lobby");
  EXPECT_OK(co_await rooms.Remove("lobby"));
  const Answer another = co_await rooms.LookupOrStart("lobby");
  EXPECT_THAT((co_await Info(*lobby))->links, IsEmpty());
  co_await Kill(*lobby);
  EXPECT_OK(co_await sys::GetStatus(starter));
  EXPECT_EQ(rooms.WhereIs("lobby"), another.value());
  EXPECT_THAT(log.entries(), IsEmpty());
}

HYDRA_TEST(KeyedRemoveTest, OneThatHasEndedIsntThere) {
  const ScopedLogCapture log;
  const Rooms rooms = RoomsOf(Self());
  co_await Begin(rooms);
  co_await Kill((co_await rooms.LookupOrStart("lobby")).value());
  EXPECT_THAT(co_await rooms.Remove("lobby"), StatusIs(StatusCode::kNotFound));
}

// ---- The end of the starter.

// SUP5, DYN6: all at the same time, each by its own policy.
HYDRA_TEST_BY_HAND(KeyedStarterEndTest, EndsAllAtTheSameTime) {
  const ScopedLogCapture log;
  const Rooms rooms = SlowRooms(Self(), Shutdown::Within(Seconds(5)));
  const Pid starter = co_await Begin(rooms);
  const std::vector<Pid> all = co_await StartAll(rooms, {"1", "2", "3", "4", "9"});
  co_await Events();
  const absl::Time begin = Now();
  EXPECT_OK(co_await Stop(starter));
  EXPECT_EQ(Now() - begin, Seconds(5));
  EXPECT_THAT(co_await Events(), ElementsAre("end 1", "end 2", "end 3", "end 4"));
  for (const Pid& pid : all) EXPECT_FALSE(co_await IsAlive(pid));
  EXPECT_THAT(rooms.All(), IsEmpty());
  EXPECT_EQ(rooms.Count(), 0U);
}

// SUP5: by the end of its parent, too.
HYDRA_TEST(KeyedStarterEndTest, EndsAllWhenItsSupervisorEnds) {
  TrapExit(true);
  const Rooms rooms = RoomsOf(Self());
  const auto top = co_await StartLink<Supervisor>({}, SupervisorOptions(), Children{rooms.child()});
  co_await StartAll(rooms, {"a", "b"});
  co_await Events();
  EXPECT_OK(co_await Stop(*top));
  EXPECT_THAT(co_await Events(), UnorderedElementsAre("end a", "end b"));
}

// REG5: who doesn't trap exits, too, hears of a kill by its link.
HYDRA_TEST(KeyedStarterEndTest, AKillTakesAllDown) {
  const ScopedLogCapture log;
  const Rooms rooms([](const std::string&) {
    return ProcessChild({}, []() -> Async<> { co_await Receive<Event>(); });
  });
  const Pid starter = co_await Begin(rooms);
  const std::vector<Pid> all = co_await StartAll(rooms, {"a", "b"});
  const Ref a = Monitor(all[0]);
  const Ref b = Monitor(all[1]);
  co_await Kill(starter);
  EXPECT_EQ((co_await Receive<Down>().For(a)).reason, ExitReason::Killed());
  EXPECT_EQ((co_await Receive<Down>().For(b)).reason, ExitReason::Killed());
  EXPECT_FALSE(rooms.WhereIs("a"));
  EXPECT_EQ(rooms.Count(), 0U);
}

// SUP16
HYDRA_TEST(KeyedStarterEndTest, AnotherOneBeginsWithNone) {
  const ScopedLogCapture log;
  TrapExit(true);
  const Rooms rooms = RoomsOf(Self(), {}, {.name = "rooms"});
  const auto top = co_await StartLink<Supervisor>({}, SupervisorOptions(), Children{rooms.child()});
  const Answer first = co_await rooms.LookupOrStart("lobby");
  const Ref end = Monitor(first.value());
  co_await Kill(WhereIs("rooms"));
  co_await Receive<Down>().For(end);
  EXPECT_EQ((co_await CountChildren(*top))->active, 1);
  EXPECT_FALSE(rooms.WhereIs("lobby"));
  const Answer second = co_await rooms.LookupOrStart("lobby");
  CO_ASSERT_TRUE(second.ok()) << second.status();
  EXPECT_NE(*second, *first);
  EXPECT_EQ(rooms.WhereIs("lobby"), *second);
}

// REG13
HYDRA_TEST(KeyedStarterEndTest, NothingIsDoneWhileItDoesntRun) {
  const Rooms rooms = RoomsOf(Self(), {}, {.name = "rooms"});
  const auto expect_nothing = [](Rooms of) -> Async<> {
    const auto not_running = StatusIs(StatusCode::kUnavailable, HasSubstr("'rooms'"));
    EXPECT_THAT(co_await of.LookupOrStart("lobby"), not_running);
    EXPECT_THAT(co_await of.Start("lobby"), not_running);
    EXPECT_THAT(co_await of.Remove("lobby"), not_running);
    EXPECT_THAT(co_await of.Stop("lobby"), not_running);
    EXPECT_FALSE(of.WhereIs("lobby"));
    EXPECT_THAT(of.All(), IsEmpty());
  };
  co_await expect_nothing(rooms);
  const Pid starter = co_await Begin(rooms);
  EXPECT_OK(co_await rooms.LookupOrStart("lobby"));
  EXPECT_OK(co_await Stop(starter));
  co_await expect_nothing(rooms);
}

HYDRA_TEST(KeyedStarterEndTest, OnlyOneRunsAtATime) {
  const Rooms rooms = RoomsOf(Self());
  const Pid starter = co_await Begin(rooms);
  const Answer lobby = co_await rooms.LookupOrStart("lobby");
  const Answer second = co_await rooms.StartLink();
  EXPECT_THAT(second, StatusIs(StatusCode::kAlreadyExists));
  EXPECT_EQ(AlreadyStarted(second.status()), starter);
  EXPECT_EQ(rooms.WhereIs("lobby"), lobby.value());  // the failed start has taken nothing away
  EXPECT_OK(co_await Stop(starter));
  EXPECT_OK(co_await rooms.StartLink());
}

// What others send it is no end of a process.
HYDRA_TEST(KeyedStarterEndTest, ExitSignalsOfStrangersMeanNothing) {
  const ScopedLogCapture log;
  const Rooms rooms = RoomsOf(Self());
  const Pid starter = co_await Begin(rooms);
  const Answer lobby = co_await rooms.LookupOrStart("lobby");
  co_await Kill(Spawn([starter]() -> Async<> {
    Exit(starter, ExitReason::Custom("stranger"));
    co_await Receive<Event>();
  }));
  EXPECT_OK(co_await sys::GetStatus(starter));
  EXPECT_EQ(rooms.WhereIs("lobby"), lobby.value());
}

}  // namespace
}  // namespace hydra
