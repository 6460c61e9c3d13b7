// Who is told of nodes that come and go, how often, and why: NOD8, NOD15, NOD16.
#include <malloc.h>

#include <cstddef>
#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "hydra/base/compiler.h"
#include "hydra/process/process.h"
#include "hydra/process/testing/assert_receive.h"
#include "hydra/process/testing/manual_runtime.h"
#include "hydra/process/transport.h"
#include "hydra/process/transport_testing.h"

#if defined(HYDRA_ASAN) || defined(HYDRA_TSAN)
#include <sanitizer/allocator_interface.h>
#endif

namespace hydra::process_testing {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

using NodeMonitorTest = TwoNodes;

constexpr char kNowhere[] = "nowhere@test";

// NOD16: it connects, and then tells once.
TEST_F(NodeMonitorTest, TellsOnceThatANodeIsDown) {
  Run([this]() -> Async<> {
    MonitorNode(kB);
    co_await RefuteReceive<NodeDown>();
    EXPECT_THAT(Nodes(), ElementsAre(kB));
    network_.Cut(kA, kB);
    const NodeDown down = co_await AssertReceive<NodeDown>();
    EXPECT_EQ(down.node, kB);
    EXPECT_EQ(down.reason, NodeDownReason::kConnectionClosed);
    network_.Connect(kA, kB);
    network_.Cut(kA, kB);
    co_await RefuteReceive<NodeDown>();
  });
}

// NOD16: calls are counted, and each is taken back by one.
TEST_F(NodeMonitorTest, CountsItsCalls) {
  Run([this]() -> Async<> {
    for (int i = 0; i < 3; ++i) MonitorNode(kB);
    MonitorNode(kB, false);
    co_await RefuteReceive<NodeDown>();
    network_.Cut(kA, kB);
    for (int i = 0; i < 2; ++i) co_await AssertReceive<NodeDown>();
    co_await RefuteReceive<NodeDown>();
    MonitorNode(kB, false);  // none is left
    MonitorNode(kB);
    co_await RefuteReceive<NodeDown>();
    network_.Cut(kA, kB);
    co_await AssertReceive<NodeDown>();
  });
}

// NOD16: unreachable.
TEST_F(NodeMonitorTest, TellsThatANodeCannotBeReached) {
  Run([]() -> Async<> {
    for (int i = 0; i < 2; ++i) MonitorNode(kNowhere);
    for (int i = 0; i < 2; ++i) {
      const NodeDown down = co_await AssertReceive<NodeDown>();
      EXPECT_EQ(down.node, kNowhere);
      EXPECT_EQ(down.reason, NodeDownReason::kUnreachable);
    }
    co_await RefuteReceive<NodeDown>();
  });
}

// NOD16: this node is never down.
TEST_F(NodeMonitorTest, ThisNodeIsNeverDown) {
  Run([]() -> Async<> {
    MonitorNode(kA);
    co_await RefuteReceive<NodeDown>();
  });
}

// NOD16: for a runtime that is no node all nodes are down.
TEST(NodeMonitorAloneTest, ToNoNodeAllAreDown) {
  ManualRuntime runtime;
  runtime.Run([]() -> Async<> {
    MonitorNode(kB);
    EXPECT_EQ((co_await AssertReceive<NodeDown>()).reason, NodeDownReason::kUnreachable);
  });
}

// NOD15: several subscriptions are several messages, and end together.
TEST_F(NodeMonitorTest, SubscriptionsAreCounted) {
  Run([this]() -> Async<> {
    for (int i = 0; i < 2; ++i) MonitorNodes(true);
    network_.Connect(kA, kB);
    for (int i = 0; i < 2; ++i) co_await AssertReceive<NodeUp>();
    co_await RefuteReceive<NodeUp>();
    network_.Cut(kA, kB);
    for (int i = 0; i < 2; ++i) co_await AssertReceive<NodeDown>();
    co_await RefuteReceive<NodeDown>();
    MonitorNodes(false);
    network_.Connect(kA, kB);
    co_await RefuteReceive<NodeUp>();
  });
}

// NOD15, NOD16: what a process is told ends with it, and so does the room that it took.
TEST_F(NodeMonitorTest, EndsWithTheProcess) {
  Run([this]() -> Async<> {
    const auto watch = []() -> Async<> {
      MonitorNodes(true);
      MonitorNode(kB);
      co_return;
    };
    Monitor(Spawn(watch));
    co_await AssertReceive<Down>();
    network_.Connect(kA, kB);
    network_.Cut(kA, kB);
    co_await RefuteReceive<NodeDown>();
  });
}

size_t AllocatedBytes() {
#if defined(HYDRA_ASAN) || defined(HYDRA_TSAN)
  return __sanitizer_get_current_allocated_bytes();
#else
  const struct mallinfo2 info = mallinfo2();
  return info.uordblks + info.hblkhd;
#endif
}

// NOD15, NOD16, NOD21: nothing is kept of nodes that can't be reached, nor of processes that were told of nodes.
TEST_F(NodeMonitorTest, TakesNoRoomForEver) {
  constexpr int kMany = 2000;
  int last = 0;
  const auto monitor_many = [&]() -> Async<> {
    for (int i = 0; i < kMany; ++i) {
      const std::string node = absl::StrCat("nowhere", ++last, "@test");
      Monitor(Spawn([node]() -> Async<> {
        MonitorNodes(true);
        MonitorNode(node, false);
        Monitor(ProcessName("nobody", node));
        co_await AssertReceive<Down>();
        MonitorNode(node);
        co_await AssertReceive<NodeDown>();
        MonitorNode(node, false);
      }));
      co_await AssertReceive<Down>();
    }
  };
  Run(monitor_many);
  const size_t before = AllocatedBytes();
  Run(monitor_many);
  EXPECT_LT(AllocatedBytes(), before + kMany) << "a byte for each";
}

// NOD15: who is told of nodes isn't told of those that never were up.
TEST_F(NodeMonitorTest, WhatWasNotUpIsNotDown) {
  Run([]() -> Async<> {
    MonitorNodes(true);
    Monitor(ProcessName("nobody", kNowhere));
    EXPECT_EQ((co_await AssertReceive<Down>()).reason, ExitReason::NoConnection());
    co_await RefuteReceive<NodeDown>();
  });
}

// NOD8: nor are they listed while they are wanted.
TEST(WantedNodesTest, AreNotListed) {
  ManualRuntime runtime;
  runtime.Join({kA, 1}, std::make_shared<Nowhere>());
  runtime.Run([]() -> Async<> {
    MonitorNode(kB);
    EXPECT_THAT(Nodes(NodeKind::kAll), IsEmpty());
    co_return;
  });
}

// NOD8: hidden nodes are listed apart, and told of to those who ask for them.
TEST(HiddenNodesTest, AreApart) {
  ManualRuntime runtime;
  const Port port = runtime.Join({kA, 1}, std::make_shared<Nowhere>());
  runtime.Run([port]() -> Async<> {
    MonitorNodes(true);
    port.NodeUp({kB, 1}, /*hidden=*/true);
    co_await RefuteReceive<NodeUp>();
    EXPECT_THAT(Nodes(), IsEmpty());
    EXPECT_THAT(Nodes(NodeKind::kHidden), ElementsAre(kB));
    EXPECT_THAT(Nodes(NodeKind::kAll), ElementsAre(kB));
    EXPECT_FALSE(IsConnected(kB));
    EXPECT_TRUE(IsConnected(kB, NodeKind::kHidden));
    EXPECT_TRUE(IsConnected(kB, NodeKind::kAll));
    EXPECT_FALSE(IsConnected(kA, NodeKind::kAll)) << "with itself";
    MonitorNodes(true, NodeKind::kHidden);
    MonitorNodes(true, NodeKind::kAll);
    port.NodeDown({kB, 1}, NodeDownReason::kTickTimeout);
    for (int i = 0; i < 2; ++i)
      EXPECT_EQ((co_await AssertReceive<NodeDown>()).reason, NodeDownReason::kTickTimeout);
    co_await RefuteReceive<NodeDown>();
    EXPECT_FALSE(IsConnected(kB, NodeKind::kAll));
    port.NodeUp({kB, 2});
    EXPECT_TRUE(IsConnected(kB));
    EXPECT_THAT(Nodes(NodeKind::kHidden), IsEmpty());
    for (int i = 0; i < 2; ++i)
      co_await AssertReceive<NodeUp>();  // not to who asks for hidden ones
    co_await RefuteReceive<NodeUp>();
  });
}

}  // namespace
}  // namespace hydra::process_testing
