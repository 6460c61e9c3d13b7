// AnyOf: waits for a message, or for an awaitable or a request, whichever comes first.
//
//   std::variant<Stop, Bytes> first =
//       co_await hydra::AnyOf(hydra::Receive<Stop>(), hydra::Awaitable<Bytes>(StartReading));
//   if (const Bytes* bytes = std::get_if<1>(&first)) Use(*bytes);
//
//   std::optional<std::variant<Stop, Bytes>> in_time =
//       co_await hydra::AnyOf(hydra::Receive<Stop>(), hydra::Awaitable<Bytes>(StartReading))
//           .Within(absl::Seconds(1));
//
// The first part is a `Receive` of types, with `For` and `Where` if need be. The second is an
// `Awaitable`, which is started, or a `Request`, which is sent, though there may be a message
// already.
//
// If both are there when the process looks, what has arrived first counts. The other is
// abandoned: a message stays in the mailbox, a completion or an answer that comes later reaches
// nobody.
//
// `Within` is said of the whole, and counted from its call. The parts have none, but for a
// `Request`: it keeps its own limit, five seconds unless told otherwise, and yields
// kDeadlineExceeded if that comes first. If a predicate or the function of the `Awaitable`
// throws, the co_await throws.
#ifndef HYDRA_PROCESS_ANY_OF_H_
#define HYDRA_PROCESS_ANY_OF_H_

#include <algorithm>
#include <coroutine>
#include <optional>
#include <type_traits>
#include <utility>
#include <variant>

#include "absl/time/time.h"
#include "hydra/process/awaitable.h"
#include "hydra/process/internal/current.h"
#include "hydra/process/internal/wait.h"
#include "hydra/process/receive.h"
#include "hydra/process/request.h"

namespace hydra {
namespace process_internal {

// What AnyOf takes, and whether it has a limit of its own.
template <typename T>
inline constexpr bool kIsReceive = false;
template <bool kTimed, typename Predicate, typename... Ms>
inline constexpr bool kIsReceive<ReceiveWait<kTimed, Predicate, Ms...>> = true;

template <typename T>
inline constexpr bool kIsAnswered = std::is_base_of_v<AskingWait, T>;
template <bool kTimed, typename T, typename Start>
inline constexpr bool kIsAnswered<CompletionWait<kTimed, T, Start>> = true;

template <typename T>
inline constexpr bool kHasLimit = false;
template <typename Predicate, typename... Ms>
inline constexpr bool kHasLimit<ReceiveWait<true, Predicate, Ms...>> = true;
template <typename T, typename Start>
inline constexpr bool kHasLimit<CompletionWait<true, T, Start>> = true;

// The wait is the receive's, which is told what answer ends it, too.
template <bool kTimed, typename Receiving, typename Asking>
class [[nodiscard("AnyOf does nothing until it is awaited")]] AnyOfWait {
  using Answer = decltype(std::declval<Asking&>().await_resume());
  using Either = std::variant<typename Receiving::Received, Answer>;
  using Result = std::conditional_t<kTimed, std::optional<Either>, Either>;

 public:
  using IsProcessWait = void;

  AnyOfWait(Receiving receiving, Asking asking, Tick deadline)
      : receiving_(std::move(receiving)), asking_(std::move(asking)), deadline_(deadline) {}
  AnyOfWait(const AnyOfWait&) = delete;
  AnyOfWait& operator=(const AnyOfWait&) = delete;
  ~AnyOfWait() {
    if (!resumed_) receiving_.DestroyFound();
  }

  auto Within(absl::Duration timeout) && {
    static_assert(!kTimed, "Within is said once");
    return AnyOfWait<true, Receiving, Asking>(std::move(receiving_), std::move(asking_),
                                              DeadlineAfter(timeout));
  }

  bool await_ready() const noexcept { return false; }

  template <typename P>
  bool await_suspend(std::coroutine_handle<P> leaf) {
    if (!asking_.Ask()) return false;
    receiving_.request = asking_.request;
    receiving_.deadline = std::min(deadline_, asking_.deadline);
    return BeginAnswerWait(receiving_, leaf.promise());
  }

  Result await_resume() {
    resumed_ = true;
    if (receiving_.FoundAnswer()) {
      asking_.found = std::exchange(receiving_.found, nullptr);
      asking_.found_is_pinned = receiving_.found_is_pinned;
    }
    receiving_.RethrowError();
    if (receiving_.found != nullptr)
      return Either(std::in_place_index<0>, receiving_.await_resume());
    if constexpr (kTimed) {
      const bool asked = asking_.request != 0;
      if (asked && asking_.found == nullptr && deadline_ <= asking_.deadline) return std::nullopt;
    }
    return Either(std::in_place_index<1>, asking_.await_resume());
  }

 private:
  Receiving receiving_;
  Asking asking_;
  const Tick deadline_;
  bool resumed_ = false;
};

}  // namespace process_internal

// Waits for a message that `receive` takes or for what `asking` yields, when it is awaited. Yields a
// `std::variant` of the two; an optional of that after `Within`. Must be awaited by a process.
template <typename Receiving, typename Asking>
auto AnyOf(Receiving receive, Asking asking) {
  static_assert(process_internal::kIsReceive<Receiving>,
                "AnyOf(receive, asking): the first is a Receive of message types");
  static_assert(process_internal::kIsAnswered<Asking>,
                "AnyOf(receive, asking): the second is an Awaitable or a Request");
  static_assert(!process_internal::kHasLimit<Receiving> && !process_internal::kHasLimit<Asking>,
                "its parts have no limit: AnyOf(receive, asking).Within(d)");
  return process_internal::AnyOfWait<false, Receiving, Asking>(
      std::move(receive), std::move(asking), process_internal::kForever);
}

}  // namespace hydra

#endif  // HYDRA_PROCESS_ANY_OF_H_
