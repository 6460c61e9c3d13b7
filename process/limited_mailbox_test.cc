// A process with a mailbox limit is a process like any other.
#include <cstdint>
#include <optional>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "hydra/base/status_testing.h"
#include "hydra/process/alias.h"
#include "hydra/process/async.h"
#include "hydra/process/down.h"
#include "hydra/process/exit_reason.h"
#include "hydra/process/exit_signal.h"
#include "hydra/process/info.h"
#include "hydra/process/link.h"
#include "hydra/process/message.h"
#include "hydra/process/monitor.h"
#include "hydra/process/overflow.h"
#include "hydra/process/overflow_testing.h"
#include "hydra/process/pid.h"
#include "hydra/process/receive.h"
#include "hydra/process/request.h"
#include "hydra/process/self.h"
#include "hydra/process/send.h"
#include "hydra/process/spawn.h"
#include "hydra/process/testing/manual_runtime.h"
#include "hydra/process/testing/process_test.h"
#include "hydra/process/testing/rounds.h"
#include "hydra/process/timer.h"

namespace hydra::process_testing {
namespace {

using absl::StatusCode;
using testing::Contains;
using testing::Not;

// SIG2
HYDRA_TEST(LimitedMailboxTest, AllSignalsKeepTheirOrder) {
  const Pid self = Self();
  const Pid receiver = *SpawnWith(Limited(100, Overflow::kHoldSender), [self]() -> Async<> {
    TrapExit(true);
    Send(self, Ready());
    for (int i = 0; i < 50; ++i) {
      const Message message = co_await ReceiveAny();
      EXPECT_EQ(message.Is<ExitSignal>(), i % 2 == 1);
    }
    Send(self, Done());
    co_await Receive<Done>();
  });
  co_await AssertReceive<Ready>();
  for (int i = 0; i < 25; ++i) {
    Send(receiver, i);
    Exit(receiver, ExitReason::Custom("next"));
  }
  co_await AssertReceive<Done>();
}

// SIG2, SIG8
HYDRA_TEST(LimitedMailboxTest, IsDeadForWhoKilledIt) {
  const Pid receiver = *SpawnWith(Limited(5, Overflow::kDropNewest), WaitForEver);
  EXPECT_TRUE(co_await IsAlive(receiver));
  Exit(receiver, ExitReason::Kill());
  EXPECT_FALSE(co_await IsAlive(receiver));
  EXPECT_TRUE(Send(receiver, 1));
}

// SIG8, MON3: also while the messages that it hasn't read are destroyed, which takes some turns.
HYDRA_TEST_BY_HAND(LimitedMailboxTest, NothingReachesOneThatHasEnded) {
  const Pid receiver = *SpawnWith(Limited(2000, Overflow::kDropNewest), WaitForEver);
  for (int i = 0; i < 2000; ++i) Send(receiver, i);
  Exit(receiver, ExitReason::Kill());
  EXPECT_FALSE(co_await IsAlive(receiver));
  Monitor(receiver);
  EXPECT_EQ((co_await AssertReceive<Down>()).reason, ExitReason::NoProc());
  EXPECT_THAT(co_await Request(receiver, Question()), StatusIs(StatusCode::kNotFound));
}

// PRC5
HYDRA_TEST(LimitedMailboxTest, IsListed) {
  const Pid receiver = *SpawnWith(Limited(5, Overflow::kDropNewest), WaitForEver);
  EXPECT_THAT(Processes(), Contains(receiver));
  Exit(receiver, ExitReason::Kill());
  EXPECT_FALSE(co_await IsAlive(receiver));
  EXPECT_THAT(Processes(), Not(Contains(receiver)));
}

// LNK6, MON8: what has arrived when it ends still counts.
HYDRA_TEST(LimitedMailboxTest, WhoeverAsksTheDyingIsAnswered) {
  const Pid receiver = *SpawnWith(Limited(5, Overflow::kDropNewest), WaitForEver);
  TrapExit(true);
  Exit(receiver, ExitReason::Custom("over"));
  Link(receiver);
  Monitor(receiver);
  const absl::StatusOr<int> answer = co_await Request(receiver, Question());
  EXPECT_FALSE(answer.ok());
  EXPECT_EQ((co_await AssertReceive<ExitSignal>()).from, receiver);
  EXPECT_EQ((co_await AssertReceive<Down>()).pid, receiver);
}

// The same for a message, which has counted.
HYDRA_TEST_BY_HAND(LimitedMailboxTest, RequestBehindAnExitFailsWithItsReason) {
  const Pid receiver = *SpawnWith(Limited(5, Overflow::kDropNewest), WaitForEver);
  Exit(receiver, ExitReason::Custom("over"));
  const absl::StatusOr<int> answer = co_await Request(receiver, Question());
  EXPECT_THAT(answer, StatusIs(StatusCode::kUnavailable));
  EXPECT_EQ(ExitReasonOf(answer.status()), ExitReason::Custom("over"));
}

// A message keeps nothing of the limited mailbox that it has been in.
HYDRA_TEST(LimitedMailboxTest, MessageCanBePassedOn) {
  const Pid forwarder =
      *SpawnWith(Limited(1, Overflow::kDropNewest), [alias = MakeAlias()]() -> Async<> {
        for (;;) Send(alias, co_await ReceiveAny());
      });
  for (int i = 0; i < 10; ++i) {
    Send(forwarder, i);
    EXPECT_EQ(co_await AssertReceive<int>(), i);
  }
}

HYDRA_TEST(LimitedMailboxTest, SlotIsAnOrdinaryOneAfterwards) {
  for (int i = 0; i < 20; ++i) {
    const Pid limited = *SpawnWith(Limited(1, Overflow::kDropNewest), WaitForEver);
    for (int j = 0; j < 3; ++j) Send(limited, j);
    Exit(limited, ExitReason::Kill());
    EXPECT_FALSE(co_await IsAlive(limited));
    const Pid unlimited = Spawn(WaitForEver);
    for (int j = 0; j < 3; ++j) Send(limited, j);
    for (int j = 0; j < 3; ++j) Send(unlimited, j);
    EXPECT_EQ((co_await Info(unlimited))->message_queue_length, 3U);
    EXPECT_EQ((co_await Info(unlimited))->mailbox_limit, std::nullopt);
    Exit(unlimited, ExitReason::Kill());
  }
}

TEST(LimitedMailboxTest, SlotKeepsNothingOfItsFormerProcess) {
  ManualRuntime runtime;
  runtime.Run([]() -> Async<> {
    for (int i = 0; i < 20; ++i) {
      const Pid dropping = *SpawnWith(Limited(1, Overflow::kDropNewest), WaitForEver);
      for (int j = 0; j < 3; ++j) Send(dropping, j);
      EXPECT_EQ((co_await Info(dropping))->dropped_messages, 2U);
      Exit(dropping, ExitReason::Kill());
      EXPECT_FALSE(co_await IsAlive(dropping));

      const Pid ending = *SpawnWith(Limited(1, Overflow::kExitReceiver), WaitForEver);
      EXPECT_EQ(ending.slot(), dropping.slot());
      for (int j = 0; j < 2; ++j) Send(ending, j);
      EXPECT_FALSE(co_await IsAlive(ending));

      const Pid full = *SpawnWith(Limited(1, Overflow::kHoldSender), WaitForEver);
      const Pid held = *SpawnWith(Limited(1, Overflow::kHoldSender), Sender, full, 3, Self());
      co_await RefuteReceive<Done>();
      Exit(held, ExitReason::Kill());
      EXPECT_FALSE(co_await IsAlive(held));
      const Pid holding = *SpawnWith(Limited(1, Overflow::kHoldSender), WaitForEver);
      EXPECT_EQ(holding.slot(), held.slot());
      const Pid sender = Spawn(Sender, holding, 3, Self());
      co_await RefuteReceive<Done>();
      for (const Pid& pid : {sender, holding, full}) {
        Exit(pid, ExitReason::Kill());
        EXPECT_FALSE(co_await IsAlive(pid));
      }
    }
  });
}

HYDRA_TEST(LimitedMailboxTest, NothingIsLeftWhenItsNameIsTaken) {
  SpawnOptions options = Limited(1, Overflow::kDropNewest);
  options.name = "taken";
  EXPECT_OK(SpawnWith(options, WaitForEver).status());
  EXPECT_THAT(SpawnWith(options, WaitForEver), StatusIs(StatusCode::kAlreadyExists));
  EXPECT_OK(SpawnWith({.name = "free"}, WaitForEver).status());
  co_return;
}

// LNK6, MON8: in whichever moment of its end that is.
TEST(LimitedMailboxRaceTest, WhoeverAsksTheDyingIsAnswered) {
  const int64_t rounds = Rounds(200'000);
  TestOnThreads([rounds]() -> Async<> {
    for (int64_t i = 0; i < rounds; ++i) {
      const Pid receiver =
          *SpawnWith(Limited(5, Overflow::kDropNewest), []() -> Async<> { co_return; });
      if (i % 2 == 0) co_await Yield();
      const Ref ref = Monitor(receiver);
      CO_ASSERT_FALSE((co_await Request(receiver, Question()).Within(absl::Hours(1))).ok());
      co_await Receive<Down>().For(ref);
    }
  });
}

// Limited processes end under fire, and their slots pass to others.
TEST(LimitedMailboxRaceTest, EndsUnderFire) {
  const int64_t rounds = Rounds(100'000);
  TestOnThreads([rounds]() -> Async<> {
    for (int64_t i = 0; i < rounds; ++i) {
      const auto on_overflow = static_cast<Overflow>(i % 3);
      const Pid receiver = *SpawnWith(Limited(2, on_overflow), []() -> Async<> {
        for (int j = 0; j < 3; ++j) co_await Receive<int>();
      });
      const MonitoredProcess sender = SpawnMonitor([receiver]() -> Async<> {
        for (int j = 0; j < 10; ++j) Send(receiver, j);
        co_return;
      });
      for (int j = 0; j < 10; ++j) Send(receiver, j);
      const Pid next = *SpawnWith(Limited(5, on_overflow), WaitForEver);
      Send(next, 1);
      co_await Receive<Down>().For(sender.ref);
      CO_ASSERT_EQ((co_await Info(next))->message_queue_length, 1U);
      Exit(receiver, ExitReason::Kill());
      Exit(next, ExitReason::Kill());
    }
  });
}

}  // namespace
}  // namespace hydra::process_testing
