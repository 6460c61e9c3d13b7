#include "hydra/base/log.h"

#include <atomic>

#include "hydra/base/log_severity.h"

namespace hydra {
namespace {

// Written by SetMinLogSeverity, read by each HYDRA_LOG. A lone value, hence relaxed.
std::atomic<LogSeverity> min_severity = LogSeverity::kInfo;

}  // namespace

void SetMinLogSeverity(LogSeverity severity) {
  min_severity.store(severity, std::memory_order_relaxed);
}

LogSeverity MinLogSeverity() { return min_severity.load(std::memory_order_relaxed); }

}  // namespace hydra
