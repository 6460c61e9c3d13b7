// What a supervisor can be asked: semantics.md §10.5.
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
using supervisor_testing::FailsAt;
using supervisor_testing::FailsWhile;
using supervisor_testing::Idle;
using supervisor_testing::Ignored;
using supervisor_testing::MakeFlag;
using supervisor_testing::NextEvents;
using supervisor_testing::RecorderSpec;
using supervisor_testing::StartSupervisor;
using supervisor_testing::States;
using supervisor_testing::Stubborn;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// ---- StartChild.

// SUP25
HYDRA_TEST(StartChildTest, StartsItAndKeepsIt) {
  const auto supervisor = co_await StartSupervisor({}, {});
  const auto pid = co_await StartChild(supervisor, RecorderSpec("a"));
  EXPECT_THAT(pid, IsOkAndHolds(WhereIs("a")));
  EXPECT_TRUE(co_await IsAlive(*pid));
  EXPECT_THAT(co_await States(supervisor), ElementsAre("a running"));
}

// SUP25
HYDRA_TEST(StartChildTest, SaysWhoRunsUnderThatId) {
  const auto supervisor = co_await StartSupervisor({}, {RecorderSpec("a")});
  const auto again = co_await StartChild(supervisor, RecorderSpec("a"));
  EXPECT_THAT(again, StatusIs(StatusCode::kAlreadyExists, HasSubstr("\"a\"")));
  EXPECT_EQ(AlreadyStarted(again.status()), WhereIs("a"));
  EXPECT_THAT(co_await Events(), ElementsAre("start a"));
}

// SUP25
HYDRA_TEST(StartChildTest, RefusesTheIdOfOneThatDoesNotRun) {
  const auto supervisor = co_await StartSupervisor({}, {RecorderSpec("a")});
  EXPECT_OK(co_await TerminateChild(supervisor, "a"));
  co_await Flush<Event>();
  const auto again = co_await StartChild(supervisor, RecorderSpec("a"));
  EXPECT_THAT(again, StatusIs(StatusCode::kAlreadyExists, HasSubstr("\"a\"")));
  EXPECT_EQ(AlreadyStarted(again.status()), std::nullopt);
  EXPECT_THAT(co_await States(supervisor), ElementsAre("a stopped"));
  EXPECT_THAT(co_await Events(), IsEmpty());
}

// SUP25
HYDRA_TEST(StartChildTest, KeepsNothingOfAStartThatFails) {
  const auto supervisor = co_await StartSupervisor({}, {});
  const ChildSpec spec = FailsAt(1, RecorderSpec("a"));
  EXPECT_THAT(co_await StartChild(supervisor, spec),
              StatusIs(StatusCode::kInternal, HasSubstr("out of order")));
  EXPECT_THAT(co_await States(supervisor), IsEmpty());
  EXPECT_OK(co_await StartChild(supervisor, spec));
}

// SUP3, SUP25
HYDRA_TEST(StartChildTest, KeepsAnIgnoredChildUnlessItIsTemporary) {
  const auto supervisor = co_await StartSupervisor({}, {});
  EXPECT_THAT(co_await StartChild(supervisor, Child<Ignored>({.id = "a"})), IsOkAndHolds(Pid()));
  EXPECT_THAT(
      co_await StartChild(supervisor, Child<Ignored>({.id = "b", .restart = Restart::kTemporary})),
      IsOkAndHolds(Pid()));
  EXPECT_THAT(co_await States(supervisor), ElementsAre("a stopped"));
  EXPECT_THAT(co_await RestartChild(supervisor, "a"), IsOkAndHolds(Pid()));
}

// SUP4
HYDRA_TEST(StartChildTest, RefusesASpecThatMakesNoSense) {
  const auto supervisor = co_await StartSupervisor({}, {});
  ChildSpec spec = RecorderSpec("a");
  spec.start = nullptr;
  EXPECT_THAT(co_await StartChild(supervisor, spec),
              StatusIs(StatusCode::kInvalidArgument, HasSubstr("\"a\"")));
  EXPECT_THAT(co_await States(supervisor), IsEmpty());
}

// SUP30
HYDRA_TEST(StartChildTest, SurvivesAStartFunctionThatThrows) {
  const auto supervisor = co_await StartSupervisor({}, {});
  ChildSpec spec = RecorderSpec("a");
  // In the coroutine, before there is one, and something that is no std::exception.
  spec.start = []() -> Async<absl::StatusOr<Pid>> {
    throw std::runtime_error("in it");
    co_return Pid();
  };
  const auto in_it = co_await StartChild(supervisor, spec);
  EXPECT_EQ(ExitReasonOf(in_it.status()), ExitReason::Error("std::runtime_error", "in it"));
  spec.start = []() -> Async<absl::StatusOr<Pid>> { throw std::runtime_error("before"); };
  const auto before = co_await StartChild(supervisor, spec);
  EXPECT_EQ(ExitReasonOf(before.status()), ExitReason::Error("std::runtime_error", "before"));
  spec.start = []() -> Async<absl::StatusOr<Pid>> { throw 1; };
  EXPECT_THAT(co_await StartChild(supervisor, spec), StatusIs(StatusCode::kUnavailable));
  EXPECT_THAT(co_await States(supervisor), IsEmpty());
}

// SUP31
HYDRA_TEST(StartChildTest, AddsItBehindTheOthers) {
  const ScopedLogCapture log;
  const auto supervisor =
      co_await StartSupervisor({.strategy = Strategy::kRestForOne}, {RecorderSpec("b")});
  EXPECT_OK(co_await StartChild(supervisor, RecorderSpec("a")));
  EXPECT_THAT(co_await States(supervisor), ElementsAre("b running", "a running"));
  co_await Flush<Event>();
  co_await EndChild("b");
  EXPECT_OK(co_await CountChildren(supervisor));
  EXPECT_THAT(co_await Events(), ElementsAre("end a", "start b", "start a"));
  EXPECT_OK(co_await Stop(supervisor));
  EXPECT_THAT(co_await Events(), ElementsAre("end a", "end b"));
}

// SUP31: one that is deleted and started again, too.
HYDRA_TEST(StartChildTest, AddsADeletedOneBehindTheOthers) {
  const auto supervisor =
      co_await StartSupervisor({}, {RecorderSpec("a"), RecorderSpec("b"), RecorderSpec("c")});
  for (const char* id : {"b", "a", "c"}) {
    EXPECT_OK(co_await TerminateChild(supervisor, id));
    EXPECT_OK(co_await DeleteChild(supervisor, id));
    EXPECT_OK(co_await StartChild(supervisor, RecorderSpec(id)));
  }
  EXPECT_THAT(co_await States(supervisor), ElementsAre("b running", "a running", "c running"));
}

// ---- TerminateChild, RestartChild, DeleteChild, GetChildSpec.

// SUP26
HYDRA_TEST(TerminateChildTest, EndsItAsItsSpecSaysAndKeepsTheSpec) {
  const auto supervisor = co_await StartSupervisor(
      {}, {RecorderSpec("asked"), RecorderSpec("killed", {.shutdown = Shutdown::BrutalKill()})});
  co_await Flush<Event>();
  const Ref asked = Monitor(WhereIs("asked"));
  const Ref killed = Monitor(WhereIs("killed"));
  EXPECT_OK(co_await TerminateChild(supervisor, "asked"));
  EXPECT_OK(co_await TerminateChild(supervisor, "killed"));
  // They have ended when the answer comes.
  EXPECT_EQ((co_await Receive<Down>().For(asked).Within(absl::ZeroDuration()))->reason,
            ExitReason::Shutdown());
  EXPECT_EQ((co_await Receive<Down>().For(killed).Within(absl::ZeroDuration()))->reason,
            ExitReason::Killed());
  EXPECT_THAT(co_await Events(), ElementsAre("end asked"));
  EXPECT_THAT(co_await States(supervisor), ElementsAre("asked stopped", "killed stopped"));
}

// SUP26
HYDRA_TEST(TerminateChildTest, RemovesATemporaryOne) {
  const auto supervisor =
      co_await StartSupervisor({}, {RecorderSpec("a", {.restart = Restart::kTemporary})});
  EXPECT_OK(co_await TerminateChild(supervisor, "a"));
  EXPECT_THAT(co_await States(supervisor), IsEmpty());
  EXPECT_THAT(co_await TerminateChild(supervisor, "a"), StatusIs(StatusCode::kNotFound));
}

// SUP26
HYDRA_TEST(TerminateChildTest, OneThatDoesNotRunIsNoErrorAndAnUnknownOneIs) {
  const auto supervisor = co_await StartSupervisor({}, {RecorderSpec("a")});
  EXPECT_OK(co_await TerminateChild(supervisor, "a"));
  EXPECT_OK(co_await TerminateChild(supervisor, "a"));
  EXPECT_THAT(co_await TerminateChild(supervisor, "b"),
              StatusIs(StatusCode::kNotFound, HasSubstr("\"b\"")));
}

// SUP26
HYDRA_TEST(TerminateChildTest, DoesNotCountAsARestart) {
  const ScopedLogCapture log;
  const auto supervisor = co_await StartSupervisor({.max_restarts = 1}, {RecorderSpec("a")});
  for (int i = 0; i < 3; ++i) {
    EXPECT_OK(co_await TerminateChild(supervisor, "a"));
    EXPECT_OK(co_await RestartChild(supervisor, "a"));
  }
  co_await EndChild("a");
  EXPECT_THAT(co_await States(supervisor), ElementsAre("a running"));
}

// SUP26: with one_for_all, too, the others stay.
HYDRA_TEST(TerminateChildTest, LeavesTheOthersAlone) {
  const auto supervisor = co_await StartSupervisor({.strategy = Strategy::kOneForAll},
                                                   {RecorderSpec("a"), RecorderSpec("b")});
  co_await Flush<Event>();
  EXPECT_OK(co_await TerminateChild(supervisor, "a"));
  EXPECT_THAT(co_await States(supervisor), ElementsAre("a stopped", "b running"));
  EXPECT_THAT(co_await Events(), ElementsAre("end a"));
}

// SUP27
HYDRA_TEST(RestartChildTest, StartsOneThatDoesNotRun) {
  const auto supervisor = co_await StartSupervisor(
      {}, {RecorderSpec("a"), RecorderSpec("t", {.restart = Restart::kTransient})});
  EXPECT_OK(co_await TerminateChild(supervisor, "a"));
  co_await EndChild("t", ExitReason::Normal());
  for (const char* id : {"a", "t"}) {
    const auto pid = co_await RestartChild(supervisor, id);
    EXPECT_THAT(pid, IsOkAndHolds(WhereIs(id)));
    EXPECT_THAT(co_await RestartChild(supervisor, id),
                StatusIs(StatusCode::kFailedPrecondition, HasSubstr(id)));
  }
  EXPECT_THAT(co_await States(supervisor), ElementsAre("a running", "t running"));
  EXPECT_THAT(co_await RestartChild(supervisor, "b"),
              StatusIs(StatusCode::kNotFound, HasSubstr("\"b\"")));
}

// SUP27
HYDRA_TEST(RestartChildTest, AFailureLeavesItStopped) {
  const auto supervisor =
      co_await StartSupervisor({.max_restarts = 0}, {FailsAt(2, RecorderSpec("a"))});
  EXPECT_OK(co_await TerminateChild(supervisor, "a"));
  EXPECT_THAT(co_await RestartChild(supervisor, "a"), StatusIs(StatusCode::kInternal));
  EXPECT_THAT(co_await States(supervisor), ElementsAre("a stopped"));
  EXPECT_OK(co_await RestartChild(supervisor, "a"));
}

// SUP27
HYDRA_TEST(DeleteChildTest, RemovesOneThatDoesNotRun) {
  const auto supervisor = co_await StartSupervisor({}, {RecorderSpec("a")});
  EXPECT_THAT(co_await DeleteChild(supervisor, "a"),
              StatusIs(StatusCode::kFailedPrecondition, HasSubstr("\"a\"")));
  EXPECT_OK(co_await TerminateChild(supervisor, "a"));
  EXPECT_OK(co_await DeleteChild(supervisor, "a"));
  EXPECT_THAT(co_await States(supervisor), IsEmpty());
  EXPECT_THAT(co_await DeleteChild(supervisor, "a"),
              StatusIs(StatusCode::kNotFound, HasSubstr("\"a\"")));
  EXPECT_OK(co_await StartChild(supervisor, RecorderSpec("a")));
}

// ---- One that is restarting.

constexpr SupervisorOptions kNeverGivesUp = {.max_restarts = 1'000'000};

// SUP24
HYDRA_TEST(RestartingChildTest, IsSaidToBeSoAndNotCounted) {
  const ScopedLogCapture log;
  const auto broken = MakeFlag(false);
  const auto supervisor =
      co_await StartSupervisor(kNeverGivesUp, {FailsWhile(broken, RecorderSpec("a"))});
  *broken = true;
  co_await EndChild("a");
  const auto children = co_await WhichChildren(supervisor);
  CO_ASSERT_TRUE(children.ok());
  EXPECT_EQ(children->front().state, ChildState::kRestarting);
  EXPECT_EQ(children->front().pid, Pid());
  const auto counts = co_await CountChildren(supervisor);
  EXPECT_EQ(counts->specs, 1);
  EXPECT_EQ(counts->active, 0);
}

// SUP24
HYDRA_TEST(RestartingChildTest, CanBeNeitherRestartedNorDeletedNorStarted) {
  const ScopedLogCapture log;
  const auto broken = MakeFlag(false);
  const auto supervisor =
      co_await StartSupervisor(kNeverGivesUp, {FailsWhile(broken, RecorderSpec("a"))});
  *broken = true;
  co_await EndChild("a");
  EXPECT_THAT(co_await RestartChild(supervisor, "a"),
              StatusIs(StatusCode::kAborted, HasSubstr("\"a\"")));
  EXPECT_THAT(co_await DeleteChild(supervisor, "a"),
              StatusIs(StatusCode::kAborted, HasSubstr("\"a\"")));
  const auto again = co_await StartChild(supervisor, RecorderSpec("a"));
  EXPECT_THAT(again, StatusIs(StatusCode::kAlreadyExists));
  EXPECT_EQ(AlreadyStarted(again.status()), std::nullopt);
}

// SUP24
HYDRA_TEST(RestartingChildTest, TerminateChildCancelsTheRestart) {
  const ScopedLogCapture log;
  const auto broken = MakeFlag(false);
  const auto supervisor =
      co_await StartSupervisor(kNeverGivesUp, {FailsWhile(broken, RecorderSpec("a"))});
  co_await Flush<Event>();
  *broken = true;
  co_await EndChild("a");
  EXPECT_OK(co_await TerminateChild(supervisor, "a"));
  *broken = false;
  co_await RefuteReceive<Event>();
  EXPECT_THAT(co_await States(supervisor), ElementsAre("a stopped"));
  EXPECT_OK(co_await RestartChild(supervisor, "a"));
  EXPECT_THAT(co_await Events(), ElementsAre("start a"));
}

// ---- Waiting.

// Its Init takes ten minutes.
struct SlowToStart {
  using Protocol = hydra::Protocol<>;
  Async<> Init() { co_await Sleep(absl::Minutes(10)); }
};

// SUP28
HYDRA_TEST_BY_HAND(AdministrationTest, WaitsWithoutLimit) {
  const auto supervisor = co_await StartSupervisor({}, {});
  absl::Time start = Now();
  EXPECT_OK(co_await StartChild(supervisor, Child<SlowToStart>({.id = "a"})));
  EXPECT_EQ(Now() - start, absl::Minutes(10));

  EXPECT_OK(co_await TerminateChild(supervisor, "a"));
  start = Now();
  EXPECT_OK(co_await RestartChild(supervisor, "a"));
  EXPECT_EQ(Now() - start, absl::Minutes(10));

  EXPECT_OK(co_await StartChild(
      supervisor, Child<Stubborn>({.id = "b", .shutdown = Shutdown::Infinity()}, absl::Hours(1))));
  start = Now();
  EXPECT_OK(co_await TerminateChild(supervisor, "b"));
  EXPECT_EQ(Now() - start, absl::Hours(1));
}

// Asks for an answer once the supervisor has begun with something that takes ten minutes.
template <typename Ask>
Async<> ExpectWaits(Ask ask) {
  const auto supervisor = co_await StartSupervisor({}, {RecorderSpec("a")});
  Spawn(
      [](ServerRef<Supervisor> of) -> Async<> {
        EXPECT_OK(co_await StartChild(of, Child<SlowToStart>({.id = "slow"})));
      },
      supervisor);
  co_await Sleep(absl::Seconds(1));
  const absl::Time start = Now();
  co_await ask(supervisor);
  EXPECT_EQ(Now() - start, absl::Minutes(10) - absl::Seconds(1));
  EXPECT_OK(co_await Stop(supervisor));
  co_await EndOf(supervisor.pid());
}

// SUP28
HYDRA_TEST_BY_HAND(AdministrationTest, QuestionsWaitWithoutLimitToo) {
  using Of = ServerRef<Supervisor>;
  co_await ExpectWaits([](Of of) -> Async<> { EXPECT_OK(co_await WhichChildren(of)); });
  co_await ExpectWaits([](Of of) -> Async<> { EXPECT_OK(co_await CountChildren(of)); });
  co_await ExpectWaits([](Of of) -> Async<> { EXPECT_OK(co_await GetChildSpec(of, "a")); });
  co_await ExpectWaits([](Of of) -> Async<> {
    EXPECT_THAT(co_await DeleteChild(of, "a"), StatusIs(StatusCode::kFailedPrecondition));
  });
}

HYDRA_TEST(AdministrationTest, FailsLikeACallIfThereIsNoSupervisor) {
  const auto supervisor = co_await StartSupervisor({}, {});
  EXPECT_OK(co_await Stop(supervisor));
  EXPECT_THAT(co_await StartChild(supervisor, RecorderSpec("a")), StatusIs(StatusCode::kNotFound));
  EXPECT_THAT(co_await WhichChildren(supervisor), StatusIs(StatusCode::kNotFound));
}

// ---- What it tells.

// SUP29
HYDRA_TEST(WhichChildrenTest, TellsAllOfThem) {
  const ScopedLogCapture log;
  const auto supervisor = co_await StartSupervisor(
      {}, {RecorderSpec("worker"),
           Child<Supervisor>({.id = "below", .restart = Restart::kTransient}, SupervisorOptions(),
                             Children()),
           Child<Ignored>({.id = "ignored"}),
           RecorderSpec("temporary", {.restart = Restart::kTemporary})});
  co_await EndChild("worker");
  const auto all = co_await WhichChildren(supervisor);
  CO_ASSERT_TRUE(all.ok());
  CO_ASSERT_EQ(all->size(), 4);
  const ChildInfo& worker = (*all)[0];
  EXPECT_EQ(worker.id, "worker");
  EXPECT_EQ(worker.state, ChildState::kRunning);
  EXPECT_EQ(worker.pid, WhereIs("worker"));
  EXPECT_EQ(worker.type, ChildType::kWorker);
  EXPECT_EQ(worker.restart, Restart::kPermanent);
  EXPECT_EQ(worker.restarts, 1);
  const ChildInfo& below = (*all)[1];
  EXPECT_EQ(below.type, ChildType::kSupervisor);
  EXPECT_EQ(below.restart, Restart::kTransient);
  EXPECT_EQ(below.restarts, 0);
  EXPECT_TRUE(co_await IsAlive(below.pid));
  EXPECT_EQ((*all)[2].state, ChildState::kStopped);
  EXPECT_EQ((*all)[2].pid, Pid());
  EXPECT_EQ((*all)[3].restart, Restart::kTemporary);

  const auto counts = co_await CountChildren(supervisor);
  CO_ASSERT_TRUE(counts.ok());
  EXPECT_EQ(counts->specs, 4);
  EXPECT_EQ(counts->active, 3);
  EXPECT_EQ(counts->supervisors, 1);
  EXPECT_EQ(counts->workers, 3);
}

// SUP29
HYDRA_TEST(WhichChildrenTest, CountsTheRestartsOfSiblings) {
  const ScopedLogCapture log;
  const auto supervisor = co_await StartSupervisor({.strategy = Strategy::kRestForOne},
                                                   {RecorderSpec("a"), RecorderSpec("b")});
  co_await EndChild("a");
  EXPECT_OK(co_await CountChildren(supervisor));
  co_await EndChild("b");
  const auto all = co_await WhichChildren(supervisor);
  EXPECT_EQ(all->front().restarts, 1);
  EXPECT_EQ(all->back().restarts, 2);
}

// SUP29
HYDRA_TEST(GetChildSpecTest, YieldsTheSpec) {
  const auto supervisor = co_await StartSupervisor(
      {}, {RecorderSpec("a", {.restart = Restart::kTransient, .shutdown = Shutdown::Infinity()})});
  const auto spec = co_await GetChildSpec(supervisor, "a");
  CO_ASSERT_TRUE(spec.ok());
  EXPECT_EQ(spec->id, "a");
  EXPECT_EQ(spec->restart, Restart::kTransient);
  EXPECT_EQ(spec->shutdown, Shutdown::Infinity());
  EXPECT_THAT(co_await GetChildSpec(supervisor, "b"),
              StatusIs(StatusCode::kNotFound, HasSubstr("\"b\"")));
  // It can be started by another.
  EXPECT_OK(co_await TerminateChild(supervisor, "a"));
  const auto other = co_await StartSupervisor({}, {*spec});
  EXPECT_THAT(co_await States(other), ElementsAre("a running"));
}

// SUP29
HYDRA_TEST(FormatStatusTest, SaysHowManyChildrenThereAre) {
  const auto supervisor = co_await StartSupervisor({}, {RecorderSpec("a"), RecorderSpec("b")});
  EXPECT_OK(co_await TerminateChild(supervisor, "a"));
  const auto status = co_await sys::GetStatus(supervisor.dest());
  CO_ASSERT_TRUE(status.ok());
  EXPECT_EQ(status->state, "2 children, 1 of them running");
}

// ---- Asked by a child.

// Its supervisor, as a child sees it.
ServerRef<Supervisor> Above() { return ServerRef<Supervisor>(Ancestors().front()); }

HYDRA_TEST(AskedByAChildTest, StartsASibling) {
  const auto supervisor = co_await StartSupervisor(
      {}, {ProcessChild(
              {.id = "a"},
              [](ChildSpec sibling) -> Async<> {
                EXPECT_OK(co_await StartChild(Above(), std::move(sibling)));
                co_await Idle();
              },
              RecorderSpec("b"))});
  EXPECT_THAT(co_await NextEvents(1), ElementsAre("start b"));
  EXPECT_THAT(co_await States(supervisor), ElementsAre("a running", "b running"));
}

HYDRA_TEST(AskedByAChildTest, EndsIt) {
  const auto supervisor = co_await StartSupervisor({}, {});
  EXPECT_OK(co_await StartChild(supervisor, ProcessChild(
                                                {.id = "a"},
                                                [](Pid owner) -> Async<> {
                                                  Send(owner, Event{"asks", Self(), {}});
                                                  static_cast<void>(
                                                      co_await TerminateChild(Above(), "a"));
                                                  Send(owner, Event{"is answered", Self(), {}});
                                                },
                                                Self())));
  const Event asks = co_await AssertReceive<Event>();
  const Ref ref = Monitor(asks.child);
  co_await Receive<Down>().For(ref);
  EXPECT_THAT(co_await States(supervisor), ElementsAre("a stopped"));
  EXPECT_THAT(co_await Events(), IsEmpty());
}

// Its Init asks its supervisor, which waits for just that.
struct AsksInInit {
  using Protocol = hydra::Protocol<>;
  Async<> Init() { EXPECT_OK(co_await CountChildren(Above())); }
};

HYDRA_TEST_BY_HAND(AskedByAChildTest, InitThatAsksIsEndedByItsLimit) {
  const auto supervisor = co_await StartSupervisor({}, {});
  EXPECT_THAT(co_await StartChild(
                  supervisor, Child<AsksInInit>({.server = {.init_timeout = absl::Seconds(1)}})),
              StatusIs(StatusCode::kDeadlineExceeded));
  EXPECT_THAT(co_await States(supervisor), IsEmpty());
}

}  // namespace
}  // namespace hydra
