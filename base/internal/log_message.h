// What HYDRA_LOG and HYDRA_CHECK stream into. Its users include "hydra/base/log.h" or "check.h".
//
// Many headers include this one, and its code is inlined where nothing has gone wrong yet: so it
// includes next to nothing, an object is one pointer, and all that formats is in the .cc.
#ifndef HYDRA_BASE_INTERNAL_LOG_MESSAGE_H_
#define HYDRA_BASE_INTERNAL_LOG_MESSAGE_H_

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <iosfwd>
#include <type_traits>

#include "hydra/base/compiler.h"
#include "hydra/base/log_severity.h"

namespace hydra::base_internal {

// std::string, std::string_view, absl::string_view.
template <typename T>
concept Text = requires(const T& value) {
  { value.data() } -> std::convertible_to<const char*>;
  { value.size() } -> std::convertible_to<size_t>;
};

template <typename T>
concept HasToString = requires(const T& value) {
  { value.ToString() } -> Text;
};

template <typename T>
concept Streamable = requires(std::ostream& stream, const T& value) { stream << value; };

// A line of the log while it is put together.
class LogMessageBuilder {
 public:
  // Where the line comes from, and its text so far.
  struct State;

  LogMessageBuilder(const LogMessageBuilder&) = delete;
  LogMessageBuilder& operator=(const LogMessageBuilder&) = delete;

  // Appends text, a number, a pointer, what has a ToString() or what an ostream takes. An
  // enumerator that an ostream doesn't take is a number; a null pointer is "null".
  //
  // Always inlined, since it comes down to one call. Else an operand would have to be in memory,
  // and would be stored there also when nothing is logged.
  template <typename T>
  HYDRA_ALWAYS_INLINE LogMessageBuilder& operator<<(const T& value) {
    if constexpr (std::is_convertible_v<const T&, const char*>) {
      AppendCString(value);
    } else if constexpr (Text<T>) {
      AppendText(value.data(), value.size());
    } else if constexpr (std::is_same_v<T, bool>) {
      AppendCString(value ? "true" : "false");
    } else if constexpr (std::is_same_v<T, char>) {
      AppendText(&value, 1);
    } else if constexpr (std::signed_integral<T>) {
      AppendSigned(value);
    } else if constexpr (std::unsigned_integral<T>) {
      AppendUnsigned(value);
    } else if constexpr (std::floating_point<T>) {
      AppendDouble(static_cast<double>(value));
    } else if constexpr (std::is_pointer_v<T>) {
      AppendPointer(reinterpret_cast<const void*>(value));
    } else if constexpr (HasToString<T>) {
      *this << value.ToString();
    } else if constexpr (std::is_enum_v<T> && !Streamable<T>) {
      *this << static_cast<std::underlying_type_t<T>>(value);
    } else {
      AppendStreamed(&value, [](std::ostream& stream, const void* streamed) {
        stream << *static_cast<const T*>(streamed);
      });
    }
    return *this;
  }

 protected:
  HYDRA_COLD LogMessageBuilder(LogSeverity severity, const char* file, int line) noexcept;
  explicit LogMessageBuilder(State* state) : state_(state) {}
  ~LogMessageBuilder() = default;

  State* state_;  // owned by the derived class

 private:
  HYDRA_COLD void AppendCString(const char* text) noexcept;
  HYDRA_COLD void AppendText(const char* text, size_t size) noexcept;
  HYDRA_COLD void AppendSigned(int64_t value) noexcept;
  HYDRA_COLD void AppendUnsigned(uint64_t value) noexcept;
  HYDRA_COLD void AppendDouble(double value) noexcept;
  HYDRA_COLD void AppendPointer(const void* value) noexcept;
  HYDRA_COLD void AppendStreamed(const void* value, void (*print)(std::ostream&, const void*));
};

// Goes to the log at the end of the full-expression that made it.
class LogMessage final : public LogMessageBuilder {
 public:
  HYDRA_COLD LogMessage(LogSeverity severity, const char* file, int line) noexcept;
  HYDRA_COLD ~LogMessage();
};

// Goes to the log in the same way, followed by the stack; then the OS process ends, by abort().
class FatalMessage final : public LogMessageBuilder {
 public:
  HYDRA_COLD FatalMessage(const char* file, int line) noexcept;

  // Begins with `text`: one call instead of two for each check in the code.
  HYDRA_COLD FatalMessage(const char* file, int line, const char* text) noexcept;

  // Goes on with what another builder has gathered, and owns it.
  HYDRA_COLD explicit FatalMessage(State* state) : LogMessageBuilder(state) {}

  [[noreturn]] HYDRA_COLD HYDRA_NOINLINE ~FatalMessage();
};

// Makes one type of both arms of `condition ? (void)0 : ...`. `&` binds more loosely than `<<`.
struct Voidify {
  void operator&(const LogMessageBuilder&) const {}
};

}  // namespace hydra::base_internal

#endif  // HYDRA_BASE_INTERNAL_LOG_MESSAGE_H_
