// A node that has started again under its name, and connections of which one end is lost: NOD5, NOD22.
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "hydra/node/internal/link_proto.h"
#include "hydra/node/node_options.h"
#include "hydra/node/testing/local_node.h"
#include "hydra/node/testing/loopback.h"
#include "hydra/node/testing/node_watcher.h"
#include "hydra/node/testing/note.h"
#include "hydra/node/testing/raw_dialler.h"
#include "hydra/node/testing/raw_stream.h"
#include "hydra/process/process.h"
#include "hydra/process/testing/probe.h"
#include "hydra/process/testing/process_test.h"

namespace hydra {
namespace {

using testing::ElementsAre;
using testing::Field;
using testing::IsEmpty;
using testing::SizeIs;

// A node with a process that the other node knows, and which then starts again with another in its place.
class RestartTest : public testing::Test {
 protected:
  RestartTest() {
    b_ = NewB();
    stale_ = b_->runtime().Spawn(Idle);
    b_->Run([this]() -> Async<> {
      stale_alias_ = MakeAlias();
      co_return;
    });
    const NodeWatcher told(a_.runtime());
    EXPECT_TRUE(a_.Connect(b_->name()).ok());
    b_ = nullptr;
    EXPECT_TRUE(told.AwaitDown(1));
    b_ = NewB();
    in_its_place_ = b_->runtime().Spawn(Idle);
  }

  std::unique_ptr<LocalNode> NewB() {
    return std::make_unique<LocalNode>("b",
                                       NodeOptions{.listen = absl::StrCat("127.0.0.1:", port_)});
  }

  // What is sent to a process of the node's former life.
  static Async<> ExpectStale(Pid stale, Ref stale_alias) {
    TrapExit(true);
    Send(stale, Note{"lost", Self()});
    Send(stale_alias, Note{"lost", Self()});
    Exit(stale, ExitReason::Kill());
    const Ref ref = Monitor(stale);
    EXPECT_EQ((co_await Receive<Down>().For(ref)).reason, ExitReason::NoProc());
    Link(stale);
    const ExitSignal exit = co_await AssertReceive<ExitSignal>();
    EXPECT_EQ(exit.from, stale);
    EXPECT_EQ(exit.reason, ExitReason::NoProc());
    const absl::Status asked = (co_await Request(stale, Square{2})).status();
    EXPECT_EQ(asked.code(), absl::StatusCode::kNotFound) << asked;
    Demonitor(ref);
    Unlink(stale);
  }

  const int port_ = UnusedPort();
  LocalNode a_{"a"};
  std::unique_ptr<LocalNode> b_;
  Pid stale_;
  Ref stale_alias_;
  Pid in_its_place_;
};

// NOD22
TEST_F(RestartTest, PidsOfAFormerLife) {
  EXPECT_EQ(stale_.serial(), in_its_place_.serial()) << "the test is of no use";
  EXPECT_EQ(stale_.slot(), in_its_place_.slot());
  EXPECT_NE(stale_, in_its_place_);
  a_.Run([this]() { return ExpectStale(stale_, stale_alias_); });
  EXPECT_TRUE(b_->runtime().IsAlive(in_its_place_));
  a_.Run([this]() -> Async<> {  // all of it was seen by the new one, as of its former life
    const Ref ref = Monitor(in_its_place_);
    Exit(in_its_place_, ExitReason::Shutdown());
    EXPECT_EQ((co_await Receive<Down>().For(ref)).reason, ExitReason::Shutdown());
  });
}

// NOD22: the node itself is handed a pid of its former life.
TEST_F(RestartTest, PidsOfTheOwnFormerLife) {
  b_->Run([this]() { return ExpectStale(stale_, stale_alias_); });
  EXPECT_TRUE(b_->runtime().IsAlive(in_its_place_));
  EXPECT_THAT(b_->Connecting(), IsEmpty());
}

// NOD22: without a connection, the first signal makes one.
TEST_F(RestartTest, WhatWasMonitoredBefore) {
  a_.Run([this]() -> Async<> {
    const Ref ref = Monitor(stale_);
    EXPECT_EQ((co_await Receive<Down>().For(ref)).reason, ExitReason::NoProc());
  });
  EXPECT_TRUE(a_.AwaitConnected(b_->name()));
}

// NOD5, NOD15: the old connection is taken down before the new one is up.
TEST(HalfOpenTest, APeerThatHasLostItsEnd) {
  LocalNode a("a", {.handshake_timeout = absl::Seconds(1)});
  const Probe told(a.runtime());
  a.runtime().Spawn(
      [](Pid probe) -> Async<> {
        MonitorNodes(true);
        Send(probe, true);
        while (true)
          co_await Receive([probe](NodeUp up) { Send(probe, std::move(up)); },
                           [probe](NodeDown down) { Send(probe, std::move(down)); });
      },
      told.pid());
  ASSERT_TRUE(told.AwaitReceived<bool>(1));
  RawDialler lost(a.name(), kTestCookie, kRawName, 1);  // doesn't answer any more
  a.SpawnNamed("observer", []() -> Async<> {
    Monitor(ProcessName("anybody", kRawName));
    const Down down = co_await AssertReceive<Down>();
    EXPECT_EQ(down.reason, ExitReason::NoConnection());
  });
  RawDialler again(a.name(), kTestCookie, kRawName, 2);
  ASSERT_TRUE(told.AwaitReceived<NodeUp>(2));
  EXPECT_THAT(told.ReceivedTypes(),
              ElementsAre("bool", "hydra::NodeUp", "hydra::NodeDown", "hydra::NodeUp"));
  EXPECT_THAT(a.Connected(), ElementsAre(kRawName));
  a.Run([]() -> Async<> {
    Monitor(ProcessName("observer"));
    co_await AssertReceive<Down>();
  });
}

// NOD5, NOD6: the old connection answers: it stays.
TEST(HalfOpenTest, APeerThatHasNot) {
  LocalNode a("a");
  const NodeWatcher told(a.runtime());
  RawDialler first(a.name(), kTestCookie, kRawName, 1);
  ASSERT_TRUE(told.AwaitUp(1));
  for (const uint64_t creation : {1, 2}) {
    RawDialler second(a.name());
    const v1::Hello hello = RawHello(a.name(), kRawName, creation);
    ASSERT_TRUE(second.Say(HelloFrame(hello)));
    const std::optional<v1::Frame> answer = second.Hear();
    ASSERT_TRUE(answer.has_value());
    ASSERT_TRUE(second.Say(ProofFrame('D', hello, answer->hello(), kTestCookie)));
    const std::optional<v1::Frame> ping = first.Hear();
    ASSERT_TRUE(ping.has_value());
    ASSERT_EQ(ping->pings_size(), 1);
    v1::Frame pong;
    *pong.mutable_pongs() = ping->pings();
    ASSERT_TRUE(first.Say(pong));
    EXPECT_EQ(second.HearRefusal().why(),
              creation == 1 ? v1::Refusal::SIMULTANEOUS : v1::Refusal::DUPLICATE_NAME);
  }
  EXPECT_THAT(told.up(), SizeIs(1));
  EXPECT_THAT(told.down(), IsEmpty());
}

// NOD5: both go while it isn't decided; nothing of them is left.
TEST(HalfOpenTest, BothGo) {
  LocalNode a("a", {.handshake_timeout = absl::Milliseconds(400), .tick_time = absl::Seconds(1)});
  const NodeWatcher told(a.runtime());
  const size_t processes = a.runtime().process_count();
  {
    RawDialler first(a.name(), kTestCookie, kRawName, 1);
    ASSERT_TRUE(told.AwaitUp(1));
    RawDialler second(a.name());
    const v1::Hello hello = RawHello(a.name(), kRawName, 2);
    ASSERT_TRUE(second.Say(HelloFrame(hello)));
    const std::optional<v1::Frame> answer = second.Hear();
    ASSERT_TRUE(answer.has_value());
    ASSERT_TRUE(second.Say(ProofFrame('D', hello, answer->hello(), kTestCookie)));
    ASSERT_TRUE(first.Hear().has_value());
  }
  ASSERT_TRUE(told.AwaitDown(1));
  a.Run([&]() -> Async<> {  // until the time limits have passed
    const absl::Time deadline = Now() + absl::Seconds(10);
    while (a.runtime().process_count() > processes + 2 && Now() < deadline)
      co_await Sleep(absl::Milliseconds(20));
  });
  EXPECT_THAT(a.Connecting(), IsEmpty());
}

}  // namespace
}  // namespace hydra
