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
#include "hydra/process/internal/refusal.h"
#include "hydra/process/internal/type_name.h"
#include "hydra/process/internal/wire_codec.h"
#include "hydra/process/pid.h"
#include "hydra/process/wire.h"

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
  kMail,
  kOverflow,
  kRelease,
  kEncoded,
  kNodeDown,
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
  // Answers on behalf of `to`, which won't, whoever asks something by this signal; null for signals
  // that ask nothing.
  void (*refuse)(Scheduler& scheduler, const Pid& to, Signal& signal, const Refusal& refusal);
  // How the value crosses nodes; null if it can't.
  const WireCodec* codec;
  // The C++ type's name, for people.
  std::string_view name;
  // The type of the message that an answer becomes which isn't waited for just now, but is to be kept
  // (pending_request.h); that of such a message is itself. Null for all else.
  const SignalType* kept_as = nullptr;
};

struct Signal {
  // The signal pushed before this one; written by the pushing sender, then by the owner of the
  // inbox.
  Signal* next = nullptr;
  // Of the process that it is meant for; see limited_inbox.h for what else there may be in it.
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
                             const Refusal& refusal) { value.Refuse(scheduler, to, refusal); };

template <typename T>
void RefuseValue(Scheduler& scheduler, const Pid& to, Signal& signal, const Refusal& refusal) {
  static_cast<ValueSignal<T>&>(signal).value.Refuse(scheduler, to, refusal);
}

// How messages with a T cross nodes: defined below.
template <typename T>
constexpr const WireCodec* CodecOf();

template <typename T, SignalKind kKind>
constexpr SignalType MakeSignalType() {
  static_assert(alignof(T) <= 16, "a message can't be over-aligned");
  SignalType type{.kind = kKind,
                  .node_bytes = sizeof(ValueSignal<T>),
                  .destroy_value = &DestroyValue<T>,
                  .clone = nullptr,
                  .refuse = nullptr,
                  .codec = nullptr,
                  .name = TypeName<T>()};
  if constexpr (kKind == SignalKind::kMessage) type.codec = CodecOf<T>();
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

// ---- Across nodes.

// What a receiver gets when something else was sent, such as `Asked<M>` for an M, says so.
template <typename T>
concept ReceivedForAnother = requires { typename T::Sent; };

template <typename T>
struct SentAsOf {
  using type = T;
};
template <ReceivedForAnother T>
struct SentAsOf<T> {
  using type = typename T::Sent;
};

template <typename T>
EncodedMessage EncodeMessage(Signal& signal) {
  T& value = static_cast<ValueSignal<T>&>(signal).value;
  if constexpr (ReceivedForAnother<T>) {
    Encoded encoded = EncodeForNode(value.sent());
    return {std::move(encoded), value.ReleaseAsker()};
  } else {
    return {EncodeForNode(value), Ref()};
  }
}

template <typename T>
absl::StatusOr<Signal*> DecodeMessage(EncodedMessage encoded) {
  using Sent = typename SentAsOf<T>::type;
  absl::StatusOr<Sent> value = DecodeFromNode<Sent>(encoded.value);
  if (!value.ok()) return value.status();
  if constexpr (ReceivedForAnother<T>) {
    return NewSignal<T>(&kMessageType<T>, T::Received(*std::move(value), encoded.asker));
  } else {
    return NewSignal<T>(&kMessageType<T>, *std::move(value));
  }
}

template <typename T>
inline constexpr WireCodec kCodec = {.encode = &EncodeMessage<T>, .decode = &DecodeMessage<T>};

template <typename T>
constexpr const WireCodec* CodecOf() {
  if constexpr (IsWireReady<typename SentAsOf<T>::type>()) {
    return &kCodec<T>;
  } else {
    return nullptr;
  }
}

// Whoever receives Ts mentions kIsReceived<T>, so that those that come from other nodes are decoded.
template <typename T>
bool NoteReceived() {
  using Sent = typename SentAsOf<T>::type;
  if constexpr (IsWireReady<Sent>())
    return RegisterReceived(WireName<Sent>(), ReceivedForAnother<T>, &kMessageType<T>);
  return false;
}
template <typename T>
inline const bool kIsReceived = NoteReceived<T>();

// Frees the node of a signal whose value is already destroyed.
inline void FreeSignal(Signal* signal) noexcept { FreeBlock(signal, signal->type->node_bytes); }

// Destroys the value and frees the node.
inline void DestroySignal(Signal* signal) noexcept {
  signal->type->destroy_value(signal);
  FreeSignal(signal);
}

}  // namespace hydra::process_internal

#endif  // HYDRA_PROCESS_INTERNAL_SIGNAL_H_
