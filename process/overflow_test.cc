// Mailbox limits: what counts, and what happens to a message that comes to a full mailbox. See
// overflow.h.
#include "hydra/process/overflow.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "hydra/base/log_testing.h"
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
#include "hydra/process/pid.h"
#include "hydra/process/process_info.h"
#include "hydra/process/receive.h"
#include "hydra/process/request.h"
#include "hydra/process/runtime.h"
#include "hydra/process/self.h"
#include "hydra/process/send.h"
#include "hydra/process/spawn.h"
#include "hydra/process/testing/manual_runtime.h"
#include "hydra/process/testing/process_test.h"
#include "hydra/process/testing/rounds.h"
#include "hydra/process/timer.h"

namespace hydra {
namespace {

using absl::StatusCode;
using testing::Contains;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::Not;

struct Ready {};
struct Done {};
struct Question {
  using Reply = int;
};

SpawnOptions Limited(size_t limit, Overflow on_overflow) {
  return {.mailbox_limit = limit, .on_overflow = on_overflow};
}

// Tells `to` of one int that it has been sent for each exit signal, which take no room. It passes
// over the ints while it waits for those.
Async<> Reader(Pid to) {
  TrapExit(true);
  Send(to, Ready());
  for (;;) {
    co_await Receive<ExitSignal>();
    Send(to, co_await Receive<int>());
  }
}

Async<Pid> SpawnReader(size_t limit, Overflow on_overflow) {
  const Pid reader = *SpawnWith(Limited(limit, on_overflow), Reader, Self());
  co_await AssertReceive<Ready>();
  co_return reader;
}

// Lets `reader` read one int, and returns it.
Async<int> ReadBy(Pid reader) {
  Exit(reader, ExitReason::Custom("go on"));
  co_return co_await AssertReceive<int>();
}

// All ints that wait for `reader`.
Async<std::vector<int>> ReadAllBy(Pid reader) {
  std::vector<int> read;
  while ((co_await Info(reader))->message_queue_length > 0) read.push_back(co_await ReadBy(reader));
  co_return read;
}

// Sends `count` ints to `reader`, is done with its next co_await, and tells that to `to`.
Async<> Sender(Pid reader, int count, Pid to) {
  for (int i = 0; i < count; ++i) Send(reader, i);
  co_await Yield();
  Send(to, Done());
}

Async<> WaitForEver() { co_await Receive<Done>(); }

// ---- Dropping.

HYDRA_TEST(DropNewestTest, MessageToAFullMailboxIsDropped) {
  const Pid reader = co_await SpawnReader(3, Overflow::kDropNewest);
  for (int i = 0; i < 10; ++i) EXPECT_TRUE(Send(reader, i));
  const std::optional<ProcessInfo> info = co_await Info(reader);
  EXPECT_EQ(info->message_queue_length, 3U);
  EXPECT_EQ(info->mailbox_limit, 3U);
  EXPECT_EQ(info->dropped_messages, 7U);
  EXPECT_THAT(co_await ReadAllBy(reader), ElementsAre(0, 1, 2));
}

HYDRA_TEST(DropNewestTest, ReceivedMessageLeavesItsRoom) {
  const Pid reader = co_await SpawnReader(2, Overflow::kDropNewest);
  for (int i = 0; i < 3; ++i) Send(reader, i);
  EXPECT_EQ(co_await ReadBy(reader), 0);
  for (int i = 3; i < 6; ++i) Send(reader, i);
  EXPECT_THAT(co_await ReadAllBy(reader), ElementsAre(1, 3));
  for (int i = 6; i < 9; ++i) Send(reader, i);
  EXPECT_THAT(co_await ReadAllBy(reader), ElementsAre(6, 7));
}

HYDRA_TEST(DropOldestTest, NewestMessagesStay) {
  const Pid reader = co_await SpawnReader(3, Overflow::kDropOldest);
  for (int i = 0; i < 10; ++i) Send(reader, i);
  EXPECT_EQ((co_await Info(reader))->message_queue_length, 3U);
  for (int i = 10; i < 12; ++i) Send(reader, i);
  const std::optional<ProcessInfo> info = co_await Info(reader);
  EXPECT_EQ(info->message_queue_length, 3U);
  EXPECT_EQ(info->dropped_messages, 9U);
  EXPECT_THAT(co_await ReadAllBy(reader), ElementsAre(9, 10, 11));
}

// Those that don't count are older, newer and in between.
HYDRA_TEST(DropOldestTest, WhatDoesNotCountStays) {
  const Pid self = Self();
  const Pid reader = *SpawnWith(Limited(1, Overflow::kDropOldest), [self]() -> Async<> {
    TrapExit(true);
    Send(self, Ready());
    co_await Receive<Done>();
    for (;;) {
      const Message message = co_await ReceiveAny();
      if (const int* number = message.Get<int>()) Send(self, *number);
      if (message.Is<ExitSignal>()) Send(self, -1);
    }
  });
  co_await AssertReceive<Ready>();
  for (int i = 0; i < 3; ++i) {
    Exit(reader, ExitReason::Custom("one"));
    Send(reader, i);
  }
  Send(reader, Done());
  std::vector<int> read;
  for (int i = 0; i < 3; ++i) read.push_back(co_await AssertReceive<int>());
  EXPECT_THAT(read, ElementsAre(-1, -1, -1));
  co_await RefuteReceive<int>();
}

// A receiver that has no turn has twice the limit waiting at most.
TEST(DropOldestTest, IsBoundedThoughTheReceiverNeverRuns) {
  ManualRuntime runtime;
  const auto token = std::make_shared<int>();
  Pid receiver;
  runtime.Run([&receiver]() -> Async<> {
    receiver = *SpawnWith(Limited(10, Overflow::kDropOldest), WaitForEver);
    co_return;
  });
  for (int i = 0; i < 100; ++i) EXPECT_TRUE(runtime.Send(receiver, token));
  EXPECT_EQ(token.use_count(), 1 + 10);
  runtime.RunUntilIdle();
  for (int i = 0; i < 100; ++i) runtime.Send(receiver, token);
  EXPECT_EQ(token.use_count(), 1 + 20);
  runtime.RunUntilIdle();
  EXPECT_EQ(token.use_count(), 1 + 10);
  EXPECT_EQ(runtime.Info(receiver)->dropped_messages, 190U);
}

// What the destructor of a dropped message sends isn't sent by the receiver, which isn't held for it.
HYDRA_TEST(DropOldestTest, DestructorOfWhatIsDroppedHoldsNobody) {
  const Pid reader = co_await SpawnReader(1, Overflow::kHoldSender);
  Send(reader, 0);
  const Pid receiver = *SpawnWith(Limited(1, Overflow::kDropOldest), [to = Self()]() -> Async<> {
    TrapExit(true);
    for (;;) {
      Send(to, Ready());
      co_await Receive<ExitSignal>();
    }
  });
  co_await AssertReceive<Ready>();
  Send(receiver, std::shared_ptr<void>(nullptr, [reader](void*) { Send(reader, 1); }));
  Exit(receiver, ExitReason::Custom("it is in the mailbox"));
  co_await AssertReceive<Ready>();
  Send(receiver, 1);
  Exit(receiver, ExitReason::Custom("it is dropped"));
  co_await AssertReceive<Ready>();
  Exit(receiver, ExitReason::Custom("go on"));
  co_await AssertReceive<Ready>();
  EXPECT_THAT(co_await ReadAllBy(reader), ElementsAre(0, 1));
}

TEST(DropTest, IsLoggedWheneverTheNumberHasDoubled) {
  for (const Overflow on_overflow : {Overflow::kDropNewest, Overflow::kDropOldest}) {
    ScopedLogCapture log;
    ManualRuntime runtime;
    runtime.Run([on_overflow]() -> Async<> {
      const Pid reader = co_await SpawnReader(1, on_overflow);
      for (int i = 0; i < 10; ++i) Send(reader, i);
      co_await Info(reader);
    });
    EXPECT_EQ(log.entries().size(), 4U);
    EXPECT_TRUE(log.Contains("is full: 8 message(s) dropped so far"));
  }
}

HYDRA_TEST(DropTest, DroppedRequestFails) {
  for (const Overflow on_overflow : {Overflow::kDropNewest, Overflow::kDropOldest}) {
    const Pid server = *SpawnWith(Limited(1, on_overflow), WaitForEver);
    const auto ask = [server, to = Self()]() -> Async<> {
      Send(to, (co_await Request(server, Question()).Within(absl::Hours(1))).status());
    };
    Spawn(ask);
    Spawn(ask);
    const absl::Status status = co_await AssertReceive<absl::Status>();
    EXPECT_THAT(status, StatusIs(StatusCode::kResourceExhausted));
    EXPECT_TRUE(IsCallFailure(status));
    co_await RefuteReceive<absl::Status>();
    Exit(server, ExitReason::Kill());
    EXPECT_THAT(co_await AssertReceive<absl::Status>(), StatusIs(StatusCode::kUnavailable));
  }
}

// What doesn't count reaches a full mailbox, and leaves no room when it is received.
HYDRA_TEST(DropTest, OnlyUserMessagesCount) {
  const Pid self = Self();
  const Pid other = Spawn(WaitForEver);
  const Pid receiver = *SpawnWith(Limited(1, Overflow::kDropNewest), [self, other]() -> Async<> {
    TrapExit(true);
    Link(other);
    Monitor(other);
    const Ref alias = MakeAlias();
    SendAfter(absl::Milliseconds(1), Self(), std::string("timer"));
    Send(self, alias);
    co_await Receive<ExitSignal>();
    co_await Receive<Down>();
    EXPECT_EQ(co_await Receive<std::string>(), "alias");
    EXPECT_EQ(co_await Receive<std::string>(), "timer");
    Send(self, co_await Request(self, Question()));
    EXPECT_EQ(co_await Receive<int>(), 1);
    Send(self, Done());
    co_await Receive<Done>();
  });
  const Ref alias = co_await AssertReceive<Ref>();
  Send(receiver, 1);
  Send(receiver, 2);  // dropped
  Exit(other, ExitReason::Custom("over"));
  Send(alias, std::string("alias"));
  (co_await Receive<Asked<Question>>()).reply_to.Send(42);
  EXPECT_EQ(*(co_await AssertReceive<absl::StatusOr<int>>()), 42);
  co_await AssertReceive<Done>();
  EXPECT_EQ((co_await Info(receiver))->dropped_messages, 1U);
}

// ---- Ending the receiver.

HYDRA_TEST(ExitReceiverTest, ReceiverEndsThoughItTrapsExits) {
  const Pid reader = co_await SpawnReader(2, Overflow::kExitReceiver);
  const Ref ref = Monitor(reader);
  for (int i = 0; i < 5; ++i) Send(reader, i);
  const Down down = co_await AssertReceive<Down>();
  EXPECT_EQ(down.ref, ref);
  EXPECT_EQ(down.reason,
            ExitReason::Error("hydra::MailboxOverflow", "more than 2 messages were waiting"));
}

// One is enough.
HYDRA_TEST(ExitReceiverTest, MessageThatIsTooMuchIsDropped) {
  const Pid server = *SpawnWith(Limited(1, Overflow::kExitReceiver), WaitForEver);
  Monitor(server);
  Send(server, 1);
  EXPECT_THAT(co_await Request(server, Question()), StatusIs(StatusCode::kResourceExhausted));
  EXPECT_EQ((co_await AssertReceive<Down>()).reason.kind(), ExitReason::Kind::kError);
}

HYDRA_TEST(ExitReceiverTest, FirstReasonWins) {
  const Pid reader = co_await SpawnReader(1, Overflow::kExitReceiver);
  Monitor(reader);
  Exit(reader, ExitReason::Kill());
  for (int i = 0; i < 5; ++i) Send(reader, i);
  EXPECT_EQ((co_await AssertReceive<Down>()).reason, ExitReason::Killed());
}

// ---- Holding the sender.

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

HYDRA_TEST(HoldSenderTest, WhoIsHeldHoldsNobodyMeanwhile) {
  const Pid reader = co_await SpawnReader(1, Overflow::kHoldSender);
  const auto body = [reader, to = Self()]() -> Async<> {
    TrapExit(true);
    Send(to, Ready());
    co_await Receive<ExitSignal>();
    for (int i = 0; i < 2; ++i) Send(reader, i);
    co_await Yield();
    Send(to, Ready());
    co_await WaitForEver();
  };
  const Pid full = *SpawnWith(Limited(1, Overflow::kHoldSender), body);
  co_await AssertReceive<Ready>();
  Spawn(Sender, full, 3, Self());
  co_await RefuteReceive<Done>();
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
  const auto body = [to = Self()]() -> Async<> {
    TrapExit(true);
    Send(to, Ready());
    co_await Receive<ExitSignal>();
    Send(Self(), 1);
    co_await Yield();
    Send(to, Ready());
    co_await WaitForEver();
  };
  const Pid full = *SpawnWith(Limited(1, Overflow::kHoldSender), body);
  co_await AssertReceive<Ready>();
  Spawn(Sender, full, 3, Self());
  co_await RefuteReceive<Done>();
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

// ---- Like any other process.

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

// ---- On threads.

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

// Each message is received, dropped or waits, and they keep their order.
TEST(DropRaceTest, NoMessageIsLostUncounted) {
  const int64_t rounds = Rounds(10'000);
  for (const Overflow on_overflow : {Overflow::kDropNewest, Overflow::kDropOldest}) {
    TestOnThreads([rounds, on_overflow]() -> Async<> {
      constexpr int kSent = 50;
      for (int64_t i = 0; i < rounds; ++i) {
        const Pid receiver = *SpawnWith(Limited(1, on_overflow), [to = Self()]() -> Async<> {
          TrapExit(true);
          Send(to, Ready());
          std::array<int, 2> last = {-1, -1};
          uint64_t received = 0;
          for (bool last_has_come = false; !last_has_come;) {
            const Message message = co_await ReceiveAny();
            last_has_come = message.Is<ExitSignal>();
            const auto* sent = message.Get<std::pair<int, int>>();
            if (sent == nullptr) continue;
            ++received;
            CO_ASSERT_GT(sent->second, std::exchange(last[sent->first], sent->second));
          }
          const std::optional<ProcessInfo> info = co_await Info(Self());
          Send(to, received + info->dropped_messages + info->message_queue_length);
        });
        co_await Receive<Ready>();
        std::vector<MonitoredProcess> senders;
        for (int sender = 0; sender < 2; ++sender) {
          senders.push_back(SpawnMonitor([receiver, sender]() -> Async<> {
            for (int j = 0; j < kSent; ++j) Send(receiver, std::pair(sender, j));
            co_return;
          }));
        }
        for (const MonitoredProcess& sender : senders) co_await Receive<Down>().For(sender.ref);
        Exit(receiver, ExitReason::Custom("that was all"));
        CO_ASSERT_EQ(co_await Receive<uint64_t>(), 2U * kSent);
      }
    });
  }
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
}  // namespace hydra
