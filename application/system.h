// Applications that run in this runtime: started, stopped and listed by processes.
//
//   absl::StatusOr<std::vector<std::string>> started = co_await hydra::StartApplication(Shop());
//   std::vector<std::string> running = co_await hydra::RunningApplications();   // "database", "shop"
//   absl::Status stopped = co_await hydra::StopApplication("shop");
//
//   hydra::StopSystem();                                        // all of them, in reverse order
//   int exit_code = co_await hydra::SystemStopped();
//
// A program has RunApplication call them (run_application.h); tests, and parts that come and go, call
// them themselves. Starts and stops are done one after the other, by one process for the runtime.
//
// All must be awaited, or called, by a process.
#ifndef HYDRA_APPLICATION_SYSTEM_H_
#define HYDRA_APPLICATION_SYSTEM_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "hydra/application/spec.h"
#include "hydra/process/async.h"

namespace hydra {

// Starts `application`, after those of its dependencies that aren't running. Yields the names of those
// that it has started, in order; none if it was running already: an application is known by its name.
//
// If one of them can't be started, those that this call has started are stopped again, and the status is
// what that start returned, with the way to it in front: "application shop: dependency database: no
// route". ExitReasonOf(status) is the reason of a start that has crashed.
//   kInvalidArgument     an application has no name or no start, or depends on itself
//   kFailedPrecondition  the system is stopping; or the caller belongs to the application that is just
//                        being started or stopped, and would wait for itself
//   kCancelled           the system has been stopped meanwhile
Async<absl::StatusOr<std::vector<std::string>>> StartApplication(Application application);

// Stops the application of that name, in this order: its prep_stop; its root, by an exit signal
// `shutdown`, however long that takes; its stop; then whatever else is left of its processes is killed.
// Its dependencies, and those that depend on it, run on.
//
// Its processes are those that have its master among their Ancestors(). One that was spawned by a plain
// Spawn has none, and more than sixteen generations aren't remembered: such a process ends only if its
// parents end it, by links or otherwise. Cost: a question to every process of the runtime.
//
//   kNotFound            no such application is running
//   kUnavailable         it has stopped, but not in order: the root has ended with a reason that isn't
//                        clean, or one of the functions has thrown. ExitReasonOf(status) is the reason.
//   kFailedPrecondition  as for StartApplication
Async<absl::Status> StopApplication(std::string name);

// The names of the applications that have been started and haven't ended, in the order of their start.
Async<std::vector<std::string>> RunningApplications();

// Stops all applications in the reverse order of their start, each as StopApplication does. A start that is
// under way is broken off. Returns at once. From now on nothing can be started.
//
// `exit_code` is that of the OS process, if RunApplication runs the system. The first call counts; but
// if something doesn't stop in order, 0 becomes 1.
void StopSystem(int exit_code = 0);

// Waits until the system has stopped: until after a StopSystem, a signal to RunApplication, or the end of a
// root that demands it, no application is left. Yields the exit code.
Async<int> SystemStopped();

}  // namespace hydra

#endif  // HYDRA_APPLICATION_SYSTEM_H_
