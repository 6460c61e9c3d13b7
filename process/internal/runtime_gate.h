// The gate of a runtime: how code that may outlive the runtime gets in, for one call at a time.
#ifndef HYDRA_PROCESS_INTERNAL_RUNTIME_GATE_H_
#define HYDRA_PROCESS_INTERNAL_RUNTIME_GATE_H_

#include "absl/base/thread_annotations.h"
#include "hydra/base/mutex.h"

namespace hydra::process_internal {

class Scheduler;

// Held by shared_ptr. Thread safety: any thread.
class RuntimeGate {
 public:
  explicit RuntimeGate(Scheduler& scheduler) : scheduler_(&scheduler) {}

  // Calls `call(scheduler)`, and returns true, unless the gate is closed. The runtime isn't destroyed
  // meanwhile. No lock is held, so `call` may enter again.
  template <typename Call>
  bool Enter(Call call) {
    Scheduler* scheduler = nullptr;
    {
      MutexLock lock(mutex_);
      if (scheduler_ == nullptr) return false;
      scheduler = scheduler_;
      ++inside_;
    }
    call(*scheduler);
    MutexLock lock(mutex_);
    if (--inside_ == 0) empty_.NotifyAll();
    return true;
  }

  // Lets nobody in any more, and waits until all have left. For the runtime's destructor.
  void Close() {
    MutexLock lock(mutex_);
    scheduler_ = nullptr;
    while (inside_ > 0) empty_.Wait(mutex_);
  }

 private:
  Mutex mutex_;
  CondVar empty_;
  Scheduler* scheduler_ ABSL_GUARDED_BY(mutex_);
  int inside_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace hydra::process_internal

#endif  // HYDRA_PROCESS_INTERNAL_RUNTIME_GATE_H_
