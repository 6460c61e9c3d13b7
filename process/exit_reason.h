// Why a process ended, as its links, its monitors and its supervisor hear it.
//
//   hydra::Exit(worker, hydra::ExitReason::Shutdown());
//   if (!reason.IsClean()) ...                          // it crashed
//
// The reasons are OTP's. Three of them are *clean*: normal, shutdown, and shutdown with a detail;
// they are expected, aren't logged, and don't make a transient child restart.
#ifndef HYDRA_PROCESS_EXIT_REASON_H_
#define HYDRA_PROCESS_EXIT_REASON_H_

#include <cstdint>
#include <iosfwd>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

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
    kCustom,  // the user's own; carries a text
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

  // The reason for the exception that is being handled. Call it inside a catch block.
  static ExitReason FromCurrentException();

  Kind kind() const { return kind_; }

  // Whether this is one of the expected ends: normal, or shutdown with or without a detail.
  bool IsClean() const { return kind_ == Kind::kNormal || kind_ == Kind::kShutdown; }

  // The shutdown's detail, the error's text, or the custom text; empty where there is none. Valid
  // while this lives.
  std::string_view text() const;
  // The exception's type of an error; empty for all others. Valid while this lives.
  std::string_view type() const;

  // "normal", "shutdown: detail", "error std::runtime_error: text" …, for logs.
  std::string ToString() const;

  // As bytes, for other nodes; and back. Nothing if they are no such bytes.
  std::string Encode() const;
  static std::optional<ExitReason> Decode(std::string_view bytes);

  // Equal when the kinds, the types and the texts are.
  friend bool operator==(const ExitReason& a, const ExitReason& b) {
    return a.kind_ == b.kind_ && a.text() == b.text() && a.type() == b.type();
  }

 private:
  struct Detail;  // Type and text, counted.

  ExitReason(Kind kind, const Detail* detail) : kind_(kind), detail_(detail) {}

  static const Detail* Share(const Detail* detail);
  static void Release(const Detail* detail);

  Kind kind_ = Kind::kNormal;
  const Detail* detail_ = nullptr;
};

std::ostream& operator<<(std::ostream& out, const ExitReason& reason);

}  // namespace hydra

#endif  // HYDRA_PROCESS_EXIT_REASON_H_
