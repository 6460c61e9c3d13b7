// Supervisors that end with their significant children: semantics.md §10.6.
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
using supervisor_testing::FailsWhile;
using supervisor_testing::MakeFlag;
using supervisor_testing::RecorderSpec;
using supervisor_testing::StartSupervisor;
using supervisor_testing::States;
using testing::ElementsAre;
using testing::IsEmpty;

constexpr SupervisorOptions kAny = {.max_restarts = 1'000'000,
                                    .auto_shutdown = AutoShutdown::kAnySignificant};
constexpr SupervisorOptions kAll = {.max_restarts = 1'000'000,
                                    .auto_shutdown = AutoShutdown::kAllSignificant};

ChildSpec Significant(const std::string& id, Restart restart = Restart::kTransient) {
  return RecorderSpec(id, {.restart = restart, .significant = true});
}

struct Case {
  Restart restart;
  ExitReason reason;
  bool ends;  // the supervisor
};

// SUP32
HYDRA_TEST(AutoShutdownTest, EndsWithASignificantChildThatIsNotStartedAnew) {
  const Case cases[] = {
      {Restart::kTransient, ExitReason::Normal(), true},
      {Restart::kTransient, ExitReason::Shutdown(), true},
      {Restart::kTransient, ExitReason::Shutdown("detail"), true},
      {Restart::kTransient, ExitReason::Killed(), false},
      {Restart::kTransient, ExitReason::Custom("own"), false},
      {Restart::kTemporary, ExitReason::Normal(), true},
      {Restart::kTemporary, ExitReason::Shutdown(), true},
      {Restart::kTemporary, ExitReason::Killed(), true},
      {Restart::kTemporary, ExitReason::Error("type", "text"), true},
      {Restart::kTemporary, ExitReason::Custom("own"), true},
  };
  for (const SupervisorOptions& options : {kAny, kAll}) {
    for (const Case& c : cases) {
      const ScopedLogCapture log;
      const auto supervisor =
          co_await StartSupervisor(options, {Significant("a", c.restart), RecorderSpec("z")});
      co_await EndChild("a", c.reason);
      EXPECT_EQ((co_await CountChildren(supervisor)).ok(), !c.ends) << c.reason;
      if (!c.ends) EXPECT_OK(co_await Stop(supervisor, ExitReason::Shutdown()));
      EXPECT_EQ(co_await EndOf(supervisor.pid()), ExitReason::Shutdown());
      co_await Flush<Event>();
    }
  }
}

// SUP32
HYDRA_TEST(AutoShutdownTest, OthersDontMatter) {
  const ScopedLogCapture log;
  for (const SupervisorOptions& options : {kAny, kAll}) {
    const auto supervisor = co_await StartSupervisor(
        options, {Significant("a"), RecorderSpec("b", {.restart = Restart::kTransient}),
                  RecorderSpec("c", {.restart = Restart::kTemporary})});
    co_await EndChild("b", ExitReason::Normal());
    co_await EndChild("c", ExitReason::Normal());
    EXPECT_THAT(co_await States(supervisor), ElementsAre("a running", "b stopped"));
    EXPECT_OK(co_await Stop(supervisor));
    co_await EndOf(supervisor.pid());
  }
}

// SUP33
HYDRA_TEST(AutoShutdownTest, AnySignificantEndsWithTheFirst) {
  const auto supervisor =
      co_await StartSupervisor(kAny, {RecorderSpec("a"), Significant("b"), Significant("c")});
  co_await Flush<Event>();
  co_await EndChild("b", ExitReason::Normal());
  EXPECT_EQ(co_await EndOf(supervisor.pid()), ExitReason::Shutdown());
  EXPECT_THAT(co_await Events(), ElementsAre("end b", "end c", "end a"));
}

// SUP33
HYDRA_TEST(AutoShutdownTest, AllSignificantEndsWithTheLast) {
  const auto supervisor =
      co_await StartSupervisor(kAll, {Significant("a"), RecorderSpec("b"), Significant("c")});
  co_await EndChild("a", ExitReason::Normal());
  EXPECT_THAT(co_await States(supervisor), ElementsAre("a stopped", "b running", "c running"));
  co_await EndChild("c", ExitReason::Normal());
  EXPECT_EQ(co_await EndOf(supervisor.pid()), ExitReason::Shutdown());
}

// SUP33: one that a TerminateChild has ended doesn't run either.
HYDRA_TEST(AutoShutdownTest, AllSignificantDoesNotWaitForOneThatIsTerminated) {
  const auto supervisor = co_await StartSupervisor(kAll, {Significant("a"), Significant("b")});
  EXPECT_OK(co_await TerminateChild(supervisor, "a"));
  co_await EndChild("b", ExitReason::Normal());
  EXPECT_EQ(co_await EndOf(supervisor.pid()), ExitReason::Shutdown());
}

// SUP33: one that is restarting is still there, as in OTP.
HYDRA_TEST(AutoShutdownTest, AllSignificantWaitsForOneThatIsRestarting) {
  const ScopedLogCapture log;
  const auto broken = MakeFlag(false);
  const auto supervisor =
      co_await StartSupervisor(kAll, {FailsWhile(broken, Significant("a")), Significant("b")});
  *broken = true;
  co_await EndChild("a");
  co_await EndChild("b", ExitReason::Normal());
  EXPECT_THAT(co_await States(supervisor), ElementsAre("a restarting", "b stopped"));
}

// SUP26, SUP34
HYDRA_TEST(AutoShutdownTest, TerminateChildEndsNothingElse) {
  for (const SupervisorOptions& options : {kAny, kAll}) {
    const auto supervisor = co_await StartSupervisor(
        options, {Significant("a"), Significant("b", Restart::kTemporary)});
    EXPECT_OK(co_await TerminateChild(supervisor, "a"));
    EXPECT_OK(co_await TerminateChild(supervisor, "b"));
    EXPECT_THAT(co_await States(supervisor), ElementsAre("a stopped"));
    EXPECT_OK(co_await Stop(supervisor));
    co_await EndOf(supervisor.pid());
  }
}

// SUP34
HYDRA_TEST(AutoShutdownTest, SiblingsEndedByARestartEndNothing) {
  const ScopedLogCapture log;
  for (SupervisorOptions options : {kAny, kAll}) {
    for (const Strategy strategy : {Strategy::kOneForAll, Strategy::kRestForOne}) {
      options.strategy = strategy;
      const auto supervisor = co_await StartSupervisor(
          options, {RecorderSpec("a"), Significant("b"), Significant("c", Restart::kTemporary)});
      co_await EndChild("a");
      EXPECT_THAT(co_await States(supervisor), ElementsAre("a running", "b running"));
      EXPECT_OK(co_await Stop(supervisor));
      co_await EndOf(supervisor.pid());
      co_await Flush<Event>();
    }
  }
}

// SUP34: the end of a supervisor that is significant itself ends the one above.
HYDRA_TEST(AutoShutdownTest, Escalates) {
  const auto top = co_await StartSupervisor(
      kAny, {RecorderSpec("above"),
             Child<Supervisor>({.id = "below", .restart = Restart::kTransient, .significant = true},
                               kAny, Children{RecorderSpec("x"), Significant("y")})});
  co_await Flush<Event>();
  co_await EndChild("y", ExitReason::Normal());
  EXPECT_EQ(co_await EndOf(top.pid()), ExitReason::Shutdown());
  EXPECT_THAT(co_await Events(), ElementsAre("end y", "end x", "end above"));
}

}  // namespace
}  // namespace hydra
