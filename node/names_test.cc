// Names of nodes, and nodes that aren't who they should be: NOD6, NOD7.
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "hydra/node/node.h"
#include "hydra/node/node_options.h"
#include "hydra/node/testing/local_node.h"
#include "hydra/node/testing/node_watcher.h"
#include "hydra/node/testing/note.h"
#include "hydra/node/testing/raw_acceptor.h"
#include "hydra/node/testing/raw_dialler.h"
#include "hydra/node/testing/raw_stream.h"
#include "hydra/process/process.h"
#include "hydra/process/testing/process_test.h"

namespace hydra {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

std::string Loopback(int port) { return "127.0.0.1:" + std::to_string(port); }

// NOD6
TEST(NamesTest, ASecondNodeOfANameCantJoin) {
  LocalNode hub("hub");
  const NodeWatcher told(hub.runtime());
  LocalNode first("twin");
  ASSERT_TRUE(first.Connect(hub.name()).ok());
  first.SpawnNamed("echo", Echo);

  LocalNode second("twin", {.advertise = Loopback(first.port())});
  ASSERT_EQ(second.name(), first.name());
  const absl::Status joined = second.Connect(hub.name());
  EXPECT_EQ(joined.code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(joined.ToString(), HasSubstr("DUPLICATE_NAME"));
  EXPECT_THAT(second.Connected(), IsEmpty());
  second.Run([&]() -> Async<> {
    const Ref ref = Monitor(ProcessName("anybody", hub.name()));
    EXPECT_EQ((co_await Receive<Down>().For(ref)).reason, ExitReason::NoConnection());
  });

  EXPECT_THAT(told.up(), SizeIs(1));
  EXPECT_THAT(told.down(), IsEmpty()) << "the first was disturbed";
  EXPECT_TRUE(first.Ping(hub.name()).ok());
  hub.Run([&]() -> Async<> {
    Send(ProcessName("echo", first.name()), Note{"still there", Self()});
    EXPECT_EQ((co_await AssertReceive<Note>()).text, "still there");
  });
}

// NOD6: the name is free again when the first has gone.
TEST(NamesTest, ASecondNodeJoinsWhenTheFirstHasGone) {
  LocalNode hub("hub");
  const NodeWatcher told(hub.runtime());
  LocalNode first("twin");
  ASSERT_TRUE(first.Connect(hub.name()).ok());
  LocalNode second("twin", {.advertise = Loopback(first.port())});
  EXPECT_FALSE(second.Connect(hub.name()).ok());
  first.node().Stop();
  EXPECT_TRUE(told.AwaitDown(1));
  EXPECT_TRUE(second.Connect(hub.name()).ok());
  EXPECT_TRUE(told.AwaitUp(2));
}

// NOD6
TEST(NamesTest, NodesThatHaveTheSameNameDontConnect) {
  LocalNode first("twin");
  LocalNode second("twin", {.advertise = Loopback(first.port())});
  EXPECT_EQ(second.Connect(first.name()).code(), absl::StatusCode::kInvalidArgument);
}

// NOD6: refused where they are given.
TEST(NamesTest, IllegalNamesOfTheOwn) {
  for (const std::string& name :
       {std::string(), std::string("a b"), std::string("a@b"), std::string("\xc3\xa4"),
        std::string("a:b"), std::string("a\n"), std::string("a\0b", 3), std::string(256, 'a')}) {
    Runtime runtime({.schedulers = 1});
    EXPECT_EQ(Node::Start(runtime, {.name = name, .cookie = "c"}).status().code(),
              absl::StatusCode::kInvalidArgument)
        << name;
  }
}

// NOD6
TEST(NamesTest, IllegalNamesOfOthers) {
  LocalNode a("a");
  a.Run([&]() -> Async<> {
    for (const std::string& name :
         {std::string("b"), std::string("b@"), std::string("b@127.0.0.1"), std::string("@h:1"),
          std::string("b@h:0"), std::string("b@h:65536"), std::string("b@h:x"),
          std::string("b@::1:5"), std::string("b@h:1\n"), std::string("b@h\0:1", 6),
          std::string("b@unix:x"), std::string(300, 'b') + "@h:1"}) {
      EXPECT_EQ((co_await a.node().Connect(name)).code(), absl::StatusCode::kInvalidArgument)
          << name;
      EXPECT_EQ((co_await a.node().Ping(name)).status().code(), absl::StatusCode::kInvalidArgument)
          << name;
      Send(ProcessName("x", name), Note{"lost", Self()});
      const Ref ref = Monitor(ProcessName("x", name));
      EXPECT_EQ((co_await Receive<Down>().For(ref)).reason, ExitReason::NoConnection()) << name;
      const absl::Status asked = (co_await Request(ProcessName("x", name), Square{2})).status();
      EXPECT_EQ(asked.code(), absl::StatusCode::kUnavailable) << name;
    }
  });
  EXPECT_THAT(a.Connecting(), IsEmpty());
}

// NOD7
TEST(NamesTest, AnotherNodeListensThere) {
  LocalNode a("a");
  LocalNode b("b");
  const NodeWatcher told_b(b.runtime());
  const std::string ghost = "ghost@" + Loopback(b.port());
  const absl::Status connected = a.Connect(ghost);
  EXPECT_EQ(connected.code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(connected.ToString(), HasSubstr("WRONG_NODE"));
  a.Run([&]() -> Async<> {
    const Ref ref = Monitor(ProcessName("x", ghost));
    EXPECT_EQ((co_await Receive<Down>().For(ref)).reason, ExitReason::NoConnection());
  });
  EXPECT_THAT(a.Connected(), IsEmpty());
  EXPECT_THAT(b.Connected(), IsEmpty());
  EXPECT_THAT(told_b.up(), IsEmpty());
  EXPECT_TRUE(a.Connect(b.name()).ok());
}

// NOD7: whoever wants another node is told so, before anything else.
TEST(NamesTest, AnotherNodeIsWanted) {
  LocalNode b("b");
  RawDialler lost(b.name());
  ASSERT_TRUE(lost.Say(HelloFrame(RawHello("ghost@" + Loopback(b.port())))));
  const std::optional<v1::Frame> answer = lost.Hear();
  ASSERT_TRUE(answer.has_value());
  EXPECT_EQ(answer->refusal().why(), v1::Refusal::WRONG_NODE);
}

// NOD7: by another name of its address.
TEST(NamesTest, ANodeThatDialsItself) {
  LocalNode a("a");
  const absl::Status connected = a.Connect("a@localhost:" + std::to_string(a.port()));
  EXPECT_EQ(connected.code(), absl::StatusCode::kUnavailable) << connected;
  EXPECT_THAT(a.Connected(), IsEmpty());
  EXPECT_THAT(a.Connecting(), IsEmpty());
}

// NOD7: who says that it is another than was dialled is told why it is left.
TEST(NamesTest, AnotherNodeAnswers) {
  LocalNode a("a");
  v1::Refusal refusal;
  RawAcceptor other([&refusal](RawStream& stream, const std::string&) {
    stream.Hear();
    stream.Say(HelloFrame(RawHello("", "other@127.0.0.1:1")));
    refusal = stream.HearRefusal();
  });
  const absl::Status connected = a.Connect(other.name());
  EXPECT_EQ(connected.code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(connected.ToString(), HasSubstr("WRONG_NODE"));
  ASSERT_TRUE(other.AwaitOver());
  EXPECT_EQ(refusal.why(), v1::Refusal::WRONG_NODE);
}

}  // namespace
}  // namespace hydra
