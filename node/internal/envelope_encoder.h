// Envelopes to what is sent of them, on one connection.
#ifndef HYDRA_NODE_INTERNAL_ENVELOPE_ENCODER_H_
#define HYDRA_NODE_INTERNAL_ENVELOPE_ENCODER_H_

#include <cstdint>
#include <string>

#include "hydra/node/internal/link_proto.h"
#include "hydra/node/internal/places.h"
#include "hydra/process/pid.h"
#include "hydra/process/transport.h"

namespace hydra::node_internal {

// Thread safety: thread-compatible; what it makes must be sent in the order in which it was made.
class EnvelopeEncoder {
 public:
  // Adds `envelope` to a frame. Takes its value.
  void Encode(Envelope&& envelope, v1::Envelope& encoded);

  // The same without places, so that it may be sent at any time.
  static void EncodeInFull(Envelope&& envelope, v1::Envelope& encoded);

 private:
  friend class EnvelopeWriter;

  SentPlaces<uint32_t> homes_;
  SentPlaces<std::string> names_;
  SentPlaces<Pid> pids_;
};

}  // namespace hydra::node_internal

#endif  // HYDRA_NODE_INTERNAL_ENVELOPE_ENCODER_H_
