#include "hydra/base/internal/stack_trace.h"

#include <dlfcn.h>
#include <execinfo.h>

#include <string>

#include "absl/debugging/symbolize.h"
#include "absl/strings/str_cat.h"
#include "hydra/base/compiler.h"

namespace hydra::base_internal {
namespace {

constexpr int kMaxDepth = 64;
constexpr int kMaxNameSize = 512;

// Abseil finds the program's own symbols through its path.
void InitializeSymbolizerOnce() {
  static const bool initialized = [] {
    absl::InitializeSymbolizer("/proc/self/exe");
    return true;
  }();
  (void)initialized;
}

void AppendFrame(void* return_address, std::string& trace) {
  // A call that doesn't return may be the last instruction of its function.
  const char* const call = static_cast<const char*>(return_address) - 1;
  char name[kMaxNameSize];
  const bool found = absl::Symbolize(call, name, sizeof(name));
  absl::StrAppend(&trace, trace.empty() ? "" : "\n", "@ ", found ? name : "(unknown)");
  Dl_info file;
  if (dladdr(call, &file) != 0) {
    absl::StrAppend(&trace, "  (", file.dli_fname, "+0x",
                    absl::Hex(call - static_cast<const char*>(file.dli_fbase)), ")");
  }
}

}  // namespace

HYDRA_NOINLINE std::string StackTrace() {
  InitializeSymbolizerOnce();
  // Not absl::GetStackTrace, which follows frame pointers: optimised code has none.
  void* return_addresses[kMaxDepth];
  const int depth = backtrace(return_addresses, kMaxDepth);
  std::string trace;
  // The first is this function.
  for (int i = 1; i < depth; ++i) AppendFrame(return_addresses[i], trace);
  return trace;
}

}  // namespace hydra::base_internal
