// RestartIntensity: whether restarts come too often.
//
//   hydra::RestartIntensity intensity(3, absl::Seconds(5));
//   if (!intensity.Add(hydra::Now())) ...                 // the fourth within five seconds
#ifndef HYDRA_SUPERVISOR_RESTART_INTENSITY_H_
#define HYDRA_SUPERVISOR_RESTART_INTENSITY_H_

#include <cstddef>
#include <vector>

#include "absl/time/time.h"

namespace hydra {

// Thread safety: a value. Cost: O(1) a restart; keeps the times of as many restarts as are allowed.
class RestartIntensity {
 public:
  // Allows `max_restarts` in any `period`, its ends included.
  RestartIntensity(size_t max_restarts, absl::Duration period)
      : max_restarts_(max_restarts), period_(period) {}

  // Notes a restart at `now`, which is no earlier than the last. Returns false if it is one too many.
  bool Add(absl::Time now) {
    if (restarts_.size() < max_restarts_) {
      restarts_.push_back(now);
      return true;
    }
    if (max_restarts_ == 0 || restarts_[oldest_] >= now - period_) return false;
    restarts_[oldest_] = now;
    oldest_ = (oldest_ + 1) % max_restarts_;
    return true;
  }

 private:
  size_t max_restarts_;
  absl::Duration period_;
  std::vector<absl::Time> restarts_;  // the last ones: a ring, once it is full
  size_t oldest_ = 0;
};

}  // namespace hydra

#endif  // HYDRA_SUPERVISOR_RESTART_INTENSITY_H_
