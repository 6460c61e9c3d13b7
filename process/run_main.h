// RunMain: a program that is one process and what it starts.
//
//   hydra::Async<> Main() { ... }
//
//   int main() { return hydra::RunMain(Main); }
#ifndef HYDRA_PROCESS_RUN_MAIN_H_
#define HYDRA_PROCESS_RUN_MAIN_H_

#include <utility>

#include "hydra/process/exit_reason.h"
#include "hydra/process/runtime.h"

namespace hydra {

// Runs `main(args...)` as a process of a runtime with a scheduler for each core, and waits until it has
// ended; then whatever else runs is killed. Returns what the OS process should: 0 if it has ended as
// `normal` or `shutdown`, otherwise 1. Not to be called by a process.
template <typename F, typename... Args>
int RunMain(F&& main, Args&&... args) {
  Runtime runtime;
  return runtime.Run(std::forward<F>(main), std::forward<Args>(args)...).IsClean() ? 0 : 1;
}

}  // namespace hydra

#endif  // HYDRA_PROCESS_RUN_MAIN_H_
