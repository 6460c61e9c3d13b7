// The place of the process that a worker runs next: put and taken by the worker without an atomic
// read-modify-write, and yet open to another worker that comes rarely.
//
// Every message that wakes its receiver passes here, so the owner's side must cost nothing;
// stealing happens only when the owner has computed for a millisecond, so the thief pays for both
// (base/asymmetric_fence.h).
//
// Protocol
//   1. Put, owner: `process_` is empty. Store it (release).
//   2. Take, owner: read `process_`, store null, light FENCE, read `claim_`. If it is kNone, the
//      process is the owner's. Otherwise a thief is about: swap kWanted for kNone. If `claim_` was
//      kTaken by then, the process is the thief's: store kNone, and come back empty-handed. If it
//      was kNone again, the thief has given up.
//   3. Steal, one thief at a time: if `claim_` is kNone, store kWanted, heavy FENCE, read `process_`.
//      If it isn't the expected one any more, swap kWanted for kNone and give up. Otherwise swap
//      kWanted for kTaken; if that succeeds the process is the thief's. The owner clears both when
//      it next takes.
//
// Invariant: the owner's store of null and read of `claim_`, and the thief's store of kWanted and
// read of `process_`, are a Dekker pair: the heavy FENCE makes each owner's store before it visible to
// the thief, and the thief's store visible to each owner's read after it. So a thief that still
// reads the process is seen by the owner who takes it, and the swap of `claim_` decides.
#ifndef HYDRA_PROCESS_INTERNAL_NEXT_SLOT_H_
#define HYDRA_PROCESS_INTERNAL_NEXT_SLOT_H_

#include <atomic>
#include <cstdint>

#include "hydra/base/asymmetric_fence.h"
#include "hydra/base/compiler.h"

namespace hydra::process_internal {

template <typename T>
class NextSlot {
 public:
  // Whether there seems to be one. Thread safety: the owner.
  bool empty() const { return process_.load(std::memory_order_relaxed) == nullptr; }

  // Thread safety: the owner; only while empty.
  void Put(T* process) { process_.store(process, std::memory_order_release); }

  // Empties the slot; null if it was empty or a thief was faster. Thread safety: the owner.
  T* Take() {
    T* process = process_.load(std::memory_order_relaxed);
    if (process == nullptr) return nullptr;
    process_.store(nullptr, std::memory_order_relaxed);
    AsymmetricFenceLight();
    if (claim_.load(std::memory_order_relaxed) == Claim::kNone) [[likely]]
      return process;
    return Settle(process);
  }

  // The process that is there, for a later Steal. Thread safety: any thread.
  T* Peek() const { return process_.load(std::memory_order_relaxed); }

  // Takes `expected` if it is still there. Thread safety: any thread but the owner; one at a time.
  bool Steal(T* expected) {
    if (claim_.load(std::memory_order_relaxed) != Claim::kNone) return false;
    claim_.store(Claim::kWanted, std::memory_order_relaxed);
    const bool passed = AsymmetricFenceHeavy();
    Claim wanted = Claim::kWanted;
    if (!passed || process_.load(std::memory_order_acquire) != expected) {
      claim_.compare_exchange_strong(wanted, Claim::kNone, std::memory_order_relaxed);
      return false;
    }
    return claim_.compare_exchange_strong(wanted, Claim::kTaken, std::memory_order_acq_rel);
  }

 private:
  enum class Claim : uint8_t { kNone, kWanted, kTaken };

  HYDRA_COLD HYDRA_NOINLINE T* Settle(T* process) {
    Claim claim = Claim::kWanted;
    claim_.compare_exchange_strong(claim, Claim::kNone, std::memory_order_acq_rel);
    if (claim != Claim::kTaken) return process;  // the thief has lost, or has given up
    claim_.store(Claim::kNone, std::memory_order_relaxed);
    return nullptr;
  }

  // Written by the owner, read by it and by thieves.
  std::atomic<T*> process_{nullptr};
  // Written by thieves, and by the owner who finds one.
  std::atomic<Claim> claim_{Claim::kNone};
};

}  // namespace hydra::process_internal

#endif  // HYDRA_PROCESS_INTERNAL_NEXT_SLOT_H_
