// The signals that aren't messages: what they carry, and their types.
//
// What each does when it arrives: relations.cc. The signals that ask something also say here how
// they are answered on behalf of a process that is dead.
#ifndef HYDRA_PROCESS_INTERNAL_SIGNALS_H_
#define HYDRA_PROCESS_INTERNAL_SIGNALS_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "hydra/process/down.h"
#include "hydra/process/exit_reason.h"
#include "hydra/process/exit_signal.h"
#include "hydra/process/internal/refusal.h"
#include "hydra/process/internal/signal.h"
#include "hydra/process/internal/wait.h"
#include "hydra/process/pid.h"

namespace hydra::process_internal {

// The wait timer that was set for `due` has fired.
struct WaitExpired {
  Tick due = 0;
};

// `from` has linked the receiver.
struct LinkSignal {
  void Refuse(Scheduler& scheduler, const Pid& to, const Refusal& refusal);

  Pid from;
};

// `from` has ended its link with the receiver; to be acknowledged with `id`.
struct UnlinkSignal {
  void Refuse(Scheduler& scheduler, const Pid& to, const Refusal& refusal);

  Pid from;
  uint64_t id = 0;
};
struct UnlinkAck {
  Pid from;
  uint64_t id = 0;
};

// The creator of `ref` monitors the receiver, or doesn't any more.
struct MonitorSignal {
  void Refuse(Scheduler& scheduler, const Pid& to, const Refusal& refusal);

  Ref ref;
};
struct DemonitorSignal {
  Ref ref;
};

// The receiver holds the request of this ref no more: somebody else has answered it.
struct AnsweredSignal {
  Ref asker;
};

// The receiver has dropped the request of this ref, while an exception went through it.
struct DroppedSignal {
  Ref asker;
};

// The creator of `asker` wants to know something about the receiver.
struct Query {
  enum class What : uint8_t { kIsAlive, kInfo };

  void Refuse(Scheduler& scheduler, const Pid& to, const Refusal& refusal);

  Ref asker;
  What what;
};

// A message that was sent to the alias `id` of the receiver. Owns it.
struct AliasedMessage {
  explicit AliasedMessage(uint64_t alias, Signal* sent) : id(alias), message(sent) {}
  // Copies the message, which must be of a type that can be copied.
  AliasedMessage(const AliasedMessage& other)
      : id(other.id), message(other.message->type->clone(other.message)) {}
  AliasedMessage& operator=(const AliasedMessage&) = delete;
  ~AliasedMessage() {
    if (message != nullptr) DestroySignal(message);
  }

  // What it carries may ask something.
  void Refuse(Scheduler& scheduler, const Pid& to, const Refusal& refusal) {
    if (message->type->refuse != nullptr) message->type->refuse(scheduler, to, *message, refusal);
  }

  uint64_t id;
  Signal* message;
};

// There is something in the receiver's limited inbox.
struct MailSignal {};

// The receiver's limited inbox has overflown, and it is to end for it.
struct OverflowSignal {
  size_t limit = 0;
};

// `from`, which has held the receiver, does no more.
struct ReleaseSignal {
  Pid from;
};

// A node that was lost.
struct LostNode {
  bool Has(const Pid& pid) const {
    return std::find(homes.begin(), homes.end(), pid.home()) != homes.end();
  }

  std::string name;
  std::vector<uint32_t> homes;
};
struct NodeDownSignal {
  std::shared_ptr<const LostNode> node;
};

inline constexpr SignalType kWaitExpired = MakeSignalType<WaitExpired, SignalKind::kWake>();
// An exit signal, sent by Exit or by the end of a link partner. It becomes a message where the
// receiver traps exits.
inline constexpr SignalType kExitSignal = MakeSignalType<ExitSignal, SignalKind::kExit>();
inline constexpr SignalType kLinkExit = MakeSignalType<ExitSignal, SignalKind::kLinkExit>();
inline constexpr SignalType kLink = MakeSignalType<LinkSignal, SignalKind::kLink>();
inline constexpr SignalType kUnlink = MakeSignalType<UnlinkSignal, SignalKind::kUnlink>();
inline constexpr SignalType kUnlinkAck = MakeSignalType<UnlinkAck, SignalKind::kUnlinkAck>();
inline constexpr SignalType kMonitor = MakeSignalType<MonitorSignal, SignalKind::kMonitor>();
inline constexpr SignalType kDemonitor = MakeSignalType<DemonitorSignal, SignalKind::kDemonitor>();
// A Down: it becomes a message where the receiver still has the monitor.
inline constexpr SignalType kDown = MakeSignalType<Down, SignalKind::kDown>();
inline constexpr SignalType kAliasedMessage =
    MakeSignalType<AliasedMessage, SignalKind::kAliasedMessage>();
inline constexpr SignalType kAnswered = MakeSignalType<AnsweredSignal, SignalKind::kAnswered>();
inline constexpr SignalType kDropped = MakeSignalType<DroppedSignal, SignalKind::kDropped>();
inline constexpr SignalType kMail = MakeSignalType<MailSignal, SignalKind::kMail>();
inline constexpr SignalType kOverflow = MakeSignalType<OverflowSignal, SignalKind::kOverflow>();
inline constexpr SignalType kRelease = MakeSignalType<ReleaseSignal, SignalKind::kRelease>();
inline constexpr SignalType kEncodedMessage =
    MakeSignalType<EncodedMessage, SignalKind::kEncoded>();
inline constexpr SignalType kNodeDown = MakeSignalType<NodeDownSignal, SignalKind::kNodeDown>();
inline constexpr SignalType kQuery = MakeSignalType<Query, SignalKind::kQuery>();

}  // namespace hydra::process_internal

#endif  // HYDRA_PROCESS_INTERNAL_SIGNALS_H_
