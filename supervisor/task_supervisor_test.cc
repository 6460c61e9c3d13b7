#include "hydra/supervisor/task_supervisor.h"

#include <memory>
#include <stdexcept>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "hydra/base/status_testing.h"
#include "hydra/genserver/genserver.h"
#include "hydra/process/process.h"
#include "hydra/process/testing/process_test.h"
#include "hydra/supervisor/child.h"
#include "hydra/supervisor/supervisor.h"
#include "hydra/task/task.h"

namespace hydra {
namespace {

using absl::StatusCode;
using testing::ElementsAre;

struct Go {};
struct Said {
  std::vector<Pid> pids;
};

Async<ServerRef<TaskSupervisor>> StartTasks(DynamicSupervisorOptions options = {}) {
  auto tasks = co_await StartLink<TaskSupervisor>({}, options);
  co_return tasks.value();
}

int Twice(int number) { return 2 * number; }

Async<> WaitForGo() { co_await Receive<Go>(); }

// TSK6
HYDRA_TEST(TaskSupervisorTest, RunsATaskForItsOwner) {
  const auto tasks = co_await StartTasks();
  Task<int> task = co_await StartSupervisedTask(tasks, Twice, 21);
  EXPECT_EQ(co_await task.Await(), 42);
}

HYDRA_TEST(TaskSupervisorTest, RunsCoroutinesAndWhatCanOnlyBeMoved) {
  const auto tasks = co_await StartTasks();
  Task<std::unique_ptr<int>> task = co_await StartSupervisedTaskNoLink(
      tasks,
      [](std::unique_ptr<int> value) -> Async<std::unique_ptr<int>> {
        co_await Yield();
        co_return std::move(value);
      },
      std::make_unique<int>(7));
  EXPECT_EQ(*co_await task.Await(), 7);
}

// TSK6: a task is a child of the supervisor, and none any more when it has ended.
HYDRA_TEST(TaskSupervisorTest, HasItsTasksAsChildren) {
  const auto tasks = co_await StartTasks();
  Task<void> task = co_await StartSupervisedTask(tasks, WaitForGo);
  EXPECT_EQ((co_await CountChildren(tasks))->active, 1U);
  const Ref ref = Monitor(task.pid());
  Send(task.pid(), Go{});
  co_await task.Await();
  co_await Receive<Down>().For(ref);
  EXPECT_EQ((co_await CountChildren(tasks))->specs, 0U);
}

// TSK6: a task without a link that fails tells only by its result.
HYDRA_TEST(TaskSupervisorTest, FailureWithoutALinkHurtsNobody) {
  const auto tasks = co_await StartTasks();
  Task<int> task = co_await StartSupervisedTaskNoLink(
      tasks, []() -> int { throw std::runtime_error("no such page"); });
  const auto result = co_await task.Yield();
  CO_ASSERT_TRUE(result.has_value());
  EXPECT_THAT(*result, StatusIs(StatusCode::kUnavailable, testing::HasSubstr("no such page")));
  EXPECT_TRUE(co_await IsAlive(tasks.pid()));
}

// TSK6, TSK8
HYDRA_TEST(TaskSupervisorTest, FailureWithALinkIsTheOwners) {
  TrapExit(true);
  const auto tasks = co_await StartTasks();
  Task<int> task = co_await StartSupervisedTask(
      tasks, []() -> int { throw std::runtime_error("no such page"); });
  const ExitSignal exit = co_await AssertReceive<ExitSignal>();
  EXPECT_EQ(exit.from, task.pid());
  EXPECT_EQ(exit.reason.text(), "no such page");
}

// TSK8: the owner's failure is the task's.
HYDRA_TEST(TaskSupervisorTest, TaskEndsWithItsOwnerIfLinked) {
  const auto tasks = co_await StartTasks();
  const Pid test = Self();
  const Pid owner = Spawn([tasks, test]() -> Async<> {
    Task<void> task = co_await StartSupervisedTask(tasks, [test]() -> Async<> {
      Send(test, Said{{Self()}});
      co_await Receive<Go>();
    });
    co_await Receive<Go>();
  });
  const Pid task = (co_await AssertReceive<Said>()).pids.front();
  const Ref ref = Monitor(task);
  Exit(owner, ExitReason::Shutdown("no more"));
  const Down down = co_await Receive<Down>().For(ref);
  EXPECT_EQ(down.reason, ExitReason::Shutdown("no more"));
}

// TSK6
HYDRA_TEST(TaskSupervisorTest, RespectsMaxChildren) {
  const auto tasks = co_await StartTasks({.max_children = 1});
  Task<void> first = co_await StartSupervisedTaskNoLink(tasks, WaitForGo);
  Task<int> second = co_await StartSupervisedTask(tasks, Twice, 1);
  EXPECT_THAT(*co_await second.Yield(), StatusIs(StatusCode::kResourceExhausted));
  EXPECT_OK(co_await TerminateChild(tasks, first.pid()));
}

// TSK6: fire and forget.
HYDRA_TEST(TaskSupervisorTest, StartsWhatNobodyWaitsFor) {
  const auto tasks = co_await StartTasks();
  const auto pid = co_await StartChild(
      tasks, ProcessChild({.restart = Restart::kTemporary}, [test = Self()]() -> Async<> {
        Send(test, Go{});
        co_return;
      }));
  EXPECT_OK(pid);
  co_await AssertReceive<Go>();
}

// PRC6
HYDRA_TEST(TaskSupervisorTest, TaskKnowsOnWhoseBehalfItWorks) {
  const auto tasks = co_await StartTasks();
  Task<Said> task = co_await StartSupervisedTask(tasks, [] { return Said{Callers()}; });
  EXPECT_THAT((co_await task.Await()).pids, ElementsAre(Self()));
}

// The supervisor's end is that of its tasks.
HYDRA_TEST(TaskSupervisorTest, EndsItsTasks) {
  const auto tasks = co_await StartTasks();
  Task<void> task = co_await StartSupervisedTaskNoLink(tasks, WaitForGo);
  EXPECT_OK(co_await Stop(tasks));
  const auto result = co_await task.Yield();
  EXPECT_EQ(ExitReasonOf(*result), ExitReason::Shutdown());
}

}  // namespace
}  // namespace hydra
