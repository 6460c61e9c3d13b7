// Servers of other nodes: semantics.md §9.2.
#include <optional>
#include <string>
#include <string_view>
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
#include "hydra/process/testing/assert_receive.h"
#include "hydra/process/testing/co_assert.h"
#include "hydra/process/testing/manual_runtime.h"
#include "hydra/process/transport_testing.h"

namespace hydra {
namespace {

using absl::StatusCode;
using process_testing::kA;
using process_testing::kB;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr char kC[] = "c@test";
constexpr char kApart[] = "apart@test";

struct Terminated {
  static constexpr std::string_view kWireName = "test.Terminated";
  ExitReason reason;
};

class Echo {
 public:
  struct Say {
    using Reply = std::string;
    static constexpr std::string_view kWireName = "test.Echo.Say";
    std::string text;
  };
  struct Keep {  // answered twice, by Release
    using Reply = std::string;
    static constexpr std::string_view kWireName = "test.Echo.Keep";
    std::string text;
  };
  struct HandOver {  // answered by another process
    using Reply = std::string;
    static constexpr std::string_view kWireName = "test.Echo.HandOver";
    std::string text;
  };
  struct Release {
    static constexpr std::string_view kWireName = "test.Echo.Release";
  };
  struct Note {
    static constexpr std::string_view kWireName = "test.Echo.Note";
    int number;
  };
  struct Notes {
    using Reply = std::vector<int>;
    static constexpr std::string_view kWireName = "test.Echo.Notes";
  };
  struct Watch {  // is told of Terminate
    static constexpr std::string_view kWireName = "test.Echo.Watch";
    Pid watcher;
  };
  using Protocol = hydra::Protocol<Say, Keep, HandOver, Release, Note, Notes, Watch>;

  std::string HandleCall(Say say) { return say.text; }
  void HandleCall(Keep keep, ReplyTo<Keep> reply_to) {
    kept_.emplace_back(std::move(keep.text), std::move(reply_to));
  }
  void HandleCall(HandOver hand_over, ReplyTo<HandOver> reply_to) {
    Spawn(
        [](std::string text, ReplyTo<HandOver> to) -> Async<> {
          co_await Yield();
          to.Send(text);
        },
        std::move(hand_over.text), std::move(reply_to));
  }
  void HandleCast(Release) {
    for (auto& [text, reply_to] : kept_) {
      reply_to.Send(text);
      reply_to.Send("again");
    }
    kept_.clear();
  }
  void HandleCast(Note note) { notes_.push_back(note.number); }
  std::vector<int> HandleCall(Notes) { return notes_; }
  void HandleCast(Watch watch) { watcher_ = watch.watcher; }
  void Terminate(const ExitReason& reason) { Send(watcher_, Terminated{reason}); }

 private:
  std::vector<std::pair<std::string, ReplyTo<Keep>>> kept_;
  std::vector<int> notes_;
  Pid watcher_;
};

// Knows nothing of what an Echo is asked.
class Older {
 public:
  struct Get {
    using Reply = int;
    static constexpr std::string_view kWireName = "test.Older.Get";
  };
  using Protocol = hydra::Protocol<Get>;
  int HandleCall(Get) { return 1; }
};

// Starts a server there, named "server".
template <typename S>
ServerRef<S> StartOn(ManualRuntime& runtime) {
  std::optional<ServerRef<S>> server;
  runtime.Spawn(
      [&server]() -> Async<> { server = (co_await Start<S>({.name = "server"})).value(); });
  runtime.RunUntilIdle();
  return server.value();
}

Async<> ExpectNoMessage() {
  if (auto message = co_await ReceiveAny().Within(absl::Seconds(20)))
    ADD_FAILURE() << "a message: " << message->type_name();
}

// Three nodes; `Run` runs a process of the first.
class NodesTest : public process_testing::TwoNodes {
 protected:
  NodesTest() {
    network_.Add(c_, {kC, 1});
    network_.KeepApart(kA, kApart, true);
  }

  // Cuts the connection to `b` once everything waits.
  void CutSoon() {
    Spawn([this]() -> Async<> {
      co_await Sleep(absl::Milliseconds(1));
      network_.Cut(kA, kB);
    });
  }

  ManualRuntime c_;

 private:
  bool Step() override { return c_.RunOne() || TwoNodes::Step() || c_.RunOneOrAdvance(); }
};

// GS11, GS19: also by another process of the server's node.
TEST_F(NodesTest, CallsAreAnswered) {
  const auto by_pid = StartOn<Echo>(*b_);
  const ServerRef<Echo> by_name(Dest("server", kB));
  Run([&]() -> Async<> {
    for (const auto& echo : {by_pid, by_name}) {
      EXPECT_THAT(co_await echo.Call(Echo::Say{"now"}), IsOkAndHolds("now"));
      EXPECT_THAT(co_await echo.Call(Echo::HandOver{"other"}), IsOkAndHolds("other"));
      PendingRequest<Echo::Keep> kept = echo.SendRequest(Echo::Keep{"later"});
      EXPECT_EQ(co_await kept.Wait(absl::Seconds(1)), std::nullopt);
      echo.Cast(Echo::Release{});
      EXPECT_THAT(co_await kept.Receive(), IsOkAndHolds("later"));
    }
    EXPECT_THAT(co_await ServerRef<Echo>(Dest("nobody", kB)).Call(Echo::Say{"?"}),
                StatusIs(StatusCode::kNotFound));
    co_await ExpectNoMessage();
  });
}

// GS13, GS20
TEST_F(NodesTest, LateAndSecondRepliesReachNobody) {
  const auto echo = StartOn<Echo>(*b_);
  Run([&]() -> Async<> {
    EXPECT_THAT(co_await echo.Call(Echo::Keep{"late"}).Within(absl::Seconds(1)),
                StatusIs(StatusCode::kDeadlineExceeded));
    PendingRequest<Echo::Keep> in_time = echo.SendRequest(Echo::Keep{"in time"});
    {
      const auto given_up = echo.SendRequest(Echo::Keep{"given up"});
    }
    echo.Cast(Echo::Release{});
    EXPECT_THAT(co_await in_time.Receive(), IsOkAndHolds("in time"));
    co_await ExpectNoMessage();
  });
}

// GS14: at once, whatever the timeout.
TEST_F(NodesTest, LossOfTheNodeFailsCallsAtOnce) {
  const auto by_pid = StartOn<Echo>(*b_);
  Run([&]() -> Async<> {
    for (const auto& echo : {by_pid, ServerRef<Echo>(Dest("server", kB))}) {
      CutSoon();
      const absl::Time start = Now();
      PendingRequest<Echo::Keep> pending = echo.SendRequest(Echo::Keep{"pending"});
      const absl::Status lost =
          (co_await echo.Call(Echo::Keep{"lost"}).Within(absl::InfiniteDuration())).status();
      EXPECT_EQ(Now() - start, absl::Milliseconds(1));
      EXPECT_EQ(lost.code(), StatusCode::kUnavailable);
      EXPECT_EQ(ExitReasonOf(lost), ExitReason::NoConnection());
      EXPECT_EQ(ExitReasonOf((co_await pending.Receive()).status()), ExitReason::NoConnection());
      EXPECT_EQ(Now() - start, absl::Milliseconds(1));
    }
    // It was only out of sight; what it answers now reaches nobody.
    by_pid.Cast(Echo::Release{});
    EXPECT_THAT(co_await by_pid.Call(Echo::Say{"still there"}), IsOkAndHolds("still there"));
    co_await ExpectNoMessage();
  });
}

// GS14: a server that ends is told from a node that is lost.
TEST_F(NodesTest, EndOfTheServerIsHeardWithItsReason) {
  const auto echo = StartOn<Echo>(*b_);
  Run([&]() -> Async<> {
    PendingRequest<Echo::Keep> pending = echo.SendRequest(Echo::Keep{"pending"});
    Exit(echo.pid(), ExitReason::Custom("over"));
    EXPECT_EQ(ExitReasonOf((co_await pending.Receive()).status()), ExitReason::Custom("over"));
    EXPECT_THAT(co_await echo.Call(Echo::Say{"?"}), StatusIs(StatusCode::kNotFound));
  });
}

// GS17; a call fails at once.
TEST_F(NodesTest, NodeThatCannotBeReached) {
  const ServerRef<Echo> echo(Dest("server", kApart));
  Run([&]() -> Async<> {
    echo.Cast(Echo::Note{1});
    echo.CastAfter(absl::Milliseconds(1), Echo::Note{1});
    Abcast<Echo>({kApart}, "server", Echo::Note{1});
    const absl::Time start = Now();
    EXPECT_EQ(ExitReasonOf((co_await echo.Call(Echo::Say{"?"})).status()),
              ExitReason::NoConnection());
    const absl::Status stopped = co_await Stop(echo);
    EXPECT_EQ(ExitReasonOf(stopped), ExitReason::NoConnection());
    EXPECT_EQ(Now(), start);
    co_await ExpectNoMessage();
  });
}

// GS18, as far as the transport connects on demand, as this one does.
TEST_F(NodesTest, CastConnectsFirst) {
  const auto echo = StartOn<Echo>(*b_);
  Run([&]() -> Async<> {
    EXPECT_THAT(Nodes(), IsEmpty());
    echo.Cast(Echo::Note{1});
    echo.CastAfter(absl::Seconds(1), Echo::Note{2});
    co_await Sleep(absl::Seconds(2));
    EXPECT_THAT(co_await echo.Call(Echo::Notes{}), IsOkAndHolds(ElementsAre(1, 2)));
    EXPECT_THAT(Nodes(), ElementsAre(kB));
  });
}

// GS25
TEST_F(NodesTest, MultiCallTellsRepliesFromBadNodes) {
  StartOn<Echo>(*a_);
  StartOn<Echo>(*b_);
  Run([&]() -> Async<> {
    const std::vector<std::string> nodes = {kC, "", kApart, kB};
    const absl::Time start = Now();
    const auto all = co_await MultiCall<Echo>(nodes, "server", Echo::Say{"all"});
    EXPECT_EQ(Now(), start) << "it waits for nobody";
    CO_ASSERT_EQ(all.replies.size(), 2U);
    EXPECT_EQ(all.replies[0].node, "");
    EXPECT_EQ(all.replies[1].node, kB);
    for (const auto& reply : all.replies) EXPECT_THAT(reply.result, IsOkAndHolds("all"));
    EXPECT_THAT(all.bad_nodes, ElementsAre(kC, kApart));

    Abcast<Echo>(nodes, "server", Echo::Note{1});
    const auto notes = co_await MultiCall<Echo>(nodes, "server", Echo::Notes{});
    CO_ASSERT_EQ(notes.replies.size(), 2U);
    for (const auto& reply : notes.replies) EXPECT_THAT(reply.result, IsOkAndHolds(ElementsAre(1)));
    co_await ExpectNoMessage();
  });
}

// GS25: what comes late reaches nobody, and a node that is lost isn't waited for.
TEST_F(NodesTest, MultiCallWaitsForNodesThatAreThere) {
  const auto on_b = StartOn<Echo>(*b_);
  const auto on_c = StartOn<Echo>(c_);
  Run([&]() -> Async<> {
    absl::Time start = Now();
    const auto late =
        co_await MultiCall<Echo>({kB, kC}, "server", Echo::Keep{"late"}, absl::Seconds(1));
    EXPECT_EQ(Now() - start, absl::Seconds(1));
    EXPECT_THAT(late.replies, IsEmpty());
    EXPECT_THAT(late.bad_nodes, ElementsAre(kB, kC));
    on_b.Cast(Echo::Release{});
    on_c.Cast(Echo::Release{});
    co_await ExpectNoMessage();

    CutSoon();
    start = Now();
    on_c.CastAfter(absl::Milliseconds(5), Echo::Release{});
    const auto lost = co_await MultiCall<Echo>({kB, kC}, "server", Echo::Keep{"kept"});
    EXPECT_EQ(Now() - start, absl::Milliseconds(5));
    CO_ASSERT_EQ(lost.replies.size(), 1U);
    EXPECT_EQ(lost.replies[0].node, kC);
    EXPECT_THAT(lost.bad_nodes, ElementsAre(kB));
  });
}

// GS27: a request of a newer protocol is answered with an error that names it, and the server lives.
TEST_F(NodesTest, RequestThatTheProtocolLacksIsAnswered) {
  const auto older = StartOn<Older>(*b_);
  const ServerRef<Echo> newer(older.dest());
  ScopedLogCapture log;
  Run([&]() -> Async<> {
    const absl::Status status = (co_await newer.Call(Echo::Say{"?"})).status();
    EXPECT_EQ(status.code(), StatusCode::kUnimplemented);
    EXPECT_THAT(status.message(), HasSubstr("Echo::Say"));
    newer.Cast(Echo::Note{1});
    EXPECT_THAT(co_await older.Call(Older::Get{}), IsOkAndHolds(1));
  });
  EXPECT_TRUE(log.Contains("Echo::Say, which its Protocol lacks"));
  EXPECT_TRUE(log.Contains("Echo::Note"));
}

// GS27: also one that nothing in the other program knows.
TEST_F(NodesTest, RequestThatNothingKnowsIsAnswered) {
  const auto echo = StartOn<Echo>(*b_);
  network_.SetFilter([](Envelope& envelope) {
    if (envelope.value.type == "test.Echo.Say" || envelope.value.type == "test.Echo.Note")
      envelope.value.type += "2";
    return true;
  });
  ScopedLogCapture log;
  Run([&]() -> Async<> {
    const absl::Status status = (co_await echo.Call(Echo::Say{"?"})).status();
    EXPECT_EQ(status.code(), StatusCode::kUnimplemented);
    EXPECT_THAT(status.message(), HasSubstr("Echo::Say"));
    echo.Cast(Echo::Note{1});
    EXPECT_THAT(co_await echo.Call(Echo::Notes{}), IsOkAndHolds(IsEmpty()));
  });
  EXPECT_TRUE(log.Contains("test.Echo.Note2"));
}

// GS27: so are bytes that don't parse; a cast is logged.
TEST_F(NodesTest, RequestThatCannotBeReadIsAnswered) {
  const auto echo = StartOn<Echo>(*b_);
  network_.SetFilter([](Envelope& envelope) {
    if (envelope.value.type == "test.Echo.Say" || envelope.value.type == "test.Echo.Note")
      envelope.value.bytes = "\xff\xff\xff";
    return true;
  });
  ScopedLogCapture log;
  Run([&]() -> Async<> {
    const absl::Status status = (co_await echo.Call(Echo::Say{"?"})).status();
    EXPECT_EQ(status.code(), StatusCode::kUnimplemented);
    EXPECT_THAT(status.message(), HasSubstr("Echo::Say"));
    echo.Cast(Echo::Note{1});
    EXPECT_THAT(co_await echo.Call(Echo::Notes{}), IsOkAndHolds(IsEmpty()));
  });
  EXPECT_TRUE(log.Contains("test.Echo.Say"));
  EXPECT_TRUE(log.Contains("test.Echo.Note"));
}

// GS39
TEST_F(NodesTest, StopEndsAServerInOrder) {
  const auto by_pid = StartOn<Echo>(*b_);
  Run([&]() -> Async<> {
    by_pid.Cast(Echo::Watch{Self()});
    EXPECT_OK(co_await Stop(by_pid, ExitReason::Shutdown("now")));
    EXPECT_EQ((co_await AssertReceive<Terminated>()).reason, ExitReason::Shutdown("now"));
    EXPECT_EQ((co_await Stop(by_pid)).code(), StatusCode::kNotFound);
    EXPECT_EQ((co_await Stop(Dest("server", kB))).code(), StatusCode::kNotFound);
  });
  StartOn<Echo>(*b_);
  Run([&]() -> Async<> {
    EXPECT_OK(co_await Stop(Dest("server", kB)));
    EXPECT_EQ((co_await Stop(Dest("server", kB))).code(), StatusCode::kNotFound);
    co_await ExpectNoMessage();
  });
}

// GS39: of a node that is lost meanwhile nobody knows whether its server has ended.
TEST_F(NodesTest, StopFailsWithTheConnection) {
  const Pid silent = OnB(process_testing::WaitForStop);
  Run([&]() -> Async<> {
    CutSoon();
    const absl::Time start = Now();
    EXPECT_EQ(ExitReasonOf(co_await Stop(silent)), ExitReason::NoConnection());
    EXPECT_EQ(Now() - start, absl::Milliseconds(1));
  });
}

// What Sys does with a server stays on its node.
TEST_F(NodesTest, SysIsOfOneNode) {
  const auto echo = StartOn<Echo>(*b_);
  Run([&]() -> Async<> {
    EXPECT_EQ((co_await sys::GetStatus(echo.dest())).status().code(), StatusCode::kInvalidArgument);
    EXPECT_THAT(co_await echo.Call(Echo::Say{"still there"}), IsOkAndHolds("still there"));
  });
}

}  // namespace
}  // namespace hydra
