#include "hydra/base/internal/log_message.h"

#include <cstdlib>
#include <ostream>
#include <sstream>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/clock.h"
#include "hydra/base/internal/stack_trace.h"
#include "hydra/base/log_severity.h"
#include "hydra/base/log_sink.h"

namespace hydra::base_internal {

struct LogMessageBuilder::State {
  const LogSeverity severity;
  const char* const file;
  const int line;
  std::string text;
};

namespace {

void Emit(LogMessageBuilder::State& state) {
  SendToLogSink({.severity = state.severity,
                 .time = absl::Now(),
                 .file = state.file,
                 .line = state.line,
                 .text = std::move(state.text)});
}

}  // namespace

LogMessageBuilder::LogMessageBuilder(LogSeverity severity, const char* file, int line) noexcept
    : state_(new State{.severity = severity, .file = file, .line = line, .text = {}}) {}

void LogMessageBuilder::AppendCString(const char* text) noexcept {
  state_->text += text == nullptr ? "null" : text;
}

void LogMessageBuilder::AppendText(const char* text, size_t size) noexcept {
  state_->text.append(text, size);
}

void LogMessageBuilder::AppendSigned(int64_t value) noexcept {
  absl::StrAppend(&state_->text, value);
}

void LogMessageBuilder::AppendUnsigned(uint64_t value) noexcept {
  absl::StrAppend(&state_->text, value);
}

void LogMessageBuilder::AppendDouble(double value) noexcept {
  absl::StrAppend(&state_->text, value);
}

void LogMessageBuilder::AppendPointer(const void* value) noexcept {
  if (value == nullptr) return AppendCString(nullptr);
  absl::StrAppendFormat(&state_->text, "%p", value);
}

void LogMessageBuilder::AppendStreamed(const void* value,
                                       void (*print)(std::ostream&, const void*)) {
  std::ostringstream stream;
  print(stream, value);
  state_->text += stream.str();
}

LogMessage::LogMessage(LogSeverity severity, const char* file, int line) noexcept
    : LogMessageBuilder(severity, file, line) {}

LogMessage::~LogMessage() {
  Emit(*state_);
  delete state_;
}

FatalMessage::FatalMessage(const char* file, int line) noexcept
    : LogMessageBuilder(LogSeverity::kFatal, file, line) {}

FatalMessage::FatalMessage(const char* file, int line, const char* text) noexcept
    : FatalMessage(file, line) {
  *this << text;
}

FatalMessage::~FatalMessage() {
  std::string& text = state_->text;
  text.erase(text.find_last_not_of(" \n") + 1);
  absl::StrAppend(&text, "\n", StackTrace());
  Emit(*state_);
  std::abort();
}

}  // namespace hydra::base_internal
