// What the code needs to know about the compiler: which ones are refused, the attributes that are
// spelled differently elsewhere, and which sanitizer is on.
//
//   HYDRA_NOINLINE Worker* CurrentWorker();     // reads a thread_local
//   alignas(kCacheLine) std::atomic<int> head;  // written by other threads than its neighbours
//
// GCC 12 compiles ordinary coroutine code wrong, without a word: a temporary in a full-expression
// that also holds a `co_await` is destroyed twice. Hence the first #error.
#ifndef HYDRA_BASE_COMPILER_H_
#define HYDRA_BASE_COMPILER_H_

#include <cstddef>

#if defined(__GNUC__) && !defined(__clang__) && __GNUC__ < 14
#ifndef HYDRA_ALLOW_UNTESTED_COMPILER
#error \
    "Hydra needs clang 19 or GCC 14: older GCC miscompiles coroutines. \
To try all the same, define HYDRA_ALLOW_UNTESTED_COMPILER."
#endif
#endif

#ifndef __cpp_exceptions
#error "Hydra needs exceptions: a process that exits unwinds. Build without -fno-exceptions."
#endif

// The attributes below come first in a declaration.

// Never inlined: for what reads a thread_local. A coroutine may resume on another thread, and a
// compiler may keep the address of a thread_local that it inlined across the suspension.
#define HYDRA_NOINLINE [[gnu::noinline]]

// Always inlined, also without optimisation.
#define HYDRA_ALWAYS_INLINE [[gnu::always_inline]] inline

// Seldom called: laid out apart, and a branch that leads to a call is predicted not taken.
#define HYDRA_COLD [[gnu::cold]]

// Defined under AddressSanitizer. GCC defines the first, clang answers the second.
#if defined(__SANITIZE_ADDRESS__)
#define HYDRA_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define HYDRA_ASAN 1
#endif
#endif

// Defined under ThreadSanitizer.
#if defined(__SANITIZE_THREAD__)
#define HYDRA_TSAN 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define HYDRA_TSAN 1
#endif
#endif

namespace hydra {

// What different threads write lies at least this many bytes apart.
inline constexpr size_t kCacheLine = 64;

}  // namespace hydra

#endif  // HYDRA_BASE_COMPILER_H_
