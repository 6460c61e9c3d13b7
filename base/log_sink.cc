#include "hydra/base/log_sink.h"

#include <unistd.h>

#include <cstdio>
#include <cstring>
#include <memory>
#include <string>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/time/time.h"
#include "hydra/base/compiler.h"
#include "hydra/base/log_severity.h"
#include "hydra/base/mutex.h"

namespace hydra {
namespace {

const char* Basename(const char* path) {
  const char* const slash = std::strrchr(path, '/');
  return slash == nullptr ? path : slash + 1;
}

void WriteToStderr(const LogEntry& entry) {
  const std::string line =
      absl::StrCat(absl::FormatTime("%Y-%m-%dT%H:%M:%E6SZ ", entry.time, absl::UTCTimeZone()),
                   LogSeverityName(entry.severity), " ", gettid(), " ", Basename(entry.file), ":",
                   entry.line, ": ", absl::StrReplaceAll(entry.text, {{"\n", "\n    "}}), "\n");
  // One call, so that lines of other threads don't come in between.
  std::fwrite(line.data(), 1, line.size(), stderr);
}

// The sink, shared with the threads that are calling it.
class CurrentSink {
 public:
  using Shared = std::shared_ptr<const LogSink>;

  Shared Get() {
    MutexLock lock(mutex_);
    return sink_;
  }

  Shared Exchange(Shared sink) {
    MutexLock lock(mutex_);
    return std::exchange(sink_, std::move(sink));
  }

  // Never destroyed: destructors of other globals may log.
  static CurrentSink& Instance() {
    static CurrentSink* const instance = new CurrentSink;
    return *instance;
  }

 private:
  Mutex mutex_;
  Shared sink_ ABSL_GUARDED_BY(mutex_);  // null: the default
};

// True while this thread is in a sink. A sink is a plain function, so no coroutine changes threads
// in it.
thread_local bool in_sink = false;

}  // namespace

LogSink SetLogSink(LogSink sink) {
  CurrentSink::Shared shared;
  if (sink) shared = std::make_shared<const LogSink>(std::move(sink));
  const CurrentSink::Shared previous = CurrentSink::Instance().Exchange(std::move(shared));
  return previous == nullptr ? LogSink() : *previous;
}

namespace base_internal {

HYDRA_NOINLINE void SendToLogSink(const LogEntry& entry) {
  const CurrentSink::Shared sink = in_sink ? nullptr : CurrentSink::Instance().Get();
  if (sink == nullptr) {
    WriteToStderr(entry);
    return;
  }
  in_sink = true;
  (*sink)(entry);
  in_sink = false;
}

}  // namespace base_internal
}  // namespace hydra
