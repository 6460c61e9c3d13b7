// What a server does with its messages, and how it ends: semantics.md §9.3.
#include <cstddef>
#include <functional>
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

namespace hydra {
namespace {

using absl::StatusCode;
using testing::ElementsAre;
using testing::Field;
using testing::HasSubstr;
using testing::IsEmpty;

struct Event {
  std::string what;
};

MATCHER_P(Says, what, "") { return arg.what == what; }

// Tells its owner of everything that happens to it, and does as `Do` says.
class Recorder {
 public:
  struct Do {  // what a cast makes it do
    std::function<Next()> action;
  };
  struct Ask {
    using Reply = std::string;
    std::function<ReplyThen<std::string>()> action;
  };
  struct AskLater {
    using Reply = std::string;
    std::function<Async<Next>(ReplyTo<AskLater>)> action;
  };
  struct Sync {
    using Reply = void;
  };
  struct Tick {
    int number;
  };
  struct Step {
    int left;
  };
  using Protocol = hydra::Protocol<Do, Ask, AskLater, Sync>;
  using Infos = hydra::Infos<Tick, IdleTimeout, ExitSignal>;
  using Continues = hydra::Continues<Step>;

  struct Options {
    bool trap = false;
    int steps = 0;  // that it continues with from Init
    std::function<void()> on_terminate = {};
  };

  Recorder(Pid owner, Options options) : owner_(owner), options_(std::move(options)) {}

  Next Init() {
    if (options_.trap) TrapExit(true);
    if (options_.steps > 0) return Next::Continue(Step{options_.steps});
    return Next();
  }
  Next HandleCast(Do what) {
    Tell("cast");
    return what.action == nullptr ? Next() : what.action();
  }
  ReplyThen<std::string> HandleCall(Ask ask) {
    Tell("call");
    return ask.action();
  }
  Async<Next> HandleCall(AskLater ask, ReplyTo<AskLater> reply_to) {
    Tell("call later");
    co_return co_await ask.action(std::move(reply_to));
  }
  void HandleCall(Sync) {}
  Next HandleContinue(Step step) {
    Tell("step " + std::to_string(step.left));
    if (step.left > 1) return Next::Continue(Step{step.left - 1});
    return Next();
  }
  void HandleInfo(Tick tick) { Tell("tick " + std::to_string(tick.number)); }
  void HandleInfo(IdleTimeout) { Tell("idle"); }
  void HandleInfo(ExitSignal exit) { Tell("exit " + exit.reason.ToString()); }
  void HandleInfo(Message& message) { Tell("message " + std::string(message.type_name())); }
  void Terminate(const ExitReason& reason) {
    Tell("terminate " + reason.ToString());
    if (options_.on_terminate != nullptr) options_.on_terminate();
  }
  void Hibernate() { Tell("hibernate"); }
  std::string FormatStatus() const { return "a recorder"; }

 private:
  void Tell(std::string what) { Send(owner_, Event{std::move(what)}); }

  const Pid owner_;
  const Options options_;
};
using Do = Recorder::Do;
using Ask = Recorder::Ask;
using Sync = Recorder::Sync;
using Tick = Recorder::Tick;
using Options = Recorder::Options;

Async<ServerRef<Recorder>> StartRecorder(Options options = {}, ServerOptions how = {}) {
  auto server = co_await Start<Recorder>(std::move(how), Self(), std::move(options));
  co_return server.value();
}

Async<std::vector<std::string>> Events() {
  std::vector<std::string> all;
  for (Event& event : co_await Flush<Event>()) all.push_back(std::move(event.what));
  co_return all;
}

// The next events, as they come.
Async<std::vector<std::string>> NextEvents(size_t count) {
  std::vector<std::string> next;
  while (next.size() < count) next.push_back((co_await AssertReceive<Event>()).what);
  co_return next;
}

// Starts one that is linked to a process of its own, which does as it is told: the parent.
struct Family {
  Pid parent;
  ServerRef<Recorder> server;
};
Async<Family> StartFamily(Options options) {
  const Pid owner = Self();
  const Pid parent = Spawn([owner, options]() -> Async<> {
    auto server = co_await StartLink<Recorder>({}, owner, options);
    Send(owner, *server);
    co_await Receive<Tick>();
  });
  co_return Family{parent, co_await AssertReceive<ServerRef<Recorder>>()};
}

// Ends the parent of a family with that reason, and waits for its end.
Async<> EndParent(Pid parent, ExitReason reason) {
  const Ref ref = Monitor(parent);
  if (reason == ExitReason::Normal()) Send(parent, Tick{0});  // it returns
  Exit(parent, reason);
  EXPECT_EQ((co_await Receive<Down>().For(ref)).reason, reason);
}

struct Stray {};

// GS26
HYDRA_TEST(InfoTest, EverythingElseIsHandedToHandleInfo) {
  const auto server = co_await StartRecorder({.trap = true});
  Send(server.pid(), Tick{1});
  Send(server.pid(), Stray{});
  SendAfter(absl::Milliseconds(1), server.pid(), Tick{2});
  Exit(server.pid(), ExitReason::Custom("from a stranger"));
  co_await AssertReceive<Event>(Says("tick 1"));
  co_await AssertReceive<Event>(Field(&Event::what, HasSubstr("Stray")));
  co_await AssertReceive<Event>(Says("exit custom: from a stranger"));
  co_await AssertReceive<Event>(Says("tick 2"));
  EXPECT_OK(co_await server.Call(Sync{}));
}

class Plain {
 public:
  struct Get {
    using Reply = int;
  };
  using Protocol = hydra::Protocol<Get>;
  int HandleCall(Get) { return 1; }
};

// GS26: without a HandleInfo it is logged, and the server goes on.
HYDRA_TEST(InfoTest, WhatNobodyHandlesIsLogged) {
  const auto server = co_await Start<Plain>({.name = "plain"});
  ScopedLogCapture log;
  Send(server->pid(), Stray{});
  EXPECT_THAT(co_await server->Call(Plain::Get{}), IsOkAndHolds(1));
  EXPECT_TRUE(log.Contains("Stray"));
  EXPECT_TRUE(log.Contains("\"plain\""));
}

// GS27: a request that the Protocol lacks is answered with an error that names it.
HYDRA_TEST(UnknownRequestTest, IsAnsweredAndTheServerLives) {
  const auto server = co_await Start<Plain>({});
  ScopedLogCapture log;
  const absl::Status status = (co_await Request(server->pid(), Ask{})).status();
  EXPECT_EQ(status.code(), StatusCode::kUnimplemented);
  EXPECT_THAT(status.message(), HasSubstr("Recorder::Ask"));
  EXPECT_TRUE(IsCallFailure(status));
  EXPECT_TRUE(log.Contains("Recorder::Ask"));
  EXPECT_THAT(co_await server->Call(Plain::Get{}), IsOkAndHolds(1));
}

// GS28
HYDRA_TEST(ResultTest, ReplyMayBeFollowedByAnything) {
  const auto server = co_await StartRecorder();
  EXPECT_THAT(co_await server.Call(Ask{[]() -> ReplyThen<std::string> {
    return {"then idle", Next::IdleTimeout(absl::Milliseconds(1))};
  }}),
              IsOkAndHolds("then idle"));
  co_await AssertReceive<Event>(Says("idle"));
  EXPECT_THAT(co_await server.Call(Ask{[]() -> ReplyThen<std::string> {
    return {"then hibernate", Next::Hibernate()};
  }}),
              IsOkAndHolds("then hibernate"));
  co_await AssertReceive<Event>(Says("hibernate"));
  EXPECT_THAT(co_await server.Call(Ask{[]() -> ReplyThen<std::string> {
    return {"then continue", Next::Continue(Recorder::Step{1})};
  }}),
              IsOkAndHolds("then continue"));
  co_await AssertReceive<Event>(Says("step 1"));
}

// GS28: no reply, and stop: the caller hears of the end.
HYDRA_TEST(ResultTest, StopWithoutAReply) {
  const auto server = co_await StartRecorder();
  const auto answer = co_await server.Call(
      Recorder::AskLater{[](ReplyTo<Recorder::AskLater> reply_to) -> Async<Next> {
        static_cast<void>(reply_to);
        co_return Next::Stop(ExitReason::Shutdown("enough"));
      }});
  // It was dropped before the server stopped.
  EXPECT_EQ(answer.status().code(), StatusCode::kUnavailable);
  co_await AssertReceive<Event>(Says("terminate shutdown: enough"));
}

// GS29: Terminate, then the reply, then the end; also if Terminate throws.
HYDRA_TEST(ResultTest, ReplyOfOneThatStopsComesAfterTerminate) {
  for (const bool throws : {false, true}) {
    ScopedLogCapture log;
    const auto server = co_await StartRecorder({.on_terminate = [throws] {
      if (throws) throw std::runtime_error("in Terminate");
    }});
    const Ref ref = Monitor(server.pid());
    const auto reply = co_await server.Call(Ask{
        []() -> ReplyThen<std::string> { return {"bye", Next::Stop(ExitReason::Shutdown())}; }});
    EXPECT_THAT(reply, IsOkAndHolds("bye"));
    EXPECT_THAT(co_await Events(), ElementsAre("call", "terminate shutdown"));
    // GS37
    EXPECT_EQ(
        (co_await Receive<Down>().For(ref)).reason,
        throws ? ExitReason::Error("std::runtime_error", "in Terminate") : ExitReason::Shutdown());
  }
}

// GS29: also of one whose Terminate waits.
class SlowToEnd {
 public:
  struct Last {
    using Reply = int;
  };
  using Protocol = hydra::Protocol<Last>;
  explicit SlowToEnd(Pid owner) : owner_(owner) {}
  ReplyThen<int> HandleCall(Last) { return {7, Next::Stop(ExitReason::Normal())}; }
  Async<> Terminate(const ExitReason&) {
    co_await Sleep(absl::Milliseconds(2));
    Send(owner_, Event{"terminated"});
  }

 private:
  const Pid owner_;
};
HYDRA_TEST(ResultTest, ReplyWaitsForATerminateThatWaits) {
  const auto server = co_await Start<SlowToEnd>({}, Self());
  EXPECT_THAT(co_await server->Call(SlowToEnd::Last{}), IsOkAndHolds(7));
  EXPECT_THAT(co_await Events(), ElementsAre("terminated"));
}

// GS30: the steps come before whatever has been sent, however many there are.
HYDRA_TEST(ContinueTest, RunsBeforeAnyMessage) {
  const Pid owner = Self();
  const Pid impatient = Spawn([]() -> Async<> {
    while (!WhereIs("recorder")) co_await Yield();
    Send("recorder", Tick{1});
  });
  static_cast<void>(impatient);
  auto server = co_await Start<Recorder>({.name = "recorder"}, owner, Options{.steps = 3});
  EXPECT_THAT(co_await NextEvents(4), ElementsAre("step 3", "step 2", "step 1", "tick 1"));
}

// GS30: also before what has come already.
HYDRA_TEST(ContinueTest, RunsBeforeMessagesThatWait) {
  const auto server = co_await StartRecorder();
  server.Cast(Do{[self = server.pid()] {
    Send(self, Tick{1});
    return Next::Continue(Recorder::Step{2});
  }});
  EXPECT_THAT(co_await NextEvents(4), ElementsAre("cast", "step 2", "step 1", "tick 1"));
}

HYDRA_TEST(ContinueTest, StepThatIsNoneOfItsContinuesEndsTheServer) {
  ScopedLogCapture log;
  const auto server = co_await StartRecorder();
  const Ref ref = Monitor(server.pid());
  server.Cast(Do{[] { return Next::Continue(Stray{}); }});
  EXPECT_EQ((co_await Receive<Down>().For(ref)).reason.type(), "hydra::BadContinue");
}

// GS31
HYDRA_TEST_BY_HAND(IdleTimeoutTest, ComesOnceIfNothingElseDoes) {
  const auto server = co_await StartRecorder();
  const absl::Time start = Now();
  server.Cast(Do{[] { return Next::IdleTimeout(absl::Seconds(10)); }});
  co_await AssertReceive<Event>(Says("idle"), absl::Seconds(20));
  EXPECT_EQ(Now() - start, absl::Seconds(10));
  co_await RefuteReceive<Event>(Says("idle"), absl::Hours(1));
}

// GS31: any message ends it, also one that HandleInfo takes.
HYDRA_TEST_BY_HAND(IdleTimeoutTest, IsEndedByAnyMessage) {
  const auto server = co_await StartRecorder();
  server.Cast(Do{[] { return Next::IdleTimeout(absl::Seconds(10)); }});
  co_await Sleep(absl::Seconds(5));
  Send(server.pid(), Stray{});
  co_await RefuteReceive<Event>(Says("idle"), absl::Hours(1));
}

// GS31: with a timeout of zero what is queued is served first.
HYDRA_TEST(IdleTimeoutTest, QueuedMessagesAreServedFirst) {
  const auto server = co_await StartRecorder();
  server.Cast(Do{[self = server.pid()] {
    Send(self, Tick{1});
    return Next::IdleTimeout(absl::ZeroDuration());
  }});
  co_await AssertReceive<Event>(Says("tick 1"));
  co_await RefuteReceive<Event>(Says("idle"), absl::Milliseconds(5));
  server.Cast(Do{[] { return Next::IdleTimeout(absl::ZeroDuration()); }});
  co_await AssertReceive<Event>(Says("idle"));
}

// GS32
HYDRA_TEST(HibernateTest, ServerWakesOnAnyMessage) {
  const auto server = co_await StartRecorder();
  server.Cast(Do{[] { return Next::Hibernate(); }});
  co_await AssertReceive<Event>(Says("hibernate"));
  EXPECT_OK(co_await server.Call(Sync{}));
  Send(server.pid(), Tick{1});
  co_await AssertReceive<Event>(Says("tick 1"));
}

// GS32: by itself, when nothing has come for some time; an idle timeout goes on meanwhile.
HYDRA_TEST_BY_HAND(HibernateTest, HappensByItselfAfterATime) {
  const auto server = co_await StartRecorder({}, {.hibernate_after = absl::Seconds(3)});
  const absl::Time start = Now();
  co_await AssertReceive<Event>(Says("hibernate"));
  EXPECT_EQ(Now() - start, absl::Seconds(3));
  co_await RefuteReceive<Event>(Says("hibernate"), absl::Hours(1));
  server.Cast(Do{[] { return Next::IdleTimeout(absl::Seconds(10)); }});
  const absl::Time cast = Now();
  co_await AssertReceive<Event>(Says("hibernate"));
  EXPECT_EQ(Now() - cast, absl::Seconds(3));
  co_await AssertReceive<Event>(Says("idle"));
  EXPECT_EQ(Now() - cast, absl::Seconds(10));
}

// GS33, GS34: an exception, or an ExitSelf, of a callback: Terminate, and that reason.
HYDRA_TEST(FailureTest, ExceptionOfACallbackEndsTheServer) {
  ScopedLogCapture log;
  const std::pair<std::function<void()>, ExitReason> cases[] = {
      {[] { throw std::runtime_error("boom"); }, ExitReason::Error("std::runtime_error", "boom")},
      {[] { ExitSelf(ExitReason::Custom("enough")); }, ExitReason::Custom("enough")},
      {[] { ExitSelf(ExitReason::Normal()); }, ExitReason::Normal()},
  };
  for (const auto& [fail, reason] : cases) {
    const auto cast = co_await StartRecorder();
    const Ref ref = Monitor(cast.pid());
    cast.Cast(Do{[fail = fail]() -> Next {
      fail();
      return Next();
    }});
    EXPECT_EQ((co_await Receive<Down>().For(ref)).reason, reason);
    EXPECT_THAT(co_await Events(), ElementsAre("cast", "terminate " + reason.ToString()));

    // In a coroutine, after it has waited.
    const auto call = co_await StartRecorder();
    const auto answer = co_await call.Call(
        Recorder::AskLater{[fail = fail](ReplyTo<Recorder::AskLater> reply_to) -> Async<Next> {
          co_await Yield();
          fail();
          reply_to.Send("never");
          co_return Next();
        }});
    EXPECT_EQ(ExitReasonOf(answer.status()), reason);
    EXPECT_THAT(co_await Events(), ElementsAre("call later", "terminate " + reason.ToString()));
  }
}

// GS34: an exit signal to one that doesn't trap ends it without Terminate; kill always does.
HYDRA_TEST(TerminateTest, IsNotCalledForExitSignals) {
  const auto server = co_await StartRecorder();
  Exit(server.pid(), ExitReason::Custom("signal"));
  EXPECT_FALSE(co_await IsAlive(server.pid()));
  const auto trapping = co_await StartRecorder({.trap = true});
  Exit(trapping.pid(), ExitReason::Kill());
  EXPECT_FALSE(co_await IsAlive(trapping.pid()));
  EXPECT_THAT(co_await Events(), IsEmpty());
}

// GS34: a kill cuts short a callback that waits.
HYDRA_TEST(TerminateTest, IsNotCalledForAKillWhileACallbackWaits) {
  const auto server = co_await StartRecorder({.trap = true});
  auto pending =
      server.SendRequest(Recorder::AskLater{[](ReplyTo<Recorder::AskLater>) -> Async<Next> {
        co_await Sleep(absl::Hours(1));
        co_return Next();
      }});
  co_await AssertReceive<Event>(Says("call later"));
  Exit(server.pid(), ExitReason::Kill());
  EXPECT_EQ(ExitReasonOf((co_await pending.Receive()).status()), ExitReason::Killed());
  EXPECT_THAT(co_await Events(), IsEmpty());
}

// GS35: the matrix below §9.3.
HYDRA_TEST(ParentTest, EndOfTheParent) {
  ScopedLogCapture log;
  for (const ExitReason& reason :
       {ExitReason::Normal(), ExitReason::Shutdown(), ExitReason::Custom("foo")}) {
    const Family trapping = co_await StartFamily({.trap = true});
    const Ref end = Monitor(trapping.server.pid());
    co_await EndParent(trapping.parent, reason);
    EXPECT_EQ((co_await Receive<Down>().For(end)).reason, reason);
    EXPECT_THAT(co_await Events(), ElementsAre("terminate " + reason.ToString()));

    const Family other = co_await StartFamily({});
    co_await EndParent(other.parent, reason);
    EXPECT_EQ(co_await IsAlive(other.server.pid()), reason == ExitReason::Normal());
    EXPECT_THAT(co_await Events(), IsEmpty());
  }
}

// GS35: a stranger's exit signal, also shutdown, is a message.
HYDRA_TEST(ParentTest, ExitSignalOfAStrangerIsAMessage) {
  const Family family = co_await StartFamily({.trap = true});
  Exit(family.server.pid(), ExitReason::Shutdown());
  co_await AssertReceive<Event>(Says("exit shutdown"));
  EXPECT_TRUE(co_await IsAlive(family.server.pid()));
}

// GS36: what was queued before the end of the parent is handled, what comes after isn't.
HYDRA_TEST(ParentTest, MessagesBeforeItsEndAreHandled) {
  const Family family = co_await StartFamily({.trap = true});
  const auto& server = family.server;
  const Ref ref = Monitor(server.pid());
  auto pending = server.SendRequest(
      Recorder::AskLater{[](ReplyTo<Recorder::AskLater> reply_to) -> Async<Next> {
        co_await Receive<Stray>();
        reply_to.Send("done");
        co_return Next();
      }});
  co_await AssertReceive<Event>(Says("call later"));
  Send(server.pid(), Tick{1});
  co_await EndParent(family.parent, ExitReason::Shutdown());
  Send(server.pid(), Tick{2});
  Send(server.pid(), Stray{});
  EXPECT_THAT(co_await pending.Receive(), IsOkAndHolds("done"));
  EXPECT_EQ((co_await Receive<Down>().For(ref)).reason, ExitReason::Shutdown());
  EXPECT_THAT(co_await Events(), ElementsAre("tick 1", "terminate shutdown"));
}

// GS36: a kill cuts Terminate short.
class Lingering {
 public:
  struct Nothing {};
  using Protocol = hydra::Protocol<Nothing>;
  explicit Lingering(Pid owner) : owner_(owner) {}
  void HandleCast(Nothing) {}
  Async<> Terminate(const ExitReason&) {
    Send(owner_, Event{"begins"});
    co_await Sleep(absl::Hours(1));
    Send(owner_, Event{"ends"});
  }

 private:
  const Pid owner_;
};
HYDRA_TEST(TerminateTest, MayWaitAndIsCutShortByAKill) {
  const auto server = co_await Start<Lingering>({}, Self());
  const Pid stopper = Spawn([server]() -> Async<> {
    const absl::Status status = co_await Stop(*server);
    EXPECT_EQ(ExitReasonOf(status), ExitReason::Killed());
  });
  co_await AssertReceive<Event>(Says("begins"));
  Exit(server->pid(), ExitReason::Kill());
  EXPECT_FALSE(co_await IsAlive(server->pid()));
  EXPECT_THAT(co_await Events(), IsEmpty());
  while (co_await IsAlive(stopper)) co_await Yield();
}

// GS38
HYDRA_TEST(ReportTest, SaysAllThereIsToKnow) {
  ScopedLogCapture log;
  TrapExit(true);
  const auto server = co_await StartLink<Recorder>({.name = "recorder", .label = "keeps records"},
                                                   Self(), Options{});
  server->Cast(Do{[]() -> Next { throw std::runtime_error("boom"); }});
  co_await AssertReceive<ExitSignal>();
  const auto entries = log.entries();
  CO_ASSERT_EQ(entries.size(), 1U);
  const std::string& text = entries[0].text;
  EXPECT_THAT(text, HasSubstr("Recorder"));
  EXPECT_THAT(text, HasSubstr("\"recorder\" (keeps records) ended with error "
                              "std::runtime_error: boom"));
  EXPECT_THAT(text, HasSubstr("last message: "));
  EXPECT_THAT(text, HasSubstr("Recorder::Do"));
  EXPECT_THAT(text, HasSubstr("state: a recorder"));
  EXPECT_THAT(text, HasSubstr("ancestors: " + Self().ToString()));
}

// GS38: expected ends aren't logged.
HYDRA_TEST(ReportTest, NothingIsLoggedOfNormalAndShutdown) {
  ScopedLogCapture log;
  for (const ExitReason& reason :
       {ExitReason::Normal(), ExitReason::Shutdown(), ExitReason::Shutdown("detail")}) {
    const auto server = co_await StartRecorder();
    EXPECT_OK(co_await Stop(server, reason));
  }
  EXPECT_THAT(log.entries(), IsEmpty());
}

// GS39: after what was sent before; Terminate; OK if the reason is that one.
HYDRA_TEST(StopTest, IsOrderedAndWaitsForTheEnd) {
  const auto server = co_await StartRecorder({}, {.name = "recorder"});
  for (int i = 0; i < 3; ++i) Send(server.pid(), Tick{i});
  EXPECT_OK(co_await Stop(server, ExitReason::Shutdown("now")));
  EXPECT_FALSE(WhereIs("recorder"));
  EXPECT_THAT(co_await Events(),
              ElementsAre("tick 0", "tick 1", "tick 2", "terminate shutdown: now"));
  EXPECT_EQ((co_await Stop(server)).code(), StatusCode::kNotFound);
  EXPECT_EQ((co_await Stop("recorder")).code(), StatusCode::kNotFound);
}

// GS39: another reason is an error that tells it.
HYDRA_TEST(StopTest, OtherReasonIsAnError) {
  ScopedLogCapture log;
  const auto server =
      co_await StartRecorder({.on_terminate = [] { throw std::runtime_error("in Terminate"); }});
  const absl::Status status = co_await Stop(server);
  EXPECT_EQ(status.code(), StatusCode::kUnavailable);
  EXPECT_EQ(ExitReasonOf(status), ExitReason::Error("std::runtime_error", "in Terminate"));
}

// GS39: the server still stops when the time is up.
HYDRA_TEST(StopTest, TooLateFailsAndTheServerStillStops) {
  const auto server = co_await StartRecorder();
  server.Cast(Do{});
  auto pending = server.SendRequest(
      Recorder::AskLater{[](ReplyTo<Recorder::AskLater> reply_to) -> Async<Next> {
        co_await Receive<Stray>();
        reply_to.Send("done");
        co_return Next();
      }});
  EXPECT_EQ((co_await Stop(server, ExitReason::Normal(), absl::Milliseconds(2))).code(),
            StatusCode::kDeadlineExceeded);
  EXPECT_THAT(co_await Flush<Down>(), IsEmpty());
  const Ref ref = Monitor(server.pid());
  Send(server.pid(), Stray{});
  EXPECT_THAT(co_await pending.Receive(), IsOkAndHolds("done"));
  EXPECT_EQ((co_await Receive<Down>().For(ref)).reason, ExitReason::Normal());
  co_await RefuteReceive<Down>(testing::_, absl::Milliseconds(2));
}

// GS39
class SelfStopper {
 public:
  struct StopYourself {
    using Reply = absl::Status;
    Dest self;
  };
  using Protocol = hydra::Protocol<StopYourself>;
  Async<absl::Status> HandleCall(StopYourself stop) { return hydra::Stop(stop.self); }
};
HYDRA_TEST(StopTest, ServerCannotStopItselfSo) {
  const auto server = co_await Start<SelfStopper>({.name = "stopper"});
  for (const Dest& self : {server->dest(), Dest("stopper")}) {
    EXPECT_EQ((co_await server->Call(SelfStopper::StopYourself{self})).code(),
              StatusCode::kFailedPrecondition);
  }
}

}  // namespace
}  // namespace hydra
