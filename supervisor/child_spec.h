// ChildSpec: how a supervisor starts a child, when it starts it anew, and how it ends it.
//
//   hydra::ChildSpec spec = {.id = "cache",
//                            .start = StartCache,                  // yields a pid, linked to the caller
//                            .restart = hydra::Restart::kTransient};
//
// A value, made by plain functions. `Child<S>` (child.h) makes that of a server.
#ifndef HYDRA_SUPERVISOR_CHILD_SPEC_H_
#define HYDRA_SUPERVISOR_CHILD_SPEC_H_

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "hydra/process/async.h"
#include "hydra/process/pid.h"

namespace hydra {

// Whether a child that has ended is started anew.
enum class Restart : uint8_t {
  kPermanent,  // always
  kTransient,  // unless it has ended clean: normal or shutdown
  kTemporary,  // never; its spec is forgotten
};

// How a child is asked to end.
class Shutdown {
 public:
  // It is killed.
  static Shutdown BrutalKill() { return Shutdown(absl::ZeroDuration()); }
  // It gets the exit signal `shutdown`, and is killed if it hasn't ended within `limit`, which is
  // positive.
  static Shutdown Within(absl::Duration limit) { return Shutdown(limit); }
  // It gets the exit signal `shutdown`, and is waited for without limit.
  static Shutdown Infinity() { return Shutdown(absl::InfiniteDuration()); }

  bool is_brutal_kill() const { return limit_ == absl::ZeroDuration(); }
  absl::Duration limit() const { return limit_; }

  // "brutal kill", "within 5s", "infinity".
  std::string ToString() const;

  friend bool operator==(const Shutdown&, const Shutdown&) = default;

 private:
  explicit Shutdown(absl::Duration limit) : limit_(limit) {}

  absl::Duration limit_;
};

enum class ChildType : uint8_t { kWorker, kSupervisor };

// How long a supervisor waits before it starts a child anew. OTP starts it at once; so does a supervisor
// whose child has no Backoff.
//
// The n-th restart in a row comes after `initial` * `factor`^(n-1), `max` at most, more or less by a random
// part of it, `jitter` at most. A child that has run for `reset_after` begins with the first again. Meanwhile
// the child is *restarting*; with Strategy::kOneForAll and kRestForOne the others are ended at once, and
// started with it.
struct Backoff {
  absl::Duration initial = absl::Milliseconds(100);
  double factor = 2;  // at least 1
  absl::Duration max = absl::Seconds(30);
  double jitter = 0.1;  // 0 to 1
  absl::Duration reset_after = absl::Minutes(1);

  // How long to wait before the `restart`-th restart in a row; the first is 1. `random` is from [0, 1).
  absl::Duration Delay(int restart, double random) const;
};

struct ChildSpec {
  // Tells it from the other children of its supervisor. A DynamicSupervisor needs none.
  std::string id = {};
  // Starts the child: a coroutine that the supervisor awaits. Yields the pid of a process that is linked to
  // the caller, or why there is none; an error that `IsIgnored` (genserver/start.h) is none. What it throws
  // is an error, and so is nobody's pid. Called anew for each restart. Nothing else is done by the supervisor
  // meanwhile.
  std::function<Async<absl::StatusOr<Pid>>()> start = {};
  Restart restart = Restart::kPermanent;
  // Five seconds for a worker and without limit for a supervisor, unless it says otherwise.
  std::optional<Shutdown> shutdown = {};
  ChildType type = ChildType::kWorker;
  // Whether its end may end the supervisor: see AutoShutdown.
  bool significant = false;
  std::optional<Backoff> backoff = {};

  // What `shutdown` comes to.
  Shutdown shutdown_or_default() const;

  // OK if a supervisor can do with it; otherwise what is wrong with it, and its id.
  absl::Status Check() const;
};

}  // namespace hydra

#endif  // HYDRA_SUPERVISOR_CHILD_SPEC_H_
