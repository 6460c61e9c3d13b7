// Runtimes, and exits of processes that wait for a blocking function, for tests.
#ifndef HYDRA_PROCESS_RUN_BLOCKING_TESTING_H_
#define HYDRA_PROCESS_RUN_BLOCKING_TESTING_H_

#include <cstdint>
#include <functional>
#include <stop_token>
#include <string>

#include "gtest/gtest.h"
#include "hydra/process/async.h"
#include "hydra/process/exit_reason.h"
#include "hydra/process/link.h"
#include "hydra/process/pid.h"
#include "hydra/process/runtime.h"
#include "hydra/process/testing/manual_runtime.h"
#include "hydra/process/timer.h"

namespace hydra::process_testing {

// Runs `test` with a runtime that is driven by hand, for some seeds, and with one on threads.
inline void OnBoth(const std::function<void(Runtime&)>& test) {
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    const testing::ScopedTrace trace(__FILE__, __LINE__, "seed " + std::to_string(seed));
    ManualRuntime runtime({.seed = seed});
    test(runtime);
  }
  Runtime runtime({.schedulers = 2});
  test(runtime);
}

// For blocking functions: exits `pid` and returns when that has taken it in, which puts it off. So
// much happens after it that what was sent before has arrived, too.
inline void ExitAndAwaitStop(Runtime& runtime, Pid pid, const ExitReason& reason,
                             const std::stop_token& stop) {
  runtime.Run([&]() -> Async<> {
    Exit(pid, reason);
    while (!stop.stop_requested()) co_await Yield();
    for (int i = 0; i < 100; ++i) co_await Yield();
  });
}

}  // namespace hydra::process_testing

#endif  // HYDRA_PROCESS_RUN_BLOCKING_TESTING_H_
