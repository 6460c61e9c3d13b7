// What supervisors log, and how a start that has failed is told.
#ifndef HYDRA_SUPERVISOR_INTERNAL_REPORTS_H_
#define HYDRA_SUPERVISOR_INTERNAL_REPORTS_H_

#include <cstddef>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "hydra/process/exit_signal.h"
#include "hydra/supervisor/child_spec.h"
#include "hydra/supervisor/internal/child_entry.h"

namespace hydra::supervisor_internal {

// `failed to start child "a": ...`.
std::string FailedToStart(std::string_view id, const absl::Status& status);

// All in the name of the calling process.
void ReportEnd(const ChildSpec& child, const ExitSignal& exit, AfterEnd then);
void ReportFailedRestart(const ChildSpec& child, const absl::Status& status);
void ReportTooManyRestarts(const ChildSpec& child, size_t max_restarts, absl::Duration period);
// `child` hasn't ended in time.
void ReportKill(const ChildEntry& child);

}  // namespace hydra::supervisor_internal

#endif  // HYDRA_SUPERVISOR_INTERNAL_REPORTS_H_
