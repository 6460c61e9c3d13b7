// Large envelopes whose pieces are coming, on one connection. The pieces may be anything.
#ifndef HYDRA_NODE_INTERNAL_ASSEMBLY_H_
#define HYDRA_NODE_INTERNAL_ASSEMBLY_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "hydra/node/internal/link_proto.h"

namespace hydra::node_internal {

// Thread safety: thread-compatible.
class Assembly {
 public:
  // Of what is cut of an envelope, at most.
  explicit Assembly(size_t max_bytes) : max_bytes_(max_bytes) {}

  // Takes a piece. Yields the envelope if that was its last one. kInvalidArgument, and why, if it is no piece of anything,
  // or of something too large.
  absl::StatusOr<std::optional<v1::Envelope>> Take(v1::Piece&& piece);

 private:
  struct Large {
    v1::Envelope head;
    uint64_t size;
    std::string bytes;
  };

  static Large Begin(v1::Piece& piece);

  const size_t max_bytes_;
  absl::flat_hash_map<uint32_t, Large> coming_;
};

}  // namespace hydra::node_internal

#endif  // HYDRA_NODE_INTERNAL_ASSEMBLY_H_
