// The body of a server's process: the loop around the callbacks of a class S.
//
// Each message is handled in one of two ways. A callback that is an ordinary function is called straight
// from the loop; what it returns is settled at once, and a call costs its two messages. One that is a
// coroutine is awaited by the loop, which takes no other message meanwhile.
#ifndef HYDRA_GENSERVER_INTERNAL_SERVER_LOOP_H_
#define HYDRA_GENSERVER_INTERNAL_SERVER_LOOP_H_

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "hydra/base/compiler.h"
#include "hydra/base/log.h"
#include "hydra/genserver/internal/callbacks.h"
#include "hydra/genserver/internal/debug.h"
#include "hydra/genserver/internal/server_core.h"
#include "hydra/genserver/internal/sys_request.h"
#include "hydra/genserver/next.h"
#include "hydra/genserver/protocol.h"
#include "hydra/genserver/sys_event.h"
#include "hydra/process/async.h"
#include "hydra/process/behaviour.h"
#include "hydra/process/exit_reason.h"
#include "hydra/process/message.h"
#include "hydra/process/pid.h"
#include "hydra/process/request.h"
#include "hydra/process/via.h"

namespace hydra::genserver_internal {

template <typename S>
class Server final : public ServerCore {
 public:
  Server(ReplyTo<StartServerRequest> started, const StartContext& context)
      : ServerCore(std::move(started), context, TypeName<S>()) {}

  template <typename... Args>
  void Construct(Args&&... args) {
    state_.emplace(std::forward<Args>(args)...);
  }

  // ---- Waiting.

  Incoming& NextMessage() {
    if (next_.kind() != Next::Kind::kReceive) [[unlikely]]
      return incoming_.Next(LimitOfWait());
    return incoming_.Next(context_.hibernate_after);
  }

  // Called when no message has come in that time. Returns whether to wait on.
  bool WaitsOn() {
    const bool idle =
        next_.kind() == Next::Kind::kIdleTimeout && next_.timeout() <= context_.hibernate_after;
    if (!idle) GoToSleep();
    return !idle;
  }
  Incoming& NextMessageAfterSleep() {
    return incoming_.Next(next_.kind() == Next::Kind::kIdleTimeout
                              ? next_.timeout() - context_.hibernate_after
                              : absl::InfiniteDuration());
  }

  // ---- Handling. What is a coroutine is `pending` then, and is to be awaited.

  // Out of line: what it needs would else be in the loop's frame.
  HYDRA_NOINLINE void HandleMessage() {
    if (next_.kind() != Next::Kind::kReceive) [[unlikely]]
      next_ = Next();
    last_message_ = incoming_.type_name();
    if (debug_ != nullptr) [[unlikely]]
      return HandleWatched();
    if (!HandleRequest(typename S::Protocol())) HandleOther();
  }

  bool continues() const { return next_.kind() == Next::Kind::kContinue; }

  void HandleContinue() {
    Message step = std::move(next_.step());
    next_ = Next();
    last_message_ = step.type_name();
    if (!HandleStep(step, typename ContinuesOf<S>::type())) {
      Stop(ExitReason::Error("hydra::BadContinue",
                             "Next::Continue with a step that isn't in the server's Continues: " +
                                 std::string(step.type_name())));
    }
  }

  void HandleIdleTimeout() {
    next_ = Next();
    last_message_ = TypeName<IdleTimeout>();
    if constexpr (kIsIn<IdleTimeout, typename InfosOf<S>::type>) {
      Settle([&]() -> decltype(auto) { return state_->HandleInfo(IdleTimeout()); });
    } else {
      HandleAnyInfo(Message(IdleTimeout()));
    }
  }

  bool is_pending() const { return pending_.has_value(); }
  Async<Next> TakePending() { return *std::exchange(pending_, std::nullopt); }

  // ---- Ending.

  S& state() { return *state_; }

  // Answers the call that has stopped the server.
  void SendLastReply() { std::move(last_reply_).Send(); }

 private:
  // Handles a message, and tells those who watch the server by Sys.
  void HandleWatched() {
    const std::string message(MessageName());
    debug_->Note(SysEvent::Kind::kIn, message, Asker(typename S::Protocol()));
    if (!HandleRequest(typename S::Protocol())) HandleOther();
    if (is_pending()) {
      pending_.emplace(ThenNoteDone(TakePending(), message));
    } else {
      NoteDone(message);
    }
  }
  Async<Next> ThenNoteDone(Async<Next> callback, std::string message) {
    Next next = co_await std::move(callback);
    NoteDone(message);
    co_return next;
  }
  void NoteDone(std::string_view message) {
    if (debug_ != nullptr) debug_->Note(SysEvent::Kind::kDone, message, Pid());
  }

  // ---- What each callback returns, settled.

  // Calls `callback`, and sees to what it returns: nothing, a Next, or an Async of either.
  template <typename Callback>
  void Settle(Callback callback) {
    using Returned = std::invoke_result_t<Callback>;
    if constexpr (std::is_void_v<Returned>) {
      callback();
    } else if constexpr (std::is_same_v<Returned, Next>) {
      SetNext(callback());
    } else if constexpr (std::is_same_v<Returned, Async<Next>>) {
      pending_.emplace(callback());
    } else {
      static_assert(std::is_same_v<Returned, Async<>>,
                    "HandleCast, HandleInfo, HandleContinue and a HandleCall with a ReplyTo return "
                    "void, hydra::Next, or an Async of either");
      pending_.emplace(ThenReceive(callback()));
    }
  }

  static Async<Next> ThenReceive(Async<> callback) {
    co_await std::move(callback);
    co_return Next();
  }

  // ---- Requests.

  template <typename... Ms>
  bool HandleRequest(Protocol<Ms...>) {
    return ((incoming_.Is<SentFor<Ms>>() && (TakeRequest<Ms>(), true)) || ...);
  }

  // What the request M arrives as.
  template <typename M>
  using SentFor = typename std::conditional_t<IsCallRequest<M>, std::type_identity<Asked<M>>,
                                              std::type_identity<M>>::type;

  template <typename M>
  void TakeRequest() {
    CheckHandler<S, M>();
    if constexpr (IsCallRequest<M>) {
      if constexpr (kRepliesLater<S, M>) {
        HandleCallLater(incoming_.Take<Asked<M>>());
      } else if constexpr (kAwaits<S, M>) {
        HandleCallAwaiting(incoming_.Take<Asked<M>>());
      } else {
        incoming_.HandleUnheld<Asked<M>>([this](Asked<M>& asked) {
          try {
            HandleCallNow(asked);
          } catch (...) {
            unanswered_ = std::move(asked.reply_to.target());
            throw;
          }
        });
      }
    } else {
      M cast = incoming_.Take<M>();
      Settle([&]() -> decltype(auto) { return state_->HandleCast(std::move(cast)); });
    }
  }

  // Who asks for what has been received; nobody if that is no call.
  template <typename... Ms>
  Pid Asker(Protocol<Ms...>) {
    Pid asker;
    const auto find = [&]<typename M>(std::type_identity<M>) {
      if constexpr (IsCallRequest<M>) {
        if (const auto* asked = incoming_.Get<Asked<M>>()) asker = asked->reply_to.from();
      }
    };
    (find(std::type_identity<Ms>()), ...);
    return asker;
  }

  // The callback gets the ReplyTo.
  template <typename M>
  void HandleCallLater(Asked<M> asked) {
    Settle([&]() -> decltype(auto) {
      return state_->HandleCall(std::move(asked.request), std::move(asked.reply_to));
    });
  }

  // The callback is a coroutine that yields the reply.
  template <typename M>
  void HandleCallAwaiting(Asked<M> asked) {
    pending_.emplace(
        ReplyWith<M>(state_->HandleCall(std::move(asked.request)), std::move(asked.reply_to)));
  }
  template <typename M, typename R>
  Async<Next> ReplyWith(Async<R> callback, ReplyTo<M> reply_to) {
    if constexpr (std::is_void_v<R>) {
      co_await std::move(callback);
      Reply<M>(std::move(reply_to.target()), absl::OkStatus());
    } else if constexpr (std::is_same_v<R, Next>) {
      ReplyAndThen<M>(std::move(reply_to.target()),
                      ReplyThen{absl::OkStatus(), co_await std::move(callback)});
    } else if constexpr (kIsReplyThen<R>) {
      R result = co_await std::move(callback);
      ReplyAndThen<M>(std::move(reply_to.target()), std::move(result));
    } else {
      Reply<M>(std::move(reply_to.target()), co_await std::move(callback));
    }
    co_return std::move(next_);
  }

  // The callback returns the reply.
  template <typename M>
  void HandleCallNow(Asked<M>& asked) {
    using R = decltype(state_->HandleCall(std::move(asked.request)));
    HeldRequest& request = asked.reply_to.target();
    if constexpr (std::is_void_v<R>) {
      state_->HandleCall(std::move(asked.request));
      Reply<M>(std::move(request), absl::OkStatus());
    } else if constexpr (std::is_same_v<R, Next>) {
      Next next = state_->HandleCall(std::move(asked.request));
      ReplyAndThen<M>(std::move(request), ReplyThen{absl::OkStatus(), std::move(next)});
    } else if constexpr (kIsReplyThen<R>) {
      R result = state_->HandleCall(std::move(asked.request));
      ReplyAndThen<M>(std::move(request), std::move(result));
    } else {
      Reply<M>(std::move(request), state_->HandleCall(std::move(asked.request)));
    }
  }

  template <typename M, typename T>
  void Reply(HeldRequest&& request, T&& reply) {
    if (debug_ != nullptr) [[unlikely]]
      debug_->Note(SysEvent::Kind::kReply, TypeName<M>(), request.asker().creator());
    SendReply<M>(std::move(request), std::forward<T>(reply));
  }

  // A server that stops answers after Terminate.
  template <typename M, typename R>
  void ReplyAndThen(HeldRequest&& request, ReplyThen<R> result) {
    const bool stops = result.next.kind() == Next::Kind::kStop;
    SetNext(std::move(result.next));
    if (!stops) return Reply<M>(std::move(request), std::move(result.reply));
    last_reply_ = PreparedReply::Of<M>(std::move(request), std::move(result.reply));
  }

  // ---- All else.

  // Out of line: the strings that it logs would else cost each call a check of the stack.
  HYDRA_NOINLINE void HandleOther() {
    if (HandleSystemMessage() || HandleTypedInfo(typename InfosOf<S>::type())) return;
    if (incoming_.RefuseRequest()) {
      HYDRA_LOG(WARNING) << Named() << " was asked a " << MessageName()
                         << ", which its Protocol lacks";
      return;
    }
    HandleAnyInfo(incoming_.TakeMessage());
  }

  template <typename... Ms>
  bool HandleTypedInfo(Infos<Ms...>) {
    return (TryInfo<Ms>() || ...);
  }

  template <typename M>
  bool TryInfo() {
    CheckInfo<S, M>();
    if (!incoming_.Is<M>()) return false;
    M info = incoming_.Take<M>();
    Settle([&]() -> decltype(auto) { return state_->HandleInfo(std::move(info)); });
    return true;
  }

  void HandleAnyInfo(Message message) {
    if constexpr (requires { state_->HandleInfo(message); }) {
      if constexpr (kIsAsync<decltype(state_->HandleInfo(message))>) {
        kept_info_ = std::move(message);  // the coroutine refers to it
        Settle([&]() -> decltype(auto) { return state_->HandleInfo(kept_info_); });
      } else {
        Settle([&]() -> decltype(auto) { return state_->HandleInfo(message); });
      }
    } else {
      LogUnhandled(message);
    }
  }

  template <typename... Cs>
  bool HandleStep(Message& step, Continues<Cs...>) {
    return (TryStep<Cs>(step) || ...);
  }

  template <typename C>
  bool TryStep(Message& step) {
    CheckStep<S, C>();
    C* value = step.Get<C>();
    if (value == nullptr) return false;
    Settle([&]() -> decltype(auto) { return state_->HandleContinue(std::move(*value)); });
    return true;
  }

  // ---- What ServerCore asks of the class.

  void* StateOfType(const void* type) override {
    return type == &kStateType<S> ? &*state_ : nullptr;
  }

  std::string FormattedState() override {
    if constexpr (requires { state_->FormatStatus(); }) {
      if (state_.has_value()) return std::string(state_->FormatStatus());
    }
    return "";
  }

  void HibernateState() override {
    if constexpr (requires { state_->Hibernate(); }) state_->Hibernate();
  }

  std::optional<S> state_;
  std::optional<Async<Next>> pending_;  // the callback that is to be awaited
  PreparedReply last_reply_;
  Message kept_info_;
};

template <typename S>
Async<> CallTerminate(S* state, ExitReason reason) {
  if constexpr (kIsAsync<TerminateReturns<S>>) {
    co_await state->Terminate(reason);
  } else {
    state->Terminate(reason);
    co_return;
  }
}

// Calls Init. Returns whether the server has started.
template <typename S>
bool InitializeNow(Server<S>& server) {
  try {
    if constexpr (std::is_void_v<InitReturns<S>>) {
      server.state().Init();
      return true;
    } else {
      static_assert(
          std::is_convertible_v<InitReturns<S>, InitResult>,
          "Init returns void, absl::Status, hydra::Next, hydra::InitResult, or an Async of one");
      return server.Begin(server.state().Init());
    }
  } catch (...) {
    server.InitFailed();
  }
  server.Finish();
  return false;
}

// The same where Init is a coroutine.
template <typename S>
Async<bool> Initialize(Server<S>* server) {
  try {
    if constexpr (std::is_void_v<Awaited<InitReturns<S>>>) {
      co_await server->state().Init();
      co_return true;
    } else {
      co_return server->Begin(co_await server->state().Init());
    }
  } catch (...) {
    server->InitFailed();
  }
  server->Finish();
  co_return false;
}

// Serves until the server stops. This frame is there as long as the server: what only the start needs isn't
// in it.
template <typename S>
Async<> Serve(std::unique_ptr<Server<S>> server) {
  if (!server->is_running()) co_return server->Finish();
  if constexpr (kAwaitsInit<S>) {
    if (!co_await Initialize(server.get())) co_return;
  } else if constexpr (kHasInit<S>) {
    if (!InitializeNow(*server)) co_return;
  }
  server->Started();

  while (server->is_running()) {
    try {
      if (server->is_suspended()) [[unlikely]] {
        co_await server->ServeSuspended();
        continue;
      }
      if (server->continues()) [[unlikely]] {
        server->HandleContinue();
      } else {
        bool found = co_await server->NextMessage();
        if (!found && server->WaitsOn()) found = co_await server->NextMessageAfterSleep();
        if (found) [[likely]] {
          server->HandleMessage();
        } else {
          server->HandleIdleTimeout();
        }
      }
      if (server->is_pending()) server->SetNext(co_await server->TakePending());
    } catch (...) {
      server->CallbackFailed();
    }
  }

  if constexpr (kHasTerminate<S>) {
    try {
      co_await CallTerminate(&server->state(), server->stop_reason());
    } catch (...) {
      server->TerminateFailed();
    }
  }
  server->SendLastReply();
  server->Finish();
}

// The body of a server's process.
template <typename S, typename... Args>
// NOLINTBEGIN(performance-unnecessary-value-param): what is spawned with are values.
Async<> RunServer(ReplyTo<StartServerRequest> started, StartContext context,
                  std::shared_ptr<const Via> via, Args... args) {
  // NOLINTEND(performance-unnecessary-value-param)
  CheckOptionalCallbacks<S>();
  auto server = std::make_unique<Server<S>>(std::move(started), context);
  try {
    if (via == nullptr || server->Enter(*via)) server->Construct(std::move(args)...);
  } catch (...) {
    server->InitFailed();
  }
  return Serve(std::move(server));
}

}  // namespace hydra::genserver_internal

#endif  // HYDRA_GENSERVER_INTERNAL_SERVER_LOOP_H_
