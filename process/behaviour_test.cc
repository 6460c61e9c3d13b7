// Requests that a process has from its birth: what GS3, GS7 and TSK1 are made of; and whether it has ended.
#include "hydra/process/behaviour.h"

#include <optional>
#include <stdexcept>
#include <utility>

#include "absl/cleanup/cleanup.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "hydra/base/log_testing.h"
#include "hydra/process/async.h"
#include "hydra/process/down.h"
#include "hydra/process/exit_reason.h"
#include "hydra/process/info.h"
#include "hydra/process/link.h"
#include "hydra/process/monitor.h"
#include "hydra/process/name.h"
#include "hydra/process/pid.h"
#include "hydra/process/receive.h"
#include "hydra/process/request.h"
#include "hydra/process/self.h"
#include "hydra/process/send.h"
#include "hydra/process/spawn.h"
#include "hydra/process/testing/manual_runtime.h"
#include "hydra/process/testing/process_test.h"
#include "hydra/process/timer.h"

namespace hydra {
namespace {

using absl::StatusCode;

struct Born {
  using Reply = int;
};
struct Never {};

Async<> WaitForNever() { co_await Receive<Never>(); }

enum class How { kAnswer, kAnswerLate, kAnswerAtEnd, kDrop, kThrow, kWait };

Async<> Body(ReplyTo<Born> reply_to, How how) {
  switch (how) {
    case How::kAnswer:
      reply_to.Send(7);
      break;
    case How::kAnswerLate:
      co_await Sleep(absl::Milliseconds(10));
      reply_to.Send(7);
      break;
    case How::kAnswerAtEnd:
      SendReplyAtEnd<Born>(std::move(reply_to.target()), 7);
      co_await Sleep(absl::Milliseconds(10));
      co_return;
    case How::kDrop:
      reply_to = ReplyTo<Born>();
      break;
    case How::kThrow: {
      const ReplyTo<Born> dropped = std::move(reply_to);
      throw std::runtime_error("boom");
    }
    case How::kWait:
      break;
  }
  co_await Receive<Never>();
}

const Spawning kNamed = {.name = "born"};

// GS3: whoever ends without an answer answers by its end, when its name is free.
HYDRA_TEST(BehaviourTest, EndBeforeTheFirstTurnIsTheAnswer) {
  auto spawned = SpawnAsked<Born>({.name = "born"}, &Body, How::kWait);
  CO_ASSERT_TRUE(spawned.ok());
  Exit(spawned->pid, ExitReason::Kill());
  const absl::StatusOr<int> answer = co_await spawned->request.Receive();
  EXPECT_EQ(ExitReasonOf(answer.status()), ExitReason::Killed());
  EXPECT_FALSE(WhereIs("born"));
}

HYDRA_TEST(BehaviourTest, EndIsTheAnswerThoughNothingWasNoted) {
  auto spawned = SpawnAsked<Born>({.name = "born"}, &Body, How::kWait);
  CO_ASSERT_TRUE(spawned.ok());
  co_await Sleep(absl::Milliseconds(1));
  Exit(spawned->pid, ExitReason::Custom("enough"));
  const absl::StatusOr<int> answer = co_await spawned->request.Receive();
  EXPECT_EQ(ExitReasonOf(answer.status()), ExitReason::Custom("enough"));
  EXPECT_FALSE(WhereIs("born"));
}

HYDRA_TEST(BehaviourTest, ExceptionThatDropsTheRequestIsTheAnswer) {
  const ScopedLogCapture log;
  auto spawned = SpawnAsked<Born>({.name = "born"}, &Body, How::kThrow);
  CO_ASSERT_TRUE(spawned.ok());
  const absl::StatusOr<int> answer = co_await spawned->request.Receive();
  EXPECT_EQ(ExitReasonOf(answer.status()), ExitReason::Error("std::runtime_error", "boom"));
  EXPECT_FALSE(WhereIs("born"));
}

HYDRA_TEST(BehaviourTest, DroppedRequestFailsAtOnce) {
  auto spawned = SpawnAsked<Born>({}, &Body, How::kDrop);
  CO_ASSERT_TRUE(spawned.ok());
  const absl::StatusOr<int> answer = co_await spawned->request.Receive();
  EXPECT_EQ(answer.status().code(), StatusCode::kUnavailable);
  EXPECT_EQ(ExitReasonOf(answer.status()), std::nullopt);
  EXPECT_TRUE(co_await IsAlive(spawned->pid));
  Exit(spawned->pid, ExitReason::Kill());
}

// GS7: an answer that is sent at the end comes when the name is free.
HYDRA_TEST(BehaviourTest, AnswerAtTheEndComesWhenTheNameIsFree) {
  AnswerFromBirth<Born> answer(absl::InfiniteDuration());
  CO_ASSERT_TRUE(answer.Spawn(kNamed, &Body, How::kAnswerAtEnd).ok());
  EXPECT_TRUE(WhereIs("born"));
  EXPECT_EQ(co_await answer, std::optional(absl::StatusOr<int>(7)));
  EXPECT_FALSE(WhereIs("born"));
}

HYDRA_TEST(BehaviourTest, AnswerFromBirthIsAwaited) {
  AnswerFromBirth<Born> answer(absl::Seconds(5));
  const absl::StatusOr<Pid> pid = answer.Spawn(kNamed, &Body, How::kAnswer);
  CO_ASSERT_TRUE(pid.ok());
  EXPECT_EQ(co_await answer, std::optional(absl::StatusOr<int>(7)));
  Exit(*pid, ExitReason::Kill());
}

HYDRA_TEST(BehaviourTest, AnswerFromBirthFailsWithTheReasonOfTheEnd) {
  AnswerFromBirth<Born> answer(absl::InfiniteDuration());
  const absl::StatusOr<Pid> pid = answer.Spawn(kNamed, &Body, How::kWait);
  CO_ASSERT_TRUE(pid.ok());
  Exit(*pid, ExitReason::Kill());
  const std::optional<absl::StatusOr<int>> result = co_await answer;
  CO_ASSERT_TRUE(result.has_value());
  EXPECT_EQ(ExitReasonOf(result->status()), ExitReason::Killed());
  EXPECT_FALSE(WhereIs("born"));
}

// GS13: a late answer reaches nobody.
HYDRA_TEST_BY_HAND(BehaviourTest, AnswerFromBirthThatIsLateReachesNobody) {
  AnswerFromBirth<Born> answer(absl::Milliseconds(5));
  const absl::StatusOr<Pid> pid = answer.Spawn(kNamed, &Body, How::kAnswerLate);
  CO_ASSERT_TRUE(pid.ok());
  EXPECT_EQ(co_await answer, std::nullopt);
  EXPECT_FALSE((co_await ReceiveAny().Within(absl::Milliseconds(20))).has_value());
  Exit(*pid, ExitReason::Kill());
}

HYDRA_TEST(BehaviourTest, NameThatIsTakenSpawnsNothing) {
  AnswerFromBirth<Born> first(absl::InfiniteDuration());
  const absl::StatusOr<Pid> pid = first.Spawn(kNamed, &Body, How::kAnswer);
  CO_ASSERT_TRUE(pid.ok());
  CO_ASSERT_TRUE((co_await first).has_value());
  AnswerFromBirth<Born> second(absl::InfiniteDuration());
  EXPECT_EQ(second.Spawn(kNamed, &Body, How::kAnswer).status().code(), StatusCode::kAlreadyExists);
  EXPECT_FALSE((co_await ReceiveAny().Within(absl::ZeroDuration())).has_value());
  Exit(*pid, ExitReason::Kill());
}

// ---- HasEnded, IsEnding.

// SIG8: whoever has heard of the end sees it.
HYDRA_TEST(HasEndedTest, IsSeenByWhoHasHeardOfTheEnd) {
  const auto [pid, ref] = SpawnMonitor(WaitForNever);
  EXPECT_FALSE(HasEnded(pid));
  EXPECT_FALSE(HasEnded(Self()));
  Exit(pid, ExitReason::Kill());
  co_await Receive<Down>().For(ref);
  EXPECT_TRUE(HasEnded(pid));
  // The slot may be another's by now.
  const Pid successor = Spawn(WaitForNever);
  EXPECT_TRUE(HasEnded(pid));
  EXPECT_FALSE(HasEnded(successor));
}

HYDRA_TEST(HasEndedTest, ProcessHasNotEndedWhileItsFramesAreDestroyed) {
  const Pid pid = Spawn(
      [](Pid parent) -> Async<> {
        const absl::Cleanup look = [parent] { Send(parent, HasEnded(Self())); };
        Send(parent, HasEnded(Self()));
        co_await Receive<Never>();
      },
      Self());
  EXPECT_FALSE(co_await AssertReceive<bool>());
  Exit(pid, ExitReason::Shutdown());
  EXPECT_FALSE(co_await AssertReceive<bool>());
}

TEST(HasEndedTest, NothingIsKnownElsewhere) {
  ManualRuntime runtime;
  ManualRuntime other;
  const Pid alive = runtime.Spawn(WaitForNever);
  const Pid dead = runtime.Spawn([]() -> Async<> { co_return; });
  // Lives where `dead` has lived here.
  other.Spawn(WaitForNever);
  const Pid stranger = other.Spawn(WaitForNever);
  ASSERT_EQ(stranger.slot(), dead.slot());
  runtime.Run([=]() -> Async<> {
    co_await Receive<Down>().For(Monitor(dead));
    EXPECT_FALSE(HasEnded(alive));
    EXPECT_TRUE(HasEnded(dead));
    EXPECT_FALSE(HasEnded(stranger));
    EXPECT_TRUE(HasEnded(Pid()));
  });
  EXPECT_FALSE(HasEnded(dead));
  EXPECT_TRUE(HasEnded(Pid()));
}

HYDRA_TEST(IsEndingTest, IsSoWhileTheFramesAreDestroyed) {
  const Pid pid = Spawn(
      [](Pid parent) -> Async<> {
        const absl::Cleanup look = [parent] { Send(parent, IsEnding()); };
        Send(parent, IsEnding());
        co_await Receive<Never>();
      },
      Self());
  EXPECT_FALSE(co_await AssertReceive<bool>());
  Exit(pid, ExitReason::Shutdown());
  EXPECT_TRUE(co_await AssertReceive<bool>());
  EXPECT_FALSE(IsEnding());
}

TEST(IsEndingTest, IsSoWhereNoProcessRuns) { EXPECT_TRUE(IsEnding()); }

}  // namespace
}  // namespace hydra
