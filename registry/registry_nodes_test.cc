// Keys of another node's registry: semantics.md REG15.
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "hydra/base/log_testing.h"
#include "hydra/base/status_testing.h"
#include "hydra/genserver/genserver.h"
#include "hydra/process/process.h"
#include "hydra/process/testing/process_test.h"
#include "hydra/process/transport_testing.h"
#include "hydra/registry/duplicate_registry.h"
#include "hydra/registry/registry.h"

namespace hydra {
namespace {

using absl::StatusCode;
using process_testing::Double;
using process_testing::Hello;
using process_testing::kA;
using process_testing::kB;
using process_testing::Server;
using process_testing::Stop;
using process_testing::WaitForStop;
using testing::ElementsAre;
using testing::HasSubstr;

using Rooms = Registry<std::string>;

// Counts its guests.
class Room {
 public:
  struct Enter {
    static constexpr std::string_view kWireName = "test.Room.Enter";
  };
  struct Guests {
    static constexpr std::string_view kWireName = "test.Room.Guests";
    using Reply = int;
  };
  using Protocol = hydra::Protocol<Enter, Guests>;

  void HandleCast(Enter) { ++guests_; }
  int HandleCall(Guests) const { return guests_; }

 private:
  int guests_ = 0;
};

// `b` has a registry "rooms". `a` knows its name, and that its keys are texts.
class RegistryNodesTest : public process_testing::TwoNodes {
 protected:
  RegistryNodesTest() : owner_(StartOnB(there_)) {}

  // Runs the registry on `b`, until the process that is returned has ended.
  template <typename R>
  Pid StartOnB(const R& registry) {
    const Pid owner = OnB([registry]() -> Async<> {
      EXPECT_OK(co_await registry.StartLink());
      co_await WaitForStop();
    });
    b_->RunUntilIdle();
    return owner;
  }

  // A process on `b` that has the key, and runs `body`.
  template <typename R, typename Key>
  Pid HolderOf(const R& registry, const Key& key, const std::function<Async<>()>& body = Server) {
    const Pid holder = OnB([=]() -> Async<> {
      EXPECT_OK(registry.Register(key));
      co_await body();
    });
    b_->RunUntilIdle();
    return holder;
  }
  Pid HolderOf(const std::string& key) { return HolderOf(there_, key); }

  void KillOnB(const Pid& pid) {
    OnB([pid]() -> Async<> {
      Exit(pid, ExitReason::Kill());
      co_return;
    });
    b_->RunUntilIdle();
  }

  // Nobody has it: what holds for a name that nobody has.
  Async<> ExpectNobody(ProcessName address) const {
    EXPECT_TRUE(Send(address, Stop())) << "as to any name on another node";
    const absl::Status asked = (co_await Request(address, Double{21})).status();
    EXPECT_THAT(asked, StatusIs(StatusCode::kNotFound));
    const Ref ref = Monitor(address);
    const Down down = co_await AssertReceive<Down>();
    EXPECT_EQ(down.ref, ref);
    EXPECT_EQ(down.name, address);
    EXPECT_EQ(down.pid, Pid());
    EXPECT_EQ(down.reason, ExitReason::NoProc());
  }

  // What comes to who has the key from now on, on `b`.
  std::function<Async<>()> Note(std::vector<int>& numbers) const {
    return [&numbers]() -> Async<> {
      while (true) numbers.push_back((co_await Receive<Hello>()).number);
    };
  }

  const Rooms here_{{.name = "rooms"}};  // never runs
  const Rooms there_{{.name = "rooms"}};
  const ProcessName lobby_ = here_.ViaOn(kB, "lobby");
  Pid owner_;
};

// REG15
TEST_F(RegistryNodesTest, WhoHasTheKeyThereIsSentToAskedAndMonitored) {
  const Pid holder = HolderOf("lobby");
  HolderOf("kitchen");
  Run([&]() -> Async<> {
    EXPECT_TRUE(Send(lobby_, Hello{Self(), 1}));
    const Hello hello = co_await AssertReceive<Hello>();
    EXPECT_EQ(hello.from, holder);
    EXPECT_EQ(hello.number, 2);
    EXPECT_THAT(co_await Request(lobby_, Double{21}), IsOkAndHolds(42));
    PendingRequest<Double> asked = SendRequest(lobby_, Double{4});
    EXPECT_THAT(co_await asked.Receive(), IsOkAndHolds(8));
    SendAfter(absl::Milliseconds(1), lobby_, Hello{Self(), 5});
    EXPECT_EQ((co_await AssertReceive<Hello>()).number, 6);

    const Ref ref = Monitor(lobby_);
    Send(lobby_, Stop());
    const Down down = co_await AssertReceive<Down>();
    EXPECT_EQ(down.ref, ref);
    EXPECT_EQ(down.pid, holder);
    EXPECT_EQ(down.name, lobby_);
    EXPECT_EQ(down.reason, ExitReason::Normal());
    co_await ExpectNobody(lobby_);
  });
}

// REG15, GS14
TEST_F(RegistryNodesTest, ServersAreCalledAndStopped) {
  OnB([this]() -> Async<> {
    EXPECT_THAT(co_await Start<Room>({.via = there_.Via("lobby")}), IsOk());
  });
  b_->RunUntilIdle();
  Run([&]() -> Async<> {
    const ServerRef<Room> room(lobby_);
    room.Cast(Room::Enter{});
    room.Cast(Room::Enter{});
    EXPECT_THAT(co_await room.Call(Room::Guests{}), IsOkAndHolds(2));
    EXPECT_OK(co_await hydra::Stop(room));
    const absl::Status called = (co_await room.Call(Room::Guests{})).status();
    EXPECT_THAT(called, StatusIs(StatusCode::kNotFound));
    EXPECT_THAT(called.message(), HasSubstr("lobby of rooms on b@test"));
    room.Cast(Room::Enter{});
  });
  EXPECT_EQ(there_.WhereIs("lobby"), Pid());
}

// REG15
TEST_F(RegistryNodesTest, NobodyHasAKeyThatIsNotRegistered) {
  HolderOf("kitchen");
  Run([&]() -> Async<> { co_await ExpectNobody(lobby_); });
}

// REG15: one that is unknown, has no name, is of many processes for a key, and a process that is no registry.
TEST_F(RegistryNodesTest, NobodyHasAKeyOfNoSuchRegistry) {
  HolderOf("lobby");
  const DuplicateRegistry<std::string> jobs({.name = "jobs"});
  StartOnB(jobs);
  HolderOf(jobs, "lobby");
  ASSERT_OK(b_->Register(OnB(WaitForStop), "process"));
  const ScopedLogCapture log;
  Run([&]() -> Async<> {
    for (const std::string name : {"gardens", "", "jobs", "process"})
      co_await ExpectNobody(Rooms({.name = name}).ViaOn(kB, "lobby"));
  });
  EXPECT_TRUE(log.entries().empty());
}

// REG15, NAM7: it is looked up when what is sent arrives; each time.
TEST_F(RegistryNodesTest, WhoHasItByThenGetsIt) {
  std::vector<int> first;
  std::vector<int> second;
  const Pid holder = HolderOf(there_, "lobby", Note(first));
  a_->Spawn([this]() -> Async<> {
    Send(lobby_, Hello{{}, 1});
    co_return;
  });
  a_->RunUntilIdle();
  KillOnB(holder);
  HolderOf(there_, "lobby", Note(second));
  RunUntilIdle();
  EXPECT_THAT(first, ElementsAre());
  EXPECT_THAT(second, ElementsAre(1));
}

// REG15, MON6, MON7: a monitor stays with whom it has found.
TEST_F(RegistryNodesTest, MonitorIsOfWhoHadTheKey) {
  const Pid first = HolderOf(there_, "lobby", [this]() -> Async<> {
    co_await Receive<Hello>();
    there_.Unregister("lobby");
    co_await WaitForStop();
  });
  Run([&]() -> Async<> {
    const Ref ref = Monitor(lobby_);
    const Ref taken_back = Monitor(lobby_);
    Send(lobby_, Hello());
    co_await Info(first);
    EXPECT_EQ(there_.WhereIs("lobby"), Pid());
    const Pid second = OnB([this]() -> Async<> {
      EXPECT_OK(there_.Register("lobby"));
      co_await Server();
    });
    EXPECT_TRUE(Demonitor(taken_back));
    EXPECT_THAT((co_await Info(first))->monitored_by, testing::SizeIs(1));
    Send(lobby_, Hello{Self(), 1});
    EXPECT_EQ((co_await AssertReceive<Hello>()).from, second);
    Send(first, Stop());
    const Down down = co_await AssertReceive<Down>();
    EXPECT_EQ(down.ref, ref);
    EXPECT_EQ(down.pid, first);
    co_await RefuteReceive<Down>();
  });
}

// REG15, REG5
TEST_F(RegistryNodesTest, RegistryThatIsStartedAnewHasItsKeys) {
  HolderOf("lobby");
  Run([&]() -> Async<> {
    const Ref ref = Monitor(lobby_);
    Exit(owner_, ExitReason::Kill());
    EXPECT_EQ((co_await AssertReceive<Down>()).ref, ref) << "who is registered ends, too";
    co_await ExpectNobody(lobby_);
  });
  const Rooms anew({.name = "rooms"});
  StartOnB(anew);
  const Pid holder = HolderOf(anew, "lobby");
  Run([&]() -> Async<> {
    Send(lobby_, Hello{Self(), 1});
    EXPECT_EQ((co_await AssertReceive<Hello>()).from, holder);
  });
}

// REG15, SIG2
TEST_F(RegistryNodesTest, WhatOneProcessSendsArrivesInOrder) {
  std::vector<int> numbers;
  const Pid holder = HolderOf(there_, "lobby", Note(numbers));
  ASSERT_OK(b_->Register(holder, "porter"));
  std::vector<int> sent;
  a_->Spawn([&]() -> Async<> {
    const std::vector<Dest> addresses = {lobby_, holder, ProcessName("porter", kB)};
    for (int i = 0; i < 30; ++i) {
      Send(addresses[(i + i / 3) % 3], Hello{{}, i});
      sent.push_back(i);
    }
    co_return;
  });
  RunUntilIdle();
  EXPECT_EQ(numbers, sent);
}

// REG15: who takes the keys for numbers finds nobody, is told as if there were none, and disturbs nobody.
TEST_F(RegistryNodesTest, KeyOfAnotherTypeIsNobodys) {
  std::vector<int> numbers;
  HolderOf(there_, "7", Note(numbers));
  const ScopedLogCapture log;
  Run([&]() -> Async<> {
    const ProcessName seven = here_.ViaOn(kB, "7");
    Send(seven, Hello{{}, 1});
    Send(Registry<int>({.name = "rooms"}).ViaOn(kB, 7), Hello{{}, 2});
    Send(seven, Hello{{}, 3});
    co_await ExpectNobody(Registry<int>({.name = "rooms"}).ViaOn(kB, 7));
  });
  EXPECT_THAT(numbers, ElementsAre(1, 3));
  ASSERT_FALSE(log.entries().empty());
  EXPECT_EQ(log.entries()[0].text,
            "nobody is found by a key of 'rooms': no string: byte 0: it is of the type int32");
}

// REG15, NOD23
TEST_F(RegistryNodesTest, PidsInKeysAreTheSameOnBothNodes) {
  using Sessions = Registry<std::vector<Pid>>;
  const Sessions there({.name = "sessions"});
  StartOnB(there);
  Run([&]() -> Async<> {
    const std::vector<Pid> users = {Self(), owner_, Self()};
    HolderOf(there, users);
    const Sessions here({.name = "sessions"});
    EXPECT_THAT(co_await Request(here.ViaOn(kB, users), Double{21}), IsOkAndHolds(42));
    co_await ExpectNobody(here.ViaOn(kB, {Self(), owner_}));
    const Pid of_nobody(1, 1, HomeOf({.name = "b@test", .creation = 7}));
    co_await ExpectNobody(here.ViaOn(kB, {of_nobody}));
  });
}

// REG15: as a name that is too long.
TEST_F(RegistryNodesTest, KeyThatIsTooLongIsNobodys) {
  const std::string longest(kMaxRemoteName - 14, 'x');
  ASSERT_EQ(here_.ViaOn(kB, longest).name.size(), kMaxRemoteName);
  HolderOf(longest);
  HolderOf(longest + 'x');
  Run([&]() -> Async<> {
    EXPECT_THAT(co_await Request(here_.ViaOn(kB, longest), Double{21}), IsOkAndHolds(42));
    co_await ExpectNobody(here_.ViaOn(kB, longest + 'x'));
  });
}

// REG15, NOD12
TEST_F(RegistryNodesTest, LossOfTheNodeEndsWhatReachesThere) {
  HolderOf(there_, "lobby", WaitForStop);
  Run([&]() -> Async<> {
    const Ref ref = Monitor(lobby_);
    PendingRequest<Double> asked = SendRequest(lobby_, Double{21});
    co_await Info(owner_);
    network_.Cut(kA, kB);
    const Down down = co_await AssertReceive<Down>();
    EXPECT_EQ(down.ref, ref);
    EXPECT_EQ(down.reason, ExitReason::NoConnection());
    EXPECT_THAT(co_await asked.Receive(), StatusIs(StatusCode::kUnavailable));
  });
}

// REG15: whether there are nodes or not.
HYDRA_TEST(RegistryViaOnTest, TheNodeMayBeThisOne) {
  const Rooms rooms({.name = "rooms"});
  TrapExit(true);
  CO_ASSERT_THAT(co_await rooms.StartLink(), IsOk());
  const ProcessName lobby = rooms.ViaOn(ThisNode(), "lobby");
  EXPECT_FALSE(Send(lobby, 1)) << "as to a name of this runtime that nobody has";
  EXPECT_OK(rooms.Register("lobby"));
  EXPECT_TRUE(Send(lobby, 1));
  EXPECT_EQ(co_await AssertReceive<int>(), 1);
  EXPECT_EQ(Dest(lobby).ToString(), "lobby of rooms");
}

}  // namespace
}  // namespace hydra
