// Servers that are started and known by a registry's key.
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "hydra/base/status_testing.h"
#include "hydra/genserver/genserver.h"
#include "hydra/process/dest.h"
#include "hydra/process/process.h"
#include "hydra/process/testing/process_test.h"
#include "hydra/registry/registry.h"
#include "hydra/registry/registry_testing.h"
#include "hydra/supervisor/child.h"
#include "hydra/supervisor/supervisor.h"

namespace hydra {
namespace {

using absl::StatusCode;
using registry_testing::Kill;
using registry_testing::Start;
using testing::HasSubstr;

// A counter that knows of its room.
class Room {
 public:
  struct Enter {};
  struct Guests {
    using Reply = int;
  };
  using Protocol = hydra::Protocol<Enter, Guests>;

  explicit Room(absl::Status init = absl::OkStatus()) : init_(std::move(init)) {}
  absl::Status Init() { return init_; }
  void HandleCast(Enter) { ++guests_; }
  int HandleCall(Guests) { return guests_; }

 private:
  absl::Status init_;
  int guests_ = 0;
};

using Rooms = Registry<std::string, int>;

// REG6
HYDRA_TEST(RegistryViaTest, ServerIsStartedCalledAndStoppedByIt) {
  const Rooms rooms({.name = "rooms"});
  co_await Start(rooms);
  const auto started = co_await StartLink<Room>({.via = rooms.Via("lobby", 7)});
  CO_ASSERT_THAT(started, IsOk());
  EXPECT_EQ(rooms.Lookup("lobby"), (Holder<int>{started->pid(), 7}));

  const ServerRef<Room> lobby(rooms.Via("lobby"));
  lobby.Cast(Room::Enter{});
  EXPECT_THAT(co_await lobby.Call(Room::Guests{}), IsOkAndHolds(1));
  EXPECT_TRUE(Send(lobby.dest(), std::string("unexpected")));
  EXPECT_OK(co_await Stop(lobby));
  EXPECT_EQ(rooms.WhereIs("lobby"), Pid());
}

// REG6, GS1
HYDRA_TEST(RegistryViaTest, TakenKeyStartsNothing) {
  const Rooms rooms;
  co_await Start(rooms);
  const auto first = co_await hydra::Start<Room>({.via = rooms.Via("lobby")});
  CO_ASSERT_THAT(first, IsOk());
  const auto second = co_await StartLink<Room>({.via = rooms.Via("lobby")});
  EXPECT_THAT(second, StatusIs(StatusCode::kAlreadyExists));
  EXPECT_EQ(AlreadyStarted(second.status()), first->pid());
  EXPECT_EQ(rooms.WhereIs("lobby"), first->pid());
}

// REG6, GS3: a start that failed leaves the key free.
HYDRA_TEST(RegistryViaTest, FailedStartFreesTheKey) {
  const Rooms rooms;
  co_await Start(rooms);
  for (int i = 0; i < 20; ++i) {
    CO_ASSERT_THAT(
        co_await hydra::Start<Room>({.via = rooms.Via("lobby")}, absl::AbortedError("not yet")),
        StatusIs(StatusCode::kAborted));
    CO_ASSERT_EQ(rooms.WhereIs("lobby"), Pid());
  }
  EXPECT_THAT(co_await hydra::Start<Room>({.via = rooms.Via("lobby")}), IsOk());
}

// REG6, NAM6, GS17
HYDRA_TEST(RegistryViaTest, MissingServer) {
  const Rooms rooms({.name = "rooms"});
  for (const bool runs : {false, true}) {
    if (runs) co_await Start(rooms);
    const ServerRef<Room> lobby(rooms.Via("lobby"));
    EXPECT_FALSE(Send(lobby.dest(), 1));
    lobby.Cast(Room::Enter{});
    EXPECT_THAT(co_await lobby.Call(Room::Guests{}),
                StatusIs(StatusCode::kNotFound, HasSubstr("lobby of rooms")));
    EXPECT_THAT(co_await Stop(lobby), StatusIs(StatusCode::kNotFound));
    EXPECT_EQ((co_await Receive<Down>().For(Monitor(lobby.dest()))).reason, ExitReason::NoProc());
  }
}

// REG6, REG3: nothing reaches a dead holder that the registry hasn't heard of yet.
HYDRA_TEST(RegistryViaTest, DeadServerIsMissing) {
  const Rooms rooms;
  const Pid registry = co_await Start(rooms);
  EXPECT_OK(co_await sys::Suspend(registry));
  const auto room = co_await hydra::Start<Room>({.via = rooms.Via("lobby")});
  CO_ASSERT_THAT(room, IsOk());
  co_await Kill(room->pid());
  EXPECT_FALSE(Send(rooms.Via("lobby"), 1));
  const auto next = co_await hydra::Start<Room>({.via = rooms.Via("lobby")});
  CO_ASSERT_THAT(next, IsOk());
  EXPECT_THAT(co_await ServerRef<Room>(rooms.Via("lobby")).Call(Room::Guests{}), IsOkAndHolds(0));
  EXPECT_OK(co_await sys::Resume(registry));
}

// REG6, REG13
HYDRA_TEST(RegistryViaTest, RegistryThatDoesNotRunStartsNothing) {
  const Rooms rooms({.name = "rooms"});
  EXPECT_THAT(co_await hydra::Start<Room>({.via = rooms.Via("lobby")}),
              StatusIs(StatusCode::kUnavailable, HasSubstr("'rooms' doesn't run")));
}

// REG6, MON2
HYDRA_TEST(RegistryViaTest, IsMonitored) {
  const Rooms rooms;
  co_await Start(rooms);
  const auto room = co_await hydra::Start<Room>({.via = rooms.Via("lobby")});
  CO_ASSERT_THAT(room, IsOk());
  const Ref ref = Monitor(rooms.Via("lobby"));
  Exit(room->pid(), ExitReason::Kill());
  const Down down = co_await Receive<Down>().For(ref);
  EXPECT_EQ(down.pid, room->pid());
  EXPECT_EQ(down.reason, ExitReason::Killed());
  EXPECT_EQ(rooms.WhereIs("lobby"), Pid()) << "SIG9";
}

// REG6, SUP1: a child is started anew under its key, which is its id.
HYDRA_TEST(RegistryViaTest, ChildOfASupervisor) {
  TrapExit(true);
  const Rooms rooms({.name = "rooms"});
  const auto supervisor = co_await StartLink<Supervisor>(
      {}, SupervisorOptions(),
      Children{rooms.child(), Child<Room>({.server = {.via = rooms.Via("lobby")}})});
  CO_ASSERT_THAT(supervisor, IsOk());
  const auto children = co_await WhichChildren(*supervisor);
  CO_ASSERT_THAT(children, IsOk());
  EXPECT_EQ(children->at(1).id, "lobby of rooms");
  const ServerRef<Room> lobby(rooms.Via("lobby"));
  const Pid first = rooms.WhereIs("lobby");
  lobby.Cast(Room::Enter{});
  co_await Kill(first);
  while (rooms.WhereIs("lobby") == Pid()) co_await Yield();
  EXPECT_NE(rooms.WhereIs("lobby"), first);
  EXPECT_THAT(co_await lobby.Call(Room::Guests{}), IsOkAndHolds(0));
}

// REG6
HYDRA_TEST(RegistryViaTest, Addresses) {
  const Rooms rooms({.name = "rooms"});
  const Rooms others;
  EXPECT_EQ(rooms.Via("lobby")->ToString(), "lobby of rooms");
  EXPECT_EQ(others.Via("lobby")->ToString(), "lobby of a registry");
  EXPECT_EQ(Registry<bool>({.name = "flags"}).Via(true)->ToString(), "1 of flags");
  EXPECT_EQ(Dest(rooms.Via("lobby")), Dest(rooms.Via("lobby", 7)));
  EXPECT_FALSE(Dest(rooms.Via("lobby")) == Dest(rooms.Via("bar")));
  EXPECT_FALSE(Dest(rooms.Via("lobby")) == Dest(others.Via("lobby")));
  EXPECT_FALSE(Dest(rooms.Via("lobby")) == Dest(Registry<int>().Via(1)));
  EXPECT_FALSE(Dest(rooms.Via("lobby")) == Dest("lobby"));
  co_return;
}

// REG6: a key that can't be printed.
HYDRA_TEST(RegistryViaTest, KeyThatCannotBePrinted) {
  const Registry<std::optional<int>> numbers({.name = "numbers"});
  EXPECT_EQ(numbers.Via(7)->ToString(), "a key of numbers");
  co_return;
}

// NAM7: foreign threads send to it, too.
TEST(RegistryViaTest, ServesForeignThreads) {
  Runtime runtime({.schedulers = 1});
  const Rooms rooms;
  // The registry's process ends with whoever has started it.
  const Pid owner = runtime.Spawn([rooms]() -> Async<> {
    EXPECT_THAT(co_await rooms.StartLink(), IsOk());
    EXPECT_THAT(co_await StartLink<Room>({.via = rooms.Via("lobby")}), IsOk());
    co_await registry_testing::Obey();
  });
  while (!rooms.WhereIs("lobby")) std::this_thread::yield();
  const ServerRef<Room> lobby(rooms.Via("lobby"));
  lobby.Cast(runtime, Room::Enter{});
  EXPECT_THAT(lobby.Call(runtime, Room::Guests{}), IsOkAndHolds(1));
  runtime.Run([owner]() -> Async<> { co_await Kill(owner); });
  while (rooms.Count() != 0) std::this_thread::yield();
  EXPECT_FALSE(runtime.Send(rooms.Via("lobby"), 1));
}

}  // namespace
}  // namespace hydra
