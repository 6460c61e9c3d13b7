// FuzzInput: what a fuzzer hands over, taken piece by piece from its beginning. At its end all is zero, or empty.
#ifndef HYDRA_NODE_TESTING_FUZZ_INPUT_H_
#define HYDRA_NODE_TESTING_FUZZ_INPUT_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "hydra/node/internal/link_proto.h"

namespace hydra {

// Thread safety: thread-compatible. The bytes must outlive it.
class FuzzInput {
 public:
  FuzzInput(const uint8_t* data, size_t size) : left_(reinterpret_cast<const char*>(data), size) {}

  bool empty() const { return left_.empty(); }

  uint8_t Byte() {
    const std::string_view bytes = Take(1);
    return bytes.empty() ? 0 : static_cast<uint8_t>(bytes[0]);
  }

  // So many as two bytes say.
  std::string_view Bytes() {
    const size_t low = Byte();
    return Take(low | size_t{Byte()} << 8);
  }

  // `bytes`, with up to three of them changed, and perhaps others behind: to protobuf, fields that are added.
  std::string Changed(std::string bytes) {
    const uint8_t how = Byte();
    for (int changes = how % 4; changes > 0 && !bytes.empty(); --changes) {
      const size_t low = Byte();
      bytes[(low | size_t{Byte()} << 8) % bytes.size()] ^= static_cast<char>(Byte());
    }
    if ((how & 4) != 0) bytes += Bytes();
    return bytes;
  }

 private:
  std::string_view Take(size_t count) {
    const std::string_view taken = left_.substr(0, count);
    left_.remove_prefix(taken.size());
    return taken;
  }

  std::string_view left_;
};

// Parses a frame, and replaces the nodes in it that could be by a few: an OS process never forgets a node that it has
// heard of. Returns whether it is a frame.
bool ParseBounded(std::string_view bytes, node_internal::v1::Frame& frame);

}  // namespace hydra

#endif  // HYDRA_NODE_TESTING_FUZZ_INPUT_H_
