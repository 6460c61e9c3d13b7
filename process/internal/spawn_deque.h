// A worker's newly spawned processes: its owner runs the newest first, thieves take the oldest.
//
// Newest first keeps few alive when a tree of processes unfolds (depth first); the oldest is the
// root of the largest subtree, hence the best to steal. The algorithm is Chase and Lev's
// work-stealing deque (SPAA 2005) in the C11 form of Lê, Pop, Cohen and Nardelli (PPoPP 2013),
// bounded, with sequentially consistent accesses in place of its fences, which ThreadSanitizer
// doesn't know.
//
// Protocol
//   Elements top..bottom-1 are in the deque, number n in buffer[n % kCapacity]. top only grows.
//   1. Push, owner: read top (acquire); if bottom - top is the capacity, fail. Write the element,
//      then bottom + 1 (release).
//   2. PopNewest, owner: write bottom - 1 (seq_cst), then read top (seq_cst). If top is below, the
//      element is the owner's: a thief that reads bottom later sees it gone. If top equals it, it
//      is the last: whoever swaps top gets it.
//   3. PopOldest, any thread: read top, then bottom (both seq_cst); if top < bottom, copy the
//      element and swap top for top + 1. If the swap fails, another thread took it.
//
// Invariant: of an owner in 2 and a thief in 3, one sees the other's write (both are in the single
// order of seq_cst), so an element that isn't decided by a swap of top is taken by one of them
// only.
#ifndef HYDRA_PROCESS_INTERNAL_SPAWN_DEQUE_H_
#define HYDRA_PROCESS_INTERNAL_SPAWN_DEQUE_H_

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

#include "hydra/base/compiler.h"

namespace hydra::process_internal {

template <typename T, size_t kCapacity>
class SpawnDeque {
 public:
  static_assert((kCapacity & (kCapacity - 1)) == 0, "a power of two");

  // Adds `item` as the newest. Returns false when the deque is full. Thread safety: the owner.
  bool Push(T* item) {
    const int64_t bottom = bottom_.load(std::memory_order_relaxed);
    if (bottom - top_.load(std::memory_order_acquire) >= static_cast<int64_t>(kCapacity))
      return false;
    buffer_[Index(bottom)].store(item, std::memory_order_relaxed);
    bottom_.store(bottom + 1, std::memory_order_release);
    return true;
  }

  // Takes the newest; null when there is none. Thread safety: the owner.
  T* PopNewest() {
    const int64_t bottom = bottom_.load(std::memory_order_relaxed) - 1;
    if (bottom < top_.load(std::memory_order_relaxed)) return nullptr;
    bottom_.store(bottom, std::memory_order_seq_cst);
    int64_t top = top_.load(std::memory_order_seq_cst);
    if (top < bottom) return buffer_[Index(bottom)].load(std::memory_order_relaxed);
    T* item = nullptr;
    if (top == bottom) {
      item = buffer_[Index(bottom)].load(std::memory_order_relaxed);
      if (!top_.compare_exchange_strong(top, top + 1, std::memory_order_seq_cst)) item = nullptr;
    }
    bottom_.store(bottom + 1, std::memory_order_release);
    return item;
  }

  // Takes the oldest; null when there is none, or when another thread was faster. Thread safety:
  // any thread.
  T* PopOldest() {
    int64_t top = top_.load(std::memory_order_seq_cst);
    if (top >= bottom_.load(std::memory_order_seq_cst)) return nullptr;
    T* item = buffer_[Index(top)].load(std::memory_order_relaxed);
    if (!top_.compare_exchange_strong(top, top + 1, std::memory_order_seq_cst)) return nullptr;
    return item;
  }

  // Thread safety: any thread; a moment's truth.
  size_t size() const {
    const int64_t size =
        bottom_.load(std::memory_order_acquire) - top_.load(std::memory_order_acquire);
    return size > 0 ? static_cast<size_t>(size) : 0;
  }

 private:
  static size_t Index(int64_t number) { return static_cast<uint64_t>(number) % kCapacity; }

  // Swapped by whoever takes the oldest or the last; read by all.
  alignas(kCacheLine) std::atomic<int64_t> top_{0};
  // Written by the owner; read by all.
  alignas(kCacheLine) std::atomic<int64_t> bottom_{0};
  std::array<std::atomic<T*>, kCapacity> buffer_{};
};

}  // namespace hydra::process_internal

#endif  // HYDRA_PROCESS_INTERNAL_SPAWN_DEQUE_H_
