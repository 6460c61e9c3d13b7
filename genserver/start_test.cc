// How servers start: semantics.md §9.1.
#include "hydra/genserver/start.h"

#include <memory>
#include <optional>
#include <span>
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
#include "hydra/genserver/next.h"
#include "hydra/genserver/protocol.h"
#include "hydra/genserver/server_options.h"
#include "hydra/genserver/server_ref.h"
#include "hydra/process/async.h"
#include "hydra/process/behaviour.h"
#include "hydra/process/down.h"
#include "hydra/process/exit_reason.h"
#include "hydra/process/exit_signal.h"
#include "hydra/process/info.h"
#include "hydra/process/link.h"
#include "hydra/process/message.h"
#include "hydra/process/monitor.h"
#include "hydra/process/name.h"
#include "hydra/process/overflow.h"
#include "hydra/process/pid.h"
#include "hydra/process/priority.h"
#include "hydra/process/receive.h"
#include "hydra/process/request.h"
#include "hydra/process/self.h"
#include "hydra/process/send.h"
#include "hydra/process/spawn.h"
#include "hydra/process/testing/process_test.h"
#include "hydra/process/timer.h"

namespace hydra {
namespace {

using absl::StatusCode;
using testing::HasSubstr;
using testing::IsEmpty;

struct Never {};
struct Terminated {};
struct Seen {
  std::string what;
};

// Starts as it is told to, and tells `owner` what is called.
class Starter {
 public:
  enum class How {
    kOk,
    kIgnore,
    kError,
    kErrorOfACall,
    kStopNormal,
    kStopCustom,
    kThrow,
    kExitSelf,
    kHang,
    kContinue,
    kIdle,
    kHibernate,
  };
  struct Count {
    using Reply = int;
  };
  struct Step {};
  using Protocol = hydra::Protocol<Count>;
  using Continues = hydra::Continues<Step>;
  using Infos = hydra::Infos<IdleTimeout>;

  Starter(How how, Pid owner) : how_(how), owner_(owner) { Send(owner_, Seen{"constructed"}); }

  Async<InitResult> Init() {
    Send(owner_, Seen{"init"});
    switch (how_) {
      case How::kIgnore:
        co_return InitResult::Ignore();
      case How::kError:
        co_return absl::NotFoundError("no such file");
      case How::kErrorOfACall:
        co_return EndedError("a call", ExitReason::Custom("another's"));
      case How::kStopNormal:
        co_return Next::Stop(ExitReason::Normal());
      case How::kStopCustom:
        co_return Next::Stop(ExitReason::Custom("enough"));
      case How::kThrow:
        throw std::runtime_error("boom");
      case How::kExitSelf:
        ExitSelf(ExitReason::Custom("myself"));
      case How::kHang:
        co_await Receive<Never>();
        co_return Next();
      case How::kContinue:
        co_return Next::Continue(Step{});
      case How::kIdle:
        co_return Next::IdleTimeout(absl::Milliseconds(5));
      case How::kHibernate:
        co_return Next::Hibernate();
      case How::kOk:
        break;
    }
    co_return Next();
  }

  int HandleCall(Count) { return ++count_; }
  void HandleContinue(Step) { count_ += 100; }
  void HandleInfo(IdleTimeout) { Send(owner_, Seen{"idle"}); }
  void Hibernate() { Send(owner_, Seen{"hibernates"}); }
  void Terminate(const ExitReason&) { Send(owner_, Terminated{}); }

 private:
  const How how_;
  const Pid owner_;
  int count_ = 0;
};
using How = Starter::How;

Async<bool> SawNothing() {
  const bool exit = (co_await Receive<ExitSignal>().Within(absl::ZeroDuration())).has_value();
  const bool down = (co_await Receive<Down>().Within(absl::ZeroDuration())).has_value();
  const bool end = (co_await Receive<Terminated>().Within(absl::ZeroDuration())).has_value();
  co_return !exit && !down && !end;
}

// GS1
HYDRA_TEST(StartTest, AnswersWhenInitHasReturned) {
  const auto server = co_await Start<Starter>({.name = "server"}, How::kOk, Self());
  CO_ASSERT_THAT(server, IsOk());
  EXPECT_EQ(WhereIs("server"), server->pid());
  EXPECT_EQ((co_await AssertReceive<Seen>()).what, "constructed");
  EXPECT_EQ((co_await AssertReceive<Seen>()).what, "init");
  EXPECT_THAT(co_await server->Call(Starter::Count{}), IsOkAndHolds(1));
}

// GS1: nothing is constructed where the name is taken.
HYDRA_TEST(StartTest, NameThatIsTakenStartsNothing) {
  const auto first = co_await Start<Starter>({.name = "server"}, How::kOk, Self());
  CO_ASSERT_THAT(first, IsOk());
  co_await Flush<Seen>();
  const auto second = co_await StartLink<Starter>({.name = "server"}, How::kOk, Self());
  EXPECT_EQ(second.status().code(), StatusCode::kAlreadyExists);
  EXPECT_EQ(AlreadyStarted(second.status()), first->pid());
  EXPECT_THAT(co_await Flush<Seen>(), IsEmpty());
}

// GS2
HYDRA_TEST(StartTest, InitMayContinueSleepAndLimitTheWait) {
  const auto continued = co_await Start<Starter>({}, How::kContinue, Self());
  EXPECT_THAT(co_await continued->Call(Starter::Count{}), IsOkAndHolds(101));
  co_await Flush<Seen>();
  CO_ASSERT_THAT(co_await Start<Starter>({}, How::kHibernate, Self()), IsOk());
  co_await AssertReceive<Seen>(testing::Field(&Seen::what, "hibernates"));
  CO_ASSERT_THAT(co_await Start<Starter>({}, How::kIdle, Self()), IsOk());
  co_await AssertReceive<Seen>(testing::Field(&Seen::what, "idle"));
}

// GS2, GS4: ignored, the process ends as normal, and a linked caller goes on.
HYDRA_TEST(StartTest, IgnoreIsNoFailureOfTheCaller) {
  const auto server = co_await StartLink<Starter>({.name = "server"}, How::kIgnore, Self());
  EXPECT_TRUE(IsIgnored(server.status()));
  EXPECT_EQ(server.status().code(), StatusCode::kCancelled);
  EXPECT_FALSE(WhereIs("server"));
  EXPECT_TRUE(co_await SawNothing());
}

// GS2: an error of Init is what the start fails with; it is no crash.
HYDRA_TEST(StartTest, ErrorOfInitIsReturned) {
  ScopedLogCapture log;
  const auto server = co_await StartLink<Starter>({.name = "server"}, How::kError, Self());
  EXPECT_EQ(server.status(), absl::NotFoundError("no such file"));
  EXPECT_FALSE(IsIgnored(server.status()));
  EXPECT_FALSE(WhereIs("server"));
  EXPECT_THAT(log.entries(), IsEmpty());
}

// GS2: it stays what it is, even if it says of another process that it has ended.
HYDRA_TEST(StartTest, ErrorThatInitHasFromACallIsReturned) {
  const auto server = co_await Start<Starter>({.name = "server"}, How::kErrorOfACall, Self());
  EXPECT_EQ(server.status(), EndedError("a call", ExitReason::Custom("another's")));
  EXPECT_FALSE(WhereIs("server"));
}

// GS2: a stop is reported, unless it is clean.
HYDRA_TEST(StartTest, StopInInitIsReported) {
  ScopedLogCapture log;
  EXPECT_FALSE((co_await Start<Starter>({}, How::kStopNormal, Self())).ok());
  EXPECT_THAT(log.entries(), IsEmpty());
  EXPECT_FALSE((co_await Start<Starter>({.name = "server"}, How::kStopCustom, Self())).ok());
  EXPECT_EQ(log.entries().size(), 1U);
  EXPECT_TRUE(log.Contains("\"server\" ended with custom: enough"));
}

// GS3, GS10: an immediate retry finds the name free, however the start has failed; Terminate isn't
// called.
HYDRA_TEST(StartTest, NameIsFreeWhenAStartHasFailed) {
  ScopedLogCapture log;
  for (const How how : {How::kIgnore, How::kError, How::kStopNormal, How::kStopCustom, How::kThrow,
                        How::kExitSelf}) {
    for (int i = 0; i < 20; ++i) {
      const auto server = co_await Start<Starter>({.name = "server"}, how, Self());
      CO_ASSERT_FALSE(server.ok());
      CO_ASSERT_NE(server.status().code(), StatusCode::kAlreadyExists);
      CO_ASSERT_FALSE(WhereIs("server"));
    }
  }
  EXPECT_TRUE(co_await SawNothing());
}

// GS5, GS7: the reason is the real one, started with a link or without.
HYDRA_TEST(StartTest, FailureTellsTheRealReason) {
  ScopedLogCapture log;
  TrapExit(true);
  const std::pair<How, ExitReason> cases[] = {
      {How::kStopNormal, ExitReason::Normal()},
      {How::kStopCustom, ExitReason::Custom("enough")},
      {How::kExitSelf, ExitReason::Custom("myself")},
      {How::kThrow, ExitReason::Error("std::runtime_error", "boom")},
  };
  for (const auto& [how, reason] : cases) {
    const auto plain = co_await Start<Starter>({}, how, Self());
    EXPECT_EQ(plain.status().code(), StatusCode::kUnavailable);
    EXPECT_EQ(ExitReasonOf(plain.status()), reason);
    const auto linked = co_await StartLink<Starter>({}, how, Self());
    EXPECT_EQ(ExitReasonOf(linked.status()), reason);
    // GS5: the exit signal of the link isn't left in the mailbox.
    EXPECT_TRUE(co_await SawNothing());
  }
}

// GS5: a caller that doesn't trap exits dies with the server that it was to be linked to.
TEST(StartTest, FailureEndsALinkedCallerThatDoesNotTrap) {
  const auto caller = []() -> Async<> {
    static_cast<void>(co_await StartLink<Starter>({}, How::kStopCustom, Self()));
    ADD_FAILURE() << "went on";
  };
  TestByHand(caller, ExitReason::Custom("enough"));
  TestOnThreads(caller, ExitReason::Custom("enough"));
}

// GS5: but not with one that stops as normal.
HYDRA_TEST(StartTest, NormalStopInInitDoesNotEndALinkedCaller) {
  const auto server = co_await StartLink<Starter>({}, How::kStopNormal, Self());
  EXPECT_EQ(ExitReasonOf(server.status()), ExitReason::Normal());
}

// GS6
HYDRA_TEST(StartTest, InitThatTakesTooLongIsKilledAndDoesNotHurtTheCaller) {
  const auto server = co_await StartLink<Starter>(
      {.name = "server", .init_timeout = absl::Milliseconds(5)}, How::kHang, Self());
  EXPECT_EQ(server.status().code(), StatusCode::kDeadlineExceeded);
  EXPECT_THAT(server.status().message(), HasSubstr("\"server\": Init took longer than 5ms"));
  EXPECT_FALSE(WhereIs("server"));
  EXPECT_THAT((co_await Info(Self()))->links, IsEmpty());
  EXPECT_TRUE(co_await SawNothing());
}

// GS6: nor one that traps exits: no exit signal is left.
HYDRA_TEST(StartTest, InitThatTakesTooLongLeavesNoExitSignal) {
  TrapExit(true);
  const auto server =
      co_await StartLink<Starter>({.init_timeout = absl::Milliseconds(5)}, How::kHang, Self());
  EXPECT_EQ(server.status().code(), StatusCode::kDeadlineExceeded);
  EXPECT_TRUE(co_await SawNothing());
}

// GS8
HYDRA_TEST(StartTest, ServerDiesWithAStarterThatDiesDuringInit) {
  const Pid starter = Spawn([owner = Self()]() -> Async<> {
    static_cast<void>(co_await StartLink<Starter>({.name = "linked"}, How::kHang, owner));
  });
  co_await AssertReceive<Seen>(testing::Field(&Seen::what, "init"));
  const Ref ref = Monitor(WhereIs("linked"));
  Exit(starter, ExitReason::Custom("gone"));
  EXPECT_EQ((co_await Receive<Down>().For(ref)).reason, ExitReason::Custom("gone"));
}

// GS8
HYDRA_TEST(StartTest, UnlinkedServerCarriesOnWithoutItsStarter) {
  const Pid starter = Spawn([owner = Self()]() -> Async<> {
    static_cast<void>(co_await Start<Starter>({.name = "unlinked"}, How::kHang, owner));
  });
  co_await AssertReceive<Seen>(testing::Field(&Seen::what, "init"));
  const Ref ref = Monitor(starter);
  Exit(starter, ExitReason::Custom("gone"));
  co_await Receive<Down>().For(ref);
  EXPECT_TRUE(co_await IsAlive(WhereIs("unlinked")));
}

// GS9
HYDRA_TEST(StartTest, MonitorIsThereFromTheBeginning) {
  ScopedLogCapture log;
  const auto server = co_await StartMonitor<Starter>({}, How::kOk, Self());
  CO_ASSERT_THAT(server, IsOk());
  Exit(server->server.pid(), ExitReason::Kill());
  EXPECT_EQ((co_await Receive<Down>().For(server->ref)).reason, ExitReason::Killed());
  EXPECT_FALSE((co_await StartMonitor<Starter>({}, How::kThrow, Self())).ok());
  EXPECT_EQ((co_await AssertReceive<Down>()).reason,
            ExitReason::Error("std::runtime_error", "boom"));
}

// GS7, GS10: a constructor that throws is a start that fails.
class Unfinished {
 public:
  using Protocol = hydra::Protocol<>;
  explicit Unfinished(Pid owner) : owner_(owner) { throw std::runtime_error("no ground"); }
  void Init() { Send(owner_, Seen{"init"}); }
  void Terminate(const ExitReason&) { Send(owner_, Terminated{}); }
  std::string FormatStatus() const { return "unfinished"; }

 private:
  const Pid owner_;
};
HYDRA_TEST(StartTest, ConstructorThatThrowsStartsNothing) {
  ScopedLogCapture log;
  const auto server = co_await Start<Unfinished>({.name = "server"}, Self());
  EXPECT_EQ(ExitReasonOf(server.status()), ExitReason::Error("std::runtime_error", "no ground"));
  EXPECT_FALSE(WhereIs("server"));
  EXPECT_TRUE(co_await SawNothing());
  EXPECT_THAT(co_await Flush<Seen>(), IsEmpty());
  EXPECT_TRUE(log.Contains("no ground"));
}

// The options are those of its process.
HYDRA_TEST(StartTest, OptionsAreThoseOfTheProcess) {
  const auto server = co_await Start<Starter>({.label = "the first",
                                               .priority = Priority::kHigh,
                                               .mailbox_limit = 2,
                                               .on_overflow = Overflow::kExitReceiver},
                                              How::kOk, Self());
  CO_ASSERT_THAT(server, IsOk());
  const auto info = co_await Info(server->pid());
  CO_ASSERT_TRUE(info.has_value());
  EXPECT_EQ(info->label, "the first");
  EXPECT_EQ(info->priority, Priority::kHigh);
  const Ref ref = Monitor(server->pid());
  const std::vector<Pid> flood(100, server->pid());
  Send(std::span<const Pid>(flood), Never{});
  EXPECT_EQ((co_await Receive<Down>().For(ref)).reason.type(), "hydra::MailboxOverflow");
}

// What is movable only can be an argument.
class Owner {
 public:
  struct Get {
    using Reply = int;
  };
  using Protocol = hydra::Protocol<Get>;
  explicit Owner(std::unique_ptr<int> number) : number_(std::move(number)) {}
  int HandleCall(Get) const { return *number_; }

 private:
  std::unique_ptr<int> number_;
};

HYDRA_TEST(StartTest, ArgumentsAreMoved) {
  const auto server = co_await Start<Owner>({}, std::make_unique<int>(7));
  CO_ASSERT_THAT(server, IsOk());
  EXPECT_THAT(co_await server->Call(Owner::Get{}), IsOkAndHolds(7));
}

}  // namespace
}  // namespace hydra
