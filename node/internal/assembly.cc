#include "hydra/node/internal/assembly.h"

#include <optional>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
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
    if (piece.size() == 0) return Wrong("of no envelope that has begun");
    if (piece.size() > max_bytes_)
      return Wrong(
          absl::StrCat("of an envelope of ", piece.size(), " bytes; ", max_bytes_, " are allowed"));
    if (coming_.size() >= Outbound::kMaxLarge) return Wrong("of one large envelope too many");
    found = coming_.emplace(piece.envelope(), Large{.size = piece.size(), .bytes = {}}).first;
  } else if (piece.size() != 0) {
    return Wrong("that begins an envelope twice");
  }
  Large& large = found->second;
  if (piece.bytes().empty()) return Wrong("of no bytes");
  if (piece.bytes().size() > large.size - large.bytes.size())
    return Wrong("that has more bytes than its envelope");
  large.bytes += piece.bytes();
  if (large.bytes.size() < large.size) return std::nullopt;
  std::optional<v1::Envelope> envelope(std::in_place);
  const bool is_one = envelope->ParseFromString(large.bytes);
  coming_.erase(found);
  if (!is_one) return Wrong("whose envelope is none");
  return envelope;
}

}  // namespace hydra::node_internal
