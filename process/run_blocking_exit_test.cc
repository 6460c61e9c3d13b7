// Exits of processes that wait for a blocking function.
#include <atomic>
#include <cstdint>
#include <latch>
#include <memory>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "gtest/gtest.h"
#include "hydra/process/async.h"
#include "hydra/process/down.h"
#include "hydra/process/exit_reason.h"
#include "hydra/process/exit_signal.h"
#include "hydra/process/info.h"
#include "hydra/process/link.h"
#include "hydra/process/monitor.h"
#include "hydra/process/pid.h"
#include "hydra/process/receive.h"
#include "hydra/process/request.h"
#include "hydra/process/run_blocking.h"
#include "hydra/process/run_blocking_testing.h"
#include "hydra/process/runtime.h"
#include "hydra/process/self.h"
#include "hydra/process/send.h"
#include "hydra/process/spawn.h"
#include "hydra/process/testing/process_test.h"
#include "hydra/process/testing/rounds.h"
#include "hydra/process/timer.h"

namespace hydra::process_testing {
namespace {

TEST(RunBlockingExitTest, WhereExitsAreTrappedTheyAreMessages) {
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

// The frame is there for the function (ASan), and then destroyed without going on.
TEST(RunBlockingExitTest, KillTakesEffectWhenTheFunctionHasReturned) {
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

TEST(RunBlockingExitTest, FirstReasonWins) {
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

TEST(RunBlockingExitTest, ExceptionAfterAnExitIsNoReason) {
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

TEST(RunBlockingExitTest, PartnersEndIsPutOffLikewise) {
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
TEST(RunBlockingExitTest, WhoComesAfterTheExitIsAnsweredAtTheDeath) {
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

TEST(RunBlockingExitTest, WhoHasMonitoredAndLinkedHearsWhenTheFunctionHasReturned) {
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

HYDRA_TEST(RunBlockingExitTest, AfterAnExitNothingIsCalled) {
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

// The function has returned, or returns, when the exit comes.
HYDRA_TEST(RunBlockingExitTest, ExitMayComeWithTheReturn) {
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

TEST(RunBlockingExitTest, FunctionThatHasNotBegunIsNotWaitedFor) {
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
TEST(RunBlockingExitTest, WorksInAProcessWithAMailboxLimit) {
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

TEST(RunBlockingExitRaceTest, ExitsRaceWithFunctionsAndWithTheRuntimesEnd) {
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
}  // namespace hydra::process_testing
