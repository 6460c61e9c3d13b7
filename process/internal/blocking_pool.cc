#include "hydra/process/internal/blocking_pool.h"

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <stop_token>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "hydra/base/mutex.h"

namespace hydra::process_internal {

void BlockingPool::Submit(BlockingJob& job) {
  MutexLock lock(mutex_);
  const size_t free = threads_.size() - running_.size();
  if (waiting_.size() >= free && threads_.size() < options_.max_threads && !stopping_ &&
      !options_.by_hand)
    StartThread();
  job.place_ = waiting_.insert(waiting_.end(), &job);
  work_.NotifyOne();
}

bool BlockingPool::Cancel(BlockingJob& job) {
  {
    MutexLock lock(mutex_);
    if (!job.begun_) {
      waiting_.erase(job.place_);
      return true;
    }
  }
  job.stop_.request_stop();  // with no lock held: this runs the callbacks of the job's stop token
  return false;
}

void BlockingPool::Stop() {
  std::vector<std::stop_source> running;
  {
    MutexLock lock(mutex_);
    stopping_ = true;
    work_.NotifyAll();
    for (const BlockingJob* job : running_) running.push_back(job->stop_);
  }
  for (std::stop_source& stop : running) stop.request_stop();
  std::jthread last;
  MutexLock lock(mutex_);
  while (!threads_.empty()) empty_.Wait(mutex_);
  last = std::move(last_left_);
}

size_t BlockingPool::threads() const {
  MutexLock lock(mutex_);
  return threads_.size();
}

// ---- By hand.

size_t BlockingPool::ready() const {
  MutexLock lock(mutex_);
  return std::min(waiting_.size(), options_.max_threads - running_.size());
}

void BlockingPool::RunReady(size_t index) {
  BlockingJob* job = nullptr;
  {
    MutexLock lock(mutex_);
    job = Begin(std::next(waiting_.begin(), static_cast<std::ptrdiff_t>(index)));
  }
  Do(*job);
}

// ---- Its threads.

void BlockingPool::StartThread() {
  const auto self = threads_.emplace(threads_.end());
  try {
    *self = std::jthread([this, self] { Serve(self); });
  } catch (const std::system_error&) {
    threads_.erase(self);
    if (threads_.empty()) throw;
  }
}

void BlockingPool::Serve(Threads::iterator self) {
  std::jthread left_before;
  while (BlockingJob* job = Next(self, left_before)) Do(*job);
}

// Waits for a job; null if the thread is to end. Then it has left already, so that a job that comes
// now starts another.
BlockingJob* BlockingPool::Next(Threads::iterator self, std::jthread& left_before) {
  MutexLock lock(mutex_);
  bool in_time = true;
  while (waiting_.empty() && in_time && !stopping_)
    in_time = work_.WaitFor(mutex_, options_.idle_time);
  if (!waiting_.empty() && !stopping_) return Begin(waiting_.begin());
  left_before = std::exchange(last_left_, std::move(*self));
  threads_.erase(self);
  if (threads_.empty()) empty_.NotifyAll();
  return nullptr;
}

BlockingJob* BlockingPool::Begin(Jobs::iterator place) {
  BlockingJob* job = *place;
  job->begun_ = true;
  running_.splice(running_.end(), waiting_, place);
  return job;
}

void BlockingPool::Do(BlockingJob& job) {
  job.Run();
  {
    MutexLock lock(mutex_);
    running_.erase(job.place_);
    if (stopping_) return;
  }
  job.OnDone();
}

}  // namespace hydra::process_internal
