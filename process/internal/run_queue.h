// The queue of a worker's runnable processes: first in, first out, and open to thieves.
//
// One thread, the owner, adds; any thread takes, oldest first. Bounded: the owner moves half of a
// full queue elsewhere.
//
// Protocol
//   head and tail only grow; the element of number n lies in buffer[n % kCapacity], and elements
//   head..tail-1 are queued.
//   1. Push, owner: read head (acquire); if tail - head is the capacity, fail. Write the element,
//      then tail + 1 (release).
//   2. Take, any thread: read head, then tail (acquire); copy up to n elements from head on; swap
//      head for head + n if it hasn't changed (acq_rel). If it has, what was copied means nothing:
//      start again.
//
// Invariants
//   * A copied element can't be overwritten before the swap succeeds: the owner overwrites number h
//     only once it has read a head above h, and then the swap of h fails.
//   * Elements are atomics since a copy that will be thrown away may race with an overwrite.
//   * The counters are 64 bits wide: they don't come back to the same value (ABA).
#ifndef HYDRA_PROCESS_INTERNAL_RUN_QUEUE_H_
#define HYDRA_PROCESS_INTERNAL_RUN_QUEUE_H_

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>

#include "hydra/base/compiler.h"

namespace hydra::process_internal {

template <typename T, size_t kCapacity>
class RunQueue {
 public:
  static_assert((kCapacity & (kCapacity - 1)) == 0, "a power of two");

  // Adds `item` as the newest. Returns false when the queue is full. Thread safety: the owner.
  bool Push(T* item) {
    const uint64_t tail = tail_.load(std::memory_order_relaxed);
    if (tail - head_.load(std::memory_order_acquire) >= kCapacity) return false;
    buffer_[tail % kCapacity].store(item, std::memory_order_relaxed);
    tail_.store(tail + 1, std::memory_order_release);
    return true;
  }

  // Takes the oldest; null when there is none. Thread safety: any thread.
  T* Pop() {
    T* item = nullptr;
    return Take(std::span<T*>(&item, 1), 1) == 1 ? item : nullptr;
  }

  // Takes the older half, rounded up, at most `items.size()`, oldest first. Returns their number.
  // Thread safety: any thread.
  size_t TakeHalf(std::span<T*> items) { return Take(items, 2); }

  // Thread safety: any thread; a moment's truth.
  size_t size() const {
    const uint64_t head = head_.load(std::memory_order_acquire);
    const uint64_t tail = tail_.load(std::memory_order_acquire);
    return tail > head ? tail - head : 0;
  }

 private:
  // Takes one part in `divisor`.
  size_t Take(std::span<T*> items, size_t divisor) {
    uint64_t head = head_.load(std::memory_order_acquire);
    for (;;) {
      const uint64_t tail = tail_.load(std::memory_order_acquire);
      if (tail <= head) return 0;
      // A stale head may lie more than a capacity behind; the swap then fails.
      const size_t count =
          std::min<size_t>({items.size(), (tail - head + divisor - 1) / divisor, kCapacity});
      for (size_t i = 0; i < count; ++i) {
        items[i] = buffer_[(head + i) % kCapacity].load(std::memory_order_relaxed);
      }
      if (head_.compare_exchange_weak(head, head + count, std::memory_order_acq_rel,
                                      std::memory_order_acquire)) {
        return count;
      }
    }
  }

  // Written by whoever takes; read by all.
  alignas(kCacheLine) std::atomic<uint64_t> head_{0};
  // Written by the owner; read by all.
  alignas(kCacheLine) std::atomic<uint64_t> tail_{0};
  std::array<std::atomic<T*>, kCapacity> buffer_{};
};

}  // namespace hydra::process_internal

#endif  // HYDRA_PROCESS_INTERNAL_RUN_QUEUE_H_
