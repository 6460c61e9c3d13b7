// How processes begin: what is spawned, and what it is made from.
#include "hydra/process/spawn.h"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "absl/cleanup/cleanup.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "hydra/base/log_testing.h"
#include "hydra/process/async.h"
#include "hydra/process/down.h"
#include "hydra/process/exit_reason.h"
#include "hydra/process/exit_signal.h"
#include "hydra/process/info.h"
#include "hydra/process/link.h"
#include "hydra/process/name.h"
#include "hydra/process/pid.h"
#include "hydra/process/priority.h"
#include "hydra/process/process_info.h"
#include "hydra/process/receive.h"
#include "hydra/process/self.h"
#include "hydra/process/send.h"
#include "hydra/process/testing/manual_runtime.h"
#include "hydra/process/testing/process_test.h"
#include "hydra/process/testing/rounds.h"
#include "hydra/process/timer.h"

namespace hydra {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

struct Never {};

Async<> Echo() {
  auto [to, text] = co_await Receive<std::pair<Pid, std::string>>();
  Send(to, std::move(text));
}

Async<> SendSum(Pid to, int a, int b) {
  co_await Yield();
  Send(to, a + b);
}

Async<> SendValue(Pid to, std::unique_ptr<int> value) {
  co_await Yield();
  Send(to, *value);
}

// Not a coroutine: runs in the new process all the same.
Async<> ReturnsAnAsync(Pid to) {
  Send(to, Self());
  return SendSum(to, 1, 2);
}

// Its frame refers to the object that it is a member of.
struct Server {
  Async<> Run(Pid to) {
    co_await Yield();
    Send(to, name);
  }
  Async<> RunConst() const {
    co_await Yield();
    Send(owner, name);
  }

  std::string name;
  Pid owner;
};

HYDRA_TEST(SpawnTest, PlainFunctionWithoutArguments) {
  const Pid echo = Spawn(Echo);
  Send(echo, std::pair<Pid, std::string>(Self(), "hello"));
  EXPECT_EQ(co_await Receive<std::string>(), "hello");
}

HYDRA_TEST(SpawnTest, ArgumentsAreHandedOver) {
  Spawn(SendSum, Self(), 1, 2);
  EXPECT_EQ(co_await Receive<int>(), 3);
}

HYDRA_TEST(SpawnTest, ArgumentsMayBeMoveOnly) {
  Spawn(SendValue, Self(), std::make_unique<int>(7));
  EXPECT_EQ(co_await Receive<int>(), 7);
}

HYDRA_TEST(SpawnTest, ArgumentsAreConverted) {
  Spawn(
      [](Pid to, std::string text, double number) -> Async<> {
        co_await Yield();
        Send(to, text + std::to_string(static_cast<int>(number)));
      },
      Self(), "text ", 7);
  EXPECT_EQ(co_await Receive<std::string>(), "text 7");
}

HYDRA_TEST(SpawnTest, CapturesLiveAsLongAsTheProcess) {
  const std::string text(100, 'x');
  const Pid process = Spawn([to = Self(), text]() -> Async<> {
    for (int i = 0; i < 3; ++i) {
      co_await Receive<int>();
      Send(to, text);
    }
  });
  for (int i = 0; i < 3; ++i) {
    Send(process, i);
    CO_ASSERT_EQ(co_await Receive<std::string>(), text);
  }
}

HYDRA_TEST(SpawnTest, CapturesMayBeMoveOnlyAndChanged) {
  Spawn([to = Self(), value = std::make_unique<int>(7)]() mutable -> Async<> {
    co_await Yield();
    ++*value;
    Send(to, std::move(value));
  });
  EXPECT_EQ(*co_await Receive<std::unique_ptr<int>>(), 8);
}

HYDRA_TEST(SpawnTest, CapturesAndArgumentsTogether) {
  Spawn(
      [to = Self()](std::string a, std::unique_ptr<int> b) -> Async<> {
        co_await Yield();
        Send(to, a + std::to_string(*b));
      },
      "a", std::make_unique<int>(7));
  EXPECT_EQ(co_await Receive<std::string>(), "a7");
}

HYDRA_TEST(SpawnTest, CallableMayBeUsedAgain) {
  const std::string text(100, 'x');
  const auto body = [to = Self(), text]() -> Async<> {
    co_await Yield();
    Send(to, text);
  };
  Spawn(body);
  Spawn(body);
  EXPECT_EQ(co_await Receive<std::string>(), text);
  EXPECT_EQ(co_await Receive<std::string>(), text);
}

HYDRA_TEST(SpawnTest, StdFunction) {
  std::function<Async<>(int)> body = [to = Self(), text = std::string(100, 'x')](int i) -> Async<> {
    co_await Yield();
    Send(to, text + std::to_string(i));
  };
  Spawn(std::move(body), 7);
  EXPECT_EQ(co_await Receive<std::string>(), std::string(100, 'x') + "7");
}

HYDRA_TEST(SpawnTest, MemberFunctionOfAnObjectThatIsHandedOver) {
  Spawn(&Server::Run, Server{.name = std::string(100, 'x'), .owner = Self()}, Self());
  EXPECT_EQ(co_await Receive<std::string>(), std::string(100, 'x'));
  Spawn(&Server::RunConst, std::make_shared<Server>(Server{.name = "shared", .owner = Self()}));
  EXPECT_EQ(co_await Receive<std::string>(), "shared");
}

HYDRA_TEST(SpawnTest, GenericCallableMayTakeReferences) {
  Spawn(
      [](const auto& text, auto to) -> Async<> {
        co_await Yield();
        Send(to, text);
      },
      std::string(100, 'x'), Self());
  EXPECT_EQ(co_await Receive<std::string>(), std::string(100, 'x'));
}

HYDRA_TEST(SpawnTest, FunctionThatReturnsAnAsyncRunsInTheNewProcess) {
  const Pid process = Spawn(ReturnsAnAsync, Self());
  EXPECT_EQ(co_await Receive<Pid>(), process);
  EXPECT_EQ(co_await Receive<int>(), 3);
}

// PRC1, W1
HYDRA_TEST(SpawnTest, ProcessCanBeSentToBeforeItRuns) {
  for (int i = 0; i < 50; ++i) {
    const Pid process = Spawn([to = Self()]() -> Async<> {
      Send(to, (co_await Receive<int>().Within(absl::ZeroDuration())).has_value());
    });
    Send(process, i);
    // By hand it can't have run yet: the message was there first.
    co_await Receive<bool>();
  }
}

// PRC1
HYDRA_TEST_BY_HAND(SpawnTest, BodyBeginsAfterSpawnHasReturned) {
  bool begun = false;
  const Pid process = Spawn([&begun, to = Self()]() -> Async<> {
    begun = true;
    Send(to, Self());
    co_return;
  });
  EXPECT_FALSE(begun);
  EXPECT_EQ(co_await Receive<Pid>(), process);
  EXPECT_TRUE(begun);
}

// PRC1, W1: processes that end at once are gone for good, and no two share a pid.
HYDRA_TEST(SpawnTest, ShortLivedProcessesEachHaveTheirOwnPid) {
  std::set<Pid> pids;
  for (int i = 0; i < 2000; ++i) {
    pids.insert(Spawn([to = Self()]() -> Async<> {
      Send(to, Self());
      co_return;
    }));
    if (i % 10 == 0) co_await Yield();
  }
  CO_ASSERT_EQ(pids.size(), 2000U);
  for (int i = 0; i < 2000; ++i) CO_ASSERT_EQ(pids.erase(co_await Receive<Pid>()), 1U);
}

// W1
HYDRA_TEST(SpawnTest, ShortLivedProcessesLeaveNothingBehind) {
  const size_t before = Processes().size();
  std::vector<MonitoredProcess> children;
  for (int i = 0; i < 1000; ++i) {
    children.push_back(SpawnMonitor([]() -> Async<> { co_return; }));
    if (i % 10 == 0) co_await Yield();
  }
  for (const MonitoredProcess& child : children) co_await Receive<Down>().For(child.ref);
  EXPECT_EQ(Processes().size(), before);
}

// W1: trapping that begins with the body counts at once.
HYDRA_TEST(SpawnTest, ProcessTrapsFromItsFirstTurnOn) {
  for (int i = 0; i < 50; ++i) {
    const auto [process, ref] = SpawnMonitor([to = Self()]() -> Async<> {
      TrapExit(true);
      Send(to, 1);
      co_await Receive<ExitSignal>();
    });
    co_await Receive<int>();
    Exit(process, ExitReason::Custom("trapped"));
    CO_ASSERT_EQ((co_await Receive<Down>().For(ref)).reason, ExitReason::Normal());
  }
}

HYDRA_TEST(SpawnTest, ProcessesSpawnProcesses) {
  // A binary tree of depth nine, whose leaves report.
  struct Tree {
    static Async<> Grow(Pid to, int depth) {
      if (depth == 0) {
        Send(to, 1);
        co_return;
      }
      Spawn(Grow, to, depth - 1);
      Spawn(Grow, to, depth - 1);
    }
  };
  Spawn(Tree::Grow, Self(), 9);
  for (int i = 0; i < 512; ++i) co_await Receive<int>();
}

// What a body is made from is destroyed with its process, not before.
HYDRA_TEST(SpawnTest, CapturesAndArgumentsAreDestroyedWithTheProcess) {
  auto captured = std::make_shared<int>(1);
  auto argument = std::make_shared<int>(2);
  const Pid process = Spawn(
      [to = Self(), captured](std::shared_ptr<int>) -> Async<> {
        Send(to, 1);
        co_await Receive<int>();
      },
      argument);
  co_await Receive<int>();
  EXPECT_GE(captured.use_count(), 2);
  EXPECT_GE(argument.use_count(), 2);
  Send(process, 2);
  while (captured.use_count() > 1 || argument.use_count() > 1) co_await Yield();
}

HYDRA_TEST(SpawnTest, CopyThatThrowsSpawnsNothing) {
  struct Uncopyable {
    Uncopyable() = default;
    Uncopyable(const Uncopyable&) { throw std::runtime_error("no copies"); }
  };
  const Uncopyable argument;
  bool thrown = false;
  try {
    Spawn([](Uncopyable) -> Async<> { co_return; }, argument);
  } catch (const std::runtime_error&) {
    thrown = true;
  }
  EXPECT_TRUE(thrown);
  co_return;
}

// ---- With options.

Async<> WaitForEver() { co_await Receive<Never>(); }

Async<> NeverRuns(std::shared_ptr<int>) {
  ADD_FAILURE() << "it ran";
  co_return;
}

// PRC1, LNK5
HYDRA_TEST(SpawnWithTest, AllIsThereBeforeTheBodyBegins) {
  TrapExit(true);
  for (int i = 0; i < 10; ++i) {
    Ref monitor;
    const absl::StatusOr<Pid> process =
        SpawnWith({.name = "name", .link = true, .monitor = &monitor}, [to = Self()]() -> Async<> {
          EXPECT_EQ(WhereIs("name"), Self());
          Send(to, (co_await Info(Self())).value());
          ExitSelf(ExitReason::Custom("end"));
        });
    CO_ASSERT_TRUE(process.ok()) << process.status();
    const auto info = co_await AssertReceive<ProcessInfo>();
    EXPECT_EQ(info.pid, *process);
    EXPECT_EQ(info.name, "name");
    EXPECT_THAT(info.links, ElementsAre(Self()));
    EXPECT_THAT(info.monitored_by, ElementsAre(Self()));
    EXPECT_EQ((co_await AssertReceive<ExitSignal>()).reason, ExitReason::Custom("end"));
    EXPECT_EQ((co_await Receive<Down>().For(monitor)).reason, ExitReason::Custom("end"));
  }
}

// PRC3
HYDRA_TEST(SpawnWithTest, LabelAndPriorityAreNoted) {
  const Pid process = *SpawnWith({.label = "label", .priority = Priority::kHigh}, WaitForEver);
  const ProcessInfo info = (co_await Info(process)).value();
  EXPECT_EQ(info.label, "label");
  EXPECT_EQ(info.priority, Priority::kHigh);
  EXPECT_EQ(info.name, "");
  EXPECT_THAT(info.links, IsEmpty());
  EXPECT_THAT(info.monitored_by, IsEmpty());
}

HYDRA_TEST(SpawnWithTest, TakenNameSpawnsNothing) {
  EXPECT_TRUE(Register(Self(), "name").ok());
  const auto argument = std::make_shared<int>(7);
  Ref monitor;
  const absl::StatusOr<Pid> process =
      SpawnWith({.name = "name", .link = true, .monitor = &monitor}, NeverRuns, argument);
  EXPECT_EQ(process.status().code(), absl::StatusCode::kAlreadyExists);
  EXPECT_EQ(WhereIs("name"), Self());
  EXPECT_FALSE(monitor);
  EXPECT_EQ(argument.use_count(), 1);
  const ProcessInfo info = (co_await Info(Self())).value();
  EXPECT_THAT(info.links, IsEmpty());
  EXPECT_THAT(info.monitors, IsEmpty());
  for (int i = 0; i < 20; ++i) co_await Yield();
  EXPECT_FALSE((co_await ReceiveAny().Within(absl::ZeroDuration())).has_value());
}

// A name that is taken costs no slot; without one there is an error, and no signal besides.
TEST(SpawnWithTest, FullTableIsAnError) {
  const ScopedLogCapture log;
  ManualRuntime runtime({.max_processes = 1024});
  const ExitReason reason = runtime.Run([]() -> Async<> {
    EXPECT_TRUE(Register(Self(), "name").ok());
    for (int i = 0; i < 2000; ++i) {
      CO_ASSERT_EQ(SpawnWith({.name = "name"}, WaitForEver).status().code(),
                   absl::StatusCode::kAlreadyExists);
    }
    while (Spawn(WaitForEver)) continue;
    const auto argument = std::make_shared<int>(7);
    Ref monitor;
    const absl::StatusOr<Pid> process =
        SpawnWith({.link = true, .monitor = &monitor}, NeverRuns, argument);
    EXPECT_EQ(process.status().code(), absl::StatusCode::kResourceExhausted);
    EXPECT_EQ(argument.use_count(), 1);
    co_await Yield();
    EXPECT_FALSE((co_await ReceiveAny().Within(absl::ZeroDuration())).has_value());
  });
  EXPECT_EQ(reason, ExitReason::Normal());
}

// PRC9
HYDRA_TEST(SpawnWithTest, EndingProcessSpawnsNothing) {
  Spawn([to = Self()]() -> Async<> {
    const absl::Cleanup spawn = [to] {
      Send(to, SpawnWith({.name = "name"}, WaitForEver).status().code());
    };
    Exit(Self(), ExitReason::Shutdown());
    co_await Yield();
  });
  EXPECT_EQ(co_await AssertReceive<absl::StatusCode>(), absl::StatusCode::kFailedPrecondition);
  EXPECT_FALSE(WhereIs("name"));
}

// PRC1, LNK5: another scheduler may take the process over as soon as it is queued.
TEST(SpawnWithRaceTest, AllIsThereBeforeTheBodyBegins) {
  TestOnThreads([]() -> Async<> {
    TrapExit(true);
    for (int64_t i = Rounds(100'000); i > 0; --i) {
      Ref monitor;
      const absl::StatusOr<Pid> process =
          SpawnWith({.name = "name", .link = true, .monitor = &monitor}, []() -> Async<> {
            if (WhereIs("name") != Self()) ExitSelf(ExitReason::Custom("it has no name"));
            co_return;
          });
      CO_ASSERT_TRUE(process.ok()) << process.status();
      // It polls, so that the spawner's scheduler has no time for the child.
      std::optional<ExitSignal> end;
      for (int j = 0; j < 200 && !end.has_value(); ++j)
        end = co_await Receive<ExitSignal>().Within(absl::ZeroDuration());
      if (!end.has_value()) end = co_await AssertReceive<ExitSignal>();
      CO_ASSERT_EQ(end->reason, ExitReason::Normal());
      CO_ASSERT_EQ((co_await Receive<Down>().For(monitor)).reason, ExitReason::Normal());
    }
  });
}

TEST(SpawnDeathTest, ForeignThreadsMustUseTheRuntime) {
  EXPECT_DEATH(Spawn(Echo), "foreign thread uses the members of hydra::Runtime");
}

}  // namespace
}  // namespace hydra
