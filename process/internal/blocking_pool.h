// The threads that blocking functions run on (run_blocking.h).
//
//   BlockingPool pool({.max_threads = 4});
//   pool.Submit(job);    // job.Run() on a thread of the pool, and then job.OnDone()
//   pool.Stop();         // begins no more jobs, and waits for those that run
//
// A thread is started when a job finds none free, up to the limit; the jobs beyond that wait, first in,
// first out. A thread that has had no job for a while ends. Driven by hand there are no threads: the
// driver runs one of the jobs that threads could have begun.
#ifndef HYDRA_PROCESS_INTERNAL_BLOCKING_POOL_H_
#define HYDRA_PROCESS_INTERNAL_BLOCKING_POOL_H_

#include <cstddef>
#include <list>
#include <stop_token>
#include <thread>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/time/time.h"
#include "hydra/base/mutex.h"

namespace hydra::process_internal {

// Belongs to whoever submits it, and must live until it is done or forgotten, or the pool has stopped.
class BlockingJob {
 public:
  BlockingJob(const BlockingJob&) = delete;
  BlockingJob& operator=(const BlockingJob&) = delete;

 protected:
  // `stop` is what asks it to end early.
  explicit BlockingJob(std::stop_source stop) : stop_(std::move(stop)) {}
  ~BlockingJob() = default;

  std::stop_token stop_token() const { return stop_.get_token(); }

 private:
  friend class BlockingPool;

  virtual void Run() noexcept = 0;
  // The job is done, and the pool has forgotten it: it may be destroyed meanwhile.
  virtual void OnDone() noexcept = 0;

  std::stop_source stop_;
  // The rest is the pool's, under its lock.
  std::list<BlockingJob*>::iterator place_;
  bool begun_ = false;
};

// Thread safety: any thread.
class BlockingPool {
 public:
  struct Options {
    size_t max_threads = 1;
    // How long a thread without a job is kept.
    absl::Duration idle_time = absl::Seconds(10);
    bool by_hand = false;
  };

  explicit BlockingPool(Options options) : options_(options) {}
  BlockingPool(const BlockingPool&) = delete;
  BlockingPool& operator=(const BlockingPool&) = delete;
  ~BlockingPool() { Stop(); }

  // Runs `job` as soon as a thread is free for it. Throws std::system_error if there is no thread and
  // none can be started; then the job is forgotten.
  void Submit(BlockingJob& job);

  // Forgets `job`, and returns true, if it hasn't begun. Otherwise asks it to stop.
  bool Cancel(BlockingJob& job);

  // Asks the jobs that run to stop, waits until they have, and ends the threads. No job begins any more,
  // nor hears that it is done.
  void Stop();

  // The number of threads.
  size_t threads() const;

  // ---- By hand.

  // How many jobs may begin now.
  size_t ready() const;
  // Runs one of those, the `index`-th oldest, on the calling thread.
  void RunReady(size_t index);

 private:
  using Jobs = std::list<BlockingJob*>;
  using Threads = std::list<std::jthread>;

  void StartThread() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Serve(Threads::iterator self);
  BlockingJob* Next(Threads::iterator self, std::jthread& left_before);
  BlockingJob* Begin(Jobs::iterator place) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Do(BlockingJob& job);

  const Options options_;

  mutable Mutex mutex_;
  CondVar work_;   // a job has come, or the end
  CondVar empty_;  // the last thread has left
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  Jobs waiting_ ABSL_GUARDED_BY(mutex_);
  Jobs running_ ABSL_GUARDED_BY(mutex_);
  // Those that serve. The handle of one that ends is left here for the next one that does, or for Stop:
  // it joins the thread.
  Threads threads_ ABSL_GUARDED_BY(mutex_);
  std::jthread last_left_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace hydra::process_internal

#endif  // HYDRA_PROCESS_INTERNAL_BLOCKING_POOL_H_
