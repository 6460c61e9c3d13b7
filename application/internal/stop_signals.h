// SIGTERM and SIGINT, taken by a thread of its own; and the limit of the time that a stop may take.
//
// The protocol:
//  1. The constructor blocks both signals in the calling thread, so every thread that is started later has
//     them blocked, and none is lost: they stay pending.
//  2. `Start` starts the one thread that takes them, from a signalfd. An eventfd wakes it for anything else:
//     unlike a signal to itself, that can't be taken for one that somebody has sent.
//  3. The first signal begins the stop; the second ends the OS process. When the limit has passed since the
//     stop began, by a signal or by `StopBegins`, the thread ends the OS process, too. So neither depends
//     on any scheduler's being free.
//  4. The destructor ends the thread and gives the calling thread its mask back. What is still pending by
//     then has been answered by the stop, and is dropped.
#ifndef HYDRA_APPLICATION_INTERNAL_STOP_SIGNALS_H_
#define HYDRA_APPLICATION_INTERNAL_STOP_SIGNALS_H_

#include <chrono>
#include <csignal>
#include <functional>
#include <optional>
#include <string>
#include <thread>

#include "absl/base/thread_annotations.h"
#include "absl/time/time.h"
#include "hydra/base/mutex.h"

namespace hydra::application_internal {

// Thread safety: constructed and destroyed by one thread; StopBegins by any.
class StopSignals {
 public:
  explicit StopSignals(absl::Duration limit);
  StopSignals(const StopSignals&) = delete;
  StopSignals& operator=(const StopSignals&) = delete;
  ~StopSignals();

  // From now on signals are taken. The thread calls `on_signal` with the first, unless the stop has begun
  // by then, and `still_running` for its last words at the limit.
  void Start(std::function<void(int)> on_signal, std::function<std::string()> still_running);

  // The stop has begun, if it hasn't before: the limit counts from now.
  void StopBegins();

  // Neither function is called any more.
  void Detach();

 private:
  using Clock = std::chrono::steady_clock;

  void TakeSignals();
  // Waits for a signal, a Wake, or the deadline. Returns the signal's number, or 0.
  int Take();
  // How long to wait, as poll(2) has it.
  int UntilDeadline();
  void Wake();
  void Handle(int signal) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void BeginStop() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  [[noreturn]] void EndAtLimit() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const absl::Duration limit_;
  sigset_t signals_;
  sigset_t mask_before_;
  int signal_fd_ = -1;
  int wake_fd_ = -1;
  std::thread thread_;

  Mutex mutex_;
  std::function<void(int)> on_signal_ ABSL_GUARDED_BY(mutex_);
  std::function<std::string()> still_running_ ABSL_GUARDED_BY(mutex_);
  bool has_had_signal_ ABSL_GUARDED_BY(mutex_) = false;
  std::optional<Clock::time_point> deadline_ ABSL_GUARDED_BY(mutex_);  // the stop has begun
  bool done_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace hydra::application_internal

#endif  // HYDRA_APPLICATION_INTERNAL_STOP_SIGNALS_H_
