// When connections come about, and what happens if they can't: NOD1, NOD8, NOD21.
#include <atomic>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "hydra/base/log_testing.h"
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
using testing::SizeIs;
using testing::UnorderedElementsAre;

std::string Nobody() { return absl::StrCat("nobody@127.0.0.1:", UnusedPort()); }

// A node where nobody is connected, yet, and a process of it.
class ConnectTest : public testing::Test {
 protected:
  // What `body` does with the other node connects.
  void ExpectConnects(const std::function<Async<>()>& body) {
    a_.Run(body);
    EXPECT_TRUE(told_.AwaitUp(1));
    EXPECT_THAT(b_.Connected(), ElementsAre(a_.name()));
  }

  LocalNode a_{"a"};
  LocalNode b_{"b"};
  NodeWatcher told_{b_.runtime()};
  Pid echo_ = b_.SpawnNamed("echo", Echo);
  Pid squares_ = b_.SpawnNamed("squares", Squares);
};

// NOD1
TEST_F(ConnectTest, SendConnects) {
  ExpectConnects([&]() -> Async<> {
    Send(echo_, Note{"hello", Self()});
    EXPECT_EQ((co_await AssertReceive<Note>()).text, "hello");
  });
}

TEST_F(ConnectTest, SendByNameConnects) {
  ExpectConnects([&]() -> Async<> {
    Send(ProcessName("echo", b_.name()), Note{"hello", Self()});
    EXPECT_EQ((co_await AssertReceive<Note>()).from, echo_);
  });
}

TEST_F(ConnectTest, RequestConnects) {
  ExpectConnects([&]() -> Async<> {
    const absl::StatusOr<int64_t> square =
        co_await Request(ProcessName("squares", b_.name()), Square{12});
    EXPECT_TRUE(square.ok()) << square.status();
    if (square.ok()) EXPECT_EQ(*square, 144);
  });
}

TEST_F(ConnectTest, LinkConnects) {
  ExpectConnects([&]() -> Async<> {
    TrapExit(true);
    Link(echo_);
    Exit(echo_, ExitReason::Shutdown());
    EXPECT_EQ((co_await AssertReceive<ExitSignal>()).reason, ExitReason::Shutdown());
  });
}

TEST_F(ConnectTest, MonitorConnects) {
  ExpectConnects([&]() -> Async<> {
    const Ref nobody = Monitor(ProcessName("nobody", b_.name()));
    EXPECT_EQ((co_await Receive<Down>().For(nobody)).reason, ExitReason::NoProc());
  });
}

TEST_F(ConnectTest, ExitConnects) {
  Runtime& b = b_.runtime();
  ExpectConnects([&]() -> Async<> {
    Exit(echo_, ExitReason::Kill());
    co_return;
  });
  b_.Run([&]() -> Async<> {
    Monitor(echo_);
    co_await AssertReceive<Down>();
  });
  EXPECT_FALSE(b.IsAlive(echo_));
}

TEST_F(ConnectTest, PingConnects) {
  EXPECT_TRUE(a_.Ping(b_.name()).ok());
  EXPECT_TRUE(told_.AwaitUp(1));
}

// NOD15: who is told of a node finds it listed, and can end the connection.
TEST_F(ConnectTest, WhatIsToldIsSo) {
  for (int round = 0; round < 50 && !HasFailure(); ++round) {
    a_.Run([this]() -> Async<> {
      MonitorNodes(true);
      MonitorNode(b_.name());
      co_await AssertReceive<NodeUp>();
      EXPECT_THAT(Nodes(), ElementsAre(b_.name()));
      EXPECT_THAT(a_.Connected(), ElementsAre(b_.name()));
      EXPECT_THAT(a_.Connecting(), IsEmpty());
      EXPECT_TRUE(a_.node().Disconnect(b_.name()).ok());
      co_await AssertReceive<NodeDown>();
      EXPECT_THAT(Nodes(), IsEmpty());
      EXPECT_THAT(a_.Connected(), IsEmpty());
    });
  }
}

// NOD1: many ask, and there is one connection.
TEST_F(ConnectTest, ManyConnectAtTheSameTime) {
  a_.Run([&]() -> Async<> {
    std::vector<Ref> refs;
    for (int i = 0; i < 100; ++i) {
      refs.push_back(Monitor(Spawn([this]() -> Async<> {
        const absl::Status connected = co_await a_.node().Connect(b_.name());
        EXPECT_TRUE(connected.ok()) << connected;
      })));
    }
    for (const Ref& ref : refs)
      EXPECT_EQ((co_await Receive<Down>().For(ref)).reason, ExitReason::Normal());
  });
  EXPECT_TRUE(a_.Ping(b_.name()).ok());
  EXPECT_THAT(told_.up(), SizeIs(1));
  EXPECT_TRUE(a_.Connect(b_.name()).ok()) << "again";
}

// A name that nobody has, however long, is nobody's: the connection stands.
TEST_F(ConnectTest, NamesOfAnyLength) {
  const NodeWatcher told_a(a_.runtime());
  a_.Run([&]() -> Async<> {
    for (const size_t size : {size_t{1}, size_t{4097}, size_t{100'000}, size_t{3'000'000}}) {
      const ProcessName nobody(std::string(size, 'x'), b_.name());
      Send(nobody, Note{"lost", Self()});
      const Ref ref = Monitor(nobody);
      EXPECT_EQ((co_await Receive<Down>().For(ref)).reason, ExitReason::NoProc()) << size;
      const absl::Status asked = (co_await Request(nobody, Square{2})).status();
      EXPECT_EQ(asked.code(), absl::StatusCode::kNotFound) << size << asked;
    }
  });
  EXPECT_THAT(told_a.down(), IsEmpty());
}

// What a process meets when a node is out of reach.
Async<> ExpectOutOfReach(std::string node, Pid there) {
  TrapExit(true);
  Send(there, Note{"lost", Self()});
  Exit(there, ExitReason::Kill());
  const Ref by_pid = Monitor(there);
  EXPECT_EQ((co_await Receive<Down>().For(by_pid)).reason, ExitReason::NoConnection());
  const Ref by_name = Monitor(ProcessName("echo", node));
  const Down down = co_await Receive<Down>().For(by_name);
  EXPECT_EQ(down.reason, ExitReason::NoConnection());
  EXPECT_EQ(down.name.node, node);
  Link(there);
  const ExitSignal exit = co_await AssertReceive<ExitSignal>();
  EXPECT_EQ(exit.reason, ExitReason::NoConnection());
  EXPECT_EQ(exit.from, there);
  const absl::Status asked = (co_await Request(ProcessName("squares", node), Square{2})).status();
  EXPECT_EQ(asked.code(), absl::StatusCode::kUnavailable) << asked;
  EXPECT_EQ(ExitReasonOf(asked), ExitReason::NoConnection());
}

// NOD1
TEST_F(ConnectTest, ByHandNothingElseConnects) {
  LocalNode by_hand("by_hand", {.connect = ConnectPolicy::kByHand});
  by_hand.Run([&]() { return ExpectOutOfReach(b_.name(), echo_); });
  EXPECT_THAT(told_.up(), IsEmpty());
  EXPECT_THAT(by_hand.Connecting(), IsEmpty());

  ASSERT_TRUE(by_hand.Connect(b_.name()).ok());
  const auto talk = [&]() -> Async<> {
    Send(echo_, Note{"hello", Self()});
    EXPECT_EQ((co_await AssertReceive<Note>()).text, "hello");
  };
  by_hand.Run(talk);
  ASSERT_TRUE(by_hand.node().Disconnect(b_.name()).ok());
  EXPECT_TRUE(by_hand.AwaitNotConnected(b_.name()));
  by_hand.Run([&]() { return ExpectOutOfReach(b_.name(), echo_); });
  EXPECT_THAT(told_.up(), SizeIs(1));

  EXPECT_TRUE(b_.AwaitNotConnected(by_hand.name()));
  EXPECT_TRUE(b_.Connect(by_hand.name()).ok()) << "others may";
  by_hand.Run(talk);
}

// NOD1: nobody listens.
TEST_F(ConnectTest, OutOfReach) {
  std::string name;
  Pid pid;
  {
    LocalNode gone("gone");
    name = gone.name();
    pid = gone.SpawnNamed("echo", Echo);
  }
  a_.Run([&]() { return ExpectOutOfReach(name, pid); });
  EXPECT_EQ(a_.Connect(name).code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(a_.Ping(name).status().code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(a_.Connected(), IsEmpty());
  EXPECT_THAT(a_.Connecting(), IsEmpty());
}

// NOD1, NOD17: what was sent when it couldn't be reached isn't sent later.
TEST_F(ConnectTest, WhatWasLostStaysLost) {
  const int port = UnusedPort();
  const std::string name = absl::StrCat("late@127.0.0.1:", port);
  a_.Run([&]() -> Async<> {
    for (int i = 0; i < 100; ++i) Send(ProcessName("sink", name), Note{"early", Self()});
    const Ref ref = Monitor(ProcessName("sink", name));
    EXPECT_EQ((co_await Receive<Down>().For(ref)).reason, ExitReason::NoConnection());
  });
  LocalNode late("late", {.listen = absl::StrCat("127.0.0.1:", port)});
  const Probe sink(late.runtime());
  ASSERT_TRUE(late.runtime().Register(sink.pid(), "sink").ok());
  a_.Run([&]() -> Async<> {
    Send(ProcessName("sink", name), Note{"late", Self()});
    co_return;
  });
  ASSERT_TRUE(sink.AwaitReceived<Note>(1));
  EXPECT_TRUE(a_.Ping(name).ok());
  EXPECT_THAT(sink.Received<Note>(), ElementsAre(testing::Field(&Note::text, "late")));
}

TEST_F(ConnectTest, ADisconnectedNodeIsConnectedWithAgain) {
  for (int i = 0; i < 50; ++i) {
    ASSERT_TRUE(a_.Connect(b_.name()).ok());
    ASSERT_TRUE(a_.node().Disconnect(b_.name()).ok());
    const absl::Status again = a_.Connect(b_.name());
    ASSERT_TRUE(again.ok()) << again;
    a_.Run([&]() -> Async<> {
      Send(echo_, Note{"again", Self()});
      EXPECT_EQ((co_await AssertReceive<Note>()).text, "again");
    });
    ASSERT_FALSE(HasFailure());
  }
}

// NOD13
TEST_F(ConnectTest, AStoppedNodeIsAlone) {
  const NodeWatcher told_a(a_.runtime());
  ASSERT_TRUE(a_.Connect(b_.name()).ok());
  a_.node().Stop();
  a_.node().Stop();
  EXPECT_TRUE(told_.AwaitDown(1)) << "the other is told";
  EXPECT_TRUE(told_a.AwaitDown(1)) << "and so is it itself";
  EXPECT_EQ(a_.Connect(b_.name()).code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(a_.node().Disconnect(b_.name()).code(), absl::StatusCode::kNotFound);
  EXPECT_FALSE(b_.Connect(a_.name()).ok());
  a_.Run([&]() { return ExpectOutOfReach(b_.name(), echo_); });
  EXPECT_THAT(a_.Connected(), IsEmpty());
  const Pid echo = a_.runtime().Spawn(Echo);
  a_.Run([&]() -> Async<> {
    Send(echo, Note{"the runtime goes on", Self()});
    co_await AssertReceive<Note>();
  });
}

// NOD8
TEST_F(ConnectTest, NodesAreThoseThatAreConnected) {
  LocalNode c("c");
  a_.Run([&]() -> Async<> {
    EXPECT_EQ(ThisNode(), a_.name());
    EXPECT_THAT(Nodes(), IsEmpty());
    EXPECT_TRUE((co_await a_.node().Connect(b_.name())).ok());
    EXPECT_THAT(Nodes(), ElementsAre(b_.name()));
    EXPECT_FALSE((co_await a_.node().Connect(Nobody())).ok());
    EXPECT_FALSE((co_await a_.node().Connect(a_.name())).ok());
    EXPECT_TRUE((co_await a_.node().Connect(c.name())).ok());
    EXPECT_THAT(Nodes(), UnorderedElementsAre(b_.name(), c.name()));
  });
  EXPECT_THAT(a_.Connected(), UnorderedElementsAre(b_.name(), c.name()));
  EXPECT_THAT(b_.Connected(), ElementsAre(a_.name())) << "not with each other";
}

// NOD8
TEST_F(ConnectTest, HiddenNodesAreListedApart) {
  LocalNode hidden("hidden", {.hidden = true});
  const NodeWatcher told_a(a_.runtime());
  ASSERT_TRUE(a_.Connect(b_.name()).ok());
  ASSERT_TRUE(a_.Connect(hidden.name()).ok());
  ASSERT_TRUE(hidden.Connect(b_.name()).ok());
  EXPECT_THAT(a_.Connected(), ElementsAre(b_.name()));
  EXPECT_THAT(a_.node().List(PeerState::kHidden), ElementsAre(hidden.name()));
  EXPECT_THAT(hidden.Connected(), IsEmpty()) << "all are hidden from it";
  EXPECT_THAT(hidden.node().List(PeerState::kHidden), UnorderedElementsAre(a_.name(), b_.name()));
  a_.Run([&]() -> Async<> {
    EXPECT_THAT(Nodes(), ElementsAre(b_.name()));
    EXPECT_THAT(Nodes(NodeKind::kHidden), ElementsAre(hidden.name()));
    EXPECT_THAT(Nodes(NodeKind::kAll), UnorderedElementsAre(b_.name(), hidden.name()));
    co_return;
  });
  hidden.Run([&]() -> Async<> {
    EXPECT_THAT(Nodes(), IsEmpty());
    EXPECT_THAT(Nodes(NodeKind::kHidden), UnorderedElementsAre(a_.name(), b_.name()));
    Send(echo_, Note{"hello", Self()});
    EXPECT_EQ((co_await AssertReceive<Note>()).text, "hello");
  });
  EXPECT_THAT(told_a.up(), ElementsAre(testing::Field(&NodeUp::node, b_.name())));
}

// NOD21: nothing is kept of nodes that there aren't.
TEST(NobodyTest, TenThousandNodesThatThereArent) {
  constexpr int kNodes = 10'000;
  constexpr int kAtATime = 50;
  LocalNode a("a", {.handshake_timeout = absl::Seconds(1)});
  const ScopedLogCapture quiet;
  const int port = UnusedPort();
  const size_t processes = a.runtime().process_count();
  a.Run([&]() -> Async<> {
    std::atomic<int> next{0};
    std::vector<Ref> refs;
    for (int i = 0; i < kAtATime; ++i) {
      refs.push_back(Monitor(Spawn([&]() -> Async<> {
        while (next < kNodes) {
          const std::string name = absl::StrCat("n", next.fetch_add(1), "@127.0.0.1:", port);
          EXPECT_EQ((co_await a.node().Ping(name)).status().code(), absl::StatusCode::kUnavailable);
        }
      })));
    }
    for (const Ref& ref : refs) co_await Receive<Down>().For(ref);
  });
  EXPECT_THAT(a.Connecting(), IsEmpty());
  EXPECT_THAT(a.Connected(), IsEmpty());
  a.Run([&]() -> Async<> {
    const absl::Time deadline = Now() + absl::Seconds(10);
    while (a.runtime().process_count() > processes + 1 && Now() < deadline)
      co_await Sleep(absl::Milliseconds(20));  // until the time limits of the attempts have passed
    EXPECT_LE(a.runtime().process_count(), processes + 1);
  });
}

}  // namespace
}  // namespace hydra
