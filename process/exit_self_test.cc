// ExitSelf: it ends the calling process from wherever it is called, and nothing stops it.
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "absl/cleanup/cleanup.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "hydra/base/log_testing.h"
#include "hydra/process/async.h"
#include "hydra/process/down.h"
#include "hydra/process/exit_reason.h"
#include "hydra/process/exit_signal.h"
#include "hydra/process/link.h"
#include "hydra/process/pid.h"
#include "hydra/process/receive.h"
#include "hydra/process/self.h"
#include "hydra/process/send.h"
#include "hydra/process/spawn.h"
#include "hydra/process/testing/process_test.h"
#include "hydra/process/timer.h"

namespace hydra {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

struct Never {};

const ExitReason kEnough = ExitReason::Custom("enough");

// Expects that a process with this body ends with `reason`, by hand and on threads.
void ExpectReason(const ExitReason& reason, const ProcessBody& body) {
  TestByHand(body, reason);
  TestOnThreads(body, reason);
}

void ExpectEnough(const ProcessBody& body) { ExpectReason(kEnough, body); }

// Calls ExitSelf, and takes no notice of it.
void SwallowExitSelf(const ExitReason& reason = kEnough) {
  try {
    ExitSelf(reason);
  } catch (...) {  // NOLINT(bugprone-empty-catch)
  }
}

std::vector<ExitReason> AllReasons() {
  return {ExitReason::Normal(),           ExitReason::Shutdown(),
          ExitReason::Shutdown("detail"), ExitReason::Kill(),
          ExitReason::Killed(),           ExitReason::NoProc(),
          ExitReason::NoConnection(),     ExitReason::Error("type", "text"),
          ExitReason::Custom("own")};
}

// semantics.md 2.1, the reason that a partner "ran exit" with: kill is one like others.
TEST(ExitSelfTest, EndsWithThatReason) {
  const ScopedLogCapture log;
  for (const ExitReason& reason : AllReasons()) {
    ExpectReason(reason, [reason]() -> Async<> {
      ExitSelf(reason);
      ADD_FAILURE() << "it went on";
      co_return;
    });
  }
}

TEST(ExitSelfTest, IsNotTrapped) {
  const ScopedLogCapture log;
  for (const ExitReason& reason : AllReasons()) {
    ExpectReason(reason, [reason]() -> Async<> {
      TrapExit(true);
      SwallowExitSelf(reason);
      co_await Receive<ExitSignal>();
      ADD_FAILURE() << "it went on";
    });
  }
}

// PRC7
TEST(ExitSelfTest, OnlyErrorsAreLogged) {
  const ScopedLogCapture log;
  const auto exit_with = [](const ExitReason& reason) {
    ExpectReason(reason, [reason]() -> Async<> {
      ExitSelf(reason);
      co_return;
    });
  };
  exit_with(ExitReason::Shutdown("detail"));
  exit_with(kEnough);
  EXPECT_THAT(log.entries(), IsEmpty());
  exit_with(ExitReason::Error("type", "text"));
  EXPECT_TRUE(log.Contains("error type: text"));
}

// ---- From where.

// Before the body's coroutine exists.
HYDRA_TEST(ExitSelfTest, InABodyThatIsNoCoroutine) {
  SpawnMonitor([]() -> Async<> { ExitSelf(kEnough); });
  EXPECT_EQ((co_await AssertReceive<Down>()).reason, kEnough);
}

TEST(ExitSelfTest, AfterAnAwait) {
  ExpectEnough([]() -> Async<> {
    co_await Yield();
    ExitSelf(kEnough);
  });
}

TEST(ExitSelfTest, InAHandler) {
  ExpectEnough([]() -> Async<> {
    Send(Self(), 1);
    co_await Receive([](int) { ExitSelf(kEnough); });
    ADD_FAILURE() << "it went on";
  });
}

TEST(ExitSelfTest, InAPredicate) {
  ExpectEnough([]() -> Async<> {
    Send(Self(), 1);
    co_await Receive<int>().Where([](int) {
      ExitSelf(kEnough);
      return true;
    });
    ADD_FAILURE() << "it went on";
  });
}

// The same while it waits already.
TEST(ExitSelfTest, InAPredicateThatAMessageWakes) {
  ExpectEnough([]() -> Async<> {
    SendAfter(absl::Milliseconds(1), Self(), 1);
    co_await Receive<int>().Where([](int) {
      ExitSelf(kEnough);
      return true;
    });
    ADD_FAILURE() << "it went on";
  });
}

// ---- What unwinds.

// Sends a text when it is destroyed.
auto SayAtEnd(Pid to, const std::string& text) {
  return absl::MakeCleanup([to, text] { Send(to, text); });
}

void EndInside(Pid to) {
  const auto local = SayAtEnd(to, "plain function");
  ExitSelf(kEnough);
}

Async<> EndDeepInside(Pid to, int depth) {
  const auto local = SayAtEnd(to, std::to_string(depth));
  if (depth > 0) {
    co_await EndDeepInside(to, depth - 1);
  } else {
    co_await Yield();
    EndInside(to);
  }
  ADD_FAILURE() << "it went on";
}

// The locals of all functions and coroutines are destroyed, innermost first, before anyone hears of
// the end.
HYDRA_TEST(ExitSelfTest, UnwindsFunctionsAndCoroutines) {
  SpawnMonitor([to = Self()]() -> Async<> {
    const auto local = SayAtEnd(to, "body");
    co_await EndDeepInside(to, 2);
  });
  const Down down = co_await AssertReceive<Down>();
  EXPECT_EQ(down.reason, kEnough);
  EXPECT_THAT(co_await Flush<std::string>(), ElementsAre("plain function", "0", "1", "2", "body"));
}

TEST(ExitSelfTest, IsNoStandardException) {
  ExpectEnough([]() -> Async<> {
    try {
      ExitSelf(kEnough);
    } catch (const std::exception&) {
      ADD_FAILURE() << "it was caught";
    }
    co_return;
  });
}

TEST(ExitSelfTest, CatchAllThatRethrowsChangesNothing) {
  ExpectEnough([]() -> Async<> {
    try {
      co_await EndDeepInside(Self(), 3);
    } catch (...) {
      throw;
    }
    ADD_FAILURE() << "it went on";
  });
}

// ---- Swallowed, it is only put off.

// The code up to the next suspension runs, and nothing behind it.
TEST(ExitSelfTest, SwallowedItEndsTheProcessAtTheNextSuspension) {
  const std::vector<ProcessBody> waits = {
      []() -> Async<> { co_await Yield(); },
      []() -> Async<> { co_await Sleep(absl::ZeroDuration()); },
      []() -> Async<> { co_await Sleep(absl::Hours(1)); },
      []() -> Async<> { co_await Receive<Never>(); },
      []() -> Async<> { co_await Receive<Never>().Within(absl::ZeroDuration()); },
      []() -> Async<> { co_await Receive<Never>().Within(absl::Hours(1)); },
      []() -> Async<> {
        Send(Self(), 1);
        co_await Receive<int>();  // could go on
      },
      []() -> Async<> {
        Send(Self(), 1);
        co_await ReceiveAny().Within(absl::ZeroDuration());
      }};
  for (const ProcessBody& wait : waits) {
    auto reached = std::make_shared<bool>(false);
    ExpectEnough([wait, reached]() -> Async<> {
      SwallowExitSelf();
      *reached = true;
      co_await wait();
      ADD_FAILURE() << "it went on";
    });
    EXPECT_TRUE(*reached);
  }
}

// Messages that are in the mailbox already aren't received either.
TEST(ExitSelfTest, SwallowedItEndsTheProcessBeforeUnreadMessages) {
  ExpectEnough([]() -> Async<> {
    for (int i = 0; i < 100; ++i) Send(Self(), i);
    co_await Receive<int>();
    SwallowExitSelf();
    co_await Receive<int>();
    ADD_FAILURE() << "it went on";
  });
}

TEST(ExitSelfTest, SwallowedItEndsTheProcessWhenItsBodyReturns) {
  ExpectEnough([]() -> Async<> {
    SwallowExitSelf();
    co_return;
  });
  ExpectEnough([]() -> Async<> {
    co_await Yield();
    SwallowExitSelf();
  });
  // A coroutine in between that returns suspends nothing.
  auto reached = std::make_shared<bool>(false);
  ExpectEnough([reached]() -> Async<> {
    co_await []() -> Async<> {
      SwallowExitSelf();
      co_return;
    }();
    *reached = true;
  });
  EXPECT_TRUE(*reached);
}

TEST(ExitSelfTest, SwallowedByTheCallerOfACoroutine) {
  ExpectEnough([]() -> Async<> {
    try {
      co_await EndDeepInside(Self(), 3);
    } catch (...) {  // NOLINT(bugprone-empty-catch)
    }
    co_await Yield();
    ADD_FAILURE() << "it went on";
  });
}

HYDRA_TEST(ExitSelfTest, SwallowedByABodyThatIsNoCoroutine) {
  SpawnMonitor([]() -> Async<> {
    SwallowExitSelf();
    return []() -> Async<> {
      co_await Yield();
      ADD_FAILURE() << "it went on";
    }();
  });
  EXPECT_EQ((co_await AssertReceive<Down>()).reason, kEnough);
}

// Its own reason counts, not that of an exception which follows.
TEST(ExitSelfTest, ExceptionAfterItCountsForNothing) {
  const ScopedLogCapture log;
  ExpectEnough([]() -> Async<> {
    try {
      ExitSelf(kEnough);
    } catch (...) {
      throw std::runtime_error("translated");
    }
    co_return;
  });
  EXPECT_THAT(log.entries(), IsEmpty());
}

// ---- With other reasons.

// SIG11
TEST(ExitSelfTest, FirstOfSeveralReasonsWins) {
  ExpectEnough([]() -> Async<> {
    SwallowExitSelf(kEnough);
    SwallowExitSelf(ExitReason::Custom("second"));
    co_return;
  });
  ExpectEnough([]() -> Async<> {
    SwallowExitSelf(kEnough);
    Exit(Self(), ExitReason::Kill());
    Link(Pid());
    co_await Yield();
  });
  // The signal hasn't been taken in, so the process wasn't ending yet.
  ExpectEnough([]() -> Async<> {
    Exit(Self(), ExitReason::Kill());
    ExitSelf(kEnough);
    co_return;
  });
}

// What a process does until it suspends counts.
HYDRA_TEST(ExitSelfTest, SwallowedTheProcessIsAliveUntilItSuspends) {
  TrapExit(true);
  const Pid process = Spawn([to = Self()]() -> Async<> {
    SwallowExitSelf();
    Link(to);
    EXPECT_TRUE(
        SpawnLink([told = SayAtEnd(to, "child")]() -> Async<> { co_await Receive<Never>(); }));
    co_await Yield();
  });
  const ExitSignal exit = co_await AssertReceive<ExitSignal>();
  EXPECT_EQ(exit.from, process);
  EXPECT_EQ(exit.reason, kEnough);
  EXPECT_EQ(co_await AssertReceive<std::string>(), "child");
}

// The next process on the same scheduler isn't ended by it.
HYDRA_TEST(ExitSelfTest, EndsNobodyElse) {
  for (int i = 0; i < 10; ++i) {
    Spawn([i]() -> Async<> {
      if (i % 2 == 0) ExitSelf(kEnough);
      SwallowExitSelf();
      if (i % 3 == 0) co_await Yield();
    });
    Spawn([to = Self()]() -> Async<> {
      for (int j = 0; j < 3; ++j) co_await Yield();
      Send(to, 1);
    });
  }
  for (int i = 0; i < 10; ++i) co_await AssertReceive<int>();
}

// ExitSelf of a process whose destructors are running already can't be thrown; Exit counts for
// nothing then.
HYDRA_TEST(ExitSelfTest, DestructorsThatExitCountForNothing) {
  const MonitoredProcess process = SpawnMonitor([]() -> Async<> {
    absl::Cleanup late = [] { Exit(Self(), ExitReason::Kill()); };
    co_await Yield();
    ExitSelf(kEnough);
  });
  const Down down = co_await AssertReceive<Down>(testing::Field(&Down::ref, process.ref));
  EXPECT_EQ(down.reason, kEnough);
}

}  // namespace
}  // namespace hydra
