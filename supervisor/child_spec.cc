#include "hydra/supervisor/child_spec.h"

#include <algorithm>
#include <cmath>
#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"

namespace hydra {
namespace {

absl::Status CheckBackoff(const Backoff& backoff, const std::string& child) {
  if (backoff.initial < absl::ZeroDuration() || backoff.max < backoff.initial)
    return absl::InvalidArgumentError(child + ": its backoff needs 0 <= initial <= max");
  if (!(backoff.factor >= 1))
    return absl::InvalidArgumentError(child + ": its backoff needs a factor of at least 1");
  if (!(backoff.jitter >= 0 && backoff.jitter <= 1))
    return absl::InvalidArgumentError(child + ": its backoff needs a jitter from 0 to 1");
  return absl::OkStatus();
}

}  // namespace

std::string Shutdown::ToString() const {
  if (is_brutal_kill()) return "brutal kill";
  if (limit_ == absl::InfiniteDuration()) return "infinity";
  return "within " + absl::FormatDuration(limit_);
}

absl::Duration Backoff::Delay(int restart, double random) const {
  if (initial == absl::ZeroDuration()) return initial;
  const absl::Duration delay = std::min(max, initial * std::pow(factor, restart - 1));
  return delay * (1 + jitter * (2 * random - 1));
}

Shutdown ChildSpec::shutdown_or_default() const {
  if (shutdown.has_value()) return *shutdown;
  return type == ChildType::kSupervisor ? Shutdown::Infinity() : Shutdown::Within(absl::Seconds(5));
}

absl::Status ChildSpec::Check() const {
  const std::string child = "child \"" + id + "\"";
  if (start == nullptr) return absl::InvalidArgumentError(child + ": it has no start function");
  if (shutdown.has_value() && shutdown->limit() < absl::ZeroDuration())
    return absl::InvalidArgumentError(child + ": Shutdown::Within needs a positive limit");
  if (significant && restart == Restart::kPermanent) {
    return absl::InvalidArgumentError(
        child +
        ": a significant child is transient or temporary: a permanent one never stays ended");
  }
  return backoff.has_value() ? CheckBackoff(*backoff, child) : absl::OkStatus();
}

}  // namespace hydra
