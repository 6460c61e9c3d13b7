// `Application`: a part of a program that is started and stopped as one. A value, made by a plain
// function:
//
//   hydra::Application Clock() {
//     return {.name = "clock",
//             .start = []() -> hydra::Async<absl::StatusOr<hydra::Pid>> {
//               co_return hydra::SpawnLink(Tick);
//             }};
//   }
//
// Its functions may have captures, which live as long as the application runs: what they share is
// captured by each, as a shared_ptr.
#ifndef HYDRA_APPLICATION_SPEC_H_
#define HYDRA_APPLICATION_SPEC_H_

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "hydra/process/async.h"
#include "hydra/process/pid.h"

namespace hydra {

// Thread safety: a value, as far as what its functions capture is one.
struct Application {
  // What the end of the root means for the whole system, if nobody has asked the application to stop.
  // In every case the other processes of the application are ended, and the log says so.
  enum class Restart : uint8_t {
    kPermanent,  // the system stops; with exit code 0 if the reason is clean, otherwise 1
    kTransient,  // the same for a reason that isn't clean; otherwise the system goes on
    kTemporary,  // the system goes on
  };

  // Names it in the system: one application of a name runs at a time. Not empty.
  std::string name = {};

  // Starts the root, a process that is the parent of all others of the application (a supervisor,
  // mostly), and returns its pid once the application is ready for work. Must be there.
  //
  // Called by the application's own process, its *master*, which the root may be linked to already, and is
  // afterwards in any case. A status that isn't OK fails the start, as does an exception; processes that
  // have been started by then are killed.
  std::function<Async<absl::StatusOr<Pid>>()> start = {};

  // They are running before `start` is called, in this order, each once whoever else depends on it.
  std::vector<Application> dependencies = {};

  // Called before the root is asked to end: to refuse new work, and to wait until what is in hand is
  // done. Called in a process of its own. Also when the root has ended by itself.
  std::function<Async<>()> prep_stop = {};
  // After that time prep_stop is killed, and the stop goes on.
  absl::Duration prep_stop_limit = absl::Seconds(5);

  // Called when the root has ended, however it did, to clean up. In a process of its own.
  std::function<Async<>()> stop = {};

  // Called when a setting of the application has been set to another value while it runs, with the
  // setting's name ("shop.port"). In a process of its own, for one change after the other. See setting.h.
  std::function<Async<>(std::string setting)> config_change = {};

  Restart restart = Restart::kPermanent;
};

}  // namespace hydra

#endif  // HYDRA_APPLICATION_SPEC_H_
