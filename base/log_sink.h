// Log sinks: where the lines of the log go. Set one to have Hydra log as the rest of a program
// does.
//
//   hydra::SetLogSink([](const hydra::LogEntry& entry) {
//     const spdlog::source_loc place{entry.file, entry.line, ""};
//     spdlog::log(place, LevelOf(entry.severity), entry.text);
//   });
//
// In tests, see log_testing.h.
#ifndef HYDRA_BASE_LOG_SINK_H_
#define HYDRA_BASE_LOG_SINK_H_

#include <functional>
#include <string>

#include "absl/time/time.h"
#include "hydra/base/log_severity.h"

namespace hydra {

// What was logged. A value.
struct LogEntry {
  LogSeverity severity = LogSeverity::kInfo;
  absl::Time time;        // of the wall clock, also where a runtime's clock is virtual
  const char* file = "";  // as the compiler names it
  int line = 0;
  std::string text;  // of several lines if it holds a stack
};

// Called on the thread that logs, by several threads at once. Must not throw.
//
// It may log and may set another sink. What it logs itself goes to stderr, so it can't call itself
// for ever. After a kFatal entry the OS process ends as soon as the sink returns.
using LogSink = std::function<void(const LogEntry&)>;

// Makes `sink` the one sink of this OS process and returns the one before. An empty function stands
// for the default, which writes to stderr:
//
//   2026-01-31T12:59:59.123456Z WARNING 4711 node.cc:87: peer b@host lags by 65536 bytes
//
// that is the time in UTC, the severity and the id of the thread. Further lines of the text are
// indented, so that no text can pass for an entry.
//
// The old sink may still be at work on other threads when this returns. It is destroyed after its
// last call, so it should own what it uses.
//
// Thread safety: any thread.
LogSink SetLogSink(LogSink sink);

namespace base_internal {

// Hands `entry` to the sink.
void SendToLogSink(const LogEntry& entry);

}  // namespace base_internal
}  // namespace hydra

#endif  // HYDRA_BASE_LOG_SINK_H_
