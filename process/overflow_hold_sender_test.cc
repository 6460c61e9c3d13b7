// Senders that are held because the mailboxes of their receivers are full.
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "hydra/base/status_testing.h"
#include "hydra/process/async.h"
#include "hydra/process/down.h"
#include "hydra/process/exit_reason.h"
#include "hydra/process/exit_signal.h"
#include "hydra/process/info.h"
#include "hydra/process/link.h"
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
using testing::ElementsAre;

HYDRA_TEST(HoldSenderTest, SenderGoesNoFurtherUntilHalfIsFree) {
  const Pid reader = co_await SpawnReader(4, Overflow::kHoldSender);
  Spawn(Sender, reader, 5, Self());
  co_await RefuteReceive<Done>();
  for (int i = 0; i < 2; ++i) EXPECT_EQ(co_await ReadBy(reader), i);
  co_await RefuteReceive<Done>();
  EXPECT_EQ(co_await ReadBy(reader), 2);
  co_await AssertReceive<Done>();
  EXPECT_THAT(co_await ReadAllBy(reader), ElementsAre(3, 4));
  EXPECT_EQ((co_await Info(reader))->dropped_messages, 0U);
}

HYDRA_TEST(HoldSenderTest, SenderToAMailboxThatIsNotFullGoesOn) {
  const Pid reader = co_await SpawnReader(4, Overflow::kHoldSender);
  Spawn(Sender, reader, 4, Self());
  co_await AssertReceive<Done>();
}

// It doesn't get even a message that waits for it, nor does a poll end.
HYDRA_TEST(HoldSenderTest, NoWaitEndsWhileHeld) {
  const Pid reader = co_await SpawnReader(1, Overflow::kHoldSender);
  const auto hold = [reader, to = Self()](int i) -> Async<> {
    Send(reader, 1);
    Send(reader, 2);
    if (i == 0) co_await Yield();
    if (i == 1) co_await Receive<int>();
    if (i == 2) co_await Receive<std::string>().Within(absl::ZeroDuration());
    if (i == 3) co_await Sleep(absl::Milliseconds(1));
    Send(to, Done());
  };
  for (int i = 0; i < 4; ++i) {
    Send(Spawn(hold, i), 3);
    co_await RefuteReceive<Done>();
    while ((co_await Info(reader))->message_queue_length > 0) co_await ReadBy(reader);
    co_await AssertReceive<Done>();
  }
}

// Nor one that comes later.
HYDRA_TEST(HoldSenderTest, MessageWaitsForAHeldProcess) {
  const Pid reader = co_await SpawnReader(1, Overflow::kHoldSender);
  const Pid held = Spawn([reader, to = Self()]() -> Async<> {
    for (int i = 0; i < 2; ++i) Send(reader, i);
    co_await Receive<int>();
    Send(to, Done());
  });
  co_await RefuteReceive<Done>();
  Send(held, 1);
  co_await RefuteReceive<Done>();
  EXPECT_THAT(co_await ReadAllBy(reader), ElementsAre(0, 1));
  co_await AssertReceive<Done>();
}

HYDRA_TEST(HoldSenderTest, SenderIsHeldByEachReceiver) {
  const Pid one = co_await SpawnReader(1, Overflow::kHoldSender);
  const Pid two = co_await SpawnReader(1, Overflow::kHoldSender);
  Spawn([one, two, to = Self()]() -> Async<> {
    for (int i = 0; i < 2; ++i) Send(one, i);
    for (int i = 0; i < 2; ++i) Send(two, i);
    co_await Yield();
    Send(to, Done());
  });
  co_await RefuteReceive<Done>();
  EXPECT_THAT(co_await ReadAllBy(one), ElementsAre(0, 1));
  co_await RefuteReceive<Done>();
  EXPECT_THAT(co_await ReadAllBy(two), ElementsAre(0, 1));
  co_await AssertReceive<Done>();
}

HYDRA_TEST(HoldSenderTest, EndOfTheReceiverLetsGo) {
  const Pid reader = co_await SpawnReader(1, Overflow::kHoldSender);
  Spawn(Sender, reader, 3, Self());
  co_await RefuteReceive<Done>();
  Exit(reader, ExitReason::Kill());
  co_await AssertReceive<Done>();
}

HYDRA_TEST(HoldSenderTest, HeldProcessObeysSignals) {
  const Pid reader = co_await SpawnReader(1, Overflow::kHoldSender);
  const Pid held = Spawn(Sender, reader, 3, Self());
  co_await RefuteReceive<Done>();
  Send(held, 1);
  EXPECT_EQ((co_await Info(held))->message_queue_length, 1U);
  EXPECT_TRUE(co_await IsAlive(held));
  Monitor(held);
  Exit(held, ExitReason::Kill());
  EXPECT_EQ((co_await AssertReceive<Down>()).reason, ExitReason::Killed());
  EXPECT_THAT(co_await ReadAllBy(reader), ElementsAre(0, 1, 2));
}

// It hears the answer when it is let go, if that came in time.
HYDRA_TEST(HoldSenderTest, RequestOfAHeldProcessEndsByItsTimeout) {
  const Pid reader = co_await SpawnReader(1, Overflow::kHoldSender);
  Spawn([reader, to = Self()]() -> Async<> {
    for (int i = 0; i < 3; ++i) Send(reader, i);
    const Pid silent = Spawn(WaitForEver);
    Send(to, (co_await Request(silent, Question()).Within(absl::Milliseconds(1))).status());
    co_await Yield();  // here it is held again
    Send(to, Done());
  });
  EXPECT_THAT(co_await AssertReceive<absl::Status>(), StatusIs(StatusCode::kDeadlineExceeded));
  co_await RefuteReceive<Done>();
  EXPECT_THAT(co_await ReadAllBy(reader), ElementsAre(0, 1, 2));
  co_await AssertReceive<Done>();
}

HYDRA_TEST(HoldSenderTest, AnswerWaitsForAHeldProcess) {
  const Pid reader = co_await SpawnReader(1, Overflow::kHoldSender);
  Spawn([reader, to = Self()]() -> Async<> {
    for (int i = 0; i < 3; ++i) Send(reader, i);
    Send(to, co_await Request(to, Question()).Within(absl::Hours(1)));
  });
  (co_await Receive<Asked<Question>>()).reply_to.Send(42);
  co_await RefuteReceive<absl::StatusOr<int>>();
  EXPECT_THAT(co_await ReadAllBy(reader), ElementsAre(0, 1, 2));
  EXPECT_EQ(*(co_await AssertReceive<absl::StatusOr<int>>()), 42);
}

// A process whose mailbox is full, so that it holds a Sender. At an exit signal it calls `act`, and says
// that it has gone on.
Async<Pid> SpawnHolding(std::function<void()> act) {
  const auto body = [to = Self(), act = std::move(act)]() -> Async<> {
    TrapExit(true);
    Send(to, Ready());
    co_await Receive<ExitSignal>();
    act();
    co_await Yield();
    Send(to, Ready());
    co_await WaitForEver();
  };
  const Pid full = *SpawnWith(Limited(1, Overflow::kHoldSender), body);
  co_await AssertReceive<Ready>();
  Spawn(Sender, full, 3, Self());
  co_await RefuteReceive<Done>();
  co_return full;
}

HYDRA_TEST(HoldSenderTest, WhoIsHeldHoldsNobodyMeanwhile) {
  const Pid reader = co_await SpawnReader(1, Overflow::kHoldSender);
  const Pid full = co_await SpawnHolding([reader] {
    for (int i = 0; i < 2; ++i) Send(reader, i);
  });
  Exit(full, ExitReason::Custom("go on"));
  co_await AssertReceive<Done>();
  Spawn(Sender, full, 3, Self());
  co_await AssertReceive<Done>();
  EXPECT_THAT(co_await ReadAllBy(reader), ElementsAre(0, 1));
  co_await AssertReceive<Ready>();
  Spawn(Sender, full, 3, Self());
  co_await RefuteReceive<Done>();
}

// Each sends to the other, whose mailbox is full.
HYDRA_TEST(HoldSenderTest, CircleGoesOn) {
  constexpr int kProcesses = 5;
  constexpr int kMessages = 20;
  std::vector<Pid> ring;
  for (int i = 0; i < kProcesses; ++i) {
    ring.push_back(*SpawnWith(Limited(1, Overflow::kHoldSender), [to = Self()]() -> Async<> {
      const Pid next = co_await Receive<Pid>();
      for (int j = 0; j < kMessages; ++j) {
        Send(next, j);
        if (j % 4 == 3) co_await Yield();
      }
      for (int j = 0; j < kMessages; ++j) EXPECT_EQ(co_await Receive<int>(), j);
      Send(to, Done());
    }));
  }
  for (int i = 0; i < kProcesses; ++i) Send(ring[i], ring[(i + 1) % kProcesses]);
  for (int i = 0; i < kProcesses; ++i) co_await AssertReceive<Done>();
}

HYDRA_TEST(HoldSenderTest, NobodyIsHeldByItself) {
  SpawnWith(Limited(1, Overflow::kHoldSender), [to = Self()]() -> Async<> {
    for (int i = 0; i < 10; ++i) Send(Self(), i);
    for (int i = 0; i < 10; ++i) EXPECT_EQ(co_await Receive<int>(), i);
    Send(to, Done());
  }).value();
  co_await AssertReceive<Done>();
}

// Nor does it let go whom it holds by that.
HYDRA_TEST(HoldSenderTest, MessageToItselfLetsNobodyGo) {
  const Pid full = co_await SpawnHolding([] { Send(Self(), 1); });
  Exit(full, ExitReason::Custom("go on"));
  co_await AssertReceive<Ready>();
  co_await RefuteReceive<Done>();
}

HYDRA_TEST(HoldSenderTest, WhatDestructorsSendArrives) {
  struct Farewell {
    ~Farewell() {
      for (int i = 0; i < 5; ++i) Send(to, i);
    }
    Pid to;
  };
  const Pid reader = co_await SpawnReader(1, Overflow::kHoldSender);
  const MonitoredProcess dying = SpawnMonitor([reader]() -> Async<> {
    const Farewell farewell{reader};
    co_return;
  });
  co_await Receive<Down>().For(dying.ref);
  EXPECT_THAT(co_await ReadAllBy(reader), ElementsAre(0, 1, 2, 3, 4));
}

// A foreign thread can't be held.
TEST(HoldSenderTest, ForeignThreadIsTold) {
  ManualRuntime runtime;
  Pid receiver;
  runtime.Run([&receiver]() -> Async<> {
    const SpawnOptions options = {
        .name = "full", .mailbox_limit = 2, .on_overflow = Overflow::kHoldSender};
    receiver = *SpawnWith(options, WaitForEver);
    co_return;
  });
  EXPECT_TRUE(runtime.Send(receiver, 1));
  EXPECT_TRUE(runtime.Send("full", 2));
  EXPECT_FALSE(runtime.Send(receiver, 3));
  EXPECT_FALSE(runtime.Send("full", 4));
  EXPECT_EQ(runtime.Info(receiver)->dropped_messages, 2U);
}

// Producers are faster than the consumer: they are held, and nothing is lost.
TEST(HoldSenderRaceTest, AllMessagesArriveInOrder) {
  constexpr int kProducers = 8;
  const int count = static_cast<int>(Rounds(100'000));
  TestOnThreads([count]() -> Async<> {
    const Pid self = Self();
    const Pid consumer = *SpawnWith(Limited(16, Overflow::kHoldSender), [self, count]() -> Async<> {
      std::vector<int> next(kProducers);
      for (int i = 0; i < kProducers * count; ++i) {
        const auto [producer, number] = co_await Receive<std::pair<int, int>>();
        CO_ASSERT_EQ(number, next[producer]++);
      }
      Send(self, (co_await Info(self))->message_queue_length);
    });
    for (int producer = 0; producer < kProducers; ++producer) {
      Spawn([consumer, producer, count]() -> Async<> {
        for (int i = 0; i < count; ++i) {
          Send(consumer, std::pair(producer, i));
          if (i % 2 == 0) co_await Yield();
        }
      });
    }
    co_await Receive<size_t>();
  });
}

// The receiver, or the sender, is killed while senders are held.
TEST(HoldSenderRaceTest, KilledWhileHeld) {
  const int64_t rounds = Rounds(100'000);
  TestOnThreads([rounds]() -> Async<> {
    for (int64_t i = 0; i < rounds; ++i) {
      const Pid receiver = *SpawnWith(Limited(2, Overflow::kHoldSender), []() -> Async<> {
        for (;;) co_await Receive<int>();
      });
      std::vector<MonitoredProcess> senders;
      for (int j = 0; j < 3; ++j) {
        senders.push_back(SpawnMonitor([receiver]() -> Async<> {
          for (int k = 0; k < 20; ++k) {
            Send(receiver, k);
            if (k % 5 == 0) co_await Yield();
          }
        }));
      }
      Exit(senders[0].pid, ExitReason::Kill());
      if (i % 2 == 0) Exit(receiver, ExitReason::Kill());
      for (const MonitoredProcess& sender : senders) co_await Receive<Down>().For(sender.ref);
      if (i % 2 == 1) Exit(receiver, ExitReason::Kill());
    }
  });
}

}  // namespace
}  // namespace hydra::process_testing
