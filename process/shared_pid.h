// SharedPid: a pid that one process sets and any thread reads, without a lock.
//
// A sequence lock (Boehm, "Can seqlocks get along with programming language memory models?", 2012):
//   1. The writer makes the version odd, stores both words, and makes the version even again.
//   2. A reader takes both words between two readings of the version, and tries again unless both were the
//      same even one.
// Invariant: what a reader returns was set as a whole. A word that is read was stored with release after the
// version had become odd, so whoever reads a new word sees the odd version, or a later one, in its second
// reading.
#ifndef HYDRA_PROCESS_SHARED_PID_H_
#define HYDRA_PROCESS_SHARED_PID_H_

#include <atomic>
#include <cstdint>

#include "hydra/process/pid.h"

namespace hydra {

class SharedPid {
 public:
  // By one thread at a time.
  void Set(const Pid& pid) {
    const uint32_t version = version_.load(std::memory_order_relaxed);
    version_.store(version + 1, std::memory_order_relaxed);
    serial_.store(pid.serial(), std::memory_order_release);
    place_.store(uint64_t{pid.slot()} << 32 | pid.home(), std::memory_order_release);
    version_.store(version + 2, std::memory_order_release);
  }

  // By any thread.
  Pid Get() const {
    for (;;) {
      const uint32_t before = version_.load(std::memory_order_acquire);
      const uint64_t serial = serial_.load(std::memory_order_acquire);
      const uint64_t place = place_.load(std::memory_order_acquire);
      if (before % 2 == 0 && version_.load(std::memory_order_relaxed) == before)
        return Pid(serial, static_cast<uint32_t>(place >> 32), static_cast<uint32_t>(place));
    }
  }

 private:
  // Written by the writer, read by all; the orders are those of the invariant.
  std::atomic<uint32_t> version_{0};
  std::atomic<uint64_t> serial_{0};
  std::atomic<uint64_t> place_{0};
};

}  // namespace hydra

#endif  // HYDRA_PROCESS_SHARED_PID_H_
