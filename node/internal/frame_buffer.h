// A frame that is used again and again. What it is made of lies in one piece of memory, so that a frame of many envelopes
// costs few allocations.
#ifndef HYDRA_NODE_INTERNAL_FRAME_BUFFER_H_
#define HYDRA_NODE_INTERNAL_FRAME_BUFFER_H_

#include <cstddef>
#include <memory>

#include "google/protobuf/arena.h"
#include "hydra/node/internal/link_proto.h"

namespace hydra::node_internal {

// Thread safety: thread-compatible.
class FrameBuffer {
 public:
  FrameBuffer() = default;
  FrameBuffer(const FrameBuffer&) = delete;
  FrameBuffer& operator=(const FrameBuffer&) = delete;

  // An empty frame, in the place of the last one.
  v1::Frame& Renew() {
    arena_.Reset();
    frame_ = google::protobuf::Arena::CreateMessage<v1::Frame>(&arena_);
    return *frame_;
  }

  // The last one. Not before the first Renew.
  v1::Frame& operator*() const { return *frame_; }

 private:
  // Holds about a hundred small envelopes; a larger frame takes more for as long as it lasts.
  static constexpr size_t kBytes = size_t{32} << 10;

  google::protobuf::ArenaOptions Options() {
    google::protobuf::ArenaOptions options;
    options.initial_block = memory_.get();
    options.initial_block_size = kBytes;
    options.start_block_size = kBytes;
    return options;
  }

  const std::unique_ptr<char[]> memory_{new char[kBytes]};
  google::protobuf::Arena arena_{Options()};
  v1::Frame* frame_ = nullptr;
};

}  // namespace hydra::node_internal

#endif  // HYDRA_NODE_INTERNAL_FRAME_BUFFER_H_
