#include "hydra/base/log_testing.h"

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "hydra/base/log_sink.h"
#include "hydra/base/mutex.h"

namespace hydra {

struct ScopedLogCapture::Entries {
  Mutex mutex;
  std::vector<LogEntry> logged ABSL_GUARDED_BY(mutex);
};

ScopedLogCapture::ScopedLogCapture() : entries_(std::make_shared<Entries>()) {
  previous_ = SetLogSink([entries = entries_](const LogEntry& entry) {
    MutexLock lock(entries->mutex);
    entries->logged.push_back(entry);
  });
}

ScopedLogCapture::~ScopedLogCapture() { SetLogSink(std::move(previous_)); }

std::vector<LogEntry> ScopedLogCapture::entries() const {
  MutexLock lock(entries_->mutex);
  return entries_->logged;
}

bool ScopedLogCapture::Contains(std::string_view text) const {
  for (const LogEntry& entry : entries()) {
    if (entry.text.find(text) != std::string::npos) return true;
  }
  return false;
}

}  // namespace hydra
