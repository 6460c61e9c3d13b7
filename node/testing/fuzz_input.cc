#include "hydra/node/testing/fuzz_input.h"

#include <array>
#include <string>
#include <string_view>

#include "google/protobuf/stubs/logging.h"
#include "hydra/node/internal/link_proto.h"
#include "hydra/node/internal/node_name.h"

namespace hydra {
namespace {

namespace v1 = node_internal::v1;

void Bound(v1::Node& node) {
  if (!node_internal::ParseNodeName(node.name()).ok()) return;
  const auto first = static_cast<unsigned char>(node.name()[0]);
  const std::string letter(1, "dabc"[first % 4]);  // that of a to d stays
  node.set_name(letter + "@127.0.0.1:1");
  node.set_creation(node.creation() % 4);
}

void Bound(v1::Envelope& envelope) {
  if (envelope.has_to_pid()) Bound(*envelope.mutable_to_pid()->mutable_home());
  if (envelope.has_to_alias())
    Bound(*envelope.mutable_to_alias()->mutable_creator()->mutable_home());
  if (envelope.has_from()) Bound(*envelope.mutable_from()->mutable_home());
  if (envelope.has_ref()) Bound(*envelope.mutable_ref()->mutable_creator()->mutable_home());
  for (v1::Node& home : *envelope.mutable_homes()) Bound(home);
}

}  // namespace

bool ParseBounded(std::string_view bytes, v1::Frame& frame) {
  google::protobuf::SetLogHandler(nullptr);  // it says of each frame that isn't UTF-8 that it isn't
  if (!frame.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) return false;
  for (v1::Envelope& envelope : *frame.mutable_envelopes()) Bound(envelope);
  for (v1::Piece& piece : *frame.mutable_pieces()) {
    if (piece.has_head()) Bound(*piece.mutable_head());
  }
  return true;
}

}  // namespace hydra
