// Awaitable: waits for what calls back, on whatever thread: a gRPC stub, any C library.
//
//   auto call = std::make_shared<GetCall>(request);          // what the callback needs
//   absl::Status status = co_await hydra::Awaitable<absl::Status>(
//       [&stub, call](hydra::Completion<absl::Status> done) {
//         stub.async()->Get(&call->context, &call->request, &call->reply,
//                           [done, call](grpc::Status s) { done.Complete(FromGrpc(s)); });
//       });
//
// The function is called by the process, which then waits, and takes signals like in any wait, until
// somebody completes it. `Within` limits the time; a completion that comes later reaches nobody. If
// nobody ever completes it, the wait ends by `Within`, or never.
//
// What the callback writes to must not be in the waiting frame: a process that is killed, or that has
// stopped waiting, has no such frame any more. Hand results over by `Complete`, and keep buffers in
// the callback's own state (a shared_ptr).
#ifndef HYDRA_PROCESS_AWAITABLE_H_
#define HYDRA_PROCESS_AWAITABLE_H_

#include <coroutine>
#include <functional>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>

#include "absl/time/time.h"
#include "hydra/process/internal/answer.h"
#include "hydra/process/internal/answer_signal.h"
#include "hydra/process/internal/completion.h"

namespace hydra {

// Ends one Awaitable's wait, once. Copies share that. Copied into callbacks freely.
//
// Thread safety: any thread, also inside the function, after the process has ended, and after its
// runtime is gone; where nobody waits any more the value is destroyed, on the calling thread.
template <typename T>
class Completion {
 public:
  // Ends the wait with `value`. Only the first of several does anything.
  void Complete(T value) const {
    if (state_->Claim())
      state_->Send(process_internal::NewAnswer<T>(state_->id(), std::move(value)));
  }

  // For the runtime.
  explicit Completion(std::shared_ptr<process_internal::CompletionState> state)
      : state_(std::move(state)) {}

 private:
  std::shared_ptr<process_internal::CompletionState> state_;
};

namespace process_internal {

template <bool kTimed, typename T, typename Start>
class [[nodiscard("an Awaitable is started when it is awaited")]] CompletionWait
    : public CallbackWait {
 public:
  explicit CompletionWait(Start start, absl::Duration timeout = absl::InfiniteDuration())
      : CallbackWait(timeout), start_(std::move(start)) {}

  // At most for the time `timeout`; the result is an optional then.
  auto Within(absl::Duration timeout) && {
    static_assert(!kTimed, "Within is said once");
    return CompletionWait<true, T, Start>(std::move(start_), timeout);
  }

  template <typename P>
  bool await_suspend(std::coroutine_handle<P> leaf) {
    Ask();
    return BeginAnswerWait(*this, leaf.promise());
  }

  // Calls the function.
  bool Ask() {
    std::invoke(start_, Completion<T>(Prepare()));
    return true;
  }

  std::conditional_t<kTimed, std::optional<T>, T> await_resume() {
    const typename CallbackWait::Finish finish(*this);
    if constexpr (kTimed) {
      if (!is_answered()) return std::nullopt;
    }
    return this->template TakeAnswer<T>();
  }

 private:
  Start start_;
};

}  // namespace process_internal

// Calls `start(Completion<T>)` when it is awaited, and yields the T that completes it. An exception of
// `start` is rethrown from the co_await. Must be awaited by a process.
template <typename T, typename Start>
auto Awaitable(Start start) {
  static_assert(std::is_invocable_v<Start&, Completion<T>>,
                "Awaitable<T>(start): start takes a hydra::Completion<T>");
  return process_internal::CompletionWait<false, T, Start>(std::move(start));
}

}  // namespace hydra

#endif  // HYDRA_PROCESS_AWAITABLE_H_
