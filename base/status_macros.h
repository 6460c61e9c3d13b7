// Macros that hand an error to the caller.
//
//   absl::StatusOr<Config> Load(const std::string& path) {
//     HYDRA_ASSIGN_OR_RETURN(std::string text, ReadFile(path));
//     HYDRA_RETURN_IF_ERROR(Validate(text));
//     return Parse(text);
//   }
//
//   hydra::Async<absl::Status> Announce(Pid registry) {
//     HYDRA_CO_ASSIGN_OR_RETURN(Ref ref, co_await Enroll(registry));
//     co_return co_await Confirm(ref);
//   }
//
// The function around them returns absl::Status or an absl::StatusOr, or is a coroutine of one. The
// error is handed on as it is.
#ifndef HYDRA_BASE_STATUS_MACROS_H_
#define HYDRA_BASE_STATUS_MACROS_H_

#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

// Evaluates an expression that yields an absl::Status, and returns the status unless it is OK.
#define HYDRA_RETURN_IF_ERROR(...) HYDRA_STATUS_INTERNAL_IF_ERROR(return, (__VA_ARGS__))
#define HYDRA_CO_RETURN_IF_ERROR(...) HYDRA_STATUS_INTERNAL_IF_ERROR(co_return, (__VA_ARGS__))

// Evaluates an expression that yields an absl::StatusOr. Returns its status unless that is OK;
// otherwise moves the value to `lhs`, which is a variable or declares one:
//
//   HYDRA_ASSIGN_OR_RETURN(auto socket, Connect(address));
//   HYDRA_ASSIGN_OR_RETURN(peers_[name], Find(name));
//
// Expands to several statements, so it isn't the body of an `if` without braces. A type with a
// comma doesn't fit into `lhs`: use `auto`.
#define HYDRA_ASSIGN_OR_RETURN(lhs, ...) \
  HYDRA_STATUS_INTERNAL_ASSIGN(return, HYDRA_STATUS_INTERNAL_NAME(__LINE__), lhs, (__VA_ARGS__))
#define HYDRA_CO_ASSIGN_OR_RETURN(lhs, ...) \
  HYDRA_STATUS_INTERNAL_ASSIGN(co_return, HYDRA_STATUS_INTERNAL_NAME(__LINE__), lhs, (__VA_ARGS__))

#define HYDRA_STATUS_INTERNAL_IF_ERROR(return_keyword, expression)                 \
  do {                                                                             \
    if (absl::Status hydra_status = expression; !hydra_status.ok()) [[unlikely]] { \
      return_keyword hydra_status;                                                 \
    }                                                                              \
  } while (false)

#define HYDRA_STATUS_INTERNAL_ASSIGN(return_keyword, result, lhs, expression) \
  auto result = expression;                                                   \
  if (!result.ok()) [[unlikely]] {                                            \
    return_keyword std::move(result).status();                                \
  }                                                                           \
  lhs = *std::move(result)

#define HYDRA_STATUS_INTERNAL_NAME(line) HYDRA_STATUS_INTERNAL_JOIN(hydra_result_, line)
#define HYDRA_STATUS_INTERNAL_JOIN(a, b) a##b

#endif  // HYDRA_BASE_STATUS_MACROS_H_
