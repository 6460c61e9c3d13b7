// Which types can cross nodes, and what the compiler says about those that can't.
#ifndef HYDRA_PROCESS_INTERNAL_WIRE_READY_H_
#define HYDRA_PROCESS_INTERNAL_WIRE_READY_H_

#include <string_view>
#include <type_traits>

#include "hydra/process/internal/wire_composites.h"
#include "hydra/process/internal/wire_shapes.h"
#include "hydra/process/internal/wire_type.h"
#include "hydra/process/internal/wire_values.h"

namespace hydra::process_internal {

template <typename T>
consteval bool IsWireReady();

// Whether a request that can cross nodes may be answered with an R.
template <typename R>
consteval bool IsWireReply() {
  if constexpr (std::is_void_v<R>) {
    return true;
  } else {
    return IsWireReady<R>();
  }
}

template <typename T>
consteval bool IsWireReady() {
  if constexpr (std::is_class_v<T>)
    static_assert(requires { sizeof(T); }, "the type isn't defined yet");
  if constexpr (IsWireField<T>() && HasWireName<T>()) {
    if constexpr (requires { typename T::Reply; }) {
      static_assert(IsWireReply<typename T::Reply>(),
                    "a request that can cross nodes needs a Reply that can: see process/wire.h, or "
                    "take the request's kWireName away");
    }
    return true;
  } else {
    return false;
  }
}

// Fails to compile for a T that can't be a field, and says what to do about it. For what is made of
// other types it is the part that fails.
template <typename T, typename... Seen>
consteval void AssertWireField() {
  if constexpr (IsWireField<T, Seen...>()) {
    return;
  } else if constexpr (HasWireType<T>) {
    []<typename... P>(WireParts<P...>) {
      (AssertWireField<P, T, Seen...>(), ...);
    }(typename WireType<T>::Parts());
  } else if constexpr (std::is_pointer_v<T> || std::is_reference_v<T> ||
                       std::is_same_v<T, std::string_view>) {
    static_assert(
        IsWireField<T>(),
        "what a pointer, a reference or a view points to stays on this node: send a value");
  } else if constexpr (HasWireNameConstant<T>) {
    static_assert(IsWireField<T>(),
                  "a type with a kWireName has void Encode(hydra::WireWriter&) const and static "
                  "std::optional<T> Decode(hydra::WireReader&), or is a struct of up to 16 fields "
                  "without base classes, references and C arrays");
  } else if constexpr (std::is_aggregate_v<T> && !std::is_array_v<T>) {
    static_assert(IsWireField<T>(),
                  "this struct can't cross nodes yet: add the line static constexpr "
                  "std::string_view kWireName = \"package.Type\";");
  } else {
    static_assert(IsWireField<T>(),
                  "this type can't cross nodes: send what it stands for, or give it kWireName, "
                  "Encode and Decode, see process/wire.h");
  }
}

// The same for a T that can't be a message. Returns false when it has said so.
template <typename T>
consteval bool AssertWireReady() {
  AssertWireField<T>();
  if constexpr (IsWireField<T>()) {
    static_assert(IsWireReady<T>(),
                  "an enum has no wire name, so it isn't a message: make it a field of a struct "
                  "with a kWireName");
  }
  return IsWireReady<T>();
}

}  // namespace hydra::process_internal

#endif  // HYDRA_PROCESS_INTERNAL_WIRE_READY_H_
