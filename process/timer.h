// Time: the runtime's clock, sleeping, and messages that are sent later.
//
//   co_await hydra::Sleep(absl::Milliseconds(100));
//
//   hydra::TimerRef timer = hydra::SendAfter(absl::Seconds(5), hydra::Self(), Retry{});
//   std::optional<absl::Duration> left = hydra::CancelTimer(timer);     // empty: it has fired
//
//   hydra::TimerRef timeout = hydra::StartTimer(absl::Seconds(5), hydra::Self(), Step{1});
//   auto expired = co_await hydra::Receive<hydra::Timeout<Step>>().For(timeout);
//
// Timers have a resolution of a millisecond and never fire early. Messages of timers to one pid or
// alias, and those to one name or Via, arrive in the order in which they are due. A timer to a pid or an
// alias ends with the process that it sends to, if that is of this node; one to a name or a Via looks it up
// when it fires, and sends nothing if nobody is found. On a runtime that is driven by hand all times here are
// virtual.
#ifndef HYDRA_PROCESS_TIMER_H_
#define HYDRA_PROCESS_TIMER_H_

#include <algorithm>
#include <optional>
#include <type_traits>
#include <utility>

#include "absl/time/time.h"
#include "hydra/process/dest.h"
#include "hydra/process/internal/current.h"
#include "hydra/process/internal/signal.h"
#include "hydra/process/internal/timers.h"
#include "hydra/process/internal/wait.h"
#include "hydra/process/pid.h"
#include "hydra/process/receive.h"
#include "hydra/process/self.h"
#include "hydra/process/send.h"

namespace hydra {

// Names one timer. Converts to the ref that a `Timeout` carries. Thread safety: a value.
class TimerRef {
 public:
  TimerRef() = default;
  TimerRef(Ref ref, Pid receiver, process_internal::TimerPlace place)
      : ref_(ref), receiver_(receiver), place_(place) {}

  Ref ref() const { return ref_; }
  // NOLINTNEXTLINE(google-explicit-constructor): a timer is used as its ref.
  operator Ref() const { return ref_; }

  // For the runtime.
  Pid receiver() const { return receiver_; }
  process_internal::TimerPlace place() const { return place_; }

 private:
  Ref ref_;
  Pid receiver_;
  process_internal::TimerPlace place_;
};

// What `StartTimer` sends: the message, and which timer it is from, so that a stale one can be told
// from a live one.
template <typename M>
struct Timeout {
  Ref ref;
  M message;
};

namespace process_internal {
TimerRef StartTimerSignal(Ref ref, absl::Duration delay, absl::Duration interval,
                          const Dest& receiver, Signal* signal);

class [[nodiscard("a Sleep does nothing until it is awaited")]] SleepWait : public AwaitableWait {
 public:
  explicit SleepWait(Tick wake_at) { deadline = wake_at; }
  void await_resume() const {}
};

class [[nodiscard("a Yield does nothing until it is awaited")]] YieldWait : public Wait {
 public:
  using IsProcessWait = void;

  YieldWait() { deadline = kNextTurn; }
  bool await_ready() const noexcept { return false; }
  template <typename P>
  void await_suspend(std::coroutine_handle<P> leaf) {
    BeginYield(*this, leaf.promise());
  }
  void await_resume() const {}
};
}  // namespace process_internal

// The time by the runtime's clock: the wall clock when the runtime started, plus the steady time
// since, so it never jumps; virtual on a runtime driven by hand. Must be called in a runtime.
absl::Time Now();

// Suspends the calling process for `duration`; a zero or negative one only looks for signals.
// Messages wait meanwhile; exit signals take effect.
inline auto Sleep(absl::Duration duration) {
  return process_internal::SleepWait(process_internal::DeadlineAfter(duration));
}

// Ends the calling process's turn: every other runnable process may go first. A computation without
// other co_awaits should yield now and then, since nothing else can stop it.
inline auto Yield() { return process_internal::YieldWait(); }

// Sends `message` to `receiver` after `delay`; a delay of zero sends it soon. Must be called by a
// process.
//
// Cost: O(1), whatever the number of timers.
template <typename M>
TimerRef SendAfter(absl::Duration delay, const Dest& receiver, M&& message) {
  return process_internal::StartTimerSignal(MakeRef(), delay, absl::ZeroDuration(), receiver,
                                            process_internal::NewMessage(std::forward<M>(message)));
}

// Sends a copy of `message` to `receiver` every `interval`, counted from now without drift: the
// n-th is due after n intervals, however late those before were. The interval is rounded up to
// whole milliseconds, at least one. Ends when it is cancelled or the receiver is dead. A copy that
// throws is logged and left out.
template <typename M>
TimerRef SendInterval(absl::Duration interval, const Dest& receiver, M&& message) {
  static_assert(std::is_copy_constructible_v<process_internal::SentAs<M>>,
                "SendInterval sends copies of its message");
  interval = std::max(interval, absl::Milliseconds(1));  // the wheel's tick
  return process_internal::StartTimerSignal(MakeRef(), interval, interval, receiver,
                                            process_internal::NewMessage(std::forward<M>(message)));
}

// Sends `Timeout<M>{ref, message}` to `receiver` after `delay`.
template <typename M>
TimerRef StartTimer(absl::Duration delay, const Dest& receiver, M&& message) {
  using Sent = Timeout<process_internal::SentAs<M>>;
  const Ref ref = MakeRef();
  return process_internal::StartTimerSignal(
      ref, delay, absl::ZeroDuration(), receiver,
      process_internal::NewMessage(Sent{.ref = ref, .message = std::forward<M>(message)}));
}

// Stops a timer. Returns the time that was left: then its message will not arrive. Empty if the
// timer has fired (its message has arrived or is about to), was cancelled before, or its receiver
// is dead. Any process may cancel any timer of its runtime.
std::optional<absl::Duration> CancelTimer(TimerRef timer);

// The time until the timer fires (next); empty as for `CancelTimer`.
std::optional<absl::Duration> ReadTimer(TimerRef timer);

}  // namespace hydra

#endif  // HYDRA_PROCESS_TIMER_H_
