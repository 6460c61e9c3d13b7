// Transport: how signals leave a runtime for other nodes, and how they come in.
//
//   class MyTransport : public hydra::Transport { void Send(...) override; ... };
//
//   hydra::Runtime runtime;
//   hydra::Port port = runtime.Join({"me@10.0.0.7:4370", creation}, transport);
//   port.NodeUp(other);                     // the transport has a connection
//   port.Deliver(other, std::move(envelope));
//   port.NodeDown(other);                   // and has it no more
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
#ifndef HYDRA_PROCESS_TRANSPORT_H_
#define HYDRA_PROCESS_TRANSPORT_H_

#include <cstdint>
#include <memory>
#include <utility>

#include "hydra/process/dest.h"
#include "hydra/process/exit_reason.h"
#include "hydra/process/internal/refusal.h"
#include "hydra/process/node_id.h"
#include "hydra/process/pid.h"
#include "hydra/process/wire.h"

namespace hydra {

namespace process_internal {
class RuntimeGate;
}  // namespace process_internal

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
};

// The number that stands for a node in pids, here; and which node that is. `NodeOf` yields no name for a
// runtime of this OS process that is no node. Thread safety: any thread.
uint32_t HomeOf(const NodeId& node);
NodeId NodeOf(uint32_t home);

class Transport {
 public:
  virtual ~Transport() = default;

  // Takes `envelope` to `node`, whose creation is 0 where a name is all that the sender knows of it. By
  // any thread.
  virtual void Send(const NodeId& node, Envelope envelope) = 0;
};

// Where a transport hands over what comes in. Copies are the same port.
//
// Thread safety: any thread, also when the runtime is gone: what comes then is dropped. Calls for one
// node must come in order.
class Port {
 public:
  // A connection with the node stands.
  void NodeUp(const NodeId& node) const;

  // `envelope` has come from `node`. Its `to` is of this runtime, in name and creation, or of a former
  // one, and is then answered for.
  void Deliver(const NodeId& node, Envelope envelope) const;

  // The connection with the node is lost, or there can be none. Links, monitors and requests that reach
  // there end with `noconnection`, once each.
  void NodeDown(const NodeId& node) const;

  // For the runtime.
  explicit Port(std::shared_ptr<process_internal::RuntimeGate> gate) : gate_(std::move(gate)) {}

 private:
  std::shared_ptr<process_internal::RuntimeGate> gate_;
};

}  // namespace hydra

#endif  // HYDRA_PROCESS_TRANSPORT_H_
