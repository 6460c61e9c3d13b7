// Why processes end, and from where they can be ended.
#include <atomic>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "absl/cleanup/cleanup.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "hydra/base/log_severity.h"
#include "hydra/base/log_sink.h"
#include "hydra/base/log_testing.h"
#include "hydra/process/async.h"
#include "hydra/process/down.h"
#include "hydra/process/exit_reason.h"
#include "hydra/process/link.h"
#include "hydra/process/pid.h"
#include "hydra/process/receive.h"
#include "hydra/process/self.h"
#include "hydra/process/send.h"
#include "hydra/process/spawn.h"
#include "hydra/process/testing/manual_runtime.h"
#include "hydra/process/testing/process_test.h"
#include "hydra/process/timer.h"

namespace hydra {
namespace {

struct Never {};
struct Started {};
struct Gone {};

// Expects that a process with this body ends with `reason`, by hand and on threads.
void ExpectReason(const ExitReason& reason, const ProcessBody& body) {
  TestByHand(body, reason);
  TestOnThreads(body, reason);
}

Async<> WaitForEver() { co_await Receive<Never>(); }

// Sends the exit signal after a few turns.
Async<> SendExit(Pid to, ExitReason reason, int turns = 0) {
  for (int i = 0; i < turns; ++i) co_await Yield();
  Exit(to, reason);
}

// What sends Gone to the calling process when it is destroyed, to be kept by another.
auto TellWhenGone() {
  return absl::MakeCleanup([to = Self()] { Send(to, Gone{}); });
}

TEST(ExitReasonTest, NormalWhenTheBodyReturns) {
  ExpectReason(ExitReason::Normal(), []() -> Async<> { co_return; });
  ExpectReason(ExitReason::Normal(), []() -> Async<> { co_await Yield(); });
}

TEST(ExitReasonTest, ErrorWithTypeAndTextWhenAnExceptionLeavesTheBody) {
  const ScopedLogCapture log;
  ExpectReason(ExitReason::Error("std::runtime_error", "out of bananas"), []() -> Async<> {
    co_await Yield();
    throw std::runtime_error("out of bananas");
  });
  EXPECT_TRUE(log.Contains("error std::runtime_error: out of bananas"));
}

TEST(ExitReasonTest, ErrorOfAnythingThatIsThrown) {
  const ScopedLogCapture log;
  ExpectReason(ExitReason::Error("int", ""), []() -> Async<> {
    co_await Yield();
    throw 42;
  });
}

Async<> ThrowDeepInside(int depth) {
  if (depth == 0) {
    co_await Yield();
    throw std::out_of_range("too deep");
  }
  co_await ThrowDeepInside(depth - 1);
}

TEST(ExitReasonTest, ErrorFromDeepInside) {
  const ScopedLogCapture log;
  ExpectReason(ExitReason::Error("std::out_of_range", "too deep"),
               []() -> Async<> { return ThrowDeepInside(100); });
}

TEST(ExitReasonTest, ErrorFromAFunctionThatThrowsBeforeItsFirstAwait) {
  const ScopedLogCapture log;
  ExpectReason(ExitReason::Error("std::runtime_error", "at once"), []() -> Async<> {
    throw std::runtime_error("at once");
    co_return;
  });
  // Not a coroutine.
  ExpectReason(ExitReason::Error("std::runtime_error", "at once"),
               []() -> Async<> { throw std::runtime_error("at once"); });
}

HYDRA_TEST(ExitReasonTest, CaughtExceptionsDoNoHarm) {
  for (int depth : {0, 1, 50}) {
    try {
      co_await ThrowDeepInside(depth);
      ADD_FAILURE() << "nothing was thrown";
    } catch (const std::out_of_range&) {
    }
  }
}

// PRC7
TEST(ExitReasonTest, OnlyCrashesAreLogged) {
  const ScopedLogCapture log;
  ExpectReason(ExitReason::Normal(), []() -> Async<> { co_return; });
  for (const ExitReason& reason : {ExitReason::Shutdown(), ExitReason::Shutdown("detail")}) {
    ExpectReason(reason, [reason]() -> Async<> {
      Exit(Self(), reason);
      co_await Yield();
    });
  }
  EXPECT_THAT(log.entries(), testing::IsEmpty());
}

// PRC7: one line, which says who it was and why.
TEST(ExitReasonTest, CrashIsLoggedWithPidAndLabel) {
  const ScopedLogCapture log;
  Pid process;
  ManualRuntime runtime;
  runtime.Run([&process]() -> Async<> {
    process = Self();
    SetLabel("the label");
    throw std::runtime_error("the text");
    co_return;
  });
  const std::vector<LogEntry> entries = log.entries();
  ASSERT_EQ(entries.size(), 1U);
  EXPECT_EQ(entries[0].severity, LogSeverity::kError);
  for (const std::string& part : {process.ToString(), std::string("the label"),
                                  std::string("std::runtime_error"), std::string("the text")})
    EXPECT_THAT(entries[0].text, testing::HasSubstr(part));
}

struct Row {
  ExitReason sent;
  ExitReason result;
};

std::vector<Row> Table() {
  return {{ExitReason::Kill(), ExitReason::Killed()},
          {ExitReason::Killed(), ExitReason::Killed()},
          {ExitReason::Shutdown(), ExitReason::Shutdown()},
          {ExitReason::Shutdown("detail"), ExitReason::Shutdown("detail")},
          {ExitReason::NoProc(), ExitReason::NoProc()},
          {ExitReason::NoConnection(), ExitReason::NoConnection()},
          {ExitReason::Error("type", "text"), ExitReason::Error("type", "text")},
          {ExitReason::Custom("own"), ExitReason::Custom("own")}};
}

// semantics.md 2.1, the rows of exit(P, R) and exit(self(), R) for P that doesn't trap.
TEST(ExitSignalTest, EndsItsReceiverWithTheReasonOfTheTable) {
  const ScopedLogCapture log;
  for (const Row& row : Table()) {
    SCOPED_TRACE(row.sent);
    ExpectReason(row.result, [sent = row.sent]() -> Async<> {
      Spawn(SendExit, Self(), sent, 0);
      co_await Receive<Never>();
    });
    ExpectReason(row.result, [sent = row.sent]() -> Async<> {
      Exit(Self(), sent);
      co_await Receive<Never>();
    });
  }
}

// semantics.md 2.1
HYDRA_TEST(ExitSignalTest, NormalFromAnotherIsIgnored) {
  Spawn([to = Self()]() -> Async<> {
    Exit(to, ExitReason::Normal());
    Send(to, 1);
    co_return;
  });
  co_await Receive<int>();
  co_await Yield();
  Send(Self(), 2);
  EXPECT_EQ(co_await Receive<int>(), 2);
}

// semantics.md 2.1
TEST(ExitSignalTest, NormalToItselfEndsTheProcess) {
  ExpectReason(ExitReason::Normal(), []() -> Async<> {
    Exit(Self(), ExitReason::Normal());
    co_await Receive<Never>().Within(absl::ZeroDuration());
    ADD_FAILURE() << "it went on";
  });
}

// W17: the code up to the next co_await runs, and nothing behind it.
TEST(ExitSignalTest, ToItselfTakesEffectAtTheNextAwait) {
  const auto expect = [](const ProcessBody& wait) {
    auto reached = std::make_shared<bool>(false);
    ExpectReason(ExitReason::Shutdown(), [wait, reached]() -> Async<> {
      Exit(Self(), ExitReason::Shutdown());
      *reached = true;
      co_await wait();
      ADD_FAILURE() << "it went on";
    });
    EXPECT_TRUE(*reached);
  };
  expect([]() -> Async<> { co_await Yield(); });
  expect([]() -> Async<> { co_await Sleep(absl::Milliseconds(1)); });
  expect([]() -> Async<> { co_await Sleep(absl::ZeroDuration()); });
  expect([]() -> Async<> { co_await Receive<Never>(); });
  expect([]() -> Async<> { co_await Receive<Never>().Within(absl::ZeroDuration()); });
  expect([]() -> Async<> { co_await Receive<Never>().Within(absl::Milliseconds(1)); });
  expect([]() -> Async<> {
    Send(Self(), 1);
    co_await Receive<int>();  // could go on
  });
}

// SIG7: it acts although messages in front of it are unread, and could go on being received.
TEST(ExitSignalTest, ActsBeforeUnreadMessages) {
  ExpectReason(ExitReason::Killed(), []() -> Async<> {
    for (int i = 0; i < 1000; ++i) Send(Self(), i);
    co_await Yield();  // all are drained
    Exit(Self(), ExitReason::Kill());
    for (int i = 0; i < 1000; ++i) co_await Receive<int>();
    ADD_FAILURE() << "it received a thousand messages after it was killed";
  });
}

// A body that has returned has ended, whatever it has sent itself.
// SIG7: also while it takes one waiting message after the other, within sixteen of them.
TEST(ExitSignalTest, ActsAmongWaitingMessages) {
  std::atomic<bool> all_sent = false;
  std::atomic<bool> killed = false;
  std::atomic<int> taken = 0;
  TestOnThreads([&]() -> Async<> {
    const auto [process, ref] = SpawnMonitor([&]() -> Async<> {
      // Without a co_await, so that the other goes on on the other scheduler.
      while (!all_sent) std::this_thread::yield();
      for (;;) {
        co_await Receive<int>();
        if (++taken == 20) {
          while (!killed) std::this_thread::yield();
        }
      }
    });
    for (int i = 0; i < 200; ++i) Send(process, i);
    all_sent = true;
    while (taken < 20) co_await Yield();
    Exit(process, ExitReason::Kill());
    killed = true;
    EXPECT_EQ((co_await Receive<Down>().For(ref)).reason, ExitReason::Killed());
  });
  EXPECT_LE(taken, 20 + 16);
}

TEST(ExitSignalTest, BodyThatReturnsFirstEndsNormally) {
  ExpectReason(ExitReason::Normal(), []() -> Async<> {
    Exit(Self(), ExitReason::Custom("too late"));
    co_return;
  });
}

// It is the receiver that ends, not whoever has the next turn.
HYDRA_TEST(ExitSignalTest, EndsNobodyElse) {
  for (int i = 0; i < 10; ++i) {
    Spawn([to = Self(), gone = TellWhenGone(), i]() -> Async<> {
      Exit(Self(), i % 2 == 0 ? ExitReason::Kill() : ExitReason::Shutdown());
      if (i % 3 == 0) co_await Yield();
      if (i % 3 == 1) co_await Sleep(absl::ZeroDuration());
      co_await Receive<Never>();
    });
    Spawn([to = Self()]() -> Async<> {
      for (int j = 0; j < 5; ++j) co_await Yield();
      Send(to, 1);
    });
  }
  for (int i = 0; i < 10; ++i) co_await Receive<int>();
  for (int i = 0; i < 10; ++i) co_await Receive<Gone>();
}

// The same when the signal arrives as the turn of 256 messages ends.
HYDRA_TEST(ExitSignalTest, EndsNobodyElseAtTheEndOfATurn) {
  for (int before = 250; before <= 262; ++before) {
    Spawn([gone = TellWhenGone(), before]() -> Async<> {
      for (int i = 0; i < before; ++i) Send(Self(), i);
      co_await Yield();
      for (int i = 0; i < before; ++i) {
        if (i == before - 1) Exit(Self(), ExitReason::Kill());
        co_await Receive<int>();
      }
      co_await Receive<Never>();
    });
    Spawn([to = Self()]() -> Async<> {
      for (int j = 0; j < 3; ++j) co_await Yield();
      Send(to, 1);
    });
  }
  for (int before = 250; before <= 262; ++before) {
    co_await Receive<int>();
    co_await Receive<Gone>();
  }
}

// SIG11
TEST(ExitSignalTest, FirstReasonWins) {
  ExpectReason(ExitReason::Custom("first"), []() -> Async<> {
    Exit(Self(), ExitReason::Custom("first"));
    Exit(Self(), ExitReason::Custom("second"));
    Exit(Self(), ExitReason::Kill());
    co_await Yield();
  });
  ExpectReason(ExitReason::Custom("first"), []() -> Async<> {
    Spawn([to = Self()]() -> Async<> {
      Exit(to, ExitReason::Normal());  // counts for nothing
      Exit(to, ExitReason::Custom("first"));
      Exit(to, ExitReason::Kill());
      co_return;
    });
    co_await Receive<Never>();
  });
}

// SIG11
TEST(ExitSignalTest, SignalToAnExitingProcessIsIgnored) {
  ExpectReason(ExitReason::Custom("first"), []() -> Async<> {
    absl::Cleanup second = [] { Exit(Self(), ExitReason::Custom("second")); };
    Exit(Self(), ExitReason::Custom("first"));
    co_await Yield();
  });
  ExpectReason(ExitReason::Normal(), []() -> Async<> {
    absl::Cleanup second = [] { Exit(Self(), ExitReason::Kill()); };
    co_await Yield();
  });
}

// SIG6: exit signals to the dead and to nobody do nothing.
HYDRA_TEST(ExitSignalTest, DeadReceiversAreIgnored) {
  Exit(Pid(), ExitReason::Kill());
  const Pid dead = Spawn([gone = TellWhenGone()]() -> Async<> { co_return; });
  co_await Receive<Gone>();
  for (int i = 0; i < 10; ++i) {
    Exit(dead, ExitReason::Kill());
    co_await Yield();
  }
}

// W17: a process that is killed from outside ends at its next suspension, wherever that is.
HYDRA_TEST(ExitSignalTest, CatchAllDoesNotCatchIt) {
  Spawn([gone = TellWhenGone()]() -> Async<> {
    try {
      Exit(Self(), ExitReason::Kill());
      co_await Yield();
      ADD_FAILURE() << "it went on";
    } catch (...) {
      ADD_FAILURE() << "an exit is no exception";
    }
  });
  co_await Receive<Gone>();
}

// ---- A kill reaches a process in every state that it can wait in.

Async<> WaitDeepInside(int depth) {
  if (depth == 0) {
    co_await Receive<Never>();
  } else {
    co_await WaitDeepInside(depth - 1);
  }
}

// Waits in a state after having told `to` that it has begun.
class KillTest : public testing::Test {
 protected:
  static void Expect(const ProcessBody& wait) {
    const auto by_another = [wait]() -> Async<> {
      for (int turns = 0; turns < 5; ++turns) {
        const Pid victim = Spawn([to = Self(), gone = TellWhenGone(), wait]() -> Async<> {
          Send(to, Started{});
          co_await wait();
          ADD_FAILURE() << "it went on";
        });
        co_await Receive<Started>();
        for (int i = 0; i < turns; ++i) co_await Yield();
        Exit(victim, ExitReason::Kill());
        co_await AssertReceive<Gone>();
      }
    };
    TestByHand(by_another);
    TestOnThreads(by_another);
    ExpectReason(ExitReason::Killed(), [wait]() -> Async<> {
      for (int turns = 0; turns < 5; ++turns) Spawn(SendExit, Self(), ExitReason::Kill(), turns);
      co_await wait();
    });
  }
};

TEST_F(KillTest, InReceive) { Expect(&WaitForEver); }

TEST_F(KillTest, InReceiveWithWhere) {
  Expect([]() -> Async<> {
    for (int i = 0; i < 10; ++i) Send(Self(), i);
    co_await Receive<int>().Where([](int i) { return i > 100; });
  });
}

TEST_F(KillTest, InReceiveWithHandlers) {
  Expect([]() -> Async<> { co_await Receive([](Never) {}, [](const Gone&) {}); });
}

TEST_F(KillTest, InReceiveAny) {
  Expect([]() -> Async<> { co_await ReceiveAny(); });
}

TEST_F(KillTest, InReceiveWithin) {
  Expect([]() -> Async<> { co_await Receive<Never>().Within(absl::Hours(1)); });
}

TEST_F(KillTest, InReceiveForARef) {
  Expect([]() -> Async<> { co_await Receive<Timeout<int>>().For(MakeRef()); });
}

TEST_F(KillTest, Asleep) {
  Expect([]() -> Async<> { co_await Sleep(absl::Hours(1)); });
}

TEST_F(KillTest, Yielding) {
  Expect([]() -> Async<> {
    for (;;) co_await Yield();
  });
}

TEST_F(KillTest, PollingItsMailbox) {
  Expect([]() -> Async<> {
    for (;;) co_await Receive<Never>().Within(absl::ZeroDuration());
  });
}

TEST_F(KillTest, FloodingItself) {
  Expect([]() -> Async<> {
    for (;;) {
      Send(Self(), 1);
      co_await Receive<int>();
    }
  });
}

TEST_F(KillTest, SleepingAgainAndAgain) {
  Expect([]() -> Async<> {
    for (;;) co_await Sleep(absl::Milliseconds(1));
  });
}

TEST_F(KillTest, DeepInNestedAwaits) {
  Expect([]() -> Async<> { return WaitDeepInside(1000); });
}

TEST_F(KillTest, WithAHugeMailbox) {
  Expect([]() -> Async<> {
    for (int i = 0; i < 3000; ++i) Send(Self(), std::string("unread"));
    co_await Receive<Never>();
  });
}

// PRC1
HYDRA_TEST(KillEarlyTest, BeforeItHasBegun) {
  for (int i = 0; i < 20; ++i) {
    const Pid victim =
        Spawn([gone = TellWhenGone()](std::string) -> Async<> { co_await Receive<Never>(); },
              std::string(100, 'x'));
    Exit(victim, ExitReason::Kill());
    co_await AssertReceive<Gone>();
  }
}

// PRC1
HYDRA_TEST_BY_HAND(KillEarlyTest, BodyThatIsKilledBeforeItsTurnNeverBegins) {
  bool begun = false;
  const Pid victim = Spawn([&begun, gone = TellWhenGone()]() -> Async<> {
    begun = true;
    co_return;
  });
  Exit(victim, ExitReason::Kill());
  co_await AssertReceive<Gone>();
  EXPECT_FALSE(begun);
}

}  // namespace
}  // namespace hydra
