// Remote spawn: semantics.md NOD26.
#include "hydra/rpc/spawn_on.h"

#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "hydra/base/status_testing.h"
#include "hydra/process/process.h"
#include "hydra/process/testing/assert_receive.h"
#include "hydra/process/testing/co_assert.h"
#include "hydra/process/testing/manual_runtime.h"
#include "hydra/process/transport_testing.h"
#include "hydra/rpc/entry_points_testing.h"
#include "hydra/rpc/internal/order.h"
#include "hydra/rpc/internal/spawn.h"

namespace hydra::rpc_testing {
namespace {

using absl::StatusCode;
using process_testing::kA;
using process_testing::kB;
using testing::HasSubstr;
using testing::IsEmpty;

class SpawnOnTest : public process_testing::TwoNodes {
 protected:
  // Awaited: nothing has come that nobody has asked for.
  static Async<> ExpectNothingElse() {
    const std::optional<Message> message = co_await ReceiveAny().Within(kRefuteTime);
    EXPECT_FALSE(message.has_value()) << message->type_name();
  }
};

// NOD26
TEST_F(SpawnOnTest, RunsTheEntryPointOverThere) {
  Run([]() -> Async<> {
    const absl::StatusOr<Pid> spawned = co_await SpawnOn(kB, kReport, Self(), "hello");
    CO_ASSERT_TRUE(spawned.ok()) << spawned.status();
    const Started started = co_await AssertReceive<Started>();
    EXPECT_EQ(started.node, kB);
    EXPECT_EQ(started.pid, *spawned);
    EXPECT_EQ(started.text, "hello");
    EXPECT_TRUE(co_await IsAlive(*spawned));
    EXPECT_THAT((co_await Info(*spawned))->links, IsEmpty());
    Send(*spawned, Finish());
    EXPECT_EQ(co_await AssertReceive<std::string>(), "finished");
  });
}

// NOD26: `node` may be the caller's.
TEST_F(SpawnOnTest, RunsItHereToo) {
  for (const char* node : {kA, ""}) {
    Run([node]() -> Async<> {
      const absl::StatusOr<Pid> spawned = co_await SpawnLinkOn(node, kReport, Self(), "hello");
      CO_ASSERT_TRUE(spawned.ok()) << spawned.status();
      EXPECT_EQ((co_await AssertReceive<Started>()).node, kA);
      EXPECT_EQ(spawned->home(), Self().home());
    });
  }
}

// NOD26: an error is said by the status, and by nothing else.
TEST_F(SpawnOnTest, UnreachableNode) {
  network_.KeepApart(kA, kB, true);
  Run([]() -> Async<> {
    TrapExit(true);
    const auto expect_unreachable = [](const absl::Status& status) {
      EXPECT_EQ(status.code(), StatusCode::kUnavailable) << status;
      EXPECT_THAT(std::string(status.message()), HasSubstr("test.Report to hydra.rpc on b@test"));
      EXPECT_EQ(ExitReasonOf(status), ExitReason::NoConnection());
    };
    expect_unreachable((co_await SpawnOn(kB, kReport, Self(), "")).status());
    expect_unreachable((co_await SpawnLinkOn(kB, kReport, Self(), "")).status());
    expect_unreachable((co_await SpawnMonitorOn(kB, kReport, Self(), "")).status());
    PendingSpawn pending = SendSpawn(kB, kReport, Self(), "");
    expect_unreachable((co_await pending.Receive()).status());
    co_await ExpectNothingElse();
  });
}

// NOD26: the node is lost before it answers.
TEST_F(SpawnOnTest, NodeThatIsLostMeanwhile) {
  network_.Connect(kA, kB);
  Run([this]() -> Async<> {
    TrapExit(true);
    PendingSpawn pending = SendSpawn(kB, kReport, Self(), "");
    network_.Cut(kA, kB);
    EXPECT_EQ(ExitReasonOf((co_await pending.Receive()).status()), ExitReason::NoConnection());
    co_await ExpectNothingElse();
  });
  RunUntilIdle();
  EXPECT_EQ(b_->process_count(), 1U) << "the one that takes orders";
}

// NOD26
TEST_F(SpawnOnTest, WhatTheOtherProgramDoesNotHave) {
  using rpc_internal::Order;
  Run([]() -> Async<> {
    TrapExit(true);
    const absl::Status unknown =
        (co_await rpc_internal::SpawnBy(
             "test.Unknown", kB,
             Order{Order::What::kSpawnLink, "test.Unknown", kReport.Invoke(Self(), "")}))
            .status();
    EXPECT_EQ(unknown.code(), StatusCode::kUnimplemented) << unknown;
    EXPECT_TRUE(IsCallFailure(unknown));
    const absl::Status changed =
        (co_await rpc_internal::SpawnBy(
             "test.Report", kB, Order{Order::What::kSpawnLink, "test.Report", kFail.Invoke("why")}))
            .status();
    EXPECT_EQ(changed.code(), StatusCode::kUnimplemented) << changed;
    co_await ExpectNothingElse();
    // What asked for that goes on.
    EXPECT_TRUE((co_await SpawnOn(kB, kReport, Self(), "")).ok());
  });
}

// NOD26: the link is there before the process runs.
TEST_F(SpawnOnTest, LinkHearsOfTheEnd) {
  Run([]() -> Async<> {
    TrapExit(true);
    const absl::StatusOr<Pid> spawned = co_await SpawnLinkOn(kB, kFail, "broken");
    CO_ASSERT_TRUE(spawned.ok()) << spawned.status();
    const ExitSignal exit = co_await AssertReceive<ExitSignal>();
    EXPECT_EQ(exit.from, *spawned);
    EXPECT_THAT(exit.reason.ToString(), HasSubstr("broken"));
    co_await ExpectNothingElse();
  });
}

// NOD26: the answer comes before the exit, although a request's answers pass messages.
TEST_F(SpawnOnTest, AnswerComesBeforeAllElse) {
  Run([]() -> Async<> {
    TrapExit(true);
    PendingSpawn pending = SendSpawn(kB, kReport, Self(), "");
    Message first = co_await ReceiveAny();
    std::optional<absl::StatusOr<Pid>> spawned = pending.Check(first);
    CO_ASSERT_TRUE(spawned.has_value()) << first.type_name();
    EXPECT_EQ((co_await AssertReceive<Started>()).pid, **spawned);
  });
}

// NOD26: who spawns and ends takes the linked process along.
TEST_F(SpawnOnTest, LinkEndsWithItsSpawner) {
  Run([]() -> Async<> {
    const Pid me = Self();
    const Pid spawner = Spawn([me]() -> Async<> {
      (co_await SpawnLinkOn(kB, kReport, me, "")).IgnoreError();
      co_await Receive<Finish>();
      throw 1;
    });
    const Pid spawned = (co_await AssertReceive<Started>()).pid;
    EXPECT_TRUE(co_await IsAlive(spawned));
    const Ref ref = Monitor(spawned);
    Send(spawner, Finish());
    EXPECT_EQ((co_await AssertReceive<Down>()).ref, ref);
  });
}

// NOD26: the spawner has ended before the order has come: nobody is left who would hear of the process.
TEST_F(SpawnOnTest, LinkToWhoHasEndedEnds) {
  Run([]() -> Async<> {
    Monitor(Spawn([]() -> Async<> {
      Spawn([spawner = Self()]() -> Async<> {
        Exit(spawner, ExitReason::Kill());
        co_return;
      });
      (co_await SpawnLinkOn(kB, kReport, Self(), "")).IgnoreError();
    }));
    co_await AssertReceive<Down>();
  });
  RunUntilIdle();
  EXPECT_EQ(b_->process_count(), 1U) << "the one that takes orders";
}

// NOD26: the monitor's Down has the real reason, however soon it comes.
TEST_F(SpawnOnTest, MonitorHearsOfTheEnd) {
  network_.SetFilter([this](const Envelope&) {
    b_->RunUntilIdle();  // all that it may do before the next envelope comes
    return true;
  });
  Run([]() -> Async<> {
    const absl::StatusOr<MonitoredProcess> spawned = co_await SpawnMonitorOn(kB, kFail, "broken");
    CO_ASSERT_TRUE(spawned.ok()) << spawned.status();
    const Down down = co_await AssertReceive<Down>();
    EXPECT_EQ(down.ref, spawned->ref);
    EXPECT_EQ(down.pid, spawned->pid);
    EXPECT_THAT(down.reason.ToString(), HasSubstr("broken"));
    co_await ExpectNothingElse();
  });
}

// NOD26
TEST_F(SpawnOnTest, MonitorHearsOfTheLoss) {
  Run([this]() -> Async<> {
    const absl::StatusOr<MonitoredProcess> spawned =
        co_await SpawnMonitorOn(kB, kReport, Self(), "");
    CO_ASSERT_TRUE(spawned.ok()) << spawned.status();
    co_await AssertReceive<Started>();
    EXPECT_THAT((co_await Info(spawned->pid))->monitors, IsEmpty());
    network_.Cut(kA, kB);
    const Down down = co_await AssertReceive<Down>();
    EXPECT_EQ(down.ref, spawned->ref);
    EXPECT_EQ(down.reason, ExitReason::NoConnection());
    co_await ExpectNothingElse();
  });
}

// NOD26: who is to monitor it ends first; it runs all the same.
TEST_F(SpawnOnTest, MonitoredByWhoHasEndedRuns) {
  Run([this]() -> Async<> {
    const Pid me = Self();
    const Pid spawner =
        Spawn([me]() -> Async<> { (co_await SpawnMonitorOn(kB, kReport, me, "")).IgnoreError(); });
    network_.SetFilter([&](Envelope& envelope) {
      if (envelope.kind != Envelope::Kind::kReply) return true;
      a_->Spawn([spawner]() -> Async<> {
        Exit(spawner, ExitReason::Kill());
        co_return;
      });
      return false;
    });
    EXPECT_EQ((co_await AssertReceive<Started>()).node, kB);
    network_.SetFilter(nullptr);
  });
}

// NOD26: it takes as long as it takes.
TEST_F(SpawnOnTest, HasNoTimeLimit) {
  network_.SetFilter([this](const Envelope&) {
    a_->Advance(absl::Hours(1));
    return true;
  });
  Run([]() -> Async<> { EXPECT_TRUE((co_await SpawnOn(kB, kReport, Self(), "")).ok()); });
  network_.SetFilter(nullptr);
}

// NOD26: a runtime that is no node has nobody who takes orders.
TEST(SpawnOnAloneTest, IsNotFound) {
  ManualRuntime runtime;
  runtime.Run([]() -> Async<> {
    const absl::Status status = (co_await SpawnOn("", kReport, Self(), "")).status();
    EXPECT_EQ(status.code(), StatusCode::kNotFound) << status;
  });
}

}  // namespace
}  // namespace hydra::rpc_testing
