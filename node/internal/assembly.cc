#include "hydra/node/internal/assembly.h"

#include <optional>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "hydra/base/spare_buffer.h"
#include "hydra/node/internal/link_proto.h"
#include "hydra/node/internal/outbound.h"

namespace hydra::node_internal {
namespace {

absl::Status Wrong(std::string_view what) {
  return absl::InvalidArgumentError(absl::StrCat("a piece ", std::string(what)));
}

}  // namespace

absl::StatusOr<std::optional<v1::Envelope>> Assembly::Take(v1::Piece&& piece) {
  auto found = coming_.find(piece.envelope());
  if (found == coming_.end()) {
    if (!piece.has_head() || piece.size() == 0) return Wrong("of no envelope that has begun");
    if (piece.size() > max_bytes_)
      return Wrong(
          absl::StrCat("of an envelope of ", piece.size(), " bytes; ", max_bytes_, " are allowed"));
    if (coming_.size() >= Outbound::kMaxLarge) return Wrong("of one large envelope too many");
    found = coming_.emplace(piece.envelope(), Begin(piece)).first;
  } else if (piece.has_head() || piece.size() != 0) {
    return Wrong("that begins an envelope twice");
  }
  Large& large = found->second;
  if (piece.bytes().empty()) return Wrong("of no bytes");
  if (piece.bytes().size() > large.size - large.bytes.size())
    return Wrong("that has more bytes than its envelope");
  large.bytes += piece.bytes();
  if (large.bytes.size() < large.size) return std::nullopt;
  v1::Envelope envelope = std::move(large.head);
  CutPartOf(envelope) = std::move(large.bytes);
  coming_.erase(found);
  return envelope;
}

// Memory that is reserved isn't used before something comes to be there.
Assembly::Large Assembly::Begin(v1::Piece& piece) {
  return {.head = std::move(*piece.mutable_head()),
          .size = piece.size(),
          .bytes = TakeBuffer(piece.size())};
}

}  // namespace hydra::node_internal
