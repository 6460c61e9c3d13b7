// Restarts that wait: Backoff. OTP has none; without one nothing waits.
#include <cstddef>
#include <set>
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
#include "hydra/genserver/genserver.h"
#include "hydra/process/process.h"
#include "hydra/process/testing/process_test.h"
#include "hydra/supervisor/child.h"
#include "hydra/supervisor/child_info.h"
#include "hydra/supervisor/child_spec.h"
#include "hydra/supervisor/supervision_testing.h"
#include "hydra/supervisor/supervisor.h"

namespace hydra {
namespace {

using absl::Milliseconds;
using absl::Seconds;
using absl::StatusCode;
using supervisor_testing::EndChild;
using supervisor_testing::EndOf;
using supervisor_testing::Event;
using supervisor_testing::Events;
using supervisor_testing::FailsAt;
using supervisor_testing::FailsWhile;
using supervisor_testing::MakeFlag;
using supervisor_testing::NextEvents;
using supervisor_testing::RecorderSpec;
using supervisor_testing::StartSupervisor;
using supervisor_testing::States;
using supervisor_testing::Stubborn;
using testing::AllOf;
using testing::ElementsAre;
using testing::Ge;
using testing::IsEmpty;
using testing::Le;
using testing::SizeIs;

// Delays of 100, 200, 400, 400, ... milliseconds.
constexpr Backoff kExact = {.initial = Milliseconds(100), .max = Milliseconds(400), .jitter = 0};
constexpr SupervisorOptions kNeverGivesUp = {.max_restarts = 1'000'000};

SupervisorOptions NeverGivesUp(Strategy strategy) {
  return {.strategy = strategy, .max_restarts = 1'000'000};
}

// ---- The arithmetic.

TEST(BackoffDelayTest, GrowsByTheFactorUpToTheMaximum) {
  EXPECT_EQ(kExact.Delay(1, 0.5), Milliseconds(100));
  EXPECT_EQ(kExact.Delay(2, 0.5), Milliseconds(200));
  EXPECT_EQ(kExact.Delay(3, 0.5), Milliseconds(400));
  EXPECT_EQ(kExact.Delay(4, 0.5), Milliseconds(400));
  EXPECT_EQ(kExact.Delay(1'000'000, 0.5), Milliseconds(400));
  const Backoff tripling = {.initial = Seconds(1), .factor = 3, .jitter = 0};
  EXPECT_EQ(tripling.Delay(3, 0), Seconds(9));
  const Backoff constant = {.initial = Seconds(1), .factor = 1, .jitter = 0};
  EXPECT_EQ(constant.Delay(1000, 0), Seconds(1));
}

TEST(BackoffDelayTest, OfNothingStaysNothing) {
  const Backoff none = {.initial = absl::ZeroDuration()};
  EXPECT_EQ(none.Delay(1, 0.5), absl::ZeroDuration());
  EXPECT_EQ(none.Delay(1'000'000, 0.5), absl::ZeroDuration());
}

TEST(BackoffDelayTest, JitterIsAPartOfItMoreOrLess) {
  const Backoff backoff = {.initial = Seconds(1), .jitter = 0.25};
  EXPECT_EQ(backoff.Delay(1, 0), Milliseconds(750));
  EXPECT_EQ(backoff.Delay(1, 0.5), Seconds(1));
  EXPECT_EQ(backoff.Delay(1, 1), Milliseconds(1250));
  EXPECT_EQ(backoff.Delay(2, 0), Milliseconds(1500));
}

TEST(BackoffDelayTest, DefaultsAreSensible) {
  const Backoff backoff;
  EXPECT_EQ(backoff.Delay(1, 0.5), Milliseconds(100));
  EXPECT_EQ(backoff.Delay(2, 0.5), Milliseconds(200));
  EXPECT_EQ(backoff.Delay(100, 0.5), Seconds(30));
}

// ---- Restarts.

// Ends the child `a` as soon as it has been started, and returns how long its restarts take.
Async<std::vector<absl::Duration>> DelaysOf(size_t count,
                                            ExitReason reason = ExitReason::Killed()) {
  std::vector<absl::Duration> delays;
  co_await Flush<Event>();
  while (delays.size() < count) {
    const absl::Time end = Now();
    co_await EndChild("a", reason);
    co_await AssertReceive<Event>(testing::Field(&Event::what, "start a"), absl::Hours(1));
    delays.push_back(Now() - end);
  }
  co_return delays;
}

HYDRA_TEST_BY_HAND(BackoffTest, IsOffByDefault) {
  const ScopedLogCapture log;
  const auto supervisor = co_await StartSupervisor(kNeverGivesUp, {RecorderSpec("a")});
  EXPECT_THAT(co_await DelaysOf(5), testing::Each(absl::ZeroDuration()));
}

// SUP14: a restart that fails is tried again at once, too.
HYDRA_TEST_BY_HAND(BackoffTest, IsOffByDefaultForARestartThatFails) {
  const ScopedLogCapture log;
  const auto supervisor =
      co_await StartSupervisor(kNeverGivesUp, {FailsAt(2, FailsAt(2, RecorderSpec("a")))});
  EXPECT_THAT(co_await DelaysOf(1), testing::Each(Le(Milliseconds(2))));
}

HYDRA_TEST_BY_HAND(BackoffTest, RestartsWait) {
  const ScopedLogCapture log;
  const auto supervisor =
      co_await StartSupervisor(kNeverGivesUp, {RecorderSpec("a", {.backoff = kExact})});
  EXPECT_THAT(co_await DelaysOf(4), ElementsAre(Milliseconds(100), Milliseconds(200),
                                                Milliseconds(400), Milliseconds(400)));
}

HYDRA_TEST_BY_HAND(BackoffTest, IsRestartingMeanwhileAndServesRequests) {
  const ScopedLogCapture log;
  const auto supervisor = co_await StartSupervisor(
      kNeverGivesUp, {RecorderSpec("a", {.backoff = kExact}), RecorderSpec("b")});
  co_await Flush<Event>();
  co_await EndChild("a");
  EXPECT_THAT(co_await States(supervisor), ElementsAre("a restarting", "b running"));
  EXPECT_THAT(co_await RestartChild(supervisor, "a"), StatusIs(StatusCode::kAborted));
  EXPECT_THAT(co_await DeleteChild(supervisor, "a"), StatusIs(StatusCode::kAborted));
  co_await Sleep(Milliseconds(99));
  EXPECT_THAT(co_await States(supervisor), ElementsAre("a restarting", "b running"));
  co_await Sleep(Milliseconds(2));
  EXPECT_THAT(co_await States(supervisor), ElementsAre("a running", "b running"));
  EXPECT_THAT(co_await Events(), ElementsAre("start a"));
}

HYDRA_TEST_BY_HAND(BackoffTest, JitterStaysWithinItsBounds) {
  const ScopedLogCapture log;
  const Backoff jittery = {.initial = Seconds(10), .factor = 1, .jitter = 0.5};
  const auto supervisor =
      co_await StartSupervisor(kNeverGivesUp, {RecorderSpec("a", {.backoff = jittery})});
  const auto delays = co_await DelaysOf(30);
  EXPECT_THAT(delays, testing::Each(AllOf(Ge(Seconds(5)), Le(Seconds(15) + Milliseconds(1)))));
  EXPECT_THAT(std::set<absl::Duration>(delays.begin(), delays.end()), SizeIs(Ge(20)));
  // On both sides.
  EXPECT_THAT(delays, testing::Contains(testing::Lt(Seconds(10))));
  EXPECT_THAT(delays, testing::Contains(testing::Gt(Seconds(10))));
}

HYDRA_TEST_BY_HAND(BackoffTest, BeginsAgainWithOneThatHasRunForLong) {
  const ScopedLogCapture log;
  Backoff backoff = kExact;
  backoff.reset_after = Seconds(10);
  const auto supervisor =
      co_await StartSupervisor(kNeverGivesUp, {RecorderSpec("a", {.backoff = backoff})});
  EXPECT_THAT(co_await DelaysOf(2), ElementsAre(Milliseconds(100), Milliseconds(200)));
  co_await Sleep(Seconds(10) - Milliseconds(1));
  EXPECT_THAT(co_await DelaysOf(1), ElementsAre(Milliseconds(400)));
  co_await Sleep(Seconds(10));
  EXPECT_THAT(co_await DelaysOf(2), ElementsAre(Milliseconds(100), Milliseconds(200)));
}

HYDRA_TEST_BY_HAND(BackoffTest, AStartThatFailsWaitsForTheNext) {
  const ScopedLogCapture log;
  const auto supervisor = co_await StartSupervisor(
      kNeverGivesUp, {FailsAt(2, FailsAt(3, RecorderSpec("a", {.backoff = kExact})))});
  // The outer counts all starts, the inner those that the outer lets through: the second and the fourth fail.
  EXPECT_THAT(co_await DelaysOf(2), ElementsAre(Milliseconds(300), Milliseconds(800)));
}

// A clean end of a permanent child, too.
HYDRA_TEST_BY_HAND(BackoffTest, WaitsAfterACleanEnd) {
  const ScopedLogCapture log;
  const auto supervisor =
      co_await StartSupervisor(kNeverGivesUp, {RecorderSpec("a", {.backoff = kExact})});
  EXPECT_THAT(co_await DelaysOf(2, ExitReason::Normal()),
              ElementsAre(Milliseconds(100), Milliseconds(200)));
}

// SUP12: what counts is the restart, not the end.
HYDRA_TEST_BY_HAND(BackoffTest, IntensityCountsRestarts) {
  const ScopedLogCapture log;
  const Backoff slow = {.initial = Seconds(6), .factor = 1, .jitter = 0};
  const auto supervisor = co_await StartSupervisor({.max_restarts = 1, .period = Seconds(5)},
                                                   {RecorderSpec("a", {.backoff = slow})});
  EXPECT_THAT(co_await DelaysOf(10), testing::Each(Seconds(6)));
}

// SUP12, SUP16
HYDRA_TEST_BY_HAND(BackoffTest, GivesUpWhenRestartsComeTooOftenAllTheSame) {
  const ScopedLogCapture log;
  const auto supervisor = co_await StartSupervisor(
      {.max_restarts = 2}, {RecorderSpec("a", {.backoff = kExact}), RecorderSpec("b")});
  EXPECT_THAT(co_await DelaysOf(2), ElementsAre(Milliseconds(100), Milliseconds(200)));
  co_await EndChild("a");
  EXPECT_EQ(co_await EndOf(supervisor.pid()), ExitReason::Shutdown());
  EXPECT_THAT(co_await Events(), ElementsAre("end b"));
}

// ---- What ends the wait.

// SUP24
HYDRA_TEST_BY_HAND(BackoffTest, TerminateChildCancelsTheRestart) {
  const ScopedLogCapture log;
  const auto supervisor =
      co_await StartSupervisor(kNeverGivesUp, {RecorderSpec("a", {.backoff = kExact})});
  co_await Flush<Event>();
  co_await EndChild("a");
  EXPECT_OK(co_await TerminateChild(supervisor, "a"));
  EXPECT_THAT(co_await States(supervisor), ElementsAre("a stopped"));
  co_await RefuteReceive<Event>(testing::_, Seconds(10));
}

// SUP24: the Retry that was to come means nothing to one that has been restarted, and waits again.
HYDRA_TEST_BY_HAND(BackoffTest, ACancelledRestartStaysCancelled) {
  const ScopedLogCapture log;
  const auto supervisor =
      co_await StartSupervisor(kNeverGivesUp, {RecorderSpec("a", {.backoff = kExact})});
  co_await EndChild("a");
  co_await Sleep(Milliseconds(50));
  EXPECT_OK(co_await TerminateChild(supervisor, "a"));
  EXPECT_OK(co_await RestartChild(supervisor, "a"));
  co_await EndChild("a");  // the second in a row: 200 ms from here, and 50 to the first Retry
  co_await Sleep(Milliseconds(199));
  EXPECT_THAT(co_await States(supervisor), ElementsAre("a restarting"));
  co_await Sleep(Milliseconds(2));
  EXPECT_THAT(co_await States(supervisor), ElementsAre("a running"));
}

// SUP24: nor to another of the same id.
HYDRA_TEST_BY_HAND(BackoffTest, ACancelledRestartIsNotThatOfAnotherChildOfTheId) {
  const ScopedLogCapture log;
  const auto supervisor =
      co_await StartSupervisor(kNeverGivesUp, {RecorderSpec("a", {.backoff = kExact})});
  co_await EndChild("a");
  EXPECT_OK(co_await TerminateChild(supervisor, "a"));
  EXPECT_OK(co_await DeleteChild(supervisor, "a"));
  EXPECT_OK(co_await StartChild(supervisor, RecorderSpec("a")));
  co_await Flush<Event>();
  co_await RefuteReceive<Event>(testing::_, Seconds(10));
  EXPECT_THAT(co_await States(supervisor), ElementsAre("a running"));
}

// SUP5
HYDRA_TEST_BY_HAND(BackoffTest, AStopDoesNotWait) {
  const ScopedLogCapture log;
  const auto supervisor = co_await StartSupervisor(
      kNeverGivesUp, {RecorderSpec("a", {.backoff = Backoff{.initial = Seconds(10)}})});
  co_await EndChild("a");
  const absl::Time start = Now();
  EXPECT_OK(co_await Stop(supervisor));
  EXPECT_EQ(Now(), start);
}

// ---- With the other strategies.

// SUP19
HYDRA_TEST_BY_HAND(BackoffTest, OneForAllEndsTheOthersAtOnceAndStartsThemWithIt) {
  const ScopedLogCapture log;
  const auto supervisor =
      co_await StartSupervisor(NeverGivesUp(Strategy::kOneForAll),
                               {RecorderSpec("a"), RecorderSpec("b", {.backoff = kExact}),
                                RecorderSpec("t", {.restart = Restart::kTemporary})});
  co_await Flush<Event>();
  co_await EndChild("b");
  EXPECT_THAT(co_await States(supervisor), ElementsAre("a stopped", "b restarting"));
  EXPECT_THAT(co_await Events(), ElementsAre("end t", "end a"));
  co_await RefuteReceive<Event>(testing::_, Milliseconds(99));
  co_await Sleep(Milliseconds(2));
  EXPECT_THAT(co_await Events(), ElementsAre("start a", "start b"));
}

// SUP20
HYDRA_TEST_BY_HAND(BackoffTest, RestForOneEndsTheLaterOnesAtOnceAndStartsThemWithIt) {
  const ScopedLogCapture log;
  const auto supervisor = co_await StartSupervisor(
      NeverGivesUp(Strategy::kRestForOne),
      {RecorderSpec("a"), RecorderSpec("b", {.backoff = kExact}), RecorderSpec("c")});
  co_await Flush<Event>();
  co_await EndChild("b");
  EXPECT_THAT(co_await States(supervisor), ElementsAre("a running", "b restarting", "c stopped"));
  EXPECT_THAT(co_await Events(), ElementsAre("end c"));
  co_await Sleep(Milliseconds(101));
  EXPECT_THAT(co_await Events(), ElementsAre("start b", "start c"));
}

// The end of one before it restarts it as well, and then only once.
HYDRA_TEST_BY_HAND(BackoffTest, ARestartOfOthersTakesOneThatWaitsAlong) {
  const ScopedLogCapture log;
  const auto supervisor = co_await StartSupervisor(
      NeverGivesUp(Strategy::kRestForOne),
      {RecorderSpec("a"), RecorderSpec("b", {.backoff = kExact}), RecorderSpec("c")});
  co_await EndChild("b");
  co_await EndChild("a");
  EXPECT_THAT(co_await States(supervisor), ElementsAre("a running", "b running", "c running"));
  co_await Flush<Event>();
  co_await RefuteReceive<Event>(testing::_, Seconds(10));
}

// How long a child has run is counted to its own end, not to that of those that are ended with it.
HYDRA_TEST_BY_HAND(BackoffTest, TheEndOfSiblingsIsNoTimeOfRunning) {
  const ScopedLogCapture log;
  Backoff backoff = kExact;
  backoff.reset_after = Seconds(10);
  const auto supervisor = co_await StartSupervisor(
      NeverGivesUp(Strategy::kRestForOne),
      {RecorderSpec("a", {.backoff = backoff}),
       Child<Stubborn>({.id = "slow", .shutdown = Shutdown::Infinity()}, Seconds(20))});
  EXPECT_THAT(co_await DelaysOf(2),
              ElementsAre(Seconds(20) + Milliseconds(100), Seconds(20) + Milliseconds(200)));
}

// One that has run for long begins with the first delay, also if what ends it is the restart of another.
HYDRA_TEST_BY_HAND(BackoffTest, BeginsAgainWithASiblingThatHasRunForLong) {
  const ScopedLogCapture log;
  Backoff backoff = kExact;
  backoff.reset_after = Seconds(10);
  const auto broken = MakeFlag(false);
  const auto supervisor = co_await StartSupervisor(
      NeverGivesUp(Strategy::kRestForOne),
      {RecorderSpec("first"), FailsWhile(broken, RecorderSpec("a", {.backoff = backoff}))});
  EXPECT_THAT(co_await DelaysOf(2), ElementsAre(Milliseconds(100), Milliseconds(200)));
  co_await Sleep(Seconds(60));
  *broken = true;
  co_await EndChild("first");
  EXPECT_THAT(co_await States(supervisor), ElementsAre("first running", "a restarting"));
  *broken = false;
  co_await Sleep(Milliseconds(101));
  EXPECT_THAT(co_await States(supervisor), ElementsAre("first running", "a running"));
}

}  // namespace
}  // namespace hydra
