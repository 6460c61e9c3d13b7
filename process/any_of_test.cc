#include "hydra/process/any_of.h"

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "hydra/process/async.h"
#include "hydra/process/awaitable.h"
#include "hydra/process/down.h"
#include "hydra/process/exit_reason.h"
#include "hydra/process/link.h"
#include "hydra/process/monitor.h"
#include "hydra/process/pid.h"
#include "hydra/process/receive.h"
#include "hydra/process/request.h"
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

using testing::ElementsAre;

using Done = Completion<int>;
using Text = std::string;

// What waits for a completion that comes at once, that is left to a process, and that never comes.
auto AtOnce(int value) {
  return Awaitable<int>([value](const Done& done) { done.Complete(value); });
}
auto LeftTo(Pid by) {
  return Awaitable<int>([by](const Done& done) { Send(by, done); });
}
auto Never() {
  return Awaitable<int>([](const Done&) {});
}

struct Ask {
  using Reply = int;
};

// ---- Whichever comes first.

HYDRA_TEST(AnyOfTest, YieldsTheMessage) {
  Spawn(
      [](Pid to) -> Async<> {
        Send(to, Text("text"));
        co_return;
      },
      Self());
  const auto first = co_await AnyOf(Receive<Text>(), Never());
  static_assert(std::is_same_v<decltype(first), const std::variant<Text, int>>);
  EXPECT_EQ(std::get<0>(first), "text");
}

HYDRA_TEST(AnyOfTest, YieldsTheCompletion) {
  const Pid other = Spawn([]() -> Async<> { (co_await Receive<Done>()).Complete(7); });
  EXPECT_EQ(std::get<1>(co_await AnyOf(Receive<Text>(), LeftTo(other))), 7);
  EXPECT_EQ(std::get<1>(co_await AnyOf(Receive<Text>(), AtOnce(8))), 8);
}

HYDRA_TEST(AnyOfTest, PartsOfTheSameTypeAreToldByIndex) {
  EXPECT_EQ((co_await AnyOf(Receive<int>(), AtOnce(1))).index(), 1);
  Send(Self(), 2);
  EXPECT_EQ((co_await AnyOf(Receive<int>(), Never())).index(), 0);
}

HYDRA_TEST(AnyOfTest, TakesAndYieldsWhatCannotBeCopied) {
  using Box = std::unique_ptr<int>;
  Send(Self(), std::make_unique<int>(1));
  auto start = [box = std::make_unique<int>(2)](const Completion<Box>& done) mutable {
    if (*box == 3) done.Complete(std::move(box));
  };
  EXPECT_EQ(*std::get<0>(co_await AnyOf(Receive<Box>(), Awaitable<Box>(std::move(start)))), 1);
  auto next = [box = std::make_unique<int>(3)](const Completion<Box>& done) mutable {
    if (*box == 3) done.Complete(std::move(box));
  };
  EXPECT_EQ(*std::get<1>(co_await AnyOf(Receive<Box>(), Awaitable<Box>(std::move(next)))), 3);
}

HYDRA_TEST(AnyOfTest, TakesEachFormOfReceive) {
  Send(Self(), 1);
  Send(Self(), Text("text"));
  Send(Self(), 4);
  const auto even = [](int number) { return number % 2 == 0; };
  EXPECT_EQ(std::get<0>(co_await AnyOf(Receive<int>().Where(even), Never())), 4);
  const auto either = co_await AnyOf(Receive<Text, int>(), Never());
  EXPECT_EQ(std::get<int>(std::get<0>(either)), 1);
  const auto [pid, ref] = SpawnMonitor([]() -> Async<> { co_return; });
  EXPECT_EQ(std::get<0>(co_await AnyOf(Receive<Down>().For(ref), Never())).pid, pid);
  EXPECT_EQ(co_await AssertReceive<Text>(), "text") << "what doesn't fit stays";
}

// Counts its instances.
struct Counted {
  Counted() { ++count; }
  Counted(Counted&&) noexcept { ++count; }
  ~Counted() { --count; }
  static inline std::atomic<int> count{0};
};

HYDRA_TEST(AnyOfTest, DestroysWhatItYieldsOnce) {
  Send(Self(), Counted());
  EXPECT_EQ((co_await AnyOf(Receive<Counted>(), Never())).index(), 0);
  const auto complete = [](const Completion<Counted>& done) { done.Complete(Counted()); };
  EXPECT_EQ((co_await AnyOf(Receive<int>(), Awaitable<Counted>(complete))).index(), 1);
  EXPECT_EQ(Counted::count, 0);
}

// ---- Both are there.

HYDRA_TEST(AnyOfTest, MessageThatIsThereGoesBeforeACompletion) {
  Send(Self(), Text("there"));
  EXPECT_EQ(std::get<0>(co_await AnyOf(Receive<Text>(), AtOnce(1))), "there");
  EXPECT_EQ(co_await AtOnce(2), 2) << "the completion reaches nobody";
  EXPECT_FALSE((co_await ReceiveAny().Within(absl::ZeroDuration())).has_value());
}

// The same where the message has been passed over by another receive.
HYDRA_TEST(AnyOfTest, SavedMessageGoesBeforeACompletion) {
  Send(Self(), Text("saved"));
  Send(Self(), 1L);
  co_await Receive<long>();
  EXPECT_EQ(std::get<0>(co_await AnyOf(Receive<Text>(), AtOnce(1))), "saved");
  Send(Self(), 1L);
  Send(Self(), Text("saved"));
  Send(Self(), 'c');
  co_await Receive<char>();
  EXPECT_EQ(std::get<0>(co_await AnyOf(Receive<Text, char>(), AtOnce(1))).index(), 0);
}

// Of what has arrived while the process waited, the first counts.
HYDRA_TEST(AnyOfTest, WhatHasArrivedFirstCounts) {
  const Pid other = Spawn([]() -> Async<> {
    for (;;) {
      const auto [to, message_first] = co_await Receive<std::pair<Pid, bool>>();
      const Done done = co_await Receive<Done>();
      if (message_first) Send(to, Text("message"));
      done.Complete(1);
      if (!message_first) Send(to, Text("message"));
      Send(to, 'e');
    }
  });
  for (const bool message_first : {true, false, true, false}) {
    Send(other, std::pair(Self(), message_first));
    EXPECT_EQ((co_await AnyOf(Receive<Text>(), LeftTo(other))).index(), message_first ? 0 : 1);
    co_await AssertReceive<char>();
    EXPECT_EQ((co_await Flush<Text>()).size(), message_first ? 0 : 1) << "a message stays";
  }
}

// A message that doesn't fit has no part in it.
HYDRA_TEST(AnyOfTest, MessageThatDoesNotFitIsNotFirst) {
  Send(Self(), 1);
  const auto even = [](int number) { return number % 2 == 0; };
  EXPECT_EQ(std::get<1>(co_await AnyOf(Receive<int>().Where(even), AtOnce(2))), 2);
  EXPECT_THAT(co_await Flush<int>(), ElementsAre(1));
}

HYDRA_TEST_BY_HAND(AnyOfTest, LateCompletionReachesNobody) {
  std::optional<Done> done;
  Send(Self(), Text());
  EXPECT_EQ(
      (co_await AnyOf(Receive<Text>(), Awaitable<int>([&](Done given) { done = given; }))).index(),
      0);
  done->Complete(1);
  EXPECT_EQ(co_await AtOnce(2), 2);
  EXPECT_EQ((co_await AnyOf(Receive<Text>(), AtOnce(3))).index(), 1);
}

// A turn takes so many messages; the wait that is one too many looks on the next turn.
HYDRA_TEST(AnyOfTest, ManyInATurn) {
  for (int i = 0; i < 1000; ++i) {
    Send(Self(), i);
    EXPECT_EQ(std::get<0>(co_await AnyOf(Receive<int>(), AtOnce(0))), i);
    EXPECT_EQ(std::get<1>(co_await AnyOf(Receive<int>(), AtOnce(i))), i);
  }
}

// The others have their turns, though it never has to wait.
HYDRA_TEST_BY_HAND(AnyOfTest, LetsOthersRun) {
  bool other_ran = false;
  Spawn([&other_ran]() -> Async<> {
    other_ran = true;
    co_return;
  });
  for (int i = 0; i < 100'000 && !other_ran; ++i) co_await AnyOf(Receive<Text>(), AtOnce(i));
  EXPECT_TRUE(other_ran);
}

// ---- Limits.

HYDRA_TEST_BY_HAND(AnyOfTest, WithinGivesUp) {
  const absl::Time start = Now();
  const auto first = co_await AnyOf(Receive<Text>(), Never()).Within(absl::Seconds(3));
  static_assert(std::is_same_v<decltype(first), const std::optional<std::variant<Text, int>>>);
  EXPECT_EQ(first, std::nullopt);
  EXPECT_EQ(Now() - start, absl::Seconds(3));
}

HYDRA_TEST(AnyOfTest, WithinYieldsWhatComesInTime) {
  Send(Self(), Text("text"));
  auto first = co_await AnyOf(Receive<Text>(), Never()).Within(absl::Seconds(30));
  EXPECT_EQ(std::get<0>(*first), "text");
  first = co_await AnyOf(Receive<Text>(), AtOnce(1)).Within(absl::Seconds(30));
  EXPECT_EQ(std::get<1>(*first), 1);
}

HYDRA_TEST(AnyOfTest, WithinZeroPolls) {
  const auto poll = [](auto asking) {
    return AnyOf(Receive<Text>(), std::move(asking)).Within(absl::ZeroDuration());
  };
  for (int i = 0; i < 300; ++i) {
    EXPECT_EQ(co_await poll(Never()), std::nullopt);
    EXPECT_EQ(std::get<1>((co_await poll(AtOnce(i))).value()), i);
    Send(Self(), Text("there"));
    EXPECT_EQ(std::get<0>((co_await poll(Never())).value()), "there");
  }
}

// ---- Requests.

HYDRA_TEST(AnyOfTest, TakesARequest) {
  const Pid server = Spawn([]() -> Async<> {
    for (;;) (co_await Receive<Asked<Ask>>()).reply_to.Send(7);
  });
  EXPECT_EQ(std::get<1>(co_await AnyOf(Receive<Text>(), Request(server, Ask()))).value(), 7);
  const auto none = co_await AnyOf(Receive<Text>(), Request(Pid(), Ask()));
  EXPECT_EQ(std::get<1>(none).status().code(), absl::StatusCode::kNotFound);
  const auto self =
      co_await AnyOf(Receive<Text>(), Request(Self(), Ask())).Within(absl::Seconds(9));
  EXPECT_EQ(std::get<1>(*self).status().code(), absl::StatusCode::kFailedPrecondition);
  const auto at_once =
      co_await AnyOf(Receive<Text>(), Request(Self(), Ask()).Within(absl::InfiniteDuration()));
  EXPECT_EQ(std::get<1>(at_once).status().code(), absl::StatusCode::kFailedPrecondition);
}

HYDRA_TEST_BY_HAND(AnyOfTest, RequestKeepsItsOwnLimit) {
  const Pid silent = Spawn([]() -> Async<> { co_await Receive<int>(); });
  const absl::Time start = Now();
  const auto ask = [silent](absl::Duration limit) {
    return AnyOf(Receive<Text>(), Request(silent, Ask()).Within(limit));
  };
  const auto first = co_await ask(absl::Seconds(2));
  EXPECT_EQ(std::get<1>(first).status().code(), absl::StatusCode::kDeadlineExceeded);
  EXPECT_EQ(Now() - start, absl::Seconds(2));
  const auto second = co_await ask(absl::Seconds(2)).Within(absl::Seconds(3));
  EXPECT_EQ(std::get<1>(*second).status().code(), absl::StatusCode::kDeadlineExceeded);
  EXPECT_EQ(Now() - start, absl::Seconds(4));
  EXPECT_FALSE((co_await ask(absl::Seconds(2)).Within(absl::Seconds(1))).has_value());
  EXPECT_EQ(Now() - start, absl::Seconds(5));
}

// ---- Failures.

HYDRA_TEST(AnyOfTest, ExceptionOfTheFunctionIsRethrown) {
  std::string caught;
  try {
    co_await AnyOf(Receive<Text>(),
                   Awaitable<int>([](const Done&) { throw std::runtime_error("no line"); }));
  } catch (const std::runtime_error& error) {
    caught = error.what();
  }
  EXPECT_EQ(caught, "no line");
}

HYDRA_TEST(AnyOfTest, ExceptionOfThePredicateIsRethrown) {
  const auto throws = [](const Text& text) -> bool { throw std::runtime_error(text); };
  for (const bool complete : {false, true}) {
    Send(Self(), Text("odd"));
    std::string caught;
    try {
      co_await AnyOf(Receive<Text>().Where(throws), Awaitable<int>([complete](const Done& done) {
                       if (complete) done.Complete(1);
                     }));
    } catch (const std::runtime_error& error) {
      caught = error.what();
    }
    EXPECT_EQ(caught, "odd");
    EXPECT_THAT(co_await Flush<Text>(), ElementsAre("odd"));
  }
}

// Killed with something found: what is found is destroyed (LSan), and a request among it is answered.
HYDRA_TEST_BY_HAND(AnyOfTest, WaitingProcessTakesSignals) {
  for (const bool message_first : {true, false}) {
    const auto [pid, ref] = SpawnMonitor(
        [](Pid parent) -> Async<> {
          co_await AnyOf(Receive<Asked<Ask>, Text>(), LeftTo(parent));
          ADD_FAILURE() << "it goes on";
        },
        Self());
    const Done done = co_await Receive<Done>();
    const Pid asker = Spawn(
        [](Pid parent, Pid pid, Done done, bool message_first) -> Async<> {
          if (message_first) Send(pid, Text(100, 'x'));
          done.Complete(1);
          Exit(pid, ExitReason::Kill());
          const auto answer = co_await Request(pid, Ask());
          EXPECT_FALSE(answer.ok());
          Send(parent, 'e');
        },
        Self(), pid, done, message_first);
    co_await AssertReceive<char>();
    EXPECT_EQ((co_await Receive<Down>().For(ref)).reason, ExitReason::Killed());
    (void)asker;
  }
}

// SIG7: what it waits for is there, and so is an exit.
HYDRA_TEST(AnyOfTest, ExitThatHasComeTakesEffect) {
  for (const bool message : {true, false}) {
    const auto [pid, ref] = SpawnMonitor([message]() -> Async<> {
      if (message) Send(Self(), Text("there"));
      co_await AnyOf(Receive<Text>(), Awaitable<int>([](const Done& done) {
                       done.Complete(1);
                       Exit(Self(), ExitReason::Kill());
                     }));
      ADD_FAILURE() << "it goes on";
    });
    EXPECT_EQ((co_await Receive<Down>().For(ref)).reason, ExitReason::Killed());
  }
}

// With some seeds the request, the completion and the kill are there when the server has its turn.
TEST(AnyOfTest, RequestThatIsFoundWhenAKillComesIsRefused) {
  int went_on = 0;
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    ManualRuntime runtime({.seed = seed});
    std::optional<Done> done;
    const Pid server = runtime.Spawn([&]() -> Async<> {
      co_await AnyOf(Receive<Asked<Ask>>(), Awaitable<int>([&done](Done given) { done = given; }));
      ++went_on;
    });
    runtime.RunUntilIdle();
    std::optional<absl::StatusOr<int>> answer;
    runtime.Spawn([&]() -> Async<> {
      Spawn([&]() -> Async<> {
        done->Complete(1);
        Exit(server, ExitReason::Kill());
        co_return;
      });
      answer = co_await Request(server, Ask());
    });
    runtime.RunUntilIdle();
    ASSERT_TRUE(answer.has_value()) << "seed " << seed;
    EXPECT_EQ(answer->status().code(), absl::StatusCode::kUnavailable);
  }
  EXPECT_LT(went_on, 20);
}

// ---- Races.

TEST(AnyOfRaceTest, EachWaitEndsByOneOfTheTwo) {
  const int64_t rounds = Rounds(2'000);
  for (int64_t round = 0; round < rounds; ++round) {
    std::vector<std::thread> threads(10);
    {
      Runtime runtime({.schedulers = 2});
      runtime.Run([&]() -> Async<> {
        const Pid self = Self();
        for (int i = 0; i < 10; ++i) {
          const auto first = co_await AnyOf(Receive<int>(), Awaitable<int>([&, i](Done done) {
                                              threads[i] =
                                                  std::thread([&runtime, self, done, i, round] {
                                                    if ((round + i) % 2 == 0) {
                                                      runtime.Send(self, i);
                                                      done.Complete(i);
                                                    } else {
                                                      done.Complete(i);
                                                      runtime.Send(self, i);
                                                    }
                                                  });
                                            }));
          EXPECT_EQ(first.index(), (round + i) % 2);
          if (first.index() == 0) EXPECT_EQ(std::get<0>(first), i);
          if (first.index() == 1) EXPECT_EQ(std::get<1>(first), i);
          if (first.index() == 1) EXPECT_EQ(co_await Receive<int>(), i);
        }
      });
      for (std::thread& thread : threads) thread.join();
    }
  }
}

}  // namespace
}  // namespace hydra
