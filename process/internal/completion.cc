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
  Worker& worker = Worker::CurrentOrDie();
  const Ref ref = MakeRef();
  request = ref.id();
  deadline = worker.DeadlineAfter(timeout_);
  return std::make_shared<CompletionState>(worker.scheduler().gate(), ref);
}

}  // namespace hydra::process_internal
