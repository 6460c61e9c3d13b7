// A signal: the node that travels from one process to another, and the description of what it
// carries.
//
// Everything between processes is a signal (semantics.md SIG1); a message is the kind that carries
// a user's value. The node is allocated by the sender, linked into the receiver's `Inbox`, and
// freed by whoever takes the value out.
#ifndef HYDRA_PROCESS_INTERNAL_SIGNAL_H_
#define HYDRA_PROCESS_INTERNAL_SIGNAL_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <type_traits>
#include <utility>

#include "hydra/process/internal/block_pool.h"
#include "hydra/process/internal/type_name.h"

namespace hydra {
class ExitReason;
class Pid;
}  // namespace hydra

namespace hydra::process_internal {

enum class SignalKind : uint8_t {
  kMessage,  // a user's value
  // The others: signals.h.
  kAliasedMessage,
  kExit,
  kLinkExit,
  kLink,
  kUnlink,
  kUnlinkAck,
  kMonitor,
  kDemonitor,
  kDown,
  kAnswer,
  kAnswered,
  kDropped,
  kQuery,
  kWake,
};

class Scheduler;
struct Signal;

// Describes one type of signal. There is one per C++ type, and its address is the type's identity:
// two messages are of the same type when they point to the same SignalType.
struct SignalType {
  SignalKind kind;
  uint32_t node_bytes;
  // Destroys the node's value, not the node.
  void (*destroy_value)(Signal*) noexcept;
  // Returns a node with a copy of the value; null where the type can't be copied.
  Signal* (*clone)(const Signal*);
  // Answers on behalf of `to`, which is dead for the reason given (noproc where nobody knows it any
  // more), whoever asks something by this signal; null for signals that ask nothing.
  void (*refuse)(Scheduler& scheduler, const Pid& to, Signal& signal, const ExitReason& reason);
  // The C++ type's name, for people.
  std::string_view name;
};

struct Signal {
  // The signal pushed before this one; written by the pushing sender, then by the owner of the
  // inbox.
  Signal* next = nullptr;
  // Until it is drained: the serial of the process it is meant for. Then: its position in the
  // mailbox.
  uint64_t serial = 0;
  const SignalType* type = nullptr;
};

template <typename T>
struct ValueSignal final : Signal {
  template <typename... Args>
  explicit ValueSignal(const SignalType* signal_type, Args&&... args)
      // Not in braces, with which some compilers wrap a container of anything in another.
      : value(std::forward<Args>(args)...) {
    type = signal_type;
  }

  T value;
};

template <typename T>
void DestroyValue(Signal* signal) noexcept {
  std::destroy_at(&static_cast<ValueSignal<T>*>(signal)->value);
}

template <typename T>
Signal* CloneValue(const Signal* signal);

// A value that asks something of its receiver, and can answer in the place of one that is dead.
template <typename T>
concept Refusable = requires(T& value, Scheduler& scheduler, const Pid& to,
                             const ExitReason& reason) { value.Refuse(scheduler, to, reason); };

template <typename T>
void RefuseValue(Scheduler& scheduler, const Pid& to, Signal& signal, const ExitReason& reason) {
  static_cast<ValueSignal<T>&>(signal).value.Refuse(scheduler, to, reason);
}

template <typename T, SignalKind kKind>
constexpr SignalType MakeSignalType() {
  static_assert(alignof(T) <= 16, "a message can't be over-aligned");
  SignalType type{.kind = kKind,
                  .node_bytes = sizeof(ValueSignal<T>),
                  .destroy_value = &DestroyValue<T>,
                  .clone = nullptr,
                  .refuse = nullptr,
                  .name = TypeName<T>()};
  if constexpr (std::is_copy_constructible_v<T>) type.clone = &CloneValue<T>;
  if constexpr (Refusable<T>) type.refuse = &RefuseValue<T>;
  return type;
}

// The type of the messages that carry a T.
template <typename T>
inline constexpr SignalType kMessageType = MakeSignalType<T, SignalKind::kMessage>();

template <typename T, typename... Args>
ValueSignal<T>* NewSignal(const SignalType* type, Args&&... args) {
  void* block = AllocateBlock(sizeof(ValueSignal<T>));
  if constexpr (std::is_nothrow_constructible_v<T, Args&&...>) {
    return ::new (block) ValueSignal<T>(type, std::forward<Args>(args)...);
  } else {
    try {
      return ::new (block) ValueSignal<T>(type, std::forward<Args>(args)...);
    } catch (...) {
      FreeBlock(block, sizeof(ValueSignal<T>));
      throw;
    }
  }
}

template <typename T>
Signal* CloneValue(const Signal* signal) {
  return NewSignal<T>(signal->type, static_cast<const ValueSignal<T>*>(signal)->value);
}

// Frees the node of a signal whose value is already destroyed.
inline void FreeSignal(Signal* signal) noexcept { FreeBlock(signal, signal->type->node_bytes); }

// Destroys the value and frees the node.
inline void DestroySignal(Signal* signal) noexcept {
  signal->type->destroy_value(signal);
  FreeSignal(signal);
}

}  // namespace hydra::process_internal

#endif  // HYDRA_PROCESS_INTERNAL_SIGNAL_H_
