#include "hydra/supervisor/internal/reports.h"

#include <cstddef>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "hydra/base/log.h"
#include "hydra/process/exit_reason.h"
#include "hydra/process/exit_signal.h"
#include "hydra/process/request.h"
#include "hydra/process/self.h"
#include "hydra/supervisor/child_spec.h"
#include "hydra/supervisor/internal/child_entry.h"

namespace hydra::supervisor_internal {
namespace {

// `supervisor <0.1.2> "top"`.
std::string Named() {
  std::string named = "supervisor " + Self().ToString();
  if (const std::string name = RegisteredName(); !name.empty()) named += " \"" + name + "\"";
  return named;
}

std::string_view Consequence(AfterEnd then) {
  switch (then) {
    case AfterEnd::kRestart:
      return "it is started anew";
    case AfterEnd::kKeep:
      return "it stays ended";
    case AfterEnd::kForget:
      return "it is forgotten";
  }
  return "";
}

}  // namespace

std::string FailedToStart(std::string_view id, const absl::Status& status) {
  const std::optional<ExitReason> reason = ExitReasonOf(status);
  return "failed to start child \"" + std::string(id) +
         "\": " + (reason.has_value() ? reason->ToString() : std::string(status.message()));
}

void ReportEnd(const ChildSpec& child, const ExitSignal& exit, AfterEnd then) {
  if (exit.reason.IsClean() && then != AfterEnd::kRestart) return;
  HYDRA_LOG(WARNING) << Named() << ": child \"" << child.id << "\" " << exit.from << " ended with "
                     << exit.reason << "; " << Consequence(then);
}

void ReportFailedRestart(const ChildSpec& child, const absl::Status& status) {
  HYDRA_LOG(WARNING) << Named() << ": " << FailedToStart(child.id, status) << "; it is tried again";
}

void ReportTooManyRestarts(const ChildSpec& child, size_t max_restarts, absl::Duration period) {
  HYDRA_LOG(ERROR) << Named() << " ends: more than " << max_restarts << " restarts within "
                   << absl::FormatDuration(period) << ", the last one of child \"" << child.id
                   << "\"";
}

void ReportKill(const ChildEntry& child) {
  HYDRA_LOG(WARNING) << Named() << ": child \"" << child.spec.id << "\" " << child.pid
                     << " hasn't ended " << child.spec.shutdown_or_default().ToString()
                     << "; it is killed";
}

}  // namespace hydra::supervisor_internal
