#include "hydra/process/internal/clock.h"

#include <algorithm>
#include <cstdint>
#include <ctime>

#include "absl/time/clock.h"
#include "absl/time/time.h"

namespace hydra::process_internal {
namespace {

int64_t Read(clockid_t clock) {
  timespec time;
  clock_gettime(clock, &time);
  return int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
}

}  // namespace

Clock::Clock(Kind kind)
    : kind_(kind),
      // A virtual clock starts at a time that is the same in every run.
      start_(kind == Kind::kSteady ? absl::Now() : absl::FromUnixSeconds(1'000'000'000)),
      start_nanos_(kind == Kind::kSteady ? Read(CLOCK_MONOTONIC) : 0) {}

int64_t Clock::Elapsed() const {
  if (kind_ == Kind::kVirtual) return virtual_nanos_.load(std::memory_order_relaxed);
  return Read(CLOCK_MONOTONIC) - start_nanos_;
}

Tick Clock::TickAfter(absl::Duration delay) const {
  if (delay <= absl::ZeroDuration()) return 0;
  if (delay >= absl::Hours(24 * 365 * 100)) return kForever;
  const int64_t nanos =
      Elapsed() + absl::ToInt64Nanoseconds(absl::Ceil(delay, absl::Nanoseconds(1)));
  return static_cast<Tick>((nanos + kTickNanos - 1) / kTickNanos);
}

absl::Duration Clock::Until(Tick tick) const {
  if (tick >= kNextTurn) return absl::InfiniteDuration();
  const int64_t nanos = static_cast<int64_t>(tick) * kTickNanos - Elapsed();
  return absl::Nanoseconds(std::max<int64_t>(nanos, 0));
}

}  // namespace hydra::process_internal
