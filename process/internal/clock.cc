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

constexpr absl::Duration kNever = absl::Hours(24 * 365 * 100);

}  // namespace

Clock::Clock(Kind kind)
    : kind_(kind),
      // A virtual clock starts at a time that is the same in every run.
      start_(kind == Kind::kSteady ? absl::Now() : absl::FromUnixSeconds(1'000'000'000)),
      start_nanos_(kind == Kind::kSteady ? Read(CLOCK_MONOTONIC) : 0) {}

int64_t Clock::ElapsedNanos() const {
  if (kind_ == Kind::kVirtual) return virtual_nanos_.load(std::memory_order_relaxed);
  return Read(CLOCK_MONOTONIC) - start_nanos_;
}

Tick Clock::TickAfter(absl::Duration delay) const {
  if (delay <= absl::ZeroDuration()) return 0;
  if (delay >= kNever) return kForever;
  int64_t nanos = absl::ToInt64Nanoseconds(delay);
  if (absl::Nanoseconds(nanos) < delay) ++nanos;
  return TickAt(ElapsedNanos() + nanos);
}

Tick Clock::TickAfterAnother(absl::Duration delay, Reading& last) const {
  if (kind_ == Kind::kVirtual || delay <= absl::ZeroDuration() || delay >= kNever)
    return TickAfter(delay);
  // What is rounded down is less than the one that is added.
  const int64_t nanos = absl::ToInt64Nanoseconds(delay) + 1;
  const uint64_t cycles = Cycles();
  if (IsRecent(last, cycles)) {
    last.delay = delay;
    last.tick = TickAt(last.nanos + kRecentNanos + nanos);
    return last.tick;
  }
  last = {.nanos = ElapsedNanos(), .cycles = cycles};
  return TickAt(last.nanos + nanos);
}

absl::Duration Clock::Until(Tick tick) const {
  if (tick >= kNextTurn) return absl::InfiniteDuration();
  const int64_t nanos = static_cast<int64_t>(tick) * kTickNanos - ElapsedNanos();
  return absl::Nanoseconds(std::max<int64_t>(nanos, 0));
}

}  // namespace hydra::process_internal
