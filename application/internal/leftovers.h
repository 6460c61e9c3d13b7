// What is left of an application when its master has ended.
#ifndef HYDRA_APPLICATION_INTERNAL_LEFTOVERS_H_
#define HYDRA_APPLICATION_INTERNAL_LEFTOVERS_H_

#include <string>

#include "hydra/process/async.h"
#include "hydra/process/pid.h"

namespace hydra::application_internal {

// Kills the processes that have `master` among their ancestors, and those that they spawn meanwhile, until
// none is left; logs how many there were. `application` is for people. Asks every process, so it waits for
// one that computes; to be run as a process of its own.
Async<> KillLeftovers(std::string application, Pid master);

}  // namespace hydra::application_internal

#endif  // HYDRA_APPLICATION_INTERNAL_LEFTOVERS_H_
