#include "hydra/node/internal/envelope_decoder.h"

#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "hydra/base/status_macros.h"
#include "hydra/node/internal/link_proto.h"
#include "hydra/node/internal/node_name.h"
#include "hydra/node/internal/places.h"
#include "hydra/process/dest.h"
#include "hydra/process/exit_reason.h"
#include "hydra/process/node_id.h"
#include "hydra/process/pid.h"
#include "hydra/process/transport.h"

namespace hydra::node_internal {
namespace {

using Kind = Envelope::Kind;
using Why = decltype(Envelope::refusal);

// What an envelope of a kind must have, besides `to`.
struct Parts {
  bool from;
  bool ref;
  bool value;
  bool to_pid;  // it goes to a process by its pid, not by a name or an alias
};

Parts PartsOf(Kind kind) {
  switch (kind) {
    case Kind::kMessage:
      return {.from = false, .ref = false, .value = true, .to_pid = false};
    case Kind::kRequest:
      return {.from = false, .ref = true, .value = true, .to_pid = false};
    case Kind::kReply:
      return {.from = false, .ref = true, .value = true, .to_pid = true};
    case Kind::kNoReply:
      return {.from = false, .ref = true, .value = false, .to_pid = true};
    case Kind::kExit:
    case Kind::kLink:
    case Kind::kLinkExit:
    case Kind::kUnlink:
    case Kind::kUnlinkAck:
      return {.from = true, .ref = false, .value = false, .to_pid = true};
    case Kind::kMonitor:
    case Kind::kDemonitor:
      return {.from = false, .ref = true, .value = false, .to_pid = false};
    case Kind::kDown:
    case Kind::kIsAlive:
    case Kind::kInfo:
      return {.from = false, .ref = true, .value = false, .to_pid = true};
  }
  return {};
}

absl::Status Wrong(std::string_view what) {
  return absl::InvalidArgumentError(absl::StrCat("an envelope ", std::string(what)));
}

}  // namespace

// Reads one envelope.
class EnvelopeReader {
 public:
  explicit EnvelopeReader(EnvelopeDecoder& places) : places_(places) {}

  absl::StatusOr<Envelope> Read(v1::Envelope&& from) {
    if (!v1::Envelope::Kind_IsValid(from.kind())) return Wrong("of an unknown kind");
    Envelope envelope;
    envelope.kind = static_cast<Kind>(from.kind());
    HYDRA_ASSIGN_OR_RETURN(envelope.to, ReadTo(from));
    if (from.has_from()) {
      HYDRA_ASSIGN_OR_RETURN(envelope.from, Read(from.from()));
    }
    if (from.has_ref()) {
      HYDRA_ASSIGN_OR_RETURN(envelope.ref, Read(from.ref()));
    }
    envelope.id = from.id();
    if (from.refusal() > static_cast<uint32_t>(Why::kLocalOnly))
      return Wrong("with an unknown refusal");
    envelope.refusal = static_cast<Why>(from.refusal());
    if (!from.reason().empty()) {
      std::optional<ExitReason> reason = ExitReason::Decode(from.reason());
      if (!reason.has_value()) return Wrong("whose exit reason makes no sense");
      envelope.reason = *std::move(reason);
    }
    if (from.has_type()) {
      HYDRA_ASSIGN_OR_RETURN(envelope.value.type, Read(from.type()));
    }
    envelope.value.bytes = std::move(*from.mutable_value());
    for (const v1::Node& node : from.homes()) {
      HYDRA_ASSIGN_OR_RETURN(const uint32_t home, Read(node));
      envelope.value.homes.push_back(home);
    }
    HYDRA_RETURN_IF_ERROR(Check(envelope));
    return envelope;
  }

 private:
  // Whether it has what its kind must have.
  absl::Status Check(const Envelope& envelope) const {
    const Parts parts = PartsOf(envelope.kind);
    if (parts.from && !envelope.from) return Wrong("from nobody");
    if (parts.ref && !envelope.ref) return Wrong("without a ref");
    if (parts.value && envelope.value.type.empty()) return Wrong("without a value");
    if (parts.to_pid && envelope.to.pid() == nullptr) return Wrong("that can't go to a name");
    return absl::OkStatus();
  }

  absl::StatusOr<Dest> ReadTo(const v1::Envelope& from) {
    switch (from.to_case()) {
      case v1::Envelope::kToPid: {
        HYDRA_ASSIGN_OR_RETURN(const hydra::Pid pid, Read(from.to_pid()));
        HYDRA_RETURN_IF_ERROR(CheckIsHere(pid));
        return Dest(pid);
      }
      case v1::Envelope::kToAlias: {
        HYDRA_ASSIGN_OR_RETURN(const hydra::Ref alias, Read(from.to_alias()));
        HYDRA_RETURN_IF_ERROR(CheckIsHere(alias.creator()));
        return Dest(alias);
      }
      case v1::Envelope::kToName: {
        HYDRA_ASSIGN_OR_RETURN(std::string name, Read(from.to_name()));
        return Dest(std::move(name));
      }
      case v1::Envelope::TO_NOT_SET:
        break;
    }
    return Wrong("to nobody");
  }

  // Of this life of the node, or of a former one.
  absl::Status CheckIsHere(const hydra::Pid& pid) const {
    return NodeOf(pid.home()).name == places_.self_.name ? absl::OkStatus()
                                                         : Wrong("for another node");
  }

  absl::StatusOr<hydra::Pid> Read(const v1::Pid& from) {
    if (from.serial() == 0) {
      if (from.place() == 0) return hydra::Pid();
      const hydra::Pid* known = places_.pids_.Get(from.place());
      if (known == nullptr) return Wrong("with a pid at an empty place");
      return *known;
    }
    HYDRA_ASSIGN_OR_RETURN(const uint32_t home, Read(from.home()));
    if (home == hydra::Pid().home()) return Wrong("with a pid of no node");
    const hydra::Pid pid(from.serial(), from.slot(), home);
    if (!IsPossible(pid)) return Wrong("with a pid that can't be");
    if (!places_.pids_.Put(from.place(), pid)) return Wrong("with a pid for no place");
    return pid;
  }

  absl::StatusOr<hydra::Ref> Read(const v1::Ref& from) {
    HYDRA_ASSIGN_OR_RETURN(const hydra::Pid creator, Read(from.creator()));
    return hydra::Ref(creator, from.id());
  }

  absl::StatusOr<std::string> Read(const v1::Name& from) {
    if (from.text().empty()) {
      const std::string* known = places_.names_.Get(from.place());
      if (known == nullptr) return Wrong("with a name at an empty place");
      return *known;
    }
    if (from.text().size() > kMaxRemoteName) return Wrong("with a name that is too long");
    if (!places_.names_.Put(from.place(), from.text())) return Wrong("with a name for no place");
    return from.text();
  }

  absl::StatusOr<uint32_t> Read(const v1::Node& from) {
    if (from.name().empty()) {
      if (from.place() == 0) return hydra::Pid().home();  // of no node
      const uint32_t* known = places_.homes_.Get(from.place());
      if (known == nullptr) return Wrong("with a node at an empty place");
      return *known;
    }
    HYDRA_RETURN_IF_ERROR(ParseNodeName(from.name()).status());
    if (places_.mentioned_homes_.size() >= EnvelopeDecoder::kMaxHomes)
      return Wrong("with more nodes than one connection may mention");
    const uint32_t home = HomeOf({.name = from.name(), .creation = from.creation()});
    if (home == hydra::Pid().home()) return Wrong("with more nodes than this one can know of");
    places_.mentioned_homes_.insert(home);
    if (!places_.homes_.Put(from.place(), home)) return Wrong("with a node for no place");
    return home;
  }

  EnvelopeDecoder& places_;
};

EnvelopeDecoder::EnvelopeDecoder(NodeId self) : self_(std::move(self)) {}

absl::StatusOr<Envelope> EnvelopeDecoder::Decode(v1::Envelope&& encoded) {
  return EnvelopeReader(*this).Read(std::move(encoded));
}

}  // namespace hydra::node_internal
