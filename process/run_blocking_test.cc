#include "hydra/process/run_blocking.h"

#include <pthread.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <latch>
#include <memory>
#include <optional>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "absl/cleanup/cleanup.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "hydra/process/async.h"
#include "hydra/process/down.h"
#include "hydra/process/exit_reason.h"
#include "hydra/process/exit_signal.h"
#include "hydra/process/info.h"
#include "hydra/process/link.h"
#include "hydra/process/monitor.h"
#include "hydra/process/pid.h"
#include "hydra/process/process_info.h"
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
using testing::IsEmpty;

// Runs `test` with a runtime that is driven by hand, for some seeds, and with one on threads.
void OnBoth(const std::function<void(Runtime&)>& test) {
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    const testing::ScopedTrace trace(__FILE__, __LINE__, "seed " + std::to_string(seed));
    ManualRuntime runtime({.seed = seed});
    test(runtime);
  }
  Runtime runtime({.schedulers = 2});
  test(runtime);
}

// For blocking functions: exits `pid` and returns when that has taken it in, which puts it off. So
// much happens after it that what was sent before has arrived, too.
void ExitAndAwaitStop(Runtime& runtime, Pid pid, const ExitReason& reason,
                      const std::stop_token& stop) {
  runtime.Run([&]() -> Async<> {
    Exit(pid, reason);
    while (!stop.stop_requested()) co_await Yield();
    for (int i = 0; i < 100; ++i) co_await Yield();
  });
}

void AwaitStop(const std::stop_token& stop) {
  while (!stop.stop_requested()) std::this_thread::yield();
}

// ---- What it yields.

HYDRA_TEST(RunBlockingTest, YieldsWhatTheFunctionReturns) {
  EXPECT_EQ(co_await RunBlocking([] { return 7; }), 7);
  EXPECT_EQ(*co_await RunBlocking([] { return std::make_unique<int>(8); }), 8);
  auto function = [value = std::make_unique<int>(9)] { return *value; };
  EXPECT_EQ(co_await RunBlocking(std::move(function)), 9);
}

HYDRA_TEST(RunBlockingTest, FunctionUsesTheFrameThatWaits) {
  std::vector<int> numbers = {1, 2};
  co_await RunBlocking([&numbers] { numbers.push_back(3); });
  EXPECT_THAT(numbers, ElementsAre(1, 2, 3));
}

HYDRA_TEST(RunBlockingTest, ExceptionOfTheFunctionIsRethrown) {
  std::string caught;
  try {
    co_await RunBlocking([]() -> int { throw std::runtime_error("no disk"); });
  } catch (const std::runtime_error& error) {
    caught = error.what();
  }
  EXPECT_EQ(caught, "no disk");
  EXPECT_EQ(co_await RunBlocking([] { return 1; }), 1);
}

HYDRA_TEST(RunBlockingTest, StopTokenIsSilentUnlessAnExitComes) {
  EXPECT_FALSE(co_await RunBlocking([](std::stop_token stop) { return stop.stop_requested(); }));
  EXPECT_TRUE(
      co_await RunBlocking([](const std::stop_token& stop) { return stop.stop_possible(); }));
}

HYDRA_TEST(RunBlockingTest, WhoCanTakeAStopTokenGetsOne) {
  EXPECT_TRUE(
      co_await RunBlocking([](const std::stop_token& stop = {}) { return stop.stop_possible(); }));
}

HYDRA_TEST(RunBlockingTest, WaitsSelectively) {
  Send(Self(), 1);
  EXPECT_EQ(co_await RunBlocking([] { return 2; }), 2);
  EXPECT_EQ(co_await AssertReceive<int>(), 1) << "messages stay";
}

HYDRA_TEST(RunBlockingTest, ManyProcessesWaitAtOnce) {
  for (int i = 0; i < 200; ++i) {
    Spawn(
        [](Pid parent, int i) -> Async<> { Send(parent, co_await RunBlocking([i] { return i; })); },
        Self(), i);
  }
  int sum = 0;
  for (int i = 0; i < 200; ++i) sum += co_await AssertReceive<int>();
  EXPECT_EQ(sum, 199 * 200 / 2);
}

// While it lives no thread can be started.
class NoMoreThreads {
 public:
  NoMoreThreads() {
    pthread_getattr_default_np(&usual_);
    pthread_attr_t absurd = usual_;
    pthread_attr_setstacksize(&absurd, size_t{1} << 50);
    pthread_setattr_default_np(&absurd);
  }
  NoMoreThreads(const NoMoreThreads&) = delete;
  NoMoreThreads& operator=(const NoMoreThreads&) = delete;
  ~NoMoreThreads() { pthread_setattr_default_np(&usual_); }

 private:
  pthread_attr_t usual_;
};

TEST(RunBlockingTest, ThrowsIfThereCanBeNoThread) {
  Runtime runtime({.schedulers = 1});
  const ExitReason reason = runtime.Run([]() -> Async<> {
    bool thrown = false;
    try {
      const NoMoreThreads no_more_threads;
      co_await RunBlocking([] {});
    } catch (const std::system_error&) {
      thrown = true;
    }
    EXPECT_TRUE(thrown);
    EXPECT_EQ(co_await RunBlocking([] { return 7; }), 7);
  });
  EXPECT_EQ(reason, ExitReason::Normal());
}

TEST(RunBlockingTest, ProcessMayEndByThat) {
  Runtime runtime({.schedulers = 1});
  const NoMoreThreads no_more_threads;
  const ExitReason reason = runtime.Run([]() -> Async<> { co_await RunBlocking([] {}); });
  EXPECT_EQ(reason.kind(), ExitReason::Kind::kError);
}

// ---- Where it runs.

TEST(RunBlockingTest, RunsOnAnotherThreadThanTheSchedulers) {
  Runtime runtime({.schedulers = 1});
  runtime.Run([]() -> Async<> {
    const std::thread::id scheduler = std::this_thread::get_id();
    EXPECT_NE(co_await RunBlocking([] { return std::this_thread::get_id(); }), scheduler);
    EXPECT_EQ(std::this_thread::get_id(), scheduler);
  });
}

TEST(RunBlockingDeathTest, FreeFunctionsAreForProcesses) {
  const auto sends = []() -> Async<> { co_await RunBlocking([self = Self()] { Send(self, 1); }); };
  EXPECT_DEATH(TestByHand(sends), "a foreign thread uses the members of hydra::Runtime");
  EXPECT_DEATH(TestOnThreads(sends), "a foreign thread uses the members of hydra::Runtime");
}

TEST(RunBlockingDeathTest, FreeFunctionsAreNotForCallbacksOfTheStopToken) {
  const auto calls_self = [](Runtime& runtime) {
    runtime.Run([&runtime]() -> Async<> {
      const Pid self = Self();
      co_await RunBlocking([&](const std::stop_token& stop) {
        const std::stop_callback callback(stop, [] { Self(); });
        ExitAndAwaitStop(runtime, self, ExitReason::Kill(), stop);
      });
    });
  };
  EXPECT_DEATH(OnBoth(calls_self), "this must be called by a process");
}

TEST(RunBlockingTest, FunctionMayUseTheRuntime) {
  OnBoth([](Runtime& runtime) {
    runtime.Run([&runtime]() -> Async<> {
      const Pid self = Self();
      co_await RunBlocking([&runtime, self] {
        runtime.Send(self, 1);
        runtime.Run([self]() -> Async<> {
          Send(self, 2);
          co_return;
        });
      });
      EXPECT_THAT(co_await Flush<int>(), ElementsAre(1, 2));
    });
  });
}

// The first four run until all processes have begun to wait.
TEST(RunBlockingTest, AtMostSoManyFunctionsRunAtOnceAndTenThousandWait) {
  constexpr int kProcesses = 10'000;
  std::atomic<int> running{0};
  std::atomic<int> most{0};
  std::atomic<int> ran{0};
  std::latch all_wait(kProcesses);
  std::latch all_busy(4);
  Runtime runtime({.schedulers = 2, .max_blocking_threads = 4});
  runtime.Run([&]() -> Async<> {
    for (int i = 0; i < kProcesses; ++i) {
      Spawn([&, parent = Self()]() -> Async<> {
        all_wait.count_down();
        co_await RunBlocking([&] {
          const int now = ++running;
          int seen = most.load();
          while (now > seen && !most.compare_exchange_weak(seen, now)) continue;
          if (++ran <= 4) all_busy.arrive_and_wait();
          all_wait.wait();
          --running;
        });
        Send(parent, 1);
      });
    }
    for (int i = 0; i < kProcesses; ++i) co_await Receive<int>();
  });
  EXPECT_EQ(ran, kProcesses);
  EXPECT_EQ(most, 4);
}

// ---- What the process does meanwhile.

// SIG7: links, monitors and questions work while it waits.
TEST(RunBlockingTest, WaitingProcessTakesSignals) {
  OnBoth([](Runtime& runtime) {
    runtime.Run([&runtime]() -> Async<> {
      const Pid self = Self();
      co_await RunBlocking([&] {
        runtime.Run([self]() -> Async<> {
          Send(self, 1);
          Link(self);
          const Ref ref = Monitor(self);
          std::optional<ProcessInfo> info = co_await Info(self);
          CO_ASSERT_TRUE(info.has_value());
          EXPECT_EQ(info->message_queue_length, 1);
          EXPECT_THAT(info->links, ElementsAre(Self()));
          EXPECT_THAT(info->monitored_by, ElementsAre(Self()));
          Unlink(self);
          Demonitor(ref);
          info = co_await Info(self);
          CO_ASSERT_TRUE(info.has_value());
          EXPECT_THAT(info->links, IsEmpty());
          EXPECT_THAT(info->monitored_by, IsEmpty());
          EXPECT_TRUE(co_await IsAlive(self));
        });
      });
      EXPECT_EQ(co_await AssertReceive<int>(), 1);
    });
  });
}

TEST(RunBlockingTest, WhereExitsAreTrappedTheyAreMessages) {
  OnBoth([](Runtime& runtime) {
    runtime.Run([&runtime]() -> Async<> {
      TrapExit(true);
      const Pid self = Self();
      const bool asked_to_stop = co_await RunBlocking([&](const std::stop_token& stop) {
        runtime.Run([self]() -> Async<> {
          Exit(self, ExitReason::Shutdown());
          EXPECT_TRUE(co_await IsAlive(self));
        });
        return stop.stop_requested();
      });
      EXPECT_FALSE(asked_to_stop);
      EXPECT_EQ((co_await AssertReceive<ExitSignal>()).reason, ExitReason::Shutdown());
    });
  });
}

// ---- Exits.

// The frame is there for the function (ASan), and then destroyed without going on.
TEST(RunBlockingTest, KillTakesEffectWhenTheFunctionHasReturned) {
  OnBoth([](Runtime& runtime) {
    std::string events;
    const ExitReason reason = runtime.Run([&]() -> Async<> {
      const std::shared_ptr<std::string> destroyed(&events,
                                                   [](std::string* log) { *log += " destroyed"; });
      TrapExit(true);
      std::string local = "used";
      const Pid self = Self();
      co_await RunBlocking([&](const std::stop_token& stop) {
        ExitAndAwaitStop(runtime, self, ExitReason::Kill(), stop);
        EXPECT_TRUE(runtime.IsAlive(self));
        events += local;
        local += " again";
      });
      events += " went on";
    });
    EXPECT_EQ(reason, ExitReason::Killed());
    EXPECT_EQ(events, "used destroyed");
  });
}

TEST(RunBlockingTest, FirstReasonWins) {
  OnBoth([](Runtime& runtime) {
    const ExitReason reason = runtime.Run([&]() -> Async<> {
      const Pid self = Self();
      co_await RunBlocking([&](const std::stop_token& stop) {
        ExitAndAwaitStop(runtime, self, ExitReason::Custom("first"), stop);
        ExitAndAwaitStop(runtime, self, ExitReason::Kill(), stop);
      });
    });
    EXPECT_EQ(reason, ExitReason::Custom("first"));
  });
}

TEST(RunBlockingTest, ExceptionAfterAnExitIsNoReason) {
  OnBoth([](Runtime& runtime) {
    const ExitReason reason = runtime.Run([&]() -> Async<> {
      const Pid self = Self();
      co_await RunBlocking([&](const std::stop_token& stop) {
        ExitAndAwaitStop(runtime, self, ExitReason::Shutdown(), stop);
        throw std::runtime_error("stopped");
      });
    });
    EXPECT_EQ(reason, ExitReason::Shutdown());
  });
}

TEST(RunBlockingTest, PartnersEndIsPutOffLikewise) {
  OnBoth([](Runtime& runtime) {
    bool returned = false;
    const ExitReason reason = runtime.Run([&]() -> Async<> {
      const Pid child = SpawnLink([]() -> Async<> { co_await Receive<int>(); });
      co_await RunBlocking([&](const std::stop_token& stop) {
        ExitAndAwaitStop(runtime, child, ExitReason::Custom("fell"), stop);
        returned = true;
      });
    });
    EXPECT_EQ(reason, ExitReason::Custom("fell"));
    EXPECT_TRUE(returned);
  });
}

struct Question {
  using Reply = int;
};

// What comes behind the exit is kept for the death: SIG8, and questions, monitors and requests alike.
TEST(RunBlockingTest, WhoComesAfterTheExitIsAnsweredAtTheDeath) {
  OnBoth([](Runtime& runtime) {
    std::atomic<bool> returned{false};
    std::atomic<int> asking{0};
    std::atomic<int> answered{0};
    runtime.Run([&]() -> Async<> {
      const auto killer = [&](Pid target, auto ask) -> Async<> {
        Exit(target, ExitReason::Kill());
        ++asking;
        co_await ask(target);
        EXPECT_TRUE(returned);
        ++answered;
      };
      const auto target = [&]() -> Async<> {
        const Pid self = Self();
        co_await RunBlocking([&](const std::stop_token& stop) {
          const std::vector<Pid> killers = {
              runtime.Spawn(killer, self,
                            [](Pid pid) -> Async<> { EXPECT_FALSE(co_await IsAlive(pid)); }),
              runtime.Spawn(
                  killer, self,
                  [](Pid pid) -> Async<> { EXPECT_EQ((co_await Info(pid)).has_value(), false); }),
              runtime.Spawn(killer, self,
                            [](Pid pid) -> Async<> {
                              const Ref ref = Monitor(pid);
                              EXPECT_EQ((co_await Receive<Down>().For(ref)).reason,
                                        ExitReason::Killed());
                            }),
              runtime.Spawn(killer, self, [](Pid pid) -> Async<> {
                const auto answer = co_await Request(pid, Question{});
                EXPECT_EQ(ExitReasonOf(answer.status()), ExitReason::Killed());
              })};
          runtime.Run([&]() -> Async<> {
            while (asking < 4) co_await Yield();
            for (const Pid& pid : killers) co_await Info(pid);  // it waits, so it has asked
          });
          ExitAndAwaitStop(runtime, self, ExitReason::Kill(), stop);
          EXPECT_EQ(answered, 0);
          returned = true;
        });
      };
      Spawn(target);
      while (answered < 4) co_await Yield();
    });
  });
}

TEST(RunBlockingTest, WhoHasMonitoredAndLinkedHearsWhenTheFunctionHasReturned) {
  OnBoth([](Runtime& runtime) {
    std::atomic<bool> returned{false};
    runtime.Run([&]() -> Async<> {
      TrapExit(true);
      Ref ref;
      const auto body = [&]() -> Async<> {
        const Pid self = Self();
        co_await RunBlocking([&](const std::stop_token& stop) {
          ExitAndAwaitStop(runtime, self, ExitReason::Kill(), stop);
          returned = true;
        });
      };
      const auto pid = SpawnWith({.link = true, .monitor = &ref}, body);
      EXPECT_EQ((co_await AssertReceive<ExitSignal>()).reason, ExitReason::Killed());
      EXPECT_TRUE(returned);
      EXPECT_EQ((co_await AssertReceive<Down>()).ref, ref);
      EXPECT_FALSE(runtime.IsAlive(*pid));
    });
  });
}

HYDRA_TEST(RunBlockingTest, AfterAnExitNothingIsCalled) {
  const auto called = std::make_shared<std::atomic<bool>>(false);
  const auto expect_end = [called](ProcessBody body, const ExitReason& reason) -> Async<> {
    const auto [pid, ref] = SpawnMonitor(std::move(body));
    EXPECT_EQ((co_await Receive<Down>().For(ref)).reason, reason);
    EXPECT_FALSE(*called);
  };
  co_await expect_end(
      [called]() -> Async<> {
        Exit(Self(), ExitReason::Kill());
        co_await RunBlocking([&] { *called = true; });
      },
      ExitReason::Killed());
  co_await expect_end(
      [called]() -> Async<> {
        try {
          ExitSelf(ExitReason::Custom("caught"));
        } catch (...) {
          // It ends with its next suspension.
        }
        co_await RunBlocking([&] { *called = true; });
      },
      ExitReason::Custom("caught"));
}

// There not even a thread is asked for.
TEST(RunBlockingTest, AfterAnExitNothingIsQueued) {
  Runtime runtime({.schedulers = 1});
  bool went_on = false;
  const ExitReason reason = runtime.Run([&went_on]() -> Async<> {
    Exit(Self(), ExitReason::Kill());
    try {
      const NoMoreThreads no_more_threads;
      co_await RunBlocking([] {});
    } catch (const std::system_error&) {
      went_on = true;
    }
  });
  EXPECT_EQ(reason, ExitReason::Killed());
  EXPECT_FALSE(went_on);
}

// The function has returned, or returns, when the exit comes.
HYDRA_TEST(RunBlockingTest, ExitMayComeWithTheReturn) {
  for (int i = 0; i < 20; ++i) {
    const auto called = std::make_shared<std::atomic<bool>>(false);
    const auto [pid, ref] = SpawnMonitor([called]() -> Async<> {
      co_await RunBlocking([&] { *called = true; });
      co_await Receive<int>();
    });
    while (!*called) co_await Yield();
    Exit(pid, ExitReason::Shutdown());
    EXPECT_EQ((co_await Receive<Down>().For(ref)).reason, ExitReason::Shutdown());
  }
}

TEST(RunBlockingTest, FunctionThatHasNotBegunIsNotWaitedFor) {
  std::latch begun(1);
  std::latch release(1);
  bool called = false;
  Runtime runtime({.schedulers = 2, .max_blocking_threads = 1});
  runtime.Run([&]() -> Async<> {
    Spawn([&]() -> Async<> {
      co_await RunBlocking([&] {
        begun.count_down();
        release.wait();
      });
    });
    begun.wait();
    const auto [pid, ref] =
        SpawnMonitor([&]() -> Async<> { co_await RunBlocking([&] { called = true; }); });
    EXPECT_TRUE(co_await IsAlive(pid));
    Exit(pid, ExitReason::Kill());
    EXPECT_EQ((co_await Receive<Down>().For(ref)).reason, ExitReason::Killed());
    release.count_down();
    co_await RunBlocking([] {});
  });
  EXPECT_FALSE(called);
}

// What such a process is sent takes another way.
TEST(RunBlockingTest, WorksInAProcessWithAMailboxLimit) {
  OnBoth([](Runtime& runtime) {
    runtime.Run([&runtime]() -> Async<> {
      Ref ref;
      bool returned = false;
      const auto body = [&]() -> Async<> {
        EXPECT_EQ(co_await RunBlocking([] { return 7; }), 7);
        const Pid self = Self();
        co_await RunBlocking([&](const std::stop_token& stop) {
          runtime.Send(self, 1);
          ExitAndAwaitStop(runtime, self, ExitReason::Shutdown(), stop);
          runtime.Send(self, 2);
          returned = true;
        });
      };
      CO_ASSERT_TRUE(SpawnWith({.monitor = &ref, .mailbox_limit = 1}, body).ok());
      EXPECT_EQ((co_await Receive<Down>().For(ref)).reason, ExitReason::Shutdown());
      EXPECT_TRUE(returned);
    });
  });
}

// ---- The runtime's end.

TEST(RunBlockingTest, RuntimesEndWaitsForFunctionsAndProcessesDoNotGoOn) {
  std::latch begun(2);
  std::atomic<int> called{0};
  std::atomic<int> destroyed{0};
  std::atomic<int> destroyed_before{0};
  std::atomic<int> went_on{0};
  {
    Runtime runtime({.schedulers = 2, .max_blocking_threads = 2});
    for (int i = 0; i < 4; ++i) {
      runtime.Spawn([&]() -> Async<> {
        const absl::Cleanup count = [&] { ++destroyed; };
        co_await RunBlocking([&](const std::stop_token& stop) {
          ++called;
          begun.count_down();
          AwaitStop(stop);
          for (int round = 0; round < 100; ++round) std::this_thread::yield();
          destroyed_before += destroyed;
        });
        ++went_on;
      });
    }
    begun.wait();
  }
  EXPECT_EQ(called, 2) << "the others never begin";
  EXPECT_EQ(destroyed_before, 0);
  EXPECT_EQ(destroyed, 4);
  EXPECT_EQ(went_on, 0);
}

// The first returns after the runtime's end has begun, which the second tells it.
TEST(RunBlockingTest, ProcessThatAFunctionKeepsMayEndWithTheRuntime) {
  std::latch begun(2);
  std::latch doomed(1);
  std::latch release(1);
  const auto token = std::make_shared<int>(7);
  {
    Runtime runtime({.schedulers = 2});
    const Pid first = runtime.Spawn([&]() -> Async<> {
      co_await RunBlocking([&](const std::stop_token& stop) {
        begun.count_down();
        AwaitStop(stop);
        doomed.count_down();
        release.wait();
      });
    });
    runtime.Spawn([&]() -> Async<> {
      co_await RunBlocking([&](const std::stop_token& stop) {
        begun.count_down();
        AwaitStop(stop);
        release.count_down();
      });
    });
    begun.wait();
    runtime.Run([&]() -> Async<> {
      Exit(first, ExitReason::Custom("doomed"));
      Send(first, token);
      co_return;
    });
    doomed.wait();
  }
  EXPECT_EQ(token.use_count(), 1);
}

TEST(RunBlockingTest, FunctionThatWaitsWhenAHandDrivenRuntimeEndsIsNeverCalled) {
  bool called = false;
  const auto token = std::make_shared<int>(7);
  {
    ManualRuntime runtime;
    runtime.Spawn([&called, token]() -> Async<> {
      co_await RunBlocking([&called, token] { called = true; });
    });
    EXPECT_TRUE(runtime.RunOne());
    EXPECT_GT(token.use_count(), 2);
  }
  EXPECT_FALSE(called);
  EXPECT_EQ(token.use_count(), 1);
}

// ---- By hand.

TEST(RunBlockingTest, NothingIsIdleWhileAFunctionWaits) {
  ManualRuntime runtime;
  const absl::Time start = runtime.Now();
  absl::Time called;
  const Pid sleeper = runtime.Spawn([]() -> Async<> { co_await Sleep(absl::Seconds(1)); });
  const Pid pid =
      runtime.Spawn([&]() -> Async<> { co_await RunBlocking([&] { called = runtime.Now(); }); });
  runtime.RunUntilIdle();
  EXPECT_EQ(called, start);
  EXPECT_FALSE(runtime.IsAlive(pid));
  EXPECT_TRUE(runtime.IsAlive(sleeper));
}

// The turns of four processes and their functions, in their order: a process '1' writes that before it
// calls the function that writes 'a', and 'A' after it.
std::string OrderOf(uint64_t seed) {
  std::string order;
  ManualRuntime runtime({.seed = seed});
  for (char i = 0; i < 4; ++i) {
    runtime.Spawn([&order, i]() -> Async<> {
      order += static_cast<char>('1' + i);
      co_await RunBlocking([&order, i] { order += static_cast<char>('a' + i); });
      order += static_cast<char>('A' + i);
    });
  }
  runtime.RunUntilIdle();
  return order;
}

// What there is of `order` between `first` and `last`, counted from `first`.
std::vector<int> Part(const std::string& order, char first, char last) {
  std::vector<int> part;
  for (const char name : order) {
    if (name >= first && name <= last) part.push_back(name - first);
  }
  return part;
}

TEST(RunBlockingTest, ScheduleIsTheSeeds) {
  bool later_function_first = false;
  bool functions_in_a_row = false;
  bool starts_in_a_row = false;
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    const std::string order = OrderOf(seed);
    EXPECT_EQ(order.size(), 12);
    EXPECT_EQ(order, OrderOf(seed));
    later_function_first |= Part(order, 'a', 'd') != Part(order, '1', '4');
    for (size_t i = 1; i < order.size(); ++i) {
      functions_in_a_row |= order[i - 1] >= 'a' && order[i] >= 'a';
      starts_in_a_row |= order[i - 1] <= '4' && order[i] <= '4';
    }
  }
  EXPECT_TRUE(later_function_first);
  EXPECT_TRUE(functions_in_a_row) << "though the first one's process could go on";
  EXPECT_TRUE(starts_in_a_row) << "though the first one's function could be called";
}

// ---- Races.

TEST(RunBlockingRaceTest, ExitsRaceWithFunctionsAndWithTheRuntimesEnd) {
  for (int64_t round = Rounds(2'000); round > 0; --round) {
    std::atomic<int> inside{0};
    {
      Runtime runtime({.schedulers = 2, .max_blocking_threads = 2});
      runtime.Run([&inside, round]() -> Async<> {
        for (int i = 0; i < 20; ++i) {
          const Pid process = Spawn([&inside, i]() -> Async<> {
            const auto local = std::make_unique<int>(i);
            for (;;) {
              const int seen = co_await RunBlocking([&inside, &local] {
                ++inside;
                const int value = *local;
                --inside;
                return value;
              });
              EXPECT_EQ(seen, i);
            }
          });
          co_await Yield();
          Send(process, 1);
          if ((round + i) % 3 == 0) Exit(process, ExitReason::Kill());
          if ((round + i) % 9 == 0) EXPECT_FALSE(co_await IsAlive(process));
        }
      });
    }
    EXPECT_EQ(inside, 0);
  }
}

}  // namespace
}  // namespace hydra
