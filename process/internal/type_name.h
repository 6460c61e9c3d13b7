// The name of a type as the compiler spells it, for people.
#ifndef HYDRA_PROCESS_INTERNAL_TYPE_NAME_H_
#define HYDRA_PROCESS_INTERNAL_TYPE_NAME_H_

#include <cstddef>
#include <string_view>

namespace hydra::process_internal {

template <typename T>
constexpr std::string_view TypeName() {
  constexpr std::string_view function = __PRETTY_FUNCTION__;
  constexpr size_t begin = function.find("T = ") + 4;
  return function.substr(begin, function.rfind(']') - begin);
}

}  // namespace hydra::process_internal

#endif  // HYDRA_PROCESS_INTERNAL_TYPE_NAME_H_
