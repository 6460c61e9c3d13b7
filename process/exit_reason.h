// Why a process ended, as its links, its monitors and its supervisor hear it.
//
//   hydra::Exit(worker, hydra::ExitReason::Shutdown());
//   if (!reason.IsClean()) ...                          // it crashed
//
// The reasons are OTP's. Three of them are *clean*: normal, shutdown, and shutdown with a detail;
// they are expected, aren't logged, and don't make a transient child restart.
#ifndef HYDRA_PROCESS_EXIT_REASON_H_
#define HYDRA_PROCESS_EXIT_REASON_H_

#include <concepts>
#include <cstdint>
#include <iosfwd>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "hydra/process/internal/type_name.h"

namespace hydra {

// A value of 16 bytes. Copies share the text, so copying never allocates. Thread safety: a value;
// copies may be used on different threads.
class ExitReason {
 public:
  enum class Kind : uint8_t {
    kNormal,        // the body returned
    kShutdown,      // asked to stop, in order; may carry a detail
    kKill,          // the untrappable request; a process that is ended by it has the reason kKilled
    kKilled,        // ended by kKill
    kNoProc,        // there was no such process
    kNoConnection,  // the connection to its node was lost: it may still be alive
    kError,   // an exception reached the top of its body; carries the exception's type and text
    kCustom,  // the user's own; carries a text, or a value
  };

  // Normal.
  ExitReason() = default;
  ExitReason(const ExitReason& other) : kind_(other.kind_), detail_(Share(other.detail_)) {}
  ExitReason(ExitReason&& other) noexcept
      : kind_(std::exchange(other.kind_, Kind::kNormal)),
        detail_(std::exchange(other.detail_, nullptr)) {}
  ExitReason& operator=(ExitReason other) noexcept {
    std::swap(kind_, other.kind_);
    std::swap(detail_, other.detail_);
    return *this;
  }
  ~ExitReason() {
    if (detail_ != nullptr) Release(detail_);
  }

  static ExitReason Normal() { return ExitReason(); }
  static ExitReason Shutdown() { return ExitReason(Kind::kShutdown, nullptr); }
  static ExitReason Shutdown(std::string_view detail);
  static ExitReason Kill() { return ExitReason(Kind::kKill, nullptr); }
  static ExitReason Killed() { return ExitReason(Kind::kKilled, nullptr); }
  static ExitReason NoProc() { return ExitReason(Kind::kNoProc, nullptr); }
  static ExitReason NoConnection() { return ExitReason(Kind::kNoConnection, nullptr); }
  // `type` is the exception's type as C++ spells it, `text` what it says.
  static ExitReason Error(std::string_view type, std::string_view text);
  static ExitReason Custom(std::string_view text);
  // A value of the user's own, of any type; `value` gets it back, `type` is its type's name.
  template <typename T>
  static ExitReason Of(T value) {
    return FromValue(std::make_shared<const HeldValue<T>>(std::move(value)));
  }

  // The reason for the exception that is being handled. Call it inside a catch block.
  static ExitReason FromCurrentException();

  Kind kind() const { return kind_; }

  // Whether this is one of the expected ends: normal, or shutdown with or without a detail.
  bool IsClean() const { return kind_ == Kind::kNormal || kind_ == Kind::kShutdown; }

  // The shutdown's detail, the error's text, or the custom text; empty where there is none. Valid
  // while this lives.
  std::string_view text() const;
  // The exception's type of an error, the type of a value; empty for all others. Valid while this
  // lives.
  std::string_view type() const;
  // The value, if it is a T, exactly that type; null otherwise. Valid while this lives.
  template <typename T>
  const T* value() const {
    const ExitValue* held = held_value();
    const bool is_t = held != nullptr && held->type == &HeldValue<T>::kTypeIdentity;
    return is_t ? &static_cast<const HeldValue<T>*>(held)->value : nullptr;
  }

  // "normal", "shutdown: detail", "error std::runtime_error: text" …, for logs.
  std::string ToString() const;

  // As bytes, for other nodes; and back. A value stays behind: its type's name is what arrives.
  // Nothing if they are no such bytes.
  std::string Encode() const;
  static std::optional<ExitReason> Decode(std::string_view bytes);

  // Equal when the kinds, the types, the texts and the values are. Values of a type that has no == are
  // equal only to their own copies.
  friend bool operator==(const ExitReason& a, const ExitReason& b) {
    return a.kind_ == b.kind_ && a.text() == b.text() && a.type() == b.type() &&
           EqualValues(a.held_value(), b.held_value());
  }

 private:
  struct Detail;  // Type, text and value, counted.

  struct ExitValue {
    ExitValue(const void* of_type, std::string_view of_name) : type(of_type), type_name(of_name) {}
    virtual ~ExitValue() = default;
    virtual bool Equals(const ExitValue& other) const = 0;  // which is of the same type
    const void* type;                                       // its identity
    std::string_view type_name;
  };

  template <typename T>
  struct HeldValue final : ExitValue {
    static constexpr char kTypeIdentity = 0;
    explicit HeldValue(T held)
        : ExitValue(&kTypeIdentity, process_internal::TypeName<T>()), value(std::move(held)) {}
    bool Equals(const ExitValue& other) const override {
      if constexpr (std::equality_comparable<T>) {
        return value == static_cast<const HeldValue&>(other).value;
      } else {
        return this == &other;
      }
    }
    T value;
  };

  static ExitReason FromValue(std::shared_ptr<const ExitValue> value);
  static bool EqualValues(const ExitValue* a, const ExitValue* b) {
    if (a == b) return true;
    return a != nullptr && b != nullptr && a->type == b->type && a->Equals(*b);
  }
  const ExitValue* held_value() const;

  ExitReason(Kind kind, const Detail* detail) : kind_(kind), detail_(detail) {}

  static const Detail* Share(const Detail* detail);
  static void Release(const Detail* detail);

  Kind kind_ = Kind::kNormal;
  const Detail* detail_ = nullptr;
};

std::ostream& operator<<(std::ostream& out, const ExitReason& reason);

}  // namespace hydra

#endif  // HYDRA_PROCESS_EXIT_REASON_H_
