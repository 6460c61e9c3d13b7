#include "hydra/base/spare_buffer.h"

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "hydra/base/mutex.h"

namespace hydra {
namespace {

struct Spare {
  Mutex mutex;
  std::vector<std::string> buffers ABSL_GUARDED_BY(mutex);
  size_t bytes ABSL_GUARDED_BY(mutex) = 0;
};

// For as long as the program lives.
Spare& TheSpare() {
  static Spare& spare = *new Spare;
  return spare;
}

// Larger ones would be wasted on it.
bool Fits(const std::string& buffer, size_t bytes) {
  return buffer.capacity() >= bytes && buffer.capacity() / 4 <= bytes;
}

std::string TakeSpare(size_t bytes) {
  Spare& spare = TheSpare();
  const MutexLock lock(spare.mutex);
  for (std::string& buffer : spare.buffers) {
    if (!Fits(buffer, bytes)) continue;
    spare.bytes -= buffer.capacity();
    std::string taken = std::exchange(buffer, std::move(spare.buffers.back()));
    spare.buffers.pop_back();
    return taken;
  }
  return {};
}

}  // namespace

std::string TakeBuffer(size_t bytes) {
  std::string buffer = bytes < kLargeBuffer ? std::string() : TakeSpare(bytes);
  buffer.reserve(bytes);
  return buffer;
}

void KeepBuffer(std::string&& buffer) {
  std::string kept = std::move(buffer);
  if (kept.capacity() < kLargeBuffer) return;
  kept.clear();
  Spare& spare = TheSpare();
  const MutexLock lock(spare.mutex);
  if (spare.bytes + kept.capacity() > kMaxSpareBytes) return;
  spare.bytes += kept.capacity();
  spare.buffers.push_back(std::move(kept));
}

size_t SpareBytes() {
  Spare& spare = TheSpare();
  const MutexLock lock(spare.mutex);
  return spare.bytes;
}

}  // namespace hydra
