#include "hydra/process/internal/completion.h"

#include <memory>

#include "hydra/process/internal/answer_signal.h"
#include "hydra/process/internal/scheduler.h"
#include "hydra/process/internal/signal.h"
#include "hydra/process/internal/worker.h"
#include "hydra/process/pid.h"
#include "hydra/process/self.h"

namespace hydra::process_internal {

void CompletionState::Send(AnswerSignal* answer) {
  const bool sent =
      gate_->Enter([&](Scheduler& scheduler) { scheduler.Send(asker_.creator(), answer); });
  if (!sent) DestroySignal(answer);
}

std::shared_ptr<CompletionState> CallbackWait::Prepare() {
  Scheduler& scheduler = Worker::CurrentOrDie().scheduler();
  const Ref ref = MakeRef();
  request = ref.id();
  deadline = scheduler.clock().TickAfter(timeout_);
  return std::make_shared<CompletionState>(scheduler.gate(), ref);
}

}  // namespace hydra::process_internal
