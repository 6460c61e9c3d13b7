// Task: one computation in a process of its own, and its result.
//
//   hydra::Task<int> sum = hydra::StartTask(SumUp, numbers);     // SumUp returns an int, or an Async<int>
//   // ... other work ...
//   int total = co_await sum.Await();
//
// The task is linked to its owner, the process that starts it: if it fails the owner fails, unless that
// traps exits, and if the owner fails so does the task. `StartTaskNoLink` starts one whose failure is only
// told by its result.
//
// The result is taken once, by the owner. A task whose result nobody wants is ended by `Shutdown`, or left
// alone by `Ignore`; to destroy a Task is to ignore it, but for the link.
#ifndef HYDRA_TASK_TASK_H_
#define HYDRA_TASK_TASK_H_

#include <cstddef>
#include <functional>
#include <limits>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "hydra/process/async.h"
#include "hydra/process/behaviour.h"
#include "hydra/process/exit_reason.h"
#include "hydra/process/link.h"
#include "hydra/process/pending_request.h"
#include "hydra/process/pid.h"
#include "hydra/process/request.h"
#include "hydra/process/self.h"
#include "hydra/process/spawn.h"
#include "hydra/process/timer.h"
#include "hydra/task/internal/task_body.h"

namespace hydra {

// How long `Await` waits unless told otherwise.
inline constexpr absl::Duration kTaskTimeout = absl::Seconds(5);

// What `Await` throws where there is no result: the task has failed, or time has run out. Not caught, it
// ends the owner.
class TaskFailed : public std::runtime_error {
 public:
  explicit TaskFailed(absl::Status status)
      : std::runtime_error(status.ToString()), status_(std::move(status)) {}
  const absl::Status& status() const { return status_; }

 private:
  absl::Status status_;
};

// What has become of a task: its value, or kUnavailable, of which `ExitReasonOf` tells why it ended. Like
// the result of a Request: a task of void or absl::Status yields a Status, one of StatusOr<T> that.
template <typename T>
using TaskResult = RequestResult<task_internal::Ask<T>>;

// For those who start tasks in other ways than those below: the request that a task's process is asked, and
// what it does then.
template <typename T>
using TaskRequest = task_internal::Ask<T>;
template <typename T, typename F, typename... Args>
Async<> RunTask(ReplyTo<TaskRequest<T>> reply_to, F function, Args... args) {
  return task_internal::Run<T, F, Args...>(std::move(reply_to), std::move(function),
                                           std::move(args)...);
}

// Movable. Thread safety: belongs to its owner.
template <typename T>
class [[nodiscard("a task's result is awaited, or the task is ignored")]] Task {
 public:
  // No task.
  Task() = default;
  Task(Task&&) noexcept = default;
  Task& operator=(Task&&) noexcept = default;

  // The process; nobody if it couldn't be spawned.
  Pid pid() const { return pid_; }

  // Waits for the result and takes it. Throws TaskFailed if the task has failed, or if there is none within
  // `timeout`: whatever comes later reaches nobody.
  Async<T> Await(absl::Duration timeout = kTaskTimeout) {
    std::optional<TaskResult<T>> result = co_await Yield(timeout);
    if (!result.has_value()) {
      request_ = {};
      throw TaskFailed(absl::DeadlineExceededError("the task " + pid_.ToString() +
                                                   " had no result within " +
                                                   absl::FormatDuration(timeout)));
    }
    if (const absl::Status status = StatusOf(*result); IsCallFailure(status))
      throw TaskFailed(status);
    if constexpr (std::is_same_v<T, TaskResult<T>>) {
      co_return *std::move(result);
    } else if constexpr (!std::is_void_v<T>) {
      co_return **std::move(result);
    }
  }

  // The result, taken if there is one within `timeout`; nothing otherwise: may be tried again.
  Async<std::optional<TaskResult<T>>> Yield(absl::Duration timeout = kTaskTimeout) {
    if (!request_ && !failure_.ok()) co_return std::exchange(failure_, absl::OkStatus());
    task_internal::CheckUse(request_);
    co_return co_await request_.Wait(timeout);
  }

  // Unlinks the task and asks it to end as `shutdown`; kills it if it hasn't within `timeout`. Yields the
  // result if it came before that, why it ended if that was for another reason, and otherwise nothing.
  Async<std::optional<TaskResult<T>>> Shutdown(absl::Duration timeout = kTaskTimeout) {
    return End(ExitReason::Shutdown(), timeout);
  }
  // The same, but kills it at once.
  Async<std::optional<TaskResult<T>>> Kill() {
    return End(ExitReason::Kill(), absl::InfiniteDuration());
  }

  // Unlinks the task and lets it go on. Yields its result if it has come already; a later one reaches
  // nobody.
  Async<std::optional<TaskResult<T>>> Ignore() {
    Unlink(pid_);
    auto result = co_await Yield(absl::ZeroDuration());
    request_ = {};
    co_return result;
  }

  // Why there is no process; OK if there is one.
  const absl::Status& failure() const { return failure_; }
  // The request that its result answers; this is no task any more then.
  PendingRequest<task_internal::Ask<T>> TakeRequest() && { return std::move(request_); }

  // For StartTask: a task; or none, and why.
  Task(Pid pid, PendingRequest<task_internal::Ask<T>> request)
      : pid_(pid), request_(std::move(request)) {}
  explicit Task(absl::Status failure) : failure_(std::move(failure)) {}

 private:
  Async<std::optional<TaskResult<T>>> End(ExitReason reason, absl::Duration timeout) {
    Unlink(pid_);
    if (auto result = co_await Yield(absl::ZeroDuration())) co_return result;
    Exit(pid_, reason);
    auto result = co_await Yield(timeout);
    if (!result.has_value()) {
      reason = ExitReason::Kill();
      Exit(pid_, reason);
      result = co_await Yield(absl::InfiniteDuration());
    }
    if (task_internal::EndedAsAsked(*result, reason)) co_return std::nullopt;
    co_return result;
  }

  Pid pid_;
  PendingRequest<task_internal::Ask<T>> request_;
  absl::Status failure_;
};

// Starts a task that runs `function(args...)`, linked to the caller. Must be called by a process. If
// nothing can be spawned the result is why.
template <typename F, typename... Args>
auto StartTask(F&& function, Args&&... args) {
  return task_internal::Start<Task>(SpawnOptions{.link = true, .for_caller = true},
                                    std::forward<F>(function), std::forward<Args>(args)...);
}

// The same without a link.
template <typename F, typename... Args>
auto StartTaskNoLink(F&& function, Args&&... args) {
  return task_internal::Start<Task>(SpawnOptions{.for_caller = true}, std::forward<F>(function),
                                    std::forward<Args>(args)...);
}

// Waits for the results of all of them, in their order, `timeout` in all. Throws TaskFailed as Await does.
template <typename T>
Async<std::vector<T>> AwaitMany(std::vector<Task<T>> tasks, absl::Duration timeout = kTaskTimeout) {
  const absl::Time deadline = Now() + timeout;
  std::vector<T> results;
  results.reserve(tasks.size());
  for (Task<T>& task : tasks) results.push_back(co_await task.Await(deadline - Now()));
  co_return results;
}
inline Async<> AwaitMany(std::vector<Task<void>> tasks, absl::Duration timeout = kTaskTimeout) {
  const absl::Time deadline = Now() + timeout;
  for (Task<void>& task : tasks) co_await task.Await(deadline - Now());
}

// What YieldMany does with tasks that have no result in time.
enum class OnTaskTimeout { kLeave, kIgnore, kKill };

struct YieldManyOptions {
  absl::Duration timeout = kTaskTimeout;
  OnTaskTimeout on_timeout = OnTaskTimeout::kLeave;
  // Once there are so many results it waits for no more, and leaves the other tasks.
  size_t limit = std::numeric_limits<size_t>::max();
};

// The results of those that have one in time, in the order of the tasks; nothing for the others. Each task
// is as after `Yield`, or as `on_timeout` says.
template <typename T>
Async<std::vector<std::optional<TaskResult<T>>>> YieldMany(std::span<Task<T>> tasks,
                                                           YieldManyOptions options = {}) {
  const absl::Time deadline = Now() + options.timeout;
  std::vector<std::optional<TaskResult<T>>> results(tasks.size());
  size_t count = 0;
  for (size_t i = 0; i < tasks.size() && count < options.limit; ++i) {
    results[i] = co_await tasks[i].Yield(absl::ZeroDuration());
    if (results[i].has_value()) ++count;
  }
  if (count >= options.limit) co_return results;

  PendingRequests<task_internal::Ask<T>, size_t> pending;
  for (size_t i = 0; i < tasks.size(); ++i) {
    if (!results[i].has_value()) pending.Add(std::move(tasks[i]).TakeRequest(), i);
  }
  while (count < options.limit) {
    auto response = co_await pending.Receive(deadline - Now());
    if (!response.has_value()) break;
    results[response->label] = std::move(response->result);
    ++count;
  }
  for (size_t i = 0; i < tasks.size(); ++i) {
    if (!results[i].has_value()) tasks[i] = Task<T>(tasks[i].pid(), pending.Take(i));
  }
  if (count >= options.limit || options.on_timeout == OnTaskTimeout::kLeave) co_return results;
  for (size_t i = 0; i < tasks.size(); ++i) {
    if (results[i].has_value()) continue;
    results[i] = options.on_timeout == OnTaskTimeout::kKill ? co_await tasks[i].Kill()
                                                            : co_await tasks[i].Ignore();
  }
  co_return results;
}

}  // namespace hydra

#endif  // HYDRA_TASK_TASK_H_
