// Transport: how signals leave a runtime for other nodes, and how they come in.
//
//   class MyTransport : public hydra::Transport { void Send(...) override; ... };
//
//   hydra::Runtime runtime;
//   hydra::Port port = runtime.Join({"me@10.0.0.7:4370", creation}, transport);
//   port.NodeUp(other);                     // the transport has a connection
//   port.Deliver(other, envelopes);
//   port.NodeDown(other, reason);           // and has it no more
//
// This is the one seam: `node` implements a Transport, and so do tests that delay, drop and cut. From
// here on a node is a name and a creation; what processes do with each other is the same everywhere.
//
// Rules for a transport
//   1. What is sent from one process to another arrives in the order of the calls of `Send`, or it and
//      all that follows is lost, and `Port::NodeDown` is called after that.
//   2. For each Send to a node that can't be reached `Port::NodeDown` is called some time after it: so
//      whoever waits for what was lost hears of it.
//   3. `Send` doesn't block, and calls nothing of the runtime.
//   4. Each sender that Send has said is to be held is named to `Port::Release` after that.
//   5. An envelope that has an `epoch` goes by the connection whose NodeUp has returned that, or is dropped.
#ifndef HYDRA_PROCESS_TRANSPORT_H_
#define HYDRA_PROCESS_TRANSPORT_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <utility>

#include "hydra/process/dest.h"
#include "hydra/process/exit_reason.h"
#include "hydra/process/internal/refusal.h"
#include "hydra/process/node_event.h"
#include "hydra/process/node_id.h"
#include "hydra/process/pid.h"
#include "hydra/process/wire.h"

namespace hydra {

namespace process_internal {
class RuntimeGate;
}  // namespace process_internal

// In bytes; nobody is called by a longer name from another node.
inline constexpr size_t kMaxRemoteName = 4096;

// A signal on its way to another node. Its pids' homes, and those in `value.homes`, mean something in this OS
// process only: a transport sends the `NodeId`s that they stand for (NodeOf), and takes the homes that
// those have on the other side (HomeOf).
struct Envelope {
  enum class Kind : uint8_t {
    kMessage,    // to anything: value
    kRequest,    // likewise, to be answered to `ref`
    kReply,      // to the maker of `ref`: value
    kNoReply,    // to the maker of `ref`: refusal, reason
    kExit,       // from, reason
    kLink,       // from
    kLinkExit,   // from, reason
    kUnlink,     // from, id
    kUnlinkAck,  // from, id
    kMonitor,    // ref
    kDemonitor,  // ref
    kDown,       // ref, from, reason
    kIsAlive,    // ref
    kInfo,       // ref
  };

  Kind kind = Kind::kMessage;
  Dest to = Pid();  // never a Via
  Pid from = {};
  Ref ref = {};
  uint64_t id = 0;
  process_internal::Refusal::Why refusal = {};
  ExitReason reason = {};
  Encoded value = {};  // of a message or an answer: see wire.h
  // The process whose doing it is, if it is one's: by rule 1 what it sends stays in order. Stays here.
  Pid sender = {};
  // Between which losses of the node it was sent, if it begins something that its loss ends, or ends a link: by rule 5 the
  // other node doesn't hear of what has ended here. 0 otherwise. Stays here.
  uint64_t epoch = 0;
};

// The number that stands for a node in pids, here; and which node that is. `HomeOf` yields 0, nobody's, for a node that
// is new when a million lives of nodes are known. `NodeOf` yields no name for a runtime of this OS process that is no
// node; what it yields is valid for ever. Thread safety: any thread.
uint32_t HomeOf(const NodeId& node);
const NodeId& NodeOf(uint32_t home);

// Whether there could be such a process. A transport refuses what has a pid that is none, and may be anything.
bool IsPossible(const Pid& pid);

class Transport {
 public:
  virtual ~Transport() = default;

  // Takes `envelope` to the node of that name. Returns whether too much waits: the sender is held then, from its
  // next suspension on. By any thread.
  virtual bool Send(const std::string& node, Envelope envelope) = 0;

  // Sees to it that there is a connection with the node, or that Port::NodeDown is called.
  virtual void Connect(const std::string& node) = 0;

  // The bytes of the largest message, or answer, that may be sent.
  virtual size_t max_message_bytes() const = 0;

  // Handles what has come, if anything has, without waiting, and returns whether it had. Workers that look for
  // work call it again and again: so what comes is handled where it is run, and no thread needs to be woken
  // for it. A transport with threads of its own needs neither of these.
  virtual bool Poll() { return false; }
  // All workers sleep from now on, so that nobody calls Poll; or one is awake. One call at a time.
  virtual void SetIdle(bool /*idle*/) {}
};

// Where a transport hands over what comes in. Copies are the same port.
//
// Thread safety: any thread, also when the runtime is gone: what comes then is dropped. Calls for one
// node must come in order.
class Port {
 public:
  // A connection with the node stands. A hidden one is left out of `Nodes`. Returns the epoch of what may go by it; 0 if
  // the runtime is gone.
  uint64_t NodeUp(const NodeId& node, bool hidden = false) const;

  // `envelopes` have come from `node`, in this order. The `to` of each is of this runtime, in name and creation,
  // or of a former one, and is then answered for. Takes them.
  void Deliver(const NodeId& node, std::span<Envelope> envelopes) const;

  // The connection with the node is lost, or there can be none. Links, monitors and requests that reach
  // there end with `noconnection`, once each.
  void NodeDown(const NodeId& node, NodeDownReason reason) const;

  // Those that were held when they sent to the node may go on.
  void Release(const std::string& node, std::span<const Pid> held) const;

  // For the runtime.
  explicit Port(std::shared_ptr<process_internal::RuntimeGate> gate) : gate_(std::move(gate)) {}

 private:
  std::shared_ptr<process_internal::RuntimeGate> gate_;
};

}  // namespace hydra

#endif  // HYDRA_PROCESS_TRANSPORT_H_
