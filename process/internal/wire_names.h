// Wire names: one name, one type.
#ifndef HYDRA_PROCESS_INTERNAL_WIRE_NAMES_H_
#define HYDRA_PROCESS_INTERNAL_WIRE_NAMES_H_

#include <string_view>
#include <typeinfo>

namespace hydra::process_internal {

// Whether a type of a user's may have this name: letters, digits, '_' and '.', among them a dot or
// a capital, which no name of a built-in type has.
constexpr bool IsWireName(std::string_view name) {
  bool distinct = false;
  for (const char c : name) {
    const bool capital = c >= 'A' && c <= 'Z';
    const bool plain = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
    if (!capital && !plain && c != '.') return false;
    distinct = distinct || !plain;
  }
  return distinct;
}

// Notes that the C++ type `type`, called `type_name` there, has this name. Ends the OS process if
// another type has it, or if it can't be one. The same type may come again, from another shared
// library; one that has registered a type isn't to be unloaded. Thread safety: any thread.
void RegisterWireName(std::string_view name, const std::type_info& type,
                      std::string_view type_name);

}  // namespace hydra::process_internal

#endif  // HYDRA_PROCESS_INTERNAL_WIRE_NAMES_H_
