// Every way in which a child ends, as one table: semantics.md §10.2. What is expected comes from a small model
// of its own.
#include <cctype>
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
#include "hydra/supervisor/dynamic_supervisor.h"
#include "hydra/supervisor/supervision_testing.h"
#include "hydra/supervisor/supervisor.h"

namespace hydra {
namespace {

using supervisor_testing::EndNow;
using supervisor_testing::EndOf;
using supervisor_testing::Event;
using supervisor_testing::NextEvents;
using supervisor_testing::States;
using testing::ElementsAre;
using testing::IsEmpty;

// With what it ends.
enum class With { kNormal, kShutdown, kDetail, kKilled, kError, kCustom };

enum class How {
  kByItself,
  kInStopBeforeItIsAsked,  // its supervisor stops, and is busy with another child
  kInStopWhenItIsAsked,    // its answer to the exit signal of its supervisor
  kByTerminateChild,       // the same
};

enum class Kind { kStatic, kDynamic };

struct Case {
  Kind supervisor;
  Restart restart;
  With with;
  Shutdown shutdown = Shutdown::BrutalKill();
  How how;
};

// ---- The model.

ExitReason ReasonOf(With with) {
  switch (with) {
    case With::kNormal:
      return ExitReason::Normal();
    case With::kShutdown:
      return ExitReason::Shutdown();
    case With::kDetail:
      return ExitReason::Shutdown("detail");
    case With::kKilled:
      return ExitReason::Killed();
    case With::kError:
      return ExitReason::Error("std::runtime_error", "oh");
    case With::kCustom:
      return ExitReason::Custom("own");
  }
  return {};
}

bool IsExpectedEnd(With with) {
  return with == With::kNormal || with == With::kShutdown || with == With::kDetail;
}

struct Expected {
  ExitReason reason;                // of the child's end
  bool is_started_anew = false;     // and that counts as a restart
  bool is_reported = false;         // in the log
  std::vector<std::string> states;  // of the children, afterwards
};

// What the table of §10.2 says of a child that has ended by itself.
Expected ExpectedByItself(const Case& c) {
  Expected expected = {.reason = ReasonOf(c.with), .states = {}};
  expected.is_started_anew = c.restart == Restart::kPermanent ||
                             (c.restart == Restart::kTransient && !IsExpectedEnd(c.with));
  expected.is_reported = expected.is_started_anew || !IsExpectedEnd(c.with);
  if (expected.is_started_anew) expected.states = {"child running"};
  const bool is_kept = c.restart == Restart::kTransient && c.supervisor == Kind::kStatic;
  if (!expected.is_started_anew && is_kept) expected.states = {"child stopped"};
  return expected;
}

Expected ExpectedOf(const Case& c) {
  if (c.how == How::kByItself) return ExpectedByItself(c);
  Expected expected = {.reason = ReasonOf(c.with), .states = {}};
  const bool is_killed = c.how != How::kInStopBeforeItIsAsked && c.shutdown.is_brutal_kill();
  if (is_killed) expected.reason = ExitReason::Killed();
  const bool is_kept = c.how == How::kByTerminateChild && c.supervisor == Kind::kStatic &&
                       c.restart != Restart::kTemporary;
  if (is_kept) expected.states = {"child stopped"};
  return expected;
}

// ---- The processes.

Async<> EndWith(With with) {
  const ExitReason reason = ReasonOf(with);
  switch (with) {
    case With::kNormal:
      co_return;
    case With::kKilled:
      Exit(Self(), ExitReason::Kill());
      co_await Yield();
      break;
    case With::kError:
      throw std::runtime_error("oh");
    default:
      ExitSelf(reason);
  }
}

// Ends so when it is told to, or asked to by its supervisor.
class Subject {
 public:
  static Async<> Run(Pid owner, With with) {
    TrapExit(true);
    Send(owner, Event{"start child", Self(), {}});
    static_cast<void>(co_await Receive<EndNow, ExitSignal>());
    co_await EndWith(with);
  }
};

// A child behind the subject. When it is asked to end it first lets the subject end, and waits for that.
struct EndsSubject {
  using Protocol = hydra::Protocol<>;
  void Init() { TrapExit(true); }
  Async<> Terminate(const ExitReason&) {
    if (subject) co_await supervisor_testing::EndProcess(subject, ExitReason::Normal());
  }
  Pid subject;
};

ChildSpec SubjectSpec(const Case& c, Pid owner) {
  return ProcessChild({.id = "child", .restart = c.restart, .shutdown = c.shutdown}, &Subject::Run,
                      owner, c.with);
}

// ---- The test.

// `max_restarts` is 1: a second end that counts is one too many.
Async<ServerRef<Supervisor>> StartWith(const Case& c, ServerRef<Supervisor>) {
  return supervisor_testing::StartSupervisor({.max_restarts = 1}, {SubjectSpec(c, Self())});
}
Async<ServerRef<DynamicSupervisor>> StartWith(const Case& c, ServerRef<DynamicSupervisor>) {
  TrapExit(true);
  const auto supervisor =
      co_await StartLink<DynamicSupervisor>({}, DynamicSupervisorOptions{.max_restarts = 1});
  EXPECT_OK(supervisor);
  EXPECT_OK(co_await StartChild(supervisor.value(), SubjectSpec(c, Self())));
  co_return supervisor.value();
}

Async<> Terminate(ServerRef<Supervisor> supervisor, Pid) {
  EXPECT_OK(co_await TerminateChild(supervisor, "child"));
}
Async<> Terminate(ServerRef<DynamicSupervisor> supervisor, Pid child) {
  EXPECT_OK(co_await TerminateChild(supervisor, child));
}

// Makes the child end, and waits until its supervisor has done with it.
template <typename S>
Async<> LetEnd(How how, ServerRef<S> supervisor, Pid child) {
  switch (how) {
    case How::kByItself:
      co_await supervisor_testing::EndProcess(child, ExitReason::Normal());
      break;
    case How::kInStopBeforeItIsAsked:
      EXPECT_OK(co_await StartChild(supervisor, Child<EndsSubject>({.id = "other"}, child)));
      [[fallthrough]];
    case How::kInStopWhenItIsAsked:
      EXPECT_OK(co_await Stop(supervisor));
      EXPECT_EQ(co_await EndOf(supervisor.pid()), ExitReason::Normal());
      break;
    case How::kByTerminateChild:
      co_await Terminate(supervisor, child);
      break;
  }
}

template <typename S>
Async<> Check(Case c) {
  const ScopedLogCapture log;
  const Expected expected = ExpectedOf(c);
  const ServerRef<S> supervisor = co_await StartWith(c, ServerRef<S>());
  const Pid child = (co_await AssertReceive<Event>()).child;
  const Ref ref = Monitor(child);

  co_await LetEnd(c.how, supervisor, child);
  EXPECT_EQ((co_await Receive<Down>().For(ref)).reason, expected.reason);
  const bool goes_on = c.how == How::kByItself || c.how == How::kByTerminateChild;
  if (goes_on) {
    EXPECT_EQ(co_await States(supervisor), expected.states);
  }
  const std::string report = "child \"child\" " + child.ToString() + " ended";
  EXPECT_EQ(log.Contains(report), expected.is_reported);
  if (!expected.is_started_anew) {
    co_await RefuteReceive<Event>(testing::_, absl::Milliseconds(10));
    co_return;
  }

  // It counts: there is one restart, and the next is one too many.
  const Event again = co_await AssertReceive<Event>();
  EXPECT_NE(again.child, child);
  co_await supervisor_testing::EndProcess(again.child, ExitReason::Normal());
  EXPECT_EQ(co_await EndOf(supervisor.pid()), ExitReason::Shutdown());
}

Async<> CheckCase(Case c) {
  return c.supervisor == Kind::kStatic ? Check<Supervisor>(c) : Check<DynamicSupervisor>(c);
}

class ChildEndTableTest : public testing::TestWithParam<Case> {};

// SUP6, SUP7, SUP8, SUP12, SUP26, DYN1, DYN5, semantics.md §10.2
TEST_P(ChildEndTableTest, ByHand) {
  TestByHand([]() -> Async<> { return CheckCase(GetParam()); });
}
TEST_P(ChildEndTableTest, OnThreads) {
  TestOnThreads([]() -> Async<> { return CheckCase(GetParam()); });
}

std::vector<Case> Cases() {
  std::vector<Case> cases;
  for (const Kind supervisor : {Kind::kStatic, Kind::kDynamic}) {
    for (const Restart restart : {Restart::kPermanent, Restart::kTransient, Restart::kTemporary}) {
      for (const With with : {With::kNormal, With::kShutdown, With::kDetail, With::kKilled,
                              With::kError, With::kCustom}) {
        for (const Shutdown& shutdown :
             {Shutdown::BrutalKill(), Shutdown::Within(absl::Seconds(5)), Shutdown::Infinity()}) {
          for (const How how : {How::kByItself, How::kInStopBeforeItIsAsked,
                                How::kInStopWhenItIsAsked, How::kByTerminateChild}) {
            // A DynamicSupervisor asks all of its children at the same time.
            if (supervisor == Kind::kDynamic && how == How::kInStopBeforeItIsAsked) continue;
            cases.push_back({supervisor, restart, with, shutdown, how});
          }
        }
      }
    }
  }
  return cases;
}

std::string NameOf(const testing::TestParamInfo<Case>& info) {
  static constexpr const char* kKinds[] = {"", "Dynamic_"};
  static constexpr const char* kRestarts[] = {"Permanent_", "Transient_", "Temporary_"};
  static constexpr const char* kWiths[] = {"Normal_", "Shutdown_", "ShutdownDetail_",
                                           "Killed_", "Error_",    "Custom_"};
  static constexpr const char* kHows[] = {"ByItself", "InStopBeforeItIsAsked",
                                          "InStopWhenItIsAsked", "ByTerminateChild"};
  const Case& c = info.param;
  std::string name = kKinds[static_cast<int>(c.supervisor)];
  name += kRestarts[static_cast<int>(c.restart)];
  name += kWiths[static_cast<int>(c.with)];
  for (const char letter : c.shutdown.ToString()) {
    if (std::isalnum(static_cast<unsigned char>(letter)) != 0) name += letter;
  }
  return name + "_" + kHows[static_cast<int>(c.how)];
}

INSTANTIATE_TEST_SUITE_P(All, ChildEndTableTest, testing::ValuesIn(Cases()), NameOf);

TEST(ChildEndTableSizeTest, HasAllCombinations) {
  EXPECT_EQ(Cases().size(), 3 * 6 * 3 * 4 + 3 * 6 * 3 * 3);
}

}  // namespace
}  // namespace hydra
