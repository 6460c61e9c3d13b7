// Tasks: semantics.md §11.
#include "hydra/task/task.h"

#include <atomic>
#include <memory>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "hydra/base/log_testing.h"
#include "hydra/base/status_testing.h"
#include "hydra/process/process.h"
#include "hydra/process/testing/process_test.h"

namespace hydra {
namespace {

using absl::StatusCode;
using testing::ElementsAre;
using testing::IsEmpty;

struct Go {};

int Add(int a, int b) { return a + b; }
Async<std::string> Slowly(std::string text, absl::Duration time) {
  co_await Sleep(time);
  co_return text;
}
Async<> WaitForGo() { co_await Receive<Go>(); }
Async<int> Fail() {
  co_await Yield();
  throw std::runtime_error("boom");
}

Async<> ExpectNoMessage() {
  if (auto message = co_await ReceiveAny().Within(absl::Milliseconds(20)))
    ADD_FAILURE() << "a message: " << message->type_name();
}

// TSK1
HYDRA_TEST(TaskTest, YieldsWhatItsFunctionReturns) {
  Task<int> sum = StartTask(Add, 1, 2);
  Task<std::string> text = StartTask(Slowly, "text", absl::Milliseconds(2));
  Task<std::unique_ptr<int>> owned =
      StartTask([number = 7]() { return std::make_unique<int>(number); });
  Task<void> nothing = StartTask([]() -> Async<> { co_await Yield(); });
  EXPECT_EQ(co_await sum.Await(), 3);
  EXPECT_EQ(co_await text.Await(), "text");
  EXPECT_EQ(*co_await owned.Await(), 7);
  co_await nothing.Await();
  co_await ExpectNoMessage();
}

// A status that the function returns isn't the failure of the task.
HYDRA_TEST(TaskTest, MayYieldAStatus) {
  Task<absl::Status> status = StartTask([] { return absl::NotFoundError("no"); });
  Task<absl::StatusOr<int>> number = StartTask([]() -> absl::StatusOr<int> { return 7; });
  EXPECT_EQ(co_await status.Await(), absl::NotFoundError("no"));
  EXPECT_THAT(co_await number.Await(), IsOkAndHolds(7));
}

// TSK1: it is linked, and works on behalf of its owner.
HYDRA_TEST(TaskTest, IsLinkedToItsOwner) {
  Task<void> task = StartTask(WaitForGo);
  EXPECT_THAT((co_await Info(Self()))->links, ElementsAre(task.pid()));
  Task<std::vector<Pid>> callers = StartTask([] { return Callers(); });
  EXPECT_THAT(co_await callers.Await(), ElementsAre(Self()));
  Task<void> unlinked = StartTaskNoLink(WaitForGo);
  EXPECT_THAT((co_await Info(Self()))->links, ElementsAre(task.pid()));
  EXPECT_EQ(co_await unlinked.Kill(), std::nullopt);
  EXPECT_EQ(co_await task.Kill(), std::nullopt);
}

// TSK1: the result is taken once, by the owner.
HYDRA_TEST(TaskTest, ResultIsTakenOnceByTheOwner) {
  Task<int> task = StartTask(Add, 1, 2);
  EXPECT_EQ(co_await task.Await(), 3);
  bool threw = false;
  try {
    co_await task.Await();
  } catch (const std::logic_error&) {
    threw = true;
  }
  EXPECT_TRUE(threw);
  ScopedLogCapture log;
  auto mine = std::make_shared<Task<int>>(StartTask(Add, 1, 2));
  const auto [other, ref] = SpawnMonitor([mine]() -> Async<> { co_await mine->Await(); });
  EXPECT_EQ((co_await Receive<Down>().For(ref)).reason.type(), "std::logic_error");
  EXPECT_EQ(co_await mine->Await(), 3);
}

// TSK2
TEST(TaskTest, AwaitThatTakesTooLongFailsTheOwner) {
  const auto owner = []() -> Async<> {
    Task<void> task = StartTask(WaitForGo);
    co_await task.Await(absl::Milliseconds(2));
  };
  const auto test = [owner]() -> Async<> {
    ScopedLogCapture log;
    const auto [pid, ref] = SpawnMonitor(owner);
    const ExitReason reason = (co_await Receive<Down>().For(ref)).reason;
    EXPECT_EQ(reason.type(), "hydra::TaskFailed");
    EXPECT_THAT(std::string(reason.text()), testing::HasSubstr("no result within 2ms"));
  };
  TestByHand(test);
  TestOnThreads(test);
}

// TSK2: five seconds by default; what comes later reaches nobody.
HYDRA_TEST_BY_HAND(TaskTest, LateResultReachesNobody) {
  Task<std::string> task = StartTask(Slowly, "late", absl::Seconds(6));
  const absl::Time start = Now();
  bool threw = false;
  try {
    co_await task.Await();
  } catch (const TaskFailed& failed) {
    threw = true;
    EXPECT_EQ(failed.status().code(), StatusCode::kDeadlineExceeded);
  }
  EXPECT_TRUE(threw);
  EXPECT_EQ(Now() - start, absl::Seconds(5));
  EXPECT_EQ(co_await ReceiveAny().Within(absl::Hours(1)), std::nullopt);
}

// TSK3
HYDRA_TEST(TaskTest, YieldMayBeRepeated) {
  Task<int> task = StartTask([]() -> Async<int> {
    co_await Receive<Go>();
    co_return 7;
  });
  EXPECT_EQ(co_await task.Yield(absl::Milliseconds(1)), std::nullopt);
  EXPECT_EQ(co_await task.Yield(absl::ZeroDuration()), std::nullopt);
  Send(task.pid(), Go{});
  const auto result = co_await task.Yield();
  CO_ASSERT_TRUE(result.has_value());
  EXPECT_THAT(*result, IsOkAndHolds(7));
}

// TSK3, TSK6: one that isn't linked fails by its result only.
HYDRA_TEST(TaskTest, FailureIsTheResultOfOneThatIsNotLinked) {
  ScopedLogCapture log;
  Task<int> task = StartTaskNoLink(Fail);
  const auto result = co_await task.Yield();
  CO_ASSERT_TRUE(result.has_value());
  EXPECT_EQ(result->status().code(), StatusCode::kUnavailable);
  EXPECT_EQ(ExitReasonOf(result->status()), ExitReason::Error("std::runtime_error", "boom"));
  co_await ExpectNoMessage();
}

// TSK3
HYDRA_TEST(TaskTest, YieldManyDealsWithThoseThatAreLate) {
  for (const OnTaskTimeout what :
       {OnTaskTimeout::kLeave, OnTaskTimeout::kIgnore, OnTaskTimeout::kKill}) {
    std::vector<Task<void>> tasks;
    tasks.push_back(StartTask([] {}));
    tasks.push_back(StartTask(WaitForGo));
    const Pid late = tasks[1].pid();
    const auto results = co_await YieldMany(std::span(tasks),
                                            {.timeout = absl::Milliseconds(5), .on_timeout = what});
    CO_ASSERT_EQ(results.size(), 2U);
    CO_ASSERT_TRUE(results[0].has_value());
    EXPECT_OK(*results[0]);
    EXPECT_EQ(results[1], std::nullopt);
    EXPECT_EQ(co_await IsAlive(late), what != OnTaskTimeout::kKill);
    const bool linked = !(co_await Info(Self()))->links.empty();
    EXPECT_EQ(linked, what == OnTaskTimeout::kLeave);
    if (linked) EXPECT_EQ(co_await tasks[1].Kill(), std::nullopt);
  }
  co_await ExpectNoMessage();
}

// TSK3: with a limit it waits for so many only, whichever come first, and leaves the others.
HYDRA_TEST_BY_HAND(TaskTest, YieldManyWaitsForSoManyOnly) {
  std::vector<Task<std::string>> tasks;
  tasks.push_back(StartTask(Slowly, "slow", absl::Seconds(3)));
  tasks.push_back(StartTask(Slowly, "fast", absl::Seconds(1)));
  tasks.push_back(StartTask(Slowly, "middle", absl::Seconds(2)));
  const absl::Time start = Now();
  const YieldManyOptions first = {.on_timeout = OnTaskTimeout::kKill, .limit = 1};
  const auto results = co_await YieldMany(std::span(tasks), first);
  EXPECT_EQ(Now() - start, absl::Seconds(1));
  EXPECT_EQ(results[0], std::nullopt);
  CO_ASSERT_TRUE(results[1].has_value());
  EXPECT_THAT(*results[1], IsOkAndHolds("fast"));
  EXPECT_EQ(results[2], std::nullopt);
  EXPECT_EQ(co_await tasks[2].Await(), "middle");
  EXPECT_EQ(co_await tasks[0].Await(), "slow");
  // One that has come already counts.
  std::vector<Task<int>> done;
  done.push_back(StartTask(Add, 1, 2));
  done.push_back(StartTask([]() -> Async<int> {
    co_await Receive<Go>();
    co_return 1;
  }));
  while (co_await IsAlive(done[0].pid())) co_await Yield();
  EXPECT_TRUE((co_await YieldMany(std::span(done), {.limit = 1}))[0].has_value());
  EXPECT_EQ(co_await done[1].Kill(), std::nullopt);
}

HYDRA_TEST(TaskTest, AwaitManyYieldsAllInOrder) {
  std::vector<Task<std::string>> tasks;
  tasks.push_back(StartTask(Slowly, "a", absl::Milliseconds(3)));
  tasks.push_back(StartTask(Slowly, "b", absl::Milliseconds(1)));
  EXPECT_THAT(co_await AwaitMany(std::move(tasks)), ElementsAre("a", "b"));
  auto done = std::make_shared<std::atomic<int>>(0);
  std::vector<Task<void>> nothing;
  for (int i = 0; i < 3; ++i) {
    nothing.push_back(StartTask([done, i]() -> Async<> {
      co_await Sleep(absl::Milliseconds(i));
      done->fetch_add(1);
    }));
  }
  co_await AwaitMany(std::move(nothing));
  EXPECT_EQ(done->load(), 3);
}

// TSK4: the cases.
HYDRA_TEST(TaskShutdownTest, ResultThatHasComeIsYielded) {
  Task<int> task = StartTask(Add, 1, 2);
  while (co_await IsAlive(task.pid())) co_await Yield();
  const auto result = co_await task.Shutdown();
  CO_ASSERT_TRUE(result.has_value());
  EXPECT_THAT(*result, IsOkAndHolds(3));
  co_await ExpectNoMessage();
}

HYDRA_TEST(TaskShutdownTest, OneThatRunsEndsAndYieldsNothing) {
  Task<void> task = StartTask(WaitForGo);
  EXPECT_EQ(co_await task.Shutdown(), std::nullopt);
  EXPECT_FALSE(co_await IsAlive(task.pid()));
  co_await ExpectNoMessage();
}

HYDRA_TEST(TaskShutdownTest, OneThatTrapsIsKilledWhenTimeIsUp) {
  Task<void> task = StartTask([owner = Self()]() -> Async<> {
    TrapExit(true);
    Send(owner, Go{});
    co_await Receive<Go>();
  });
  co_await AssertReceive<Go>();
  EXPECT_EQ(co_await task.Shutdown(absl::Milliseconds(2)), std::nullopt);
  EXPECT_FALSE(co_await IsAlive(task.pid()));
  co_await ExpectNoMessage();
}

HYDRA_TEST(TaskShutdownTest, OneThatAnswersTheShutdownYieldsItsResult) {
  Task<int> task = StartTask([owner = Self()]() -> Async<int> {
    TrapExit(true);
    Send(owner, Go{});
    co_await Receive<ExitSignal>();
    co_return 7;
  });
  co_await AssertReceive<Go>();
  const auto result = co_await task.Shutdown();
  CO_ASSERT_TRUE(result.has_value());
  EXPECT_THAT(*result, IsOkAndHolds(7));
}

HYDRA_TEST(TaskShutdownTest, OtherReasonIsYielded) {
  ScopedLogCapture log;
  TrapExit(true);
  Task<int> task = StartTask(Fail);
  co_await AssertReceive<ExitSignal>();
  const auto result = co_await task.Shutdown();
  CO_ASSERT_TRUE(result.has_value());
  EXPECT_EQ(ExitReasonOf(result->status()), ExitReason::Error("std::runtime_error", "boom"));
  co_await ExpectNoMessage();
}

HYDRA_TEST(TaskShutdownTest, KillDoesNotWaitForOneThatTraps) {
  Task<void> task = StartTask([owner = Self()]() -> Async<> {
    TrapExit(true);
    Send(owner, Go{});
    co_await Receive<Go>();
  });
  co_await AssertReceive<Go>();
  EXPECT_EQ(co_await task.Kill(), std::nullopt);
  co_await ExpectNoMessage();
}

// TSK5
HYDRA_TEST(TaskTest, IgnoredTaskGoesOnAndItsResultIsDropped) {
  Task<void> task = StartTask(WaitForGo);
  EXPECT_EQ(co_await task.Ignore(), std::nullopt);
  EXPECT_TRUE(co_await IsAlive(task.pid()));
  EXPECT_THAT((co_await Info(Self()))->links, IsEmpty());
  Send(task.pid(), Go{});
  while (co_await IsAlive(task.pid())) co_await Yield();
  co_await ExpectNoMessage();
  Task<int> done = StartTask(Add, 1, 2);
  while (co_await IsAlive(done.pid())) co_await Yield();
  const auto result = co_await done.Ignore();
  CO_ASSERT_TRUE(result.has_value());
  EXPECT_THAT(*result, IsOkAndHolds(3));
}

// TSK8
TEST(TaskTest, FailureEndsAnOwnerThatDoesNotTrap) {
  const auto test = []() -> Async<> {
    ScopedLogCapture log;
    const auto [owner, ref] = SpawnMonitor([]() -> Async<> {
      Task<int> task = StartTask(Fail);
      co_await Receive<Go>();
    });
    EXPECT_EQ((co_await Receive<Down>().For(ref)).reason,
              ExitReason::Error("std::runtime_error", "boom"));
  };
  TestByHand(test);
  TestOnThreads(test);
}

// TSK8
HYDRA_TEST(TaskTest, EndOfTheOwnerEndsTheTask) {
  const Pid owner = Spawn([to = Self()]() -> Async<> {
    Task<void> task = StartTask(WaitForGo);
    Send(to, task.pid());
    co_await Receive<Go>();
  });
  const Ref ref = Monitor(co_await AssertReceive<Pid>());
  Exit(owner, ExitReason::Custom("gone"));
  EXPECT_EQ((co_await Receive<Down>().For(ref)).reason, ExitReason::Custom("gone"));
}

}  // namespace
}  // namespace hydra
