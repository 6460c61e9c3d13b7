// Frames of signals from any bytes, one after the other on one connection: what is made of them is possible and bounded,
// and comes back when it is sent on.
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string_view>
#include <utility>

#include "absl/status/statusor.h"
#include "hydra/base/check.h"
#include "hydra/node/internal/assembly.h"
#include "hydra/node/internal/envelope_decoder.h"
#include "hydra/node/internal/envelope_encoder.h"
#include "hydra/node/internal/link_proto.h"
#include "hydra/node/internal/outbound.h"
#include "hydra/node/testing/fuzz_input.h"
#include "hydra/process/dest.h"
#include "hydra/process/node_id.h"
#include "hydra/process/pid.h"
#include "hydra/process/transport.h"

namespace hydra::node_internal {
namespace {

constexpr size_t kMaxBytes = 1000;

void CheckEqual(const absl::StatusOr<Envelope>& again, const Envelope& envelope) {
  HYDRA_CHECK(again.ok()) << again.status();
  HYDRA_CHECK(again->kind == envelope.kind);
  HYDRA_CHECK(again->to == envelope.to);
  HYDRA_CHECK_EQ(again->from, envelope.from);
  HYDRA_CHECK_EQ(again->ref, envelope.ref);
  HYDRA_CHECK_EQ(again->id, envelope.id);
  HYDRA_CHECK(again->refusal == envelope.refusal);
  HYDRA_CHECK_EQ(again->reason, envelope.reason);
  HYDRA_CHECK(again->value == envelope.value);
}

// Which envelopes are coming in pieces, and how many bytes of each are missing.
class Pieces {
 public:
  // One was accepted. Returns whether it is the last of its envelope.
  bool Accepted(uint32_t envelope, bool begins, uint64_t size, size_t bytes) {
    HYDRA_CHECK_EQ(missing_.contains(envelope), !begins);
    if (begins) missing_[envelope] = size;
    HYDRA_CHECK(size <= kMaxBytes);
    uint64_t& missing = missing_[envelope];
    HYDRA_CHECK(bytes > 0 && bytes <= missing);
    missing -= bytes;
    const bool is_last = missing == 0;
    if (is_last) missing_.erase(envelope);
    HYDRA_CHECK(missing_.size() <= Outbound::kMaxLarge);
    return is_last;
  }

 private:
  std::map<uint32_t, uint64_t> missing_;
};

// A node that sends on what it gets.
class Relay {
 public:
  // Returns whether more can come.
  bool Take(v1::Envelope&& encoded) {
    const absl::StatusOr<Envelope> envelope = decoder_.Decode(std::move(encoded));
    if (!envelope.ok()) return false;
    CheckPossible(*envelope);
    v1::Envelope by_place;
    encoder_.Encode(Envelope(*envelope), by_place);
    CheckEqual(next_.Decode(std::move(by_place)), *envelope);
    v1::Envelope in_full;
    EnvelopeEncoder::EncodeInFull(Envelope(*envelope), in_full);
    CheckEqual(EnvelopeDecoder(self_).Decode(std::move(in_full)), *envelope);
    return true;
  }

  bool Take(v1::Piece&& piece) {
    const uint32_t number = piece.envelope();
    const bool begins = piece.has_head();
    const uint64_t size = piece.size();
    const size_t bytes = piece.bytes().size();
    absl::StatusOr<std::optional<v1::Envelope>> taken = assembly_.Take(std::move(piece));
    if (!taken.ok()) return false;
    HYDRA_CHECK_EQ(pieces_.Accepted(number, begins, size, bytes), taken->has_value());
    return !taken->has_value() || Take(**std::move(taken));
  }

 private:
  void CheckPossible(const Envelope& envelope) const {
    if (const Pid* pid = envelope.to.pid()) {
      HYDRA_CHECK(IsPossible(*pid));
      HYDRA_CHECK_EQ(NodeOf(pid->home()).name, self_.name);
    }
    if (const Ref* alias = envelope.to.alias()) {
      HYDRA_CHECK(IsPossible(alias->creator()));
      HYDRA_CHECK_EQ(NodeOf(alias->creator().home()).name, self_.name);
    }
    if (const ProcessName* name = envelope.to.name())
      HYDRA_CHECK(name->name.size() <= kMaxRemoteName);
    HYDRA_CHECK(IsPossible(envelope.from));
    HYDRA_CHECK(IsPossible(envelope.ref.creator()));
  }

  const NodeId self_ = {.name = "b@127.0.0.1:1", .creation = 2};
  Assembly assembly_{kMaxBytes};
  Pieces pieces_;
  EnvelopeDecoder decoder_{self_};
  EnvelopeEncoder encoder_;
  EnvelopeDecoder next_{self_};
};

bool TakeFrame(v1::Frame& frame, Relay& relay) {
  for (v1::Envelope& envelope : *frame.mutable_envelopes()) {
    if (!relay.Take(std::move(envelope))) return false;
  }
  for (v1::Piece& piece : *frame.mutable_pieces()) {
    if (!relay.Take(std::move(piece))) return false;
  }
  return true;
}

void Run(FuzzInput input) {
  Relay relay;
  v1::Frame frame;
  while (!input.empty()) {
    if (!ParseBounded(input.Bytes(), frame) || !TakeFrame(frame, relay)) return;
  }
}

}  // namespace
}  // namespace hydra::node_internal

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  hydra::node_internal::Run(hydra::FuzzInput(data, size));
  return 0;
}
