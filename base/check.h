// Checks: what must be true unless the code itself is wrong.
//
//   HYDRA_CHECK(!frames.empty()) << "process " << pid << " was resumed without a frame";
//   HYDRA_CHECK_EQ(slot.serial, pid.serial);
//
// One that fails logs the place, the expression, the message and the stack with severity FATAL, and
// ends the OS process with abort(). So never check what a user, a peer or a file says: that is a
// Status, or the exit of a process.
//
// All of them take a message. Its operands are evaluated only on failure; a condition is evaluated
// once. A check that holds costs one predicted branch.
//
// Thread safety: any thread.
#ifndef HYDRA_BASE_CHECK_H_
#define HYDRA_BASE_CHECK_H_

#include <type_traits>

#include "hydra/base/compiler.h"
#include "hydra/base/internal/log_message.h"

// Ends the OS process unless `condition`, which converts to bool, is true.
#define HYDRA_CHECK(condition)                                       \
  __builtin_expect(static_cast<bool>(condition), true)               \
      ? (void)0                                                      \
      : ::hydra::base_internal::Voidify() &                          \
            ::hydra::base_internal::FatalMessage(__FILE__, __LINE__, \
                                                 "Check failed: " #condition " ")

// The same for comparisons, whose operands can be streamed and are part of the message:
//
//   Check failed: slot.serial == pid.serial (7 vs. 6)
#define HYDRA_CHECK_EQ(a, b) HYDRA_CHECK_INTERNAL_COMPARE(CheckEq, a, ==, b)
#define HYDRA_CHECK_NE(a, b) HYDRA_CHECK_INTERNAL_COMPARE(CheckNe, a, !=, b)
#define HYDRA_CHECK_LT(a, b) HYDRA_CHECK_INTERNAL_COMPARE(CheckLt, a, <, b)
#define HYDRA_CHECK_LE(a, b) HYDRA_CHECK_INTERNAL_COMPARE(CheckLe, a, <=, b)
#define HYDRA_CHECK_GT(a, b) HYDRA_CHECK_INTERNAL_COMPARE(CheckGt, a, >, b)
#define HYDRA_CHECK_GE(a, b) HYDRA_CHECK_INTERNAL_COMPARE(CheckGe, a, >=, b)

// A check for code too hot for one. In builds with NDEBUG (Bazel's opt) it is compiled but not run.
#ifdef NDEBUG
#define HYDRA_DCHECK(condition) HYDRA_CHECK(true || static_cast<bool>(condition))
#else
#define HYDRA_DCHECK(condition) HYDRA_CHECK(condition)
#endif

// A place that isn't reached, such as the end of a switch over all enumerators. Never undefined
// behaviour, also with NDEBUG.
#define HYDRA_UNREACHABLE() \
  ::hydra::base_internal::FatalMessage(__FILE__, __LINE__, "Unreachable code was reached. ")

// A statement, not an expression: `while` declares what failed, and runs at most once.
#define HYDRA_CHECK_INTERNAL_COMPARE(function, a, op, b)                                    \
  while (auto* hydra_failed =                                                               \
             ::hydra::base_internal::function(a, b, #a " " #op " " #b, __FILE__, __LINE__)) \
  ::hydra::base_internal::Voidify() & ::hydra::base_internal::FatalMessage(hydra_failed)

namespace hydra::base_internal {

// The beginning of a FatalMessage.
class FailedComparison final : public LogMessageBuilder {
 public:
  HYDRA_COLD FailedComparison(const char* file, int line) noexcept;

  // Unless released, an operand threw as it was printed: ends the OS process with what there is.
  HYDRA_COLD ~FailedComparison();

  State* Release() {
    State* const state = state_;
    state_ = nullptr;
    return state;
  }
};

// How an operand is handed to what describes it: what fits a register stays in one.
template <typename T>
using Operand = std::conditional_t<std::is_scalar_v<T>, T, const T&>;

template <typename A, typename B>
[[gnu::returns_nonnull]] HYDRA_COLD HYDRA_NOINLINE LogMessageBuilder::State* DescribeComparison(
    A a, B b, const char* text, const char* file, int line) {
  FailedComparison failed(file, line);
  failed << "Check failed: " << text << " (" << a << " vs. " << b << ") ";
  return failed.Release();
}

// Each returns null if the comparison holds.
#define HYDRA_CHECK_INTERNAL_DEFINE(function, op)                                                  \
  template <typename A, typename B>                                                                \
  HYDRA_ALWAYS_INLINE LogMessageBuilder::State* function(const A& a, const B& b, const char* text, \
                                                         const char* file, int line) {             \
    if (a op b) [[likely]] {                                                                       \
      return nullptr;                                                                              \
    }                                                                                              \
    return DescribeComparison<Operand<A>, Operand<B>>(a, b, text, file, line);                     \
  }
HYDRA_CHECK_INTERNAL_DEFINE(CheckEq, ==)
HYDRA_CHECK_INTERNAL_DEFINE(CheckNe, !=)
HYDRA_CHECK_INTERNAL_DEFINE(CheckLt, <)
HYDRA_CHECK_INTERNAL_DEFINE(CheckLe, <=)
HYDRA_CHECK_INTERNAL_DEFINE(CheckGt, >)
HYDRA_CHECK_INTERNAL_DEFINE(CheckGe, >=)
#undef HYDRA_CHECK_INTERNAL_DEFINE

}  // namespace hydra::base_internal

#endif  // HYDRA_BASE_CHECK_H_
