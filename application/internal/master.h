// The master: the process of one application.
//
// It traps exits, calls start, and is the parent of the root. When it is told to stop, or the root ends,
// it takes the application down in order and ends. It may be killed at any time: then the root, which is
// linked to it, ends, too, and the controller sees to the rest.
#ifndef HYDRA_APPLICATION_INTERNAL_MASTER_H_
#define HYDRA_APPLICATION_INTERNAL_MASTER_H_

#include <memory>

#include "hydra/application/spec.h"
#include "hydra/process/async.h"
#include "hydra/process/pid.h"

namespace hydra::application_internal {

// The body of a master. Sends `controller`, which it is linked to, a MasterStarted.
//
// Ends with `shutdown` when it has been stopped in order; with the root's reason if that has ended by
// itself; otherwise with what went wrong first.
Async<> RunMaster(std::shared_ptr<const Application> application, Pid controller);

}  // namespace hydra::application_internal

#endif  // HYDRA_APPLICATION_INTERNAL_MASTER_H_
