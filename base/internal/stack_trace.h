// The calls that led here, for a person to read.
#ifndef HYDRA_BASE_INTERNAL_STACK_TRACE_H_
#define HYDRA_BASE_INTERNAL_STACK_TRACE_H_

#include <string>

namespace hydra::base_internal {

// Returns a line for each call on the stack of this thread, innermost first:
//
//   @ hydra::Stack::HandleCall()  (bazel-bin/stack/server+0x12d3)
//
// `llvm-symbolizer --obj=bazel-bin/stack/server 0x12d3` prints the line of the source. A coroutine
// is shown below what resumed it, not below the coroutine that awaits it. Takes milliseconds, and
// memory: for an OS process that is about to end.
//
// The names of a program that lld linked are known only with its flag `-z separate-code`: Abseil
// doesn't understand lld's other layout of segments.
//
// Thread safety: any thread.
std::string StackTrace();

}  // namespace hydra::base_internal

#endif  // HYDRA_BASE_INTERNAL_STACK_TRACE_H_
