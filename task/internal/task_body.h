// The process of a task.
#ifndef HYDRA_TASK_INTERNAL_TASK_BODY_H_
#define HYDRA_TASK_INTERNAL_TASK_BODY_H_

#include <functional>
#include <stdexcept>
#include <type_traits>
#include <utility>

#include "hydra/process/async.h"
#include "hydra/process/behaviour.h"
#include "hydra/process/exit_reason.h"
#include "hydra/process/request.h"
#include "hydra/process/self.h"
#include "hydra/process/spawn.h"

namespace hydra::task_internal {

// What a task of T is asked for by its birth.
template <typename T>
struct Ask {
  using Reply = T;
};

template <typename F, typename... Args>
using Returned = std::invoke_result_t<F&, Args...>;

// Whether tasks can run such a function with such arguments; says why not.
template <typename F, typename... Args>
consteval bool CheckFunction() {
  constexpr bool kCanBeCalled = std::is_invocable_v<F&, Args...>;
  static_assert(
      kCanBeCalled,
      "a task's function can't be called with these arguments, which it is given as values");
  if constexpr (kCanBeCalled) {
    using T = Awaited<Returned<F, Args...>>;
    constexpr bool kIsValue = std::is_void_v<T> || std::is_move_constructible_v<T>;
    static_assert(
        kIsValue && !std::is_reference_v<T>,
        "a task's function returns nothing, a value that can be moved, or an Async of these");
    return kIsValue && !std::is_reference_v<T>;
  }
  return false;
}

// Whether a task has ended because it was asked to by `reason`.
template <typename Result>
bool EndedAsAsked(const Result& result, const ExitReason& reason) {
  const ExitReason expected =
      reason.kind() == ExitReason::Kind::kKill ? ExitReason::Killed() : reason;
  return ExitReasonOf(StatusOf(result)) == expected;
}

// Throws where a task is used that isn't the caller's, or has no result any more.
template <typename Request>
void CheckUse(const Request& request) {
  if (!request) throw std::logic_error("Task: its result has been taken, or it was ignored");
  if (request.ref().creator() != Self())
    throw std::logic_error("Task: its result is for the process that started it");
}

template <typename T, typename F, typename... Args>
Async<> Run(ReplyTo<Ask<T>> reply_to, F function, Args... args) {
  constexpr bool kAwaits = kIsAsync<Returned<F, Args...>>;
  if constexpr (kAwaits && std::is_void_v<T>) {
    co_await std::invoke(function, std::move(args)...);
    reply_to.Send();
  } else if constexpr (kAwaits) {
    reply_to.Send(co_await std::invoke(function, std::move(args)...));
  } else if constexpr (std::is_void_v<T>) {
    std::invoke(function, std::move(args)...);
    reply_to.Send();
  } else {
    reply_to.Send(std::invoke(function, std::move(args)...));
  }
  co_return;
}

template <template <typename> typename Task, typename F, typename... Args>
auto Start(const SpawnOptions& options, F&& function, Args&&... args) {
  if constexpr (CheckFunction<std::decay_t<F>, std::decay_t<Args>...>()) {
    using T = Awaited<Returned<std::decay_t<F>, std::decay_t<Args>...>>;
    auto spawned = SpawnAsked<Ask<T>>(options, &Run<T, std::decay_t<F>, std::decay_t<Args>...>,
                                      std::forward<F>(function), std::forward<Args>(args)...);
    if (!spawned.ok()) return Task<T>(spawned.status());
    return Task<T>(spawned->pid, std::move(spawned->request));
  }
}

}  // namespace hydra::task_internal

#endif  // HYDRA_TASK_INTERNAL_TASK_BODY_H_
