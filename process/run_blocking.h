// RunBlocking: calls a function that blocks, or computes for long, on a thread where it holds up
// nobody.
//
//   std::string text = co_await hydra::RunBlocking([&path] { return ReadFile(path); });
//
//   const int64_t sum = co_await hydra::RunBlocking([&rows](const std::stop_token& stop) {
//     int64_t sum = 0;
//     for (size_t i = 0; i < rows.size() && !stop.stop_requested(); ++i) sum += Parse(rows[i]);
//     return sum;
//   });
//
// The function may refer to the waiting frame, which stays until it has returned. So **an exit
// signal, a kill too, takes effect only when it returns**; the stop token, if it takes one, says
// that an exit has come, and the process ends without going on. Whoever asks something of the
// process after the exit is answered when it has ended. Until an exit comes it is as in any wait.
// There is no `Within`, and a function that never returns keeps its process, its thread and the
// runtime's destructor for ever.
//
// The function, and the callbacks of its stop token, are on a foreign thread: the free functions,
// as `Send` and `Self`, fail a check there. They may use members of `Runtime`.
//
// Threads are started on demand, `RuntimeOptions::max_blocking_threads` at most, and end after
// ten idle seconds. Further functions wait, first in, first out; one that hasn't begun when an
// exit comes is never called. The runtime's end asks those that run to stop, and waits for them;
// their processes don't go on. By hand there is no thread: the driver calls a function as a step
// of its own, which the seed picks.
//
// Cost: two threads are woken, some ten microseconds.
#ifndef HYDRA_PROCESS_RUN_BLOCKING_H_
#define HYDRA_PROCESS_RUN_BLOCKING_H_

#include <exception>
#include <functional>
#include <optional>
#include <stop_token>
#include <type_traits>
#include <utility>
#include <variant>

#include "hydra/process/internal/blocking_wait.h"

namespace hydra {
namespace process_internal {

template <typename F>
concept StoppableFunction = std::is_invocable_v<F&, std::stop_token>;

template <typename F>
class [[nodiscard("a blocking function is called when it is awaited")]] BlockingCall final
    : public BlockingWait {
  // NOLINTNEXTLINE(performance-unnecessary-value-param): it is moved where there is a use for it.
  static auto Call(F& function, [[maybe_unused]] std::stop_token stop) {
    if constexpr (StoppableFunction<F>) {
      return std::invoke(function, std::move(stop));
    } else {
      return std::invoke(function);
    }
  }
  using Result = decltype(Call(std::declval<F&>(), {}));

 public:
  explicit BlockingCall(F function)
      : BlockingWait(StoppableFunction<F> ? std::stop_source()
                                          : std::stop_source(std::nostopstate)),
        function_(std::move(function)) {}

  Result await_resume() {
    const BlockingWait::Finish finish(*this);
    if (error_ != nullptr) std::rethrow_exception(std::move(error_));
    if constexpr (!std::is_void_v<Result>) return *std::move(result_);
  }

 private:
  void Run() noexcept override {
    try {
      if constexpr (std::is_void_v<Result>) {
        Call(function_, stop_token());
      } else {
        result_.emplace(Call(function_, stop_token()));
      }
    } catch (...) {
      error_ = std::current_exception();
    }
  }

  F function_;
  std::optional<std::conditional_t<std::is_void_v<Result>, std::monostate, Result>> result_;
  std::exception_ptr error_;
};

}  // namespace process_internal

// Calls `function()`, or `function(std::stop_token)` if it takes one, on another thread when it is awaited,
// and yields what it returns: a value, which may be move-only, or nothing. An exception of
// the function is rethrown from the co_await; std::system_error if there is no thread and the system gives
// none. Must be awaited by a process.
template <typename F>
auto RunBlocking(F function) {
  static_assert(process_internal::StoppableFunction<F> || std::is_invocable_v<F&>,
                "RunBlocking(function): the function takes nothing, or a std::stop_token");
  return process_internal::BlockingCall<F>(std::move(function));
}

}  // namespace hydra

#endif  // HYDRA_PROCESS_RUN_BLOCKING_H_
