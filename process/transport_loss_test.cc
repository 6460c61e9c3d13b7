// What ends when a node is lost.
#include <optional>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "hydra/base/status_testing.h"
#include "hydra/process/process.h"
#include "hydra/process/testing/assert_receive.h"
#include "hydra/process/testing/manual_runtime.h"
#include "hydra/process/transport_testing.h"

namespace hydra::process_testing {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

using TransportLossTest = TwoNodes;

// LNK8
TEST_F(TransportLossTest, LossEndsLinksOnBothSidesOnce) {
  std::vector<ExitSignal> exits;
  const Pid trapping = OnB([&exits]() -> Async<> {
    TrapExit(true);
    while (true) exits.push_back(co_await Receive<ExitSignal>());
  });
  const Pid other = OnB(WaitForStop);
  Run([this, trapping, other]() -> Async<> {
    TrapExit(true);
    Link(trapping);
    Link(other);
    co_await Info(other);
    network_.Cut(kA, kB);
    std::vector<Pid> from;
    for (int i = 0; i < 2; ++i) {
      const ExitSignal exit = co_await AssertReceive<ExitSignal>();
      EXPECT_EQ(exit.reason, ExitReason::NoConnection());
      from.push_back(exit.from);
    }
    EXPECT_THAT(from, UnorderedElementsAre(trapping, other));
    EXPECT_TRUE(co_await IsAlive(trapping));
    EXPECT_FALSE(co_await IsAlive(other));
    EXPECT_THAT((co_await Info(trapping))->links, IsEmpty());
    Exit(trapping, ExitReason::Kill());
    EXPECT_FALSE(co_await IsAlive(trapping));
    co_await RefuteReceive<ExitSignal>();
  });
  ASSERT_EQ(exits.size(), 1U);
  EXPECT_EQ(exits[0].reason, ExitReason::NoConnection());
}

// LNK4: an unlink whose acknowledgement was lost with the connection.
TEST_F(TransportLossTest, LinkAfterALossIsANewOne) {
  const Pid b = OnB(WaitForStop);
  Run([this, b]() -> Async<> {
    TrapExit(true);
    Link(b);
    co_await Info(b);
    Unlink(b);
    network_.Cut(kA, kB);
    co_await Yield();
    const Pid next = OnB(Server);
    EXPECT_OK(co_await Request(next, Double{1}));
    Link(next);
    Exit(next, ExitReason::Kill());
    EXPECT_EQ((co_await AssertReceive<ExitSignal>()).from, next);
    Link(b);
    EXPECT_EQ((co_await AssertReceive<ExitSignal>()).reason, ExitReason::NoProc());
  });
}

// LNK8, MON3, MON10: what it has with a third node, and with its own, goes on.
TEST_F(TransportLossTest, LossEndsNothingWithOtherNodes) {
  constexpr char kC[] = "c@test";
  ManualRuntime c;
  network_.Add(c, {kC, 1});
  const Pid on_b = OnB(WaitForStop);
  const Pid on_c = c.Spawn(WaitForStop);
  ASSERT_OK(c.Register(on_c, "name"));
  Run([this, &c, kC, on_b, on_c]() -> Async<> {
    TrapExit(true);
    const Pid here = Spawn(WaitForStop);
    for (const Pid& pid : {on_b, on_c, here}) {
      Link(pid);
      Monitor(pid);
    }
    Monitor(ProcessName("name", kC));
    const Pid watcher = c.Spawn([self = Self()]() -> Async<> {
      Monitor(self);
      co_await WaitForStop();
    });
    c.RunUntilIdle();
    co_await Info(on_b);
    network_.Cut(kA, kB);
    EXPECT_EQ((co_await AssertReceive<ExitSignal>()).from, on_b);
    EXPECT_EQ((co_await AssertReceive<Down>()).pid, on_b);
    co_await RefuteReceive<ExitSignal>();
    co_await RefuteReceive<Down>();
    const std::optional<ProcessInfo> info = co_await Info(Self());
    EXPECT_THAT(info->links, UnorderedElementsAre(on_c, here));
    EXPECT_EQ(info->monitors.size(), 3U);
    EXPECT_THAT(info->monitored_by, ElementsAre(watcher));
  });
}

// MON3, MON10
TEST_F(TransportLossTest, LossGivesEachMonitorOneDown) {
  const Pid b = OnB(WaitForStop);
  ASSERT_OK(b_->Register(b, "name"));
  Run([this, b]() -> Async<> {
    Monitor(b);
    Monitor(ProcessName("name", kB));
    co_await Info(b);
    network_.Cut(kA, kB);
    for (int i = 0; i < 2; ++i)
      EXPECT_EQ((co_await AssertReceive<Down>()).reason, ExitReason::NoConnection());
    EXPECT_TRUE(co_await IsAlive(b)) << "it was only out of sight";
    EXPECT_THAT((co_await Info(b))->monitored_by, IsEmpty());
    Exit(b, ExitReason::Kill());
    EXPECT_FALSE(co_await IsAlive(b));
    co_await RefuteReceive<Down>();
  });
}

// MON9: noconnection where the node is lost before it has answered for its former life.
TEST_F(TransportLossTest, LossIsThatOfAllLivesOfANode) {
  const Pid former = OnB(WaitForStop);
  RestartB();
  const Pid b = OnB(WaitForStop);
  Run([this, former, b]() -> Async<> {
    TrapExit(true);
    Link(b);
    co_await Info(b);
    Monitor(former);
    network_.Cut(kA, kB);
    EXPECT_EQ((co_await AssertReceive<ExitSignal>()).from, b);
    const Down down = co_await AssertReceive<Down>();
    EXPECT_EQ(down.pid, former);
    EXPECT_EQ(down.reason, ExitReason::NoConnection());
  });
}

// ALI4, ALI5
TEST_F(TransportLossTest, LossEndsTheAliasOfAMonitor) {
  Ref alias;
  const Pid server = OnB([&alias]() -> Async<> {
    alias = co_await Receive<Ref>();
    co_await Receive<Stop>();
    Send(alias, Stop());
    co_await WaitForStop();
  });
  Run([this, server]() -> Async<> {
    Send(server, Monitor(server, {.alias = MonitorAlias::kUntilReply}));
    co_await Info(server);
    network_.Cut(kA, kB);
    EXPECT_EQ((co_await AssertReceive<Down>()).reason, ExitReason::NoConnection());
    Send(server, Stop());
    co_await RefuteReceive<Stop>();
  });
}

}  // namespace
}  // namespace hydra::process_testing
