// The arguments of the examples: --name=value.
#ifndef HYDRA_EXAMPLES_ARGUMENTS_H_
#define HYDRA_EXAMPLES_ARGUMENTS_H_

#include <string>
#include <string_view>
#include <utility>

// The value of the argument that begins with `flag`; `or_else` if there is none.
inline std::string ValueOf(std::string_view flag, int argc, char** argv, std::string or_else) {
  for (int i = 1; i < argc; ++i) {
    const std::string_view argument = argv[i];
    if (argument.starts_with(flag)) return std::string(argument.substr(flag.size()));
  }
  return or_else;
}

#endif  // HYDRA_EXAMPLES_ARGUMENTS_H_
