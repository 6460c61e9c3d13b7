// Messages to a full mailbox that are dropped, and what counts in one.
#include <array>
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
#include "hydra/process/overflow.h"
#include "hydra/process/overflow_testing.h"
#include "hydra/process/pid.h"
#include "hydra/process/process_info.h"
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

}  // namespace
}  // namespace hydra::process_testing
