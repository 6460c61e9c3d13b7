// A fence whose cost is on one side: for two threads that each write something and then read what the other
// writes (Dekker), where one does so millions of times a second and the other rarely.
//
//   often:  mine.store(1, relaxed);  AsymmetricFenceLight();          if (theirs.load(relaxed)) ...
//   rarely: theirs.store(1, relaxed); if (AsymmetricFenceHeavy()) ... if (mine.load(relaxed)) ...
//
// At least one of them sees what the other has written. The light side costs nothing: the heavy one makes each
// running thread of the OS process pass a memory barrier, by membarrier(2). Where the kernel lacks that call
// both sides are ordinary fences. Compare std::experimental::asymmetric_thread_fence_light (P1202).
#ifndef HYDRA_BASE_ASYMMETRIC_FENCE_H_
#define HYDRA_BASE_ASYMMETRIC_FENCE_H_

#include <atomic>

namespace hydra {
namespace base_internal {

// Whether the kernel has the call; found out once, when the program starts.
extern const bool kHasBarrierOnAllThreads;

}  // namespace base_internal

inline void AsymmetricFenceLight() {
  if (base_internal::kHasBarrierOnAllThreads) [[likely]] {
    std::atomic_signal_fence(std::memory_order_seq_cst);
  } else {
    std::atomic_thread_fence(std::memory_order_seq_cst);
  }
}

// Returns false if the kernel has refused: there was no fence then. Cost: about a microsecond.
bool AsymmetricFenceHeavy();

}  // namespace hydra

#endif  // HYDRA_BASE_ASYMMETRIC_FENCE_H_
