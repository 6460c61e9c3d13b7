// How a supervisor starts its children, and how it ends with them: semantics.md §10.1.
#include <atomic>
#include <memory>
#include <optional>
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

using absl::StatusCode;
using supervisor_testing::EndChild;
using supervisor_testing::EndOf;
using supervisor_testing::Event;
using supervisor_testing::Events;
using supervisor_testing::FailsWhile;
using supervisor_testing::Idle;
using supervisor_testing::Ignored;
using supervisor_testing::MakeFlag;
using supervisor_testing::NextEvents;
using supervisor_testing::RecorderSpec;
using supervisor_testing::StartSupervisor;
using supervisor_testing::States;
using supervisor_testing::Stubborn;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

Async<absl::StatusOr<ServerRef<Supervisor>>> TryStart(Children children) {
  TrapExit(true);
  return StartLink<Supervisor>({}, SupervisorOptions(), std::move(children));
}

// ---- The start.

// SUP1
HYDRA_TEST(SupervisorStartTest, ReturnsWhenAllChildrenHaveStartedInTheirOrder) {
  const auto supervisor =
      co_await StartSupervisor({}, {RecorderSpec("a"), RecorderSpec("b"), RecorderSpec("c")});
  EXPECT_THAT(co_await Events(), ElementsAre("start a", "start b", "start c"));
  EXPECT_THAT(co_await States(supervisor), ElementsAre("a running", "b running", "c running"));
}

// Its Init waits until it is told to go on.
struct Gated {
  struct Open {};
  using Protocol = hydra::Protocol<>;
  Async<> Init() {
    Send(owner, Event{"waiting", Self(), {}});
    co_await Receive<Open>();
  }
  Pid owner;
};

// SUP1
HYDRA_TEST(SupervisorStartTest, StartsNothingBeforeTheLastOneHasStarted) {
  const Pid starter = Spawn(
      [](Pid owner, Children children) -> Async<> {
        EXPECT_OK(co_await TryStart(std::move(children)));
        Send(owner, Event{"started", Self(), {}});
        co_await Idle();
      },
      Self(), Children{Child<Gated>({.id = "gated"}, Self()), RecorderSpec("after")});
  const Event waiting = co_await AssertReceive<Event>();
  co_await RefuteReceive<Event>();
  Send(waiting.child, Gated::Open());
  EXPECT_THAT(co_await NextEvents(2), ElementsAre("start after", "started"));
  Exit(starter, ExitReason::Kill());
}

// SUP1: if it trapped exits only later, this child would take it along.
HYDRA_TEST(SupervisorStartTest, SurvivesAChildThatEndsWhileOthersStart) {
  const ScopedLogCapture log;
  const auto dies = [](Pid owner) -> Async<> {
    Send(owner, Event{"start first", Self(), {}});
    ExitSelf(ExitReason::Custom("at once"));
    co_return;
  };
  const auto supervisor = co_await StartSupervisor(
      {}, {ProcessChild({.id = "first", .restart = Restart::kTemporary}, dies, Self()),
           RecorderSpec("second")});
  EXPECT_THAT(co_await NextEvents(2), testing::UnorderedElementsAre("start first", "start second"));
  EXPECT_OK(co_await CountChildren(supervisor));
}

// SUP2
HYDRA_TEST(SupervisorStartTest, EndsTheChildrenBeforeOneThatFailsInTheOppositeOrder) {
  const auto supervisor =
      co_await TryStart({RecorderSpec("a"), RecorderSpec("b"),
                         FailsWhile(MakeFlag(true), RecorderSpec("c")), RecorderSpec("d")});
  EXPECT_THAT(co_await Events(), ElementsAre("start a", "start b", "end b", "end a"));
  EXPECT_THAT(supervisor, StatusIs(StatusCode::kUnavailable,
                                   AllOf(HasSubstr("\"c\""), HasSubstr("out of order"))));
  EXPECT_EQ(ExitReasonOf(supervisor.status()),
            ExitReason::Shutdown("failed to start child \"c\": out of order"));
  EXPECT_THAT(co_await Flush<ExitSignal>(), IsEmpty());
}

// SUP2: each by its own policy.
HYDRA_TEST_BY_HAND(SupervisorStartTest, EndsTheChildrenBeforeOneThatFailsAsTheirSpecsSay) {
  const ScopedLogCapture log;
  const absl::Time start = Now();
  const auto supervisor = co_await TryStart(
      {Child<Stubborn>({.id = "a", .shutdown = Shutdown::BrutalKill()}, absl::InfiniteDuration()),
       Child<Stubborn>({.id = "b", .shutdown = Shutdown::Within(absl::Seconds(2))},
                       absl::InfiniteDuration()),
       FailsWhile(MakeFlag(true), RecorderSpec("c"))});
  EXPECT_THAT(supervisor, StatusIs(StatusCode::kUnavailable));
  EXPECT_EQ(Now() - start, absl::Seconds(2));
}

struct Throws {
  using Protocol = hydra::Protocol<>;
  void Init() { throw std::runtime_error("no disk"); }
};

// SUP2: the reason is that with which the child's process has ended.
HYDRA_TEST(SupervisorStartTest, TellsWhyTheInitOfAChildHasFailed) {
  const ScopedLogCapture log;
  const auto supervisor = co_await TryStart({Child<Throws>({.id = "thrower"})});
  EXPECT_EQ(
      ExitReasonOf(supervisor.status()),
      ExitReason::Shutdown("failed to start child \"thrower\": error std::runtime_error: no disk"));
}

// SUP2: a name that is taken is a start that fails.
HYDRA_TEST(SupervisorStartTest, FailsIfTheNameOfAChildIsTaken) {
  EXPECT_OK(Register(Self(), "taken"));
  const auto supervisor = co_await TryStart({RecorderSpec("a"), RecorderSpec("taken")});
  EXPECT_THAT(supervisor, StatusIs(StatusCode::kUnavailable, HasSubstr("\"taken\"")));
  EXPECT_THAT(co_await Events(), ElementsAre("start a", "end a"));
}

// SUP30
HYDRA_TEST(SupervisorStartTest, TakesAStartFunctionThatThrowsForAFailure) {
  const auto throws = []() -> Async<absl::StatusOr<Pid>> { throw std::runtime_error("oh"); };
  const auto supervisor = co_await TryStart({RecorderSpec("a"), {.id = "b", .start = throws}});
  EXPECT_EQ(ExitReasonOf(supervisor.status()),
            ExitReason::Shutdown("failed to start child \"b\": error std::runtime_error: oh"));
  EXPECT_THAT(co_await Events(), ElementsAre("start a", "end a"));
}

// SUP30: as a Spawn does for which there is no room.
HYDRA_TEST(SupervisorStartTest, TakesAStartThatYieldsNobodyForAFailure) {
  const auto nobody = []() -> Async<absl::StatusOr<Pid>> { co_return Pid(); };
  const auto supervisor = co_await TryStart({RecorderSpec("a"), {.id = "b", .start = nobody}});
  EXPECT_THAT(supervisor, StatusIs(StatusCode::kUnavailable, HasSubstr("\"b\"")));
  EXPECT_THAT(co_await Events(), ElementsAre("start a", "end a"));
}

// SUP3
HYDRA_TEST(SupervisorStartTest, KeepsAnIgnoredChildUnlessItIsTemporary) {
  const auto supervisor = co_await StartSupervisor(
      {}, {Child<Ignored>({.id = "permanent"}),
           Child<Ignored>({.id = "transient", .restart = Restart::kTransient}),
           Child<Ignored>({.id = "temporary", .restart = Restart::kTemporary}), RecorderSpec("z")});
  EXPECT_THAT(co_await States(supervisor),
              ElementsAre("permanent stopped", "transient stopped", "z running"));
  EXPECT_THAT(co_await Events(), ElementsAre("start z"));
}

// A start function that links nothing does no harm: the supervisor links the process itself.
HYDRA_TEST(SupervisorStartTest, LinksAChildThatIsNotLinked) {
  const ScopedLogCapture log;
  ChildSpec spec = RecorderSpec("a");
  spec.start = [owner = Self()]() -> Async<absl::StatusOr<Pid>> {
    const auto child = co_await Start<supervisor_testing::Recorder>({.name = "a"}, owner, "a");
    if (!child.ok()) co_return child.status();
    co_return child->pid();
  };
  const auto supervisor = co_await StartSupervisor({}, {std::move(spec)});
  co_await EndChild("a");
  EXPECT_THAT(co_await NextEvents(2), ElementsAre("start a", "start a"));
}

// ---- The end.

// SUP5
HYDRA_TEST(SupervisorStopTest, EndsChildrenInTheOppositeOrderWhateverTheReason) {
  for (const ExitReason& reason :
       {ExitReason::Normal(), ExitReason::Shutdown(), ExitReason::Custom("enough")}) {
    const ScopedLogCapture log;
    const auto supervisor =
        co_await StartSupervisor({}, {RecorderSpec("a"), RecorderSpec("b"), RecorderSpec("c")});
    co_await Flush<Event>();
    EXPECT_OK(co_await Stop(supervisor, reason));
    std::vector<std::string> events;
    for (const Event& event : co_await Flush<Event>()) {
      events.push_back(event.what);
      EXPECT_EQ(event.reason, ExitReason::Shutdown());
    }
    EXPECT_THAT(events, ElementsAre("end c", "end b", "end a"));
    EXPECT_EQ(co_await EndOf(supervisor.pid()), reason);
  }
}

// Takes a second to end.
struct Slow {
  using Protocol = hydra::Protocol<>;
  void Init() { TrapExit(true); }
  Async<> Terminate(const ExitReason&) {
    Send(owner, Event{"begins", Self(), {}});
    co_await Sleep(absl::Seconds(1));
    Send(owner, Event{"ends", Self(), {}});
  }
  Pid owner;
};

// SUP5: each is waited for before the next is asked.
HYDRA_TEST_BY_HAND(SupervisorStopTest, EndsOneChildAtATime) {
  const auto supervisor = co_await StartSupervisor(
      {}, {RecorderSpec("a"), Child<Slow>({.id = "1"}, Self()), Child<Slow>({.id = "2"}, Self())});
  co_await Flush<Event>();
  const absl::Time start = Now();
  EXPECT_OK(co_await Stop(supervisor));
  EXPECT_EQ(Now() - start, absl::Seconds(2));
  EXPECT_THAT(co_await Events(), ElementsAre("begins", "ends", "begins", "ends", "end a"));
}

struct Ending {
  ExitReason reason;
  absl::Duration took;
};

// How the child ends when its supervisor stops.
Async<Ending> EndOfChild(ChildSpec spec) {
  const auto supervisor = co_await StartSupervisor({}, {std::move(spec)});
  const Pid child = (co_await WhichChildren(supervisor))->front().pid;
  const Ref ref = Monitor(child);
  const absl::Time start = Now();
  EXPECT_OK(co_await Stop(supervisor));
  const Down down = co_await Receive<Down>().For(ref);
  co_await EndOf(supervisor.pid());
  co_return Ending{down.reason, Now() - start};
}

// SUP6
HYDRA_TEST_BY_HAND(ShutdownTest, BrutalKillKillsAtOnce) {
  const Ending end = co_await EndOfChild(RecorderSpec("a", {.shutdown = Shutdown::BrutalKill()}));
  EXPECT_EQ(end.reason, ExitReason::Killed());
  EXPECT_EQ(end.took, absl::ZeroDuration());
  EXPECT_THAT(co_await Events(), ElementsAre("start a"));
}

// SUP6
HYDRA_TEST_BY_HAND(ShutdownTest, WithinAsksAndThenKills) {
  const ScopedLogCapture log;
  const Ending obedient =
      co_await EndOfChild(RecorderSpec("a", {.shutdown = Shutdown::Within(absl::Seconds(2))}));
  EXPECT_EQ(obedient.reason, ExitReason::Shutdown());
  EXPECT_EQ(obedient.took, absl::ZeroDuration());
  EXPECT_THAT(co_await Events(), ElementsAre("start a", "end a"));

  const Ending obstinate = co_await EndOfChild(
      Child<Stubborn>({.shutdown = Shutdown::Within(absl::Seconds(2))}, absl::Hours(24)));
  EXPECT_EQ(obstinate.reason, ExitReason::Killed());
  EXPECT_EQ(obstinate.took, absl::Seconds(2));
}

// SUP6
HYDRA_TEST_BY_HAND(ShutdownTest, InfinityWaits) {
  const Ending end =
      co_await EndOfChild(Child<Stubborn>({.shutdown = Shutdown::Infinity()}, absl::Hours(24)));
  EXPECT_EQ(end.reason, ExitReason::Shutdown());
  EXPECT_EQ(end.took, absl::Hours(24));
}

// SUP6: five seconds for a worker, without limit for a supervisor.
HYDRA_TEST_BY_HAND(ShutdownTest, DefaultIsThatOfTheType) {
  const ScopedLogCapture log;
  ChildSpec spec = Child<Stubborn>({}, absl::Hours(24));
  EXPECT_EQ(spec.type, ChildType::kWorker);
  const Ending worker = co_await EndOfChild(spec);
  EXPECT_EQ(worker.reason, ExitReason::Killed());
  EXPECT_EQ(worker.took, absl::Seconds(5));

  spec.type = ChildType::kSupervisor;
  const Ending supervisor = co_await EndOfChild(std::move(spec));
  EXPECT_EQ(supervisor.reason, ExitReason::Shutdown());
  EXPECT_EQ(supervisor.took, absl::Hours(24));
}

Async<> UnlinksItself(Pid owner) {
  TrapExit(true);
  Unlink(Ancestors().front());
  Send(owner, Event{"unlinked", Self(), {}});
  co_await Receive<ExitSignal>();
}

// SUP6: waits by a monitor.
HYDRA_TEST(ShutdownTest, IsNotHeldUpByAChildThatHasUnlinkedItself) {
  const auto supervisor = co_await StartSupervisor(
      {}, {ProcessChild({.id = "a", .shutdown = Shutdown::Infinity()}, UnlinksItself, Self())});
  co_await AssertReceive<Event>();
  EXPECT_OK(co_await Stop(supervisor));
}

// SUP7: its exit signal comes as well, and isn't taken for that of a child that has crashed.
HYDRA_TEST(ShutdownTest, EndOfATerminatedChildIsNoCrash) {
  const ScopedLogCapture log;
  const auto supervisor = co_await StartSupervisor({.max_restarts = 0}, {RecorderSpec("a")});
  for (int i = 0; i < 3; ++i) {
    EXPECT_OK(co_await TerminateChild(supervisor, "a"));
    EXPECT_THAT(co_await States(supervisor), ElementsAre("a stopped"));
    EXPECT_OK(co_await RestartChild(supervisor, "a"));
    EXPECT_THAT(co_await States(supervisor), ElementsAre("a running"));
  }
  EXPECT_THAT(log.entries(), IsEmpty());
}

// ---- The parent, and strangers.

// A supervisor's parent, which isn't the test: it ends as it is told.
Async<> Parent(Pid owner, Children children) {
  const auto supervisor =
      co_await StartLink<Supervisor>({.name = "top"}, SupervisorOptions(), std::move(children));
  EXPECT_OK(supervisor);
  Send(owner, Event{"parent", Self(), {}});
  const auto end = co_await Receive<supervisor_testing::EndNow>();
  if (end.reason.kind() != ExitReason::Kind::kNormal) ExitSelf(end.reason);
}

// SUP9
HYDRA_TEST(SupervisorParentTest, EndsWithTheReasonOfItsParentAlsoANormalOne) {
  for (const ExitReason& reason :
       {ExitReason::Normal(), ExitReason::Shutdown(), ExitReason::Shutdown("detail"),
        ExitReason::Killed(), ExitReason::Error("type", "text"), ExitReason::Custom("own")}) {
    const ScopedLogCapture log;
    const Pid parent = Spawn(Parent, Self(), Children{RecorderSpec("a"), RecorderSpec("b")});
    EXPECT_THAT(co_await NextEvents(3), ElementsAre("start a", "start b", "parent"));
    const Ref ref = Monitor(WhereIs("top"));
    co_await supervisor_testing::EndProcess(parent, reason);
    EXPECT_EQ((co_await Receive<Down>().For(ref)).reason, reason);
    EXPECT_THAT(co_await Events(), ElementsAre("end b", "end a"));
  }
}

// SUP9
HYDRA_TEST(SupervisorParentTest, IgnoresExitSignalsOfStrangers) {
  const ScopedLogCapture log;
  const auto supervisor = co_await StartSupervisor({.max_restarts = 0}, {RecorderSpec("a")});
  const Pid stranger = Spawn(
      [](Pid to) -> Async<> {
        for (const ExitReason& reason : {ExitReason::Normal(), ExitReason::Shutdown(),
                                         ExitReason::Custom("own"), ExitReason::Killed()})
          Exit(to, reason);
        co_return;
      },
      supervisor.pid());
  const Ref ref = Monitor(stranger);
  co_await Receive<Down>().For(ref);
  EXPECT_THAT(co_await States(supervisor), ElementsAre("a running"));
  EXPECT_THAT(co_await Events(), ElementsAre("start a"));
  EXPECT_THAT(log.entries(), IsEmpty());
}

struct Surprise {};

// SUP9
HYDRA_TEST(SupervisorParentTest, LogsUnexpectedMessagesAndGoesOn) {
  const ScopedLogCapture log;
  const auto supervisor = co_await StartSupervisor({}, {RecorderSpec("a")});
  Send(supervisor.pid(), Surprise());
  EXPECT_THAT(co_await States(supervisor), ElementsAre("a running"));
  EXPECT_TRUE(log.Contains("Surprise"));
}

// SUP10
HYDRA_TEST(SupervisorParentTest, ActsOnItsParentsEndWhenInitIsDone) {
  const ScopedLogCapture log;
  const Pid parent =
      Spawn(Parent, Self(),
            Children{RecorderSpec("a"), Child<Gated>({.id = "gated"}, Self()), RecorderSpec("c")});
  EXPECT_EQ((co_await AssertReceive<Event>()).what, "start a");
  const Event waiting = co_await AssertReceive<Event>();
  const Ref ref = Monitor(WhereIs("top"));
  co_await supervisor_testing::EndProcess(parent, ExitReason::Killed());
  co_await RefuteReceive<Event>();
  Send(waiting.child, Gated::Open());
  EXPECT_EQ((co_await Receive<Down>().For(ref)).reason, ExitReason::Killed());
  EXPECT_THAT(co_await Events(), ElementsAre("start c", "end c", "end a"));
}

// SUP11
HYDRA_TEST(SupervisorParentTest, KilledTakesItsChildrenAlongWithoutTerminating) {
  const ScopedLogCapture log;
  const auto supervisor =
      co_await StartSupervisor({}, {RecorderSpec("traps"), ProcessChild({.id = "idle"}, Idle)});
  const auto children = co_await WhichChildren(supervisor);
  CO_ASSERT_TRUE(children.ok());
  const Ref traps = Monitor(children->front().pid);
  const Ref idle = Monitor(children->back().pid);
  co_await Flush<Event>();
  Exit(supervisor.pid(), ExitReason::Kill());
  EXPECT_EQ(co_await EndOf(supervisor.pid()), ExitReason::Killed());
  EXPECT_EQ((co_await Receive<Down>().For(idle)).reason, ExitReason::Killed());
  // A server that traps exits terminates, since this is its parent.
  EXPECT_EQ((co_await Receive<Down>().For(traps)).reason, ExitReason::Killed());
  const Event end = co_await AssertReceive<Event>();
  EXPECT_EQ(end.what, "end traps");
  EXPECT_EQ(end.reason, ExitReason::Killed());
}

}  // namespace
}  // namespace hydra
