// Requests: what they yield, how they fail, and who hears what of whose end.
#include "hydra/process/request.h"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/cleanup/cleanup.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "hydra/process/alias.h"
#include "hydra/process/async.h"
#include "hydra/process/exit_reason.h"
#include "hydra/process/internal/control_block.h"
#include "hydra/process/internal/relations.h"
#include "hydra/process/internal/worker.h"
#include "hydra/process/link.h"
#include "hydra/process/monitor.h"
#include "hydra/process/name.h"
#include "hydra/process/pid.h"
#include "hydra/process/receive.h"
#include "hydra/process/runtime.h"
#include "hydra/process/self.h"
#include "hydra/process/send.h"
#include "hydra/process/spawn.h"
#include "hydra/process/testing/manual_runtime.h"
#include "hydra/process/testing/process_test.h"
#include "hydra/process/testing/rounds.h"
#include "hydra/process/timer.h"

namespace hydra {
namespace {

struct Never {};
struct Go {};

struct Add {
  using Reply = int;
  int a = 0;
  int b = 0;
};
struct Store {
  using Reply = void;
};
struct Find {
  using Reply = absl::StatusOr<std::string>;
};
struct Check {
  using Reply = absl::Status;
};
struct Take {
  using Reply = std::unique_ptr<int>;
};
struct Share {
  using Reply = std::shared_ptr<int>;
};

// Answers every Add.
Async<> Adder() {
  for (;;) {
    auto asked = co_await Receive<Asked<Add>>();
    asked.reply_to.Send(asked.request.a + asked.request.b);
  }
}

Async<> WaitForEver() { co_await Receive<Never>(); }

// Receives one Add and keeps it for ever.
Async<> Keeper() {
  auto asked = co_await Receive<Asked<Add>>();
  co_await Receive<Never>();
}

// Whether the calling process's mailbox is empty.
Async<bool> NothingThere() {
  co_return !(co_await ReceiveAny().Within(absl::ZeroDuration())).has_value();
}

HYDRA_TEST(RequestTest, YieldsTheAnswer) {
  const Pid adder = Spawn(Adder);
  for (int i = 0; i < 100; ++i) {
    const absl::StatusOr<int> sum = co_await Request(adder, Add{i, 1});
    CO_ASSERT_TRUE(sum.ok()) << sum.status();
    EXPECT_EQ(*sum, i + 1);
  }
}

HYDRA_TEST(RequestTest, MayGoToANameOrAnAlias) {
  const Pid adder = Spawn(
      [](Pid parent) -> Async<> {
        Send(parent, MakeAlias());
        co_await Adder();
      },
      Self());
  EXPECT_TRUE(Register(adder, "adder").ok());
  EXPECT_EQ((co_await Request("adder", Add{1, 2})).value(), 3);
  const Ref alias = co_await AssertReceive<Ref>();
  EXPECT_EQ((co_await Request(alias, Add{3, 4})).value(), 7);
}

HYDRA_TEST(RequestTest, ReplyThatIsAStatusStaysOne) {
  const Pid server = Spawn([]() -> Async<> {
    (co_await Receive<Asked<Store>>()).reply_to.Send();
    (co_await Receive<Asked<Check>>()).reply_to.Send(absl::InternalError("mine"));
    (co_await Receive<Asked<Find>>()).reply_to.Send(absl::NotFoundError("no such key"));
    (co_await Receive<Asked<Find>>()).reply_to.Send("value");
  });
  const absl::Status stored = co_await Request(server, Store{});
  EXPECT_TRUE(stored.ok());
  const absl::Status checked = co_await Request(server, Check{});
  EXPECT_EQ(checked, absl::InternalError("mine"));
  const absl::StatusOr<std::string> missing = co_await Request(server, Find{});
  EXPECT_EQ(missing.status(), absl::NotFoundError("no such key"));
  EXPECT_FALSE(IsCallFailure(missing.status())) << "it is the server's answer";
  EXPECT_EQ((co_await Request(server, Find{})).value(), "value");
}

HYDRA_TEST(RequestTest, AnswerMayBeMoveOnly) {
  const Pid server = Spawn([]() -> Async<> {
    (co_await Receive<Asked<Take>>()).reply_to.Send(std::make_unique<int>(7));
  });
  EXPECT_EQ(*(co_await Request(server, Take{})).value(), 7);
}

// GS19
HYDRA_TEST(RequestTest, IsAnsweredLaterAndOutOfOrder) {
  const Pid server = Spawn([]() -> Async<> {
    std::vector<Asked<Add>> asked;
    for (int i = 0; i < 3; ++i) asked.push_back(co_await Receive<Asked<Add>>());
    while (!asked.empty()) {
      asked.back().reply_to.Send(asked.back().request.a);
      asked.pop_back();
    }
  });
  for (int i = 0; i < 3; ++i) {
    Spawn(
        [](Pid to, Pid parent, int number) -> Async<> {
          const absl::StatusOr<int> answer = co_await Request(to, Add{number, 0});
          Send(parent, std::pair(number, answer.value_or(-1)));
        },
        server, Self(), i);
  }
  for (int i = 0; i < 3; ++i) {
    const auto [asked, answered] = co_await AssertReceive<std::pair<int, int>>();
    EXPECT_EQ(asked, answered);
  }
}

// GS19
HYDRA_TEST(RequestTest, IsAnsweredByAnotherProcess) {
  const Pid server = Spawn([]() -> Async<> {
    for (;;) {
      auto asked = co_await Receive<Asked<Add>>();
      Spawn(
          [](ReplyTo<Add> reply_to) -> Async<> {
            reply_to.Send(7);
            co_return;
          },
          std::move(asked.reply_to));
    }
  });
  EXPECT_EQ((co_await Request(server, Add{})).value(), 7);
  EXPECT_EQ((co_await Request(server, Add{})).value(), 7);
}

// GS20
HYDRA_TEST(RequestTest, SecondAnswerReachesNobody) {
  const Pid server = Spawn([]() -> Async<> {
    auto asked = co_await Receive<Asked<Add>>();
    asked.reply_to.Send(1);
    asked.reply_to.Send(2);
    EXPECT_FALSE(static_cast<bool>(asked.reply_to));
    Send(asked.reply_to.from(), Go{});  // to nobody: it has answered
    co_await Adder();
  });
  EXPECT_EQ((co_await Request(server, Add{})).value(), 1);
  EXPECT_EQ((co_await Request(server, Add{2, 2})).value(), 4) << "the next one isn't mistaken";
  EXPECT_TRUE(co_await NothingThere());
}

// GS13: by hand, where all that can arrive has arrived when the clock moves.
HYDRA_TEST_BY_HAND(RequestTest, LateAnswerReachesNobody) {
  const Pid server = Spawn([]() -> Async<> {
    auto asked = co_await Receive<Asked<Add>>();
    co_await Sleep(absl::Seconds(10));
    asked.reply_to.Send(1);
    co_await Adder();
  });
  const absl::Time start = Now();
  const absl::StatusOr<int> answer = co_await Request(server, Add{}).Within(absl::Seconds(1));
  EXPECT_EQ(answer.status().code(), absl::StatusCode::kDeadlineExceeded);
  EXPECT_TRUE(IsCallFailure(answer.status()));
  EXPECT_EQ(ExitReasonOf(answer.status()), std::nullopt);
  EXPECT_EQ(Now() - start, absl::Seconds(1));
  co_await Sleep(absl::Minutes(1));
  EXPECT_TRUE(co_await NothingThere());
  EXPECT_EQ((co_await Request(server, Add{1, 1})).value(), 2);
}

// GS12
HYDRA_TEST_BY_HAND(RequestTest, WaitsFiveSeconds) {
  const absl::Time start = Now();
  EXPECT_FALSE((co_await Request(Spawn(WaitForEver), Add{})).ok());
  EXPECT_EQ(Now() - start, absl::Seconds(5));
}

// GS12
HYDRA_TEST(RequestTest, WithinNoTimeIsSentAllTheSame) {
  const Pid server = Spawn(
      [](Pid parent) -> Async<> {
        auto asked = co_await Receive<Asked<Add>>();
        Send(parent, asked.request.a);
      },
      Self());
  const absl::StatusOr<int> answer =
      co_await Request(server, Add{7, 0}).Within(absl::ZeroDuration());
  EXPECT_EQ(answer.status().code(), absl::StatusCode::kDeadlineExceeded);
  EXPECT_EQ(co_await AssertReceive<int>(), 7);
}

HYDRA_TEST_BY_HAND(RequestTest, MayWaitForEver) {
  const Pid server = Spawn([]() -> Async<> {
    auto asked = co_await Receive<Asked<Add>>();
    co_await Sleep(absl::Hours(1000));
    asked.reply_to.Send(1);
  });
  EXPECT_EQ((co_await Request(server, Add{}).Within(absl::InfiniteDuration())).value(), 1);
}

// GS14
HYDRA_TEST(RequestTest, ToNobodyFailsAtOnce) {
  const auto [dead, ref] = SpawnMonitor([]() -> Async<> { co_return; });
  co_await Receive<Down>().For(ref);
  for (const Dest& nobody : {Dest(dead), Dest(Pid()), Dest("nobody")}) {
    const absl::StatusOr<int> answer =
        co_await Request(nobody, Add{}).Within(absl::InfiniteDuration());
    EXPECT_EQ(answer.status().code(), absl::StatusCode::kNotFound);
    EXPECT_EQ(ExitReasonOf(answer.status()), ExitReason::NoProc());
  }
}

// ALI1
HYDRA_TEST(RequestTest, ToAnAliasThatIsNotActiveFailsAtOnce) {
  const Pid server = Spawn(
      [](Pid parent) -> Async<> {
        const Ref alias = MakeAlias();
        Unalias(alias);
        Send(parent, alias);
        co_await WaitForEver();
      },
      Self());
  const Ref alias = co_await AssertReceive<Ref>();
  const auto answer = co_await Request(alias, Add{}).Within(absl::InfiniteDuration());
  EXPECT_EQ(answer.status().code(), absl::StatusCode::kNotFound);
  Exit(server, ExitReason::Kill());
}

// GS16
HYDRA_TEST(RequestTest, ToOneselfFailsAtOnce) {
  EXPECT_TRUE(Register(Self(), "me").ok());
  for (const Dest& me : {Dest(Self()), Dest("me"), Dest(MakeAlias())}) {
    const auto answer = co_await Request(me, Add{}).Within(absl::InfiniteDuration());
    EXPECT_EQ(answer.status().code(), absl::StatusCode::kFailedPrecondition);
    EXPECT_TRUE(IsCallFailure(answer.status()));
  }
  EXPECT_TRUE(co_await NothingThere());
}

// What a request to a process with this body yields, which is told Go before.
Async<ExitReason> ReasonFrom(Async<> (*body)()) {
  const absl::StatusOr<int> answer =
      co_await Request(Spawn(body), Add{}).Within(absl::InfiniteDuration());
  EXPECT_EQ(answer.status().code(), absl::StatusCode::kUnavailable) << answer.status();
  EXPECT_TRUE(IsCallFailure(answer.status()));
  co_return ExitReasonOf(answer.status()).value_or(ExitReason::Custom("none"));
}

// GS14
HYDRA_TEST(RequestTest, FailsWithTheReasonOfAServerThatEnds) {
  EXPECT_EQ(co_await ReasonFrom([]() -> Async<> { co_await Yield(); }), ExitReason::Normal());
  EXPECT_EQ(co_await ReasonFrom([]() -> Async<> {
              auto asked = co_await Receive<Asked<Add>>();
              ExitSelf(ExitReason::Shutdown("now"));
            }),
            ExitReason::Shutdown("now"));
  EXPECT_EQ(co_await ReasonFrom([]() -> Async<> {
              auto asked = co_await Receive<Asked<Add>>();
              throw std::runtime_error("no");
            }),
            ExitReason::Error("std::runtime_error", "no"));
  EXPECT_EQ(co_await ReasonFrom([]() -> Async<> {
              auto asked = co_await Receive<Asked<Add>>();
              Exit(Self(), ExitReason::Kill());
              co_await WaitForEver();
            }),
            ExitReason::Killed());
}

// GS15
HYDRA_TEST(RequestTest, AnswerBeforeTheEndWins) {
  const Pid server = Spawn([]() -> Async<> {
    auto asked = co_await Receive<Asked<Add>>();
    asked.reply_to.Send(1);
    ExitSelf(ExitReason::Custom("done"));
  });
  EXPECT_EQ((co_await Request(server, Add{})).value(), 1);
}

// GS14: also if another holds the ReplyTo.
HYDRA_TEST(RequestTest, FailsWithTheReasonOfTheServerWhoeverIsToAnswer) {
  const Pid server = Spawn([]() -> Async<> {
    auto asked = co_await Receive<Asked<Add>>();
    Spawn([](ReplyTo<Add> reply_to) -> Async<> { co_await Receive<Never>(); },
          std::move(asked.reply_to));
    ExitSelf(ExitReason::Custom("gone"));
  });
  const auto answer = co_await Request(server, Add{}).Within(absl::InfiniteDuration());
  EXPECT_EQ(ExitReasonOf(answer.status()), ExitReason::Custom("gone"));
}

// GS14, GS15: with some seeds both the server's end and another's answer have come when the asker looks.
TEST(RequestTest, FirstOfTwoAnswersCounts) {
  int answered = 0;
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    ManualRuntime runtime({.seed = seed});
    bool server_lived = false;
    Pid worker;
    const Pid server = runtime.Spawn([&]() -> Async<> {
      auto asked = co_await Receive<Asked<Add>>();
      const auto answer = [&runtime, &server_lived](Pid server, ReplyTo<Add> reply_to) -> Async<> {
        co_await Receive<Go>();
        server_lived = runtime.IsAlive(server);
        reply_to.Send(7);
      };
      worker = Spawn(answer, Self(), std::move(asked.reply_to));
      co_await WaitForEver();
    });
    std::optional<absl::StatusOr<int>> answer;
    runtime.Spawn([&]() -> Async<> {
      answer = co_await Request(server, Add{}).Within(absl::InfiniteDuration());
    });
    runtime.RunUntilIdle();
    runtime.Spawn([&]() -> Async<> {
      Exit(server, ExitReason::Custom("gone"));
      Send(worker, Go());
      co_return;
    });
    runtime.RunUntilIdle();
    ASSERT_TRUE(answer.has_value()) << "seed " << seed;
    EXPECT_EQ(answer->ok(), server_lived) << "seed " << seed;
    answered += answer->ok() ? 1 : 0;
  }
  EXPECT_GT(answered, 0);
  EXPECT_LT(answered, 20);
}

// GS21
HYDRA_TEST(RequestTest, DroppedFailsAtOnce) {
  const Pid server = Spawn([]() -> Async<> {
    for (;;) auto dropped = co_await Receive<Asked<Add>>();
  });
  const auto answer = co_await Request(server, Add{}).Within(absl::InfiniteDuration());
  EXPECT_EQ(answer.status().code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(ExitReasonOf(answer.status()), std::nullopt) << "the server lives";
}

// GS21
HYDRA_TEST(RequestTest, DroppedInAnExceptionThatIsCaughtFailsAtOnce) {
  const Pid server = Spawn([]() -> Async<> {
    try {
      auto dropped = co_await Receive<Asked<Add>>();
      throw std::runtime_error("no");
    } catch (const std::runtime_error&) {
    }
    co_await Adder();
  });
  const auto answer = co_await Request(server, Add{}).Within(absl::InfiniteDuration());
  EXPECT_EQ(answer.status().code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ((co_await Request(server, Add{1, 1})).value(), 2);
}

// GS21: it isn't the server's end, so its reason is that of whoever was to answer.
HYDRA_TEST(RequestTest, FailsWithTheReasonOfAnotherThatWasToAnswer) {
  const Pid server = Spawn([]() -> Async<> {
    auto asked = co_await Receive<Asked<Add>>();
    Spawn(
        [](ReplyTo<Add> reply_to) -> Async<> {
          Exit(Self(), ExitReason::Custom("worker"));
          co_await WaitForEver();
        },
        std::move(asked.reply_to));
    co_await WaitForEver();
  });
  const auto answer = co_await Request(server, Add{}).Within(absl::InfiniteDuration());
  EXPECT_EQ(ExitReasonOf(answer.status()), ExitReason::Custom("worker"));
}

// SIG9: who hears of the end can take the name.
HYDRA_TEST(RequestTest, EndIsToldWhenTheNameIsFree) {
  const Pid server = Spawn(Keeper);
  EXPECT_TRUE(Register(server, "server").ok());
  Spawn(
      [](Pid to) -> Async<> {
        co_await Yield();
        Exit(to, ExitReason::Kill());
      },
      server);
  EXPECT_FALSE((co_await Request(server, Add{}).Within(absl::InfiniteDuration())).ok());
  EXPECT_TRUE(Register(Self(), "server").ok());
}

// More unread requests than are refused in one turn.
HYDRA_TEST_BY_HAND(RequestTest, AllThatWereNotReadFail) {
  constexpr int kAskers = 3000;
  const Pid server = Spawn(WaitForEver);
  for (int i = 0; i < kAskers; ++i) {
    Spawn(
        [](Pid to, Pid parent) -> Async<> {
          const auto answer = co_await Request(to, Add{}).Within(absl::InfiniteDuration());
          Send(parent, ExitReasonOf(answer.status()).value_or(ExitReason()));
        },
        server, Self());
  }
  co_await Sleep(absl::Seconds(1));
  Exit(server, ExitReason::Custom("end"));
  for (int i = 0; i < kAskers; ++i)
    EXPECT_EQ(co_await AssertReceive<ExitReason>(), ExitReason::Custom("end"));
}

// GS21: not while its destructors run, which here wait for that.
TEST(RequestTest, EndOfTheHolderIsToldWhenItHasEnded) {
  std::atomic<bool> heard = false;
  bool too_early = false;
  TestOnThreads([&]() -> Async<> {
    const Pid server = Spawn([&]() -> Async<> {
      const absl::Cleanup wait = [&] {
        for (int i = 0; i < 20'000 && !heard; ++i) std::this_thread::yield();
        too_early = heard;
      };
      const auto asked = co_await Receive<Asked<Add>>();
      ExitSelf(ExitReason::Custom("end"));
    });
    const auto answer = co_await Request(server, Add{}).Within(absl::InfiniteDuration());
    heard = true;
    EXPECT_EQ(ExitReasonOf(answer.status()), ExitReason::Custom("end"));
  });
  EXPECT_FALSE(too_early);
}

HYDRA_TEST(RequestTest, AnswerThatIsNotTakenIsDestroyed) {
  const auto token = std::make_shared<int>(7);
  const MonitoredProcess server = SpawnMonitor([token]() -> Async<> {
    auto asked = co_await Receive<Asked<Share>>();
    const Pid asker = asked.reply_to.from();
    asked.reply_to.Send(token);
    Exit(asker, ExitReason::Kill());
  });
  const MonitoredProcess asker =
      SpawnMonitor([](Pid to) -> Async<> { (void)co_await Request(to, Share{}); }, server.pid);
  co_await Receive<Down>().For(asker.ref);
  co_await Receive<Down>().For(server.ref);
  EXPECT_EQ(token.use_count(), 1);
}

HYDRA_TEST(RequestTest, AskerThatEndsLeavesTheServerAlone) {
  const Pid server = Spawn([]() -> Async<> {
    auto asked = co_await Receive<Asked<Add>>();
    co_await Receive<Go>();
    asked.reply_to.Send(1);
    co_await Adder();
  });
  const auto [asker, ref] =
      SpawnMonitor([](Pid to) -> Async<> { (void)co_await Request(to, Add{}); }, server);
  Exit(asker, ExitReason::Kill());
  co_await Receive<Down>().For(ref);
  Send(server, Go{});
  // If the asker was killed before it asked, this is the request that waits for Go.
  EXPECT_TRUE((co_await Request(server, Add{1, 1})).ok());
}

// The requests that the calling process has received and that nobody has answered.
size_t HeldRequests() {
  const auto* relations = process_internal::Worker::CurrentProcess().relations;
  return relations == nullptr ? 0 : relations->observers.size();
}

// A request that is kept in a variable outlives its answer, whose memory the inbox gives back before.
HYDRA_TEST(RequestTest, MayBeKeptInAVariable) {
  const Pid adder = Spawn(Adder);
  auto request = Request(adder, Add{1, 2});
  EXPECT_EQ((co_await std::move(request)).value(), 3);
  auto failing = Request("nobody", Add());
  EXPECT_FALSE((co_await std::move(failing)).ok());
  co_await Sleep(absl::Milliseconds(1));
}

// W6: however a request ends, no record of it is left with the process that was asked.
HYDRA_TEST(RequestTest, LeavesNoRecord) {
  const Pid server = Spawn([]() -> Async<> {
    for (int i = 0;; ++i) {
      auto asked = co_await Receive<Asked<Add>>();
      EXPECT_EQ(HeldRequests(), 1U);
      if (i % 3 == 0) asked.reply_to.Send(1);
      if (i % 3 == 1) {
        Spawn(
            [](ReplyTo<Add> reply_to) -> Async<> {
              reply_to.Send(2);
              co_return;
            },
            std::move(asked.reply_to));
      }
      // The third is dropped here.
      asked = {};
      while (HeldRequests() > 0) co_await Yield();
    }
  });
  for (int i = 0; i < 10; ++i) {
    EXPECT_EQ((co_await Request(server, Add{})).value_or(3), 1);
    EXPECT_EQ((co_await Request(server, Add{})).value_or(3), 2);
    EXPECT_EQ((co_await Request(server, Add{})).value_or(3), 3);
  }
}

// Answers and ends race with time limits, and with each other.
TEST(RequestRaceTest, EachRequestYieldsItsOwnAnswerOrFails) {
  Runtime runtime({.schedulers = 2});
  const int64_t rounds = Rounds(100'000);
  runtime.Run([rounds]() -> Async<> {
    for (int64_t i = 0; i < rounds; ++i) {
      const int number = static_cast<int>(i);
      const Pid server = Spawn(
          [](int turns) -> Async<> {
            auto asked = co_await Receive<Asked<Add>>();
            for (int turn = 0; turn < turns; ++turn) co_await Yield();
            asked.reply_to.Send(asked.request.a);
          },
          number % 3);
      if (i % 5 == 0) Exit(server, ExitReason::Kill());
      const auto limit = i % 7 == 0 ? absl::ZeroDuration() : absl::InfiniteDuration();
      const absl::StatusOr<int> answer = co_await Request(server, Add{number, 0}).Within(limit);
      if (answer.ok()) CO_ASSERT_EQ(*answer, number);
    }
    EXPECT_TRUE(co_await NothingThere());
  });
}

}  // namespace
}  // namespace hydra
