#include "hydra/process/receive.h"

#include "absl/time/time.h"
#include "hydra/process/internal/wait.h"
#include "hydra/process/internal/worker.h"

namespace hydra::process_internal {

Tick DeadlineAfter(absl::Duration timeout) { return Worker::CurrentOrDie().DeadlineAfter(timeout); }

}  // namespace hydra::process_internal
