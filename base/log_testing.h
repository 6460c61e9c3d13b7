// ScopedLogCapture: what was logged, for tests to look at.
//
//   hydra::ScopedLogCapture capture;
//   Misbehave();
//   EXPECT_THAT(capture.entries(), Contains(Field(&LogEntry::text, HasSubstr("misbehaved"))));
#ifndef HYDRA_BASE_LOG_TESTING_H_
#define HYDRA_BASE_LOG_TESTING_H_

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "hydra/base/log_sink.h"

namespace hydra {

// Collects what is logged by all threads, instead of the sink that was set before. Its destructor
// sets that one again, so captures nest, but must end in the opposite order.
//
// Thread safety: any thread may log, and call the functions.
class ScopedLogCapture {
 public:
  ScopedLogCapture();
  ~ScopedLogCapture();
  ScopedLogCapture(const ScopedLogCapture&) = delete;
  ScopedLogCapture& operator=(const ScopedLogCapture&) = delete;

  // Returns a copy of what was logged so far, in order.
  std::vector<LogEntry> entries() const;

  // Returns whether `text` occurs in the text of an entry.
  bool Contains(std::string_view text) const;

 private:
  struct Entries;

  // Shared with the sink, which may be at work on another thread when this object is destroyed.
  const std::shared_ptr<Entries> entries_;
  LogSink previous_;
};

}  // namespace hydra

#endif  // HYDRA_BASE_LOG_TESTING_H_
