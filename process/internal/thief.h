// Whether it pays a worker to steal.
//
// A process that is run by another worker than before brings along its control block, its frame and its
// messages, cache line by cache line, each some sixty nanoseconds: half a microsecond together. What runs
// for less before it sleeps again, as the clients of one server do, is done sooner where it is. So a
// worker that has been idle again at once after having stolen, several times in a row, rests: for a while
// it leaves the queues of others alone, and isn't woken for them.
#ifndef HYDRA_PROCESS_INTERNAL_THIEF_H_
#define HYDRA_PROCESS_INTERNAL_THIEF_H_

#include <cstddef>
#include <cstdint>

#include "absl/time/time.h"

namespace hydra::process_internal {

// Times are nanoseconds of the runtime's clock.
class Thief {
 public:
  static constexpr absl::Duration kRest = absl::Milliseconds(1);

  // So many processes were stolen.
  void Stole(size_t processes, int64_t now) {
    loot_ = static_cast<int64_t>(processes);
    stolen_at_ = now;
  }

  // Nothing is left to run.
  void RanDry(int64_t now) {
    if (loot_ > 0) {
      poor_in_a_row_ = now - stolen_at_ < loot_ * kWorthwhile ? poor_in_a_row_ + 1 : 0;
      loot_ = 0;
      if (poor_in_a_row_ >= kPoorInARow) rests_until_ = now + absl::ToInt64Nanoseconds(kRest);
    }
    rests_ = now < rests_until_;
  }

  // As of the last RanDry.
  bool rests() const { return rests_; }

 private:
  // How long a stolen process must keep its thief busy to be worth it.
  static constexpr int64_t kWorthwhile = 1000;
  static constexpr int kPoorInARow = 4;

  int64_t loot_ = 0;  // the processes stolen last, until it has run dry
  int64_t stolen_at_ = 0;
  int poor_in_a_row_ = 0;
  int64_t rests_until_ = 0;
  bool rests_ = false;
};

}  // namespace hydra::process_internal

#endif  // HYDRA_PROCESS_INTERNAL_THIEF_H_
