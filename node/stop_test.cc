// Connections that are ended on purpose, seen from both ends.
#include <functional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "hydra/base/status_testing.h"
#include "hydra/node/testing/local_node.h"
#include "hydra/node/testing/residents.h"
#include "hydra/node/testing/witness.h"
#include "hydra/process/process.h"
#include "hydra/process/testing/process_test.h"

namespace hydra::node_testing {
namespace {

using testing::ElementsAre;

// Spawns a process of `node` that has links, monitors and calls with processes of `other`.
Pid WatchFrom(LocalNode& node, LocalNode& other) {
  const absl::StatusOr<std::vector<Pid>> whom = other.runtime().Request("landlord", Populate{5});
  EXPECT_OK(whom);
  const absl::StatusOr<Pid> witness = node.runtime().Request("landlord", Watch{*whom});
  EXPECT_OK(witness);
  return *witness;
}

struct WhyDown {
  using Reply = std::string;
};

// Answers when the first node is lost.
Async<> Historian() {
  MonitorNodes(true);
  const NodeDown down = co_await Receive<NodeDown>();
  auto asked = co_await Receive<Asked<WhyDown>>();
  asked.reply_to.Send(std::string(ToString(down.reason)));
}

Pid SpawnHistorian(LocalNode& node) {
  const Pid historian = node.runtime().Spawn(Historian);
  EXPECT_TRUE(node.runtime().Info(historian).has_value());  // so it listens
  return historian;
}

struct Way {
  std::string name;
  std::function<void(LocalNode& node, const std::string& other)> end;
};

class StopTest : public testing::TestWithParam<Way> {};

// NOD13, NOD15: whoever ends it, and however, both are told the same, and why; nothing comes twice.
TEST_P(StopTest, BothEndsLoseTheOther) {
  for (int round = 0; round < 6; ++round) {
    const bool is_dialler = round % 2 == 0;
    LocalNode a("a", {}, MoveIn);
    LocalNode b("b", {}, MoveIn);
    const std::string a_name = a.name();
    const std::string b_name = b.name();
    const Pid a_historian = SpawnHistorian(a);
    const Pid b_historian = SpawnHistorian(b);
    const Pid a_witness = WatchFrom(a, b);  // so `a` has dialled
    const Pid b_witness = WatchFrom(b, a);
    if (is_dialler) {
      GetParam().end(a, b_name);
    } else {
      GetParam().end(b, a_name);
    }
    const Testimony each_once = {.exits = 5, .downs = 5, .failed_calls = 5};
    EXPECT_THAT(a.runtime().Request(a_witness, Testify{}), IsOkAndHolds(each_once));
    EXPECT_THAT(b.runtime().Request(b_witness, Testify{}), IsOkAndHolds(each_once));
    EXPECT_THAT(a.runtime().Request("log", ReadLog{}),
                IsOkAndHolds(ElementsAre("up " + b_name, "down " + b_name)));
    EXPECT_THAT(b.runtime().Request("log", ReadLog{}),
                IsOkAndHolds(ElementsAre("up " + a_name, "down " + a_name)));
    EXPECT_THAT(a.runtime().Request(a_historian, WhyDown{}), IsOkAndHolds("disconnected"));
    EXPECT_THAT(b.runtime().Request(b_historian, WhyDown{}), IsOkAndHolds("disconnected"));
    a.DestroyNode();
    b.DestroyNode();
    EXPECT_THAT(a.runtime().Request(a_witness, Testify{}), IsOkAndHolds(each_once));
    EXPECT_THAT(b.runtime().Request(b_witness, Testify{}), IsOkAndHolds(each_once));
    EXPECT_THAT(a.runtime().Request("log", ReadLog{}), IsOkAndHolds(testing::SizeIs(2)));
    EXPECT_THAT(b.runtime().Request("log", ReadLog{}), IsOkAndHolds(testing::SizeIs(2)));
  }
}

INSTANTIATE_TEST_SUITE_P(
    Ways, StopTest,
    testing::Values(Way{"Disconnect",
                        [](LocalNode& node, const std::string& other) {
                          EXPECT_OK(node.node().Disconnect(other));
                        }},
                    Way{"Stop", [](LocalNode& node, const std::string&) { node.node().Stop(); }},
                    Way{"Destroyed",
                        [](LocalNode& node, const std::string&) { node.DestroyNode(); }}),
    [](const testing::TestParamInfo<Way>& way) { return way.param.name; });

// What has been sent when a node stops still goes out, before the other is told: APP10.
TEST(StoppedNodeTest, HasSentWhatWasSent) {
  constexpr int kMany = 500;
  const std::string much(20'000, 'x');  // so that not all has gone when it stops
  LocalNode a("a", {}, MoveIn);
  LocalNode b("b", {}, MoveIn);
  const std::string b_name = b.name();
  EXPECT_OK(a.runtime().Request(Dest("echo", b_name), Echo{"hello"}));
  std::vector<std::string> sent = {"up " + a.name()};
  for (int i = 0; i < kMany; ++i) sent.push_back(std::to_string(i) + much);
  a.Run([&]() -> Async<> {
    for (int i = 0; i < kMany; ++i)
      Send(ProcessName("log", b_name), Note{std::to_string(i) + much});
    co_return;
  });
  sent.push_back("down " + a.name());
  a.node().Stop();
  EXPECT_THAT(b.runtime().Request("log", ReadLog{kMany + 2}), IsOkAndHolds(sent));
}

// A runtime goes on without its node.
TEST(StoppedNodeTest, IsAlone) {
  LocalNode a("a", {}, MoveIn);
  LocalNode b("b", {}, MoveIn);
  WatchFrom(a, b);
  a.node().Stop();
  a.node().Stop();
  EXPECT_THAT(a.node().List(PeerState::kConnected), testing::IsEmpty());
  a.Run([&]() -> Async<> {
    EXPECT_THAT(co_await Request("echo", Echo{"hello"}), IsOkAndHolds("hello"));
    EXPECT_TRUE(Nodes().empty());
    EXPECT_EQ((co_await a.node().Connect(b.name())).code(), absl::StatusCode::kUnavailable);
    const Ref ref = Monitor(Dest("echo", b.name()));
    EXPECT_EQ((co_await Receive<Down>().For(ref)).reason, ExitReason::NoConnection());
    const absl::StatusOr<std::string> answer =
        co_await Request(Dest("echo", b.name()), Echo{"hello"});
    EXPECT_EQ(ExitReasonOf(answer.status()), ExitReason::NoConnection()) << answer.status();
  });
  // And the other can't reach it.
  b.Run([&]() -> Async<> {
    EXPECT_EQ((co_await b.node().Connect(a.name())).code(), absl::StatusCode::kUnavailable);
  });
}

}  // namespace
}  // namespace hydra::node_testing
