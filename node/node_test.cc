#include "hydra/node/node.h"

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "hydra/node/node_options.h"
#include "hydra/process/process.h"
#include "hydra/process/runtime.h"

namespace hydra {
namespace {

struct Greeting {
  static constexpr std::string_view kWireName = "test.Greeting";
  std::string text;
  Pid from;
};

struct Square {
  static constexpr std::string_view kWireName = "test.Square";
  using Reply = int64_t;
  int64_t number;
};

// A runtime that is a node of its own.
struct TestNode {
  explicit TestNode(std::string name, NodeOptions options = {}) {
    options.name = std::move(name);
    if (options.cookie.empty()) options.cookie = "secret";
    absl::StatusOr<Node> started = Node::Start(runtime, std::move(options));
    EXPECT_TRUE(started.ok()) << started.status();
    if (started.ok()) node.emplace(*std::move(started));
  }

  Runtime runtime{{.schedulers = 2}};
  std::optional<Node> node;
};

Async<> Echo() {
  while (true) {
    const Greeting greeting = co_await Receive<Greeting>();
    Send(greeting.from, Greeting{greeting.text + " to you", Self()});
  }
}

Async<> Squares() {
  while (true) {
    auto asked = co_await Receive<Asked<Square>>();
    std::move(asked.reply_to).Send(asked.request.number * asked.request.number);
  }
}

// NOD1, NOD23: the first message connects; pids cross and become local again.
TEST(NodeTest, MessagesCrossByNameAndPid) {
  TestNode a("a");
  TestNode b("b");
  const Pid echo = b.runtime.Spawn(Echo);
  ASSERT_TRUE(b.runtime.Register(echo, "echo").ok());
  const std::string b_name = b.node->name();
  EXPECT_EQ(a.runtime
                .Run([b_name]() -> Async<> {
                  Send(ProcessName("echo", b_name), Greeting{"hello", Self()});
                  const Greeting first = co_await Receive<Greeting>();
                  EXPECT_EQ(first.text, "hello to you");
                  Send(first.from, Greeting{"again", Self()});
                  EXPECT_EQ((co_await Receive<Greeting>()).text, "again to you");
                  EXPECT_EQ(Nodes(), std::vector<std::string>{b_name});
                })
                .ToString(),
            "normal");
}

TEST(NodeTest, CallsCross) {
  TestNode a("a");
  TestNode b("b");
  ASSERT_TRUE(b.runtime.Register(b.runtime.Spawn(Squares), "squares").ok());
  const Dest squares("squares", b.node->name());
  EXPECT_EQ(a.runtime
                .Run([squares]() -> Async<> {
                  for (int64_t number = 0; number < 1000; ++number) {
                    absl::StatusOr<int64_t> square = co_await Request(squares, Square{number});
                    EXPECT_TRUE(square.ok()) << square.status();
                    if (square.ok()) EXPECT_EQ(*square, number * number);
                  }
                })
                .ToString(),
            "normal");
}

// NOD12, NOD13
TEST(NodeTest, WhatReachesThereEndsWithTheConnection) {
  TestNode a("a");
  TestNode b("b");
  const Pid echo = b.runtime.Spawn(Echo);
  ASSERT_TRUE(b.runtime.Register(echo, "echo").ok());
  const std::string b_name = b.node->name();
  Node* node = &*a.node;
  EXPECT_EQ(a.runtime
                .Run([b_name, node]() -> Async<> {
                  MonitorNodes(true);
                  const Ref ref = Monitor(ProcessName("echo", b_name));
                  EXPECT_EQ((co_await Receive<NodeUp>()).node, b_name);
                  absl::StatusOr<absl::Duration> there_and_back = co_await node->Ping(b_name);
                  EXPECT_TRUE(there_and_back.ok()) << there_and_back.status();
                  EXPECT_TRUE(node->Disconnect(b_name).ok());
                  EXPECT_EQ((co_await Receive<Down>().For(ref)).reason, ExitReason::NoConnection());
                  EXPECT_EQ((co_await Receive<NodeDown>()).node, b_name);
                  EXPECT_TRUE(Nodes().empty());
                  EXPECT_EQ(node->Disconnect(b_name).code(), absl::StatusCode::kNotFound);
                })
                .ToString(),
            "normal");
}

// NOD3
TEST(NodeTest, AnotherCookieIsRefused) {
  TestNode a("a");
  TestNode b("b", {.cookie = "other"});
  const std::string b_name = b.node->name();
  Node* node = &*a.node;
  EXPECT_EQ(a.runtime
                .Run([b_name, node]() -> Async<> {
                  const absl::Status connected = co_await node->Connect(b_name);
                  EXPECT_EQ(connected.code(), absl::StatusCode::kPermissionDenied) << connected;
                  EXPECT_TRUE(Nodes().empty());
                  const Ref ref = Monitor(ProcessName("echo", b_name));
                  EXPECT_EQ((co_await Receive<Down>().For(ref)).reason, ExitReason::NoConnection());
                })
                .ToString(),
            "normal");
  EXPECT_TRUE(b.node->List(PeerState::kConnected).empty());
}

TEST(NodeTest, NobodyListens) {
  TestNode a("a");
  Node* node = &*a.node;
  EXPECT_EQ(a.runtime
                .Run([node]() -> Async<> {
                  const absl::Status connected = co_await node->Connect("b@127.0.0.1:1");
                  EXPECT_EQ(connected.code(), absl::StatusCode::kUnavailable) << connected;
                  EXPECT_EQ((co_await node->Connect("nonsense")).code(),
                            absl::StatusCode::kInvalidArgument);
                  EXPECT_EQ((co_await node->Connect(node->name())).code(),
                            absl::StatusCode::kInvalidArgument);
                })
                .ToString(),
            "normal");
}

// NOD19: what is large crosses in pieces, and others overtake it.
TEST(NodeTest, LargeMessagesCross) {
  TestNode a("a");
  TestNode b("b");
  ASSERT_TRUE(b.runtime.Register(b.runtime.Spawn(Echo), "echo").ok());
  const std::string b_name = b.node->name();
  EXPECT_EQ(a.runtime
                .Run([b_name]() -> Async<> {
                  const std::string large(10'000'000, 'x');
                  Send(ProcessName("echo", b_name), Greeting{large, Self()});
                  Send(ProcessName("echo", b_name), Greeting{"small", Self()});
                  EXPECT_EQ((co_await Receive<Greeting>()).text.size(), large.size() + 7);
                  EXPECT_EQ((co_await Receive<Greeting>()).text, "small to you");
                })
                .ToString(),
            "normal");
}

}  // namespace
}  // namespace hydra
