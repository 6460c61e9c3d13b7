// How processes begin: what is spawned, and what it is made from.
#include "hydra/process/spawn.h"

#include <functional>
#include <memory>
#include <set>
#include <stdexcept>
#include <string>
#include <utility>

#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "hydra/process/async.h"
#include "hydra/process/pid.h"
#include "hydra/process/receive.h"
#include "hydra/process/self.h"
#include "hydra/process/send.h"
#include "hydra/process/testing/process_test.h"
#include "hydra/process/timer.h"

namespace hydra {
namespace {

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

TEST(SpawnDeathTest, ForeignThreadsMustUseTheRuntime) {
  EXPECT_DEATH(Spawn(Echo), "foreign thread uses the members of hydra::Runtime");
}

}  // namespace
}  // namespace hydra
