// What a node is for, in short; each rule has its tests elsewhere.
#include "hydra/node/node.h"

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "hydra/node/node_options.h"
#include "hydra/node/testing/local_node.h"
#include "hydra/node/testing/note.h"
#include "hydra/process/process.h"
#include "hydra/process/runtime.h"
#include "hydra/process/testing/process_test.h"

namespace hydra {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// NOD1, NOD23: the first message connects; pids cross and become local again.
TEST(NodeTest, MessagesCrossByNameAndPid) {
  LocalNode a("a");
  LocalNode b("b");
  const Pid echo = b.SpawnNamed("echo", Echo);
  a.Run([&]() -> Async<> {
    Send(ProcessName("echo", b.name()), Note{"hello", Self()});
    const Note first = co_await AssertReceive<Note>();
    EXPECT_EQ(first.text, "hello");
    EXPECT_EQ(NodeOf(first.from.home()).name, b.name());
    Send(first.from, Note{"again", Self()});
    EXPECT_EQ((co_await AssertReceive<Note>()).text, "again");
    EXPECT_THAT(Nodes(), ElementsAre(b.name()));
  });
  EXPECT_TRUE(b.runtime().IsAlive(echo));
}

TEST(NodeTest, CallsCross) {
  LocalNode a("a");
  LocalNode b("b");
  b.SpawnNamed("squares", Squares);
  a.Run([&]() -> Async<> {
    const Dest squares("squares", b.name());
    for (int64_t number = 0; number < 1000; ++number) {
      const absl::StatusOr<int64_t> square = co_await Request(squares, Square{number});
      CO_ASSERT_TRUE(square.ok()) << square.status();
      EXPECT_EQ(*square, number * number);
    }
  });
}

// NOD12, NOD13
TEST(NodeTest, WhatReachesThereEndsWithTheConnection) {
  LocalNode a("a");
  LocalNode b("b");
  b.SpawnNamed("echo", Echo);
  a.Run([&]() -> Async<> {
    MonitorNodes(true);
    const Ref ref = Monitor(ProcessName("echo", b.name()));
    EXPECT_EQ((co_await AssertReceive<NodeUp>()).node, b.name());
    EXPECT_TRUE((co_await a.node().Ping(b.name())).ok());
    EXPECT_TRUE(a.node().Disconnect(b.name()).ok());
    EXPECT_EQ((co_await Receive<Down>().For(ref)).reason, ExitReason::NoConnection());
    EXPECT_EQ((co_await AssertReceive<NodeDown>()).node, b.name());
    EXPECT_THAT(Nodes(), IsEmpty());
    EXPECT_EQ(a.node().Disconnect(b.name()).code(), absl::StatusCode::kNotFound);
  });
}

// NOD3
TEST(NodeTest, AnotherCookieIsRefused) {
  LocalNode a("a");
  LocalNode b("b", {.cookie = "other"});
  a.Run([&]() -> Async<> {
    const absl::Status connected = co_await a.node().Connect(b.name());
    EXPECT_EQ(connected.code(), absl::StatusCode::kPermissionDenied) << connected;
    EXPECT_THAT(Nodes(), IsEmpty());
    const Ref ref = Monitor(ProcessName("echo", b.name()));
    EXPECT_EQ((co_await Receive<Down>().For(ref)).reason, ExitReason::NoConnection());
  });
  EXPECT_THAT(b.Connected(), IsEmpty());
}

TEST(NodeTest, NobodyListens) {
  LocalNode a("a");
  EXPECT_EQ(a.Connect("b@127.0.0.1:1").code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(a.Connect("nonsense").code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(a.Connect(a.name()).code(), absl::StatusCode::kInvalidArgument);
}

// NOD19: what is large crosses in pieces.
TEST(NodeTest, LargeMessagesCross) {
  LocalNode a("a");
  LocalNode b("b");
  b.SpawnNamed("echo", Echo);
  a.Run([&]() -> Async<> {
    const std::string large(10'000'000, 'x');
    Send(ProcessName("echo", b.name()), Note{large, Self()});
    Send(ProcessName("echo", b.name()), Note{"small", Self()});
    EXPECT_EQ((co_await AssertReceive<Note>()).text.size(), large.size());
    EXPECT_EQ((co_await AssertReceive<Note>()).text, "small");
  });
}

TEST(NodeTest, OptionsThatMakeNoSenseAreNamed) {
  const auto why_not = [](NodeOptions options) {
    Runtime runtime({.schedulers = 1});
    options.name = "n";
    options.cookie = "c";
    const absl::Status status = Node::Start(runtime, std::move(options)).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << status;
    return std::string(status.message());
  };
  EXPECT_THAT(why_not({.handshake_timeout = absl::ZeroDuration()}), HasSubstr("handshake_timeout"));
  EXPECT_THAT(why_not({.tick_time = absl::Nanoseconds(1)}), HasSubstr("tick_time"));
  EXPECT_THAT(why_not({.max_message_bytes = 100'000}), HasSubstr("max_message_bytes"));
}

}  // namespace
}  // namespace hydra
