// What the callbacks of a server's class look like, and what is said at compile time of those that don't.
#ifndef HYDRA_GENSERVER_INTERNAL_CALLBACKS_H_
#define HYDRA_GENSERVER_INTERNAL_CALLBACKS_H_

#include <string>
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
inline constexpr bool kAwaitsInit = false;
template <typename S>
  requires kHasInit<S>
inline constexpr bool kAwaitsInit<S> = kIsAsync<InitReturns<S>>;

template <typename S>
inline constexpr bool kHasTerminate =
    requires(S& state, const ExitReason& reason) { state.Terminate(reason); };

template <typename S>
using TerminateReturns = decltype(std::declval<S&>().Terminate(std::declval<const ExitReason&>()));

// ---- Callbacks that may be there. One that would never be called is refused.

template <typename S>
constexpr void CheckOptionalCallbacks() {
  if constexpr (requires { &S::Init; })
    static_assert(kHasInit<S>, "Init takes no argument: those of Start go to the constructor");
  if constexpr (requires { &S::Terminate; })
    static_assert(kHasTerminate<S>, "Terminate takes a const hydra::ExitReason&");
  if constexpr (kHasTerminate<S>) {
    static_assert(
        std::is_void_v<Awaited<TerminateReturns<S>>>,
        "Terminate returns void or hydra::Async<>: a server that stops does nothing else");
  }
  if constexpr (requires { &S::HandleInfo; } &&
                std::is_same_v<typename InfosOf<S>::type, Infos<>>) {
    static_assert(
        requires(S& state, Message& message) { state.HandleInfo(message); },
        "HandleInfo takes a hydra::Message&, or a type that `using Infos` lists");
  }
  if constexpr (requires { &S::HandleContinue; }) {
    static_assert(!std::is_same_v<typename ContinuesOf<S>::type, Continues<>>,
                  "HandleContinue takes a type that `using Continues` lists");
  }
  if constexpr (requires(S& state) { state.FormatStatus(); }) {
    static_assert(
        requires(S& state) { std::string(state.FormatStatus()); },
        "FormatStatus returns a string, and isn't a coroutine");
  }
  if constexpr (requires(S& state) { state.Hibernate(); }) {
    static_assert(std::is_void_v<decltype(std::declval<S&>().Hibernate())>,
                  "Hibernate returns void, and isn't a coroutine");
  }
}

}  // namespace hydra::genserver_internal

#endif  // HYDRA_GENSERVER_INTERNAL_CALLBACKS_H_
