// Nodes that join, come and go.
#include "hydra/process/transport.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
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

// NOD20: bytes can't name a process that a runtime has no room for.
TEST(PossiblePidTest, PidsThatCannotBeAreRefused) {
  ManualRuntime runtime;
  const uint32_t here = runtime.Spawn(WaitForStop).home();
  const uint32_t elsewhere = HomeOf({"elsewhere@test", 7});
  constexpr uint32_t kFar = uint32_t{1} << 30;
  constexpr uint64_t kNoSerial = uint64_t{1} << 62;
  EXPECT_TRUE(Decode<Pid>(Encode(Pid(1, 0, here))).ok());
  EXPECT_TRUE(Decode<Pid>(Encode(Pid(1, kFar, elsewhere))).ok());
  EXPECT_FALSE(Decode<Pid>(Encode(Pid(1, kFar, here))).ok());
  EXPECT_FALSE(Decode<Pid>(Encode(Pid(kNoSerial, 0, here))).ok());
  EXPECT_FALSE(Decode<Ref>(Encode(Ref(Pid(1, kFar, here), 1))).ok());
}

TEST(PortTest, SubscribersHearOfChangesOnly) {
  ManualRuntime runtime;
  const Port port = runtime.Join({"c@test", 1}, std::make_shared<Nowhere>());
  runtime.Run([port]() -> Async<> {
    MonitorNodes(true);
    port.NodeDown({kA, 1}, NodeDownReason::kConnectionClosed);
    co_await RefuteReceive<NodeDown>();
    for (int i = 0; i < 2; ++i) port.NodeUp({kA, 1});
    co_await AssertReceive<NodeUp>();
    co_await RefuteReceive<NodeUp>();
    for (int i = 0; i < 2; ++i) port.NodeDown({kA, 1}, NodeDownReason::kConnectionClosed);
    co_await AssertReceive<NodeDown>();
    co_await RefuteReceive<NodeDown>();
  });
}

class Recorder final : public Transport {
 public:
  bool Send(const std::string&, Envelope envelope) override {
    sent.push_back(std::move(envelope));
    return false;
  }
  void Connect(const std::string&) override {}
  size_t max_message_bytes() const override { return 1 << 10; }

  std::vector<Envelope> sent;
};

// LNK8, MON3: a loss may come between the beginning of a link and its way out. It has ended then, and the other node must
// not hear of it by the next connection.
TEST(PortTest, WhatALossHasEndedIsOfNoLaterConnection) {
  ManualRuntime runtime;
  const auto recorder = std::make_shared<Recorder>();
  const Port port = runtime.Join({"c@test", 1}, recorder);
  const Pid other(1, 0, HomeOf({kA, 1}));
  runtime.Run([&]() -> Async<> {
    TrapExit(true);
    for (int i = 0; i < 2; ++i) {
      recorder->sent.clear();
      Link(other);
      const Ref monitor = Monitor(other);
      const PendingRequest<Double> asked = SendRequest(other, Double{2});
      Send(other, 7);
      std::vector<uint64_t> epochs;
      for (const Envelope& envelope : recorder->sent) epochs.push_back(envelope.epoch);
      const uint64_t epoch = port.NodeUp({kA, 1});
      EXPECT_THAT(epochs, ElementsAre(epoch, epoch, epoch, 0)) << "they wait for the connection";
      EXPECT_EQ(port.NodeUp({kA, 1}), epoch);
      port.NodeDown({kA, 1}, NodeDownReason::kConnectionClosed);
      EXPECT_NE(port.NodeUp({kA, 1}), epoch);
      co_await AssertReceive<ExitSignal>();
      EXPECT_EQ((co_await AssertReceive<Down>()).ref, monitor);
      port.NodeDown({kA, 1}, NodeDownReason::kConnectionClosed);
    }
  });
}

// LNK8, MON3: what a process does about links and monitors before it has taken a loss in ends with that loss. The other
// node, which has heard of the loss, hears of none of it by the next connection.
TEST(PortTest, WhatIsDoneBeforeALossIsTakenInEndsWithIt) {
  ManualRuntime runtime;
  const auto recorder = std::make_shared<Recorder>();
  const Port port = runtime.Join({"c@test", 1}, recorder);
  const Pid linked(1, 0, HomeOf({kA, 1}));
  const Pid other(1, 1, HomeOf({kA, 1}));
  runtime.Run([&]() -> Async<> {
    TrapExit(true);
    Link(linked);
    port.NodeUp({kA, 1});
    port.NodeDown({kA, 1}, NodeDownReason::kConnectionClosed);
    const uint64_t epoch = port.NodeUp({kA, 1});
    recorder->sent.clear();
    Unlink(linked);
    Link(other);
    const Ref monitor = Monitor(other);
    EXPECT_THAT(recorder->sent, IsEmpty());
    EXPECT_EQ((co_await AssertReceive<ExitSignal>()).from, other);
    EXPECT_EQ((co_await AssertReceive<Down>()).ref, monitor);
    Link(other);
    Unlink(other);
    Monitor(other);
    std::vector<uint64_t> epochs;
    for (const Envelope& envelope : recorder->sent) epochs.push_back(envelope.epoch);
    EXPECT_THAT(epochs, ElementsAre(epoch, epoch, epoch));
    co_await RefuteReceive<ExitSignal>();
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
  Envelope envelope;
  port.Deliver({kA, 1}, {&envelope, 1});
  port.NodeDown({kA, 1}, NodeDownReason::kConnectionClosed);
}

}  // namespace
}  // namespace hydra::process_testing
