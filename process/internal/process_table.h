// The process table: the slots that control blocks live in.
//
// A slot is found by its index alone. The table reserves address space for `max_processes` once and
// makes it usable as it grows, so a block never moves and is never unmapped while the runtime
// lives: whoever holds an old pid may look at its slot at any time.
#ifndef HYDRA_PROCESS_INTERNAL_PROCESS_TABLE_H_
#define HYDRA_PROCESS_INTERNAL_PROCESS_TABLE_H_

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "absl/base/thread_annotations.h"
#include "hydra/base/mutex.h"
#include "hydra/process/internal/control_block.h"
#include "hydra/process/pid.h"

namespace hydra::process_internal {

// A worker's own stock of free slots. Thread safety: thread-compatible.
class SlotCache {
 private:
  friend class ProcessTable;

  ControlBlock* first_ = nullptr;
  uint32_t size_ = 0;
};

class ProcessTable {
 public:
  // `size` will say how many slots there are; it must outlive the table.
  ProcessTable(uint32_t max_processes, std::atomic<uint32_t>& size);
  ProcessTable(const ProcessTable&) = delete;
  ProcessTable& operator=(const ProcessTable&) = delete;
  ~ProcessTable();

  // The block in slot `index`, which must come from a pid of this runtime. Thread safety: any
  // thread.
  ControlBlock& operator[](uint32_t index) const { return slots_[index]; }

  // Whether the process exists and its death isn't visible yet. `pid` must be of this runtime, or
  // none. Thread safety: any thread; in one order with deaths and seq_cst accesses.
  bool IsAlive(const Pid& pid) const {
    const ControlBlock& process = slots_[pid.slot()];
    // Compared again at the end, since the slot may have passed to another process meanwhile.
    return SerialOf(process) == pid.serial() && !process.inbox.IsClosed() &&
           SerialOf(process) == pid.serial();
  }

  // Takes a free slot; null when there is none (see RuntimeOptions::max_processes). Thread safety: `cache` is the caller's
  // own.
  ControlBlock* Allocate(SlotCache& cache);

  // Gives a slot back.
  void Free(SlotCache& cache, ControlBlock* block);

  // Slots below this index may hold processes. Thread safety: any thread.
  uint32_t size() const { return size_.load(std::memory_order_acquire); }

 private:
  // Slots that go between a cache and the table at a time.
  static constexpr uint32_t kBatch = 64;

  static uint64_t SerialOf(const ControlBlock& process) {
    return process.serial.load(std::memory_order_acquire) & ~kLimited;
  }
  bool Refill(SlotCache& cache);
  bool Grow() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const uint32_t max_processes_;
  const size_t reserved_bytes_;
  ControlBlock* const slots_;
  // Written under the lock, by the thread that grows the table; read by any that walks over it.
  std::atomic<uint32_t>& size_;

  Mutex mutex_;
  ControlBlock* free_ ABSL_GUARDED_BY(mutex_) = nullptr;
};

}  // namespace hydra::process_internal

#endif  // HYDRA_PROCESS_INTERNAL_PROCESS_TABLE_H_
