// Request: a message that is answered.
//
//   struct Total {
//     using Reply = int;                               // this is what makes it a request
//     std::string account;
//   };
//
//   absl::StatusOr<int> total = co_await hydra::Request(bank, Total{"mine"});      // five seconds
//   total = co_await hydra::Request(bank, Total{"mine"}).Within(absl::Minutes(1));
//
//   hydra::Asked<Total> asked = co_await hydra::Receive<hydra::Asked<Total>>();    // in the bank
//   asked.reply_to.Send(42);
//
// It is what calls to servers are made of. The answer goes straight to the process that waits for
// it, never through its mailbox: an answer that is too late, and a second one, reach nobody.
//
// A request fails with
//   kDeadlineExceeded    no answer in time. The request may still be carried out.
//   kNotFound            there is no such process, or nobody has the name or is found by the Via
//   kUnavailable         the process ended before it answered, or dropped the `ReplyTo`, or its node
//                        can't be reached; `ExitReasonOf(status)` is the reason it ended with, or
//                        `noconnection`
//   kResourceExhausted   the mailbox of the process is full: see overflow.h
//   kFailedPrecondition  a process can't ask itself
//   kInvalidArgument     the process is on another node, and the message can't be sent there: wire.h
//   kUnimplemented, kDataLoss   the other node doesn't understand the request, or this one the answer
// `IsCallFailure(status)` tells these from a status that is the server's answer.
#ifndef HYDRA_PROCESS_REQUEST_H_
#define HYDRA_PROCESS_REQUEST_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <type_traits>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "hydra/process/dest.h"
#include "hydra/process/exit_reason.h"
#include "hydra/process/internal/answer.h"
#include "hydra/process/internal/current.h"
#include "hydra/process/internal/refusal.h"
#include "hydra/process/internal/signal.h"
#include "hydra/process/internal/wait.h"
#include "hydra/process/pid.h"

namespace hydra {

// How long a request waits for its answer unless told otherwise.
inline constexpr absl::Duration kRequestTimeout = absl::Seconds(5);

// Whether `status` says that the request failed, and isn't the server's own answer.
bool IsCallFailure(const absl::Status& status);

// Why the process that was asked ended; nothing if that isn't why the request failed.
std::optional<ExitReason> ExitReasonOf(const absl::Status& status);

// What a request yields: a `Reply` of void or absl::Status makes it a Status, one of StatusOr<T> stays
// as it is, and any other T makes it a StatusOr<T>.
template <typename M>
using RequestResult = process_internal::ResultOf<typename M::Reply>;

// Where the answer to one request goes. Sent to once, by the process that received the request or by
// any other that it was moved to; also after the receiver has done other things.
//
// Destroyed unanswered, it fails the request at once; if that is because the receiver of the request
// ends, the asker hears of its reason when the receiver has ended. Movable.
//
// Thread safety: belongs to one process at a time, and is used in its runtime. On a foreign thread
// `Send` fails a check; destroyed there, it tells nobody.
template <typename M>
class ReplyTo {
 public:
  using Reply = typename M::Reply;

  // Answers nobody.
  ReplyTo() = default;

  // Answers the request. A reply of void is sent without argument. After the first nothing is sent.
  template <typename T>
    requires std::is_constructible_v<process_internal::AnswerOf<Reply>, T>
  void Send(T&& reply) {
    std::move(target_).Answer(process_internal::NewAnswer<process_internal::AnswerOf<Reply>>(
        target_.id(), std::forward<T>(reply)));
  }
  void Send()
    requires std::is_void_v<Reply>
  {
    Send(absl::OkStatus());
  }

  // Whether there is somebody who waits for an answer, as far as one can tell here.
  explicit operator bool() const { return static_cast<bool>(target_); }

  // The process that asks.
  Pid from() const { return target_.asker().creator(); }

  // For the runtime.
  explicit ReplyTo(Ref asker) : target_(asker) {}
  process_internal::AnswerTarget& target() { return target_; }

 private:
  process_internal::AnswerTarget target_;
};

// A request as its receiver gets it, from `Receive<Asked<M>>`.
template <typename M>
struct Asked {
  M request;
  ReplyTo<M> reply_to;

  // For the runtime: it has been received; it is received from another node, and sent to one; it can't
  // be received.
  void OnReceived() { reply_to.target().Hold(); }
  using Sent = M;
  static Asked Received(M message, Ref asker) {
    return Asked{std::move(message), ReplyTo<M>(asker)};
  }
  const M& sent() const { return request; }
  Ref ReleaseAsker() { return reply_to.target().Release(); }
  void Refuse(process_internal::Scheduler& scheduler, const Pid&,
              const process_internal::Refusal& refusal) {
    std::move(reply_to.target()).Refuse(scheduler, refusal);
  }
};

namespace process_internal {

// The wait for a Reply R to a message M.
template <typename M, typename R>
class [[nodiscard("a request is sent when it is awaited")]] ReplyWait : public AskingWait {
 public:
  // At most for the time `timeout`, from the co_await on; infinite is allowed, and zero too: it
  // sends the request, and fails.
  ReplyWait&& Within(absl::Duration timeout) && {
    SetTimeout(timeout);
    return std::move(*this);
  }

  ResultOf<R> await_resume() {
    using Answer = AnswerOf<R>;
    if (HasAnswer<Answer>()) [[likely]]
      return TakeAnswer<Answer>();
    const Finish finish(*this);
    if (absl::Status failure = Failure(); !failure.ok()) return failure;
    if (absl::Status failure = Decode<Answer>(question()); !failure.ok()) return failure;
    return TakeAnswer<Answer>();
  }

  // `what` is the message's name, for people.
  ReplyWait(std::string_view what, const Dest& to, M&& message, Self self)
      : AskingWait(what, to, kRequestTimeout, self) {
    SetSignal(NewSignal<Asked<M>>(&kMessageType<Asked<M>>, std::move(message), ReplyTo<M>(ref())));
  }
};

template <typename M>
class [[nodiscard("a request is sent when it is awaited")]] RequestWait
    : public ReplyWait<M, typename M::Reply> {
 public:
  RequestWait(const Dest& to, M&& message)
      : ReplyWait<M, typename M::Reply>(TypeName<M>(), to, std::move(message),
                                        AskingWait::Self::kNot) {}
};

}  // namespace process_internal

// Sends `message` to `to` and waits for the answer, when it is awaited. Takes the message. Must be
// awaited by a process.
template <typename M>
auto Request(const Dest& to, M message) {
  static_assert(
      requires { typename M::Reply; },
      "Request(to, message): a request says what it is answered with: using Reply = ...");
  return process_internal::RequestWait<M>(to, std::move(message));
}

}  // namespace hydra

#endif  // HYDRA_PROCESS_REQUEST_H_
