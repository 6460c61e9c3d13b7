// Monitors: who hears of whose end, when, how often, and what is left behind.
#include "hydra/process/monitor.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "absl/cleanup/cleanup.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "hydra/base/log_testing.h"
#include "hydra/base/status_testing.h"
#include "hydra/process/alias.h"
#include "hydra/process/async.h"
#include "hydra/process/dest.h"
#include "hydra/process/down.h"
#include "hydra/process/exit_reason.h"
#include "hydra/process/info.h"
#include "hydra/process/link.h"
#include "hydra/process/message.h"
#include "hydra/process/name.h"
#include "hydra/process/pid.h"
#include "hydra/process/receive.h"
#include "hydra/process/self.h"
#include "hydra/process/send.h"
#include "hydra/process/spawn.h"
#include "hydra/process/testing/manual_runtime.h"
#include "hydra/process/testing/process_test.h"
#include "hydra/process/testing/rounds.h"
#include "hydra/process/timer.h"

namespace hydra {
namespace {

using testing::AnyOf;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

struct Never {};
struct Ready {};

Async<> WaitForEver() { co_await Receive<Never>(); }

Async<> ReturnAtOnce() { co_return; }

// Ends `pid`, and waits until it has ended.
Async<> Kill(Pid pid) {
  Exit(pid, ExitReason::Kill());
  co_await Receive<Down>().For(Monitor(pid));
}

// A process that has ended.
Async<Pid> MakeDead() {
  const MonitoredProcess dead = SpawnMonitor(ReturnAtOnce);
  co_await Receive<Down>().For(dead.ref);
  co_return dead.pid;
}

// ---- What a Down is.

// MON1
HYDRA_TEST(MonitorTest, EachMonitorHasARefAndADownOfItsOwn) {
  const Pid target = Spawn(WaitForEver);
  const Ref first = Monitor(target);
  const Ref second = Monitor(target);
  const Ref third = Monitor(target);
  EXPECT_EQ((std::set<Ref>{first, second, third}).size(), 3U);
  Exit(target, ExitReason::Kill());
  std::vector<Ref> refs;
  for (int i = 0; i < 3; ++i) refs.push_back((co_await AssertReceive<Down>()).ref);
  EXPECT_THAT(refs, UnorderedElementsAre(first, second, third));
  co_await RefuteReceive<Down>();
}

// MON1
HYDRA_TEST(MonitorTest, EndOfTheMonitoringProcessDoesNotConcernTheTarget) {
  const Pid target = Spawn(WaitForEver);
  const MonitoredProcess watcher = SpawnMonitor([target]() -> Async<> {
    Monitor(target);
    ExitSelf(ExitReason::Custom("crash"));
    co_return;
  });
  co_await Receive<Down>().For(watcher.ref);
  EXPECT_TRUE(co_await IsAlive(target));
}

// MON2
HYDRA_TEST(MonitorTest, DownTellsTheRefThePidAndTheReason) {
  const Pid target = Spawn(WaitForEver);
  const Ref ref = Monitor(target);
  Exit(target, ExitReason::Custom("why"));
  const Down down = co_await Receive<Down>();
  EXPECT_EQ(down.ref, ref);
  EXPECT_EQ(down.pid, target);
  EXPECT_EQ(down.name, ProcessName());
  EXPECT_EQ(down.reason, ExitReason::Custom("why"));
}

// MON12
HYDRA_TEST(MonitorTest, DownTellsWhyTheProcessEnded) {
  const ScopedLogCapture log;
  const auto reason_of = [](MonitoredProcess process) -> Async<ExitReason> {
    co_return (co_await Receive<Down>().For(process.ref)).reason;
  };
  EXPECT_EQ(co_await reason_of(SpawnMonitor(ReturnAtOnce)), ExitReason::Normal());
  EXPECT_EQ(co_await reason_of(SpawnMonitor([]() -> Async<> {
              co_await Yield();
              throw std::runtime_error("text");
            })),
            ExitReason::Error("std::runtime_error", "text"));
  EXPECT_EQ(co_await reason_of(SpawnMonitor([]() -> Async<> {
              ExitSelf(ExitReason::Shutdown("detail"));
              co_return;
            })),
            ExitReason::Shutdown("detail"));
  const MonitoredProcess killed = SpawnMonitor(WaitForEver);
  Exit(killed.pid, ExitReason::Kill());
  EXPECT_EQ(co_await reason_of(killed), ExitReason::Killed());
}

// MON11
HYDRA_TEST(MonitorTest, DownHasTheTagOfItsMonitor) {
  const Pid target = Spawn(WaitForEver);
  EXPECT_OK(Register(target, "target"));
  const Ref seven = Monitor(target, {.tag = 7});
  const Ref none = Monitor(target);
  const Ref negative = Monitor("target", {.tag = -8});
  Exit(target, ExitReason::Kill());
  EXPECT_EQ((co_await Receive<Down>().For(negative)).tag, -8);
  EXPECT_EQ((co_await Receive<Down>().For(none)).tag, 0);
  EXPECT_EQ((co_await Receive<Down>().For(seven)).tag, 7);
  const Ref of_the_dead = Monitor(target, {.tag = 9});
  EXPECT_EQ((co_await Receive<Down>().For(of_the_dead)).tag, 9);
}

// ---- Of whom.

// MON3
HYDRA_TEST(MonitorTest, DeadTargetGivesNoProcAtOnceAndOnce) {
  const Pid dead = co_await MakeDead();
  for (const Pid& pid : {dead, Pid()}) {
    const Ref ref = Monitor(pid);
    const std::optional<Down> down = co_await Receive<Down>().For(ref).Within(absl::ZeroDuration());
    CO_ASSERT_TRUE(down.has_value());
    EXPECT_EQ(down->pid, pid);
    EXPECT_EQ(down->reason, ExitReason::NoProc());
    EXPECT_FALSE(Demonitor(ref));
  }
  co_await RefuteReceive<Down>();
}

// MON2, MON4
HYDRA_TEST(MonitorTest, DownOfANameTellsTheNameAndThePid) {
  const Pid target = Spawn(WaitForEver);
  EXPECT_OK(Register(target, "target"));
  const Ref ref = Monitor("target");
  Exit(target, ExitReason::Kill());
  const Down down = co_await Receive<Down>().For(ref);
  EXPECT_EQ(down.name, ProcessName("target"));
  EXPECT_EQ(down.pid, target);
  EXPECT_EQ(down.reason, ExitReason::Killed());
}

// MON4: the end of the next who has the name isn't told, that of the first is.
HYDRA_TEST(MonitorTest, NameIsResolvedOnce) {
  const Pid first = Spawn(WaitForEver);
  const Pid next = Spawn(WaitForEver);
  EXPECT_OK(Register(first, "name"));
  const Ref ref = Monitor("name");
  EXPECT_OK(Unregister("name"));
  EXPECT_OK(Register(next, "name"));
  co_await Kill(next);
  EXPECT_THAT(co_await Flush<Down>(), IsEmpty());
  Exit(first, ExitReason::Kill());
  const Down down = co_await AssertReceive<Down>();
  EXPECT_EQ(down.ref, ref);
  EXPECT_EQ(down.pid, first);
  EXPECT_EQ(down.name, ProcessName("name"));
}

// MON4
HYDRA_TEST(MonitorTest, NameThatNobodyHasGivesNoProc) {
  const Ref ref = Monitor("nobody");
  EXPECT_OK(Register(Self(), "nobody"));  // too late
  const Down down = co_await AssertReceive<Down>();
  EXPECT_EQ(down.ref, ref);
  EXPECT_EQ(down.name, ProcessName("nobody"));
  EXPECT_FALSE(down.pid);
  EXPECT_EQ(down.reason, ExitReason::NoProc());
}

// MON2, MON4
HYDRA_TEST(MonitorTest, NameOnAnotherNodeIsNobodysHere) {
  EXPECT_OK(Register(Spawn(WaitForEver), "name"));
  const ProcessName elsewhere("name", "other@127.0.0.1:1");
  const Ref ref = Monitor(elsewhere);
  const Down down = co_await AssertReceive<Down>();
  EXPECT_EQ(down.ref, ref);
  EXPECT_EQ(down.name, elsewhere);
  EXPECT_FALSE(down.pid);
}

// MON5
HYDRA_TEST(MonitorTest, MonitorOfOneselfNeverFires) {
  EXPECT_OK(Register(Self(), "me"));
  const Ref by_pid = Monitor(Self());
  const Ref by_name = Monitor("me");
  EXPECT_NE(by_pid, by_name);
  Send(Self(), Ready{});
  co_await Receive<Ready>();
  EXPECT_THAT(co_await Flush<Down>(), IsEmpty());
  Demonitor(by_pid);
  Demonitor(by_name);
}

// MON5
HYDRA_TEST(MonitorTest, ProcessThatMonitorsItselfEndsAsOthers) {
  const MonitoredProcess process = SpawnMonitor([]() -> Async<> {
    Monitor(Self());
    co_return;
  });
  EXPECT_EQ((co_await Receive<Down>().For(process.ref)).reason, ExitReason::Normal());
}

// ---- Demonitor.

// MON6: the Down of the second monitor comes after that of the first would have come.
HYDRA_TEST(DemonitorTest, NoDownComesAfterwards) {
  const Pid target = Spawn(WaitForEver);
  const Ref ended = Monitor(target);
  const Ref kept = Monitor(target);
  EXPECT_TRUE(Demonitor(ended));
  Exit(target, ExitReason::Kill());
  EXPECT_EQ((co_await AssertReceive<Down>()).ref, kept);
  co_await RefuteReceive<Down>();
}

// MON6, W18: of a name, too, however soon.
HYDRA_TEST(DemonitorTest, EndsTheMonitorOfAName) {
  const Pid process = Spawn(WaitForEver);
  EXPECT_OK(Register(process, "name"));
  const Ref ref = Monitor("name", {.alias = MonitorAlias::kUntilDemonitor});
  EXPECT_TRUE(Demonitor(ref));
  EXPECT_THAT((co_await Info(process)).value().monitored_by, IsEmpty());
  EXPECT_FALSE(Unalias(ref));
  co_await Kill(process);
  EXPECT_THAT(co_await Flush<Down>(), IsEmpty());
}

// MON6: also if the Down is on its way already.
HYDRA_TEST(DemonitorTest, DownThatHasNotArrivedNeverDoes) {
  const Pid dead = co_await MakeDead();
  EXPECT_TRUE(Demonitor(Monitor(dead), {.flush = false}));
  Send(Self(), Ready{});
  co_await Receive<Ready>();
  EXPECT_THAT(co_await Flush<Down>(), IsEmpty());
}

// Returns the ref of a monitor whose Down lies in the mailbox, where a receive has passed over it or
// not looked at it yet.
Async<Ref> MakeFired(bool passed_over) {
  const Pid dead = co_await MakeDead();
  if (!passed_over) Send(Self(), Ready{});
  const Ref ref = Monitor(dead);
  if (passed_over) Send(Self(), Ready{});
  co_await Receive<Ready>();
  co_return ref;
}

// MON6
HYDRA_TEST(DemonitorTest, FlushRemovesADownThatHasCome) {
  for (const bool passed_over : {false, true}) {
    const Ref ref = co_await MakeFired(passed_over);
    EXPECT_FALSE(Demonitor(ref));
    EXPECT_THAT(co_await Flush<Down>(), IsEmpty());
  }
}

// MON6
HYDRA_TEST(DemonitorTest, WithoutFlushADownThatHasComeStays) {
  for (const bool passed_over : {false, true}) {
    const Ref ref = co_await MakeFired(passed_over);
    EXPECT_FALSE(Demonitor(ref, {.flush = false}));
    const std::vector<Down> downs = co_await Flush<Down>();
    CO_ASSERT_THAT(downs, testing::SizeIs(1));
    EXPECT_EQ(downs[0].ref, ref);
  }
}

// MON6: neither an older Down goes nor a newer one.
HYDRA_TEST(DemonitorTest, FlushLeavesAllOtherMessages) {
  const Pid target = Spawn(WaitForEver);
  const Ref flushed = Monitor(target);
  const Ref before = co_await MakeFired(true);
  Send(Self(), 1);
  Exit(target, ExitReason::Kill());
  while (!(co_await Info(Self()))->monitors.empty()) co_await Yield();  // until its Down has come
  const Ref after = co_await MakeFired(true);
  EXPECT_FALSE(Demonitor(flushed));
  EXPECT_EQ((co_await AssertReceive<Down>()).ref, before);
  EXPECT_EQ((co_await AssertReceive<Down>()).ref, after);
  EXPECT_THAT(co_await Flush<Down>(), IsEmpty());
  EXPECT_THAT(co_await Flush<int>(), ElementsAre(1));
}

// MON5
HYDRA_TEST(DemonitorTest, IsHarmlessForWhatIsNoMonitor) {
  const Pid target = Spawn(WaitForEver);
  const Ref twice = Monitor(target);
  EXPECT_TRUE(Demonitor(twice));
  EXPECT_FALSE(Demonitor(twice));
  EXPECT_FALSE(Demonitor(MakeRef()));
  EXPECT_FALSE(Demonitor(Ref()));
  co_return;
}

// MON5: not even if the caller has a monitor of the same number.
HYDRA_TEST(DemonitorTest, OnlyTheMonitoringProcessEndsAMonitor) {
  const Pid target = Spawn(WaitForEver);
  const Ref mine = Monitor(target);
  Spawn([target, to = Self()]() -> Async<> {
    const Ref theirs = Monitor(target);
    Send(to, theirs);
    co_await Receive<Down>().For(theirs);
    Send(to, Ready{});
  });
  EXPECT_FALSE(Demonitor(co_await Receive<Ref>()));
  EXPECT_FALSE(Demonitor(Ref(target, mine.id())));
  Exit(target, ExitReason::Kill());
  co_await AssertReceive<Ready>();
  EXPECT_EQ((co_await AssertReceive<Down>()).ref, mine);
}

// ---- What the target keeps.

// MON7
HYDRA_TEST(MonitorRecordTest, IsDroppedByDemonitor) {
  const Pid target = Spawn(WaitForEver);
  const Ref ref = Monitor(target);
  const Ref other = Monitor(target);
  EXPECT_THAT((co_await Info(target))->monitored_by, ElementsAre(Self(), Self()));
  Demonitor(ref);
  EXPECT_THAT((co_await Info(target))->monitored_by, ElementsAre(Self()));
  Demonitor(other);
  EXPECT_THAT((co_await Info(target))->monitored_by, IsEmpty());
}

// MON7: however the short-lived processes end; those who live on hear of the end.
HYDRA_TEST(MonitorRecordTest, IsDroppedWhenTheMonitoringProcessEnds) {
  const Pid target = Spawn(WaitForEver);
  const Ref ref = Monitor(target);
  for (int i = 0; i < 100; ++i) {
    const MonitoredProcess watcher = SpawnMonitor([target, i]() -> Async<> {
      for (int j = 0; j < 20; ++j) Monitor(target);
      if (i % 2 == 0) Exit(Self(), ExitReason::Kill());
      co_await Yield();
    });
    co_await Receive<Down>().For(watcher.ref);
  }
  while ((co_await Info(target)).value().monitored_by.size() > 1) co_await Yield();
  Exit(target, ExitReason::Kill());
  EXPECT_EQ((co_await AssertReceive<Down>()).ref, ref);
}

// The other side: a monitor that has fired is none of the monitoring process's any more.
HYDRA_TEST(MonitorRecordTest, IsDroppedByTheDown) {
  const Pid target = Spawn(WaitForEver);
  const Ref ref = Monitor(target);
  EXPECT_THAT((co_await Info(Self()))->monitors, ElementsAre(target));
  Exit(target, ExitReason::Kill());
  co_await Receive<Down>().For(ref);
  EXPECT_THAT((co_await Info(Self()))->monitors, IsEmpty());
}

// ---- When a Down comes.

// SIG5: behind all that the process has sent, its last words among them.
HYDRA_TEST(DownOrderTest, DownComesAfterAllMessages) {
  for (int turns = 0; turns < 10; ++turns) {
    const MonitoredProcess process = SpawnMonitor([to = Self(), turns]() -> Async<> {
      absl::Cleanup last = [to] { Send(to, 3); };
      Send(to, 1);
      for (int i = 0; i < turns; ++i) co_await Yield();
      Send(to, 2);
      if (turns % 2 == 0) co_await Receive<Never>();
    });
    const auto expect_int = [](int expected) -> Async<> {
      const Message message = co_await ReceiveAny();
      const int* number = message.Get<int>();
      CO_ASSERT_TRUE(number != nullptr) << message.type_name();
      EXPECT_EQ(*number, expected);
    };
    co_await expect_int(1);
    co_await expect_int(2);
    if (turns % 2 == 0) Exit(process.pid, ExitReason::Kill());
    co_await expect_int(3);
    EXPECT_TRUE((co_await ReceiveAny()).Is<Down>());
  }
}

// SIG9
HYDRA_TEST(DownOrderTest, NameIsFreeAtTheDown) {
  for (int i = 0; i < 10; ++i) {
    const Pid target = Spawn(WaitForEver);
    EXPECT_OK(Register(target, "name"));
    const Ref ref = Monitor("name");
    Exit(target, ExitReason::Kill());
    co_await Receive<Down>().For(ref);
    EXPECT_FALSE(WhereIs("name"));
    EXPECT_OK(Register(Self(), "name"));
    EXPECT_OK(Unregister("name"));
  }
}

// ---- SpawnMonitor.

// LNK5: however soon it ends, the reason is its own, and there is one Down.
HYDRA_TEST(SpawnMonitorTest, SetsTheMonitorBeforeTheProcessCanRun) {
  for (int i = 0; i < 200; ++i) {
    const MonitoredProcess child = SpawnMonitor([]() -> Async<> {
      ExitSelf(ExitReason::Custom("at once"));
      co_return;
    });
    if (i % 2 == 0) co_await Yield();
    const Down down = co_await AssertReceive<Down>();
    EXPECT_EQ(down.ref, child.ref);
    EXPECT_EQ(down.pid, child.pid);
    EXPECT_EQ(down.reason, ExitReason::Custom("at once"));
  }
}

// LNK5
HYDRA_TEST(SpawnMonitorTest, ChildKnowsItsMonitorBeforeItsBodyBegins) {
  const MonitoredProcess child = SpawnMonitor(
      [to = Self()]() -> Async<> { Send(to, (co_await Info(Self())).value().monitored_by); });
  EXPECT_THAT(co_await Receive<std::vector<Pid>>(), ElementsAre(Self()));
  co_await Receive<Down>().For(child.ref);
}

// MON6
HYDRA_TEST(SpawnMonitorTest, RefIsThatOfAMonitor) {
  const MonitoredProcess child = SpawnMonitor(WaitForEver);
  EXPECT_TRUE(Demonitor(child.ref));
  co_await Kill(child.pid);
  co_await RefuteReceive<Down>();
}

TEST(SpawnMonitorTest, GivesADownIfNothingCanBeSpawned) {
  const ScopedLogCapture log;
  ManualRuntime runtime({.max_processes = 1024});
  runtime.Run([]() -> Async<> {
    for (;;) {
      const MonitoredProcess child = SpawnMonitor(WaitForEver);
      if (co_await IsAlive(child.pid)) continue;
      const Down down = co_await AssertReceive<Down>();
      EXPECT_EQ(down.ref, child.ref);
      EXPECT_EQ(down.reason, ExitReason::NoProc());
      co_return;
    }
  });
}

// ---- Many.

// MON1, MON6
HYDRA_TEST(ManyMonitorsTest, TenThousandOfOneProcess) {
  const Pid target = Spawn(WaitForEver);
  std::vector<Ref> refs;
  for (int i = 0; i < 10'000; ++i) refs.push_back(Monitor(target));
  std::set<Ref> left;
  for (size_t i = 0; i < refs.size(); ++i) {
    if (i % 4 == 0) {
      EXPECT_TRUE(Demonitor(refs[i]));
    } else {
      left.insert(refs[i]);
    }
  }
  Exit(target, ExitReason::Kill());
  while (!left.empty()) CO_ASSERT_EQ(left.erase((co_await AssertReceive<Down>()).ref), 1U);
  co_await RefuteReceive<Down>();
}

// MON1
HYDRA_TEST(ManyMonitorsTest, OneProcessMonitorsTenThousand) {
  std::set<std::pair<Ref, Pid>> targets;
  for (int i = 0; i < 10'000; ++i) {
    const MonitoredProcess target = SpawnMonitor(WaitForEver);
    targets.emplace(target.ref, target.pid);
  }
  for (const auto& [ref, pid] : targets) Exit(pid, ExitReason::Kill());
  while (!targets.empty()) {
    const Down down = co_await AssertReceive<Down>();
    CO_ASSERT_EQ(targets.erase({down.ref, down.pid}), 1U);
  }
  EXPECT_THAT((co_await Info(Self()))->monitors, IsEmpty());
}

// ---- Races.

// Spawns eight processes that end at once, so that the other scheduler runs some of them meanwhile.
std::vector<Pid> SpawnShortLived() {
  std::vector<Pid> pids;
  for (int i = 0; i < 8; ++i) pids.push_back(Spawn(ReturnAtOnce));
  return pids;
}

// MON8: whoever is monitored while it ends gives one Down, with its reason or noproc.
TEST(MonitorRaceTest, MonitorOfAnEndingProcessAlwaysFires) {
  TestOnThreads([]() -> Async<> {
    for (int64_t i = Rounds(100'000); i > 0; i -= 8) {
      std::set<Ref> refs;
      for (const Pid& pid : SpawnShortLived()) refs.insert(Monitor(pid));
      while (!refs.empty()) {
        const Down down = co_await AssertReceive<Down>();
        CO_ASSERT_EQ(refs.erase(down.ref), 1U);
        CO_ASSERT_THAT(down.reason, AnyOf(ExitReason::Normal(), ExitReason::NoProc()));
      }
    }
  });
}

// MON6: a second monitor tells when a Down of the first would have come.
TEST(MonitorRaceTest, NoDownAfterADemonitorOfAnEndingProcess) {
  TestOnThreads([]() -> Async<> {
    for (int64_t i = Rounds(100'000); i > 0; i -= 8) {
      std::vector<std::pair<Ref, Ref>> refs;
      for (const Pid& pid : SpawnShortLived()) refs.emplace_back(Monitor(pid), Monitor(pid));
      for (const auto& [ended, kept] : refs) {
        co_await Receive<Never>().Within(
            absl::ZeroDuration());  // takes in the Downs that are there
        Demonitor(ended);
      }
      for (const auto& [ended, kept] : refs) co_await Receive<Down>().For(kept);
      CO_ASSERT_THAT(co_await Flush<Down>(), IsEmpty());
    }
  });
}

// Polls at first, so that the calling process is awake while another ends on the other scheduler.
Async<Down> PollForDown(Ref ref) {
  for (int i = 0; i < 200; ++i) {
    std::optional<Down> down = co_await Receive<Down>().For(ref).Within(absl::ZeroDuration());
    if (down.has_value()) co_return *std::move(down);
  }
  co_return co_await Receive<Down>().For(ref);
}

// LNK5
TEST(MonitorRaceTest, SpawnMonitorAlwaysTellsTheReason) {
  TestOnThreads([]() -> Async<> {
    for (int64_t i = Rounds(100'000); i > 0; --i) {
      const MonitoredProcess child = SpawnMonitor(ReturnAtOnce);
      CO_ASSERT_EQ((co_await PollForDown(child.ref)).reason, ExitReason::Normal());
    }
  });
}

// SIG5, SIG9
TEST(MonitorRaceTest, NameIsFreeAndMessageIsThereAtTheDown) {
  TestOnThreads([]() -> Async<> {
    const std::vector<std::string> names = {"a", "b", "c", "d", "e", "f", "g", "h"};
    for (int64_t i = Rounds(100'000); i > 0; i -= 8) {
      std::vector<Ref> refs;
      for (const std::string& name : names) {
        refs.push_back(SpawnMonitor([to = Self(), name]() -> Async<> {
                         EXPECT_OK(Register(Self(), name));
                         Send(to, name);
                         co_return;
                       }).ref);
      }
      for (size_t j = 0; j < names.size(); ++j) {
        co_await PollForDown(refs[j]);
        CO_ASSERT_FALSE(WhereIs(names[j]));
        const auto is_its = [&](const std::string& text) { return text == names[j]; };
        CO_ASSERT_TRUE((co_await Receive<std::string>().Where(is_its).Within(absl::ZeroDuration()))
                           .has_value());
      }
    }
  });
}

}  // namespace
}  // namespace hydra
