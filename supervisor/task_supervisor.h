// TaskSupervisor: tasks (task.h) that a supervisor has, so that they end with a part of the program rather
// than with their owners alone, can be counted, and are limited in number.
//
//   absl::StatusOr<hydra::ServerRef<hydra::TaskSupervisor>> tasks =
//       co_await hydra::StartLink<hydra::TaskSupervisor>(
//           {.name = "tasks"}, hydra::DynamicSupervisorOptions{.max_children = 100});
//   hydra::Task<Page> page = co_await hydra::StartSupervisedTaskNoLink(*tasks, Fetch, url);
//   absl::StatusOr<hydra::Pid> fire_and_forget = co_await hydra::StartChild(
//       *tasks, hydra::ProcessChild({.restart = hydra::Restart::kTemporary}, Report, event));
#ifndef HYDRA_SUPERVISOR_TASK_SUPERVISOR_H_
#define HYDRA_SUPERVISOR_TASK_SUPERVISOR_H_

#include <memory>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "absl/status/statusor.h"
#include "hydra/genserver/server_ref.h"
#include "hydra/process/async.h"
#include "hydra/process/behaviour.h"
#include "hydra/process/down.h"
#include "hydra/process/link.h"
#include "hydra/process/monitor.h"
#include "hydra/process/pending_request.h"
#include "hydra/process/pid.h"
#include "hydra/process/receive.h"
#include "hydra/process/request.h"
#include "hydra/process/self.h"
#include "hydra/process/spawn.h"
#include "hydra/supervisor/child_spec.h"
#include "hydra/supervisor/dynamic_supervisor.h"
#include "hydra/task/task.h"

namespace hydra {

// It is no other than that: its children are tasks.
using TaskSupervisor = DynamicSupervisor;

namespace supervisor_internal {

enum class TaskLink : bool { kNone, kToOwner };

// Waits for its owner's request, and does the work. One whose owner has ended before that does nothing.
template <typename T, typename F, typename... Args>
Async<> SupervisedTask(std::vector<Pid> callers, TaskLink link, F function, Args... args) {
  const Pid owner = callers.front();
  SetCallers(std::move(callers));
  if (link == TaskLink::kToOwner) Link(owner);
  const Ref ref = Monitor(owner);
  auto first = co_await Receive<Asked<TaskRequest<T>>, Down>();
  auto* asked = std::get_if<Asked<TaskRequest<T>>>(&first);
  if (asked == nullptr) co_return;
  Demonitor(ref);
  co_await RunTask<T>(std::move(asked->reply_to), std::move(function), std::move(args)...);
}

template <typename T, typename F, typename... Args>
Async<Task<T>> StartTaskUnder(ServerRef<TaskSupervisor> supervisor, TaskLink link, F function,
                              Args... args) {
  std::vector<Pid> callers = Callers();
  callers.insert(callers.begin(), Self());
  // It is started once: what it is made of is moved.
  auto parts = std::make_shared<std::tuple<std::vector<Pid>, TaskLink, F, Args...>>(
      std::move(callers), link, std::move(function), std::move(args)...);
  ChildSpec spec = {.id = "task",
                    .start = [parts]() -> Async<absl::StatusOr<Pid>> {
                      co_return std::apply(
                          [](auto&... part) {
                            return SpawnWith({.link = true}, &SupervisedTask<T, F, Args...>,
                                             std::move(part)...);
                          },
                          *parts);
                    },
                    .restart = Restart::kTemporary};
  const absl::StatusOr<Pid> pid = co_await StartChild(supervisor, std::move(spec));
  if (!pid.ok()) co_return Task<T>(pid.status());
  co_return Task<T>(*pid, SendRequest(*pid, TaskRequest<T>{}));
}

template <typename F, typename... Args>
using TaskValue = Awaited<std::invoke_result_t<F&, Args...>>;

}  // namespace supervisor_internal

// Starts a task that runs `function(args...)` under the supervisor, linked to the caller, its owner. If the
// supervisor can't start it the task's result is why. Must be awaited by a process.
template <typename F, typename... Args>
auto StartSupervisedTask(const ServerRef<TaskSupervisor>& supervisor, F function, Args... args) {
  static_assert(std::is_invocable_v<F&, Args...>,
                "StartSupervisedTask(supervisor, function, args...): the function can't be called "
                "with these arguments");
  return supervisor_internal::StartTaskUnder<supervisor_internal::TaskValue<F, Args...>>(
      supervisor, supervisor_internal::TaskLink::kToOwner, std::move(function), std::move(args)...);
}

// The same without a link: of its failure only its result tells.
template <typename F, typename... Args>
auto StartSupervisedTaskNoLink(const ServerRef<TaskSupervisor>& supervisor, F function,
                               Args... args) {
  static_assert(std::is_invocable_v<F&, Args...>,
                "StartSupervisedTaskNoLink(supervisor, function, args...): the function can't be "
                "called with these arguments");
  return supervisor_internal::StartTaskUnder<supervisor_internal::TaskValue<F, Args...>>(
      supervisor, supervisor_internal::TaskLink::kNone, std::move(function), std::move(args)...);
}

}  // namespace hydra

#endif  // HYDRA_SUPERVISOR_TASK_SUPERVISOR_H_
