#include "hydra/process/self.h"

#include <utility>

#include "hydra/process/exit_reason.h"
#include "hydra/process/internal/control_block.h"
#include "hydra/process/internal/current.h"
#include "hydra/process/internal/exit_signal.h"
#include "hydra/process/internal/signal.h"
#include "hydra/process/internal/worker.h"
#include "hydra/process/pid.h"

namespace hydra {

using process_internal::ExitRequest;
using process_internal::kExitRequest;
using process_internal::NewSignal;
using process_internal::Worker;

Pid Self() {
  const auto& process = Worker::CurrentProcess();
  return Worker::CurrentOrDie().PidOf(process);
}

Ref MakeRef() { return Ref(Self(), Worker::CurrentProcess().mailbox.Mark()); }

void Exit(Pid pid, ExitReason reason) {
  process_internal::SendSignal(pid,
                               NewSignal<ExitRequest>(&kExitRequest, Self(), std::move(reason)));
}

}  // namespace hydra
