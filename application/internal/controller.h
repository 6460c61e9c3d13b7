// The controller: the process that starts and stops the applications of a runtime, one after the other.
//
// It is found by its name, and runs no code of a user. While it starts or stops one, requests for others
// wait in its mailbox; everything else is answered. When the system has stopped it stays, to refuse starts.
#ifndef HYDRA_APPLICATION_INTERNAL_CONTROLLER_H_
#define HYDRA_APPLICATION_INTERNAL_CONTROLLER_H_

#include <functional>

namespace hydra::application_internal {

// Sees to it that the runtime has a controller. `on_stop` is called by the one that this has started when
// the system begins to stop. Must be called by a process.
void EnsureController(std::function<void()> on_stop = nullptr);

}  // namespace hydra::application_internal

#endif  // HYDRA_APPLICATION_INTERNAL_CONTROLLER_H_
