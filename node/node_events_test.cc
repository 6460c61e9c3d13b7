// What processes are told of nodes, and in which order: NOD15, NOD16, NOD17.
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "hydra/node/node.h"
#include "hydra/node/node_options.h"
#include "hydra/node/testing/local_node.h"
#include "hydra/node/testing/loopback.h"
#include "hydra/node/testing/node_watcher.h"
#include "hydra/node/testing/note.h"
#include "hydra/process/process.h"
#include "hydra/process/testing/probe.h"
#include "hydra/process/testing/process_test.h"

namespace hydra {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

// NOD15: up before the first signal, down after the last; Nodes() says the same.
TEST(NodeEventsTest, EncloseWhatComesFromTheNode) {
  for (int round = 0; round < 20; ++round) {
    LocalNode a("a");
    LocalNode b("b");
    const Pid sink = b.SpawnNamed("sink", [&]() -> Async<> {
      MonitorNodes(true);
      Message message = co_await ReceiveAny();
      EXPECT_TRUE(message.Is<NodeUp>()) << message.type_name();
      EXPECT_THAT(Nodes(), ElementsAre(a.name()));
      int notes = 0;
      while (true) {
        message = co_await ReceiveAny();
        const Note* note = message.Get<Note>();
        if (note == nullptr) break;
        if (notes++ == 0) Send(note->from, Note{"has looked", Self()});
      }
      EXPECT_TRUE(message.Is<NodeDown>()) << message.type_name();
      EXPECT_GT(notes, 0);
      EXPECT_THAT(Nodes(), IsEmpty());
      EXPECT_FALSE((co_await Receive<Note>().Within(absl::Milliseconds(1))).has_value());
    });
    b.Run([]() -> Async<> { co_return; });
    a.Run([&]() -> Async<> {
      for (int i = 0; i < 100; ++i) Send(ProcessName("sink", b.name()), Note{"note", Self()});
      co_await AssertReceive<Note>();
      for (int i = 0; i < 100; ++i) Send(ProcessName("sink", b.name()), Note{"note", Self()});
      EXPECT_TRUE(a.node().Disconnect(b.name()).ok());
    });
    b.Run([sink]() -> Async<> {
      Monitor(sink);
      co_await AssertReceive<Down>();
    });
  }
}

// NOD15: who asks n times is told n times; `false` takes all back.
TEST(NodeEventsTest, AsOftenAsIsAskedFor) {
  LocalNode a("a");
  LocalNode b("b");
  LocalNode c("c");
  a.Run([&]() -> Async<> {
    MonitorNodes(true);
    MonitorNodes(true);
    EXPECT_TRUE((co_await a.node().Connect(b.name())).ok());
    EXPECT_TRUE((co_await a.node().Ping(b.name())).ok());
    EXPECT_EQ((co_await Flush<NodeUp>()).size(), 2u);
    MonitorNodes(false);
    EXPECT_TRUE((co_await a.node().Connect(c.name())).ok());
    EXPECT_TRUE((co_await a.node().Ping(c.name())).ok());
    EXPECT_THAT(co_await Flush<NodeUp>(), IsEmpty());
  });
}

// NOD15: both sides are told why.
TEST(NodeEventsTest, SayWhy) {
  LocalNode a("a");
  const NodeWatcher told_a(a.runtime());
  {
    LocalNode b("b");
    const NodeWatcher told_b(b.runtime());
    ASSERT_TRUE(a.Connect(b.name()).ok());
    ASSERT_TRUE(told_b.AwaitUp(1));
    ASSERT_TRUE(b.node().Disconnect(a.name()).ok());
    ASSERT_TRUE(told_a.AwaitDown(1));
    ASSERT_TRUE(told_b.AwaitDown(1));
    EXPECT_EQ(told_a.down()[0].reason, NodeDownReason::kDisconnected);
    EXPECT_EQ(told_b.down()[0].reason, NodeDownReason::kDisconnected);
    ASSERT_TRUE(a.Connect(b.name()).ok());
  }
  ASSERT_TRUE(told_a.AwaitDown(2));
  EXPECT_EQ(told_a.down()[1].reason, NodeDownReason::kDisconnected) << "it has stopped";
}

// NOD15, NOD12: NodeDown comes when all else that the loss ends has ended.
TEST(NodeEventsTest, DownComesLast) {
  LocalNode a("a");
  LocalNode b("b");
  const Pid idle = b.SpawnNamed("idle", Idle);
  const Pid partner = b.runtime().Spawn(Idle);
  a.Run([&]() -> Async<> {
    TrapExit(true);
    MonitorNodes(true);
    Link(partner);
    const Ref by_pid = Monitor(idle);
    const Ref by_name = Monitor(ProcessName("idle", b.name()));
    EXPECT_TRUE((co_await a.node().Ping(b.name())).ok());
    EXPECT_TRUE(a.node().Disconnect(b.name()).ok());
    co_await AssertReceive<NodeDown>();
    EXPECT_EQ((co_await Flush<ExitSignal>()).size(), 1u);
    const std::vector<Down> downs = co_await Flush<Down>();
    EXPECT_EQ(downs.size(), 2u);
    for (const Down& down : downs) {
      EXPECT_TRUE(down.ref == by_pid || down.ref == by_name);
      EXPECT_EQ(down.reason, ExitReason::NoConnection());
    }
  });
  EXPECT_TRUE(b.runtime().IsAlive(idle)) << "noconnection says nothing of it";
  b.Run([&]() -> Async<> {  // LNK8
    Monitor(partner);
    co_await AssertReceive<Down>();
  });
}

// NOD16
TEST(MonitorNodeTest, IsToldOncePerCall) {
  LocalNode a("a");
  LocalNode b("b");
  a.Run([&]() -> Async<> {
    for (int i = 0; i < 3; ++i) MonitorNode(b.name());
    MonitorNode(b.name(), false);
    EXPECT_TRUE((co_await a.node().Ping(b.name())).ok()) << "it connects";
    EXPECT_THAT(co_await Flush<NodeDown>(), IsEmpty());
    EXPECT_TRUE(a.node().Disconnect(b.name()).ok());
    for (int i = 0; i < 2; ++i) EXPECT_EQ((co_await AssertReceive<NodeDown>()).node, b.name());
    EXPECT_TRUE((co_await a.node().Connect(b.name())).ok());
    EXPECT_TRUE(a.node().Disconnect(b.name()).ok());
    EXPECT_TRUE((co_await a.node().Connect(b.name())).ok()) << "after it was down";
    EXPECT_THAT(co_await Flush<NodeDown>(), IsEmpty()) << "once";
  });
}

// NOD16
TEST(MonitorNodeTest, ConnectsAndIsToldIfItCant) {
  LocalNode a("a");
  LocalNode b("b");
  LocalNode by_hand("by_hand", {.connect = ConnectPolicy::kByHand});
  const NodeWatcher told_b(b.runtime());
  a.Run([&]() -> Async<> {
    MonitorNode(b.name());
    co_return;
  });
  EXPECT_TRUE(told_b.AwaitUp(1));
  const std::string nobody = absl::StrCat("nobody@127.0.0.1:", UnusedPort());
  for (LocalNode* node : {&a, &by_hand}) {
    node->Run([&]() -> Async<> {
      MonitorNode(nobody);
      const NodeDown down = co_await AssertReceive<NodeDown>();
      EXPECT_EQ(down.node, nobody);
      EXPECT_EQ(down.reason, NodeDownReason::kUnreachable);
    });
  }
  by_hand.Run([&]() -> Async<> {
    MonitorNode(b.name());
    EXPECT_EQ((co_await AssertReceive<NodeDown>()).reason, NodeDownReason::kUnreachable);
  });
}

// NOD17: of what one process has sent, what arrives is a beginning; and nothing of it comes by a later connection.
TEST(LossTest, WhatIsLostStaysLost) {
  constexpr int kNotes = 2000;
  LocalNode a("a");
  LocalNode b("b");
  for (int round = 0; round < 10; ++round) {
    const NodeWatcher told_a(a.runtime());
    const NodeWatcher told_b(b.runtime());
    ASSERT_TRUE(a.Connect(b.name()).ok());
    ASSERT_TRUE(told_b.AwaitUp(1));
    Probe sink(b.runtime());
    a.Run([&]() -> Async<> {
      for (int i = 0; i < kNotes; ++i) {
        if (i == kNotes / 2) EXPECT_TRUE(a.node().Disconnect(b.name()).ok());
        Send(sink.pid(), Note{absl::StrCat(i), Self()});
      }
      co_return;
    });
    ASSERT_TRUE(told_a.AwaitDown(1));
    ASSERT_TRUE(told_b.AwaitDown(1));
    ASSERT_TRUE(a.Connect(b.name()).ok());
    a.Run([&]() -> Async<> {
      Send(sink.pid(), Note{"later", Self()});
      co_return;
    });
    ASSERT_TRUE(a.Ping(b.name()).ok());
    const auto came = [&sink] {
      const std::vector<Note> notes = sink.Received<Note>();
      return !notes.empty() && notes.back().text == "later";
    };
    for (size_t count = 1; !came(); ++count) ASSERT_TRUE(sink.AwaitReceived<Note>(count));
    const std::vector<Note> notes = sink.Received<Note>();
    int last = -1;
    for (size_t i = 0; i + 1 < notes.size(); ++i) {
      const int number = std::stoi(notes[i].text);
      EXPECT_GT(number, last) << "in order, and once";
      last = number;
    }
    ASSERT_TRUE(a.node().Disconnect(b.name()).ok());
    ASSERT_TRUE(told_a.AwaitDown(2));
    ASSERT_TRUE(told_b.AwaitDown(2));
  }
}

}  // namespace
}  // namespace hydra
