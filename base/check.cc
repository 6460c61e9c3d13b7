#include "hydra/base/check.h"

#include "hydra/base/log_severity.h"

namespace hydra::base_internal {

FailedComparison::FailedComparison(const char* file, int line) noexcept
    : LogMessageBuilder(LogSeverity::kFatal, file, line) {}

}  // namespace hydra::base_internal
