// RunApplication: a program that is an application.
//
//   int main() { return hydra::RunApplication(Shop(), {.shutdown_limit = absl::Seconds(30)}); }
#ifndef HYDRA_APPLICATION_RUN_APPLICATION_H_
#define HYDRA_APPLICATION_RUN_APPLICATION_H_

#include <map>
#include <optional>
#include <string>

#include "absl/time/time.h"
#include "hydra/application/spec.h"
#include "hydra/base/log_severity.h"
#include "hydra/process/runtime.h"

namespace hydra {

struct RunOptions {
  RuntimeOptions runtime = {};
  // How long the stop of the whole system may take, until RunApplication has returned. After that the OS
  // process is ended at once.
  absl::Duration shutdown_limit = absl::Seconds(10);
  // What is logged while the system runs; by default as it was before (log.h, log_sink.h).
  std::optional<LogSeverity> min_log_severity = std::nullopt;
  // Settings, by their names ("shop.port"), as text: from flags, a file, the environment. See setting.h.
  std::map<std::string, std::string> settings = {};
};

// Runs `application` and its dependencies in a runtime of their own, until the system stops: by a signal,
// by StopSystem, or by the end of a root (Application::restart). Returns what the OS process should:
//
//   0         stopped in order
//   1         a start failed, which stderr is told in one line; or a setting was wrong, likewise; or a root has
//             crashed whose restart demands the stop; or something did not stop in order
//   the argument of the StopSystem that stopped it
//
// or doesn't return, but ends the OS process, with nothing more of it run, no destructor either:
//
//   1         when the shutdown_limit has passed since the stop began, whatever still runs
//   128 + n   by a second signal, of number n
//
// SIGTERM and SIGINT belong to it from the call to its return, whatever their handlers: the first stops the
// system in order, also while it is starting. Both are blocked in the calling thread, and so in all threads
// that are started meanwhile, and in the programs that those exec; at the end the thread has its mask back.
// Call it before there are other threads: one that doesn't block the signals may get them instead.
//
// Not to be called by a process, and not by two threads at a time.
int RunApplication(Application application, RunOptions options = {});

}  // namespace hydra

#endif  // HYDRA_APPLICATION_RUN_APPLICATION_H_
