#include "hydra/process/awaitable.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "hydra/process/async.h"
#include "hydra/process/exit_reason.h"
#include "hydra/process/info.h"
#include "hydra/process/link.h"
#include "hydra/process/monitor.h"
#include "hydra/process/pid.h"
#include "hydra/process/receive.h"
#include "hydra/process/runtime.h"
#include "hydra/process/self.h"
#include "hydra/process/send.h"
#include "hydra/process/spawn.h"
#include "hydra/process/testing/process_test.h"
#include "hydra/process/testing/rounds.h"
#include "hydra/process/timer.h"

namespace hydra {
namespace {

using Done = Completion<int>;

// Waits for what is completed by `by`, which gets the completion.
Async<> LeaveCompletionTo(Pid by) {
  co_await Awaitable<int>([by](const Done& done) { Send(by, done); });
}

HYDRA_TEST(AwaitableTest, YieldsWhatItIsCompletedWith) {
  const Pid other = Spawn([]() -> Async<> { (co_await Receive<Done>()).Complete(7); });
  EXPECT_EQ(co_await Awaitable<int>([other](const Done& done) { Send(other, done); }), 7);
}

HYDRA_TEST(AwaitableTest, MayBeCompletedAtOnce) {
  for (int i = 0; i < 1000; ++i) {
    EXPECT_EQ(co_await Awaitable<int>([i](const Done& done) { done.Complete(i); }), i);
  }
}

HYDRA_TEST(AwaitableTest, FirstCompletionCounts) {
  const int value = co_await Awaitable<int>([](const Done& done) {
    const Done copy = done;
    done.Complete(1);
    copy.Complete(2);
  });
  EXPECT_EQ(value, 1);
  EXPECT_FALSE((co_await ReceiveAny().Within(absl::ZeroDuration())).has_value());
}

HYDRA_TEST(AwaitableTest, YieldsWhatCannotBeCopied) {
  const auto value =
      co_await Awaitable<std::unique_ptr<int>>([](const Completion<std::unique_ptr<int>>& done) {
        done.Complete(std::make_unique<int>(7));
      });
  EXPECT_EQ(*value, 7);
}

HYDRA_TEST(AwaitableTest, ExceptionOfTheFunctionIsRethrown) {
  std::string caught;
  try {
    co_await Awaitable<int>([](const Done&) { throw std::runtime_error("no line"); });
  } catch (const std::runtime_error& error) {
    caught = error.what();
  }
  EXPECT_EQ(caught, "no line");
  EXPECT_EQ(co_await Awaitable<int>([](const Done& done) { done.Complete(1); }), 1);
}

HYDRA_TEST_BY_HAND(AwaitableTest, WithinGivesUpAndLateCompletionsReachNobody) {
  std::optional<Done> done;
  const absl::Time start = Now();
  const std::optional<int> value = co_await Awaitable<int>([&done](Done completion) {
                                     done = completion;
                                   }).Within(absl::Seconds(3));
  EXPECT_EQ(value, std::nullopt);
  EXPECT_EQ(Now() - start, absl::Seconds(3));
  done->Complete(1);
  EXPECT_EQ(co_await Awaitable<int>([](const Done& other) { other.Complete(2); }), 2);
}

HYDRA_TEST(AwaitableTest, WaitsSelectively) {
  Send(Self(), 1);
  EXPECT_EQ(co_await Awaitable<int>([](const Done& done) { done.Complete(2); }), 2);
  EXPECT_EQ(co_await AssertReceive<int>(), 1) << "messages stay";
}

// SIG7: kill, link, monitor and info work while it waits.
HYDRA_TEST(AwaitableTest, WaitingProcessTakesSignals) {
  const auto [process, ref] = SpawnMonitor(LeaveCompletionTo, Self());
  const Done done = co_await AssertReceive<Done>();
  EXPECT_TRUE((co_await Info(process)).has_value());
  Exit(process, ExitReason::Kill());
  EXPECT_EQ((co_await Receive<Down>().For(ref)).reason, ExitReason::Killed());
  done.Complete(1);  // reaches nobody
}

TEST(CompletionTest, MayComeAfterTheRuntimeIsGone) {
  const auto token = std::make_shared<int>(7);
  std::optional<Completion<std::shared_ptr<int>>> done;
  {
    Runtime runtime({.schedulers = 1});
    runtime.Run([&done]() -> Async<> {
      Spawn([&done]() -> Async<> {
        co_await Awaitable<std::shared_ptr<int>>([&done](auto completion) { done = completion; });
      });
      while (!done.has_value()) co_await Yield();
    });
  }
  done->Complete(token);
  EXPECT_EQ(token.use_count(), 1) << "it is destroyed at once";
}

// Completions on a thread of their own race with the start, with kills, and with the runtime's end.
TEST(CompletionRaceTest, EachWaitEndsOnceOrItsProcessDoes) {
  const int64_t rounds = Rounds(2'000);
  for (int64_t round = 0; round < rounds; ++round) {
    std::vector<std::thread> threads(10);
    {
      Runtime runtime({.schedulers = 2});
      runtime.Run([&threads, round]() -> Async<> {
        for (int i = 0; i < 10; ++i) {
          const Pid process = Spawn([&threads, i]() -> Async<> {
            co_await Receive<int>();
            const int value = co_await Awaitable<int>([&threads, i](Done done) {
              threads[i] = std::thread([done, i] { done.Complete(i); });
            });
            EXPECT_EQ(value, i);
          });
          Send(process, 1);
          if ((round + i) % 3 == 0) Exit(process, ExitReason::Kill());
        }
        co_return;
      });
    }
    for (std::thread& thread : threads) {
      if (thread.joinable()) thread.join();
    }
  }
}

}  // namespace
}  // namespace hydra
