// AsyncStream: a function applied to many items, several at a time, each in a task of its own.
//
//   hydra::AsyncStream<Page> pages = hydra::StreamTasks(urls, Fetch, {.max_concurrency = 8});
//   while (std::optional<absl::StatusOr<Page>> page = co_await pages.Next()) ...
#ifndef HYDRA_TASK_ASYNC_STREAM_H_
#define HYDRA_TASK_ASYNC_STREAM_H_

#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <stdexcept>
#include <type_traits>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "hydra/process/async.h"
#include "hydra/process/behaviour.h"
#include "hydra/process/exit_reason.h"
#include "hydra/process/link.h"
#include "hydra/process/pending_request.h"
#include "hydra/process/pid.h"
#include "hydra/process/timer.h"
#include "hydra/task/internal/task_body.h"
#include "hydra/task/task.h"

namespace hydra {

struct AsyncStreamOptions {
  // Tasks that run at a time; at least one.
  size_t max_concurrency = 8;
  // Whether results come in the order of the items, or as they are done.
  bool ordered = true;
  // How long one item may take.
  absl::Duration timeout = kTaskTimeout;
  // Whether an item that takes longer is killed, and yields kDeadlineExceeded; otherwise `Next` throws
  // TaskFailed.
  bool kill_on_timeout = false;
};

// The results of the items. Tasks are started as results are taken, so no more than `max_concurrency` are
// ahead. The tasks are linked to the process that uses the stream. Destroyed before its end it kills those
// that run, and nothing of them reaches the mailbox.
//
// Movable. Thread safety: belongs to one process.
template <typename T>
class [[nodiscard("a stream does nothing until its results are taken")]] AsyncStream {
 public:
  using Result = TaskResult<T>;

  // For StreamTasks. `start` starts the task of the next item, and returns nothing when there is none.
  AsyncStream(std::function<std::optional<Task<T>>()> start, AsyncStreamOptions options)
      : start_(std::move(start)), options_(options) {}
  AsyncStream(AsyncStream&&) noexcept = default;
  AsyncStream& operator=(AsyncStream&&) = delete;
  ~AsyncStream() {
    for (const auto& [index, running] : running_) End(running.pid);
  }

  // The result of the next item; nothing when there are no more.
  Async<std::optional<Result>> Next() {
    for (;;) {
      StartMore();
      const auto ready = options_.ordered ? ready_.find(next_) : ready_.begin();
      if (ready != ready_.end()) {
        Result result = std::move(ready->second);
        ready_.erase(ready);
        ++next_;
        co_return result;
      }
      if (running_.empty()) co_return std::nullopt;
      co_await TakeOne();
    }
  }

 private:
  struct Running {
    Pid pid;
    absl::Time deadline;
  };

  void StartMore() {
    while (start_ != nullptr && running_.size() + ready_.size() < options_.max_concurrency) {
      std::optional<Task<T>> task = start_();
      if (!task.has_value()) {
        start_ = nullptr;
        return;
      }
      const size_t index = started_++;
      if (!task->failure().ok()) {
        ready_.emplace(index, task->failure());
        continue;
      }
      running_[index] = {.pid = task->pid(), .deadline = Now() + options_.timeout};
      pending_.Add(std::move(*task).TakeRequest(), index);
    }
  }

  // Waits until an item is done, or has taken too long.
  Async<> TakeOne() {
    auto oldest = running_.begin();  // they all have the same time
    auto response = co_await pending_.Receive(oldest->second.deadline - Now());
    if (response.has_value()) {
      running_.erase(response->label);
      ready_.emplace(response->label, std::move(response->result));
      co_return;
    }
    absl::Status late = absl::DeadlineExceededError("an item had no result within " +
                                                    absl::FormatDuration(options_.timeout));
    if (!options_.kill_on_timeout) throw TaskFailed(late);
    End(oldest->second.pid);
    pending_.Remove(oldest->first);
    ready_.emplace(oldest->first, std::move(late));
    running_.erase(oldest);
  }

  static void End(Pid pid) {
    Unlink(pid);
    Exit(pid, ExitReason::Kill());
  }

  std::function<std::optional<Task<T>>()> start_;  // null when there are no more items
  AsyncStreamOptions options_;
  size_t started_ = 0;
  size_t next_ = 0;  // the item whose result comes next, if they are ordered
  std::map<size_t, Running> running_;
  std::map<size_t, Result> ready_;
  PendingRequests<task_internal::Ask<T>, size_t> pending_;
};

// Applies `function` to each of `items`, whose result is that of a task. Throws std::logic_error where no
// task may run.
template <typename Item, typename F>
auto StreamTasks(std::vector<Item> items, F function, AsyncStreamOptions options = {}) {
  static_assert(std::is_copy_constructible_v<F>,
                "StreamTasks(items, function): each task has its own copy of the function");
  if constexpr (std::is_copy_constructible_v<F> && task_internal::CheckFunction<F, Item>()) {
    if (options.max_concurrency == 0)
      throw std::logic_error("StreamTasks: max_concurrency is at least one");
    using T = Awaited<task_internal::Returned<F, Item>>;
    struct Source {
      std::vector<Item> items;
      F function;
      size_t next = 0;
    };
    auto source = std::make_shared<Source>(Source{std::move(items), std::move(function)});
    return AsyncStream<T>(
        [source]() -> std::optional<Task<T>> {
          if (source->next == source->items.size()) return std::nullopt;
          return StartTask(source->function, std::move(source->items[source->next++]));
        },
        options);
  }
}

}  // namespace hydra

#endif  // HYDRA_TASK_ASYNC_STREAM_H_
