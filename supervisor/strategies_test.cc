// Which children are started anew when one has ended, and when a supervisor gives up: semantics.md §10.2 to 10.4.
#include <cstddef>
#include <memory>
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

using supervisor_testing::EndChild;
using supervisor_testing::EndOf;
using supervisor_testing::Event;
using supervisor_testing::Events;
using supervisor_testing::FailsAt;
using supervisor_testing::FailsWhile;
using supervisor_testing::Ignored;
using supervisor_testing::IgnoredWhile;
using supervisor_testing::MakeFlag;
using supervisor_testing::NextEvents;
using supervisor_testing::RecorderSpec;
using supervisor_testing::StartsIf;
using supervisor_testing::StartSupervisor;
using supervisor_testing::States;
using testing::ElementsAre;
using testing::IsEmpty;

constexpr size_t kManyRestarts = 1'000'000;

// a, b, c and d, the starts of which have been told.
Async<ServerRef<Supervisor>> StartFour(SupervisorOptions options) {
  const auto supervisor = co_await StartSupervisor(
      options, {RecorderSpec("a"), RecorderSpec("b"), RecorderSpec("c"), RecorderSpec("d")});
  co_await Flush<Event>();
  co_return supervisor;
}

// ---- Strategies.

// SUP18
HYDRA_TEST(StrategyTest, OneForOneStartsOnlyTheOneThatHasEnded) {
  const ScopedLogCapture log;
  const auto supervisor = co_await StartFour({});
  const Pid before = WhereIs("b");
  co_await EndChild("b");
  EXPECT_THAT(co_await States(supervisor),
              ElementsAre("a running", "b running", "c running", "d running"));
  EXPECT_THAT(co_await Events(), ElementsAre("start b"));
  EXPECT_NE(WhereIs("b"), before);  // its name is free when it is started anew
  EXPECT_TRUE(WhereIs("b"));
}

// SUP19
HYDRA_TEST(StrategyTest, OneForAllEndsTheOthersInTheOppositeOrderAndStartsAll) {
  const ScopedLogCapture log;
  const auto supervisor = co_await StartFour({.strategy = Strategy::kOneForAll});
  co_await EndChild("b");
  EXPECT_THAT(co_await States(supervisor),
              ElementsAre("a running", "b running", "c running", "d running"));
  EXPECT_THAT(co_await Events(),
              ElementsAre("end d", "end c", "end a", "start a", "start b", "start c", "start d"));
}

// SUP20
HYDRA_TEST(StrategyTest, RestForOneEndsTheLaterOnesAndStartsThemWithIt) {
  const ScopedLogCapture log;
  const auto supervisor = co_await StartFour({.strategy = Strategy::kRestForOne});
  co_await EndChild("b");
  EXPECT_THAT(co_await States(supervisor),
              ElementsAre("a running", "b running", "c running", "d running"));
  EXPECT_THAT(co_await Events(), ElementsAre("end d", "end c", "start b", "start c", "start d"));
}

// SUP20: the first and the last.
HYDRA_TEST(StrategyTest, RestForOneAtTheEnds) {
  const ScopedLogCapture log;
  const auto supervisor = co_await StartFour({.strategy = Strategy::kRestForOne});
  co_await EndChild("d");
  EXPECT_OK(co_await CountChildren(supervisor));
  EXPECT_THAT(co_await Events(), ElementsAre("start d"));
  co_await EndChild("a");
  EXPECT_OK(co_await CountChildren(supervisor));
  EXPECT_THAT(co_await Events(),
              ElementsAre("end d", "end c", "end b", "start a", "start b", "start c", "start d"));
}

// SUP19, SUP20: each is ended by its own policy.
HYDRA_TEST(StrategyTest, EndsTheOthersAsTheirSpecsSay) {
  for (const Strategy strategy : {Strategy::kOneForAll, Strategy::kRestForOne}) {
    const ScopedLogCapture log;
    const auto supervisor = co_await StartSupervisor(
        {.strategy = strategy},
        {RecorderSpec("a"), RecorderSpec("b", {.shutdown = Shutdown::BrutalKill()})});
    co_await Flush<Event>();
    co_await EndChild("a");
    EXPECT_THAT(co_await States(supervisor), ElementsAre("a running", "b running"));
    EXPECT_THAT(co_await Events(), ElementsAre("start a", "start b"));
    EXPECT_OK(co_await Stop(supervisor));
    co_await EndOf(supervisor.pid());
    co_await Flush<Event>();
  }
}

// SUP21
HYDRA_TEST(StrategyTest, TemporarySiblingsAreEndedAndRemoved) {
  for (const Strategy strategy : {Strategy::kOneForAll, Strategy::kRestForOne}) {
    const ScopedLogCapture log;
    const auto supervisor = co_await StartSupervisor(
        {.strategy = strategy},
        {RecorderSpec("a"), RecorderSpec("t", {.restart = Restart::kTemporary}),
         RecorderSpec("z")});
    co_await Flush<Event>();
    co_await EndChild("a");
    EXPECT_THAT(co_await States(supervisor), ElementsAre("a running", "z running"));
    EXPECT_THAT(co_await Events(), ElementsAre("end z", "end t", "start a", "start z"));
    EXPECT_OK(co_await Stop(supervisor));
    co_await EndOf(supervisor.pid());
    co_await Flush<Event>();
  }
}

// SUP22
HYDRA_TEST(StrategyTest, SiblingsThatDontRunAreStartedToo) {
  for (const Strategy strategy : {Strategy::kOneForAll, Strategy::kRestForOne}) {
    const ScopedLogCapture log;
    const auto ignore = MakeFlag(true);
    const auto supervisor = co_await StartSupervisor(
        {.strategy = strategy},
        {RecorderSpec("a"), RecorderSpec("finished", {.restart = Restart::kTransient}),
         Child<IgnoredWhile>({.id = "ignored"}, ignore)});
    co_await EndChild("finished", ExitReason::Normal());
    EXPECT_THAT(co_await States(supervisor),
                ElementsAre("a running", "finished stopped", "ignored stopped"));
    *ignore = false;
    co_await EndChild("a");
    EXPECT_THAT(co_await States(supervisor),
                ElementsAre("a running", "finished running", "ignored running"));
    EXPECT_OK(co_await Stop(supervisor));
    co_await EndOf(supervisor.pid());
    co_await Flush<Event>();
  }
}

// SUP3: one whose start is ignored hasn't been started anew.
HYDRA_TEST(StrategyTest, AnIgnoredStartIsNoRestart) {
  const ScopedLogCapture log;
  const auto supervisor = co_await StartSupervisor(
      {.strategy = Strategy::kOneForAll}, {RecorderSpec("a"), Child<Ignored>({.id = "ignored"})});
  co_await EndChild("a");
  EXPECT_THAT(co_await States(supervisor), ElementsAre("a running", "ignored stopped"));
  const absl::StatusOr<std::vector<ChildInfo>> children = co_await WhichChildren(supervisor);
  CO_ASSERT_TRUE(children.ok());
  EXPECT_EQ(children->front().restarts, 1U);
  EXPECT_EQ(children->back().restarts, 0U);
}

// SUP23
HYDRA_TEST(StrategyTest, OneForAllEndsThoseStartedInThisRoundBeforeItTriesAgain) {
  const ScopedLogCapture log;
  const auto supervisor = co_await StartSupervisor(
      {.strategy = Strategy::kOneForAll},
      {RecorderSpec("a"), RecorderSpec("b"), FailsAt(2, RecorderSpec("c")), RecorderSpec("d")});
  co_await Flush<Event>();
  co_await EndChild("b");
  EXPECT_THAT(co_await NextEvents(11),
              ElementsAre("end d", "end c", "end a", "start a", "start b", "end b", "end a",
                          "start a", "start b", "start c", "start d"));
  EXPECT_THAT(co_await States(supervisor),
              ElementsAre("a running", "b running", "c running", "d running"));
  EXPECT_THAT(co_await Events(), IsEmpty());
}

// SUP23
HYDRA_TEST(StrategyTest, RestForOneTriesAgainFromTheOneThatFailed) {
  const ScopedLogCapture log;
  const auto supervisor = co_await StartSupervisor(
      {.strategy = Strategy::kRestForOne},
      {RecorderSpec("a"), RecorderSpec("b"), FailsAt(2, RecorderSpec("c")), RecorderSpec("d")});
  co_await Flush<Event>();
  co_await EndChild("b");
  EXPECT_THAT(co_await NextEvents(5),
              ElementsAre("end d", "end c", "start b", "start c", "start d"));
  EXPECT_THAT(co_await States(supervisor),
              ElementsAre("a running", "b running", "c running", "d running"));
  EXPECT_THAT(co_await Events(), IsEmpty());
}

// ---- How often.

// Ends `child` as often as its supervisor starts it anew, and returns how often that was. The supervisor has
// ended then.
Async<size_t> RestartsUntilItGivesUp(ServerRef<Supervisor> supervisor, std::string child,
                                     absl::Duration pause = absl::ZeroDuration(),
                                     ExitReason reason = ExitReason::Killed()) {
  for (size_t restarts = 0;; ++restarts) {
    co_await EndChild(child, reason);
    if (!(co_await CountChildren(supervisor)).ok()) co_return restarts;
    co_await Sleep(pause);
  }
}

// SUP12, SUP17: three in five seconds by default.
HYDRA_TEST_BY_HAND(IntensityTest, GivesUpAtTheFourthEndByDefault) {
  const ScopedLogCapture log;
  auto supervisor = co_await StartSupervisor({}, {RecorderSpec("a")});
  EXPECT_EQ(co_await RestartsUntilItGivesUp(supervisor, "a", absl::Milliseconds(1666)), 3);
  supervisor = co_await StartSupervisor({}, {RecorderSpec("a")});
  for (int i = 0; i < 20; ++i) {
    co_await EndChild("a");
    EXPECT_THAT(co_await States(supervisor), ElementsAre("a running"));
    co_await Sleep(absl::Milliseconds(1667));
  }
}

// SUP12
HYDRA_TEST(IntensityTest, NoneAllowedMeansThatTheFirstEndIsTheLast) {
  const ScopedLogCapture log;
  const auto supervisor = co_await StartSupervisor({.max_restarts = 0}, {RecorderSpec("a")});
  EXPECT_EQ(co_await RestartsUntilItGivesUp(supervisor, "a"), 0);
  EXPECT_EQ(co_await EndOf(supervisor.pid()), ExitReason::Shutdown());
}

// SUP12: that a permanent child ends normally counts like any other end.
HYDRA_TEST(IntensityTest, CountsNormalEnds) {
  const ScopedLogCapture log;
  const auto supervisor = co_await StartSupervisor({.max_restarts = 2}, {RecorderSpec("a")});
  EXPECT_EQ(
      co_await RestartsUntilItGivesUp(supervisor, "a", absl::ZeroDuration(), ExitReason::Normal()),
      2);
}

// SUP12: the ends of all children count together.
HYDRA_TEST(IntensityTest, CountsTheRestartsOfAllChildren) {
  const ScopedLogCapture log;
  const auto supervisor = co_await StartFour({.max_restarts = 2});
  co_await EndChild("a");
  co_await EndChild("b");
  EXPECT_OK(co_await CountChildren(supervisor));
  co_await EndChild("c");
  EXPECT_EQ(co_await EndOf(supervisor.pid()), ExitReason::Shutdown());
}

// SUP13
HYDRA_TEST_BY_HAND(IntensityTest, TheEndsOfThePeriodAreIncluded) {
  const ScopedLogCapture log;
  const SupervisorOptions options = {.max_restarts = 1, .period = absl::Seconds(5)};
  auto supervisor = co_await StartSupervisor(options, {RecorderSpec("a")});
  co_await EndChild("a");
  co_await Sleep(absl::Seconds(5));
  co_await EndChild("a");
  EXPECT_EQ(co_await EndOf(supervisor.pid()), ExitReason::Shutdown());

  supervisor = co_await StartSupervisor(options, {RecorderSpec("a")});
  co_await EndChild("a");
  co_await Sleep(absl::Milliseconds(5001));
  co_await EndChild("a");
  EXPECT_THAT(co_await States(supervisor), ElementsAre("a running"));
}

// SUP14
HYDRA_TEST(IntensityTest, EachAttemptThatFailsCounts) {
  const ScopedLogCapture log;
  const auto starts = std::make_shared<int>(0);
  const auto broken = MakeFlag(false);
  const auto supervisor =
      co_await StartSupervisor({.max_restarts = 3}, {StartsIf(
                                                        [starts] {
                                                          ++*starts;
                                                          return absl::OkStatus();
                                                        },
                                                        FailsWhile(broken, RecorderSpec("a")))});
  *broken = true;
  co_await EndChild("a");
  EXPECT_EQ(co_await EndOf(supervisor.pid()), ExitReason::Shutdown());
  EXPECT_EQ(*starts, 1 + 3);
}

// SUP14: between the attempts the supervisor does what it is asked.
HYDRA_TEST(IntensityTest, ServesRequestsBetweenAttempts) {
  const ScopedLogCapture log;
  const auto broken = MakeFlag(false);
  const auto supervisor = co_await StartSupervisor(
      {.max_restarts = kManyRestarts}, {FailsWhile(broken, RecorderSpec("a")), RecorderSpec("b")});
  co_await Flush<Event>();
  *broken = true;
  co_await EndChild("a");
  EXPECT_THAT(co_await States(supervisor), ElementsAre("a restarting", "b running"));
  EXPECT_OK(co_await StartChild(supervisor, RecorderSpec("c")));
  EXPECT_THAT(co_await States(supervisor), ElementsAre("a restarting", "b running", "c running"));
  *broken = false;
  EXPECT_THAT(co_await NextEvents(2), ElementsAre("start c", "start a"));
}

// SUP14
HYDRA_TEST(IntensityTest, CanBeStoppedBetweenAttempts) {
  const ScopedLogCapture log;
  const auto broken = MakeFlag(false);
  const auto supervisor = co_await StartSupervisor(
      {.max_restarts = kManyRestarts}, {FailsWhile(broken, RecorderSpec("a")), RecorderSpec("b")});
  *broken = true;
  co_await EndChild("a");
  EXPECT_OK(co_await Stop(supervisor));
  EXPECT_THAT(co_await Events(), ElementsAre("start a", "start b", "end b"));
}

// Ends all of them while the supervisor does nothing.
Async<> EndAtTheSameTime(ServerRef<Supervisor> supervisor, std::vector<std::string> children) {
  EXPECT_OK(co_await sys::Suspend(supervisor.dest()));
  for (const std::string& child : children) co_await EndChild(child);
  EXPECT_OK(co_await sys::Resume(supervisor.dest()));
}

// SUP15
HYDRA_TEST(IntensityTest, ARestartOfSeveralCountsOnce) {
  const ScopedLogCapture log;
  for (const Strategy strategy : {Strategy::kOneForAll, Strategy::kRestForOne}) {
    const auto supervisor = co_await StartFour({.strategy = strategy, .max_restarts = 1});
    co_await EndAtTheSameTime(supervisor, {"a", "c", "b", "d"});
    EXPECT_THAT(co_await States(supervisor),
                ElementsAre("a running", "b running", "c running", "d running"));
    EXPECT_THAT(co_await Events(), ElementsAre("start a", "start b", "start c", "start d"));
    EXPECT_OK(co_await Stop(supervisor));
    co_await EndOf(supervisor.pid());
    co_await Flush<Event>();
  }
}

// SUP12, SUP18: with one_for_one each counts.
HYDRA_TEST(IntensityTest, EndsAtTheSameTimeCountEachWithOneForOne) {
  const ScopedLogCapture log;
  const auto supervisor = co_await StartFour({.max_restarts = 2});
  co_await EndAtTheSameTime(supervisor, {"a", "b", "c"});
  EXPECT_EQ(co_await EndOf(supervisor.pid()), ExitReason::Shutdown());
}

// SUP16
HYDRA_TEST(IntensityTest, GivingUpEndsTheOthersInTheOppositeOrder) {
  const ScopedLogCapture log;
  for (const Strategy strategy :
       {Strategy::kOneForOne, Strategy::kOneForAll, Strategy::kRestForOne}) {
    const auto supervisor = co_await StartFour({.strategy = strategy, .max_restarts = 0});
    co_await EndChild("b");
    EXPECT_EQ(co_await EndOf(supervisor.pid()), ExitReason::Shutdown());
    EXPECT_THAT(co_await Events(), ElementsAre("end d", "end c", "end a"));
  }
}

// SUP17
HYDRA_TEST(IntensityTest, ThePeriodMustBePositive) {
  TrapExit(true);
  for (const absl::Duration period : {absl::ZeroDuration(), -absl::Seconds(1)}) {
    EXPECT_THAT(co_await StartLink<Supervisor>({}, SupervisorOptions{.period = period},
                                               Children{RecorderSpec("a")}),
                StatusIs(absl::StatusCode::kInvalidArgument, testing::HasSubstr("period")));
  }
  EXPECT_THAT(co_await Events(), IsEmpty());
}

}  // namespace
}  // namespace hydra
