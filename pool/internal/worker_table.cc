#include "hydra/pool/internal/worker_table.h"

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <thread>
#include <utility>

#include "absl/status/status.h"
#include "hydra/base/mutex.h"
#include "hydra/pool/pool_options.h"
#include "hydra/process/behaviour.h"
#include "hydra/process/name.h"
#include "hydra/process/pid.h"
#include "hydra/process/self.h"

namespace hydra::pool_internal {
namespace {

size_t NumberOfWorkers(const PoolOptions& options) {
  if (options.workers > 0) return options.workers;
  return std::max(1U, std::thread::hardware_concurrency());
}

}  // namespace

WorkerTable::WorkerTable(PoolOptions options)
    : options_(std::move(options)), workers_(NumberOfWorkers(options_)) {}

absl::Status WorkerTable::Begin() {
  const MutexLock lock(mutex_);
  if (const Pid process = process_.Get()) {
    return NameTakenError(options_.name.empty() ? "the pool runs already"
                                                : "the pool '" + options_.name + "' runs already",
                          process);
  }
  process_.Set(Self());
  return absl::OkStatus();
}

void WorkerTable::End() {
  const MutexLock lock(mutex_);
  for (Worker& worker : workers_) worker.pid.Set(Pid());
  process_.Set(Pid());
}

Pid WorkerTable::worker(size_t number) const {
  const Pid pid = workers_[number].pid.Get();
  return HasEnded(pid) ? Pid() : pid;
}

void WorkerTable::Ended(const Pid& pid) {
  for (Worker& worker : workers_) {
    if (worker.pid.Get() == pid) worker.pid.Set(Pid());
  }
}

size_t WorkerTable::Next() {
  return options_.strategy == PoolStrategy::kLeastBusy ? LeastBusy() : NextInTurn();
}

size_t WorkerTable::NextInTurn() {
  const size_t turn = turn_.fetch_add(1, std::memory_order_relaxed);
  for (size_t passed_over = 0; passed_over < size(); ++passed_over) {
    const size_t number = (turn + passed_over) % size();
    if (worker(number)) return number;
  }
  return turn % size();
}

// Of those that are equally busy, each in turn.
size_t WorkerTable::LeastBusy() {
  const size_t turn = turn_.fetch_add(1, std::memory_order_relaxed);
  size_t best = turn % size();
  int64_t fewest = std::numeric_limits<int64_t>::max();
  for (size_t i = 0; i < size(); ++i) {
    const size_t number = (turn + i) % size();
    const int64_t calls = workers_[number].calls.load(std::memory_order_relaxed);
    if (calls >= fewest || !worker(number)) continue;
    best = number;
    fewest = calls;
  }
  return best;
}

}  // namespace hydra::pool_internal
