// WireType<T>: how values of type T are written, read and called. wire_values.h has those of the
// built-in types, wire_shapes.h those of users' types.
//
// A specialization has
//   using Parts = WireParts<...>     the types that T is made of; all of them must have one as well
//   static void Write(const T&, WireWriter&)
//   static std::optional<T> Read(WireReader&)
// and, for its name, one of
//   static std::string_view Name()
//   static constexpr std::string_view kTemplate     with the parts' names: vector<int32>
// or neither, and is then a field only. If it has kDelimited, its length comes first in a field; so that needn't be put
// before what is written, it may have
//   static size_t SizeOf(const T&)   what Write writes, in bytes
//
// Every value takes at least a byte, so that a count which is larger than what is left is wrong.
#ifndef HYDRA_PROCESS_INTERNAL_WIRE_TYPE_H_
#define HYDRA_PROCESS_INTERNAL_WIRE_TYPE_H_

#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "hydra/process/internal/wire_reader.h"
#include "hydra/process/internal/wire_writer.h"

namespace hydra::process_internal {

template <typename... T>
struct WireParts {};

// A type that can't cross nodes has no Parts.
template <typename T>
struct WireType {};

template <typename T>
concept HasWireType = requires { typename WireType<T>::Parts; };

// A type of a user's, which says so.
template <typename T>
concept HasWireNameConstant = std::is_class_v<T> && requires { std::string_view(T::kWireName); };

// Whether T can be a field. Types that are Seen are being asked about: a type may contain itself.
template <typename T, typename... Seen>
consteval bool IsWireField() {
  if constexpr ((std::is_same_v<T, Seen> || ...)) {
    return true;
  } else if constexpr (!HasWireType<T>) {
    return false;
  } else {
    return []<typename... P>(WireParts<P...>) {
      return (IsWireField<P, T, Seen...>() && ...);
    }(typename WireType<T>::Parts());
  }
}

template <typename T>
consteval bool HasWireName() {
  if constexpr (requires { WireType<T>::Name(); }) {
    return true;
  } else if constexpr (requires { WireType<T>::kTemplate; }) {
    return []<typename... P>(WireParts<P...>) {
      return (HasWireName<P>() && ...);
    }(typename WireType<T>::Parts());
  } else {
    return false;
  }
}

template <typename T>
std::string MakeWireName() {
  if constexpr (requires { WireType<T>::Name(); }) {
    return std::string(WireType<T>::Name());
  } else {
    std::string parts;
    [&]<typename... P>(WireParts<P...>) {
      (parts.append(parts.empty() ? "" : ",").append(MakeWireName<P>()), ...);
    }(typename WireType<T>::Parts());
    if constexpr (requires { WireType<T>::kSize; })
      parts.append(",").append(std::to_string(WireType<T>::kSize));
    return std::string(WireType<T>::kTemplate) + "<" + parts + ">";
  }
}

template <typename... P>
void WriteParts(WireWriter& writer, const P&... parts) {
  (writer.Write(parts), ...);
  if constexpr (sizeof...(P) == 0) writer.Byte(0);
}

template <typename T, typename... P>
std::optional<T> ReadParts(WireParts<P...>, WireReader& reader) {
  std::tuple<std::optional<P>...> parts{reader.Read<P>()...};  // in braces: in this order
  if constexpr (sizeof...(P) == 0) reader.Byte(0, "empty value");
  if (!reader.ok()) return std::nullopt;
  return std::apply([](auto&... part) { return std::optional<T>(T{*std::move(part)...}); }, parts);
}

// Converts to a status, and never has to.
struct NoStatus {
  operator absl::Status() const { std::abort(); }  // NOLINT(google-explicit-constructor)
};

// A status is the value where T is absl::Status, unless it comes with the result of another type.
template <typename T>
absl::StatusOr<T> Failed(absl::Status status) {
  using Other = std::conditional_t<std::is_same_v<T, absl::Status>, NoStatus, T>;
  return absl::StatusOr<Other>(std::move(status));
}

}  // namespace hydra::process_internal

namespace hydra {

template <typename T>
void WireWriter::Write(const T& value) {
  using Type = process_internal::WireType<T>;
  if constexpr (requires { Type::SizeOf(value); }) {
    Varint(Type::SizeOf(value));
    Type::Write(value, *this);
  } else if constexpr (requires { Type::kDelimited; }) {
    Delimited([&] { Type::Write(value, *this); });
  } else {
    Type::Write(value, *this);
  }
}

template <typename T>
std::optional<T> WireReader::Read() {
  using Type = process_internal::WireType<T>;
  if (!ok()) return std::nullopt;
  if constexpr (requires { Type::kDelimited; }) {
    return Delimited("the length", [&] { return Type::Read(*this); });
  } else {
    return Type::Read(*this);
  }
}

}  // namespace hydra

#endif  // HYDRA_PROCESS_INTERNAL_WIRE_TYPE_H_
