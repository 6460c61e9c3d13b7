#include "hydra/process/internal/wire_codec.h"

#include <string>
#include <string_view>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "hydra/base/mutex.h"

namespace hydra::process_internal {
namespace {

struct ReceivedTypes {
  using Map = absl::flat_hash_map<std::string, const SignalType*>;

  Mutex mutex;
  Map messages ABSL_GUARDED_BY(mutex);
  Map requests ABSL_GUARDED_BY(mutex);
};

// Made by the first registration, which comes before main.
ReceivedTypes& AllReceived() {
  static ReceivedTypes& received = *new ReceivedTypes;
  return received;
}

}  // namespace

bool RegisterReceived(std::string_view wire_name, bool request, const SignalType* type) {
  ReceivedTypes& received = AllReceived();
  MutexLock lock(received.mutex);
  (request ? received.requests : received.messages).try_emplace(std::string(wire_name), type);
  return true;
}

const SignalType* FindReceived(std::string_view wire_name, bool request) {
  ReceivedTypes& received = AllReceived();
  MutexLock lock(received.mutex);
  const ReceivedTypes::Map& types = request ? received.requests : received.messages;
  const auto found = types.find(std::string(wire_name));
  return found == types.end() ? nullptr : found->second;
}

}  // namespace hydra::process_internal
