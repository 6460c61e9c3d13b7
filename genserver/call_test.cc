// Calls, casts and replies: semantics.md §9.2.
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
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
#include "hydra/process/pending_request.h"
#include "hydra/process/process.h"
#include "hydra/process/testing/process_test.h"

namespace hydra {
namespace {

using absl::StatusCode;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// Does what it is asked to, in every way in which a call can be answered.
class Echo {
 public:
  struct Say {
    using Reply = std::string;
    std::string text;
  };
  struct SayLater {  // after the time
    using Reply = std::string;
    std::string text;
    absl::Duration after;
  };
  struct Keep {  // answered by Release, or never
    using Reply = std::string;
    std::string text;
  };
  struct Release {};
  struct Drop {
    using Reply = std::string;
  };
  struct HandOver {  // answered by another process
    using Reply = std::string;
    std::string text;
  };
  struct Touch {
    using Reply = void;
  };
  struct Check {
    using Reply = absl::Status;
    absl::Status status;
  };
  struct Find {
    using Reply = absl::StatusOr<int>;
    absl::StatusOr<int> result;
  };
  struct Die {
    using Reply = int;
    ExitReason reason;
  };
  struct CallYourself {
    using Reply = absl::Status;
    Dest self;
  };
  struct Note {
    int number;
  };
  struct Notes {
    using Reply = std::vector<int>;
  };
  struct Last {  // stops, with a reply
    using Reply = std::string;
  };
  using Protocol = hydra::Protocol<Say, SayLater, Keep, Release, Drop, HandOver, Touch, Check, Find,
                                   Die, CallYourself, Note, Notes, Last>;

  std::string HandleCall(Say say) { return say.text; }
  Async<std::string> HandleCall(SayLater say) {
    co_await Sleep(say.after);
    co_return say.text;
  }
  void HandleCall(Keep keep, ReplyTo<Keep> reply_to) {
    kept_.emplace_back(std::move(keep), std::move(reply_to));
  }
  void HandleCast(Release) {
    for (auto& [keep, reply_to] : kept_) {
      reply_to.Send(keep.text);
      reply_to.Send("again");
    }
    kept_.clear();
  }
  void HandleCall(Drop, ReplyTo<Drop>) {}
  void HandleCall(HandOver hand_over, ReplyTo<HandOver> reply_to) {
    Spawn(
        [](std::string text, ReplyTo<HandOver> to) -> Async<> {
          co_await Yield();
          to.Send(text);
        },
        std::move(hand_over.text), std::move(reply_to));
  }
  void HandleCall(Touch) {}
  absl::Status HandleCall(Check check) { return check.status; }
  absl::StatusOr<int> HandleCall(Find find) { return find.result; }
  int HandleCall(Die die) { ExitSelf(die.reason); }
  Async<absl::Status> HandleCall(CallYourself call) {
    co_return (co_await ServerRef<Echo>(call.self).Call(Say{"me"})).status();
  }
  void HandleCast(Note note) { notes_.push_back(note.number); }
  std::vector<int> HandleCall(Notes) { return notes_; }
  ReplyThen<std::string> HandleCall(Last) { return {"last", Next::Stop(ExitReason::Normal())}; }

 private:
  std::vector<std::pair<Keep, ReplyTo<Keep>>> kept_;
  std::vector<int> notes_;
};

Async<ServerRef<Echo>> StartEcho(std::string name = "") {
  auto server = co_await Start<Echo>({.name = std::move(name)});
  co_return server.value();
}

Async<> ExpectNoMessage() {
  if (auto message = co_await ReceiveAny().Within(absl::Milliseconds(20)))
    ADD_FAILURE() << "a message: " << message->type_name();
}

// GS11
HYDRA_TEST(CallTest, IsAnsweredNowLaterAndByOthers) {
  const ServerRef<Echo> echo = co_await StartEcho();
  EXPECT_THAT(co_await echo.Call(Echo::Say{"now"}), IsOkAndHolds("now"));
  EXPECT_THAT(co_await echo.Call(Echo::SayLater{"later", absl::Milliseconds(3)}),
              IsOkAndHolds("later"));
  EXPECT_THAT(co_await echo.Call(Echo::HandOver{"other"}), IsOkAndHolds("other"));
  EXPECT_OK(co_await echo.Call(Echo::Touch{}));
  co_await ExpectNoMessage();
}

// GS11: by every kind of Dest.
HYDRA_TEST(CallTest, ReachesAServerByPidNameAndAlias) {
  const ServerRef<Echo> echo = co_await StartEcho("echo");
  EXPECT_THAT(co_await echo.Call(Echo::Say{"pid"}), IsOkAndHolds("pid"));
  EXPECT_THAT(co_await ServerRef<Echo>("echo").Call(Echo::Say{"name"}), IsOkAndHolds("name"));
  EXPECT_EQ(ServerRef<Echo>("echo").pid(), Pid());
  const auto alias = co_await sys::Inspect(echo, [](const Echo&) { return MakeAlias(); });
  CO_ASSERT_TRUE(alias.ok());
  const ServerRef<Echo> by_alias{Dest(*alias)};
  by_alias.Cast(Echo::Note{1});
  EXPECT_THAT(co_await by_alias.Call(Echo::Notes{}), IsOkAndHolds(ElementsAre(1)));
  EXPECT_OK(co_await Stop(by_alias));
  EXPECT_FALSE(co_await IsAlive(echo.pid()));
}

// A status that the server answers isn't a failure of the call.
HYDRA_TEST(CallTest, StatusOfTheServerIsToldFromAFailure) {
  const ServerRef<Echo> echo = co_await StartEcho();
  EXPECT_OK(co_await echo.Call(Echo::Check{absl::OkStatus()}));
  const absl::Status status = co_await echo.Call(Echo::Check{absl::NotFoundError("no")});
  EXPECT_EQ(status, absl::NotFoundError("no"));
  EXPECT_FALSE(IsCallFailure(status));
  EXPECT_THAT(co_await echo.Call(Echo::Find{7}), IsOkAndHolds(7));
  const absl::StatusOr<int> found = co_await echo.Call(Echo::Find{absl::DataLossError("bad")});
  EXPECT_EQ(found.status(), absl::DataLossError("bad"));
  EXPECT_TRUE(IsCallFailure((co_await ServerRef<Echo>("nobody").Call(Echo::Find{7})).status()));
}

// GS12
HYDRA_TEST_BY_HAND(CallTest, WaitsFiveSecondsUnlessToldOtherwise) {
  const ServerRef<Echo> echo = co_await StartEcho();
  const absl::Time start = Now();
  EXPECT_EQ((co_await echo.Call(Echo::Keep{})).status().code(), StatusCode::kDeadlineExceeded);
  EXPECT_EQ(Now() - start, absl::Seconds(5));
  EXPECT_THAT(co_await echo.Call(Echo::SayLater{"in an hour", absl::Hours(1)})
                  .Within(absl::InfiniteDuration()),
              IsOkAndHolds("in an hour"));
  // Zero fails at once, but the request is carried out.
  EXPECT_EQ((co_await echo.Call(Echo::Keep{"kept"}).Within(absl::ZeroDuration())).status().code(),
            StatusCode::kDeadlineExceeded);
}

// GS13, GS20: late and second replies reach nobody.
HYDRA_TEST(CallTest, LateAndSecondRepliesReachNobody) {
  const ServerRef<Echo> echo = co_await StartEcho();
  EXPECT_EQ((co_await echo.Call(Echo::Keep{"late"}).Within(absl::Milliseconds(2))).status().code(),
            StatusCode::kDeadlineExceeded);
  echo.Cast(Echo::Release{});
  const Pid other = Spawn([echo, owner = Self()]() -> Async<> {
    auto kept = echo.Call(Echo::Keep{"in time"});
    Send(owner, co_await std::move(kept));
    EXPECT_EQ(co_await ReceiveAny().Within(absl::Milliseconds(5)), std::nullopt);
  });
  static_cast<void>(other);
  while (!(co_await Receive<absl::StatusOr<std::string>>().Within(absl::Milliseconds(1))))
    echo.Cast(Echo::Release{});
  co_await ExpectNoMessage();
}

// GS14
HYDRA_TEST(CallTest, EndOfTheServerIsHeardWithItsReason) {
  ScopedLogCapture log;
  const ServerRef<Echo> dies = co_await StartEcho("dies");
  const absl::Status died = (co_await dies.Call(Echo::Die{ExitReason::Custom("tired")})).status();
  EXPECT_EQ(died.code(), StatusCode::kUnavailable);
  EXPECT_EQ(ExitReasonOf(died), ExitReason::Custom("tired"));
  EXPECT_FALSE(WhereIs("dies")) << "it is told when the server has ended";
  EXPECT_EQ((co_await dies.Call(Echo::Say{"?"})).status().code(), StatusCode::kNotFound);
  EXPECT_EQ((co_await ServerRef<Echo>("nobody").Call(Echo::Say{"?"})).status().code(),
            StatusCode::kNotFound);

  const ServerRef<Echo> killed = co_await StartEcho();
  Spawn([killed]() -> Async<> {
    co_await Sleep(absl::Milliseconds(2));
    Exit(killed.pid(), ExitReason::Kill());
  });
  EXPECT_EQ(ExitReasonOf((co_await killed.Call(Echo::SayLater{"", absl::Hours(1)})).status()),
            ExitReason::Killed());
}

// GS15: a reply that was sent before the end wins, as does that of a server that stops.
HYDRA_TEST(CallTest, ReplyWinsOverTheEnd) {
  const ServerRef<Echo> echo = co_await StartEcho();
  EXPECT_THAT(co_await echo.Call(Echo::Last{}), IsOkAndHolds("last"));
}

// GS16
HYDRA_TEST(CallTest, ToOneselfFailsAtOnce) {
  const ServerRef<Echo> echo = co_await StartEcho("echo");
  for (const Dest& self : {echo.dest(), Dest("echo")}) {
    const absl::Status status = co_await echo.Call(Echo::CallYourself{self});
    EXPECT_EQ(status.code(), StatusCode::kFailedPrecondition);
    EXPECT_THAT(status.message(), HasSubstr("can't ask itself"));
  }
}

// GS17
HYDRA_TEST(CastTest, NeverFails) {
  const ServerRef<Echo> echo = co_await StartEcho();
  Exit(echo.pid(), ExitReason::Kill());
  EXPECT_FALSE(co_await IsAlive(echo.pid()));
  echo.Cast(Echo::Note{1});
  ServerRef<Echo>("nobody").Cast(Echo::Note{1});
  ServerRef<Echo>(Dest("echo", "elsewhere@host:1")).Cast(Echo::Note{1});
  ServerRef<Echo>().Cast(Echo::Note{1});
  Abcast<Echo>({"", "elsewhere@host:1"}, "nobody", Echo::Note{1});
  co_await ExpectNoMessage();
}

HYDRA_TEST(CastTest, AfterATime) {
  const ServerRef<Echo> echo = co_await StartEcho();
  echo.CastAfter(absl::Milliseconds(2), Echo::Note{2});
  EXPECT_TRUE(CancelTimer(echo.CastAfter(absl::Hours(1), Echo::Note{3})).has_value());
  echo.Cast(Echo::Note{1});
  EXPECT_THAT(co_await echo.Call(Echo::Notes{}), IsOkAndHolds(ElementsAre(1)));
  co_await Sleep(absl::Milliseconds(5));
  EXPECT_THAT(co_await echo.Call(Echo::Notes{}), IsOkAndHolds(ElementsAre(1, 2)));
}

// GS21
HYDRA_TEST(CallTest, DroppedReplyToFailsTheCallAtOnce) {
  const ServerRef<Echo> echo = co_await StartEcho();
  const absl::Status status =
      (co_await echo.Call(Echo::Drop{}).Within(absl::InfiniteDuration())).status();
  EXPECT_EQ(status.code(), StatusCode::kUnavailable);
  EXPECT_EQ(ExitReasonOf(status), std::nullopt);
}

// GS22
HYDRA_TEST(CallTest, RequestsOfOneProcessAreHandledInOrder) {
  const ServerRef<Echo> echo = co_await StartEcho();
  std::vector<int> expected;
  for (int i = 0; i < 50; ++i) {
    echo.Cast(Echo::Note{i});
    expected.push_back(i);
    if (i % 10 == 0) EXPECT_THAT(co_await echo.Call(Echo::Notes{}), IsOkAndHolds(expected));
  }
}

// GS23
HYDRA_TEST_BY_HAND(CallTest, FailureSaysWhichServerRequestAndTimeout) {
  const ServerRef<Echo> echo = co_await StartEcho();
  const absl::Status late =
      (co_await ServerRef<Echo>(echo.pid()).Call(Echo::Keep{}).Within(absl::Seconds(2))).status();
  EXPECT_THAT(late.message(), HasSubstr("Echo::Keep to " + echo.pid().ToString()));
  EXPECT_THAT(late.message(), HasSubstr("no answer within 2s"));
  const absl::Status nobody = (co_await ServerRef<Echo>("nobody").Call(Echo::Say{})).status();
  EXPECT_THAT(nobody.message(), HasSubstr("Echo::Say to nobody: there is no such process"));
}

// GS24
HYDRA_TEST(SendRequestTest, AnswersAreTakenLater) {
  const ServerRef<Echo> echo = co_await StartEcho();
  PendingRequest<Echo::Say> one = echo.SendRequest(Echo::Say{"one"});
  PendingRequest<Echo::SayLater> two =
      echo.SendRequest(Echo::SayLater{"two", absl::Milliseconds(2)});
  PendingRequest<Echo::Say> nobody = ServerRef<Echo>("nobody").SendRequest(Echo::Say{"?"});
  EXPECT_THAT(co_await two.Receive(), IsOkAndHolds("two"));
  EXPECT_THAT(co_await one.Receive(), IsOkAndHolds("one"));
  EXPECT_EQ((co_await nobody.Receive()).status().code(), StatusCode::kNotFound);
  co_await ExpectNoMessage();
}

// GS24, GS26: a server asks others, and goes on meanwhile; their answers are messages to it.
class Relay {
 public:
  struct Ask {
    using Reply = std::string;
    ServerRef<Echo> server;
    std::string text;
  };
  struct Pending {
    using Reply = size_t;
  };
  using Protocol = hydra::Protocol<Ask, Pending>;

  void HandleCall(Ask ask, ReplyTo<Ask> reply_to) {
    const int id = ++asked_;
    pending_.Add(ask.server.SendRequest(Echo::Keep{ask.text}), id);
    askers_[id] = std::move(reply_to);
  }
  size_t HandleCall(Pending) { return pending_.size(); }
  void HandleInfo(Message& message) {
    auto response = pending_.Check(message);
    if (!response.has_value()) return;
    const std::string answer = response->result.ok()
                                   ? *response->result
                                   : std::string(response->result.status().message());
    askers_.extract(response->label).mapped().Send(answer);
  }

 private:
  int asked_ = 0;
  PendingRequests<Echo::Keep, int> pending_;
  std::map<int, ReplyTo<Ask>> askers_;
};
HYDRA_TEST(SendRequestTest, ServerTakesAnswersInHandleInfo) {
  const ServerRef<Echo> echo = co_await StartEcho();
  const auto relay = co_await Start<Relay>({});
  CO_ASSERT_TRUE(relay.ok());
  PendingRequest<Relay::Ask> one = relay->SendRequest(Relay::Ask{echo, "one"});
  PendingRequest<Relay::Ask> two = relay->SendRequest(Relay::Ask{echo, "two"});
  PendingRequest<Relay::Ask> nobody =
      relay->SendRequest(Relay::Ask{ServerRef<Echo>("nobody"), "three"});
  EXPECT_THAT(co_await nobody.Receive(), IsOkAndHolds(HasSubstr("there is no such process")));
  EXPECT_THAT(co_await relay->Call(Relay::Pending{}), IsOkAndHolds(2U));
  echo.Cast(Echo::Release{});
  EXPECT_THAT(co_await two.Receive(), IsOkAndHolds("two"));
  EXPECT_THAT(co_await one.Receive(), IsOkAndHolds("one"));
  EXPECT_THAT(co_await relay->Call(Relay::Pending{}), IsOkAndHolds(0U));
}

// GS25: replies come from the nodes that have the name; the others are bad.
HYDRA_TEST(MultiCallTest, NodesWithoutTheServerAreBad) {
  co_await StartEcho("echo");
  const auto all = co_await MultiCall<Echo>({"elsewhere@host:1", ""}, "echo", Echo::Say{"all"});
  CO_ASSERT_EQ(all.replies.size(), 1U);
  EXPECT_EQ(all.replies[0].node, "");
  EXPECT_THAT(all.replies[0].result, IsOkAndHolds("all"));
  EXPECT_THAT(all.bad_nodes, ElementsAre("elsewhere@host:1"));
}

// GS25: what comes too late reaches nobody.
HYDRA_TEST(MultiCallTest, LateAnswersReachNobody) {
  const ServerRef<Echo> echo = co_await StartEcho("echo");
  const auto all = co_await MultiCall<Echo>(
      {""}, "echo", Echo::SayLater{"late", absl::Milliseconds(10)}, absl::Milliseconds(1));
  EXPECT_THAT(all.replies, IsEmpty());
  EXPECT_THAT(all.bad_nodes, ElementsAre(""));
  EXPECT_THAT(co_await echo.Call(Echo::Say{"after it"}), IsOkAndHolds("after it"));
  co_await ExpectNoMessage();
}

// From outside.
TEST(CallTest, ForeignThreadsBlock) {
  Runtime runtime({.schedulers = 2});
  std::optional<ServerRef<Echo>> echo;
  ASSERT_TRUE(runtime.Run([&]() -> Async<> { echo = co_await StartEcho(); }).IsClean());
  echo->Cast(runtime, Echo::Note{1});
  EXPECT_THAT(echo->Call(runtime, Echo::Notes{}), IsOkAndHolds(ElementsAre(1)));
  EXPECT_EQ(echo->Call(runtime, Echo::Keep{}, absl::Milliseconds(1)).status().code(),
            StatusCode::kDeadlineExceeded);
}

}  // namespace
}  // namespace hydra
