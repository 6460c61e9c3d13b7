// Processes that can't be reached: their node is apart, has started anew, or is none.
#include <optional>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "hydra/base/status_testing.h"
#include "hydra/process/process.h"
#include "hydra/process/testing/assert_receive.h"
#include "hydra/process/testing/manual_runtime.h"
#include "hydra/process/transport_testing.h"

namespace hydra::process_testing {
namespace {

using absl::StatusCode;

using TransportUnreachableTest = TwoNodes;

// MON3
TEST_F(TransportUnreachableTest, NodeThatCannotBeReachedIsNoConnection) {
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

TEST_F(TransportUnreachableTest, PidOfANodeIsNobodysInARuntimeThatIsNone) {
  const Pid b = OnB(WaitForStop);
  ManualRuntime runtime;
  runtime.Run([b]() -> Async<> {
    Monitor(b);
    EXPECT_EQ((co_await AssertReceive<Down>()).reason, ExitReason::NoProc());
    EXPECT_FALSE(co_await IsAlive(b));
  });
}

// MON9
TEST_F(TransportUnreachableTest, ProcessOfAFormerLifeIsNobody) {
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

TEST_F(TransportUnreachableTest, ProcessOfARuntimeThatIsNoNodeIsNobody) {
  ManualRuntime other;
  const Pid stranger = other.Spawn(WaitForStop);
  Run([stranger]() -> Async<> {
    Monitor(stranger);
    EXPECT_EQ((co_await AssertReceive<Down>()).reason, ExitReason::NoProc());
    EXPECT_THAT(co_await Request(stranger, Double{1}), StatusIs(StatusCode::kNotFound));
  });
}

// ALI6
TEST_F(TransportUnreachableTest, AliasOfAFormerLifeIsNobodys) {
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

}  // namespace
}  // namespace hydra::process_testing
