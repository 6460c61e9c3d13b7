#include "hydra/process/link.h"

#include <utility>

#include "hydra/process/exit_reason.h"
#include "hydra/process/internal/current.h"
#include "hydra/process/internal/signal.h"
#include "hydra/process/internal/signals.h"
#include "hydra/process/internal/worker.h"
#include "hydra/process/pid.h"
#include "hydra/process/self.h"

namespace hydra {
namespace {

using process_internal::kExitSignal;
using process_internal::NewSignal;
using process_internal::Worker;

// What ExitSelf throws. The reason is kept by the worker, which knows it even if this is swallowed.
struct Unwinding {};

}  // namespace

void Exit(Pid pid, ExitReason reason) {
  process_internal::SendSignal(pid, NewSignal<ExitSignal>(&kExitSignal, Self(), std::move(reason)));
}

void ExitSelf(ExitReason reason) {
  Worker::CurrentOrDie().EndSelf(std::move(reason));
  throw Unwinding();
}

bool TrapExit(bool trap) { return Worker::CurrentOrDie().TrapExit(trap); }

void Link(Pid pid) { Worker::CurrentOrDie().Link(pid); }

void Unlink(Pid pid) { Worker::CurrentOrDie().Unlink(pid); }

}  // namespace hydra
