// Functions of other nodes: semantics.md NOD27.
#include "hydra/rpc/rpc.h"

#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "hydra/base/status_testing.h"
#include "hydra/process/process.h"
#include "hydra/process/testing/assert_receive.h"
#include "hydra/process/testing/co_assert.h"
#include "hydra/process/testing/fake_network.h"
#include "hydra/process/testing/manual_runtime.h"
#include "hydra/process/transport_testing.h"
#include "hydra/rpc/entry_points_testing.h"

namespace hydra::rpc_testing {
namespace {

using absl::StatusCode;
using process_testing::kA;
using process_testing::kB;
using testing::HasSubstr;

constexpr char kApart[] = "apart@test";

using RpcTest = process_testing::TwoNodes;

// NOD27
TEST_F(RpcTest, CallYieldsWhatTheFunctionDoes) {
  Run([]() -> Async<> {
    EXPECT_EQ((co_await rpc::Call(kB, kAdd, 2, 3)).value(), 5);
    EXPECT_EQ((co_await rpc::Call(kB, kWhereAmI)).value(), kB);
    EXPECT_EQ((co_await rpc::Call(kA, kWhereAmI)).value(), kA);
    EXPECT_EQ((co_await rpc::Call(kB, kTell, Self(), "hello")), absl::OkStatus());
    EXPECT_EQ(co_await AssertReceive<std::string>(), "hello");
    EXPECT_EQ((co_await rpc::Call(kB, kHalf, 8)).value(), 4);
  });
}

// NOD27: the function's own failure isn't one of the call.
TEST_F(RpcTest, CallYieldsTheFunctionsStatus) {
  Run([]() -> Async<> {
    const absl::Status refused = co_await rpc::Call(kB, kRefuse, "not you");
    EXPECT_EQ(refused, absl::PermissionDeniedError("not you"));
    EXPECT_FALSE(IsCallFailure(refused));
    const absl::Status odd = (co_await rpc::Call(kB, kHalf, 7)).status();
    EXPECT_EQ(odd, absl::InvalidArgumentError("odd"));
    EXPECT_FALSE(IsCallFailure(odd));
  });
}

// NOD27: exceptions are carried.
TEST_F(RpcTest, CallOfAFunctionThatThrows) {
  Run([]() -> Async<> {
    const absl::Status thrown = co_await rpc::Call(kB, kFail, "it broke");
    EXPECT_EQ(thrown.code(), StatusCode::kUnavailable) << thrown;
    CO_ASSERT_TRUE(ExitReasonOf(thrown).has_value());
    EXPECT_THAT(ExitReasonOf(thrown)->ToString(), HasSubstr("it broke"));
  });
}

// NOD27: so is the end of the function's process.
TEST_F(RpcTest, CallWhoseProcessIsEnded) {
  Run([]() -> Async<> {
    rpc::PendingCall<EntryPoint<Report>> call = rpc::SendCall(kB, kReport, Self(), "");
    Exit((co_await AssertReceive<Started>()).pid, ExitReason::Kill());
    EXPECT_EQ(ExitReasonOf(co_await call.Receive()), ExitReason::Killed());
  });
}

// NOD27: unreachable and too late are different things; and who is too late goes on, and is heard by nobody.
TEST_F(RpcTest, CallThatIsTooLate) {
  Run([]() -> Async<> {
    const absl::Status late = co_await rpc::Call(kB, kReport, Self(), "").Within(absl::Seconds(1));
    EXPECT_EQ(late.code(), StatusCode::kDeadlineExceeded) << late;
    EXPECT_THAT(std::string(late.message()), HasSubstr("test.Report"));
    Send((co_await AssertReceive<Started>()).pid, Finish());
    EXPECT_EQ(co_await AssertReceive<std::string>(), "finished");
    EXPECT_FALSE((co_await ReceiveAny().Within(kRefuteTime)).has_value());
  });
}

// NOD27
TEST_F(RpcTest, CallOfANodeThatCannotBeReached) {
  Run([this]() -> Async<> {
    const absl::Status apart = (co_await rpc::Call(kApart, kAdd, 1, 2)).status();
    EXPECT_EQ(apart.code(), StatusCode::kUnavailable) << apart;
    EXPECT_EQ(ExitReasonOf(apart), ExitReason::NoConnection());
    rpc::PendingCall<EntryPoint<Report>> call = rpc::SendCall(kB, kReport, Self(), "");
    const Pid callee = (co_await AssertReceive<Started>()).pid;
    network_.Cut(kA, kB);
    EXPECT_EQ(ExitReasonOf(co_await call.Receive()), ExitReason::NoConnection());
    EXPECT_TRUE(co_await IsAlive(callee)) << "it runs on";
  });
}

// NOD27: who calls and ends leaves the function alone.
TEST_F(RpcTest, CallRunsOnWhenItsCallerHasEnded) {
  Run([]() -> Async<> {
    const Pid caller = Spawn(
        [me = Self()]() -> Async<> { (co_await rpc::Call(kB, kReport, me, "")).IgnoreError(); });
    const Pid callee = (co_await AssertReceive<Started>()).pid;
    Exit(caller, ExitReason::Kill());
    EXPECT_TRUE(co_await IsAlive(callee));
    Send(callee, Finish());
    EXPECT_EQ(co_await AssertReceive<std::string>(), "finished");
  });
}

// NOD27: calls run side by side.
TEST_F(RpcTest, CallsDoNotWaitForEachOther) {
  Run([]() -> Async<> {
    rpc::PendingCall<EntryPoint<Report>> slow = rpc::SendCall(kB, kReport, Self(), "");
    EXPECT_EQ((co_await rpc::Call(kB, kAdd, 1, 1)).value(), 2);
    Send((co_await AssertReceive<Started>()).pid, Finish());
    EXPECT_EQ(co_await slow.Receive(), absl::OkStatus());
  });
}

// NOD27
TEST_F(RpcTest, MultiCallYieldsAResultForEachNode) {
  Run([]() -> Async<> {
    const auto results = co_await rpc::MultiCall({kB, kApart, kA, kB}, kWhereAmI);
    CO_ASSERT_EQ(results.size(), 4U);
    for (const auto& [node, result] : results) {
      if (node == kApart) {
        EXPECT_EQ(ExitReasonOf(result.status()), ExitReason::NoConnection());
      } else {
        EXPECT_EQ(result.value(), node);
      }
    }
    EXPECT_EQ(results[1].node, kApart);
    EXPECT_EQ(results[2].node, kA);
  });
}

// NOD27: its limit is one for all.
TEST_F(RpcTest, MultiCallHasOneLimit) {
  Run([]() -> Async<> {
    const absl::Time start = Now();
    const auto results = co_await rpc::MultiCall({kB, kA}, absl::Seconds(1), kReport, Self(), "");
    EXPECT_EQ(Now() - start, absl::Seconds(1));
    for (const auto& [node, result] : results)
      EXPECT_EQ(result.code(), StatusCode::kDeadlineExceeded) << node;
  });
}

// NOD27
TEST_F(RpcTest, CastIsNeverAnswered) {
  Run([]() -> Async<> {
    rpc::Cast(kApart, kTell, Self(), "nobody");
    rpc::Cast(kB, kFail, "unheard");
    rpc::Cast(kB, kTellHere, Self());
    EXPECT_EQ(co_await AssertReceive<std::string>(), "here");
    rpc::Cast(kA, kTell, Self(), "here too");
    EXPECT_EQ(co_await AssertReceive<std::string>(), "here too");
    EXPECT_FALSE((co_await ReceiveAny().Within(kRefuteTime)).has_value());
  });
}

// NOD27: a call that can't even begin fails at once.
TEST(RpcWithoutRoomTest, CallIsAnswered) {
  FakeNetwork network;
  ManualRuntime runtime({.max_processes = 2});
  network.Add(runtime, {kA, 1});
  runtime.Run([]() -> Async<> {
    while (SpawnWith({}, []() -> Async<> { co_await Receive<Finish>(); }).ok()) continue;
    const absl::Status status = (co_await rpc::Call(kA, kAdd, 1, 2)).status();
    EXPECT_EQ(status.code(), StatusCode::kUnavailable) << status;
  });
}

// A call is part of AnyOf, as a request is.
TEST_F(RpcTest, CallMayBeOneOfTwo) {
  Run([]() -> Async<> {
    const auto first = co_await AnyOf(Receive<Started>(), rpc::Call(kB, kReport, Self(), ""));
    EXPECT_EQ(first.index(), 0U);
  });
}

}  // namespace
}  // namespace hydra::rpc_testing
