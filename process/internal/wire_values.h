// Built-in types on the wire: numbers, strings, pids and their like.
#ifndef HYDRA_PROCESS_INTERNAL_WIRE_VALUES_H_
#define HYDRA_PROCESS_INTERNAL_WIRE_VALUES_H_

#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <variant>

#include "absl/time/time.h"
#include "hydra/process/exit_reason.h"
#include "hydra/process/internal/wire_reader.h"
#include "hydra/process/internal/wire_type.h"
#include "hydra/process/internal/wire_writer.h"
#include "hydra/process/pid.h"

namespace hydra::process_internal {

template <typename T, typename... Types>
concept OneOf = (std::same_as<T, Types> || ...);

template <typename T>
concept WireInteger = std::integral<T> && std::same_as<T, std::remove_cv_t<T>> && sizeof(T) <= 8 &&
                      !OneOf<T, bool, char, wchar_t, char8_t, char16_t, char32_t>;

// Named by its width, whatever C++ calls it. A byte as it is, wider ones as varints.
template <WireInteger T>
struct WireType<T> {
  using Parts = WireParts<>;
  using Limits = std::numeric_limits<T>;

  static constexpr std::string_view Name() {
    constexpr std::string_view kNames[] = {"int8",  "int16",  "int32",  "int64",
                                           "uint8", "uint16", "uint32", "uint64"};
    return kNames[std::countr_zero(sizeof(T)) + (std::is_signed_v<T> ? 0 : 4)];
  }
  static void Write(T value, WireWriter& writer) {
    if constexpr (sizeof(T) == 1) {
      writer.Byte(static_cast<uint8_t>(value));
    } else if constexpr (std::is_signed_v<T>) {
      writer.SignedVarint(value);
    } else {
      writer.Varint(value);
    }
  }
  static std::optional<T> Read(WireReader& reader) {
    if constexpr (sizeof(T) == 1) {
      return As(reader.Byte(std::numeric_limits<uint8_t>::max(), Name()));
    } else if constexpr (std::is_signed_v<T>) {
      return As(reader.SignedVarint(Limits::min(), Limits::max(), Name()));
    } else {
      return As(reader.Varint(Limits::max(), Name()));
    }
  }

 private:
  template <typename Number>
  static std::optional<T> As(std::optional<Number> number) {
    if (!number) return std::nullopt;
    return static_cast<T>(*number);
  }
};

// One byte.
template <OneOf<bool, char> T>
struct WireType<T> {
  using Parts = WireParts<>;
  static constexpr std::string_view Name() { return std::same_as<T, bool> ? "bool" : "char"; }
  static void Write(T value, WireWriter& writer) { writer.Byte(static_cast<uint8_t>(value)); }
  static std::optional<T> Read(WireReader& reader) {
    const std::optional<uint8_t> byte = reader.Byte(std::same_as<T, bool> ? 1 : 255, Name());
    if (!byte) return std::nullopt;
    return static_cast<T>(*byte);
  }
};

// IEEE's bits, the lowest byte first. A NaN keeps its own.
template <OneOf<float, double> T>
struct WireType<T> {
  static_assert(std::numeric_limits<T>::is_iec559);
  using Bits = std::conditional_t<sizeof(T) == 4, uint32_t, uint64_t>;

  using Parts = WireParts<>;
  static constexpr std::string_view Name() { return sizeof(T) == 4 ? "float" : "double"; }
  static void Write(T value, WireWriter& writer) {
    writer.Fixed(std::bit_cast<Bits>(value), sizeof(T));
  }
  static std::optional<T> Read(WireReader& reader) {
    const std::optional<uint64_t> bits = reader.Fixed(sizeof(T), Name());
    if (!bits) return std::nullopt;
    return std::bit_cast<T>(static_cast<Bits>(*bits));
  }
};

// Its number, which may be any that its underlying type has. An enum for which C++ doesn't allow
// that, since it has no fixed underlying type, can't be sent.
template <typename T>
  requires(std::is_enum_v<T> && requires { T{0}; })
struct WireType<T> {
  using Number = std::underlying_type_t<T>;

  using Parts = WireParts<Number>;
  static void Write(T value, WireWriter& writer) { writer.Write(static_cast<Number>(value)); }
  static std::optional<T> Read(WireReader& reader) {
    const std::optional<Number> number = reader.Read<Number>();
    if (!number) return std::nullopt;
    return static_cast<T>(*number);
  }
};

// ---- Types with a file of their own: wire_values.cc.

#define HYDRA_WIRE_TYPE(type, name)                           \
  template <>                                                 \
  struct WireType<type> {                                     \
    using Parts = WireParts<>;                                \
    static constexpr std::string_view Name() { return name; } \
    static void Write(const type&, WireWriter& writer);       \
    static std::optional<type> Read(WireReader& reader);      \
  }
HYDRA_WIRE_TYPE(std::monostate, "unit");
HYDRA_WIRE_TYPE(Pid, "pid");
HYDRA_WIRE_TYPE(Ref, "ref");
HYDRA_WIRE_TYPE(absl::Duration, "duration");
HYDRA_WIRE_TYPE(absl::Time, "time");
#undef HYDRA_WIRE_TYPE

template <>
struct WireType<std::string> {
  using Parts = WireParts<>;
  static constexpr bool kDelimited = true;
  static constexpr std::string_view Name() { return "string"; }
  static size_t SizeOf(const std::string& value) { return value.size(); }
  static void Write(const std::string& value, WireWriter& writer) { writer.Append(value); }
  static std::optional<std::string> Read(WireReader& reader) { return std::string(reader.Rest()); }
};

template <>
struct WireType<ExitReason> {
  using Parts = WireParts<>;
  static constexpr bool kDelimited = true;
  static constexpr std::string_view Name() { return "exit_reason"; }
  static void Write(const ExitReason& value, WireWriter& writer) { writer.Append(value.Encode()); }
  static std::optional<ExitReason> Read(WireReader& reader);
};

}  // namespace hydra::process_internal

#endif  // HYDRA_PROCESS_INTERNAL_WIRE_VALUES_H_
