// Logging: what the library tells its operator.
//
//   HYDRA_LOG(WARNING) << "peer " << name << " lags by " << bytes << " bytes";
//
// A line goes to stderr unless a sink is set (log_sink.h), which may hand it to spdlog, glog or
// absl::log. What a caller could act on is a return value instead, and what a process could is an
// exit: the log is for people.
#ifndef HYDRA_BASE_LOG_H_
#define HYDRA_BASE_LOG_H_

#include "hydra/base/internal/log_message.h"
#include "hydra/base/log_severity.h"

// HYDRA_LOG(INFO), (WARNING), (ERROR) and (FATAL) log what is streamed into them, at the end of the
// statement.
//
// Text, numbers, pointers, enumerators, what has a `ToString()` and what an ostream takes can be
// streamed. Operands aren't evaluated when the severity is below the least that is logged. FATAL
// adds the stack and, once the sink has returned, ends the OS process with abort(); the compiler
// knows that it doesn't return.
//
// Thread safety: any thread. Cost when logged: microseconds and a few allocations, so not in a loop
// that runs for each message.
#define HYDRA_LOG(severity) HYDRA_LOG_INTERNAL_##severity

namespace hydra {

// Sets the least severity that is logged, from now on and by all threads: at first kInfo. kFatal is
// always logged.
//
// Thread safety: any thread.
void SetMinLogSeverity(LogSeverity severity);

// Returns it.
LogSeverity MinLogSeverity();

}  // namespace hydra

#define HYDRA_LOG_INTERNAL_INFO HYDRA_LOG_INTERNAL_IF_LOGGED(::hydra::LogSeverity::kInfo)
#define HYDRA_LOG_INTERNAL_WARNING HYDRA_LOG_INTERNAL_IF_LOGGED(::hydra::LogSeverity::kWarning)
#define HYDRA_LOG_INTERNAL_ERROR HYDRA_LOG_INTERNAL_IF_LOGGED(::hydra::LogSeverity::kError)
#define HYDRA_LOG_INTERNAL_FATAL ::hydra::base_internal::FatalMessage(__FILE__, __LINE__)

#define HYDRA_LOG_INTERNAL_IF_LOGGED(severity) \
  severity < ::hydra::MinLogSeverity()         \
      ? (void)0                                \
      : ::hydra::base_internal::Voidify() &    \
            ::hydra::base_internal::LogMessage(severity, __FILE__, __LINE__)

#endif  // HYDRA_BASE_LOG_H_
