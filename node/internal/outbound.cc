#include "hydra/node/internal/outbound.h"

#include <algorithm>
#include <cstddef>
#include <string>
#include <utility>

#include "hydra/node/internal/envelope_encoder.h"
#include "hydra/node/internal/link_proto.h"
#include "hydra/process/pid.h"
#include "hydra/process/transport.h"

namespace hydra::node_internal {

// What an envelope takes besides its value, about.
constexpr size_t kOverhead = 64;

size_t Outbound::SizeOf(const Envelope& envelope) {
  return envelope.value.bytes.size() + envelope.value.homes.size() * kOverhead +
         envelope.reason.text().size() + kOverhead;
}

void Outbound::Add(Envelope envelope) {
  const size_t size = SizeOf(envelope);
  bytes_ += size;
  if (!lanes_.empty()) {
    if (const auto lane = lanes_.find(envelope.sender); lane != lanes_.end()) {
      lane->second.behind.push_back(std::move(envelope));
      return;
    }
  }
  if (size > kLarge) {
    OpenLane(std::move(envelope));
  } else {
    small_.push_back(std::move(envelope));
  }
}

// The envelope is encoded now, in full: by the time that a piece is sent all places may be others.
void Outbound::OpenLane(Envelope envelope) {
  const Pid sender = envelope.sender;
  const size_t size = SizeOf(envelope);
  Large large = {.number = ++last_number_, .head = {}, .bytes = {}};
  EnvelopeEncoder::EncodeInFull(std::move(envelope), large.head);
  large.bytes = std::exchange(CutPartOf(large.head), {});
  bytes_ += large.bytes.size() - size;
  lanes_.emplace(sender, Lane{.large = std::move(large), .behind = {}});
  turns_.push_back(sender);
}

void Outbound::FillFrame(v1::Frame& frame) {
  for (size_t bytes = 0; !small_.empty() && bytes < kFrame; small_.pop_front()) {
    const size_t size = SizeOf(small_.front());
    bytes += size;
    bytes_ -= size;
    encoder_.Encode(std::move(small_.front()), *frame.add_envelopes());
  }
  if (!turns_.empty()) AddPiece(frame);
}

void Outbound::AddPiece(v1::Frame& frame) {
  const Pid sender = turns_.front();
  turns_.pop_front();
  Large& large = lanes_.find(sender)->second.large;
  v1::Piece& piece = *frame.add_pieces();
  piece.set_envelope(large.number);
  if (large.sent == 0) {
    piece.set_size(large.bytes.size());
    *piece.mutable_head() = large.head;
  }
  piece.set_bytes(large.bytes.substr(large.sent, kLarge));
  large.sent += piece.bytes().size();
  bytes_ -= piece.bytes().size();
  if (large.sent < large.bytes.size()) {
    const size_t behind = std::min(turns_.size(), kMaxLarge - 1);
    turns_.insert(turns_.begin() + static_cast<std::ptrdiff_t>(behind), sender);
  } else {
    CloseLane(sender);
  }
}

// The large one has been sent: what its sender has sent since follows, up to the next large one.
void Outbound::CloseLane(const Pid& sender) {
  auto lane = lanes_.extract(sender);
  std::deque<Envelope>& behind = lane.mapped().behind;
  while (!behind.empty()) {
    Envelope next = std::move(behind.front());
    behind.pop_front();
    if (SizeOf(next) <= kLarge) {
      small_.push_back(std::move(next));
      continue;
    }
    OpenLane(std::move(next));
    lanes_.find(sender)->second.behind = std::move(behind);
    return;
  }
}

}  // namespace hydra::node_internal
