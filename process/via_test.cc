// What is done by a Via: all that is done by a name (NAM7), and what becomes of it where nobody is found.
#include "hydra/process/via.h"

#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <variant>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "hydra/base/status_testing.h"
#include "hydra/process/behaviour.h"
#include "hydra/process/process.h"
#include "hydra/process/testing/process_test.h"
#include "hydra/process/transport_testing.h"
#include "hydra/process/via_testing.h"

namespace hydra::process_testing {
namespace {

using absl::StatusCode;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr absl::Duration kMs = absl::Milliseconds(1);

std::shared_ptr<Pointer> To(Pid pid) { return std::make_shared<Pointer>("key", pid); }

// Of a process that has ended.
Async<std::shared_ptr<Pointer>> ToTheDead() {
  const auto [pid, ref] = SpawnMonitor([]() -> Async<> { co_return; });
  auto via = To(pid);
  co_await Receive<Down>().For(ref);
  co_return via;
}

// ---- The value.

TEST(ViaDestTest, IsAViaAndNothingElse) {
  const auto via = To(Pid());
  const Dest dest = via;
  EXPECT_EQ(dest.via(), via.get());
  EXPECT_EQ(dest.pid(), nullptr);
  EXPECT_EQ(dest.alias(), nullptr);
  EXPECT_EQ(dest.name(), nullptr);
  EXPECT_EQ(dest.ToString(), "key");
  EXPECT_EQ(Dest("name").via(), nullptr);
  EXPECT_EQ(Dest(std::shared_ptr<const Via>(via)), dest);
}

TEST(ViaDestTest, NullIsNobody) { EXPECT_EQ(Dest(std::shared_ptr<const Via>()), Dest(Pid())); }

TEST(ViaDestTest, EqualsTheSameAddress) {
  const Dest dest = std::make_shared<Pointer>("key");
  EXPECT_EQ(dest, Dest(std::make_shared<Pointer>("key")));
  EXPECT_NE(dest, Dest(std::make_shared<Pointer>("other")));
  EXPECT_NE(dest, Dest("key"));
}

TEST(ViaDestTest, MakesADestNoLarger) {
  EXPECT_EQ(sizeof(Dest), sizeof(ProcessName) + sizeof(void*));
}

// ---- Send.

// NAM7
HYDRA_TEST(SendByViaTest, ReachesWhomItStandsFor) {
  EXPECT_TRUE(Send(To(Self()), 7));
  EXPECT_EQ(co_await AssertReceive<int>(), 7);
}

// NAM6, REG6
HYDRA_TEST(SendByViaTest, TellsThatItStandsForNobody) {
  EXPECT_FALSE(Send(To(Pid()), 7));
  EXPECT_FALSE(Send(co_await ToTheDead(), 7));
}

// NAM7
HYDRA_TEST(SendByViaTest, IsLookedUpWhenItIsDone) {
  const auto via = To(Pid());
  const Dest dest = via;
  EXPECT_FALSE(Send(dest, 1));
  via->PointTo(Self());
  EXPECT_TRUE(Send(dest, 2));
  EXPECT_THAT(co_await Flush<int>(), ElementsAre(2));
  EXPECT_EQ(via->lookups(), 2);
}

// ---- Requests.

// NAM7, GS11
HYDRA_TEST(RequestByViaTest, IsAnsweredAndLooksItUpOnce) {
  const auto via = To(Spawn(Server));
  EXPECT_THAT(co_await Request(via, Double{21}), IsOkAndHolds(42));
  EXPECT_EQ(via->lookups(), 1);
  PendingRequest<Double> pending = SendRequest(via, Double{4});
  EXPECT_THAT(co_await pending.Receive(), IsOkAndHolds(8));
  EXPECT_EQ(via->lookups(), 2);
  const auto first = co_await AnyOf(Receive<Stop>(), Request(via, Double{5}));
  EXPECT_THAT(std::get<1>(first), IsOkAndHolds(10));
  EXPECT_EQ(via->lookups(), 3);
}

// GS14, GS24, REG6
HYDRA_TEST(RequestByViaTest, FailsIfItStandsForNobody) {
  const auto fails = StatusIs(StatusCode::kNotFound, HasSubstr("key"));
  EXPECT_THAT(co_await Request(To(Pid()), Double{1}), fails);
  EXPECT_THAT(co_await Request(co_await ToTheDead(), Double{1}), fails);
  PendingRequest<Double> pending = SendRequest(To(Pid()), Double{4});
  EXPECT_THAT(co_await pending.Receive(), fails);
}

// GS16
HYDRA_TEST(RequestByViaTest, ProcessDoesNotAskItself) {
  EXPECT_THAT(co_await Request(To(Self()), Double{1}), StatusIs(StatusCode::kFailedPrecondition));
}

// ---- Monitors.

// MON2, NAM7
HYDRA_TEST(MonitorByViaTest, DownTellsThePid) {
  const Pid server = Spawn(Server);
  const Ref ref = Monitor(To(server), {.tag = 3});
  Send(server, Stop());
  const Down down = co_await AssertReceive<Down>();
  EXPECT_EQ(down.ref, ref);
  EXPECT_EQ(down.pid, server);
  EXPECT_EQ(down.name, ProcessName());
  EXPECT_EQ(down.tag, 3);
  EXPECT_EQ(down.reason, ExitReason::Normal());
}

// MON4
HYDRA_TEST(MonitorByViaTest, IsLookedUpOnce) {
  const Pid first = Spawn(Server);
  const auto via = To(first);
  const Ref ref = Monitor(via);
  via->PointTo(Spawn(Server));
  Send(via, Stop());
  Send(first, Hello{Self(), 1});
  co_await AssertReceive<Hello>();
  EXPECT_TRUE(Demonitor(ref));
  EXPECT_EQ(via->lookups(), 2);  // one of them for the Send
}

// MON3, MON4
HYDRA_TEST(MonitorByViaTest, NobodyGivesNoProc) {
  for (const auto& via : {To(Pid()), co_await ToTheDead()}) {
    const Ref ref = Monitor(via);
    const Down down = co_await AssertReceive<Down>();
    EXPECT_EQ(down.ref, ref);
    EXPECT_EQ(down.pid, Pid());
    EXPECT_EQ(down.reason, ExitReason::NoProc());
  }
}

// What an alias is sent to goes to its maker, and so do monitors.
HYDRA_TEST(MonitorTest, AliasStandsForItsMaker) {
  const Pid other = Spawn(
      [](Pid parent) -> Async<> {
        Send(parent, MakeAlias());
        co_await WaitForStop();
      },
      Self());
  const Ref alias = co_await AssertReceive<Ref>();
  const Ref ref = Monitor(Dest(alias));
  Send(other, Stop());
  const Down down = co_await AssertReceive<Down>();
  EXPECT_EQ(down.ref, ref);
  EXPECT_EQ(down.pid, other);
  EXPECT_EQ(down.reason, ExitReason::Normal());
}

// ---- Timers.

// TMR4
HYDRA_TEST_BY_HAND(TimerByViaTest, IsLookedUpWhenItFires) {
  const auto via = To(Pid());
  SendAfter(10 * kMs, via, 1);
  SendAfter(20 * kMs, via, 2);
  StartTimer(30 * kMs, via, std::string("late"));
  const TimerRef cancelled = SendAfter(40 * kMs, via, 3);
  co_await Sleep(15 * kMs);
  via->PointTo(Self());
  co_await Sleep(20 * kMs);
  EXPECT_THAT(CancelTimer(cancelled), testing::Optional(5 * kMs));
  co_await Sleep(absl::Seconds(1));
  EXPECT_THAT(co_await Flush<int>(), ElementsAre(2));
  EXPECT_EQ((co_await AssertReceive<Timeout<std::string>>()).message, "late");
  EXPECT_EQ(via->lookups(), 3);
}

// TMR4: an interval outlives whom it stands for.
HYDRA_TEST_BY_HAND(TimerByViaTest, IntervalReachesASuccessor) {
  const auto via = To(Spawn(WaitForStop));
  const TimerRef timer = SendInterval(10 * kMs, via, 1);
  co_await Sleep(15 * kMs);
  Send(via, Stop());
  co_await Sleep(10 * kMs);
  via->PointTo(Self());
  co_await Sleep(10 * kMs);
  EXPECT_TRUE(CancelTimer(timer).has_value());
  EXPECT_THAT(co_await Flush<int>(), ElementsAre(1));
}

// ---- All else.

HYDRA_TEST(ViaTest, ResolveLooksItUp) {
  EXPECT_EQ(Resolve(To(Self())), Self());
  EXPECT_EQ(Resolve(co_await ToTheDead()), Pid());
}

// NAM7: `main` looks it up as processes do.
TEST(ViaTest, ServesForeignThreads) {
  Runtime runtime({.schedulers = 1});
  const Pid server = runtime.Spawn(Server);
  EXPECT_THAT(runtime.Request(To(server), Double{21}), IsOkAndHolds(42));
  EXPECT_THAT(runtime.Request(To(Pid()), Double{21}), StatusIs(StatusCode::kNotFound));
  EXPECT_FALSE(runtime.Send(To(Pid()), Stop()));
  EXPECT_TRUE(runtime.Send(To(server), Stop()));
  runtime.Run([server]() -> Async<> { co_await Receive<Down>().For(Monitor(server)); });
  EXPECT_FALSE(runtime.IsAlive(server));
}

// ---- Other nodes.

class ViaOnNodesTest : public TwoNodes {
 protected:
  ViaOnNodesTest() {
    network_.SetFilter([](Envelope& envelope) {
      EXPECT_EQ(envelope.to.via(), nullptr) << "a Via has left its node";
      return true;
    });
  }
};

// NAM7: what stands for a process of another node is done there.
TEST_F(ViaOnNodesTest, ReachesProcessesOfOtherNodes) {
  const auto via = To(OnB(Server));
  Run([via]() -> Async<> {
    EXPECT_TRUE(Send(via, Hello{Self(), 1}));
    EXPECT_EQ((co_await AssertReceive<Hello>()).number, 2);
    EXPECT_THAT(co_await Request(via, Double{21}), IsOkAndHolds(42));
    EXPECT_EQ(Resolve(via), via->WhereIs());
    const Ref ref = Monitor(via);
    SendAfter(kMs, via, Stop());
    const Down down = co_await AssertReceive<Down>();
    EXPECT_EQ(down.ref, ref);
    EXPECT_EQ(down.reason, ExitReason::Normal());
  });
}

// NOD12: the wait ends by its own limit, and with the connection.
TEST_F(ViaOnNodesTest, RequestEndsByItsTimeoutAndByALoss) {
  const auto via = To(OnB(WaitForStop));
  Run([this, via]() -> Async<> {
    EXPECT_THAT(co_await Request(via, Double{1}).Within(absl::Seconds(1)),
                StatusIs(StatusCode::kDeadlineExceeded));
    PendingRequest<Double> pending = SendRequest(via, Double{1});
    EXPECT_EQ(co_await pending.Wait(absl::Seconds(1)), std::nullopt);
    network_.Cut(kA, kB);
    EXPECT_THAT(co_await pending.Receive(), StatusIs(StatusCode::kUnavailable));
    {
      const PendingRequest<Double> given_up = SendRequest(via, Double{1});
    }
    EXPECT_THAT(co_await Request(via, Double{1}).Within(kMs),
                StatusIs(StatusCode::kDeadlineExceeded));
  });
}

}  // namespace
}  // namespace hydra::process_testing
