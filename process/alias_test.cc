// Aliases: what arrives by them, and when they end.
#include "hydra/process/alias.h"

#include <atomic>
#include <cstdint>
#include <memory>
#include <thread>
#include <vector>

#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "hydra/base/status_testing.h"
#include "hydra/process/async.h"
#include "hydra/process/down.h"
#include "hydra/process/exit_reason.h"
#include "hydra/process/info.h"
#include "hydra/process/link.h"
#include "hydra/process/message.h"
#include "hydra/process/monitor.h"
#include "hydra/process/name.h"
#include "hydra/process/pid.h"
#include "hydra/process/receive.h"
#include "hydra/process/self.h"
#include "hydra/process/send.h"
#include "hydra/process/spawn.h"
#include "hydra/process/testing/process_test.h"
#include "hydra/process/testing/rounds.h"
#include "hydra/process/timer.h"

namespace hydra {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;
using testing::UnorderedElementsAreArray;

struct Never {};
struct Stop {};
struct Try {};

Async<> WaitForEver() { co_await Receive<Never>(); }

// Waits until everything that the calling process has sent itself has arrived.
Async<> Settle() {
  Send(Self(), Stop{});
  co_await Receive<Stop>();
}

// Whether a message comes through. To try ends an alias that one message ends.
Async<bool> IsActive(Ref alias) {
  Send(alias, Try{});
  co_await Settle();
  co_return (co_await Receive<Try>().Within(absl::ZeroDuration())).has_value();
}

// ---- Active or not.

// ALI1: what was sent by an alias is a message like others, in every kind of receive.
HYDRA_TEST(AliasTest, MessagesReachTheCreator) {
  const Ref alias = MakeAlias();
  const auto answer = [alias] {
    Spawn([alias]() -> Async<> {
      Send(alias, 7);
      co_return;
    });
  };
  answer();
  EXPECT_EQ(co_await AssertReceive<int>(), 7);
  answer();
  EXPECT_EQ(co_await Receive<int>(), 7);
  answer();
  EXPECT_TRUE((co_await ReceiveAny()).Is<int>());
}

// ALI1
HYDRA_TEST(AliasTest, MessageIsDroppedWhenTheAliasHasEnded) {
  auto counted = std::make_shared<int>(7);
  const Ref alias = MakeAlias();
  EXPECT_TRUE(Unalias(alias));
  Send(alias, counted);
  co_await Settle();
  EXPECT_EQ((co_await Info(Self()))->message_queue_length, 0U);
  EXPECT_EQ(counted.use_count(), 1);
}

// ALI1
HYDRA_TEST(AliasTest, MessagesThatAreQueuedStay) {
  const Ref alias = MakeAlias();
  Send(alias, 1);
  Send(alias, 2);
  co_await Settle();
  Unalias(alias);
  Send(alias, 3);
  EXPECT_THAT(co_await Flush<int>(), ElementsAre(1, 2));
}

// ALI2
HYDRA_TEST(AliasTest, LastsUntilUnalias) {
  const Ref alias = MakeAlias();
  for (int i = 0; i < 100; ++i) EXPECT_TRUE(co_await IsActive(alias));
  EXPECT_TRUE(Unalias(alias));
  EXPECT_FALSE(co_await IsActive(alias));
}

// ALI2: the second is dropped also if it was sent before the first arrived.
HYDRA_TEST(AliasTest, OneMessageEndsAOneMessageAlias) {
  const Ref alias = MakeAlias(AliasMode::kOneMessage);
  Send(alias, 1);
  Send(alias, 2);
  co_await Settle();
  Send(alias, 3);
  co_await Settle();
  EXPECT_THAT(co_await Flush<int>(), ElementsAre(1));
  EXPECT_FALSE(Unalias(alias));
}

// ALI2
HYDRA_TEST(AliasTest, OneMessageAliasEndsByUnaliasToo) {
  const Ref alias = MakeAlias(AliasMode::kOneMessage);
  EXPECT_TRUE(Unalias(alias));
  EXPECT_FALSE(co_await IsActive(alias));
}

HYDRA_TEST(AliasTest, AliasesOfOneProcessAreIndependent) {
  std::vector<Ref> aliases;
  for (int i = 0; i < 100; ++i) aliases.push_back(MakeAlias());
  for (int i = 0; i < 100; i += 2) EXPECT_TRUE(Unalias(aliases[i]));
  for (int i = 0; i < 100; ++i) EXPECT_EQ(co_await IsActive(aliases[i]), i % 2 == 1) << i;
}

// ---- Who ends it, and who may know.

// ALI3
HYDRA_TEST(AliasTest, UnaliasTellsWhetherItWasActive) {
  const Ref alias = MakeAlias();
  EXPECT_TRUE(Unalias(alias));
  EXPECT_FALSE(Unalias(alias));
  EXPECT_FALSE(Unalias(MakeRef()));
  EXPECT_FALSE(Unalias(Ref()));
  EXPECT_FALSE(Unalias(Monitor(Spawn(WaitForEver))));
  co_return;
}

// ALI3
HYDRA_TEST(AliasTest, OnlyItsOwnerEndsIt) {
  const Ref alias = MakeAlias();
  const MonitoredProcess other = SpawnMonitor([alias]() -> Async<> {
    // Has one of the same number, perhaps.
    while (MakeAlias().id() < alias.id()) continue;
    EXPECT_FALSE(Unalias(alias));
    co_return;
  });
  co_await Receive<Down>().For(other.ref);
  EXPECT_FALSE(Unalias(Ref(other.pid, alias.id())));
  EXPECT_TRUE(co_await IsActive(alias));
}

// ALI7: whatever becomes of the message, the sender hears the same.
HYDRA_TEST(AliasTest, SenderIsNotToldWhetherItIsActive) {
  const Ref ended = MakeAlias();
  Unalias(ended);
  const MonitoredProcess dead = SpawnMonitor([to = Self()]() -> Async<> {
    Send(to, MakeAlias());
    co_return;
  });
  const Ref of_the_dead = co_await Receive<Ref>();
  co_await Receive<Down>().For(dead.ref);
  for (const Ref& ref : {MakeAlias(), ended, MakeRef(), of_the_dead, Ref()}) {
    EXPECT_TRUE(Send(ref, 1));
  }
  co_await Settle();
  EXPECT_THAT(co_await Flush<int>(), SizeIs(1));
}

// ---- With a monitor.

enum class Event { kNothing, kMessage, kUnalias, kDemonitor, kDown };

struct Row {
  MonitorAlias mode;
  Event event;
  bool alias_goes_on;
  bool monitor_goes_on;
};

// ALI4: what each event leaves of an alias and of its monitor.
HYDRA_TEST(MonitorAliasTest, EndsAsItsModeSays) {
  using enum MonitorAlias;
  const Row rows[] = {
      {kNone, Event::kNothing, false, true},
      {kUntilUnalias, Event::kNothing, true, true},
      {kUntilUnalias, Event::kMessage, true, true},
      {kUntilUnalias, Event::kUnalias, false, true},
      {kUntilUnalias, Event::kDemonitor, true, false},
      {kUntilUnalias, Event::kDown, true, false},
      {kUntilDemonitor, Event::kNothing, true, true},
      {kUntilDemonitor, Event::kMessage, true, true},
      {kUntilDemonitor, Event::kUnalias, false, true},
      {kUntilDemonitor, Event::kDemonitor, false, false},
      {kUntilDemonitor, Event::kDown, false, false},
      {kUntilReply, Event::kNothing, true, true},
      {kUntilReply, Event::kMessage, false, false},
      {kUntilReply, Event::kUnalias, false, true},
      {kUntilReply, Event::kDemonitor, false, false},
      {kUntilReply, Event::kDown, false, false},
  };
  for (const Row& row : rows) {
    const Pid target = Spawn(WaitForEver);
    const Ref ref = Monitor(target, {.alias = row.mode});
    switch (row.event) {
      case Event::kNothing:
        break;
      case Event::kMessage:
        EXPECT_TRUE(co_await IsActive(ref));
        break;
      case Event::kUnalias:
        EXPECT_TRUE(Unalias(ref));
        break;
      case Event::kDemonitor:
        EXPECT_TRUE(Demonitor(ref));
        break;
      case Event::kDown:
        Exit(target, ExitReason::Kill());
        co_await Receive<Down>().For(ref);
        break;
    }
    EXPECT_EQ((co_await Info(Self()))->monitors.size(), row.monitor_goes_on ? 1U : 0U)
        << &row - rows;
    EXPECT_EQ(co_await IsActive(ref), row.alias_goes_on) << &row - rows;
    Demonitor(ref);
    Unalias(ref);
  }
}

// ALI4
HYDRA_TEST(MonitorAliasTest, NoDownFollowsTheReplyThatEndsTheMonitor) {
  const Pid target = Spawn(WaitForEver);
  const Ref ref = Monitor(target, {.alias = MonitorAlias::kUntilReply});
  Send(ref, 1);
  Send(ref, 2);
  co_await Settle();
  EXPECT_THAT(co_await Flush<int>(), ElementsAre(1));
  EXPECT_THAT((co_await Info(target))->monitored_by, IsEmpty());
  EXPECT_FALSE(Demonitor(ref));
  const Ref later = Monitor(target);
  Exit(target, ExitReason::Kill());
  EXPECT_EQ((co_await AssertReceive<Down>()).ref, later);
  co_await RefuteReceive<Down>();
}

// ALI4: the target replies and ends at once, so the Down is on its way when the reply is taken in.
HYDRA_TEST(MonitorAliasTest, ReplyOfATargetThatEndsAtOnceIsAllThatArrives) {
  for (int i = 0; i < 20; ++i) {
    const Pid target = Spawn([]() -> Async<> { Send(co_await Receive<Ref>(), 7); });
    const Ref ref = Monitor(target, {.alias = MonitorAlias::kUntilReply});
    const Ref end = Monitor(target);
    Send(target, ref);
    EXPECT_EQ(co_await AssertReceive<int>(), 7);
    EXPECT_EQ((co_await AssertReceive<Down>()).ref, end);
  }
  co_await RefuteReceive<Down>();
}

// ALI4: the alias of a monitor that finds nobody ends with the Down.
HYDRA_TEST(MonitorAliasTest, MonitorOfNobodyEndsTheAlias) {
  const Ref ref = Monitor("nobody", {.alias = MonitorAlias::kUntilDemonitor});
  co_await AssertReceive<Down>();
  EXPECT_FALSE(co_await IsActive(ref));
}

// ALI4, MON5: a monitor of oneself never fires, but its alias is one, and ends as others do.
HYDRA_TEST(MonitorAliasTest, MonitorOfOneselfHasAnAlias) {
  using enum MonitorAlias;
  for (const MonitorAlias mode : {kUntilUnalias, kUntilDemonitor, kUntilReply}) {
    const Ref ref = Monitor(Self(), {.alias = mode});
    EXPECT_TRUE(co_await IsActive(ref));
    EXPECT_EQ(Unalias(ref), mode != kUntilReply);
    EXPECT_FALSE(co_await IsActive(ref));
  }
}

// ALI4
HYDRA_TEST(MonitorAliasTest, DemonitorEndsTheAliasOfAMonitorOfOneself) {
  for (const MonitorAlias mode : {MonitorAlias::kUntilDemonitor, MonitorAlias::kUntilReply}) {
    const Ref ref = Monitor(Self(), {.alias = mode});
    Demonitor(ref);
    EXPECT_FALSE(co_await IsActive(ref));
  }
}

// SIG3: however a process is addressed, what one sender sends arrives in order, its Down at last.
HYDRA_TEST(MonitorAliasTest, AllWaysToAProcessKeepOneOrder) {
  EXPECT_OK(Register(Self(), "me"));
  const MonitoredProcess sender = SpawnMonitor([]() -> Async<> {
    const Ref alias = co_await Receive<Ref>();
    const Ref monitor_alias = co_await Receive<Ref>();
    for (int i = 0; i < 40; i += 4) {
      Send(alias.creator(), i);
      Send(alias, i + 1);
      Send("me", i + 2);
      Send(monitor_alias, i + 3);
      if (i % 3 == 0) co_await Yield();
    }
  });
  Send(sender.pid, MakeAlias());
  Send(sender.pid, Monitor(sender.pid, {.alias = MonitorAlias::kUntilDemonitor}));
  for (int i = 0; i < 40; ++i) {
    const Message message = co_await ReceiveAny();
    CO_ASSERT_TRUE(message.Is<int>()) << message.type_name();
    EXPECT_EQ(*message.Get<int>(), i);
  }
  for (int i = 0; i < 2; ++i) EXPECT_TRUE((co_await ReceiveAny()).Is<Down>());
}

// ---- The end of its process.

// ALI6
HYDRA_TEST(AliasTest, EndsWithItsProcess) {
  auto counted = std::make_shared<int>(7);
  const MonitoredProcess process = SpawnMonitor([to = Self()]() -> Async<> {
    Send(to, MakeAlias());
    co_return;
  });
  const Ref alias = co_await Receive<Ref>();
  co_await Receive<Down>().For(process.ref);
  Send(alias, counted);
  EXPECT_EQ(counted.use_count(), 1);
}

// ALI6: the next process in the same slot has an alias of the same number.
HYDRA_TEST_BY_HAND(AliasTest, NeverReachesTheNextProcessInTheSlot) {
  const auto owner = [to = Self()]() -> Async<> {
    std::vector<Ref> aliases;
    for (int i = 0; i < 10; ++i) aliases.push_back(MakeAlias());
    Send(to, aliases);
    co_await Receive<Stop>();
    Send(to, static_cast<int>((co_await Flush<Try>()).size()));
  };
  MonitoredProcess process = SpawnMonitor(owner);
  const Ref alias = (co_await Receive<std::vector<Ref>>()).front();
  do {
    Send(process.pid, Stop{});
    co_await Receive<Down>().For(process.ref);
    process = SpawnMonitor(owner);
    co_await Receive<std::vector<Ref>>();
  } while (process.pid.slot() != alias.creator().slot());
  co_await Flush<int>();
  Send(alias, Try{});
  Send(process.pid, Stop{});
  EXPECT_EQ(co_await Receive<int>(), 0);
}

// ---- Races.

// ALI2: of two that send at the same time one gets through.
TEST(AliasRaceTest, OneOfTwoMessagesArrives) {
  constexpr int kAliases = 100;
  std::atomic<int64_t> begun = 0;
  TestOnThreads([&begun]() -> Async<> {
    const auto send = [to = Self(), &begun]() -> Async<> {
      for (int64_t round = 1;; ++round) {
        const auto aliases = co_await Receive<std::vector<Ref>>();
        ++begun;
        // Without a co_await, so that the other runs on the other scheduler.
        while (begun < 2 * round) std::this_thread::yield();
        for (const Ref& alias : aliases) Send(alias, alias);
        Send(to, Stop{});  // comes behind them
      }
    };
    const Pid first = Spawn(send);
    const Pid second = Spawn(send);
    for (int64_t i = Rounds(100'000); i > 0; i -= kAliases) {
      std::vector<Ref> aliases;
      for (int j = 0; j < kAliases; ++j) aliases.push_back(MakeAlias(AliasMode::kOneMessage));
      Send({first, second}, aliases);
      co_await Receive<Stop>();
      co_await Receive<Stop>();
      CO_ASSERT_THAT(co_await Flush<Ref>(), UnorderedElementsAreArray(aliases));
    }
  });
}

}  // namespace
}  // namespace hydra
