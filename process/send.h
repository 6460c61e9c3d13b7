// Send: puts a message into another process's mailbox.
//
//   hydra::Send(worker, Job{.id = 7});
//   hydra::Send("logger", Line{"started"});        // by name: see dest.h
//   hydra::Send({left, right}, Stop{});            // to several: copies, and moves into the last
//
// A send never waits and never fails. Messages from one process to another arrive in the order in
// which they were sent, however they were addressed (docs/semantics.md SIG2, SIG3); a message to a
// process that is dead, or that dies before it looks, is dropped.
#ifndef HYDRA_PROCESS_SEND_H_
#define HYDRA_PROCESS_SEND_H_

#include <initializer_list>
#include <span>
#include <string>
#include <type_traits>
#include <utility>

#include "hydra/process/dest.h"
#include "hydra/process/internal/current.h"
#include "hydra/process/internal/signal.h"
#include "hydra/process/message.h"
#include "hydra/process/pid.h"

namespace hydra {
namespace process_internal {

// What a value is sent as: itself, but a string literal as a std::string.
template <typename M>
using SentAs = std::conditional_t<std::is_same_v<std::decay_t<M>, const char*> ||
                                      std::is_same_v<std::decay_t<M>, char*>,
                                  std::string, std::decay_t<M>>;

template <typename M>
Signal* NewMessage(M&& message) {
  using T = SentAs<M>;
  if constexpr (std::is_same_v<T, Message>) {
    static_assert(std::is_rvalue_reference_v<M&&>, "a Message is moved into Send");
    return std::forward<M>(message).Release();
  } else {
    static_assert(std::is_move_constructible_v<T>, "a message must be movable");
    static_assert(std::is_constructible_v<T, M&&>,
                  "Send copies an lvalue, and this type can't be copied: move it into Send");
    if constexpr (std::is_constructible_v<T, M&&>) {
      return NewSignal<T>(&kMessageType<T>, std::forward<M>(message));
    }
  }
}

template <typename D, typename M>
bool SendToEach(std::span<const D> to, M&& message);

}  // namespace process_internal

// Sends `message` to the process `to`. Takes the message: an lvalue is copied, an rvalue moved.
// Returns true: for the sake of code that is given any kind of destination.
//
// Cost: one pooled allocation and one atomic swap; a woken receiver usually runs next on this core.
// Thread safety: to be called in a runtime (from a process, or from a destructor that a process's
// end runs); foreign threads have `Runtime::Send`.
template <typename M>
bool Send(Pid to, M&& message) {
  process_internal::SendSignal(to, process_internal::NewMessage(std::forward<M>(message)));
  return true;
}

// The same to whatever a process can be addressed by. Returns false if that is a name of this runtime
// which nobody has, or a Via that stands for nobody: the message is dropped then. Everything else that
// may be wrong (a dead pid, an alias that isn't active, a node that can't be reached) drops it in
// silence.
//
// Cost: a name costs a lock and a lookup more, an alias another pooled allocation.
template <typename M>
bool Send(const Dest& to, M&& message) {
  return process_internal::SendSignalTo(to, process_internal::NewMessage(std::forward<M>(message)));
}

// Sends `message` to each of `to`, in that order. It is copied for all but the last. Returns whether
// each of the sends returned true.
template <typename M>
bool Send(std::span<const Pid> to, M&& message) {
  return process_internal::SendToEach(to, std::forward<M>(message));
}
template <typename M>
bool Send(std::span<const Dest> to, M&& message) {
  return process_internal::SendToEach(to, std::forward<M>(message));
}
template <typename M>
bool Send(std::initializer_list<Pid> to, M&& message) {
  return process_internal::SendToEach(std::span<const Pid>(to.begin(), to.size()),
                                      std::forward<M>(message));
}

namespace process_internal {

template <typename D, typename M>
bool SendToEach(std::span<const D> to, M&& message) {
  static_assert(std::is_copy_constructible_v<SentAs<M>>,
                "a message to several processes must be copyable");
  if (to.empty()) return true;
  bool sent = true;
  SentAs<M> value(std::forward<M>(message));
  for (const D& dest : to.first(to.size() - 1)) sent &= Send(dest, std::as_const(value));
  return Send(to.back(), std::move(value)) && sent;
}

}  // namespace process_internal
}  // namespace hydra

#endif  // HYDRA_PROCESS_SEND_H_
