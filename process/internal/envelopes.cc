#include "hydra/process/internal/envelopes.h"

#include <string>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "hydra/base/log.h"
#include "hydra/process/dest.h"
#include "hydra/process/down.h"
#include "hydra/process/exit_reason.h"
#include "hydra/process/exit_signal.h"
#include "hydra/process/internal/answer_signal.h"
#include "hydra/process/internal/refusal.h"
#include "hydra/process/internal/signal.h"
#include "hydra/process/internal/signals.h"
#include "hydra/process/internal/wire_codec.h"
#include "hydra/process/pid.h"
#include "hydra/process/transport.h"

namespace hydra::process_internal {
namespace {

using Kind = Envelope::Kind;

template <typename T>
const T& ValueOf(const Signal& signal) {
  return static_cast<const ValueSignal<T>&>(signal).value;
}

absl::StatusOr<EncodedMessage> Encode(Signal& signal) {
  if (signal.type->codec == nullptr)
    return absl::InvalidArgumentError("the type isn't made for it, see process/wire.h");
  try {
    return signal.type->codec->encode(signal);
  } catch (...) {
    return absl::InvalidArgumentError(ExitReason::FromCurrentException().ToString());
  }
}

absl::StatusOr<Envelope> MessageEnvelope(const Dest& to, Signal& message) {
  absl::StatusOr<EncodedMessage> encoded = Encode(message);
  if (!encoded.ok()) return encoded.status();
  return Envelope{.kind = encoded->asker ? Kind::kRequest : Kind::kMessage,
                  .to = to,
                  .ref = encoded->asker,
                  .value = std::move(encoded->value)};
}

absl::StatusOr<Envelope> AnswerEnvelope(const Dest& to, Signal& signal) {
  const Ref ref(*to.pid(), static_cast<AnswerSignal&>(signal).request);
  if (signal.type == &kAnswerType<NoAnswer>) {
    const Refusal& refusal = static_cast<NoAnswer&>(signal).refusal;
    return Envelope{.kind = Kind::kNoReply,
                    .to = to,
                    .ref = ref,
                    .refusal = refusal.why,
                    .reason = refusal.reason};
  }
  absl::StatusOr<EncodedMessage> encoded = Encode(signal);
  if (!encoded.ok()) {  // who has asked isn't left waiting
    HYDRA_LOG(ERROR) << "an answer to another node is dropped: " << encoded.status().message();
    return Envelope{
        .kind = Kind::kNoReply, .to = to, .ref = ref, .refusal = Refusal::Why::kDropped};
  }
  return Envelope{.kind = Kind::kReply, .to = to, .ref = ref, .value = std::move(encoded->value)};
}

Envelope ExitEnvelope(Kind kind, const Dest& to, const ExitSignal& exit) {
  return {.kind = kind, .to = to, .from = exit.from, .reason = exit.reason};
}

}  // namespace

absl::StatusOr<Envelope> ToEnvelope(const Dest& to, Signal& signal) {
  switch (signal.type->kind) {
    case SignalKind::kMessage:
      return MessageEnvelope(to, signal);
    case SignalKind::kAliasedMessage: {
      const AliasedMessage& sent = ValueOf<AliasedMessage>(signal);
      return MessageEnvelope(Ref(*to.pid(), sent.id), *sent.message);
    }
    case SignalKind::kAnswer:
      return AnswerEnvelope(to, signal);
    case SignalKind::kExit:
      return ExitEnvelope(Kind::kExit, to, ValueOf<ExitSignal>(signal));
    case SignalKind::kLinkExit:
      return ExitEnvelope(Kind::kLinkExit, to, ValueOf<ExitSignal>(signal));
    case SignalKind::kLink:
      return Envelope{.kind = Kind::kLink, .to = to, .from = ValueOf<LinkSignal>(signal).from};
    case SignalKind::kUnlink: {
      const UnlinkSignal& unlink = ValueOf<UnlinkSignal>(signal);
      return Envelope{.kind = Kind::kUnlink, .to = to, .from = unlink.from, .id = unlink.id};
    }
    case SignalKind::kUnlinkAck: {
      const UnlinkAck& ack = ValueOf<UnlinkAck>(signal);
      return Envelope{.kind = Kind::kUnlinkAck, .to = to, .from = ack.from, .id = ack.id};
    }
    case SignalKind::kMonitor:
      return Envelope{.kind = Kind::kMonitor, .to = to, .ref = ValueOf<MonitorSignal>(signal).ref};
    case SignalKind::kDemonitor:
      return Envelope{
          .kind = Kind::kDemonitor, .to = to, .ref = ValueOf<DemonitorSignal>(signal).ref};
    case SignalKind::kDown: {
      const Down& down = ValueOf<Down>(signal);
      return Envelope{
          .kind = Kind::kDown, .to = to, .from = down.pid, .ref = down.ref, .reason = down.reason};
    }
    case SignalKind::kQuery: {
      const Query& query = ValueOf<Query>(signal);
      return Envelope{.kind = query.what == Query::What::kIsAlive ? Kind::kIsAlive : Kind::kInfo,
                      .to = to,
                      .ref = query.asker};
    }
    default:
      return absl::InternalError("a signal that stays within a runtime");
  }
}

ExitReason NotWireReady(std::string_view type, std::string_view why) {
  return ExitReason::Error(
      "hydra::NotWireReady",
      absl::StrCat(std::string(type), " can't be sent to another node: ", std::string(why)));
}

Signal* FromEnvelope(Envelope envelope) {
  Envelope& e = envelope;
  switch (e.kind) {
    case Kind::kMessage:
      return NewSignal<EncodedMessage>(&kEncodedMessage, EncodedMessage{std::move(e.value), Ref()});
    case Kind::kRequest:
      return NewSignal<EncodedMessage>(&kEncodedMessage, EncodedMessage{std::move(e.value), e.ref});
    case Kind::kReply:
      return NewAnswerSignal<EncodedAnswer>(e.ref.id(), std::move(e.value));
    case Kind::kNoReply:
      return NewAnswerSignal<NoAnswer>(e.ref.id(), Refusal{e.refusal, std::move(e.reason)});
    case Kind::kExit:
      return NewSignal<ExitSignal>(&kExitSignal, e.from, std::move(e.reason));
    case Kind::kLinkExit:
      return NewSignal<ExitSignal>(&kLinkExit, e.from, std::move(e.reason));
    case Kind::kLink:
      return NewSignal<LinkSignal>(&kLink, e.from);
    case Kind::kUnlink:
      return NewSignal<UnlinkSignal>(&kUnlink, e.from, e.id);
    case Kind::kUnlinkAck:
      return NewSignal<UnlinkAck>(&kUnlinkAck, e.from, e.id);
    case Kind::kMonitor:
      return NewSignal<MonitorSignal>(&kMonitor, e.ref);
    case Kind::kDemonitor:
      return NewSignal<DemonitorSignal>(&kDemonitor, e.ref);
    case Kind::kDown:
      return NewSignal<Down>(&kDown, e.ref, e.from, ProcessName(), std::move(e.reason));
    case Kind::kIsAlive:
      return NewSignal<Query>(&kQuery, e.ref, Query::What::kIsAlive);
    case Kind::kInfo:
      return NewSignal<Query>(&kQuery, e.ref, Query::What::kInfo);
  }
  return nullptr;
}

}  // namespace hydra::process_internal
