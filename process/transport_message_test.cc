// Messages to processes of other nodes.
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "hydra/base/log_testing.h"
#include "hydra/base/status_testing.h"
#include "hydra/process/process.h"
#include "hydra/process/testing/assert_receive.h"
#include "hydra/process/transport_testing.h"

namespace hydra::process_testing {
namespace {

using absl::StatusCode;
using testing::HasSubstr;

using TransportMessageTest = TwoNodes;

struct NobodyReceivesThis {
  static constexpr std::string_view kWireName = "test.NobodyReceivesThis";
  int number = 0;
};
struct LocalOnly {
  std::unique_ptr<int> value;
};

TEST_F(TransportMessageTest, MessagesCarryPidsThatCanBeAnswered) {
  const Pid server = OnB(Server);
  Run([server]() -> Async<> {
    Send(server, Hello{Self(), 1});
    const Hello hello = co_await AssertReceive<Hello>();
    EXPECT_EQ(hello.from, server);
    EXPECT_EQ(hello.number, 2);
  });
}

// NAM6, NAM7
TEST_F(TransportMessageTest, NamesOfOtherNodesAreLookedUpThere) {
  ASSERT_OK(b_->Register(OnB(Server), "server"));
  Run([]() -> Async<> {
    EXPECT_TRUE(Send({"server", kB}, Hello{Self(), 1}));
    EXPECT_EQ((co_await AssertReceive<Hello>()).number, 2);
    EXPECT_TRUE(Send({"nobody", kB}, Hello{Self(), 1}));
    EXPECT_FALSE(Send("server", Stop()));
    EXPECT_FALSE(Send({"server", kA}, Stop()));
    EXPECT_TRUE(Send({"server", "nowhere@test"}, Stop()));
  });
}

// SIG2, SIG3
TEST_F(TransportMessageTest, AllWaysToAProcessKeepOneOrder) {
  std::vector<int> numbers;
  const Pid receiver = OnB([&numbers]() -> Async<> {
    EXPECT_OK(Register(Self(), "receiver"));
    const Hello hello = co_await Receive<Hello>();
    Send(hello.from, MakeAlias());
    while (true) numbers.push_back((co_await Receive<Hello>()).number);
  });
  Run([receiver]() -> Async<> {
    Send(receiver, Hello{Self()});
    const Ref alias = co_await Receive<Ref>();
    for (int i = 0; i < 30; i += 3) {
      Send(receiver, Hello{Self(), i});
      Send({"receiver", kB}, Hello{Self(), i + 1});
      Send(alias, Hello{Self(), i + 2});
    }
  });
  RunUntilIdle();
  ASSERT_EQ(numbers.size(), 30U);
  for (int i = 0; i < 30; ++i) EXPECT_EQ(numbers[i], i);
}

// TMR1, TMR2
TEST_F(TransportMessageTest, TimersReachOtherNodes) {
  std::vector<int> numbers;
  const Pid receiver = OnB([&numbers]() -> Async<> {
    const Hello hello = co_await Receive<Hello>();
    Send(hello.from, MakeAlias());
    while (true) numbers.push_back((co_await Receive<Hello>()).number);
  });
  ASSERT_OK(b_->Register(receiver, "receiver"));
  Run([receiver]() -> Async<> {
    Send(receiver, Hello{Self()});
    const Ref alias = co_await Receive<Ref>();
    SendAfter(absl::Milliseconds(1), receiver, Hello{Self(), 1});
    SendAfter(absl::Milliseconds(2), Dest("receiver", kB), Hello{Self(), 2});
    SendAfter(absl::Milliseconds(3), alias, Hello{Self(), 3});
    const TimerRef cancelled = SendAfter(absl::Milliseconds(4), receiver, Hello{Self(), 4});
    EXPECT_EQ(ReadTimer(cancelled), absl::Milliseconds(4));
    EXPECT_TRUE(CancelTimer(cancelled).has_value());
    const TimerRef ticks = SendInterval(absl::Milliseconds(5), receiver, Hello{Self(), 5});
    co_await Sleep(absl::Milliseconds(11));
    EXPECT_TRUE(CancelTimer(ticks).has_value());
    co_await Sleep(absl::Milliseconds(11));
  });
  RunUntilIdle();
  EXPECT_THAT(numbers, testing::ElementsAre(1, 2, 3, 5, 5));
}

TEST_F(TransportMessageTest, MessageOfALocalTypeEndsItsSender) {
  const Pid receiver = OnB(WaitForStop);
  Run([receiver]() -> Async<> {
    SpawnMonitor([receiver]() -> Async<> {
      Send(receiver, LocalOnly());
      co_await Yield();
    });
    const Down down = co_await AssertReceive<Down>();
    EXPECT_THAT(down.reason.ToString(), HasSubstr("LocalOnly can't be sent to another node"));
    EXPECT_TRUE(co_await IsAlive(receiver));
  });
  ScopedLogCapture log;
  a_->Send(receiver, LocalOnly());
  EXPECT_TRUE(log.Contains("LocalOnly can't be sent to another node"));
}

TEST_F(TransportMessageTest, MessageThatCannotBeWrittenEndsItsSender) {
  const Pid receiver = OnB(WaitForStop);
  Run([receiver]() -> Async<> {
    SpawnMonitor([receiver]() -> Async<> {
      Send(receiver, Unwritable());
      co_await Yield();
    });
    const Down down = co_await AssertReceive<Down>();
    EXPECT_THAT(down.reason.ToString(), HasSubstr("can't be sent to another node"));
    EXPECT_THAT(down.reason.ToString(), HasSubstr("unwritable"));
  });
}

// A message of a local type to an alias on another node: as MessageOfALocalTypeEndsItsSender.
TEST_F(TransportMessageTest, MessageOfALocalTypeToAnAliasEndsItsSender) {
  std::optional<Ref> alias;
  const Pid receiver = OnB([&alias]() -> Async<> {
    alias = MakeAlias();
    co_await WaitForStop();
  });
  RunUntilIdle();
  Run([&alias, receiver]() -> Async<> {
    SpawnMonitor([&alias]() -> Async<> {
      Send(*alias, LocalOnly());
      co_await Yield();
    });
    const Down down = co_await AssertReceive<Down>();
    EXPECT_THAT(down.reason.ToString(), HasSubstr("LocalOnly can't be sent to another node"));
    EXPECT_TRUE(co_await IsAlive(receiver));
  });
  ScopedLogCapture log;
  a_->Send(*alias, LocalOnly());
  EXPECT_TRUE(log.Contains("LocalOnly can't be sent to another node"));
}

// RCV8
TEST_F(TransportMessageTest, WhatNothingReceivesStaysAsItCame) {
  std::optional<Encoded> encoded;
  const Pid receiver = OnB([&encoded]() -> Async<> {
    const Message message = co_await ReceiveAny();
    if (const Encoded* value = message.Get<Encoded>()) encoded = *value;
  });
  Run([receiver]() -> Async<> {
    Send(receiver, NobodyReceivesThis{7});
    co_return;
  });
  RunUntilIdle();
  ASSERT_TRUE(encoded.has_value());
  EXPECT_EQ(encoded->type, "test.NobodyReceivesThis");
}

// RCV9
TEST_F(TransportMessageTest, GarbageIsReportedAndDropped) {
  const Pid server = OnB(Server);
  network_.SetFilter([](Envelope& envelope) {
    if (envelope.value.type == "test.Hello") envelope.value.bytes = "garbage";
    return true;
  });
  const ScopedLogCapture log;
  Run([server]() -> Async<> {
    Send(server, Hello{Self(), 1});
    EXPECT_EQ(*co_await Request(server, Double{21}), 42) << "it goes on";
  });
  EXPECT_TRUE(log.Contains("can't be read"));
}

TEST_F(TransportMessageTest, MessagesFromOtherNodesCountInALimitedMailbox) {
  Pid receiver;
  OnB([&receiver]() -> Async<> {
    const SpawnOptions options = {.mailbox_limit = 2, .on_overflow = Overflow::kHoldSender};
    receiver = *SpawnWith(options, WaitForStop);
    co_return;
  });
  RunUntilIdle();
  Run([receiver]() -> Async<> {
    for (int i = 0; i < 5; ++i) Send(receiver, Hello{Self(), i});
    EXPECT_THAT(co_await Request(receiver, Double{1}), StatusIs(StatusCode::kResourceExhausted));
    const std::optional<ProcessInfo> info = co_await Info(receiver);
    EXPECT_EQ(info->message_queue_length, 2U);
    EXPECT_EQ(info->dropped_messages, 4U);
  });
}

TEST_F(TransportMessageTest, MessageThatIsReceivedLeavesItsRoom) {
  Pid receiver;
  OnB([&receiver]() -> Async<> {
    const SpawnOptions options = {.mailbox_limit = 2};
    receiver = *SpawnWith(options, []() -> Async<> {
      TrapExit(true);
      for (;;) {
        co_await Receive<ExitSignal>();
        const Hello hello = co_await Receive<Hello>();
        Send(hello.from, hello);
      }
    });
    co_return;
  });
  RunUntilIdle();
  Run([receiver]() -> Async<> {
    for (int i = 0; i < 3; ++i) Send(receiver, Hello{Self(), i});
    Exit(receiver, ExitReason::Custom("receive one"));
    EXPECT_EQ((co_await AssertReceive<Hello>()).number, 0);
    Send(receiver, Hello{Self(), 3});
    const std::optional<ProcessInfo> info = co_await Info(receiver);
    EXPECT_EQ(info->message_queue_length, 2U);
    EXPECT_EQ(info->dropped_messages, 1U);
  });
}

}  // namespace
}  // namespace hydra::process_testing
