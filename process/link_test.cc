// What links do: to whom they tell the end of a process, and when they don't.
#include "hydra/process/link.h"

#include <functional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "absl/cleanup/cleanup.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "hydra/base/compiler.h"
#include "hydra/base/log_testing.h"
#include "hydra/process/alias.h"
#include "hydra/process/async.h"
#include "hydra/process/down.h"
#include "hydra/process/exit_reason.h"
#include "hydra/process/exit_signal.h"
#include "hydra/process/message.h"
#include "hydra/process/monitor.h"
#include "hydra/process/name.h"
#include "hydra/process/pid.h"
#include "hydra/process/receive.h"
#include "hydra/process/runtime.h"
#include "hydra/process/self.h"
#include "hydra/process/send.h"
#include "hydra/process/spawn.h"
#include "hydra/process/testing/manual_runtime.h"
#include "hydra/process/testing/process_test.h"
#include "hydra/process/timer.h"

namespace hydra {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

struct Never {};
struct Done {};
struct Gone {};

const ExitReason kEnough = ExitReason::Custom("enough");

// A message that tells its receiver what to do.
using Order = std::function<void()>;

Async<> Obey() {
  for (;;) (co_await Receive<Order>())();
}

// Gives an order to an obeying process, and waits until it is carried out.
Async<> Let(Pid pid, Order order) {
  Send(pid, std::move(order));
  Send(pid, Order([to = Self()] { Send(to, Done{}); }));
  co_await AssertReceive<Done>();
}

Async<> WaitForEver() { co_await Receive<Never>(); }

// Waits for the end of a monitored process. Whatever it told the caller has arrived then (SIG5).
Async<ExitReason> EndOf(MonitoredProcess process) {
  const Down down = co_await AssertReceive<Down>(testing::Field(&Down::ref, process.ref));
  co_return down.reason;
}

auto IsExit(Pid from, const ExitReason& reason) {
  return testing::AllOf(testing::Field("from", &ExitSignal::from, from),
                        testing::Field("reason", &ExitSignal::reason, reason));
}

// What sends Gone to the calling process when it is destroyed, to be kept by another.
auto TellWhenGone() {
  return absl::MakeCleanup([to = Self()] { Send(to, Gone{}); });
}

// ---- Links.

// LNK1
HYDRA_TEST(LinkTest, EndOfEitherEndsTheOther) {
  for (const bool linker_ends : {true, false}) {
    const MonitoredProcess linker = SpawnMonitor(Obey);
    const MonitoredProcess other = SpawnMonitor(Obey);
    co_await Let(linker.pid, [other] { Link(other.pid); });
    Exit(linker_ends ? linker.pid : other.pid, kEnough);
    EXPECT_EQ(co_await EndOf(linker), kEnough);
    EXPECT_EQ(co_await EndOf(other), kEnough);
  }
}

// LNK1
HYDRA_TEST(LinkTest, LinksOfTwoProcessesCountOnce) {
  TrapExit(true);
  const MonitoredProcess other = SpawnMonitor(Obey);
  Link(other.pid);
  Link(other.pid);
  co_await Let(other.pid, [to = Self()] { Link(to); });
  Link(other.pid);
  Exit(other.pid, kEnough);
  co_await EndOf(other);
  EXPECT_THAT(co_await Flush<ExitSignal>(), ElementsAre(IsExit(other.pid, kEnough)));
}

// LNK1
HYDRA_TEST(LinkTest, OneUnlinkEndsWhatManyLinksMade) {
  TrapExit(true);
  const MonitoredProcess other = SpawnMonitor(Obey);
  Link(other.pid);
  co_await Let(other.pid, [to = Self()] { Link(to); });
  Link(other.pid);
  Unlink(other.pid);
  Exit(other.pid, kEnough);
  co_await EndOf(other);
  EXPECT_THAT(co_await Flush<ExitSignal>(), IsEmpty());
}

// LNK1
HYDRA_TEST(LinkTest, LinkToItselfDoesNothing) {
  TrapExit(true);
  Link(Self());
  co_await Yield();
  Unlink(Self());
  co_await Yield();
  EXPECT_THAT(co_await Flush<ExitSignal>(), IsEmpty());
}

// LNK1: a chain of links tells all of it, and nobody else.
HYDRA_TEST(LinkTest, EndGoesFromLinkToLink) {
  std::vector<MonitoredProcess> chain;
  for (int i = 0; i < 10; ++i) {
    chain.push_back(SpawnMonitor(Obey));
    if (i > 0) co_await Let(chain[i].pid, [before = chain[i - 1].pid] { Link(before); });
  }
  const Pid stranger = Spawn(Obey);
  Exit(chain[4].pid, kEnough);
  for (const MonitoredProcess& process : chain) EXPECT_EQ(co_await EndOf(process), kEnough);
  co_await Let(stranger, [] {});
}

// LNK2: for both, whoever has linked, whoever unlinks, and whoever ends.
HYDRA_TEST(LinkTest, UnlinkEndsItForBoth) {
  for (int i = 0; i < 8; ++i) {
    const MonitoredProcess a = SpawnMonitor(Obey);
    const MonitoredProcess b = SpawnMonitor(Obey);
    const auto [linker, linked] = i & 1 ? std::pair(a, b) : std::pair(b, a);
    const auto [unlinker, unlinked] = i & 2 ? std::pair(a, b) : std::pair(b, a);
    const auto [ends, stays] = i & 4 ? std::pair(a, b) : std::pair(b, a);
    co_await Let(linker.pid, [pid = linked.pid] { Link(pid); });
    co_await Let(unlinker.pid, [pid = unlinked.pid] { Unlink(pid); });
    Exit(ends.pid, kEnough);
    co_await EndOf(ends);
    co_await Let(stays.pid, [] {});
    Exit(stays.pid, ExitReason::Shutdown());
    EXPECT_EQ(co_await EndOf(stays), ExitReason::Shutdown());
  }
}

// LNK2
HYDRA_TEST(LinkTest, UnlinkedProcessesCanLinkAgain) {
  for (const bool same_links : {true, false}) {
    const MonitoredProcess a = SpawnMonitor(Obey);
    const MonitoredProcess b = SpawnMonitor(Obey);
    co_await Let(a.pid, [b] {
      for (int i = 0; i < 3; ++i) {
        Link(b.pid);
        Unlink(b.pid);
      }
    });
    if (same_links) co_await Let(a.pid, [b] { Link(b.pid); });
    if (!same_links) {
      co_await Let(b.pid, [] {});  // it has taken in the end of the link
      co_await Let(a.pid, [] {});  // and this one its acknowledgement
      co_await Let(b.pid, [a] { Link(a.pid); });
    }
    Exit(a.pid, kEnough);
    EXPECT_EQ(co_await EndOf(b), kEnough);
  }
}

// LNK3: here the signal has been sent, but not been taken in, when the link is removed.
HYDRA_TEST(LinkTest, SignalUnderWayIsDroppedAfterUnlink) {
  TrapExit(true);
  const MonitoredProcess dead = SpawnMonitor([]() -> Async<> { co_return; });
  co_await EndOf(dead);
  Link(dead.pid);
  Unlink(dead.pid);
  co_await Yield();
  EXPECT_THAT(co_await Flush<ExitSignal>(), IsEmpty());
}

// LNK3
HYDRA_TEST(LinkTest, MessageThatHasComeStaysAfterUnlink) {
  TrapExit(true);
  const MonitoredProcess partner = SpawnMonitor(Obey);
  Link(partner.pid);
  Exit(partner.pid, kEnough);
  co_await EndOf(partner);
  Unlink(partner.pid);
  co_await Yield();
  EXPECT_THAT(co_await Flush<ExitSignal>(), ElementsAre(IsExit(partner.pid, kEnough)));
}

// LNK7
HYDRA_TEST(LinkTest, ExitOfAnUnlinkedProcessIsDelivered) {
  TrapExit(true);
  const MonitoredProcess partner = SpawnMonitor(Obey);
  Link(partner.pid);
  Unlink(partner.pid);
  co_await Let(partner.pid, [to = Self()] { Exit(to, kEnough); });
  EXPECT_THAT(co_await Flush<ExitSignal>(), ElementsAre(IsExit(partner.pid, kEnough)));
}

// semantics.md 2.1: Link never fails.
HYDRA_TEST(LinkTest, LinkToNobodyIsAnExitSignal) {
  TrapExit(true);
  Link(Pid());
  const ExitSignal exit = co_await AssertReceive<ExitSignal>();
  EXPECT_THAT(exit, IsExit(Pid(), ExitReason::NoProc()));
}

// LNK9, SIG9: first the frames are destroyed, then the name is released, then links are told, and
// then monitors.
HYDRA_TEST(LinkTest, EndIsToldInThisOrder) {
  TrapExit(true);
  const MonitoredProcess partner = SpawnMonitor([gone = TellWhenGone()]() -> Async<> {
    EXPECT_TRUE(Register(Self(), "partner").ok());
    co_await Obey();
  });
  Link(partner.pid);
  co_await Let(partner.pid, [] {});
  EXPECT_EQ(WhereIs("partner"), partner.pid);
  Exit(partner.pid, kEnough);
  EXPECT_TRUE((co_await ReceiveAny()).Is<Gone>());
  EXPECT_TRUE((co_await ReceiveAny()).Is<ExitSignal>());
  EXPECT_TRUE(Register(Self(), "partner").ok());
  EXPECT_TRUE((co_await ReceiveAny()).Is<Down>());
}

// ---- Order.

// SIG2, SIG3, SIG5: one order for signals of all kinds, however the receiver is addressed.
HYDRA_TEST(SignalOrderTest, AllKindsArriveAsTheyWereSent) {
  TrapExit(true);
  EXPECT_TRUE(Register(Self(), "receiver").ok());
  const Pid sender = Spawn([to = Self(), alias = MakeAlias()]() -> Async<> {
    co_await Receive<Done>();
    absl::Cleanup last = [to] { Send(to, 7); };
    Send(to, 1);
    Send("receiver", 2);
    Send(alias, 3);
    Exit(to, ExitReason::Custom("4"));
    Send("receiver", 5);
    Send(to, 6);
    ExitSelf(ExitReason::Custom("8"));
  });
  Link(sender);
  Monitor(sender, {.tag = 9});
  Send(sender, Done{});
  for (int i = 1; i <= 9; ++i) {
    const int number = co_await Receive(
        [](int sent) { return sent; },
        [](const ExitSignal& exit) { return std::stoi(std::string(exit.reason.text())); },
        [](const Down& down) { return static_cast<int>(down.tag); });
    EXPECT_EQ(number, i);
  }
}

// SIG2: also while it takes one waiting message after the other.
HYDRA_TEST(SignalOrderTest, MessageBehindAnExitSignalIsNeverSeen) {
  for (int waiting : {0, 1, 20, 300}) {
    const MonitoredProcess receiver = SpawnMonitor([to = Self()]() -> Async<> {
      for (;;) Send(to, co_await Receive<std::string>());
    });
    const MonitoredProcess sender = SpawnMonitor([receiver, waiting]() -> Async<> {
      for (int i = 0; i < waiting; ++i) Send(receiver.pid, std::string("before"));
      Exit(receiver.pid, kEnough);
      Send(receiver.pid, std::string("behind"));
      co_return;
    });
    EXPECT_EQ(co_await EndOf(receiver), kEnough);
    for (const std::string& seen : co_await Flush<std::string>()) EXPECT_EQ(seen, "before");
    co_await EndOf(sender);
  }
}

// SIG7: whatever the receiver does.
HYDRA_TEST(SignalOrderTest, EndOfAPartnerEndsAProcessThatReceivesNothing) {
  const std::vector<ProcessBody> bodies = {
      []() -> Async<> { co_await Sleep(absl::InfiniteDuration()); },
      []() -> Async<> { co_await Receive<Never>().Within(absl::Hours(1)); },
      []() -> Async<> { co_await Receive<int>().Where([](int) { return false; }); },
      []() -> Async<> {
        for (;;) co_await Yield();
      },
      []() -> Async<> {
        for (;;) {
          Send(Self(), 1);
          co_await Receive<int>();
        }
      }};
  for (const ProcessBody& body : bodies) {
    const Pid partner = Spawn(Obey);
    const MonitoredProcess process = SpawnMonitor([to = Self(), partner, body]() -> Async<> {
      Link(partner);
      Send(to, Done{});
      co_await body();
    });
    co_await AssertReceive<Done>();
    Exit(partner, kEnough);
    EXPECT_EQ(co_await EndOf(process), kEnough);
  }
}

// SIG11
HYDRA_TEST(SignalOrderTest, FirstOfSeveralReasonsWins) {
  const MonitoredProcess process = SpawnMonitor(WaitForEver);
  const MonitoredProcess partner = SpawnMonitor([process]() -> Async<> {
    Link(process.pid);
    Exit(process.pid, ExitReason::Custom("first"));
    ExitSelf(ExitReason::Custom("second"));
    co_return;
  });
  EXPECT_EQ(co_await EndOf(process), ExitReason::Custom("first"));
  co_await EndOf(partner);
}

// SIG11
TEST(SignalOrderOfItselfTest, FirstOfSeveralReasonsWins) {
  const auto body = []() -> Async<> {
    Link(Pid());
    Exit(Self(), ExitReason::Kill());
    co_await Yield();
  };
  TestByHand(body, ExitReason::NoProc());
  TestOnThreads(body, ExitReason::NoProc());
}

// ---- TrapExit.

// PRC2
HYDRA_TEST(TrapExitTest, ReturnsWhatWasSet) {
  EXPECT_FALSE(TrapExit(false));
  EXPECT_FALSE(TrapExit(true));
  EXPECT_TRUE(TrapExit(true));
  EXPECT_TRUE(TrapExit(false));
  EXPECT_FALSE(TrapExit(false));
  co_return;
}

// PRC2
TEST(TrapExitEndTest, MessagesStayAndLaterSignalsAct) {
  const auto body = []() -> Async<> {
    TrapExit(true);
    Exit(Self(), ExitReason::Custom("first"));
    co_await Yield();
    TrapExit(false);
    EXPECT_THAT(co_await AssertReceive<ExitSignal>(), IsExit(Self(), ExitReason::Custom("first")));
    Exit(Self(), ExitReason::Custom("second"));
    co_await Yield();
    ADD_FAILURE() << "it went on";
  };
  TestByHand(body, ExitReason::Custom("second"));
  TestOnThreads(body, ExitReason::Custom("second"));
}

// PRC2: what is set when the signal is taken in counts, not when it is sent.
HYDRA_TEST(TrapExitTest, CountsWhenTheSignalIsTakenIn) {
  Exit(Self(), kEnough);
  TrapExit(true);
  EXPECT_THAT(co_await AssertReceive<ExitSignal>(), IsExit(Self(), kEnough));
}

// PRC2: a child doesn't inherit it, nor the next process in the slot of one that traps.
HYDRA_TEST(TrapExitTest, IsNotInherited) {
  TrapExit(true);
  for (int i = 0; i < 10; ++i) {
    const MonitoredProcess child = SpawnMonitor([]() -> Async<> {
      EXPECT_FALSE(TrapExit(true));
      co_return;
    });
    co_await EndOf(child);
  }
}

// ---- Exceptions.

// semantics.md 2.1
HYDRA_TEST(LinkTest, ExceptionReachesLinks) {
  const ScopedLogCapture log;
  TrapExit(true);
  const ExitReason error = ExitReason::Error("std::runtime_error", "out of bananas");
  const Pid partner = SpawnLink([]() -> Async<> {
    co_await Yield();
    throw std::runtime_error("out of bananas");
  });
  EXPECT_THAT(co_await AssertReceive<ExitSignal>(), IsExit(partner, error));
  const MonitoredProcess parent = SpawnMonitor([]() -> Async<> {
    SpawnLink([]() -> Async<> {
      throw std::runtime_error("out of bananas");
      co_return;
    });
    co_await WaitForEver();
  });
  EXPECT_EQ(co_await EndOf(parent), error);
}

// ---- SpawnLink.

// LNK5
HYDRA_TEST(SpawnLinkTest, ChildThatEndsAtOnceIsHeard) {
  TrapExit(true);
  for (int i = 0; i < 10; ++i) {
    const Pid child = SpawnLink([]() -> Async<> { co_return; });
    for (int turns = 0; turns < i % 3; ++turns) co_await Yield();
    EXPECT_THAT(co_await AssertReceive<ExitSignal>(), IsExit(child, ExitReason::Normal()));
  }
}

// LNK5
HYDRA_TEST(SpawnLinkTest, ChildHearsOfAParentThatEndsAtOnce) {
  for (int i = 0; i < 10; ++i) {
    Spawn([gone = TellWhenGone()]() mutable -> Async<> {
      SpawnLink([mine = std::move(gone)]() -> Async<> { co_await WaitForEver(); });
      ExitSelf(kEnough);
      co_return;
    });
    co_await AssertReceive<Gone>();
  }
}

// LNK5: a child that is killed before its first turn is linked already.
HYDRA_TEST(SpawnLinkTest, ChildThatNeverRanIsHeard) {
  TrapExit(true);
  const Pid child = SpawnLink(WaitForEver);
  Exit(child, ExitReason::Kill());
  EXPECT_THAT(co_await AssertReceive<ExitSignal>(), IsExit(child, ExitReason::Killed()));
}

// LNK5: the link is an ordinary one.
HYDRA_TEST(SpawnLinkTest, LinkCanBeRemoved) {
  const MonitoredProcess parent = SpawnMonitor(Obey);
  co_await Let(parent.pid, [to = Self()] { Send(to, SpawnLink(Obey)); });
  const Pid child = co_await AssertReceive<Pid>();
  co_await Let(child, [parent] { Unlink(parent.pid); });
  Exit(parent.pid, kEnough);
  co_await EndOf(parent);
  co_await Let(child, [] {});
}

// LNK5
TEST(SpawnLinkFullTest, SpawningNothingIsAnExitSignal) {
  const ScopedLogCapture log;
  ManualRuntime runtime({.max_processes = 1024});
  const ExitReason reason = runtime.Run([]() -> Async<> {
    while (Spawn(WaitForEver)) continue;
    const Pid nobody = SpawnLink(WaitForEver);
    EXPECT_FALSE(nobody);
    co_await Yield();
    ADD_FAILURE() << "it went on";
  });
  EXPECT_EQ(reason, ExitReason::NoProc());
  EXPECT_TRUE(log.Contains("process slots are in use"));
}

// LNK6: by hand some of them are alive, and some are dead.
HYDRA_TEST(LinkTest, LinkToAnEndingProcessIsHeard) {
  TrapExit(true);
  for (int turns = 0; turns < 10; ++turns) {
    const MonitoredProcess partner = SpawnMonitor([]() -> Async<> {
      ExitSelf(kEnough);
      co_return;
    });
    for (int i = 0; i < turns; ++i) co_await Yield();
    Link(partner.pid);
    const ExitSignal exit = co_await AssertReceive<ExitSignal>();
    EXPECT_THAT(exit, testing::AnyOf(IsExit(partner.pid, kEnough),
                                     IsExit(partner.pid, ExitReason::NoProc())));
    co_await EndOf(partner);
    EXPECT_THAT(co_await Flush<ExitSignal>(), IsEmpty());
  }
}

// LNK6: here the link arrives behind the signal that ends the partner.
HYDRA_TEST(LinkTest, LinkBehindAnExitSignalIsHeard) {
  TrapExit(true);
  const MonitoredProcess partner = SpawnMonitor(Obey);
  Exit(partner.pid, kEnough);
  Link(partner.pid);
  EXPECT_EQ((co_await AssertReceive<ExitSignal>()).from, partner.pid);
  co_await EndOf(partner);
  EXPECT_THAT(co_await Flush<ExitSignal>(), IsEmpty());
}

// LNK2: and here the end of the link does.
HYDRA_TEST(LinkTest, UnlinkBehindAnExitSignalCounts) {
  const MonitoredProcess partner = SpawnMonitor(Obey);
  Link(partner.pid);
  Exit(partner.pid, kEnough);
  Unlink(partner.pid);
  EXPECT_EQ(co_await EndOf(partner), kEnough);
}

// ---- A process that is ending.

// PRC9
HYDRA_TEST(DyingTest, ItsDestructorsSendButLinkAndSpawnNothing) {
  const Pid partner = Spawn(Obey);
  const MonitoredProcess dying = SpawnMonitor([to = Self(), partner]() -> Async<> {
    absl::Cleanup late = [to, partner] {
      Link(partner);
      Link(Pid());
      const Pid child = SpawnLink([to]() -> Async<> {
        Send(to, std::string("it ran"));
        co_return;
      });
      Send(to, child);
    };
    Exit(Self(), kEnough);
    co_await Yield();
  });
  EXPECT_EQ(co_await EndOf(dying), kEnough);
  EXPECT_FALSE(co_await AssertReceive<Pid>());
  co_await Let(partner, [] {});
  co_await Yield();
  EXPECT_THAT(co_await Flush<std::string>(), IsEmpty());
}

// PRC9, LNK2
HYDRA_TEST(DyingTest, ItsDestructorsMayUnlink) {
  const Pid partner = Spawn(Obey);
  const MonitoredProcess dying = SpawnMonitor([partner]() -> Async<> {
    Link(partner);
    absl::Cleanup late = [partner] { Unlink(partner); };
    Exit(Self(), kEnough);
    co_await Yield();
  });
  EXPECT_EQ(co_await EndOf(dying), kEnough);
  co_await Let(partner, [] {});
}

// ---- Many.

#if defined(HYDRA_ASAN) || defined(HYDRA_TSAN)
constexpr int kMany = 10'000;
#else
constexpr int kMany = 100'000;
#endif

// Spawns processes that are linked in a ring, kills one, and waits until all are gone.
Async<> EndARing() {
  std::vector<Pid> ring;
  for (int i = 0; i < kMany; ++i) {
    ring.push_back(Spawn([gone = TellWhenGone()]() -> Async<> { co_await Obey(); }));
  }
  for (int i = 0; i < kMany; ++i) {
    Send(ring[i], Order([next = ring[(i + 1) % kMany]] { Link(next); }));
  }
  for (int i = 0; i < kMany; ++i) co_await Let(ring[i], [] {});
  Exit(ring[kMany / 2], ExitReason::Kill());
  for (int i = 0; i < kMany; ++i) co_await AssertReceive<Gone>();
}

// LNK1: they end one after the other, not inside each other.
TEST(LinkScaleTest, RingEndsByHand) {
  ManualRuntime runtime;
  EXPECT_EQ(runtime.Run(EndARing), ExitReason::Normal());
}

// LNK1
TEST(LinkScaleTest, RingEndsOnThreads) {
  Runtime runtime({.schedulers = 2});
  EXPECT_EQ(runtime.Run(EndARing), ExitReason::Normal());
}

// LNK1: a process with many links.
TEST(LinkScaleTest, StarEnds) {
  Runtime runtime({.schedulers = 2});
  const ExitReason reason = runtime.Run([]() -> Async<> {
    Spawn([to = Self()]() -> Async<> {
      for (int i = 0; i < kMany; ++i) {
        SpawnLink([gone = absl::MakeCleanup([to] { Send(to, Gone{}); })]() -> Async<> {
          co_await WaitForEver();
        });
      }
      ExitSelf(kEnough);
      co_return;
    });
    for (int i = 0; i < kMany; ++i) co_await AssertReceive<Gone>();
  });
  EXPECT_EQ(reason, ExitReason::Normal());
}

}  // namespace
}  // namespace hydra
