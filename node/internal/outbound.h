// What waits to be sent to one node, and in which order it is.
//
// Envelopes that are small go out in the order in which they come, many in a frame. One that is large is cut into
// pieces, of which a frame has one, so that others overtake it; but not those of the same sender, which wait behind it: all
// that one process sends stays in order, to whomever it is addressed.
#ifndef HYDRA_NODE_INTERNAL_OUTBOUND_H_
#define HYDRA_NODE_INTERNAL_OUTBOUND_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "hydra/node/internal/envelope_encoder.h"
#include "hydra/node/internal/link_proto.h"
#include "hydra/process/pid.h"
#include "hydra/process/transport.h"

namespace hydra::node_internal {

// What is cut of a large envelope: its value, or its reason if it has no value.
inline std::string& CutPartOf(v1::Envelope& envelope) {
  return envelope.has_type() ? *envelope.mutable_value() : *envelope.mutable_reason();
}

// Thread safety: thread-compatible.
class Outbound {
 public:
  // An envelope that takes more bytes is large; and the size of a piece.
  static constexpr size_t kLarge = size_t{64} << 10;
  // A frame has no more envelopes when it has so many bytes of them.
  static constexpr size_t kFrame = size_t{128} << 10;
  // Large envelopes that are on their way at a time; others wait for one of them to be sent.
  static constexpr size_t kMaxLarge = 16;

  // `max_bytes`: so much may wait before senders are held.
  explicit Outbound(size_t max_bytes) : max_bytes_(max_bytes) {}

  // Adds an envelope. Returns whether its sender is to be held. A large one holds nobody but who sends behind it.
  bool Add(Envelope envelope);

  // Those that were held, and may go on: when half of what may wait is free, or what they wait behind has been sent.
  std::vector<Pid> TakeReleased();
  // All that are held.
  std::vector<Pid> TakeHeld();

  // What an envelope takes, in bytes, about.
  static size_t SizeOf(const Envelope& envelope);

  bool empty() const { return small_.empty() && lanes_.empty(); }
  // What waits, in bytes, about.
  size_t bytes() const { return bytes_; }

  // Adds to `frame` what is to be sent next, if anything is.
  void FillFrame(v1::Frame& frame);

 private:
  struct Large {
    uint32_t number;
    v1::Envelope head;
    std::string bytes;
    size_t sent = 0;
  };
  // Of a sender that has a large one on its way: what it has sent since.
  struct Lane {
    Large large;
    std::deque<Envelope> behind;
    bool holds = false;  // the sender
  };

  void OpenLane(Envelope envelope);
  void AddSmall(Envelope envelope);
  void AddPiece(v1::Frame& frame);
  void CloseLane(const Pid& sender);

  const size_t max_bytes_;
  EnvelopeEncoder encoder_;
  std::deque<Envelope> small_;
  size_t small_bytes_ = 0;
  absl::flat_hash_set<Pid> held_;  // for what waits in small_
  std::vector<Pid> released_;
  absl::flat_hash_map<Pid, Lane> lanes_;
  std::deque<Pid> turns_;  // of the senders that have lanes
  uint32_t last_number_ = 0;
  size_t bytes_ = 0;  // of all
};

}  // namespace hydra::node_internal

#endif  // HYDRA_NODE_INTERNAL_OUTBOUND_H_
