// The workers that are always there, as callers see them.
#ifndef HYDRA_POOL_INTERNAL_WORKER_TABLE_H_
#define HYDRA_POOL_INTERNAL_WORKER_TABLE_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/status/status.h"
#include "hydra/base/mutex.h"
#include "hydra/pool/pool_options.h"
#include "hydra/process/pid.h"
#include "hydra/process/shared_pid.h"

namespace hydra::pool_internal {

// Read by any thread, without a lock.
class WorkerTable {
 public:
  explicit WorkerTable(PoolOptions options);

  const PoolOptions& options() const { return options_; }
  size_t size() const { return workers_.size(); }

  // The pool's process; nobody if it doesn't run.
  Pid process() const { return process_.Get(); }
  // The calling process is the pool's from now on; kAlreadyExists if another is.
  absl::Status Begin();
  // It isn't any more, and has no workers.
  void End();

  // The worker with that number; nobody if it doesn't run.
  Pid worker(size_t number) const;
  // By the pool's process: it runs as `pid`; that one has ended.
  void Started(size_t number, const Pid& pid) { workers_[number].pid.Set(pid); }
  void Ended(const Pid& pid);

  // The number of the worker that a call goes to now. One that doesn't run is passed over, if another does.
  size_t Next();

  // A call to that worker begins, or is over.
  void Begin(size_t number) { workers_[number].calls.fetch_add(1, std::memory_order_relaxed); }
  void End(size_t number) { workers_[number].calls.fetch_sub(1, std::memory_order_relaxed); }

 private:
  struct alignas(64) Worker {
    SharedPid pid;
    // Written by all callers; relaxed: it is but a hint.
    std::atomic<int64_t> calls{0};
  };

  size_t NextInTurn();
  size_t LeastBusy();

  const PoolOptions options_;
  Mutex mutex_;
  SharedPid process_;  // written under the lock, read by all
  std::vector<Worker> workers_;
  // Whose turn it is. Written by all callers; relaxed: that each call takes another is all that is asked of
  // it.
  alignas(64) std::atomic<size_t> turn_{0};
};

// A call to the next worker is under way as long as this lives; the table must outlive it.
class Busy {
 public:
  explicit Busy(WorkerTable& table) : table_(table), number_(table.Next()) {
    table_.Begin(number_);
  }
  Busy(const Busy&) = delete;
  Busy& operator=(const Busy&) = delete;
  ~Busy() { table_.End(number_); }

  Pid pid() const { return table_.worker(number_); }

 private:
  WorkerTable& table_;
  const size_t number_;
};

}  // namespace hydra::pool_internal

#endif  // HYDRA_POOL_INTERNAL_WORKER_TABLE_H_
