// The wait for a blocking function, which has references into the frames of the process that waits.
//
// So an exit that comes is put off: it asks the function to return, the process becomes `kDoomed`, and
// ends without being resumed when the function has returned. What arrives in between is kept for its
// death, as what comes behind an exit always is.
#ifndef HYDRA_PROCESS_INTERNAL_BLOCKING_WAIT_H_
#define HYDRA_PROCESS_INTERNAL_BLOCKING_WAIT_H_

#include <coroutine>
#include <optional>
#include <stop_token>
#include <utility>

#include "hydra/process/async.h"
#include "hydra/process/exit_reason.h"
#include "hydra/process/internal/answer_signal.h"
#include "hydra/process/internal/blocking_pool.h"
#include "hydra/process/internal/current.h"
#include "hydra/process/internal/signal.h"

namespace hydra::process_internal {

struct ControlBlock;

class BlockingWait : public AwaitableWait, protected BlockingJob {
 public:
  template <typename P>
  void await_suspend(std::coroutine_handle<P> leaf) {
    Begin(leaf.promise());
  }

  // ---- For the worker.

  // Asks the function to return. Returns true if it hasn't begun: it doesn't any more.
  bool GiveUp();

  // Keeps a signal for the end of a doomed process. Returns whether it says that the function has
  // returned. Takes the signal.
  bool Keep(Signal* signal);
  // Returns what has been kept, oldest first.
  Signal* TakeKept() { return std::exchange(kept_, nullptr); }

  // What a doomed process ends with.
  std::optional<ExitReason> exit;

 protected:
  explicit BlockingWait(std::stop_source stop) : BlockingJob(std::move(stop)) {}
  ~BlockingWait();

 private:
  void Begin(PromiseBase& leaf);
  void OnDone() noexcept final;

  Scheduler* scheduler_ = nullptr;
  ControlBlock* process_ = nullptr;
  AnswerSignal* answer_ = nullptr;  // what tells that the function has returned, until it is sent
  Signal* kept_ = nullptr;
  Signal** end_of_kept_ = &kept_;
};

}  // namespace hydra::process_internal

#endif  // HYDRA_PROCESS_INTERNAL_BLOCKING_WAIT_H_
