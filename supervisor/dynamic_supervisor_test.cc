// DynamicSupervisor: semantics.md §11.
#include "hydra/supervisor/dynamic_supervisor.h"

#include <stdexcept>
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
using supervisor_testing::Ignored;
using supervisor_testing::IgnoredWhile;
using supervisor_testing::MakeFlag;
using supervisor_testing::NextEvents;
using supervisor_testing::RecorderSpec;
using supervisor_testing::States;
using supervisor_testing::Stubborn;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

using Dynamic = ServerRef<DynamicSupervisor>;

constexpr DynamicSupervisorOptions kNeverGivesUp = {.max_restarts = 1'000'000};

Async<Dynamic> StartDynamic(DynamicSupervisorOptions options = {}) {
  TrapExit(true);
  const auto supervisor = co_await StartLink<DynamicSupervisor>({}, options);
  EXPECT_OK(supervisor);
  co_return supervisor.value();
}

// ---- Children.

// DYN1
HYDRA_TEST(DynamicSupervisorTest, ChildrenAreKnownByTheirPids) {
  const Dynamic supervisor = co_await StartDynamic();
  EXPECT_THAT(co_await States(supervisor), IsEmpty());
  const auto a = co_await StartChild(supervisor, RecorderSpec("a"));
  const auto b =
      co_await StartChild(supervisor, RecorderSpec("b", {.restart = Restart::kTemporary}));
  EXPECT_THAT(a, IsOkAndHolds(WhereIs("a")));
  EXPECT_THAT(b, IsOkAndHolds(WhereIs("b")));
  EXPECT_THAT(co_await States(supervisor), UnorderedElementsAre("a running", "b running"));
  EXPECT_OK(co_await TerminateChild(supervisor, *a));
  EXPECT_THAT(co_await States(supervisor), ElementsAre("b running"));
  EXPECT_FALSE(co_await IsAlive(*a));
}

// DYN1: ids aren't needed, and may be the same.
HYDRA_TEST(DynamicSupervisorTest, IdsDontMatter) {
  const Dynamic supervisor = co_await StartDynamic();
  for (const char* id : {"", "", "same", "same"})
    EXPECT_OK(co_await StartChild(supervisor, Child<Stubborn>({.id = id}, absl::ZeroDuration())));
  const auto counts = co_await CountChildren(supervisor);
  CO_ASSERT_TRUE(counts.ok());
  EXPECT_EQ(counts->specs, 4);
  EXPECT_EQ(counts->active, 4);
}

// DYN1
HYDRA_TEST(DynamicSupervisorTest, RestartsOnlyTheOneThatHasEnded) {
  const ScopedLogCapture log;
  const Dynamic supervisor = co_await StartDynamic();
  EXPECT_OK(co_await StartChild(supervisor, RecorderSpec("a")));
  EXPECT_OK(co_await StartChild(supervisor, RecorderSpec("b")));
  const Pid before = WhereIs("a");
  co_await EndChild("a");
  const auto children = co_await WhichChildren(supervisor);
  CO_ASSERT_TRUE(children.ok());
  EXPECT_THAT(co_await Events(), ElementsAre("start a", "start b", "start a"));
  for (const ChildInfo& child : *children) {
    EXPECT_EQ(child.pid, WhereIs(child.id));
    EXPECT_EQ(child.restarts, child.id == "a" ? 1 : 0);
  }
  // It is known by its new pid.
  EXPECT_THAT(co_await TerminateChild(supervisor, before), StatusIs(StatusCode::kNotFound));
  EXPECT_OK(co_await TerminateChild(supervisor, WhereIs("a")));
}

// DYN1: what isn't started anew is forgotten, a transient child, too.
HYDRA_TEST(DynamicSupervisorTest, ForgetsWhatIsNotStartedAnew) {
  const ScopedLogCapture log;
  const Dynamic supervisor = co_await StartDynamic();
  EXPECT_OK(co_await StartChild(supervisor, RecorderSpec("tr", {.restart = Restart::kTransient})));
  EXPECT_OK(co_await StartChild(supervisor, RecorderSpec("te", {.restart = Restart::kTemporary})));
  co_await EndChild("tr", ExitReason::Normal());
  co_await EndChild("te");
  EXPECT_THAT(co_await States(supervisor), IsEmpty());
  EXPECT_EQ((co_await CountChildren(supervisor))->specs, 0);
}

// DYN1
HYDRA_TEST(DynamicSupervisorTest, RefusesSpecsThatMakeNoSense) {
  const Dynamic supervisor = co_await StartDynamic();
  EXPECT_THAT(co_await StartChild(supervisor, RecorderSpec("a", {.restart = Restart::kTransient,
                                                                 .significant = true})),
              StatusIs(StatusCode::kInvalidArgument, HasSubstr("significant")));
  ChildSpec spec = RecorderSpec("a");
  spec.start = nullptr;
  EXPECT_THAT(co_await StartChild(supervisor, spec),
              StatusIs(StatusCode::kInvalidArgument, HasSubstr("\"a\"")));
  EXPECT_THAT(co_await States(supervisor), IsEmpty());
  EXPECT_THAT(co_await Events(), IsEmpty());
}

HYDRA_TEST(DynamicSupervisorTest, ThePeriodMustBePositive) {
  EXPECT_THAT(co_await StartLink<DynamicSupervisor>(
                  {}, DynamicSupervisorOptions{.period = absl::ZeroDuration()}),
              StatusIs(StatusCode::kInvalidArgument, HasSubstr("period")));
}

// SUP29
HYDRA_TEST(DynamicSupervisorTest, CountsByType) {
  const Dynamic supervisor = co_await StartDynamic();
  EXPECT_OK(co_await StartChild(supervisor, RecorderSpec("a")));
  EXPECT_OK(
      co_await StartChild(supervisor, Child<DynamicSupervisor>({}, DynamicSupervisorOptions())));
  const auto counts = co_await CountChildren(supervisor);
  CO_ASSERT_TRUE(counts.ok());
  EXPECT_EQ(counts->supervisors, 1);
  EXPECT_EQ(counts->workers, 1);
  EXPECT_EQ((co_await sys::GetStatus(supervisor.dest()))->state, "2 children");
}

// ---- max_children.

// DYN2
HYDRA_TEST(MaxChildrenTest, IsAskedForAtTheStart) {
  const Dynamic supervisor = co_await StartDynamic({.max_children = 2});
  EXPECT_OK(co_await StartChild(supervisor, RecorderSpec("a")));
  EXPECT_OK(co_await StartChild(supervisor, RecorderSpec("b")));
  EXPECT_THAT(co_await StartChild(supervisor, RecorderSpec("c")),
              StatusIs(StatusCode::kResourceExhausted, HasSubstr("2")));
  EXPECT_OK(co_await TerminateChild(supervisor, WhereIs("a")));
  EXPECT_OK(co_await StartChild(supervisor, RecorderSpec("c")));
  EXPECT_THAT(co_await Events(), ElementsAre("start a", "start b", "end a", "start c"));
}

// DYN2
HYDRA_TEST(MaxChildrenTest, OneThatIsRestartingCounts) {
  const ScopedLogCapture log;
  const auto broken = MakeFlag(false);
  const Dynamic supervisor = co_await StartDynamic({.max_children = 1, .max_restarts = 1'000'000});
  EXPECT_OK(co_await StartChild(supervisor, FailsWhile(broken, RecorderSpec("a"))));
  *broken = true;
  co_await EndChild("a");
  EXPECT_THAT(co_await States(supervisor), ElementsAre("a restarting"));
  EXPECT_THAT(co_await StartChild(supervisor, RecorderSpec("b")),
              StatusIs(StatusCode::kResourceExhausted));
}

// DYN2
HYDRA_TEST(MaxChildrenTest, OneThatFailsOrIsIgnoredTakesNoPlace) {
  const Dynamic supervisor = co_await StartDynamic({.max_children = 1});
  EXPECT_THAT(co_await StartChild(supervisor, Child<Ignored>({})), IsOkAndHolds(Pid()));
  EXPECT_THAT(co_await StartChild(supervisor, FailsAt(1, RecorderSpec("a"))),
              StatusIs(StatusCode::kInternal));
  EXPECT_OK(co_await StartChild(supervisor, RecorderSpec("a")));
}

// ---- Starts.

// What all children are made with comes first, then what the caller gives.
ChildSpec Greeter(Pid owner, std::string greeting, std::string name) {
  return ProcessChild(
      {.server = {.name = name}},
      [](Pid to, std::string hello, std::string whom) -> Async<> {
        Send(to, Event{hello + " " + whom, Self(), {}});
        const auto end = co_await Receive<supervisor_testing::EndNow>();
        ExitSelf(end.reason);
      },
      owner, std::move(greeting), name);
}

// DYN3: here a function that makes the specs; what it gives is there at each restart.
HYDRA_TEST(DynamicSupervisorTest, ExtraArgumentsComeFromTheFunctionThatMakesTheSpecs) {
  const ScopedLogCapture log;
  const Dynamic supervisor = co_await StartDynamic();
  EXPECT_OK(co_await StartChild(supervisor, Greeter(Self(), "hello", "world")));
  co_await EndChild("world", ExitReason::Custom("again"));
  EXPECT_THAT(co_await NextEvents(2), ElementsAre("hello world", "hello world"));
}

// DYN7
HYDRA_TEST(DynamicSupervisorTest, SurvivesAStartFunctionThatThrows) {
  const Dynamic supervisor = co_await StartDynamic();
  const auto throws = []() -> Async<absl::StatusOr<Pid>> { throw std::runtime_error("oh"); };
  const auto child = co_await StartChild(supervisor, {.id = "a", .start = throws});
  EXPECT_EQ(ExitReasonOf(child.status()), ExitReason::Error("std::runtime_error", "oh"));
  EXPECT_THAT(co_await States(supervisor), IsEmpty());
}

// SUP30, DYN7
HYDRA_TEST(DynamicSupervisorTest, TakesAStartThatYieldsNobodyForAFailure) {
  const Dynamic supervisor = co_await StartDynamic();
  const auto nobody = []() -> Async<absl::StatusOr<Pid>> { co_return Pid(); };
  EXPECT_THAT(co_await StartChild(supervisor, {.id = "a", .start = nobody}),
              StatusIs(StatusCode::kUnavailable));
}

// ---- TerminateChild.

// DYN5
HYDRA_TEST(DynamicSupervisorTest, TerminatesOnlyItsChildren) {
  const Dynamic supervisor = co_await StartDynamic();
  EXPECT_THAT(co_await TerminateChild(supervisor, Self()),
              StatusIs(StatusCode::kNotFound, HasSubstr(Self().ToString())));
  EXPECT_THAT(co_await TerminateChild(supervisor, Pid()), StatusIs(StatusCode::kNotFound));
}

// DYN5, SUP7
HYDRA_TEST(DynamicSupervisorTest, TerminatesAsTheSpecSaysAndStartsNothingAnew) {
  const ScopedLogCapture log;
  const Dynamic supervisor = co_await StartDynamic({.max_restarts = 0});
  EXPECT_OK(co_await StartChild(supervisor, RecorderSpec("a")));
  EXPECT_OK(
      co_await StartChild(supervisor, RecorderSpec("b", {.shutdown = Shutdown::BrutalKill()})));
  EXPECT_OK(co_await TerminateChild(supervisor, WhereIs("a")));
  EXPECT_OK(co_await TerminateChild(supervisor, WhereIs("b")));
  EXPECT_THAT(co_await States(supervisor), IsEmpty());
  EXPECT_THAT(co_await Events(), ElementsAre("start a", "start b", "end a"));
  EXPECT_THAT(log.entries(), IsEmpty());
}

// DYN5
HYDRA_TEST(DynamicSupervisorTest, TerminatesOneThatIsRestartingByItsOldPid) {
  const ScopedLogCapture log;
  const auto broken = MakeFlag(false);
  const Dynamic supervisor = co_await StartDynamic(kNeverGivesUp);
  const auto a = co_await StartChild(supervisor, FailsWhile(broken, RecorderSpec("a")));
  co_await Flush<Event>();
  *broken = true;
  co_await EndChild("a");
  EXPECT_THAT(co_await States(supervisor), ElementsAre("a restarting"));
  EXPECT_OK(co_await TerminateChild(supervisor, *a));
  *broken = false;
  EXPECT_THAT(co_await States(supervisor), IsEmpty());
  co_await RefuteReceive<Event>();
}

// ---- Restarts.

// DYN6
HYDRA_TEST(DynamicSupervisorTest, ARestartThatFailsIsTriedAgain) {
  const ScopedLogCapture log;
  const Dynamic supervisor = co_await StartDynamic();
  EXPECT_OK(co_await StartChild(supervisor, FailsAt(2, FailsAt(2, RecorderSpec("a")))));
  co_await EndChild("a");
  EXPECT_THAT(co_await NextEvents(2), ElementsAre("start a", "start a"));
  EXPECT_THAT(co_await States(supervisor), ElementsAre("a running"));
}

// DYN6: and isn't a child that runs; requests are served meanwhile.
HYDRA_TEST(DynamicSupervisorTest, OneThatIsRestartingIsNotActive) {
  const ScopedLogCapture log;
  const auto broken = MakeFlag(false);
  const Dynamic supervisor = co_await StartDynamic(kNeverGivesUp);
  EXPECT_OK(co_await StartChild(supervisor, FailsWhile(broken, RecorderSpec("a"))));
  *broken = true;
  co_await EndChild("a");
  const auto children = co_await WhichChildren(supervisor);
  CO_ASSERT_TRUE(children.ok());
  EXPECT_EQ(children->front().state, ChildState::kRestarting);
  EXPECT_EQ(children->front().pid, Pid());
  EXPECT_EQ((co_await CountChildren(supervisor))->specs, 1);
  EXPECT_EQ((co_await CountChildren(supervisor))->active, 0);
  EXPECT_OK(co_await Stop(supervisor));
}

// DYN6, SUP14, SUP16: each attempt counts.
HYDRA_TEST(DynamicSupervisorTest, GivesUpWhenRestartsComeTooOften) {
  const ScopedLogCapture log;
  const auto broken = MakeFlag(false);
  const Dynamic supervisor = co_await StartDynamic({.max_restarts = 3});
  EXPECT_OK(co_await StartChild(supervisor, FailsWhile(broken, RecorderSpec("a"))));
  EXPECT_OK(co_await StartChild(supervisor, RecorderSpec("b")));
  for (int i = 0; i < 2; ++i) {
    co_await EndChild("a");
    EXPECT_OK(co_await CountChildren(supervisor));
  }
  co_await Flush<Event>();
  *broken = true;
  co_await EndChild("b");  // the third
  EXPECT_OK(co_await CountChildren(supervisor));
  co_await EndChild("a");
  EXPECT_EQ(co_await EndOf(supervisor.pid()), ExitReason::Shutdown());
  EXPECT_THAT(co_await Events(), ElementsAre("start b", "end b"));
}

// SUP12
HYDRA_TEST_BY_HAND(DynamicSupervisorTest, OldRestartsDontCount) {
  const ScopedLogCapture log;
  const Dynamic supervisor = co_await StartDynamic({.max_restarts = 1, .period = Seconds(2)});
  EXPECT_OK(co_await StartChild(supervisor, RecorderSpec("a")));
  for (int i = 0; i < 5; ++i) {
    co_await EndChild("a");
    EXPECT_THAT(co_await States(supervisor), ElementsAre("a running"));
    co_await Sleep(Seconds(2) + Milliseconds(1));
  }
}

// DYN6
HYDRA_TEST(DynamicSupervisorTest, ForgetsOneWhoseRestartIsIgnored) {
  const ScopedLogCapture log;
  const auto ignore = MakeFlag(false);
  const Dynamic supervisor = co_await StartDynamic();
  const auto child = co_await StartChild(supervisor, Child<IgnoredWhile>({}, ignore));
  CO_ASSERT_TRUE(child.ok());
  *ignore = true;
  co_await supervisor_testing::EndProcess(*child, ExitReason::Killed());
  EXPECT_THAT(co_await States(supervisor), IsEmpty());
}

HYDRA_TEST_BY_HAND(DynamicSupervisorTest, RestartsWaitForTheirBackoff) {
  const ScopedLogCapture log;
  const Backoff backoff = {.initial = Seconds(1), .jitter = 0, .reset_after = Seconds(60)};
  const Dynamic supervisor = co_await StartDynamic(kNeverGivesUp);
  const auto a = co_await StartChild(supervisor, RecorderSpec("a", {.backoff = backoff}));
  co_await Flush<Event>();
  for (const int delay : {1, 2, 4}) {
    const absl::Time end = Now();
    co_await EndChild("a");
    EXPECT_THAT(co_await States(supervisor), ElementsAre("a restarting"));
    EXPECT_THAT(co_await NextEvents(1), ElementsAre("start a"));
    EXPECT_EQ(Now() - end, Seconds(delay));
  }
  co_await Sleep(Seconds(60));
  const absl::Time end = Now();
  const Pid last = WhereIs("a");
  co_await EndChild("a");
  EXPECT_THAT(co_await NextEvents(1), ElementsAre("start a"));
  EXPECT_EQ(Now() - end, Seconds(1));
  EXPECT_THAT(co_await TerminateChild(supervisor, last), StatusIs(StatusCode::kNotFound));

  // TerminateChild cancels it.
  const Pid waiting = WhereIs("a");
  co_await EndChild("a");
  EXPECT_OK(co_await TerminateChild(supervisor, waiting));
  co_await RefuteReceive<Event>(testing::_, Seconds(100));
}

// ---- The end.

// DYN4
HYDRA_TEST_BY_HAND(DynamicSupervisorTest, EndsAllChildrenAtTheSameTime) {
  const Dynamic supervisor = co_await StartDynamic();
  for (const int seconds : {3, 1, 4, 1, 2}) {
    EXPECT_OK(co_await StartChild(supervisor, Child<Stubborn>({}, Seconds(seconds))));
  }
  const absl::Time start = Now();
  EXPECT_OK(co_await Stop(supervisor));
  EXPECT_EQ(Now() - start, Seconds(4));
}

// DYN4: each has its own limit, and is killed when that has passed, not later.
HYDRA_TEST_BY_HAND(DynamicSupervisorTest, EndsEachChildByItsOwnPolicy) {
  const ScopedLogCapture log;
  const Dynamic supervisor = co_await StartDynamic();
  struct Policy {
    Shutdown shutdown;
    absl::Duration takes;
    absl::Duration ends_after;
    ExitReason reason;
  };
  const Policy policies[] = {
      {Shutdown::Infinity(), Seconds(9), Seconds(9), ExitReason::Shutdown()},
      {Shutdown::Within(Seconds(3)), Seconds(60), Seconds(3), ExitReason::Killed()},
      {Shutdown::BrutalKill(), Seconds(60), Seconds(0), ExitReason::Killed()},
      {Shutdown::Within(Seconds(5)), Seconds(2), Seconds(2), ExitReason::Shutdown()},
      {Shutdown::Within(Seconds(1)), Seconds(60), Seconds(1), ExitReason::Killed()},
      {Shutdown::Within(Seconds(1)), Seconds(60), Seconds(1), ExitReason::Killed()},
  };
  for (const Policy& policy : policies) {
    const auto child = co_await StartChild(
        supervisor, Child<Stubborn>({.shutdown = policy.shutdown}, policy.takes));
    CO_ASSERT_TRUE(child.ok());
    Spawn(
        [](Pid owner, Pid of, Policy expected) -> Async<> {
          const Ref ref = Monitor(of);
          Send(owner, Event{"watches", Self(), {}});
          const absl::Time start = Now();
          const Down down = co_await Receive<Down>().For(ref);
          EXPECT_EQ(down.reason, expected.reason);
          EXPECT_EQ(Now() - start, expected.ends_after);
          Send(owner, Event{"ended", Self(), {}});
        },
        Self(), *child, policy);
  }
  co_await NextEvents(6);
  const absl::Time start = Now();
  EXPECT_OK(co_await Stop(supervisor));
  EXPECT_EQ(Now() - start, Seconds(9));
  co_await NextEvents(6);
}

// DYN4, SUP8
HYDRA_TEST(DynamicSupervisorTest, EndsThoseThatRunAndNotThoseThatAreRestarting) {
  const ScopedLogCapture log;
  const auto broken = MakeFlag(false);
  const Dynamic supervisor = co_await StartDynamic(kNeverGivesUp);
  EXPECT_OK(co_await StartChild(supervisor, FailsWhile(broken, RecorderSpec("a"))));
  EXPECT_OK(co_await StartChild(supervisor, RecorderSpec("b")));
  *broken = true;
  co_await EndChild("a");
  EXPECT_OK(co_await Stop(supervisor));
  EXPECT_THAT(co_await Events(), ElementsAre("start a", "start b", "end b"));
}

}  // namespace
}  // namespace hydra
