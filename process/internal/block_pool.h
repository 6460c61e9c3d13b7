// Memory for what comes and goes with every message: message nodes, coroutine frames, entries of
// spawned processes.
//
// Blocks of up to `kLargestPooledBlock` bytes come from per-thread magazines (Bonwick and Adams,
// "Magazines and Vmem", 2001), larger ones from malloc. A thread fills and empties its own two
// magazines without synchronisation; whole magazines go to and come from a depot that all threads
// share, under one lock for each size. A block may therefore be freed on another thread than the
// one that allocated it, at the same cost; that is the usual case of a message.
//
// Memory that the pool has once taken from the system is kept for later blocks, never given back.
// Under ASan and TSan every block is malloc's, since a pool would hide a use after free.
#ifndef HYDRA_PROCESS_INTERNAL_BLOCK_POOL_H_
#define HYDRA_PROCESS_INTERNAL_BLOCK_POOL_H_

#include <cstddef>

namespace hydra::process_internal {

inline constexpr size_t kLargestPooledBlock = 512;

// Returns `bytes` bytes, aligned to 16. Never null: an exhausted system throws std::bad_alloc.
// Thread safety: any thread.
[[nodiscard]] void* AllocateBlock(size_t bytes);

// Frees what `AllocateBlock(bytes)` returned, with the same `bytes`. Thread safety: any thread.
void FreeBlock(void* memory, size_t bytes) noexcept;

// `new` and std::make_unique take what derives from this from the pool. It must be deleted as what it is.
struct Pooled {
  static void* operator new(size_t bytes) { return AllocateBlock(bytes); }
  static void operator delete(void* memory, size_t bytes) noexcept { FreeBlock(memory, bytes); }
};

}  // namespace hydra::process_internal

#endif  // HYDRA_PROCESS_INTERNAL_BLOCK_POOL_H_
