// Mutex, MutexLock and CondVar: the standard ones, with the attributes that let clang check who
// holds what.
//
//   Mutex mutex_;
//   CondVar changed_;
//   int count_ ABSL_GUARDED_BY(mutex_) = 0;
//   ...
//   MutexLock lock(mutex_);
//   while (count_ == 0) changed_.Wait(mutex_);
//   --count_;
//
// Not absl::Mutex: as Debian builds it, ThreadSanitizer doesn't see its locks, and its deadlock
// detection makes an uncontended lock ten times as dear.
//
// None of these may be held or waited for across a `co_await`: a process may go on elsewhere.
#ifndef HYDRA_BASE_MUTEX_H_
#define HYDRA_BASE_MUTEX_H_

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <mutex>

#include "absl/base/thread_annotations.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"

namespace hydra {

// A lock that one thread holds at a time. Not recursive. Prefer MutexLock to its functions.
//
// Whatever a thread did before it unlocks is visible to the thread that locks next.
class ABSL_LOCKABLE Mutex {
 public:
  Mutex() = default;
  Mutex(const Mutex&) = delete;
  Mutex& operator=(const Mutex&) = delete;

  // Waits until no thread holds the mutex, and takes it.
  void Lock() ABSL_EXCLUSIVE_LOCK_FUNCTION() { mutex_.lock(); }

  // Gives the mutex back. Must be called by the thread that holds it.
  void Unlock() ABSL_UNLOCK_FUNCTION() { mutex_.unlock(); }

  // Takes the mutex and returns true, or returns false if it is held.
  bool TryLock() ABSL_EXCLUSIVE_TRYLOCK_FUNCTION(true) { return mutex_.try_lock(); }

 private:
  friend class CondVar;

  std::mutex mutex_;
};

// Holds a mutex, which must outlive it, from construction to destruction.
class ABSL_SCOPED_LOCKABLE MutexLock {
 public:
  explicit MutexLock(Mutex& mutex) ABSL_EXCLUSIVE_LOCK_FUNCTION(mutex) : mutex_(mutex) {
    mutex_.Lock();
  }
  ~MutexLock() ABSL_UNLOCK_FUNCTION() { mutex_.Unlock(); }
  MutexLock(const MutexLock&) = delete;
  MutexLock& operator=(const MutexLock&) = delete;

 private:
  Mutex& mutex_;
};

// Lets threads wait for a change of what a mutex guards. All waiters name the same mutex.
//
// A wait may also end for no reason: wait in a loop that checks what is waited for.
class CondVar {
 public:
  // Releases `mutex`, which must be held, until notified; then takes it again.
  void Wait(Mutex& mutex) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex) {
    std::unique_lock lock(mutex.mutex_, std::adopt_lock);
    condition_.wait(lock);
    lock.release();
  }

  // The same for at most `timeout`, of the steady clock. Returns false once that has passed; at
  // once if it isn't positive, never if it is infinite.
  bool WaitFor(Mutex& mutex, absl::Duration timeout) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex) {
    // The standard's clocks overflow where absl::Duration saturates.
    const absl::Duration bounded = std::min(timeout, absl::Hours(24 * 365));
    std::unique_lock lock(mutex.mutex_, std::adopt_lock);
    const std::cv_status status = condition_.wait_until(
        lock, std::chrono::steady_clock::now() + absl::ToChronoNanoseconds(bounded));
    lock.release();
    return status == std::cv_status::no_timeout || bounded < timeout;
  }

  // The same until `deadline`, so that a loop waits no longer than once. The wall clock is read
  // only now: setting it doesn't lengthen the wait.
  bool WaitUntil(Mutex& mutex, absl::Time deadline) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex) {
    return WaitFor(mutex, deadline - absl::Now());
  }

  // Wakes one of the waiters, if there are any. The mutex may be held, but need not be.
  void NotifyOne() { condition_.notify_one(); }

  // Wakes all of them.
  void NotifyAll() { condition_.notify_all(); }

 private:
  std::condition_variable condition_;
};

}  // namespace hydra

#endif  // HYDRA_BASE_MUTEX_H_
