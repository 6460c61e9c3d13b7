// Nodes that are there and say nothing: stopped by SIGSTOP, no connection is closed.
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "hydra/base/status_testing.h"
#include "hydra/node/node_options.h"
#include "hydra/node/testing/local_node.h"
#include "hydra/node/testing/os_node.h"
#include "hydra/node/testing/residents.h"
#include "hydra/node/testing/witness.h"
#include "hydra/process/process.h"
#include "hydra/process/testing/process_test.h"

namespace hydra::node_testing {
namespace {

using testing::AnyOf;
using testing::ElementsAre;
using testing::ElementsAreArray;
using testing::IsEmpty;

constexpr absl::Duration kTick = absl::Milliseconds(800);
// That a busy machine may take.
constexpr absl::Duration kSlack = absl::Milliseconds(400);
// No test waits so long for a tick.
constexpr absl::Duration kNoTick = absl::Minutes(10);

NodeOptions Ticking(absl::Duration tick_time) {
  return {.handshake_timeout = absl::Seconds(4), .tick_time = tick_time};
}

NodeOptions Named(const std::string& name, absl::Duration tick_time) {
  NodeOptions options = Ticking(tick_time);
  options.name = name;
  return options;
}

Async<Pid> WatchOneOf(std::string node) {
  const absl::StatusOr<std::vector<Pid>> whom =
      co_await Request(Dest("landlord", node), Populate{1});
  EXPECT_OK(whom);
  const absl::StatusOr<Pid> witness = co_await Request("landlord", Watch{*whom});
  EXPECT_OK(witness);
  co_return *witness;
}

Async<std::vector<std::string>> LogOf(std::string node, int64_t count = 0) {
  const absl::StatusOr<std::vector<std::string>> log =
      co_await Request(Dest("log", node), ReadLog{count});
  EXPECT_OK(log);
  co_return log.value_or(std::vector<std::string>());
}

// NOD11: found out in tick_time, a quarter more or less. NOD12: and what reaches there ends.
TEST(SilenceTest, AStoppedNodeIsDown) {
  LocalNode here("here", Ticking(kTick), MoveIn);
  OsNode peer(Named("peer", kTick));
  here.Run([&]() -> Async<> {
    MonitorNodes(true);
    for (int round = 0; round < 3; ++round) {
      const Pid witness = co_await WatchOneOf(peer.name());
      co_await Sleep(round * kTick / 12);  // each time at another moment between two ticks
      const absl::Time before = absl::Now();
      peer.Stop();
      const NodeDown down = co_await AssertReceive<NodeDown>();
      const absl::Duration taken = absl::Now() - before;
      EXPECT_EQ(down.node, peer.name());
      EXPECT_EQ(down.reason, NodeDownReason::kTickTimeout);
      EXPECT_GE(taken, kTick * 3 / 4 - kSlack / 8);
      EXPECT_LE(taken, kTick * 5 / 4 + kSlack);
      EXPECT_THAT(co_await Request(witness, Testify{}),
                  IsOkAndHolds(Testimony{.exits = 1, .downs = 1, .failed_calls = 1}));
      EXPECT_THAT(Nodes(), IsEmpty());
      peer.Continue();
      EXPECT_OK(co_await here.node().Connect(peer.name()));
    }
  });
}

// NOD11, NOD17: also if there was so much to say to it that it can't all be on its way, and it goes on later.
TEST(SilenceTest, AStoppedNodeIsDownThoughItWasSpokenTo) {
  LocalNode here("here", Ticking(kTick), MoveIn);
  OsNode peer(Named("peer", kTick));
  here.Run([&]() -> Async<> {
    const Pid witness = co_await WatchOneOf(peer.name());
    MonitorNodes(true);
    const absl::Time before = absl::Now();
    peer.Stop();
    const Dest sink("sink", peer.name());
    for (int i = 0; i < 50; ++i) Send(sink, Bulk::Make("here", i, 1'000'000));
    EXPECT_EQ((co_await AssertReceive<NodeDown>()).node, peer.name());
    EXPECT_LE(absl::Now() - before, kTick * 5 / 4 + kSlack);
    EXPECT_THAT(co_await Request(witness, Testify{}),
                IsOkAndHolds(Testimony{.exits = 1, .downs = 1, .failed_calls = 1}));
    peer.Continue();
    Send(sink, Bulk::Make("here", 1000, 1));
    const absl::StatusOr<ReadSink::Reply> came = co_await Request(sink, ReadSink{});
    EXPECT_THAT(came, IsOk());
    // Some of the old connection may have come by that, as far as it was on its way; none of it afterwards.
    EXPECT_LT(came->size(), 50U);
    EXPECT_THAT(co_await LogOf(peer.name()),
                ElementsAre("up " + here.name(), "down " + here.name(), "up " + here.name()));
  });
}

// NOD11: a node that has nothing to say ticks, and one that says other things needn't.
TEST(SilenceTest, WhoSaysSomethingIsThere) {
  LocalNode here("here", Ticking(kTick), MoveIn);
  OsNode idle(Named("idle", kTick));
  OsNode busy(Named("busy", kTick));
  here.Run([&]() -> Async<> {
    EXPECT_OK(co_await here.node().Connect(idle.name()));
    EXPECT_OK(co_await here.node().Connect(busy.name()));
    const Dest echo("echo", busy.name());
    for (const absl::Time end = absl::Now() + 3 * kTick; absl::Now() < end;) {
      EXPECT_THAT(co_await Request(echo, Echo{"hello"}), IsOkAndHolds("hello"));
      co_await Sleep(kTick / 16);
    }
    EXPECT_THAT(co_await LogOf(""), ElementsAre("up " + idle.name(), "up " + busy.name()));
  });
}

// NOD11: the shorter of the two times counts on both sides.
TEST(SilenceTest, TheShorterTimeCounts) {
  for (const bool is_own : {true, false}) {
    LocalNode here("here", Ticking(is_own ? kTick : kNoTick), MoveIn);
    OsNode peer(Named("peer", is_own ? kNoTick : kTick));
    here.Run([&]() -> Async<> {
      EXPECT_OK(co_await here.node().Connect(peer.name()));
      co_await Sleep(2 * kTick);  // each ticks as often as the other needs
      EXPECT_THAT(co_await LogOf(""), ElementsAre("up " + peer.name()));
      EXPECT_THAT(co_await LogOf(peer.name()), ElementsAre("up " + here.name()));
      peer.Stop();
      EXPECT_THAT(co_await LogOf("", 2), ElementsAre("up " + peer.name(), "down " + peer.name()));
    });
  }
}

// NOD15, NOD17: a node that goes on sees its loss, and then a new connection; nothing of the old one comes by that.
TEST(SilenceTest, AStoppedNodeThatGoesOnIsConnectedAnew) {
  LocalNode here("here", Ticking(kTick), MoveIn);
  OsNode peer(Named("peer", kTick));
  here.Run([&]() -> Async<> {
    const Dest log("log", peer.name());
    const Pid witness = co_await WatchOneOf(peer.name());
    MonitorNodes(true);
    Send(log, Note{"before"});
    EXPECT_THAT(co_await LogOf(peer.name()), ElementsAre("up " + here.name(), "before"));
    peer.Stop();
    Send(log, Note{"while it is stopped"});
    co_await AssertReceive<NodeDown>();
    peer.Continue();
    EXPECT_OK(co_await here.node().Connect(peer.name()));
    Send(log, Note{"after"});
    const std::string up = "up " + here.name();
    const std::string down = "down " + here.name();
    EXPECT_THAT(co_await LogOf(peer.name()),
                AnyOf(ElementsAre(up, "before", down, up, "after"),
                      ElementsAre(up, "before", "while it is stopped", down, up, "after")));
    EXPECT_THAT(co_await LogOf(""),
                ElementsAre("up " + peer.name(), "down " + peer.name(), "up " + peer.name()));
    EXPECT_THAT(co_await Request(witness, Testify{.when_complete = false}),
                IsOkAndHolds(Testimony{.exits = 1, .downs = 1, .failed_calls = 1}));
  });
}

// NOD5: the peer is silent for good, and another life of it dials: the old connection goes first, then comes the new one.
TEST(SilenceTest, AHalfOpenConnectionIsReplaced) {
  LocalNode here("here", Ticking(kNoTick), MoveIn);
  OsNode peer(Named("peer", kNoTick));
  here.Run([&]() -> Async<> {
    const Pid witness = co_await WatchOneOf(peer.name());
    peer.Stop();
    // It can't have the port of the other, which is only stopped, but its name.
    NodeOptions options = Named("peer", kNoTick);
    options.advertise = peer.name().substr(peer.name().find('@') + 1);
    const OsNode successor(options, here.name());
    EXPECT_EQ(successor.connected(), "OK");
    CO_ASSERT_EQ(successor.name(), peer.name());
    EXPECT_THAT(co_await Request(witness, Testify{}),
                IsOkAndHolds(Testimony{.exits = 1, .downs = 1, .failed_calls = 1}));
    EXPECT_THAT(co_await Request(Dest("echo", peer.name()), Echo{"hello"}), IsOkAndHolds("hello"));
    EXPECT_THAT(co_await LogOf(""),
                ElementsAre("up " + peer.name(), "down " + peer.name(), "up " + peer.name()));
    // The old one, when it goes on, is told, and the new one isn't troubled.
    peer.Continue();
    EXPECT_THAT(co_await Request(Dest("echo", peer.name()), Echo{"hello"}), IsOkAndHolds("hello"));
  });
}

// NOD6: one that is there answers, and stays.
TEST(SilenceTest, ALivingNodeIsNotReplaced) {
  LocalNode here("here", Ticking(kNoTick), MoveIn);
  OsNode peer(Named("peer", kNoTick));
  here.Run([&]() -> Async<> {
    const Pid witness = co_await WatchOneOf(peer.name());
    NodeOptions options = Named("peer", kNoTick);
    options.advertise = peer.name().substr(peer.name().find('@') + 1);
    const OsNode second(options, here.name());
    EXPECT_THAT(second.connected(), testing::HasSubstr("DUPLICATE_NAME"));
    EXPECT_THAT(co_await Request(Dest("echo", peer.name()), Echo{"hello"}), IsOkAndHolds("hello"));
    EXPECT_THAT(co_await LogOf(""), ElementsAre("up " + peer.name()));
    EXPECT_THAT(co_await Request(witness, Testify{.when_complete = false}),
                IsOkAndHolds(Testimony{}));
  });
}

// NOD5: the node that was silent is the one that is dialled: when it goes on there is a new life of its peer.
TEST(SilenceTest, ARestartThatWasSleptThroughIsSeen) {
  LocalNode here("here", Ticking(kNoTick), MoveIn);
  OsNode sleeper(Named("sleeper", kNoTick));
  std::optional<OsNode> peer(std::in_place, Named("peer", kNoTick), sleeper.name());
  EXPECT_EQ(peer->connected(), "OK");
  const std::string peer_name = peer->name();
  here.Run([&]() -> Async<> { EXPECT_OK(co_await here.node().Connect(sleeper.name())); });
  sleeper.Stop();
  peer->Kill();
  NodeOptions options = Named("peer", kNoTick);
  options.listen = peer_name.substr(peer_name.find('@') + 1);
  peer.emplace(options);
  ASSERT_EQ(peer->name(), peer_name);
  here.Run([&]() -> Async<> {
    // Dials while nobody answers.
    EXPECT_OK(co_await Request(Dest("landlord", peer->name()), Greet{sleeper.name(), "hello"}));
    sleeper.Continue();
    EXPECT_THAT(co_await LogOf(sleeper.name(), 5),
                ElementsAre("up " + peer->name(), "up " + here.name(), "down " + peer->name(),
                            "up " + peer->name(), "hello"));
  });
}

// NOD2: each step of a handshake is limited in time.
TEST(SilenceTest, AStoppedNodeCantBeConnectedWith) {
  LocalNode here("here", {.handshake_timeout = absl::Milliseconds(500)}, MoveIn);
  OsNode peer(Named("peer", kNoTick));
  peer.Stop();
  here.Run([&]() -> Async<> {
    const absl::Time before = absl::Now();
    EXPECT_THAT(co_await here.node().Connect(peer.name()),
                StatusIs(absl::StatusCode::kDeadlineExceeded));
    EXPECT_LE(absl::Now() - before, absl::Milliseconds(500) + kSlack);
    EXPECT_THAT(here.node().List(PeerState::kConnecting), IsEmpty());
    peer.Continue();
    EXPECT_OK(co_await here.node().Connect(peer.name()));
  });
}

// So much that it can't all be on its way to a node that takes nothing; and waits until the network is full of it.
Async<> SayMuchTo(std::string node) {
  Spawn([node]() -> Async<> {
    for (int i = 0; i < 100; ++i) Send(Dest("sink", node), Bulk::Make("", i, 1'000'000));
    co_return;
  });
  co_await Sleep(kTick / 2);
}

// NOD13: nothing that the other could do is waited for; whoever of the two has dialled.
TEST(SilenceTest, ASilentNodeIsLeft) {
  LocalNode dialler("dialler", Ticking(kNoTick), MoveIn);
  LocalNode dialled("dialled", Ticking(kNoTick), MoveIn);
  OsNode peer(Named("peer", kNoTick), dialled.name());
  const std::vector<std::string> up_and_down = {"up " + peer.name(), "down " + peer.name()};
  for (LocalNode* node : {&dialler, &dialled}) {
    node->Run([&, node]() -> Async<> { EXPECT_OK(co_await node->node().Connect(peer.name())); });
  }
  peer.Stop();
  for (LocalNode* node : {&dialler, &dialled}) {
    node->Run([&, node]() -> Async<> {
      co_await SayMuchTo(peer.name());
      const absl::Time before = absl::Now();
      EXPECT_OK(node->node().Disconnect(peer.name()));
      EXPECT_THAT(co_await LogOf("", 2), ElementsAreArray(up_and_down));
      EXPECT_LE(absl::Now() - before, absl::Seconds(2));
      EXPECT_THAT(Nodes(), IsEmpty());
    });
    const absl::Time before = absl::Now();
    node->DestroyNode();
    EXPECT_LE(absl::Now() - before, absl::Seconds(3));
  }
}

TEST(SilenceTest, ANodeStopsThoughASilentOneIsSpokenTo) {
  LocalNode dialler("dialler", Ticking(kNoTick), MoveIn);
  LocalNode dialled("dialled", Ticking(kNoTick), MoveIn);
  OsNode peer(Named("peer", kNoTick), dialled.name());
  const std::vector<std::string> up_and_down = {"up " + peer.name(), "down " + peer.name()};
  for (LocalNode* node : {&dialler, &dialled}) {
    node->Run([&, node]() -> Async<> { EXPECT_OK(co_await node->node().Connect(peer.name())); });
  }
  peer.Stop();
  for (LocalNode* node : {&dialler, &dialled}) {
    node->Run([&]() -> Async<> { co_await SayMuchTo(peer.name()); });
    const absl::Time before = absl::Now();
    node->node().Stop();
    EXPECT_LE(absl::Now() - before, absl::Seconds(3));
    EXPECT_THAT(node->runtime().Request("log", ReadLog{2}),
                IsOkAndHolds(ElementsAreArray(up_and_down)));
  }
}

}  // namespace
}  // namespace hydra::node_testing
