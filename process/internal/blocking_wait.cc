#include "hydra/process/internal/blocking_wait.h"

#include <atomic>
#include <utility>

#include "hydra/process/async.h"
#include "hydra/process/internal/answer_signal.h"
#include "hydra/process/internal/control_block.h"
#include "hydra/process/internal/current.h"
#include "hydra/process/internal/inbox.h"
#include "hydra/process/internal/scheduler.h"
#include "hydra/process/internal/signal.h"
#include "hydra/process/internal/worker.h"

namespace hydra::process_internal {
namespace {

struct Returned final : AnswerSignal {};

}  // namespace

BlockingWait::~BlockingWait() {
  DestroyFound();
  if (answer_ != nullptr) DestroySignal(answer_);
}

void BlockingWait::Begin(PromiseBase& leaf) {
  Worker& worker = Worker::CurrentOrDie();
  ControlBlock& process = Worker::CurrentProcess();
  scheduler_ = &worker.scheduler();
  process_ = &process;
  request = process.mailbox.Mark();
  answer_ = NewAnswerSignal<Returned>(request);
  answer_->serial = process.serial.load(std::memory_order_relaxed);
  BeginAnswerWait(*this, leaf);
  if (worker.ending() != nullptr) return;  // an exit has come before
  holds_frames = true;
  try {
    scheduler_->blocking_pool().Submit(*this);
  } catch (...) {
    process.wait = nullptr;
    throw;
  }
}

// Straight into the inbox: the process can't have ended, and isn't to wait for its limited inbox.
void BlockingWait::OnDone() noexcept {
  Scheduler& scheduler = *scheduler_;
  ControlBlock& process = *process_;
  // As soon as it is pushed this may be gone.
  const Inbox::PushResult pushed = process.inbox.Push(std::exchange(answer_, nullptr));
  if (pushed == Inbox::PushResult::kWokeOwner) scheduler.Inject(process);
}

bool BlockingWait::GiveUp() {
  // The callbacks of its stop token run on a foreign thread, as it does.
  const Worker::Scope foreign(nullptr);
  return scheduler_->blocking_pool().Cancel(*this);
}

bool BlockingWait::Keep(Signal* signal) {
  signal->next = nullptr;
  *end_of_kept_ = signal;
  end_of_kept_ = &signal->next;
  return signal->type == &kAnswerType<Returned> &&
         static_cast<AnswerSignal*>(signal)->request == request;
}

}  // namespace hydra::process_internal
