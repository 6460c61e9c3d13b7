// Answers: what a request is answered with, where that goes, and the wait for it.
//
// A request has an id, which is that of a ref of the asker. Its answer carries the id, and ends the
// wait that the asker is in if that waits for it; otherwise nobody does any more, and it is dropped.
// So an asker needs no record of its requests.
//
// Who is asked keeps a record for each request that it has received and not answered, so that its end
// can be told (`Relations::observers`). One that it has not received yet is answered when its mailbox
// is destroyed, one that didn't reach it when it is refused.
#ifndef HYDRA_PROCESS_INTERNAL_ANSWER_H_
#define HYDRA_PROCESS_INTERNAL_ANSWER_H_

#include <coroutine>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "hydra/process/dest.h"
#include "hydra/process/internal/answer_signal.h"
#include "hydra/process/internal/current.h"
#include "hydra/process/internal/refusal.h"
#include "hydra/process/internal/signal.h"
#include "hydra/process/internal/wait.h"
#include "hydra/process/pid.h"

namespace hydra::process_internal {

class Remote;
class Worker;

// What a reply of type R is carried as, and what the request then yields.
template <typename R>
struct ReplyTraits {
  using Answer = R;
  using Result = absl::StatusOr<R>;
};
template <>
struct ReplyTraits<void> {
  using Answer = absl::Status;
  using Result = absl::Status;
};
template <>
struct ReplyTraits<absl::Status> {
  using Answer = absl::Status;
  using Result = absl::Status;
};
template <typename T>
struct ReplyTraits<absl::StatusOr<T>> {
  using Answer = absl::StatusOr<T>;
  using Result = absl::StatusOr<T>;
};

template <typename R>
using AnswerOf = typename ReplyTraits<R>::Answer;
template <typename R>
using ResultOf = typename ReplyTraits<R>::Result;

// ---- Where they go.

// One request's asker, to be told once. Owned by the request's message, then by whoever answers.
class AnswerTarget {
 public:
  AnswerTarget() = default;
  explicit AnswerTarget(Ref asker) : asker_(asker) {}
  AnswerTarget(AnswerTarget&& other) noexcept
      : asker_(std::exchange(other.asker_, Ref())), holder_(other.holder_) {}
  AnswerTarget& operator=(AnswerTarget&& other) noexcept {
    AnswerTarget taken(std::move(other));
    std::swap(asker_, taken.asker_);
    std::swap(holder_, taken.holder_);
    return *this;
  }
  // Tells the asker that it is dropped, if it hasn't been told anything.
  ~AnswerTarget() {
    if (asker_) Drop();
  }

  explicit operator bool() const { return static_cast<bool>(asker_); }
  const Ref& asker() const { return asker_; }
  uint64_t id() const { return asker_.id(); }

  // The calling process has received the request, and keeps a record of it: its end is told wherever this is
  // then. A request that stays in the process needs no record: it is destroyed with it, and notes that then.
  void Hold();
  // Tells nobody any more; the asker is told by somebody else.
  Ref Release() { return std::exchange(asker_, Ref()); }

  // Takes the answer; destroys it if the asker has been told.
  void Answer(AnswerSignal* answer) &&;
  // The same, when the calling process has ended.
  void AnswerAtEnd(AnswerSignal* answer) &&;

  // The request is not going to be received.
  void Refuse(Scheduler& scheduler, const Refusal& refusal) &&;

 private:
  void Drop() noexcept;

  Ref asker_;   // none when it has been told
  Pid holder_;  // whose record it is, if anybody's
};

// ---- The wait for it.

// The payload of a status that says why there is no answer.
inline constexpr char kCallFailure[] = "hydra/call-failure";

// What is asked of whom.
struct Question {
  std::string ToString() const;

  std::string_view what = {};  // the type of the request
  Dest to = Pid();
};

// What a request fails with that isn't answered, or not in time, or whose answer can't be read.
absl::Status Refused(const Question& question, const Refusal& refusal);
absl::Status Refused(const std::string& what, const Refusal& refusal);
absl::Status TooLate(const Question& question, absl::Duration timeout);
absl::Status NotUnderstood(const Question& question, const absl::Status& why);

// Sends the signal of a request, and takes it. Returns whom to tell when the answer isn't waited for any
// more; null if nobody.
Remote* SendAsking(const Dest& to, Signal* signal);

// Movable until it has begun.
class AnswerWait : public AwaitableWait {
 public:
  AnswerWait(const AnswerWait&) = delete;
  AnswerWait& operator=(const AnswerWait&) = delete;

 protected:
  AnswerWait() = default;
  AnswerWait(AnswerWait&&) = default;
  ~AnswerWait() { DestroyFound(); }

  // Whether there is an answer, of this runtime.
  template <typename A>
  bool HasAnswer() const {
    return found != nullptr && found->type == &kAnswerType<ValueAnswer<A>>;
  }

  bool is_answered() const { return found != nullptr && found->type != &kAnswerType<NoAnswer>; }

  // Decodes an answer from another node. Returns why it can't.
  template <typename A>
  absl::Status Decode(const Question& question) {
    if (found->type != &kAnswerType<EncodedAnswer>) [[likely]]
      return absl::OkStatus();
    if constexpr (IsWireReady<A>()) {
      absl::StatusOr<A> answer = DecodeFromNode<A>(static_cast<EncodedAnswer*>(found)->value);
      if (!answer.ok()) return NotUnderstood(question, answer.status());
      DestroyFound();
      found = NewAnswer<A>(request, *std::move(answer));
      found_is_pinned = false;
    }
    return absl::OkStatus();
  }

  // Takes the answer, which must be there, and decoded.
  template <typename A>
  A TakeAnswer() {
    struct DestroyAtEnd {
      ~DestroyAtEnd() { wait.DestroyFoundAs<ValueAnswer<A>>(); }
      AnswerWait& wait;
    } const taken{*this};
    return std::move(static_cast<ValueAnswer<A>*>(found)->value);
  }
};

// The wait that begins with sending a signal.
class AskingWait : public AnswerWait {
 public:
  enum class Self : uint8_t { kMayBeAsked, kNot };

  template <typename P>
  bool await_suspend(std::coroutine_handle<P> leaf) {
    return Begin(leaf.promise());
  }

  // Sends the signal. Returns false if that can't be: a process may not be asked by itself.
  bool Ask();

 protected:
  AskingWait(std::string_view what, const Dest& to, absl::Duration timeout, Self self)
      : self_(self), ref_(NewRef()), question_{.what = what, .to = to}, timeout_(timeout) {}
  AskingWait(AskingWait&& other) noexcept;
  ~AskingWait() {
    if (signal_ != nullptr || remote_ != nullptr) [[unlikely]]
      GiveUp();
  }

  // The ref that the answer is to be sent to.
  const Ref& ref() const { return ref_; }
  // What is to be sent; taken.
  void SetSignal(Signal* signal) { signal_ = signal; }
  void SetTimeout(absl::Duration timeout) { timeout_ = timeout; }

  const Question& question() const { return question_; }
  // Why there is no answer; OK if there is one.
  absl::Status Failure();

 private:
  // Sends the signal and begins to wait, as BeginWait does.
  bool Begin(PromiseBase& leaf);
  bool Ask(Worker& worker);
  void GiveUp() noexcept;

  const Self self_;
  const Ref ref_;
  Question question_;
  Remote* remote_ = nullptr;  // if what is asked is on another node
  absl::Duration timeout_;
  Signal* signal_ = nullptr;
};

}  // namespace hydra::process_internal

#endif  // HYDRA_PROCESS_INTERNAL_ANSWER_H_
