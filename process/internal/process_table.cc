#include "hydra/process/internal/process_table.h"

#include <sys/mman.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>

#include "hydra/base/compiler.h"
#include "hydra/base/mutex.h"
#include "hydra/process/internal/control_block.h"

#ifdef HYDRA_ASAN
#include <sanitizer/lsan_interface.h>
#endif

namespace hydra::process_internal {
namespace {

constexpr uint32_t kSlotsPerStep = 1024;  // the table grows by 128 KiB

ControlBlock* Reserve(size_t bytes) {
  void* memory =
      mmap(nullptr, bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED) throw std::bad_alloc();
  return static_cast<ControlBlock*>(memory);
}

uint32_t RoundUp(uint32_t slots) {
  return (slots + kSlotsPerStep - 1) / kSlotsPerStep * kSlotsPerStep;
}

}  // namespace

ProcessTable::ProcessTable(uint32_t max_processes)
    : max_processes_(RoundUp(std::max(max_processes, uint32_t{1}))),
      reserved_bytes_(size_t{max_processes_} * sizeof(ControlBlock)),
      slots_(Reserve(reserved_bytes_)) {}

ProcessTable::~ProcessTable() {
  std::destroy_n(slots_, size());
#ifdef HYDRA_ASAN
  if (size() > 0) __lsan_unregister_root_region(slots_, size() * sizeof(ControlBlock));
#endif
  munmap(slots_, reserved_bytes_);
}

ControlBlock* ProcessTable::Allocate(SlotCache& cache) {
  if (cache.first_ == nullptr && !Refill(cache)) return nullptr;
  ControlBlock* block = cache.first_;
  cache.first_ = block->next;
  --cache.size_;
  return block;
}

void ProcessTable::Free(SlotCache& cache, ControlBlock* block) {
  block->next = cache.first_;
  cache.first_ = block;
  if (++cache.size_ < 2 * kBatch) return;
  MutexLock lock(mutex_);
  while (cache.size_ > kBatch) {
    ControlBlock* given = cache.first_;
    cache.first_ = given->next;
    --cache.size_;
    given->next = free_;
    free_ = given;
  }
}

bool ProcessTable::Refill(SlotCache& cache) {
  MutexLock lock(mutex_);
  while (cache.size_ < kBatch) {
    if (free_ == nullptr && !Grow()) break;
    ControlBlock* taken = free_;
    free_ = taken->next;
    taken->next = cache.first_;
    cache.first_ = taken;
    ++cache.size_;
  }
  return cache.first_ != nullptr;
}

bool ProcessTable::Grow() {
  const uint32_t begin = size();
  if (begin == max_processes_) return false;
  ControlBlock* first = slots_ + begin;
  const size_t bytes = kSlotsPerStep * sizeof(ControlBlock);
  if (mprotect(first, bytes, PROT_READ | PROT_WRITE) != 0) return false;
#ifdef HYDRA_ASAN
  // The leak checker doesn't look into mapped memory by itself, and a process's frames hang on its
  // block.
  if (begin > 0) __lsan_unregister_root_region(slots_, begin * sizeof(ControlBlock));
  __lsan_register_root_region(slots_, (begin + kSlotsPerStep) * sizeof(ControlBlock));
#endif
  for (uint32_t i = kSlotsPerStep; i-- > 0;) {
    auto* block = std::construct_at(first + i);
    block->index = begin + i;
    block->next = free_;
    free_ = block;
  }
  size_.store(begin + kSlotsPerStep, std::memory_order_release);
  return true;
}

}  // namespace hydra::process_internal
