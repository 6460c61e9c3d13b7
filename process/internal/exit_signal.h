// The signals that aren't messages, and what they do.
#ifndef HYDRA_PROCESS_INTERNAL_EXIT_SIGNAL_H_
#define HYDRA_PROCESS_INTERNAL_EXIT_SIGNAL_H_

#include <optional>

#include "hydra/process/exit_reason.h"
#include "hydra/process/internal/signal.h"
#include "hydra/process/internal/wait.h"
#include "hydra/process/pid.h"

namespace hydra::process_internal {

// One process asks another, or itself, to end.
struct ExitRequest {
  // The reason that the receiver `self` ends with; nothing if it doesn't end. See docs/semantics.md
  // §2.1.
  std::optional<ExitReason> Effect(Pid self) const {
    if (reason.kind() == ExitReason::Kind::kKill) return ExitReason::Killed();
    if (reason.kind() == ExitReason::Kind::kNormal && from != self) return std::nullopt;
    return reason;
  }

  Pid from;
  ExitReason reason;
};

// The wait timer that was set for `due` has fired.
struct WaitExpired {
  Tick due = 0;
};

inline constexpr SignalType kExitRequest = MakeSignalType<ExitRequest, SignalKind::kExit>();
inline constexpr SignalType kWaitExpired = MakeSignalType<WaitExpired, SignalKind::kWake>();

}  // namespace hydra::process_internal

#endif  // HYDRA_PROCESS_INTERNAL_EXIT_SIGNAL_H_
