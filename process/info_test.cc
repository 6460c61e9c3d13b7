#include "hydra/process/info.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/cleanup/cleanup.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "hydra/process/alias.h"
#include "hydra/process/async.h"
#include "hydra/process/exit_reason.h"
#include "hydra/process/link.h"
#include "hydra/process/monitor.h"
#include "hydra/process/name.h"
#include "hydra/process/pid.h"
#include "hydra/process/priority.h"
#include "hydra/process/process_info.h"
#include "hydra/process/receive.h"
#include "hydra/process/request.h"
#include "hydra/process/self.h"
#include "hydra/process/send.h"
#include "hydra/process/spawn.h"
#include "hydra/process/testing/process_test.h"
#include "hydra/process/testing/rounds.h"
#include "hydra/process/timer.h"

namespace hydra {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::IsSupersetOf;
using testing::Not;

struct Never {};
struct Ask {
  using Reply = int;
};

Async<> WaitForEver() { co_await Receive<Never>(); }

// SIG8
HYDRA_TEST(IsAliveTest, FalseAfterAKillByTheSame) {
  const Pid process = Spawn(WaitForEver);
  EXPECT_TRUE(co_await IsAlive(process));
  Exit(process, ExitReason::Kill());
  EXPECT_FALSE(co_await IsAlive(process));
  EXPECT_FALSE(co_await IsAlive(Pid()));
}

// SIG8: false only when what it owned is free.
HYDRA_TEST(IsAliveTest, FalseWhenTheNameIsFree) {
  const Pid process = Spawn(WaitForEver);
  EXPECT_TRUE(Register(process, "name").ok());
  Exit(process, ExitReason::Kill());
  EXPECT_FALSE(co_await IsAlive(process));
  EXPECT_TRUE(Register(Self(), "name").ok());
}

// SIG8: not even while it is being ended elsewhere does it seem alive to who has killed it, or keep its
// name when it says that it isn't.
TEST(IsAliveRaceTest, NobodyIsAliveAfterAKillByTheSame) {
  TestOnThreads([]() -> Async<> {
    constexpr int kAtOnce = 8;
    for (int64_t i = Rounds(100'000); i > 0; i -= kAtOnce) {
      std::vector<Pid> processes;
      for (int j = 0; j < kAtOnce; ++j) {
        processes.push_back(*SpawnWith({.name = std::to_string(j)}, WaitForEver));
        if (j % 2 == 0) co_await Yield();  // some have run, some haven't
      }
      for (const Pid& process : processes) Exit(process, ExitReason::Kill());
      for (int j = 0; j < kAtOnce; ++j) {
        CO_ASSERT_FALSE(co_await IsAlive(processes[j]));
        CO_ASSERT_FALSE(WhereIs(std::to_string(j)));
      }
    }
  });
}

// SIG8: a process that has ended itself in the same batch of signals, too.
HYDRA_TEST(IsAliveTest, OneselfIsAlive) {
  EXPECT_TRUE(co_await IsAlive(Self()));
  EXPECT_EQ((co_await Info(Self()))->pid, Self());
}

// PRC1
HYDRA_TEST(InfoTest, TellsOfAProcessThatHasNotRun) {
  const Pid process = *SpawnWith({.priority = Priority::kLow}, WaitForEver);
  const std::optional<ProcessInfo> info = co_await Info(process);
  CO_ASSERT_TRUE(info.has_value());
  EXPECT_EQ(info->pid, process);
  EXPECT_EQ(info->name, "");
  EXPECT_EQ(info->priority, Priority::kLow);
  EXPECT_FALSE(info->traps_exits);
  EXPECT_EQ(info->message_queue_length, 0U);
  EXPECT_THAT(info->links, IsEmpty());
  EXPECT_THAT(info->monitors, IsEmpty());
  EXPECT_THAT(info->monitored_by, IsEmpty());
}

// SIG10
HYDRA_TEST(InfoTest, CountsTheMessagesThatWereSentBefore) {
  const Pid process = Spawn(WaitForEver);
  for (size_t i = 0; i < 100; ++i) {
    Send(process, 1);
    const std::optional<ProcessInfo> info = co_await Info(process);
    CO_ASSERT_TRUE(info.has_value());
    EXPECT_EQ(info->message_queue_length, i + 1);
  }
}

// PRC4
HYDRA_TEST(InfoTest, KnowsNameLinksAndMonitors) {
  const auto [process, ref] = SpawnMonitor(
      [](Pid other) -> Async<> {
        TrapExit(true);
        Monitor(other);
        Monitor(other);
        co_await WaitForEver();
      },
      Self());
  Link(process);
  EXPECT_TRUE(Register(process, "name").ok());
  std::optional<ProcessInfo> info = co_await Info(process);
  while (info.has_value() && !info->traps_exits) info = co_await Info(process);  // until it has run
  CO_ASSERT_TRUE(info.has_value());
  EXPECT_EQ(info->name, "name");
  EXPECT_THAT(info->links, ElementsAre(Self()));
  EXPECT_THAT(info->monitors, ElementsAre(Self(), Self()));
  EXPECT_THAT(info->monitored_by, ElementsAre(Self()));
  Unlink(process);
  Demonitor(ref);
  info = co_await Info(process);
  CO_ASSERT_TRUE(info.has_value());
  EXPECT_THAT(info->links, IsEmpty());
  EXPECT_THAT(info->monitored_by, IsEmpty());
}

// PRC4
HYDRA_TEST(InfoTest, KnowsLabelPriorityAndAncestors) {
  const Pid process = *SpawnWith({.label = "label", .priority = Priority::kHigh}, WaitForEver);
  const ProcessInfo info = (co_await Info(process)).value();
  EXPECT_EQ(info.label, "label");
  EXPECT_EQ(info.priority, Priority::kHigh);
  EXPECT_THAT(info.ancestors, ElementsAre(Self()));
}

// PRC4: an alias is no monitor, and who waits for an answer doesn't monitor.
HYDRA_TEST(InfoTest, ListsMonitorsOnly) {
  const Pid process = Spawn(
      [](Pid to) -> Async<> {
        MakeAlias();
        Monitor(to);
        const auto asked = co_await Receive<Asked<Ask>>();
        Send(to, 1);
        co_await WaitForEver();
      },
      Self());
  (void)co_await Request(process, Ask{}).Within(absl::ZeroDuration());
  co_await AssertReceive<int>();
  const ProcessInfo info = (co_await Info(process)).value();
  EXPECT_THAT(info.monitors, ElementsAre(Self()));
  EXPECT_THAT(info.monitored_by, IsEmpty());
}

// PRC4
HYDRA_TEST(InfoTest, NothingOfTheDead) {
  const auto [process, ref] = SpawnMonitor([]() -> Async<> { co_return; });
  co_await Receive<Down>().For(ref);
  EXPECT_EQ((co_await Info(process)).has_value(), false);
}

// PRC8, W21: here the stranger's slot and serial are those of a process of this runtime.
HYDRA_TEST(InfoTest, NothingOfAProcessOfAnotherRuntime) {
  const Pid stranger(Self().serial(), Self().slot(), Self().home() + 1'000'000);
  EXPECT_FALSE(co_await IsAlive(stranger));
  EXPECT_EQ((co_await Info(stranger)).has_value(), false);
}

// PRC5
HYDRA_TEST(ProcessesTest, AreThoseThatHaveNotEnded) {
  const Pid first = Spawn(WaitForEver);
  const auto [second, ref] = SpawnMonitor(WaitForEver);
  EXPECT_THAT(Processes(), IsSupersetOf({Self(), first, second}));
  Exit(second, ExitReason::Kill());
  co_await Receive<Down>().For(ref);
  EXPECT_THAT(Processes(), AllOf(Contains(first), Not(Contains(second))));
}

// PRC5: though it isn't alive.
HYDRA_TEST(ProcessesTest, EndingOnesAreAmongThem) {
  const Pid process = Spawn([to = Self()]() -> Async<> {
    const absl::Cleanup tell = [to] { Send(to, Processes()); };
    Send(to, 1);
    co_await WaitForEver();
  });
  co_await AssertReceive<int>();
  Exit(process, ExitReason::Kill());
  EXPECT_FALSE(co_await IsAlive(process));
  EXPECT_THAT(co_await AssertReceive<std::vector<Pid>>(), Contains(process));
  EXPECT_THAT(Processes(), Not(Contains(process)));
}

}  // namespace
}  // namespace hydra
