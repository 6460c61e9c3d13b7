// `Message`: a message whose type is known only at run time, as `ReceiveAny` yields it.
//
//   hydra::Message message = co_await hydra::ReceiveAny();
//   if (const Ping* ping = message.Get<Ping>()) ...
//   hydra::Send(elsewhere, std::move(message));          // forwards it, whatever it is
//
// Any movable type can be a message; its type is part of the message, so one type is never mistaken
// for another.
#ifndef HYDRA_PROCESS_MESSAGE_H_
#define HYDRA_PROCESS_MESSAGE_H_

#include <string_view>
#include <type_traits>
#include <utility>

#include "hydra/base/check.h"
#include "hydra/process/internal/signal.h"

namespace hydra {

// Owns one message. Movable; empty after it was moved from. Thread safety: a value.
class Message {
 public:
  Message() = default;
  // Makes a message of `value`.
  template <typename T>
    requires(!std::is_same_v<std::decay_t<T>, Message>)
  explicit Message(T&& value)
      : node_(process_internal::NewSignal<std::decay_t<T>>(
            &process_internal::kMessageType<std::decay_t<T>>, std::forward<T>(value))) {}
  Message(Message&& other) noexcept : node_(std::exchange(other.node_, nullptr)) {}
  Message& operator=(Message&& other) noexcept {
    Message taken(std::move(other));
    std::swap(node_, taken.node_);
    return *this;
  }
  ~Message() {
    if (node_ != nullptr) process_internal::DestroySignal(node_);
  }

  explicit operator bool() const { return node_ != nullptr; }

  // Whether the message carries a T, exactly that type.
  template <typename T>
  bool Is() const {
    static_cast<void>(&process_internal::kIsReceived<T>);
    return node_ != nullptr && node_->type == &process_internal::kMessageType<T>;
  }

  // The value if the message carries a T, null otherwise. Valid while this holds the message.
  template <typename T>
  const T* Get() const {
    return Is<T>() ? &static_cast<const process_internal::ValueSignal<T>*>(node_)->value : nullptr;
  }
  template <typename T>
  T* Get() {
    return Is<T>() ? &static_cast<process_internal::ValueSignal<T>*>(node_)->value : nullptr;
  }

  // The C++ name of the value's type, for logs; empty if there is no message.
  std::string_view type_name() const {
    return node_ == nullptr ? std::string_view() : node_->type->name;
  }

  // For the runtime: the node, given up or taken over.
  process_internal::Signal* Release() && {
    HYDRA_CHECK(node_ != nullptr) << "an empty Message can't be sent: it was moved from";
    return std::exchange(node_, nullptr);
  }
  const process_internal::Signal* node() const { return node_; }
  static Message Adopt(process_internal::Signal* node) {
    Message message;
    message.node_ = node;
    return message;
  }

 private:
  process_internal::Signal* node_ = nullptr;
};

}  // namespace hydra

#endif  // HYDRA_PROCESS_MESSAGE_H_
