// Users' types on the wire, known by their shape: aggregates whose fields are found, types that
// encode themselves, and protobuf's messages.
#ifndef HYDRA_PROCESS_INTERNAL_WIRE_SHAPES_H_
#define HYDRA_PROCESS_INTERNAL_WIRE_SHAPES_H_

#include <concepts>
#include <cstddef>
#include <limits>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <tuple>
#include <typeinfo>
#include <utility>

#include "hydra/process/internal/type_name.h"
#include "hydra/process/internal/wire_fields.h"
#include "hydra/process/internal/wire_names.h"
#include "hydra/process/internal/wire_reader.h"
#include "hydra/process/internal/wire_type.h"
#include "hydra/process/internal/wire_writer.h"

namespace hydra::process_internal {

template <typename T>
concept SelfEncoding =
    HasWireNameConstant<T> && requires(const T& value, WireWriter& writer, WireReader& reader) {
      value.Encode(writer);
      { T::Decode(reader) } -> std::same_as<std::optional<T>>;
    };

// Has kWireName and nothing to encode itself with, not even something of another signature.
template <typename T>
concept FieldByField = HasWireNameConstant<T> && !requires { &T::Encode; } &&
                       !requires { &T::Decode; } && HasFields<T>();

template <typename T>
concept ProtobufShaped = std::default_initializable<T> && !HasWireNameConstant<T> &&
                         requires(const T& value, T& parsed, std::string* out) {
                           { value.SerializeToString(out) } -> std::same_as<bool>;
                           {
                             parsed.ParseFromArray(static_cast<const void*>(nullptr), 0)
                           } -> std::same_as<bool>;
                           std::string(value.GetTypeName());
                         };

// Registers the name of T before main, in every program in which a T is written or read.
template <typename T>
struct WireRegistration {
  WireRegistration() { RegisterWireName(WireType<T>::Name(), typeid(T), TypeName<T>()); }
};
template <typename T>
inline const WireRegistration<T> kWireRegistration;

// The name that a type of a user's declares.
template <typename T>
struct DeclaredWireName {
  static constexpr std::string_view Name() {
    static_assert(IsWireName(T::kWireName),
                  "a kWireName has letters, digits, '_' and '.', among them a dot or a capital, as "
                  "in \"package.Type\"");
    return T::kWireName;
  }
};

template <typename... F>
WireParts<typename F::Type...> PartsOf(const std::tuple<F...>&);

template <FieldByField T>
struct WireType<T> : DeclaredWireName<T> {
  using Parts = decltype(PartsOf(FieldsOf(std::declval<T&>())));

  static void Write(const T& value, WireWriter& writer) {
    (void)&kWireRegistration<T>;
    writer.Nested([&] {
      std::apply([&](const auto&... field) { WriteParts(writer, field.value...); },
                 FieldsOf(value));
    });
  }
  static std::optional<T> Read(WireReader& reader) {
    (void)&kWireRegistration<T>;
    return reader.Nested([&] { return ReadParts<T>(Parts(), reader); });
  }
};

template <SelfEncoding T>
struct WireType<T> : DeclaredWireName<T> {
  using Parts = WireParts<>;
  static constexpr bool kDelimited = true;

  static void Write(const T& value, WireWriter& writer) {
    (void)&kWireRegistration<T>;
    writer.Nested([&] { value.Encode(writer); });
  }
  static std::optional<T> Read(WireReader& reader) {
    (void)&kWireRegistration<T>;
    std::optional<T> value = reader.Nested([&] { return T::Decode(reader); });
    if (!value) return reader.Fail("its Decode refuses the bytes");
    return value;
  }
};

// protobuf's own bytes.
template <ProtobufShaped T>
struct WireType<T> {
  using Parts = WireParts<>;
  static constexpr bool kDelimited = true;

  static std::string_view Name() {
    static const std::string& name = *new std::string(T().GetTypeName());
    return name;
  }
  static void Write(const T& value, WireWriter& writer) {
    (void)&kWireRegistration<T>;
    std::string bytes;
    if (!value.SerializeToString(&bytes))
      throw std::runtime_error(std::string(Name()).append(" can't be serialized"));
    writer.Append(bytes);
  }
  static std::optional<T> Read(WireReader& reader) {
    (void)&kWireRegistration<T>;
    const size_t begin = reader.position();
    const std::string_view bytes = reader.Rest();
    std::optional<T> value(std::in_place);
    const bool fits = bytes.size() <= std::numeric_limits<int>::max();
    if (!fits || !value->ParseFromArray(bytes.data(), static_cast<int>(bytes.size())))
      return reader.FailAt(begin, "protobuf can't parse the bytes");
    return value;
  }
};

}  // namespace hydra::process_internal

#endif  // HYDRA_PROCESS_INTERNAL_WIRE_SHAPES_H_
