#include "hydra/process/self.h"

#include "hydra/process/internal/control_block.h"
#include "hydra/process/internal/worker.h"
#include "hydra/process/pid.h"

namespace hydra {

using process_internal::Worker;

Pid Self() {
  const auto& process = Worker::CurrentProcess();
  return Worker::CurrentOrDie().PidOf(process);
}

Ref MakeRef() { return Ref(Self(), Worker::CurrentProcess().mailbox.Mark()); }

}  // namespace hydra
