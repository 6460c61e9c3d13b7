#include "hydra/process/internal/block_pool.h"

#include <sys/mman.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <new>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "hydra/base/compiler.h"
#include "hydra/base/mutex.h"

namespace hydra::process_internal {
namespace {

void* Malloc(size_t bytes) {
  void* block = std::malloc(bytes);
  if (block == nullptr) throw std::bad_alloc();
  return block;
}

#if defined(HYDRA_ASAN) || defined(HYDRA_TSAN)
constexpr bool kPooled = false;
#else
constexpr bool kPooled = true;
#endif

constexpr size_t kGrain = 16;
constexpr size_t kSizes = kLargestPooledBlock / kGrain;
constexpr size_t kChunkBytes = size_t{1} << 20;

constexpr size_t SizeIndex(size_t bytes) { return (bytes - 1) / kGrain; }
constexpr size_t BlockBytes(size_t index) { return (index + 1) * kGrain; }
// Blocks in a full magazine: 1,024, fewer where that were more than 64 KiB. With a quarter of that a
// flood of messages takes 1.8 times as long.
constexpr std::array<uint32_t, kSizes> kMagazineBlocks = [] {
  std::array<uint32_t, kSizes> blocks{};
  for (size_t i = 0; i < kSizes; ++i)
    blocks[i] = static_cast<uint32_t>(std::min<size_t>(1024, 65536 / BlockBytes(i)));
  return blocks;
}();

struct FreeBlockLink {
  FreeBlockLink* next;
  FreeBlockLink* next_magazine;  // in the depot, of a magazine's first block
};

// The full magazines of one size that no thread holds, and the memory that has never been used.
class Depot {
 public:
  // Hands out a full magazine.
  FreeBlockLink* Take(size_t index) {
    MutexLock lock(mutex_);
    if (magazines_ != nullptr) {
      FreeBlockLink* magazine = magazines_;
      magazines_ = magazine->next_magazine;
      return magazine;
    }
    return Carve(index);
  }

  void Give(FreeBlockLink* magazine) {
    MutexLock lock(mutex_);
    magazine->next_magazine = magazines_;
    magazines_ = magazine;
  }

  // Takes back a magazine that isn't full, from a thread that ends: its blocks are collected until
  // they fill one.
  void GiveRest(size_t index, FreeBlockLink* blocks) {
    MutexLock lock(mutex_);
    while (blocks != nullptr) {
      FreeBlockLink* block = blocks;
      blocks = block->next;
      block->next = std::exchange(rest_, block);
      if (++rest_blocks_ < kMagazineBlocks[index]) continue;
      rest_->next_magazine = magazines_;
      magazines_ = std::exchange(rest_, nullptr);
      rest_blocks_ = 0;
    }
  }

 private:
  FreeBlockLink* Carve(size_t index) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    const size_t bytes = BlockBytes(index) * kMagazineBlocks[index];
    if (unused_bytes_ < bytes) NewChunk();
    char* memory = unused_;
    unused_ += bytes;
    unused_bytes_ -= bytes;
    FreeBlockLink* next = nullptr;
    for (size_t offset = bytes; offset > 0;) {
      offset -= BlockBytes(index);
      auto* block = reinterpret_cast<FreeBlockLink*>(memory + offset);
      block->next = next;
      next = block;
    }
    return next;
  }

  // What is left of the last chunk, less than a magazine, is given up.
  void NewChunk() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    void* chunk =
        mmap(nullptr, kChunkBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (chunk == MAP_FAILED) throw std::bad_alloc();
    unused_ = static_cast<char*>(chunk);
    unused_bytes_ = kChunkBytes;
  }

  Mutex mutex_;
  FreeBlockLink* magazines_ ABSL_GUARDED_BY(mutex_) = nullptr;
  FreeBlockLink* rest_ ABSL_GUARDED_BY(mutex_) = nullptr;
  uint32_t rest_blocks_ ABSL_GUARDED_BY(mutex_) = 0;
  char* unused_ ABSL_GUARDED_BY(mutex_) = nullptr;
  size_t unused_bytes_ ABSL_GUARDED_BY(mutex_) = 0;
};

// Never destroyed: threads may end, and blocks be freed, after main has returned.
std::array<Depot, kSizes>& Depots() {
  static auto* const depots = new std::array<Depot, kSizes>();
  return *depots;
}

// A thread allocates from and frees to `current`. `full` is a full magazine or none: it takes two
// magazines' worth of frees or allocations in a row before the depot is asked again.
struct Magazines {
  FreeBlockLink* current = nullptr;
  FreeBlockLink* full = nullptr;
  uint32_t room = 0;  // in `current`, for so many blocks; 0 before the first use
};

constinit thread_local std::array<Magazines, kSizes> magazines_of_this_thread{};
constinit thread_local bool this_thread_has_ended = false;

void ReturnMagazines(Magazines& magazines, size_t index) {
  if (magazines.full != nullptr) Depots()[index].Give(magazines.full);
  Depots()[index].GiveRest(index, magazines.current);
  magazines = Magazines{};
}

struct ReturnAtThreadExit {
  ~ReturnAtThreadExit() {
    for (size_t i = 0; i < kSizes; ++i) ReturnMagazines(magazines_of_this_thread[i], i);
    this_thread_has_ended = true;
  }
};

// Sees to it that the thread's magazines go to the depots when it ends. Returns whether it has
// ended already: what a thread_local takes or frees in its destructor is returned at once.
HYDRA_NOINLINE HYDRA_COLD bool RegisterThread() {
  thread_local const ReturnAtThreadExit at_exit;
  return this_thread_has_ended;
}

HYDRA_NOINLINE void* AllocateFromFull(Magazines& magazines, size_t index) {
  const bool ended = magazines.full == nullptr && RegisterThread();
  FreeBlockLink* block = magazines.full != nullptr ? std::exchange(magazines.full, nullptr)
                                                   : Depots()[index].Take(index);
  magazines.current = block->next;
  magazines.room = 1;
  if (ended) ReturnMagazines(magazines, index);
  return block;
}

void Put(Magazines& magazines, void* memory) {
  auto* block = static_cast<FreeBlockLink*>(memory);
  block->next = magazines.current;
  magazines.current = block;
  --magazines.room;
}

// Makes room for the block in `current`.
HYDRA_NOINLINE void PutIntoEmpty(Magazines& magazines, size_t index, void* memory) noexcept {
  const bool ended = RegisterThread();
  if (magazines.current != nullptr) {
    if (magazines.full != nullptr) Depots()[index].Give(magazines.full);
    magazines.full = std::exchange(magazines.current, nullptr);
  }
  magazines.room = kMagazineBlocks[index];
  Put(magazines, memory);
  if (ended) ReturnMagazines(magazines, index);
}

}  // namespace

HYDRA_NOINLINE void* AllocateBlock(size_t bytes) {
  if (!kPooled || bytes > kLargestPooledBlock) return Malloc(bytes);
  const size_t index = SizeIndex(bytes);
  Magazines& magazines = magazines_of_this_thread[index];
  FreeBlockLink* block = magazines.current;
  if (block == nullptr) [[unlikely]]
    return AllocateFromFull(magazines, index);
  magazines.current = block->next;
  ++magazines.room;
  return block;
}

HYDRA_NOINLINE void FreeBlock(void* memory, size_t bytes) noexcept {
  if (!kPooled || bytes > kLargestPooledBlock) return std::free(memory);
  const size_t index = SizeIndex(bytes);
  Magazines& magazines = magazines_of_this_thread[index];
  if (magazines.room == 0) [[unlikely]]
    return PutIntoEmpty(magazines, index, memory);
  Put(magazines, memory);
}

}  // namespace hydra::process_internal
