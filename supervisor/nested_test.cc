// Supervisors under supervisors: how ends travel up and down a tree.
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
#include "hydra/supervisor/dynamic_supervisor.h"
#include "hydra/supervisor/supervision_testing.h"
#include "hydra/supervisor/supervisor.h"

namespace hydra {
namespace {

using supervisor_testing::EndChild;
using supervisor_testing::EndOf;
using supervisor_testing::Event;
using supervisor_testing::Events;
using supervisor_testing::FailsWhile;
using supervisor_testing::MakeFlag;
using supervisor_testing::NextEvents;
using supervisor_testing::RecorderSpec;
using supervisor_testing::StartSupervisor;
using supervisor_testing::States;
using supervisor_testing::Stubborn;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// A supervisor named "below" that gives up at once.
ChildSpec Below(Children children, ChildOptions options = {}) {
  options.server.name = "below";
  return Child<Supervisor>(std::move(options), SupervisorOptions{.max_restarts = 0},
                           std::move(children));
}

// SUP1, SUP5: depth first, and back.
HYDRA_TEST(NestedSupervisorTest, StartsAndEndsInOrder) {
  const auto top = co_await StartSupervisor(
      {}, {RecorderSpec("a"), Below({RecorderSpec("x"), RecorderSpec("y")}), RecorderSpec("b")});
  EXPECT_THAT(co_await Events(), ElementsAre("start a", "start x", "start y", "start b"));
  EXPECT_OK(co_await Stop(top));
  EXPECT_THAT(co_await Events(), ElementsAre("end b", "end y", "end x", "end a"));
}

// SUP16: a permanent one is started anew, with the children that it began with.
HYDRA_TEST(NestedSupervisorTest, APermanentOneThatGivesUpIsStartedAnew) {
  const ScopedLogCapture log;
  const auto top = co_await StartSupervisor(
      {}, {RecorderSpec("a"), Below({RecorderSpec("x"), RecorderSpec("y")})});
  const ServerRef<Supervisor> below("below");
  EXPECT_OK(co_await StartChild(below, RecorderSpec("late")));
  co_await Flush<Event>();
  co_await EndChild("x");
  EXPECT_THAT(co_await NextEvents(4), ElementsAre("end late", "end y", "start x", "start y"));
  EXPECT_THAT(co_await States(top), ElementsAre("a running", "below running"));
  EXPECT_THAT(co_await States(below), ElementsAre("x running", "y running"));
  EXPECT_EQ((co_await WhichChildren(top))->back().restarts, 1);
}

// SUP16: a transient one isn't, since it ends as `shutdown`.
HYDRA_TEST(NestedSupervisorTest, ATransientOneThatGivesUpStaysEnded) {
  const ScopedLogCapture log;
  const auto top = co_await StartSupervisor(
      {}, {RecorderSpec("a"), Below({RecorderSpec("x")}, {.restart = Restart::kTransient})});
  const Ref below = Monitor(WhereIs("below"));
  co_await EndChild("x");
  EXPECT_EQ((co_await Receive<Down>().For(below)).reason, ExitReason::Shutdown());
  EXPECT_THAT(co_await States(top), ElementsAre("a running", "below stopped"));
}

// SUP16: level by level, if each gives up.
HYDRA_TEST(NestedSupervisorTest, EscalatesToTheTop) {
  const ScopedLogCapture log;
  const auto top = co_await StartSupervisor(
      {.max_restarts = 0},
      {RecorderSpec("a"),
       Child<Supervisor>(
           {.id = "middle"}, SupervisorOptions{.max_restarts = 0},
           Children{RecorderSpec("m"), Below({RecorderSpec("x"), RecorderSpec("y")})})});
  co_await Flush<Event>();
  co_await EndChild("x");
  EXPECT_EQ(co_await EndOf(top.pid()), ExitReason::Shutdown());
  EXPECT_THAT(co_await Events(), ElementsAre("end y", "end m", "end a"));
}

// SUP2: the reason says the way down.
HYDRA_TEST(NestedSupervisorTest, AStartThatFailsBelowSaysWhere) {
  TrapExit(true);
  const auto top = co_await StartLink<Supervisor>(
      {}, SupervisorOptions(),
      Children{RecorderSpec("a"),
               Below({RecorderSpec("x"), FailsWhile(MakeFlag(true), RecorderSpec("y"))})});
  EXPECT_EQ(ExitReasonOf(top.status()),
            ExitReason::Shutdown("failed to start child \"below\": shutdown: "
                                 "failed to start child \"y\": out of order"));
  EXPECT_THAT(co_await Events(), ElementsAre("start a", "start x", "end x", "end a"));
}

// SUP4
HYDRA_TEST(NestedSupervisorTest, AnInvalidSpecBelowSaysWhere) {
  ChildSpec invalid = RecorderSpec("y");
  invalid.start = nullptr;
  TrapExit(true);
  const auto top = co_await StartLink<Supervisor>({}, SupervisorOptions(),
                                                  Children{Below({std::move(invalid)})});
  EXPECT_THAT(top, StatusIs(absl::StatusCode::kUnavailable, HasSubstr("\"below\"")));
  EXPECT_THAT(top, StatusIs(absl::StatusCode::kUnavailable, HasSubstr("\"y\"")));
}

// SUP11: what a killed supervisor leaves is gone before it is started anew under the same names.
HYDRA_TEST_BY_HAND(NestedSupervisorTest, AKilledOneIsStartedAnewWithItsChildren) {
  const ScopedLogCapture log;
  const auto top =
      co_await StartSupervisor({.max_restarts = 1'000'000}, {Below({RecorderSpec("x")})});
  co_await Flush<Event>();
  Exit(WhereIs("below"), ExitReason::Kill());
  EXPECT_THAT(co_await NextEvents(2), ElementsAre("end x", "start x"));
  EXPECT_THAT(co_await States(top), ElementsAre("below running"));
}

// SUP6: a supervisor is waited for without limit, so that its children have theirs.
HYDRA_TEST_BY_HAND(NestedSupervisorTest, IsWaitedForWhileItEndsItsChildren) {
  const auto top = co_await StartSupervisor(
      {},
      {Below({Child<Stubborn>({.id = "x", .shutdown = Shutdown::Infinity()}, absl::Hours(1)),
              Child<Stubborn>({.id = "y", .shutdown = Shutdown::Infinity()}, absl::Hours(2))})});
  const absl::Time start = Now();
  EXPECT_OK(co_await Stop(top));
  EXPECT_EQ(Now() - start, absl::Hours(3));
}

// SUP11
HYDRA_TEST(NestedSupervisorTest, ABrutalKillOfOneTakesItsChildrenAlong) {
  const ScopedLogCapture log;
  const auto top = co_await StartSupervisor(
      {}, {Below({RecorderSpec("x")}, {.shutdown = Shutdown::BrutalKill()})});
  const Ref x = Monitor(WhereIs("x"));
  EXPECT_OK(co_await TerminateChild(top, "below"));
  EXPECT_EQ((co_await Receive<Down>().For(x)).reason, ExitReason::Killed());
}

// DYN1, SUP16
HYDRA_TEST(NestedSupervisorTest, ADynamicOneEscalatesToo) {
  const ScopedLogCapture log;
  const auto top = co_await StartSupervisor(
      {}, {Child<DynamicSupervisor>({.server = {.name = "dynamic"}},
                                    DynamicSupervisorOptions{.max_restarts = 0})});
  const ServerRef<DynamicSupervisor> dynamic("dynamic");
  EXPECT_OK(co_await StartChild(dynamic, RecorderSpec("x")));
  EXPECT_OK(co_await StartChild(dynamic, RecorderSpec("y")));
  co_await Flush<Event>();
  const Ref ref = Monitor(WhereIs("dynamic"));
  co_await EndChild("x");
  EXPECT_EQ((co_await Receive<Down>().For(ref)).reason, ExitReason::Shutdown());
  EXPECT_THAT(co_await States(top), ElementsAre("dynamic running"));
  EXPECT_THAT(co_await States(dynamic), IsEmpty());
  EXPECT_THAT(co_await Events(), ElementsAre("end y"));
}

}  // namespace
}  // namespace hydra
