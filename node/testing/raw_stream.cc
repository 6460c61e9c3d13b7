#include "hydra/node/testing/raw_stream.h"

#include <optional>
#include <string>
#include <utility>

#include "hydra/node/internal/handshake.h"
#include "hydra/node/internal/link_proto.h"
#include "hydra/node/internal/mac.h"

namespace hydra {

using node_internal::Handshake;

std::optional<v1::Frame> RawStream::Hear() {
  std::optional<v1::Frame> frame(std::in_place);
  if (!read_(&*frame)) return std::nullopt;
  return frame;
}

std::optional<v1::Frame> RawStream::HearSignals() {
  while (std::optional<v1::Frame> frame = Hear()) {
    v1::Frame answer;
    *answer.mutable_pongs() = frame->pings();
    if (!frame->pings().empty() && !Say(answer)) return std::nullopt;
    if (frame->envelopes_size() > 0 || frame->pieces_size() > 0 || frame->has_refusal())
      return frame;
  }
  return std::nullopt;
}

v1::Refusal RawStream::HearRefusal() {
  while (const std::optional<v1::Frame> frame = Hear()) {
    if (frame->has_refusal()) return frame->refusal();
  }
  return {};
}

bool RawStream::ShakeHands(node_internal::Role role, node_internal::Party self,
                           const std::string& cookie, const std::string& wanted) {
  Handshake handshake(
      role, std::move(self), wanted, [cookie](std::string_view) { return cookie; },
      node_internal::NewNonce());
  Handshake::Step step;
  if (role == node_internal::Role::kDialler) step = handshake.Begin();
  while (true) {
    if (step.send.has_value() && !Say(*step.send)) return false;
    if (step.connected.has_value()) return true;
    if (step.failed.has_value()) return false;
    if (step.asks_admission) {
      step = handshake.Admit();
      continue;
    }
    const std::optional<v1::Frame> frame = Hear();
    if (!frame.has_value()) return false;
    step = handshake.Receive(*frame);
  }
}

node_internal::Party RawParty(std::string name, uint64_t creation) {
  return {.id = {.name = std::move(name), .creation = creation}};
}

}  // namespace hydra
