// That clang holds us to the annotations of mutex.h: each case breaks one.
#include "absl/base/thread_annotations.h"
#include "absl/time/time.h"
#include "hydra/base/mutex.h"

namespace hydra {

class Counter {
 public:
  void Add() ABSL_LOCKS_EXCLUDED(mutex_) {
    MutexLock lock(mutex_);
    ++count_;
    changed_.NotifyAll();
  }

#if defined(UNGUARDED_ACCESS)
  int Count() { return count_; }
#elif defined(WAIT_WITHOUT_LOCK)
  void Await() { changed_.Wait(mutex_); }
#elif defined(TIMED_WAIT_WITHOUT_LOCK)
  void Await() { changed_.WaitFor(mutex_, absl::Seconds(1)); }
#elif defined(LOCK_TWICE)
  void AddTwo() {
    MutexLock lock(mutex_);
    MutexLock again(mutex_);
  }
#elif defined(CALL_WITH_LOCK)
  void AddTwo() {
    MutexLock lock(mutex_);
    Add();
  }
#elif defined(LOCK_WITHOUT_UNLOCK)
  void AddTwo() { mutex_.Lock(); }
#elif defined(UNCHECKED_TRY_LOCK)
  void AddTwo() {
    mutex_.TryLock();
    count_ += 2;
    mutex_.Unlock();
  }
#endif

 private:
  Mutex mutex_;
  CondVar changed_;
  int count_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace hydra
