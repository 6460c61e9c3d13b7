#include "hydra/process/spawn.h"

#include "hydra/process/internal/entry.h"
#include "hydra/process/internal/worker.h"
#include "hydra/process/pid.h"

namespace hydra::process_internal {

Pid SpawnEntry(Entry* entry, const SpawnOptions& options) {
  return CurrentWorker().Spawn(entry, options.priority, nullptr);
}

}  // namespace hydra::process_internal
