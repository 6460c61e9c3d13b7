#include "hydra/process/send.h"

#include "hydra/process/internal/signal.h"
#include "hydra/process/internal/worker.h"
#include "hydra/process/pid.h"

namespace hydra::process_internal {

void SendSignal(Pid to, Signal* signal) { CurrentWorker().Send(to, signal); }

}  // namespace hydra::process_internal
