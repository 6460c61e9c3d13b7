#include "hydra/base/check.h"

#include "hydra/base/internal/log_message.h"
#include "hydra/base/log_severity.h"

namespace hydra::base_internal {

FailedComparison::FailedComparison(const char* file, int line) noexcept
    : LogMessageBuilder(LogSeverity::kFatal, file, line) {}

FailedComparison::~FailedComparison() {
  if (state_ != nullptr) FatalMessage(state_) << "(an operand threw as it was printed) ";
}

}  // namespace hydra::base_internal
