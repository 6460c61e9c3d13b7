#include "hydra/process/self.h"

#include <string_view>
#include <vector>

#include "hydra/process/internal/control_block.h"
#include "hydra/process/internal/scheduler.h"
#include "hydra/process/internal/worker.h"
#include "hydra/process/pid.h"
#include "hydra/process/priority.h"

namespace hydra {

using process_internal::Worker;

Pid Self() {
  const auto& process = Worker::CurrentProcess();
  return Worker::CurrentOrDie().PidOf(process);
}

std::string RegisteredName() { return Worker::CurrentOrDie().scheduler().names().NameOf(Self()); }

std::string Label() { return Worker::CurrentOrDie().Label(); }

Ref MakeRef() { return process_internal::NewRef(); }

void SetLabel(std::string_view label) { Worker::CurrentOrDie().SetLabel(label); }

std::vector<Pid> Ancestors() { return Worker::CurrentOrDie().Ancestors(); }

std::vector<Pid> Callers() { return Worker::CurrentOrDie().Callers(); }

Priority SetPriority(Priority priority) { return Worker::CurrentOrDie().SetPriority(priority); }

}  // namespace hydra
