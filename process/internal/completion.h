// How a callback ends a process's wait. See awaitable.h.
#ifndef HYDRA_PROCESS_INTERNAL_COMPLETION_H_
#define HYDRA_PROCESS_INTERNAL_COMPLETION_H_

#include <atomic>
#include <cstdint>
#include <memory>
#include <utility>

#include "absl/time/time.h"
#include "hydra/process/internal/answer.h"
#include "hydra/process/internal/answer_signal.h"
#include "hydra/process/internal/runtime_gate.h"
#include "hydra/process/pid.h"

namespace hydra::process_internal {

// What the copies of one Completion share.
class CompletionState {
 public:
  CompletionState(std::shared_ptr<RuntimeGate> gate, Ref asker)
      : gate_(std::move(gate)), asker_(asker) {}

  uint64_t id() const { return asker_.id(); }

  // Returns true to the first who calls it.
  bool Claim() { return !claimed_.exchange(true, std::memory_order_acq_rel); }

  // Sends the answer to the process that waits. Takes it.
  void Send(AnswerSignal* answer);

 private:
  const std::shared_ptr<RuntimeGate> gate_;
  const Ref asker_;
  std::atomic<bool> claimed_{false};
};

// The wait for a completion.
class CallbackWait : public AnswerWait {
 protected:
  explicit CallbackWait(absl::Duration timeout) : timeout_(timeout) {}

  // Begins the wait; what is returned ends it.
  std::shared_ptr<CompletionState> Prepare();

 private:
  const absl::Duration timeout_;
};

}  // namespace hydra::process_internal

#endif  // HYDRA_PROCESS_INTERNAL_COMPLETION_H_
