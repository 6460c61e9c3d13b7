// Requests that are sent now and whose answers are taken later, as `gen_server:send_request` has them.
//
//   hydra::PendingRequest<Total> pending = hydra::SendRequest(bank, Total{"mine"});
//   // ... other things, other requests ...
//   absl::StatusOr<int> total = co_await pending.Receive().Within(absl::Seconds(5));
//
// The answer waits in the mailbox until it is asked for. It fails as that of `Request` does (request.h);
// so a request is never without an answer, except by its own time limit. A process that receives every
// message, as servers do, finds out with `Check` whether one is the answer:
//
//   void HandleInfo(hydra::Message& message) {
//     if (auto total = pending_.Check(message)) ...
#ifndef HYDRA_PROCESS_PENDING_REQUEST_H_
#define HYDRA_PROCESS_PENDING_REQUEST_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <type_traits>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "hydra/process/async.h"
#include "hydra/process/dest.h"
#include "hydra/process/internal/answer.h"
#include "hydra/process/internal/answer_signal.h"
#include "hydra/process/internal/current.h"
#include "hydra/process/internal/signal.h"
#include "hydra/process/internal/wait.h"
#include "hydra/process/message.h"
#include "hydra/process/pid.h"
#include "hydra/process/receive.h"
#include "hydra/process/request.h"
#include "hydra/process/self.h"

namespace hydra {
namespace process_internal {

// A request whose answer is to come. Movable; empty after it was moved from.
class Pending {
 public:
  Pending() = default;
  // Sends the request `signal`, which is to be answered to `ref`. Takes it.
  Pending(Question question, const Ref& ref, Signal* signal);
  // The same for a request that has been made known otherwise.
  Pending(Question question, const Ref& ref);
  Pending(Pending&& other) noexcept;
  Pending& operator=(Pending&& other) noexcept;
  ~Pending() { Abandon(); }

  bool is_pending() const { return static_cast<bool>(ref_); }
  const Ref& ref() const { return ref_; }
  const Question& question() const { return question_; }

  // Whether `message` is the answer.
  bool IsAnsweredBy(const Signal& message) const;

  // The answer has been taken.
  void Finish() { ref_ = Ref(); }

  // Nobody wants the answer any more; if it has come it is destroyed.
  void Abandon() noexcept;

 private:
  Question question_;
  Ref ref_;                   // none when nothing is to come
  Remote* remote_ = nullptr;  // who is told when nobody wants the answer any more
};

// The wait for the answer to one of several requests.
class PendingWait : public AnswerWait {
 public:
  template <typename P>
  bool await_suspend(std::coroutine_handle<P> leaf) {
    if (count_ == 0) return false;
    return BeginWait(*this, leaf.promise());
  }

 protected:
  // Waits for none of no requests. `pending` must outlive the wait.
  PendingWait(Pending* pending, size_t count, absl::Duration timeout);

  // Which request is answered; nothing if time has run out.
  Pending* answered() const { return answered_; }

  // Takes over an answer that has been received already.
  void Adopt(Signal* answer);

  // What the answer yields, as a Reply R. Once.
  template <typename R>
  ResultOf<R> Read() {
    using A = AnswerOf<R>;
    const Finish finish(*this);
    found->type = TypeOfAnswer(*found, &kAnswerType<ValueAnswer<A>>);
    answered_->Finish();
    if (!is_answered())
      return Refused(answered_->question(), static_cast<NoAnswer*>(found)->refusal);
    if (absl::Status failure = Decode<A>(answered_->question()); !failure.ok()) return failure;
    return TakeAnswer<A>();
  }

  static absl::Status NothingPending();

 private:
  static Match Matches(Wait& wait, Signal& message);
  static const SignalType* TypeOfAnswer(const Signal& kept, const SignalType* of_value);

  Pending* const pending_;
  const size_t count_;
  Pending* answered_ = nullptr;
};

}  // namespace process_internal

namespace process_internal {

template <typename M>
class [[nodiscard("an answer is waited for when it is awaited")]] ReceiveAnswer
    : public PendingWait {
 public:
  explicit ReceiveAnswer(Pending& pending, absl::Duration timeout = absl::InfiniteDuration())
      : PendingWait(&pending, pending.is_pending() ? 1 : 0, timeout),
        request_(pending),
        timeout_(timeout) {}

  auto Within(absl::Duration timeout) && { return ReceiveAnswer(request_, timeout); }

  RequestResult<M> await_resume() {
    if (answered() != nullptr) return this->template Read<typename M::Reply>();
    if (!request_.is_pending()) return NothingPending();
    absl::Status late = TooLate(request_.question(), timeout_);
    request_.Abandon();
    return late;
  }

 private:
  Pending& request_;
  const absl::Duration timeout_;
};

template <typename M>
class [[nodiscard("an answer is waited for when it is awaited")]] WaitAnswer : public PendingWait {
 public:
  WaitAnswer(Pending& pending, absl::Duration timeout)
      : PendingWait(&pending, pending.is_pending() ? 1 : 0, timeout) {}

  std::optional<RequestResult<M>> await_resume() {
    if (answered() == nullptr) return std::nullopt;
    return this->template Read<typename M::Reply>();
  }
};

template <typename M>
struct CheckedAnswer : PendingWait {
  CheckedAnswer(Pending& pending, Message& message)
      : PendingWait(&pending, 1, absl::ZeroDuration()) {
    Adopt(std::move(message).Release());
  }
  RequestResult<M> Take() { return this->template Read<typename M::Reply>(); }
};

}  // namespace process_internal

// A request that has been sent, and whose answer hasn't been taken. Movable. Destroyed, or assigned to,
// it gives the request up: the answer reaches nobody, whether it has come or not.
//
// Thread safety: belongs to the process that sent the request.
template <typename M>
class PendingRequest {
 public:
  using Result = RequestResult<M>;

  // Nothing is pending.
  PendingRequest() = default;
  explicit PendingRequest(process_internal::Pending pending) : pending_(std::move(pending)) {}

  // Whether the answer is still to be taken.
  explicit operator bool() const { return pending_.is_pending(); }

  // Names the request among those of its process.
  const Ref& ref() const { return pending_.ref(); }

  // Waits for the answer and takes it, when it is awaited. After `Within` it fails with
  // kDeadlineExceeded when time has run out, and the request is given up. Fails with
  // kFailedPrecondition if nothing is pending.
  auto Receive() { return process_internal::ReceiveAnswer<M>(pending_); }

  // The same, but the request stays pending if time runs out: yields nothing then, and if nothing is
  // pending.
  auto Wait(absl::Duration timeout) { return process_internal::WaitAnswer<M>(pending_, timeout); }

  // The answer, if `message` is it; taken then. `message` is as it was otherwise.
  std::optional<Result> Check(Message& message) {
    if (!message || !pending_.IsAnsweredBy(*message.node())) return std::nullopt;
    return process_internal::CheckedAnswer<M>(pending_, message).Take();
  }

 private:
  template <typename N, typename Label>
  friend class PendingRequests;

  process_internal::Pending pending_;
};

// Sends `message` to `to`. It fails, if it does, by its answer. Takes the message. Must be called by a
// process; one may ask itself.
template <typename M>
[[nodiscard("the request is given up when this is destroyed")]] PendingRequest<M> SendRequest(
    const Dest& to, M message) {
  using process_internal::NewSignal;
  static_assert(
      requires { typename M::Reply; },
      "SendRequest(to, message): a request says what it is answered with: using Reply = ...");
  const Ref ref = MakeRef();
  return PendingRequest<M>(
      process_internal::Pending({process_internal::TypeName<M>(), to}, ref,
                                NewSignal<Asked<M>>(&process_internal::kMessageType<Asked<M>>,
                                                    std::move(message), ReplyTo<M>(ref))));
}

// Requests of one type that are pending, each with a label.
template <typename M, typename Label>
class PendingRequests {
 public:
  struct Response {
    Label label;
    RequestResult<M> result;
  };

  void Add(PendingRequest<M> request, Label label) {
    if (!request) return;
    pending_.push_back(std::move(request.pending_));
    labels_.push_back(std::move(label));
  }

  size_t size() const { return pending_.size(); }
  bool empty() const { return pending_.empty(); }

  // Waits for the next answer and takes it. Yields nothing when time has run out, and when nothing is
  // pending; the requests stay.
  Async<std::optional<Response>> Receive(absl::Duration timeout = absl::InfiniteDuration()) {
    NextAnswer next(pending_, timeout);
    const std::optional<size_t> place = co_await next;
    if (!place.has_value()) co_return std::nullopt;
    Response response{std::move(labels_[*place]), next.Take()};
    Erase(*place);
    co_return response;
  }

  // Gives up the requests with that label.
  void Remove(const Label& label) {
    for (size_t place = labels_.size(); place-- > 0;) {
      if (labels_[place] == label) Erase(place);
    }
  }

  // Takes the first request with that label out of here; none is pending in what it returns if there is
  // no such.
  PendingRequest<M> Take(const Label& label) {
    const auto found = std::find(labels_.begin(), labels_.end(), label);
    if (found == labels_.end()) return {};
    const size_t place = found - labels_.begin();
    PendingRequest<M> taken(std::move(pending_[place]));
    Erase(place);
    return taken;
  }

  // The answer to one of them, if `message` is that; taken then.
  std::optional<Response> Check(Message& message) {
    for (size_t place = 0; message && place < pending_.size(); ++place) {
      if (!pending_[place].IsAnsweredBy(*message.node())) continue;
      Response response{std::move(labels_[place]),
                        process_internal::CheckedAnswer<M>(pending_[place], message).Take()};
      Erase(place);
      return response;
    }
    return std::nullopt;
  }

 private:
  class NextAnswer : public process_internal::PendingWait {
   public:
    NextAnswer(std::vector<process_internal::Pending>& pending, absl::Duration timeout)
        : PendingWait(pending.data(), pending.size(), timeout), first_(pending.data()) {}
    std::optional<size_t> await_resume() {
      if (answered() == nullptr) return std::nullopt;
      return answered() - first_;
    }
    RequestResult<M> Take() { return this->template Read<typename M::Reply>(); }

   private:
    process_internal::Pending* const first_;
  };

  void Erase(size_t place) {
    pending_.erase(pending_.begin() + place);
    labels_.erase(labels_.begin() + place);
  }

  // Parallel.
  std::vector<process_internal::Pending> pending_;
  std::vector<Label> labels_;
};

}  // namespace hydra

#endif  // HYDRA_PROCESS_PENDING_REQUEST_H_
