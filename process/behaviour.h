// What behaviours are made of: process bodies that take every message as it comes, are asked for
// something by their birth, and say themselves how they end. `GenServer` and `Task` are two; this header
// is for whoever writes another. Ordinary processes need none of it.
//
//   hydra::Async<> Loop() {
//     hydra::Incoming incoming;
//     while (co_await incoming.Next()) {
//       if (incoming.Is<Tick>()) OnTick(incoming.Take<Tick>());
//       else LOG(INFO) << "unexpected: " << incoming.TakeMessage().type_name();
//     }
//   }
#ifndef HYDRA_PROCESS_BEHAVIOUR_H_
#define HYDRA_PROCESS_BEHAVIOUR_H_

#include <coroutine>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "hydra/process/async.h"
#include "hydra/process/dest.h"
#include "hydra/process/exit_reason.h"
#include "hydra/process/internal/answer.h"
#include "hydra/process/internal/answer_signal.h"
#include "hydra/process/internal/block_pool.h"
#include "hydra/process/internal/current.h"
#include "hydra/process/internal/entry.h"
#include "hydra/process/internal/signal.h"
#include "hydra/process/internal/type_name.h"
#include "hydra/process/internal/wait.h"
#include "hydra/process/message.h"
#include "hydra/process/pending_request.h"
#include "hydra/process/pid.h"
#include "hydra/process/receive.h"
#include "hydra/process/request.h"
#include "hydra/process/spawn.h"

namespace hydra {

// Takes the messages of the calling process one by one, in the order of their arrival, whatever they
// are. Cost: a message that is taken by its type is not moved elsewhere first.
class Incoming : public process_internal::AwaitableWait {
 public:
  Incoming() { match = &process_internal::TakeAnything; }
  Incoming(const Incoming&) = delete;
  Incoming& operator=(const Incoming&) = delete;
  ~Incoming() { DestroyFound(); }

  // Waits for the next message, when it is awaited, at most for `timeout`; one that is there already is
  // taken whatever the timeout. Yields whether there is one. The last one is destroyed if it hasn't been
  // taken.
  Incoming& Next(absl::Duration timeout = absl::InfiniteDuration()) {
    if (found != nullptr) [[unlikely]]
      DestroyFound();
    found_is_pinned = false;
    has_looked = false;
    deadline = timeout == absl::InfiniteDuration() ? process_internal::kForever
                                                   : process_internal::DeadlineAfter(timeout);
    return *this;
  }
  bool await_resume() const { return found != nullptr; }

  // Whether the message is an M, exactly that type.
  template <typename M>
  bool Is() const {
    static_cast<void>(&process_internal::kIsReceived<M>);
    return found->type == &process_internal::kMessageType<M>;
  }

  // The value if the message is an M, null otherwise. Valid until it is taken.
  template <typename M>
  const M* Get() {
    return Is<M>() ? &Value<M>() : nullptr;
  }

  // Takes the message, which is an M.
  template <typename M>
  M Take() {
    if constexpr (requires(M& value) { value.OnReceived(); }) Value<M>().OnReceived();
    const DestroyAtEnd<M> taken(*this);
    return std::move(Value<M>());
  }

  // Calls `handle(M&)` with the message, which is an `Asked<M>` that `handle` answers, or moves elsewhere
  // to be held (`Hold`) before the process suspends. Cheaper than to take it.
  template <typename M, typename Handle>
  void HandleUnheld(Handle handle) {
    const DestroyAtEnd<M> handled(*this);
    handle(Value<M>());
  }

  // Takes the message, whatever it is.
  Message TakeMessage();

  // If it is a request, answers that nobody here receives such requests, and returns true; its type is
  // for the caller to report.
  bool RefuseRequest();

  // The name of its type.
  std::string_view type_name() const { return found->type->name; }

 private:
  template <typename M>
  M& Value() {
    return static_cast<process_internal::ValueSignal<M>*>(found)->value;
  }

  // Destroys the message, which is an M, when it goes.
  template <typename M>
  class DestroyAtEnd {
   public:
    explicit DestroyAtEnd(Incoming& incoming) : incoming_(incoming) {}
    DestroyAtEnd(const DestroyAtEnd&) = delete;
    DestroyAtEnd& operator=(const DestroyAtEnd&) = delete;
    ~DestroyAtEnd() { incoming_.DestroyFoundAs<process_internal::ValueSignal<M>>(); }

   private:
    Incoming& incoming_;
  };
};

// A process that was asked an M by its birth, and the answer that is to come.
template <typename M>
struct SpawnedFor {
  Pid pid;
  PendingRequest<M> request;
};

// SpawnOptions whose strings are somebody else's, who keeps them while the process is spawned.
using Spawning = process_internal::Spawning;

// Spawns a process that runs `body(reply_to, args...)`, and has a request of the caller's from its
// birth: it is answered by `reply_to`, or by the process's end, for which the caller is told the reason
// when the name of the process is free. Before `reply_to` leaves the process it must be held: see `Hold`.
// Fails as SpawnWith does. Must be called by a process.
template <typename M, typename... Args>
absl::StatusOr<SpawnedFor<M>> SpawnAsked(const SpawnOptions& options,
                                         Async<> (*body)(ReplyTo<M>, Args...),
                                         std::type_identity_t<Args>... args) {
  const Ref ref = MakeRef();
  absl::StatusOr<Pid> pid = process_internal::SpawnEntryWith(
      process_internal::MakeEntry(body, ReplyTo<M>(ref), std::move(args)...),
      process_internal::SpawningOf(options));
  if (!pid.ok()) return pid.status();
  return SpawnedFor<M>{*pid, PendingRequest<M>(process_internal::Pending(
                                 {process_internal::TypeName<M>(), *pid}, ref))};
}

// The same for a caller that awaits the answer at once, and takes no other message before:
//
//   hydra::AnswerFromBirth<M> answer(timeout);
//   absl::StatusOr<hydra::Pid> pid = answer.Spawn(spawning, body, args...);
//   if (pid.ok()) std::optional<hydra::RequestResult<M>> result = co_await answer;
//
// Yields nothing when time has run out. Cheaper: nothing is noted, and nothing becomes a message.
template <typename M>
class AnswerFromBirth : public process_internal::AnswerWait {
 public:
  explicit AnswerFromBirth(absl::Duration timeout) {
    deadline = process_internal::DeadlineAfter(timeout);
  }

  template <typename... Args>
  absl::StatusOr<Pid> Spawn(const Spawning& spawning, Async<> (*body)(ReplyTo<M>, Args...),
                            std::type_identity_t<Args>... args) {
    const Ref ref = MakeRef();
    request = ref.id();
    return process_internal::SpawnEntryWith(
        process_internal::MakeEntry(body, ReplyTo<M>(ref), std::move(args)...), spawning);
  }

  template <typename P>
  bool await_suspend(std::coroutine_handle<P> leaf) {
    return process_internal::BeginAnswerWait(*this, leaf.promise());
  }

  std::optional<RequestResult<M>> await_resume() {
    using Answer = process_internal::AnswerOf<typename M::Reply>;
    if (found == nullptr) return std::nullopt;
    const Finish finish(*this);
    if (HasAnswer<Answer>()) [[likely]]
      return TakeAnswer<Answer>();
    return process_internal::Refused(
        std::string(process_internal::TypeName<M>()),
        static_cast<const process_internal::NoAnswer*>(found)->refusal);
  }
};

// The name of a type, for people.
template <typename T>
constexpr std::string_view TypeName() {
  return process_internal::TypeName<T>();
}

// What T yields when it is awaited, if it is an Async; otherwise T.
template <typename T>
struct AwaitedOf {
  static constexpr bool kIsAsync = false;
  using type = T;
};
template <typename T>
struct AwaitedOf<Async<T>> {
  static constexpr bool kIsAsync = true;
  using type = T;
};
template <typename T>
using Awaited = typename AwaitedOf<T>::type;
template <typename T>
inline constexpr bool kIsAsync = AwaitedOf<T>::kIsAsync;

// The status of what a request has yielded.
inline absl::Status StatusOf(const absl::Status& result) { return result; }
template <typename T>
absl::Status StatusOf(const absl::StatusOr<T>& result) {
  return result.status();
}

// A request that a process has received and not answered. See ReplyTo, which is one.
using HeldRequest = process_internal::AnswerTarget;

// Answers `request`, an M.
template <typename M, typename T>
void SendReply(HeldRequest&& request, T&& reply) {
  const uint64_t id = request.id();
  std::move(request).Answer(
      process_internal::NewAnswer<process_internal::AnswerOf<typename M::Reply>>(
          id, std::forward<T>(reply)));
}

// The same when the calling process has ended.
template <typename M, typename T>
void SendReplyAtEnd(HeldRequest&& request, T&& reply) {
  const uint64_t id = request.id();
  std::move(request).AnswerAtEnd(
      process_internal::NewAnswer<process_internal::AnswerOf<typename M::Reply>>(
          id, std::forward<T>(reply)));
}

// An answer that is to be sent later. Movable; empty after it was moved from or sent.
class PreparedReply {
 public:
  PreparedReply() = default;
  // The answer to `request`, an M.
  template <typename M, typename T>
  static PreparedReply Of(HeldRequest&& request, T&& reply) {
    PreparedReply prepared;
    prepared.answer_ = process_internal::NewAnswer<process_internal::AnswerOf<typename M::Reply>>(
        request.id(), std::forward<T>(reply));
    prepared.request_ = std::move(request);
    return prepared;
  }
  PreparedReply(PreparedReply&& other) noexcept
      : request_(std::move(other.request_)), answer_(std::exchange(other.answer_, nullptr)) {}
  PreparedReply& operator=(PreparedReply&& other) noexcept {
    PreparedReply taken(std::move(other));
    std::swap(request_, taken.request_);
    std::swap(answer_, taken.answer_);
    return *this;
  }
  ~PreparedReply() {
    if (answer_ != nullptr) process_internal::DestroySignal(answer_);
  }

  // Sends it, if there is one.
  void Send() && {
    if (answer_ != nullptr) std::move(request_).Answer(std::exchange(answer_, nullptr));
  }

 private:
  HeldRequest request_;
  process_internal::AnswerSignal* answer_ = nullptr;
};

// Called in a catch block of a process that is to go on: says why the process would have ended. Rethrows
// if a signal has ended it already.
ExitReason CatchExit();

// The calling process ends with `reason` at its next suspension, or when its body returns. Nothing is
// logged of it: the caller has reported what there is to say. Must be called by a process.
void EndReported(ExitReason reason);

// The status of what failed because a process has ended: kUnavailable, and `ExitReasonOf` finds the
// reason. It begins with "`what`: ".
absl::Status EndedError(std::string_view what, const ExitReason& reason);

// The process that `dest` stands for now; nobody if it is a name of another node, or if nobody is found by
// it. Must be called in a runtime.
Pid Resolve(const Dest& dest);

// Whether the process has ended, as far as can be seen here: whoever has heard of the end sees it. False for
// processes of other nodes and runtimes, and on a foreign thread; nobody's pid has ended anywhere. Cost: a
// look at its place in the process table. Thread safety: any thread.
inline bool HasEnded(const Pid& pid) { return process_internal::HasEnded(pid); }

// Whether the calling process is ending, and its frames are being destroyed: what it registers, links or
// spawns now doesn't count any more. True, too, where no process runs. Thread safety: any thread.
bool IsEnding();

// The calling process works on behalf of `callers`, the nearest first: see Callers in self.h. Must be called
// by a process.
void SetCallers(std::vector<Pid> callers);

// `new` and std::make_unique take what derives from it from the pool that frames and messages come from. It
// must be deleted as what it is, not by a base.
using Pooled = process_internal::Pooled;

// Gives back memory that the calling process doesn't need while it waits. Cost: what has been given back
// is allocated anew when it is needed. Must be called by a process.
void GiveBackMemory();

}  // namespace hydra

#endif  // HYDRA_PROCESS_BEHAVIOUR_H_
