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

// The table grows by 128 KiB at first, then by huge pages: a process's share of a page fault would
// otherwise cost as much as all else that spawning it takes.
constexpr uint32_t kSlotsPerSmallStep = 1024;
constexpr size_t kHugePage = size_t{2} << 20;
constexpr uint32_t kSlotsPerHugePage = kHugePage / sizeof(ControlBlock);

// Reserves address space, aligned to huge pages.
ControlBlock* Reserve(size_t bytes) {
  const size_t padded = bytes + kHugePage;
  void* memory =
      mmap(nullptr, padded, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED) throw std::bad_alloc();
  char* begin = static_cast<char*>(memory);
  char* aligned = begin + (kHugePage - reinterpret_cast<uintptr_t>(begin) % kHugePage) % kHugePage;
  if (aligned > begin) munmap(begin, aligned - begin);
  if (const size_t rest = begin + padded - (aligned + bytes); rest > 0)
    munmap(aligned + bytes, rest);
  madvise(aligned, bytes, MADV_HUGEPAGE);  // where the kernel has none, pages are small
  return reinterpret_cast<ControlBlock*>(aligned);
}

uint32_t RoundUp(uint32_t slots) {
  return (slots + kSlotsPerSmallStep - 1) / kSlotsPerSmallStep * kSlotsPerSmallStep;
}

}  // namespace

ProcessTable::ProcessTable(uint32_t max_processes, std::atomic<uint32_t>& size)
    : max_processes_(RoundUp(std::max(max_processes, uint32_t{1}))),
      reserved_bytes_(size_t{max_processes_} * sizeof(ControlBlock)),
      slots_(Reserve(reserved_bytes_)),
      size_(size) {}

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
  const uint32_t step = begin < kSlotsPerHugePage ? kSlotsPerSmallStep : kSlotsPerHugePage;
  const uint32_t count = std::min(step, max_processes_ - begin);
  if (count == 0) return false;
  ControlBlock* first = slots_ + begin;
  if (mprotect(first, count * sizeof(ControlBlock), PROT_READ | PROT_WRITE) != 0) return false;
#ifdef HYDRA_ASAN
  // The leak checker doesn't look into mapped memory by itself, and a process's frames hang on its
  // block.
  if (begin > 0) __lsan_unregister_root_region(slots_, begin * sizeof(ControlBlock));
  __lsan_register_root_region(slots_, (begin + count) * sizeof(ControlBlock));
#endif
  for (uint32_t i = count; i-- > 0;) {
    auto* block = std::construct_at(first + i);
    block->index = begin + i;
    block->next = free_;
    free_ = block;
  }
  size_.store(begin + count, std::memory_order_release);
  return true;
}

}  // namespace hydra::process_internal
