// What processes of different nodes do with each other, over a network that the test delays and cuts.
#include "hydra/process/transport.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
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
using testing::UnorderedElementsAre;

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
// A value that can't be written.
struct Unwritable {
  static constexpr std::string_view kWireName = "test.Unwritable";
  void Encode(WireWriter&) const { throw std::runtime_error("unwritable"); }
  static std::optional<Unwritable> Decode(WireReader&) { return Unwritable(); }
};
struct GiveUnwritable {
  using Reply = Unwritable;
  static constexpr std::string_view kWireName = "test.GiveUnwritable";
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

TEST_F(TransportTest, MessageThatCannotBeWrittenEndsItsSender) {
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
TEST_F(TransportTest, MessageOfALocalTypeToAnAliasEndsItsSender) {
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

TEST_F(TransportTest, MessageThatIsReceivedLeavesItsRoom) {
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

// 2.1: only an explicit kill can't be trapped.
TEST_F(TransportTest, KillThatComesByALinkIsTrapped) {
  const Pid b = OnB([]() -> Async<> {
    co_await WaitForStop();
    ExitSelf(ExitReason::Kill());
  });
  Run([b]() -> Async<> {
    TrapExit(true);
    Link(b);
    Send(b, Stop());
    EXPECT_EQ((co_await AssertReceive<ExitSignal>()).reason, ExitReason::Kill());
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

// LNK4: by whom it had been linked to, once it has acknowledged the end.
TEST_F(TransportTest, OtherMayLinkAfterAnUnlink) {
  const Pid b = OnB([]() -> Async<> {
    const Hello hello = co_await Receive<Hello>();
    Link(hello.from);
    Send(hello.from, hello);
    co_await WaitForStop();
  });
  Run([b]() -> Async<> {
    TrapExit(true);
    Link(b);
    Unlink(b);
    co_await Info(b);
    Send(b, Hello{Self()});
    co_await AssertReceive<Hello>();
    EXPECT_THAT((co_await Info(Self()))->links, ElementsAre(b));
    Exit(b, ExitReason::Kill());
    EXPECT_EQ((co_await AssertReceive<ExitSignal>()).from, b);
  });
}

// LNK4: what acknowledges an earlier unlink doesn't acknowledge a later one.
TEST_F(TransportTest, OtherMayLinkBetweenTwoUnlinks) {
  const Pid b = OnB([]() -> Async<> {
    Link((co_await Receive<Hello>()).from);
    co_await WaitForStop();
  });
  const Pid a = a_->Spawn([b]() -> Async<> {
    Link(b);
    Unlink(b);
    Send(b, Hello{Self()});
    co_await Receive<Double>();
    Link(b);
    Unlink(b);
    co_await WaitForStop();
  });
  a_->RunUntilIdle();
  network_.Deliver();
  b_->RunUntilIdle();  // its acknowledgement and its link are on their way
  a_->Send(a, Double());
  a_->RunUntilIdle();
  RunUntilIdle();
  Run([a, b]() -> Async<> {
    EXPECT_THAT((co_await Info(a))->links, IsEmpty());
    EXPECT_THAT((co_await Info(b))->links, IsEmpty());
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
    EXPECT_THAT(from, UnorderedElementsAre(trapping, other));
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

// LNK8, MON3, MON10: what it has with a third node, and with its own, goes on.
TEST_F(TransportTest, LossEndsNothingWithOtherNodes) {
  constexpr char kC[] = "c@test";
  ManualRuntime c;
  network_.Add(c, {kC, 1});
  const Pid on_b = OnB(WaitForStop);
  const Pid on_c = c.Spawn(WaitForStop);
  ASSERT_OK(c.Register(on_c, "name"));
  Run([this, &c, kC, on_b, on_c]() -> Async<> {
    TrapExit(true);
    const Pid here = Spawn(WaitForStop);
    for (const Pid& pid : {on_b, on_c, here}) {
      Link(pid);
      Monitor(pid);
    }
    Monitor(ProcessName("name", kC));
    const Pid watcher = c.Spawn([self = Self()]() -> Async<> {
      Monitor(self);
      co_await WaitForStop();
    });
    c.RunUntilIdle();
    co_await Info(on_b);
    network_.Cut(kA, kB);
    EXPECT_EQ((co_await AssertReceive<ExitSignal>()).from, on_b);
    EXPECT_EQ((co_await AssertReceive<Down>()).pid, on_b);
    co_await RefuteReceive<ExitSignal>();
    co_await RefuteReceive<Down>();
    const std::optional<ProcessInfo> info = co_await Info(Self());
    EXPECT_THAT(info->links, UnorderedElementsAre(on_c, here));
    EXPECT_EQ(info->monitors.size(), 3U);
    EXPECT_THAT(info->monitored_by, ElementsAre(watcher));
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

TEST_F(TransportTest, PidOfANodeIsNobodysInARuntimeThatIsNone) {
  const Pid b = OnB(WaitForStop);
  ManualRuntime runtime;
  runtime.Run([b]() -> Async<> {
    Monitor(b);
    EXPECT_EQ((co_await AssertReceive<Down>()).reason, ExitReason::NoProc());
    EXPECT_FALSE(co_await IsAlive(b));
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

// MON9: noconnection where the node is lost before it has answered for its former life.
TEST_F(TransportTest, LossIsThatOfAllLivesOfANode) {
  const Pid former = OnB(WaitForStop);
  RestartB();
  const Pid b = OnB(WaitForStop);
  Run([this, former, b]() -> Async<> {
    TrapExit(true);
    Link(b);
    co_await Info(b);
    Monitor(former);
    network_.Cut(kA, kB);
    EXPECT_EQ((co_await AssertReceive<ExitSignal>()).from, b);
    const Down down = co_await AssertReceive<Down>();
    EXPECT_EQ(down.pid, former);
    EXPECT_EQ(down.reason, ExitReason::NoConnection());
  });
}

TEST_F(TransportTest, ProcessOfARuntimeThatIsNoNodeIsNobody) {
  ManualRuntime other;
  const Pid stranger = other.Spawn(WaitForStop);
  Run([stranger]() -> Async<> {
    Monitor(stranger);
    EXPECT_EQ((co_await AssertReceive<Down>()).reason, ExitReason::NoProc());
    EXPECT_THAT(co_await Request(stranger, Double{1}), StatusIs(StatusCode::kNotFound));
  });
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

// ALI4, MON7
TEST_F(TransportTest, ReplyEndsTheMonitor) {
  const Pid server = OnB([]() -> Async<> {
    const Ref alias = co_await Receive<Ref>();
    Send(alias, Stop());
    Send(alias, Stop());
    co_await WaitForStop();
  });
  Run([server]() -> Async<> {
    Send(server, Monitor(server, {.alias = MonitorAlias::kUntilReply}));
    co_await AssertReceive<Stop>();
    co_await RefuteReceive<Stop>();
    EXPECT_THAT((co_await Info(server))->monitored_by, IsEmpty());
    Send(server, Stop());
    co_await RefuteReceive<Down>();
  });
}

// ALI6
TEST_F(TransportTest, AliasOfAFormerLifeIsNobodys) {
  Ref alias;
  const auto wait_with_alias = [&alias]() -> Async<> {
    alias = MakeAlias();
    co_await WaitForStop();
  };
  OnB(wait_with_alias);
  RunUntilIdle();
  const Ref former = alias;
  RestartB();
  const Pid successor = OnB(wait_with_alias);
  RunUntilIdle();
  EXPECT_NE(alias, former);
  a_->Send(former, Stop());
  RunUntilIdle();
  EXPECT_TRUE(b_->IsAlive(successor));
  a_->Send(alias, Stop());
  RunUntilIdle();
  EXPECT_FALSE(b_->IsAlive(successor));
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

TEST_F(TransportTest, AnswerThatCannotBeWrittenIsAFailure) {
  const Pid server = OnB([]() -> Async<> {
    (co_await Receive<Asked<GiveUnwritable>>()).reply_to.Send(Unwritable());
    co_await WaitForStop();
  });
  const ScopedLogCapture log;
  Run([server]() -> Async<> {
    EXPECT_THAT(co_await Request(server, GiveUnwritable()), StatusIs(StatusCode::kUnavailable));
    EXPECT_TRUE(co_await IsAlive(server));
  });
  EXPECT_TRUE(log.Contains("an answer to another node is dropped"));
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

// What stands for a node in pids is the same as long as it lives, and then another.
TEST_F(TransportTest, EachLifeOfANodeHasItsHome) {
  const uint32_t home = HomeOf({kB, 1});
  EXPECT_EQ(home, OnB(WaitForStop).home());
  EXPECT_EQ(NodeOf(home), (NodeId{kB, 1}));
  RestartB();
  EXPECT_NE(HomeOf({kB, 2}), home);
  EXPECT_EQ(HomeOf({kB, 2}), OnB(WaitForStop).home());
  EXPECT_EQ(NodeOf(home), (NodeId{kB, 1}));
  const uint32_t elsewhere = HomeOf({"elsewhere@test", 7});
  EXPECT_EQ(HomeOf({"elsewhere@test", 7}), elsewhere);
  EXPECT_NE(HomeOf({"elsewhere@test", 8}), elsewhere);
  EXPECT_EQ(NodeOf(elsewhere), (NodeId{"elsewhere@test", 7}));
}

class Nowhere final : public Transport {
  void Send(const NodeId&, Envelope) override {}
};

TEST(PortTest, SubscribersHearOfChangesOnly) {
  ManualRuntime runtime;
  const Port port = runtime.Join({"c@test", 1}, std::make_shared<Nowhere>());
  runtime.Run([port]() -> Async<> {
    MonitorNodes(true);
    port.NodeDown({kA, 1});
    co_await RefuteReceive<NodeDown>();
    for (int i = 0; i < 2; ++i) port.NodeUp({kA, 1});
    co_await AssertReceive<NodeUp>();
    co_await RefuteReceive<NodeUp>();
    for (int i = 0; i < 2; ++i) port.NodeDown({kA, 1});
    co_await AssertReceive<NodeDown>();
    co_await RefuteReceive<NodeDown>();
  });
}

TEST(JoinDeathTest, ANodeHasAName) {
  EXPECT_DEATH(ManualRuntime().Join({"", 1}, std::make_shared<Nowhere>()), "a node has a name");
}

TEST(JoinDeathTest, ARuntimeJoinsOnce) {
  EXPECT_DEATH(
      {
        ManualRuntime runtime;
        for (const char* name : {kA, kB}) runtime.Join({name, 1}, std::make_shared<Nowhere>());
      },
      "this runtime is the node a@test");
}

TEST(PortTest, OutlivesItsRuntime) {
  auto runtime = std::make_unique<ManualRuntime>();
  const Port port = runtime->Join({"c@test", 1}, std::make_shared<Nowhere>());
  runtime.reset();
  port.NodeUp({kA, 1});
  port.Deliver({kA, 1}, Envelope());
  port.NodeDown({kA, 1});
}

}  // namespace
}  // namespace hydra
