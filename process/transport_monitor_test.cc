// Monitors of processes of other nodes.
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "hydra/base/status_testing.h"
#include "hydra/process/process.h"
#include "hydra/process/testing/assert_receive.h"
#include "hydra/process/transport_testing.h"

namespace hydra::process_testing {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

using TransportMonitorTest = TwoNodes;

// MON1, MON2, MON12
TEST_F(TransportMonitorTest, DownTellsWhyTheProcessEnded) {
  const Pid b = OnB(WaitForStop);
  Run([b]() -> Async<> {
    const Ref ref = Monitor(b, {.tag = 7});
    EXPECT_THAT((co_await Info(b))->monitored_by, ElementsAre(Self()));
    Send(b, Stop());
    const Down down = co_await AssertReceive<Down>();
    EXPECT_EQ(down.ref, ref);
    EXPECT_EQ(down.pid, b);
    EXPECT_EQ(down.tag, 7);
    EXPECT_EQ(down.reason, ExitReason::Normal());
  });
}

// MON2, MON3, MON4
TEST_F(TransportMonitorTest, NameIsMonitoredWhereItIs) {
  const Pid b = OnB(WaitForStop);
  ASSERT_OK(b_->Register(b, "name"));
  Run([this, b]() -> Async<> {
    const ProcessName name("name", kB);
    const Ref ref = Monitor(name);
    co_await Info(b);
    EXPECT_OK(b_->Unregister("name"));
    EXPECT_OK(b_->Register(OnB(WaitForStop), "name"));
    Exit(b, ExitReason::Kill());
    const Down down = co_await AssertReceive<Down>();
    EXPECT_EQ(down.ref, ref);
    EXPECT_EQ(down.name, name);
    EXPECT_EQ(down.pid, b);
    EXPECT_EQ(down.reason, ExitReason::Killed());
    Monitor(ProcessName("nobody", kB));
    EXPECT_EQ((co_await AssertReceive<Down>()).reason, ExitReason::NoProc());
  });
}

// MON6, MON7
TEST_F(TransportMonitorTest, DemonitorReachesWhomTheNameNamed) {
  const Pid b = OnB(WaitForStop);
  ASSERT_OK(b_->Register(b, "name"));
  Run([this, b]() -> Async<> {
    const Ref by_pid = Monitor(b);
    const Ref by_name = Monitor(ProcessName("name", kB));
    EXPECT_EQ((co_await Info(b))->monitored_by.size(), 2U);
    EXPECT_OK(b_->Unregister("name"));
    EXPECT_TRUE(Demonitor(by_pid));
    EXPECT_TRUE(Demonitor(by_name));
    EXPECT_THAT((co_await Info(b))->monitored_by, IsEmpty());
    Spawn([b]() -> Async<> {
      Monitor(b);
      co_await Info(b);
    });
    for (int i = 0; i < 10; ++i) co_await Info(b);
    EXPECT_THAT((co_await Info(b))->monitored_by, IsEmpty()) << "its monitor has ended";
  });
}

// ALI4, MON7
TEST_F(TransportMonitorTest, ReplyEndsTheMonitor) {
  const Pid server = OnB([]() -> Async<> {
    const Ref alias = co_await Receive<Ref>();
    Send(alias, Stop());
    Send(alias, Stop());
    co_await WaitForStop();
  });
  Run([server]() -> Async<> {
    Send(server, Monitor(server, {.alias = MonitorAlias::kUntilReply}));
    co_await AssertReceive<Stop>();
    co_await RefuteReceive<Stop>();
    EXPECT_THAT((co_await Info(server))->monitored_by, IsEmpty());
    Send(server, Stop());
    co_await RefuteReceive<Down>();
  });
}

}  // namespace
}  // namespace hydra::process_testing
