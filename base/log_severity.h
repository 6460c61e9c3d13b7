// How bad it is what a line of the log tells.
#ifndef HYDRA_BASE_LOG_SEVERITY_H_
#define HYDRA_BASE_LOG_SEVERITY_H_

#include <cstdint>

namespace hydra {

// In ascending order.
enum class LogSeverity : uint8_t {
  kInfo,     // A landmark in the life of the system: a node came up, an application stopped.
  kWarning,  // It goes on, but somebody should know: a message was dropped, a peer lags.
  kError,    // A part failed: a process crashed, a peer was refused.
  kFatal,    // The OS process ends, once this is logged.
};

// Returns "INFO", "WARNING", "ERROR" or "FATAL".
constexpr const char* LogSeverityName(LogSeverity severity) {
  switch (severity) {
    case LogSeverity::kInfo:
      return "INFO";
    case LogSeverity::kWarning:
      return "WARNING";
    case LogSeverity::kError:
      return "ERROR";
    case LogSeverity::kFatal:
      return "FATAL";
  }
  return "?";
}

}  // namespace hydra

#endif  // HYDRA_BASE_LOG_SEVERITY_H_
