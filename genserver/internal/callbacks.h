// What the callbacks of a server's class look like, and what is said at compile time of those that don't.
#ifndef HYDRA_GENSERVER_INTERNAL_CALLBACKS_H_
#define HYDRA_GENSERVER_INTERNAL_CALLBACKS_H_

#include <type_traits>
#include <utility>

#include "absl/status/status.h"
#include "hydra/genserver/next.h"
#include "hydra/genserver/protocol.h"
#include "hydra/process/async.h"
#include "hydra/process/behaviour.h"
#include "hydra/process/exit_reason.h"
#include "hydra/process/message.h"
#include "hydra/process/request.h"

namespace hydra::genserver_internal {

template <typename T>
inline constexpr bool kIsReplyThen = false;
template <typename T>
inline constexpr bool kIsReplyThen<ReplyThen<T>> = true;

// ---- Calls.

template <typename S, typename M>
inline constexpr bool kRepliesLater =
    requires(S& state) { state.HandleCall(std::declval<M>(), std::declval<ReplyTo<M>>()); };

template <typename S, typename M>
inline constexpr bool kReplies = requires(S& state) { state.HandleCall(std::declval<M>()); };

template <typename S, typename M>
using CallResult = decltype(std::declval<S&>().HandleCall(std::declval<M>()));

template <typename S, typename M>
inline constexpr bool kAwaits = kIsAsync<CallResult<S, M>>;

// Whether a callback that returns an R answers a call whose reply is a `Reply`.
template <typename R, typename Reply>
inline constexpr bool kAnswers = std::is_convertible_v<R, Reply>;
template <>
inline constexpr bool kAnswers<void, void> = true;
template <>
inline constexpr bool kAnswers<Next, void> = true;
template <>
inline constexpr bool kAnswers<absl::Status, void> = true;
template <typename T, typename Reply>
inline constexpr bool kAnswers<ReplyThen<T>, Reply> = kAnswers<T, Reply>;

template <typename S, typename M>
inline constexpr bool kHandlesCast = requires(S& state) { state.HandleCast(std::declval<M>()); };

// Whether S handles its request M.
template <typename S, typename M>
constexpr void CheckHandler() {
  if constexpr (IsCallRequest<M>) {
    static_assert(
        kReplies<S, M> || kRepliesLater<S, M>,
        "a request of the Protocol that has a Reply needs a public HandleCall(request), or "
        "HandleCall(request, ReplyTo<Request>)");
    static_assert(!(kReplies<S, M> && kRepliesLater<S, M>),
                  "a request has one HandleCall: with a ReplyTo or without");
    if constexpr (kReplies<S, M> && !kRepliesLater<S, M>) {
      static_assert(
          kAnswers<Awaited<CallResult<S, M>>, typename M::Reply>,
          "HandleCall(request) returns the request's Reply, or a ReplyThen or an Async of it");
    }
  } else {
    static_assert(kHandlesCast<S, M>,
                  "a request of the Protocol that has no Reply needs a public HandleCast(request)");
  }
}

template <typename S, typename M>
constexpr void CheckInfo() {
  static_assert(
      requires(S& state) { state.HandleInfo(std::declval<M>()); },
      "a type of the server's Infos needs a public HandleInfo(message)");
}

template <typename S, typename C>
constexpr void CheckStep() {
  static_assert(
      requires(S& state) { state.HandleContinue(std::declval<C>()); },
      "a type of the server's Continues needs a public HandleContinue(step)");
}

// ---- Init and Terminate.

template <typename S>
inline constexpr bool kHasInit = requires(S& state) { state.Init(); };

template <typename S>
using InitReturns = decltype(std::declval<S&>().Init());

template <typename S>
inline constexpr bool kHasTerminate =
    requires(S& state, const ExitReason& reason) { state.Terminate(reason); };

template <typename S>
using TerminateReturns = decltype(std::declval<S&>().Terminate(std::declval<const ExitReason&>()));

}  // namespace hydra::genserver_internal

#endif  // HYDRA_GENSERVER_INTERNAL_CALLBACKS_H_
