// A hierarchical timing wheel: O(1) to add and remove a timer, whatever their number.
//
// After Varghese and Lauck, "Hashed and Hierarchical Timing Wheels" (SOSP 1987), scheme 7: level n
// has 64 slots of 64^n ticks. A timer lies at the level of the highest group of six bits in which
// its due tick differs from the wheel's own tick; when the wheel reaches its slot it moves down a
// level, at most seven times.
#ifndef HYDRA_PROCESS_INTERNAL_TIMER_WHEEL_H_
#define HYDRA_PROCESS_INTERNAL_TIMER_WHEEL_H_

#include <array>
#include <bit>
#include <cstdint>

#include "hydra/process/internal/wait.h"

namespace hydra::process_internal {

// A timer in a wheel, or in none. Linked by its owner; not copied while it is in a wheel.
struct TimerNode {
  enum class Kind : uint8_t { kWait, kUser };

  bool armed() const { return next != nullptr; }

  TimerNode* previous = nullptr;
  TimerNode* next = nullptr;
  Tick due = 0;
  Kind kind = Kind::kWait;
};

// Thread safety: thread-compatible; see `Timers` for the lock.
class TimerWheel {
 public:
  TimerWheel();
  TimerWheel(const TimerWheel&) = delete;
  TimerWheel& operator=(const TimerWheel&) = delete;

  // The tick that the wheel has been advanced to.
  Tick now() const { return now_; }

  // Adds a timer that is due at `node.due`; one that is due already expires at the next
  // `NextExpired`.
  void Add(TimerNode& node);

  // Removes an armed timer.
  void Remove(TimerNode& node);

  // Advances the wheel towards `tick`. Returns a timer that is due, which is then not armed any
  // more, earlier ticks before later ones; null when no more are due, and the wheel stands at
  // `tick`.
  TimerNode* NextExpired(Tick tick);

  // The tick at which the wheel must be advanced next; kForever when it is empty. No timer is due
  // earlier; it may be that none is due then either, when timers only move down a level.
  Tick NextDue() const;

 private:
  static constexpr int kBits = 6;
  static constexpr int kSlots = 1 << kBits;
  static constexpr int kLevels = 8;
  // A round of the top level: 8,900 years. A clock ends after 292, so there is no second round.
  static constexpr Tick kHorizon = Tick{1} << (kBits * kLevels);

  struct Level {
    uint64_t occupied = 0;                // bit i: slot i isn't empty
    std::array<TimerNode, kSlots> slots;  // heads of circular lists
  };

  // The first occupied slot of the lowest occupied level.
  struct Place {
    int level = -1;
    int slot = 0;
    Tick begins = kForever;
  };
  Place Next() const;
  void AddAgain(const Place& place);

  Tick now_ = 0;
  std::array<Level, kLevels> levels_;
};

}  // namespace hydra::process_internal

#endif  // HYDRA_PROCESS_INTERNAL_TIMER_WHEEL_H_
