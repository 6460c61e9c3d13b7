#include "hydra/process/receive.h"

#include "absl/time/time.h"
#include "hydra/process/internal/scheduler.h"
#include "hydra/process/internal/signal.h"
#include "hydra/process/internal/wait.h"
#include "hydra/process/internal/worker.h"

namespace hydra::process_internal {

bool BeginWait(Wait& wait, PromiseBase& leaf) { return CurrentWorker().BeginWait(wait, leaf); }

Tick DeadlineAfter(absl::Duration timeout) { return CurrentWorker().scheduler().clock().TickAfter(timeout); }

Signal* KeepFound(Wait& wait) { return CurrentWorker().KeepFound(wait); }

}  // namespace hydra::process_internal
