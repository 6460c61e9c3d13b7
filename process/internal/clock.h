// The runtime's clock: real and steady, or virtual and moved by a test.
#ifndef HYDRA_PROCESS_INTERNAL_CLOCK_H_
#define HYDRA_PROCESS_INTERNAL_CLOCK_H_

#include <atomic>
#include <cstdint>

#include "absl/time/time.h"
#include "hydra/process/internal/wait.h"

namespace hydra::process_internal {

// Thread safety: any thread; `Advance` is for the thread that drives a virtual clock.
class Clock {
 public:
  enum class Kind : uint8_t { kSteady, kVirtual };

  explicit Clock(Kind kind);

  // The wall-clock time at which the runtime started, plus the steady time since: it never jumps.
  absl::Time Now() const { return start_ + absl::Nanoseconds(ElapsedNanos()); }

  // The steady time since the start.
  int64_t ElapsedNanos() const;

  // The last tick that has begun. A timer for tick t fires once `NowTick() >= t`.
  Tick NowTick() const { return static_cast<Tick>(ElapsedNanos()) / kTickNanos; }

  // The first tick that begins no earlier than `delay` from now: what rounds, rounds up, so nothing
  // fires early. Reads the precise clock even for long delays: the coarse one lags by more than its
  // resolution, and so can't be rounded up safely.
  Tick TickAfter(absl::Duration delay) const;

  // When the clock was read last, by one thread.
  struct Reading {
    int64_t nanos = 0;
    uint64_t cycles = 0;  // of the processor, read before
    // The tick after this delay, as long as the reading is recent: most waits have the same limit.
    absl::Duration delay = absl::ZeroDuration();
    Tick tick = 0;
  };

  // The same, or up to 0.2 ms later. As long as `last` is that recent the clock isn't read: this is for
  // the limits of waits, most of which never come.
  Tick TickAfter(absl::Duration delay, Reading& last) const {
    if (delay == last.delay && IsRecent(last, Cycles())) [[likely]]
      return last.tick;
    return TickAfterAnother(delay, last);
  }

  // The time from now until `tick` begins; zero when it has.
  absl::Duration Until(Tick tick) const;

  // Moves a virtual clock forward to the beginning of `tick`.
  void AdvanceTo(Tick tick) {
    virtual_nanos_.store(static_cast<int64_t>(tick) * kTickNanos, std::memory_order_relaxed);
  }

 private:
  static constexpr int64_t kTickNanos = 1'000'000;

  // A reading is recent for so many cycles of the processor's time stamp counter. That they take no longer
  // than kRecentNanos is all that is asked of the counter: it runs at 500 MHz or more, and does so at a
  // constant rate on what was built since 2008.
  static constexpr uint64_t kRecentCycles = 100'000;
  static constexpr int64_t kRecentNanos = 200'000;

  // Reading it takes a third of the time that reading the clock does.
#ifdef __x86_64__
  static constexpr bool kCountsCycles = true;
  static uint64_t Cycles() { return __builtin_ia32_rdtsc(); }
#else
  static constexpr bool kCountsCycles = false;
  static uint64_t Cycles() { return 0; }
#endif

  static bool IsRecent(const Reading& reading, uint64_t cycles) {
    return kCountsCycles && cycles - reading.cycles < kRecentCycles;
  }

  Tick TickAfterAnother(absl::Duration delay, Reading& last) const;

  // The first tick that begins no earlier than so many nanoseconds from the start.
  static Tick TickAt(int64_t nanos) {
    return static_cast<Tick>((nanos + kTickNanos - 1) / kTickNanos);
  }

  const Kind kind_;
  const absl::Time start_;
  const int64_t start_nanos_;
  // Written by the driving thread, read by any; a lone value, hence relaxed.
  std::atomic<int64_t> virtual_nanos_{0};
};

}  // namespace hydra::process_internal

#endif  // HYDRA_PROCESS_INTERNAL_CLOCK_H_
