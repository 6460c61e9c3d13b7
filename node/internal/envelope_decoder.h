// What was sent of envelopes to envelopes, on one connection. The bytes may be anything.
#ifndef HYDRA_NODE_INTERNAL_ENVELOPE_DECODER_H_
#define HYDRA_NODE_INTERNAL_ENVELOPE_DECODER_H_

#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/container/flat_hash_set.h"
#include "absl/status/statusor.h"
#include "hydra/node/internal/link_proto.h"
#include "hydra/node/internal/places.h"
#include "hydra/process/node_id.h"
#include "hydra/process/transport.h"

namespace hydra::node_internal {

// Thread safety: thread-compatible; must get what an EnvelopeEncoder makes in the order in which it was made.
class EnvelopeDecoder {
 public:
  // `self` is this node.
  explicit EnvelopeDecoder(NodeId self);

  // The envelope. kInvalidArgument if it is none, and what is wrong with it; nothing that comes after it can be decoded
  // then. Takes the value.
  absl::StatusOr<Envelope> Decode(v1::Envelope&& encoded);

  // How many nodes, and lives of nodes, one connection may mention: what stands for them here is never forgotten.
  static constexpr size_t kMaxHomes = 4096;

 private:
  friend class EnvelopeReader;

  const NodeId self_;
  KnownPlaces<uint32_t> homes_;
  KnownPlaces<std::string> names_;
  KnownPlaces<Pid> pids_;
  absl::flat_hash_set<uint32_t> mentioned_homes_;
};

}  // namespace hydra::node_internal

#endif  // HYDRA_NODE_INTERNAL_ENVELOPE_DECODER_H_
