// What processes of different nodes do with each other, over a network that the test delays and cuts.
#include "hydra/process/transport.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "hydra/base/log_testing.h"
#include "hydra/base/status_testing.h"
#include "hydra/process/process.h"
#include "hydra/process/testing/assert_receive.h"
#include "hydra/process/testing/fake_network.h"
#include "hydra/process/testing/manual_runtime.h"

namespace hydra {
namespace {

using absl::StatusCode;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr char kA[] = "a@test";
constexpr char kB[] = "b@test";

struct Hello {
  static constexpr std::string_view kWireName = "test.Hello";
  Pid from;
  int number = 0;
};
struct Stop {
  static constexpr std::string_view kWireName = "test.Stop";
};
struct Double {
  using Reply = int;
  static constexpr std::string_view kWireName = "test.Double";
  int number = 0;
};
// Requests of this type nobody receives.
struct Unknown {
  using Reply = int;
  static constexpr std::string_view kWireName = "test.Unknown";
};
struct NobodyReceivesThis {
  static constexpr std::string_view kWireName = "test.NobodyReceivesThis";
  int number = 0;
};
struct LocalOnly {
  std::unique_ptr<int> value;
};
struct LocalQuestion {
  using Reply = int;
  std::unique_ptr<int> value;
};

Async<> WaitForStop() { co_await Receive<Stop>(); }

// Two nodes by hand. Nothing moves but what the test moves, and `Run`.
class TransportTest : public testing::Test {
 protected:
  TransportTest() {
    network_.Add(*a_, {kA, 1});
    network_.Add(*b_, {kB, 1});
  }

  // Spawns a process on `b`, and returns its pid.
  template <typename... Args>
  Pid OnB(Args&&... args) {
    return b_->Spawn(std::forward<Args>(args)...);
  }

  // Runs a process on `a` to its end, and all else meanwhile.
  void Run(const std::function<Async<>()>& body) {
    bool ended = false;
    a_->Spawn([&]() -> Async<> {
      co_await body();
      ended = true;
    });
    while (!ended && Step()) continue;
    EXPECT_TRUE(ended) << "it waits, and nothing is going to happen";
  }

  // Until nothing happens any more, but for timers.
  void RunUntilIdle() {
    while (a_->RunUntilIdle() + b_->RunUntilIdle() > 0 || network_.Deliver() > 0) continue;
  }

  // Starts `b` anew; its processes are gone.
  void RestartB() {
    network_.Cut(kA, kB);
    b_ = std::make_unique<ManualRuntime>();
    network_.Add(*b_, {kB, ++creation_});
  }

  FakeNetwork network_;
  std::unique_ptr<ManualRuntime> a_ = std::make_unique<ManualRuntime>();
  std::unique_ptr<ManualRuntime> b_ = std::make_unique<ManualRuntime>();

 private:
  bool Step() {
    if (a_->RunOne() || b_->RunOne() || network_.Deliver() > 0) return true;
    return a_->AdvanceToNextTimer() || b_->AdvanceToNextTimer();
  }

  uint64_t creation_ = 1;
};

// Answers Hellos and Doubles until a Stop.
Async<> Server() {
  bool stopped = false;
  while (!stopped) {
    co_await Receive([](const Hello& hello) { Send(hello.from, Hello{Self(), hello.number + 1}); },
                     [](Asked<Double> asked) { asked.reply_to.Send(2 * asked.request.number); },
                     [&stopped](const Stop&) { stopped = true; });
  }
}

// ---- Messages.

TEST_F(TransportTest, MessagesCarryPidsThatCanBeAnswered) {
  const Pid server = OnB(Server);
  Run([server]() -> Async<> {
    Send(server, Hello{Self(), 1});
    const Hello hello = co_await AssertReceive<Hello>();
    EXPECT_EQ(hello.from, server);
    EXPECT_EQ(hello.number, 2);
  });
}

// NAM6, NAM7
TEST_F(TransportTest, NamesOfOtherNodesAreLookedUpThere) {
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
TEST_F(TransportTest, AllWaysToAProcessKeepOneOrder) {
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

TEST_F(TransportTest, MessageOfALocalTypeEndsItsSender) {
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

// RCV8
TEST_F(TransportTest, WhatNothingReceivesStaysAsItCame) {
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
TEST_F(TransportTest, GarbageIsReportedAndDropped) {
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

TEST_F(TransportTest, MessagesFromOtherNodesCountInALimitedMailbox) {
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

// ---- Links and exits.

// LNK1, 2.1
TEST_F(TransportTest, EndOfEitherEndsTheOther) {
  const Pid b = OnB(WaitForStop);
  Run([b]() -> Async<> {
    TrapExit(true);
    Link(b);
    Exit(b, ExitReason::Kill());
    const ExitSignal exit = co_await AssertReceive<ExitSignal>();
    EXPECT_EQ(exit.from, b);
    EXPECT_EQ(exit.reason, ExitReason::Killed());
  });
  const Pid other = OnB(WaitForStop);
  Run([other]() -> Async<> {
    Spawn([other]() -> Async<> {
      Link(other);
      co_await IsAlive(other);
      ExitSelf(ExitReason::Custom("over"));
    });
    while (co_await IsAlive(other)) continue;
  });
}

// LNK2, LNK3
TEST_F(TransportTest, UnlinkEndsItForBoth) {
  const Pid b = OnB(WaitForStop);
  Run([b]() -> Async<> {
    Link(b);
    EXPECT_THAT((co_await Info(b))->links, ElementsAre(Self()));
    Unlink(b);
    EXPECT_THAT((co_await Info(b))->links, IsEmpty());
    Link(b);
    EXPECT_THAT((co_await Info(b))->links, ElementsAre(Self()));
    Unlink(b);
    Exit(b, ExitReason::Kill());
    EXPECT_FALSE(co_await IsAlive(b));
  });
}

// LNK6, SIG8
TEST_F(TransportTest, LinkToTheDeadIsNoProc) {
  const Pid b = OnB(WaitForStop);
  Run([b]() -> Async<> {
    TrapExit(true);
    Exit(b, ExitReason::Kill());
    EXPECT_FALSE(co_await IsAlive(b));
    Link(b);
    EXPECT_EQ((co_await AssertReceive<ExitSignal>()).reason, ExitReason::NoProc());
  });
}

// LNK8
TEST_F(TransportTest, LossEndsLinksOnBothSidesOnce) {
  std::vector<ExitSignal> exits;
  const Pid trapping = OnB([&exits]() -> Async<> {
    TrapExit(true);
    while (true) exits.push_back(co_await Receive<ExitSignal>());
  });
  const Pid other = OnB(WaitForStop);
  Run([this, trapping, other]() -> Async<> {
    TrapExit(true);
    Link(trapping);
    Link(other);
    co_await Info(other);
    network_.Cut(kA, kB);
    std::vector<Pid> from;
    for (int i = 0; i < 2; ++i) {
      const ExitSignal exit = co_await AssertReceive<ExitSignal>();
      EXPECT_EQ(exit.reason, ExitReason::NoConnection());
      from.push_back(exit.from);
    }
    EXPECT_THAT(from, testing::UnorderedElementsAre(trapping, other));
    EXPECT_TRUE(co_await IsAlive(trapping));
    EXPECT_FALSE(co_await IsAlive(other));
    EXPECT_THAT((co_await Info(trapping))->links, IsEmpty());
    Exit(trapping, ExitReason::Kill());
    EXPECT_FALSE(co_await IsAlive(trapping));
    co_await RefuteReceive<ExitSignal>();
  });
  ASSERT_EQ(exits.size(), 1U);
  EXPECT_EQ(exits[0].reason, ExitReason::NoConnection());
}

// LNK4: an unlink whose acknowledgement was lost with the connection.
TEST_F(TransportTest, LinkAfterALossIsANewOne) {
  const Pid b = OnB(WaitForStop);
  Run([this, b]() -> Async<> {
    TrapExit(true);
    Link(b);
    co_await Info(b);
    Unlink(b);
    network_.Cut(kA, kB);
    co_await Yield();
    const Pid next = OnB(Server);
    EXPECT_OK(co_await Request(next, Double{1}));
    Link(next);
    Exit(next, ExitReason::Kill());
    EXPECT_EQ((co_await AssertReceive<ExitSignal>()).from, next);
    Link(b);
    EXPECT_EQ((co_await AssertReceive<ExitSignal>()).reason, ExitReason::NoProc());
  });
}

// ---- Monitors.

// MON1, MON2, MON12
TEST_F(TransportTest, DownTellsWhyTheProcessEnded) {
  const Pid b = OnB(WaitForStop);
  Run([b]() -> Async<> {
    const Ref ref = Monitor(b, {.tag = 7});
    EXPECT_THAT((co_await Info(b))->monitored_by, ElementsAre(Self()));
    Send(b, Stop());
    const Down down = co_await AssertReceive<Down>();
    EXPECT_EQ(down.ref, ref);
    EXPECT_EQ(down.pid, b);
    EXPECT_EQ(down.tag, 7);
    EXPECT_EQ(down.reason, ExitReason::Normal());
  });
}

// MON2, MON3, MON4
TEST_F(TransportTest, NameIsMonitoredWhereItIs) {
  const Pid b = OnB(WaitForStop);
  ASSERT_OK(b_->Register(b, "name"));
  Run([this, b]() -> Async<> {
    const ProcessName name("name", kB);
    const Ref ref = Monitor(name);
    co_await Info(b);
    EXPECT_OK(b_->Unregister("name"));
    EXPECT_OK(b_->Register(OnB(WaitForStop), "name"));
    Exit(b, ExitReason::Kill());
    const Down down = co_await AssertReceive<Down>();
    EXPECT_EQ(down.ref, ref);
    EXPECT_EQ(down.name, name);
    EXPECT_EQ(down.pid, b);
    EXPECT_EQ(down.reason, ExitReason::Killed());
    Monitor(ProcessName("nobody", kB));
    EXPECT_EQ((co_await AssertReceive<Down>()).reason, ExitReason::NoProc());
  });
}

// MON6, MON7
TEST_F(TransportTest, DemonitorReachesWhomTheNameNamed) {
  const Pid b = OnB(WaitForStop);
  ASSERT_OK(b_->Register(b, "name"));
  Run([this, b]() -> Async<> {
    const Ref by_pid = Monitor(b);
    const Ref by_name = Monitor(ProcessName("name", kB));
    EXPECT_EQ((co_await Info(b))->monitored_by.size(), 2U);
    EXPECT_OK(b_->Unregister("name"));
    EXPECT_TRUE(Demonitor(by_pid));
    EXPECT_TRUE(Demonitor(by_name));
    EXPECT_THAT((co_await Info(b))->monitored_by, IsEmpty());
    Spawn([b]() -> Async<> {
      Monitor(b);
      co_await Info(b);
    });
    for (int i = 0; i < 10; ++i) co_await Info(b);
    EXPECT_THAT((co_await Info(b))->monitored_by, IsEmpty()) << "its monitor has ended";
  });
}

// MON3, MON10
TEST_F(TransportTest, LossGivesEachMonitorOneDown) {
  const Pid b = OnB(WaitForStop);
  ASSERT_OK(b_->Register(b, "name"));
  Run([this, b]() -> Async<> {
    Monitor(b);
    Monitor(ProcessName("name", kB));
    co_await Info(b);
    network_.Cut(kA, kB);
    for (int i = 0; i < 2; ++i)
      EXPECT_EQ((co_await AssertReceive<Down>()).reason, ExitReason::NoConnection());
    EXPECT_TRUE(co_await IsAlive(b)) << "it was only out of sight";
    EXPECT_THAT((co_await Info(b))->monitored_by, IsEmpty());
    Exit(b, ExitReason::Kill());
    EXPECT_FALSE(co_await IsAlive(b));
    co_await RefuteReceive<Down>();
  });
}

// MON3
TEST_F(TransportTest, NodeThatCannotBeReachedIsNoConnection) {
  const Pid b = OnB(WaitForStop);
  network_.KeepApart(kA, kB, true);
  Run([b]() -> Async<> {
    TrapExit(true);
    Monitor(b);
    Monitor(ProcessName("name", kB));
    for (int i = 0; i < 2; ++i)
      EXPECT_EQ((co_await AssertReceive<Down>()).reason, ExitReason::NoConnection());
    Link(b);
    EXPECT_EQ((co_await AssertReceive<ExitSignal>()).reason, ExitReason::NoConnection());
    const absl::StatusOr<int> answer = co_await Request(b, Double{1});
    EXPECT_THAT(answer, StatusIs(StatusCode::kUnavailable));
    EXPECT_EQ(ExitReasonOf(answer.status()), ExitReason::NoConnection());
    EXPECT_FALSE(co_await IsAlive(b));
    EXPECT_EQ(co_await Info(b), std::nullopt);
  });
}

// MON3: so it is for a runtime that is no node.
TEST(NoNodeTest, OtherNodesCannotBeReached) {
  ManualRuntime runtime;
  runtime.Run([]() -> Async<> {
    EXPECT_EQ(ThisNode(), "");
    Monitor(ProcessName("name", kB));
    EXPECT_EQ((co_await AssertReceive<Down>()).reason, ExitReason::NoConnection());
    EXPECT_TRUE(Send({"name", kB}, Stop()));
    EXPECT_THAT(co_await Request({"name", kB}, Double{1}), StatusIs(StatusCode::kUnavailable));
  });
}

// MON9
TEST_F(TransportTest, ProcessOfAFormerLifeIsNobody) {
  const Pid b = OnB(WaitForStop);
  Run([b]() -> Async<> { EXPECT_TRUE(co_await IsAlive(b)); });
  RestartB();
  const Pid successor = OnB(WaitForStop);
  EXPECT_NE(b, successor);
  Run([b]() -> Async<> {
    TrapExit(true);
    Monitor(b);
    EXPECT_EQ((co_await AssertReceive<Down>()).reason, ExitReason::NoProc());
    Link(b);
    EXPECT_EQ((co_await AssertReceive<ExitSignal>()).reason, ExitReason::NoProc());
    Send(b, Stop());
    EXPECT_THAT(co_await Request(b, Double{1}), StatusIs(StatusCode::kNotFound));
  });
  RunUntilIdle();
  EXPECT_TRUE(b_->IsAlive(successor));
}

// ---- Aliases.

// ALI4, ALI5
TEST_F(TransportTest, LossEndsTheAliasOfAMonitor) {
  Ref alias;
  const Pid server = OnB([&alias]() -> Async<> {
    alias = co_await Receive<Ref>();
    co_await Receive<Stop>();
    Send(alias, Stop());
    co_await WaitForStop();
  });
  Run([this, server]() -> Async<> {
    Send(server, Monitor(server, {.alias = MonitorAlias::kUntilReply}));
    co_await Info(server);
    network_.Cut(kA, kB);
    EXPECT_EQ((co_await AssertReceive<Down>()).reason, ExitReason::NoConnection());
    Send(server, Stop());
    co_await RefuteReceive<Stop>();
  });
}

// ALI4
TEST_F(TransportTest, ReplyEndsTheMonitor) {
  const Pid server = OnB([]() -> Async<> {
    const Ref alias = co_await Receive<Ref>();
    Send(alias, Stop());
    Send(alias, Stop());
  });
  Run([server]() -> Async<> {
    Send(server, Monitor(server, {.alias = MonitorAlias::kUntilReply}));
    co_await AssertReceive<Stop>();
    co_await RefuteReceive<Stop>();
    co_await RefuteReceive<Down>();
  });
}

// ---- Requests.

TEST_F(TransportTest, RequestsAreAnswered) {
  const Pid server = OnB(Server);
  ASSERT_OK(b_->Register(server, "server"));
  Run([server]() -> Async<> {
    EXPECT_EQ(*co_await Request(server, Double{21}), 42);
    EXPECT_EQ(*co_await Request({"server", kB}, Double{4}), 8);
    EXPECT_THAT(co_await Request({"nobody", kB}, Double{4}), StatusIs(StatusCode::kNotFound));
    EXPECT_THAT(co_await Request(server, Unknown()), StatusIs(StatusCode::kUnimplemented));
    EXPECT_THAT(co_await Request(server, LocalQuestion()), StatusIs(StatusCode::kInvalidArgument));
    Send(server, Stop());
    while (co_await IsAlive(server)) continue;
    EXPECT_THAT(co_await Request(server, Double{1}), StatusIs(StatusCode::kNotFound));
  });
}

TEST_F(TransportTest, RequestToOneThatEndsFails) {
  const Pid server = OnB([]() -> Async<> {
    const auto asked = co_await Receive<Asked<Double>>();
    ExitSelf(ExitReason::Custom("over"));
  });
  const Pid dropping = OnB([]() -> Async<> {
    co_await Receive<Asked<Double>>();
    co_await WaitForStop();
  });
  Run([server, dropping]() -> Async<> {
    const absl::StatusOr<int> answer = co_await Request(server, Double{1});
    EXPECT_THAT(answer, StatusIs(StatusCode::kUnavailable));
    EXPECT_EQ(ExitReasonOf(answer.status()), ExitReason::Custom("over"));
    EXPECT_THAT(co_await Request(dropping, Double{1}), StatusIs(StatusCode::kUnavailable));
  });
}

TEST_F(TransportTest, RequestEndsByItsTimeoutAndByALoss) {
  const Pid silent = OnB(WaitForStop);
  Run([this, silent]() -> Async<> {
    EXPECT_THAT(co_await Request(silent, Double{1}).Within(absl::Seconds(1)),
                StatusIs(StatusCode::kDeadlineExceeded));
    Spawn([this, silent]() -> Async<> {
      co_await Info(silent);
      network_.Cut(kA, kB);
    });
    EXPECT_THAT(co_await Request(silent, Double{1}).Within(absl::InfiniteDuration()),
                StatusIs(StatusCode::kUnavailable));
  });
}

TEST_F(TransportTest, AnswerThatCannotBeReadIsAFailure) {
  const Pid server = OnB(Server);
  network_.SetFilter([](Envelope& envelope) {
    if (envelope.kind == Envelope::Kind::kReply) envelope.value.bytes += "!";
    return true;
  });
  Run([server]() -> Async<> {
    EXPECT_THAT(co_await Request(server, Double{1}), StatusIs(StatusCode::kDataLoss));
    EXPECT_EQ(co_await Info(server), std::nullopt);
  });
}

TEST_F(TransportTest, RequestThatCannotBeReadIsAnswered) {
  const Pid server = OnB(Server);
  network_.SetFilter([](Envelope& envelope) {
    if (envelope.kind == Envelope::Kind::kRequest) envelope.value.bytes += "!";
    return true;
  });
  Run([server]() -> Async<> {
    EXPECT_THAT(co_await Request(server, Double{1}), StatusIs(StatusCode::kUnimplemented));
  });
}

// ---- Nodes.

TEST_F(TransportTest, SubscribersHearOfNodesAfterAllElse) {
  const Pid b = OnB(WaitForStop);
  std::vector<std::string> heard;
  Run([this, b, &heard]() -> Async<> {
    EXPECT_EQ(ThisNode(), kA);
    EXPECT_THAT(Nodes(), IsEmpty());
    MonitorNodes(true);
    TrapExit(true);
    Link(b);
    Monitor(b);
    EXPECT_EQ((co_await AssertReceive<NodeUp>()).node, kB);
    EXPECT_THAT(Nodes(), ElementsAre(kB));
    co_await Info(b);
    network_.Cut(kA, kB);
    for (int i = 0; i < 3; ++i) {
      const Message message = co_await ReceiveAny();
      heard.push_back(message.Is<ExitSignal>() ? "exit" : message.Is<Down>() ? "down" : "node");
    }
    EXPECT_EQ(heard[2], "node");
    EXPECT_THAT(Nodes(), IsEmpty());
    MonitorNodes(false);
    network_.Connect(kA, kB);
    co_await RefuteReceive<NodeUp>();
  });
}

TEST_F(TransportTest, PortOutlivesItsRuntime) {
  auto runtime = std::make_unique<ManualRuntime>();
  class Nowhere final : public Transport {
    void Send(const NodeId&, Envelope) override {}
  };
  const Port port = runtime->Join({"c@test", 1}, std::make_shared<Nowhere>());
  runtime.reset();
  port.NodeUp({kA, 1});
  port.Deliver({kA, 1}, Envelope());
  port.NodeDown({kA, 1});
}

}  // namespace
}  // namespace hydra
