// Pids and refs that come by other nodes, and those that are older than the node: NOD23, NOD24.
#include <optional>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "gtest/gtest.h"
#include "hydra/node/node.h"
#include "hydra/node/node_options.h"
#include "hydra/node/testing/local_node.h"
#include "hydra/node/testing/note.h"
#include "hydra/process/process.h"
#include "hydra/process/runtime.h"
#include "hydra/process/testing/probe.h"
#include "hydra/process/testing/process_test.h"

namespace hydra {
namespace {

// Goes from node to node.
struct Parcel {
  static constexpr std::string_view kWireName = "test.Parcel";
  Pid pid;
  Ref ref;
  Ref alias;
  std::string to;  // whom the next is to hand it to: a node, or nobody
};

// Hands a parcel on to `to`; what is for nobody it sends home, by the alias.
Async<> HandOn() {
  while (true) {
    Parcel parcel = co_await Receive<Parcel>();
    const std::string to = std::exchange(parcel.to, "");
    if (to.empty()) {
      Send(parcel.alias, std::move(parcel));
    } else {
      Send(ProcessName("post", to), std::move(parcel));
    }
  }
}

// NOD23
TEST(ThirdNodeTest, ComeHomeAsTheyWere) {
  LocalNode a("a");
  LocalNode b("b");
  LocalNode c("c");
  b.SpawnNamed("post", HandOn);
  c.SpawnNamed("post", HandOn);
  a.Run([&]() -> Async<> {
    const Ref ref = MakeRef();
    const Ref alias = MakeAlias();
    Send(ProcessName("post", b.name()), Parcel{Self(), ref, alias, c.name()});
    const Parcel parcel = co_await AssertReceive<Parcel>();
    EXPECT_EQ(parcel.pid, Self());
    EXPECT_EQ(parcel.ref, ref);
    EXPECT_EQ(parcel.alias, alias);
    Send(parcel.pid, Note{"local again", Self()});
    EXPECT_EQ((co_await AssertReceive<Note>()).text, "local again");
  });
  EXPECT_EQ(c.Connected().size(), 2u) << "it came by b, and went straight home";
}

// NOD23: a pid of a third node works like any other, and its node is dialled.
TEST(ThirdNodeTest, APidOfAThirdNode) {
  LocalNode a("a");
  LocalNode b("b");
  LocalNode c("c");
  const Pid echo = c.SpawnNamed("echo", Echo);
  const Probe probe(a.runtime());
  ASSERT_TRUE(a.runtime().Register(probe.pid(), "probe").ok());
  b.Run([&]() -> Async<> {  // tells a of c's process
    Send(ProcessName("probe", a.name()), Note{"", echo});
    co_return;
  });
  ASSERT_TRUE(probe.AwaitReceived<Note>(1));
  const Pid told = probe.Received<Note>()[0].from;
  EXPECT_EQ(told, echo);
  a.Run([&]() -> Async<> {
    const Ref ref = Monitor(told);
    Send(told, Note{"hello", Self()});
    EXPECT_EQ((co_await AssertReceive<Note>()).from, told);
    Exit(told, ExitReason::Custom("enough"));
    EXPECT_EQ((co_await Receive<Down>().For(ref)).reason, ExitReason::Custom("enough"));
  });
}

// NOD24
TEST(ThirdNodeTest, PidsAreOlderThanTheNode) {
  Runtime runtime({.schedulers = 2});
  const Pid older = runtime.Spawn(Echo);
  LocalNode b("b");
  absl::StatusOr<Node> node =
      Node::Start(runtime, {.name = "a", .cookie = std::string(kTestCookie)});
  ASSERT_TRUE(node.ok()) << node.status();
  b.Run([&]() -> Async<> {
    Send(older, Note{"hello", Self()});
    const Note note = co_await AssertReceive<Note>();
    EXPECT_EQ(note.text, "hello");
    EXPECT_EQ(note.from, older);
    const Ref ref = Monitor(older);
    Exit(older, ExitReason::Kill());
    EXPECT_EQ((co_await Receive<Down>().For(ref)).reason, ExitReason::Killed());
  });
}

// Pids of a runtime that is no node are nobody's elsewhere.
TEST(ThirdNodeTest, PidsOfNoNode) {
  Runtime alone({.schedulers = 1});
  const Pid pid = alone.Spawn(Idle);
  LocalNode a("a");
  LocalNode b("b");
  const Probe probe(b.runtime());
  ASSERT_TRUE(b.runtime().Register(probe.pid(), "probe").ok());
  a.Run([&]() -> Async<> {
    Send(ProcessName("probe", b.name()), Note{"", pid});
    co_return;
  });
  ASSERT_TRUE(probe.AwaitReceived<Note>(1));
  EXPECT_NE(probe.Received<Note>()[0].from, probe.pid());
}

}  // namespace
}  // namespace hydra
