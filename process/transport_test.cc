// Nodes that join, come and go.
#include "hydra/process/transport.h"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "hydra/process/process.h"
#include "hydra/process/testing/assert_receive.h"
#include "hydra/process/testing/manual_runtime.h"
#include "hydra/process/transport_testing.h"

namespace hydra::process_testing {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

using TransportTest = TwoNodes;

TEST_F(TransportTest, SubscribersHearOfNodesAfterAllElse) {
  const Pid b = OnB(WaitForStop);
  std::vector<std::string> heard;
  Run([this, b, &heard]() -> Async<> {
    EXPECT_EQ(ThisNode(), kA);
    EXPECT_THAT(Nodes(), IsEmpty());
    MonitorNodes(true);
    TrapExit(true);
    Link(b);
    Monitor(b);
    EXPECT_EQ((co_await AssertReceive<NodeUp>()).node, kB);
    EXPECT_THAT(Nodes(), ElementsAre(kB));
    co_await Info(b);
    network_.Cut(kA, kB);
    for (int i = 0; i < 3; ++i) {
      const Message message = co_await ReceiveAny();
      heard.push_back(message.Is<ExitSignal>() ? "exit" : message.Is<Down>() ? "down" : "node");
    }
    EXPECT_EQ(heard[2], "node");
    EXPECT_THAT(Nodes(), IsEmpty());
    MonitorNodes(false);
    network_.Connect(kA, kB);
    co_await RefuteReceive<NodeUp>();
  });
}

// What stands for a node in pids is the same as long as it lives, and then another.
TEST_F(TransportTest, EachLifeOfANodeHasItsHome) {
  const uint32_t home = HomeOf({kB, 1});
  EXPECT_EQ(home, OnB(WaitForStop).home());
  EXPECT_EQ(NodeOf(home), (NodeId{kB, 1}));
  RestartB();
  EXPECT_NE(HomeOf({kB, 2}), home);
  EXPECT_EQ(HomeOf({kB, 2}), OnB(WaitForStop).home());
  EXPECT_EQ(NodeOf(home), (NodeId{kB, 1}));
  const uint32_t elsewhere = HomeOf({"elsewhere@test", 7});
  EXPECT_EQ(HomeOf({"elsewhere@test", 7}), elsewhere);
  EXPECT_NE(HomeOf({"elsewhere@test", 8}), elsewhere);
  EXPECT_EQ(NodeOf(elsewhere), (NodeId{"elsewhere@test", 7}));
}

class Nowhere final : public Transport {
  void Send(const NodeId&, Envelope) override {}
};

TEST(PortTest, SubscribersHearOfChangesOnly) {
  ManualRuntime runtime;
  const Port port = runtime.Join({"c@test", 1}, std::make_shared<Nowhere>());
  runtime.Run([port]() -> Async<> {
    MonitorNodes(true);
    port.NodeDown({kA, 1});
    co_await RefuteReceive<NodeDown>();
    for (int i = 0; i < 2; ++i) port.NodeUp({kA, 1});
    co_await AssertReceive<NodeUp>();
    co_await RefuteReceive<NodeUp>();
    for (int i = 0; i < 2; ++i) port.NodeDown({kA, 1});
    co_await AssertReceive<NodeDown>();
    co_await RefuteReceive<NodeDown>();
  });
}

TEST(JoinDeathTest, ANodeHasAName) {
  EXPECT_DEATH(ManualRuntime().Join({"", 1}, std::make_shared<Nowhere>()), "a node has a name");
}

TEST(JoinDeathTest, ARuntimeJoinsOnce) {
  EXPECT_DEATH(
      {
        ManualRuntime runtime;
        for (const char* name : {kA, kB}) runtime.Join({name, 1}, std::make_shared<Nowhere>());
      },
      "this runtime is the node a@test");
}

TEST(PortTest, OutlivesItsRuntime) {
  auto runtime = std::make_unique<ManualRuntime>();
  const Port port = runtime->Join({"c@test", 1}, std::make_shared<Nowhere>());
  runtime.reset();
  port.NodeUp({kA, 1});
  port.Deliver({kA, 1}, Envelope());
  port.NodeDown({kA, 1});
}

}  // namespace
}  // namespace hydra::process_testing
