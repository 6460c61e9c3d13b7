#include "hydra/node/internal/envelope_encoder.h"

#include <cstdint>
#include <string>
#include <utility>

#include "hydra/node/internal/link_proto.h"
#include "hydra/node/internal/places.h"
#include "hydra/process/dest.h"
#include "hydra/process/node_id.h"
#include "hydra/process/pid.h"
#include "hydra/process/transport.h"

namespace hydra::node_internal {

// Writes one envelope; by places, if it has an encoder.
class EnvelopeWriter {
 public:
  explicit EnvelopeWriter(EnvelopeEncoder* places) : places_(places) {}

  void Write(Envelope&& envelope, v1::Envelope& to) {
    to.set_kind(static_cast<v1::Envelope::Kind>(envelope.kind));
    if (const hydra::Pid* pid = envelope.to.pid()) Write(*pid, *to.mutable_to_pid());
    if (const hydra::Ref* alias = envelope.to.alias()) Write(*alias, *to.mutable_to_alias());
    if (const ProcessName* name = envelope.to.name()) Write(name->name, *to.mutable_to_name());
    if (envelope.from) Write(envelope.from, *to.mutable_from());
    if (envelope.ref) Write(envelope.ref, *to.mutable_ref());
    to.set_id(envelope.id);
    to.set_refusal(static_cast<uint32_t>(envelope.refusal));
    if (envelope.reason != ExitReason()) to.set_reason(envelope.reason.Encode());
    if (!envelope.value.type.empty()) Write(envelope.value.type, *to.mutable_type());
    to.set_value(std::move(envelope.value.bytes));
    for (const uint32_t home : envelope.value.homes) WriteHome(home, *to.add_homes());
  }

 private:
  // One of a runtime that is no node is nobody's elsewhere.
  void Write(const hydra::Pid& pid, v1::Pid& to) {
    if (!pid || NodeOf(pid.home()).name.empty()) return;
    if (places_ != nullptr) {
      const auto [place, in_full] = places_->pids_.Say(pid);
      to.set_place(place);
      if (!in_full) return;
    }
    WriteHome(pid.home(), *to.mutable_home());
    to.set_slot(pid.slot());
    to.set_serial(pid.serial());
  }

  void Write(const hydra::Ref& ref, v1::Ref& to) {
    Write(ref.creator(), *to.mutable_creator());
    to.set_id(ref.id());
  }

  void Write(const std::string& name, v1::Name& to) {
    if (places_ != nullptr) {
      const auto [place, in_full] = places_->names_.Say(name);
      to.set_place(place);
      if (!in_full) return;
    }
    to.set_text(name);
  }

  void WriteHome(uint32_t home, v1::Node& to) {
    const NodeId node = NodeOf(home);
    if (node.name.empty()) return;
    if (places_ != nullptr) {
      const auto [place, in_full] = places_->homes_.Say(home);
      to.set_place(place);
      if (!in_full) return;
    }
    to.set_name(node.name);
    to.set_creation(node.creation);
  }

  EnvelopeEncoder* const places_;
};

void EnvelopeEncoder::Encode(Envelope&& envelope, v1::Envelope& encoded) {
  EnvelopeWriter(this).Write(std::move(envelope), encoded);
}

void EnvelopeEncoder::EncodeInFull(Envelope&& envelope, v1::Envelope& encoded) {
  EnvelopeWriter(nullptr).Write(std::move(envelope), encoded);
}

}  // namespace hydra::node_internal
