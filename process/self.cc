#include "hydra/process/self.h"

#include <utility>

#include "hydra/process/exit_reason.h"
#include "hydra/process/internal/control_block.h"
#include "hydra/process/internal/exit_signal.h"
#include "hydra/process/internal/signal.h"
#include "hydra/process/internal/worker.h"
#include "hydra/process/pid.h"

namespace hydra {

using process_internal::CurrentProcess;
using process_internal::CurrentWorker;
using process_internal::ExitRequest;
using process_internal::kExitRequest;
using process_internal::NewSignal;

Pid Self() { return CurrentWorker().PidOf(CurrentProcess()); }

Ref MakeRef() { return Ref(Self(), CurrentProcess().mailbox.Mark()); }

void Exit(Pid pid, ExitReason reason) {
  CurrentWorker().Send(pid, NewSignal<ExitRequest>(&kExitRequest, Self(), std::move(reason)));
}

}  // namespace hydra
