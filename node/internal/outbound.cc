#include "hydra/node/internal/outbound.h"

#include <algorithm>
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "hydra/base/spare_buffer.h"
#include "hydra/node/internal/envelope_encoder.h"
#include "hydra/node/internal/link_proto.h"
#include "hydra/process/pid.h"
#include "hydra/process/transport.h"

namespace hydra::node_internal {

// What an envelope takes besides its value, about.
constexpr size_t kOverhead = 64;

size_t Outbound::SizeOf(const Envelope& envelope) {
  return envelope.value.bytes.size() + envelope.value.homes.size() * kOverhead +
         envelope.reason.type().size() + envelope.reason.text().size() + kOverhead;
}

bool Outbound::Add(Envelope envelope) {
  const size_t size = SizeOf(envelope);
  const Pid sender = envelope.sender;
  bytes_ += size;
  auto lane = lanes_.empty() ? lanes_.end() : lanes_.find(sender);
  if (lane != lanes_.end()) {
    lane->second.behind.push_back(std::move(envelope));
  } else if (size > kLarge) {
    OpenLane(std::move(envelope));
    lane = lanes_.find(sender);
  } else {
    AddSmall(std::move(envelope));
    if (small_bytes_ <= max_bytes_ || !sender) return false;
    held_.insert(sender);
    return true;
  }
  if (bytes_ <= max_bytes_ || !sender) return false;
  return lane->second.holds = true;
}

void Outbound::AddSmall(Envelope envelope) {
  small_bytes_ += SizeOf(envelope);
  small_.push_back(std::move(envelope));
}

std::vector<Pid> Outbound::TakeReleased() {
  if (!held_.empty() && small_bytes_ <= max_bytes_ / 2) {
    released_.insert(released_.end(), held_.begin(), held_.end());
    held_.clear();
  }
  return std::exchange(released_, {});
}

std::vector<Pid> Outbound::TakeHeld() {
  std::vector<Pid> held = std::exchange(released_, {});
  held.insert(held.end(), held_.begin(), held_.end());
  held_.clear();
  for (auto& [sender, lane] : lanes_) {
    if (std::exchange(lane.holds, false)) held.push_back(sender);
  }
  return held;
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
    small_bytes_ -= size;
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
  KeepBuffer(std::move(lane.mapped().large.bytes));
  std::deque<Envelope>& behind = lane.mapped().behind;
  while (!behind.empty()) {
    Envelope next = std::move(behind.front());
    behind.pop_front();
    if (SizeOf(next) <= kLarge) {
      AddSmall(std::move(next));
      continue;
    }
    OpenLane(std::move(next));
    Lane& reopened = lanes_.find(sender)->second;
    reopened.behind = std::move(behind);
    reopened.holds = lane.mapped().holds;
    return;
  }
  if (lane.mapped().holds) released_.push_back(sender);
}

}  // namespace hydra::node_internal
