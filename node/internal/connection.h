// Connection: what two nodes have with each other, on one stream: the handshake, then signals, and whether the other is
// still there.
//
// Frames come from the network one at a time (OnFrame), and all that a connection tells its runtime and its cluster it
// tells from there: so a node is up before anything comes from it, and down after the last. Frames go out from whichever
// thread has something to send, if none is being written; otherwise with what follows, when that has been.
#ifndef HYDRA_NODE_INTERNAL_CONNECTION_H_
#define HYDRA_NODE_INTERNAL_CONNECTION_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/time/time.h"
#include "hydra/base/mutex.h"
#include "hydra/node/internal/assembly.h"
#include "hydra/node/internal/envelope_decoder.h"
#include "hydra/node/internal/frame_buffer.h"
#include "hydra/node/internal/handshake.h"
#include "hydra/node/internal/link_proto.h"
#include "hydra/node/internal/link_stream.h"
#include "hydra/node/internal/outbound.h"
#include "hydra/process/node_event.h"
#include "hydra/process/node_id.h"
#include "hydra/process/transport.h"

namespace hydra::node_internal {

class Connection;

// Who has connections, and decides about them. None of these waits for anything.
class ConnectionOwner {
 public:
  virtual ~ConnectionOwner() = default;

  // Another node, `party`, has dialled, and has proved that it may. To be answered by `Decide`, later.
  virtual void AsksAdmission(const std::shared_ptr<Connection>& connection, const Party& party) = 0;

  // The handshake is over. The connection takes signals when its Begin is called.
  virtual void Connected(const std::shared_ptr<Connection>& connection) = 0;

  // It is over, connected or not.
  virtual void Ended(const std::shared_ptr<Connection>& connection) = 0;

  // What was sent by `peer`, in order. Takes it.
  virtual void Deliver(const NodeId& peer, std::span<Envelope> envelopes) = 0;

  // Those that were held when they sent by the connection may go on.
  virtual void Release(const Connection& connection, std::span<const Pid> held) = 0;
};

// How much may come, and wait.
struct ConnectionLimits {
  size_t message_bytes;   // of a message that comes
  size_t buffered_bytes;  // of what waits to be sent, before it is too much
};

// Thread safety: any thread.
class Connection final : public LinkEvents, public std::enable_shared_from_this<Connection> {
 public:
  Connection(ConnectionOwner& owner, Role role, const Party& self, std::string wanted,
             std::function<std::string(std::string_view)> cookie, const ConnectionLimits& limits);

  // To be called once, before anything comes. Ends the stream if the connection is to end.
  void SetStream(std::shared_ptr<LinkStream> stream);

  Role role() const { return role_; }
  // The node that is dialled; or who it is, once it asks for admission.
  const std::string& peer_name() const { return peer_name_; }
  // Who it says that it is, proved or not; empty if it hasn't said anything that makes sense.
  const std::string& claimed_name() const { return handshake_.peer().id.name; }
  bool was_connected() const { return agreement_.has_value(); }
  // What was agreed on, once it is connected.
  const Agreement& agreement() const { return *agreement_; }

  // Whether the other node is admitted: not if there is a refusal. On a thread of the network.
  void Decide(const std::optional<v1::Refusal>& refusal);

  // Signals may come and go from now on. After Connected.
  void Begin();

  // The epoch of what may go by it: see Envelope. Before the first Send.
  void SetEpoch(uint64_t epoch);

  // Sends a signal; drops it if the connection is over, or it isn't of its epoch. Returns whether its sender is to be
  // held.
  bool Send(Envelope envelope);

  // Asks the other for an answer of the lowest layer, and calls `answered` with whether it has come before the end.
  void Ping(std::function<void(bool)> answered);

  // Says something, unless anything was said since the last call. Returns whether anything was heard since.
  bool Tick();

  // Ends it, and tells the other why: at once or, if this node stops, behind what waits to be sent. Ended follows, unless
  // it has been.
  void End(v1::Refusal::Why why, std::string_view text);
  bool is_ending() const;
  // Why it has ended, for people, and for processes. After Ended.
  absl::Status why_ended() const;
  NodeDownReason down_reason() const;
  // Whether it is over because the other node's attempt goes on.
  bool has_lost() const;
  // Whether one of the two has said why it is over, for any other reason than that.
  bool was_refused() const;

  // ---- LinkEvents.

  void OnOpen() override;
  void OnFrame(v1::Frame& frame) override;
  void OnWritten() override;
  void OnEnd(std::string why) override;

 private:
  // In kUndecided and kConnected nothing is read, until the owner has spoken.
  enum class State : uint8_t { kHandshake, kUndecided, kConnected, kOpen, kEnding };

  void Take(Handshake::Step step);
  bool IsHeldUp() const;
  absl::Status TakeSignals(v1::Frame& frame);
  absl::Status TakeEnvelopes(v1::Frame& frame);
  absl::Status TakePings(const v1::Frame& frame);
  void Refused(const v1::Refusal& refusal);
  void BeginEnd(const v1::Refusal& refusal) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void EndWhenSaid();
  void WriteIfIdle();
  void SayLast() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  bool SendsSignals() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  bool HasMore() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  v1::Frame& NextFrame() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  ConnectionOwner& owner_;
  const Role role_;
  const Party self_;
  std::shared_ptr<LinkStream> stream_;  // set once, under the lock; events need none

  // Used by the network's events, which come one at a time, and read after Connected or Ended.
  Handshake handshake_;
  std::string peer_name_;
  std::optional<Agreement> agreement_;
  std::optional<EnvelopeDecoder> decoder_;
  const size_t max_message_bytes_;
  Assembly assembly_;
  std::vector<Envelope> arrived_;  // of one frame

  mutable Mutex mutex_;
  State state_ ABSL_GUARDED_BY(mutex_) = State::kHandshake;
  absl::Status why_ended_ ABSL_GUARDED_BY(mutex_);
  NodeDownReason down_reason_ ABSL_GUARDED_BY(mutex_) = NodeDownReason::kConnectionClosed;
  bool has_lost_ ABSL_GUARDED_BY(mutex_) = false;
  bool was_refused_ ABSL_GUARDED_BY(mutex_) = false;
  uint64_t epoch_ ABSL_GUARDED_BY(mutex_) = 0;
  bool writing_ ABSL_GUARDED_BY(mutex_) = false;
  bool has_said_ ABSL_GUARDED_BY(mutex_) = false;
  bool has_heard_ ABSL_GUARDED_BY(mutex_) = false;
  bool owes_tick_ ABSL_GUARDED_BY(mutex_) = false;
  Outbound outbound_ ABSL_GUARDED_BY(mutex_);
  FrameBuffer written_ ABSL_GUARDED_BY(mutex_);  // while `writing_`, of who writes
  v1::Frame first_ ABSL_GUARDED_BY(mutex_);  // what goes before the signals: steps, pings, pongs
  bool has_first_ ABSL_GUARDED_BY(mutex_) = false;
  std::optional<v1::Refusal> last_ ABSL_GUARDED_BY(mutex_);  // why it ends, behind the signals
  uint64_t last_ping_ ABSL_GUARDED_BY(mutex_) = 0;
  absl::flat_hash_map<uint64_t, std::function<void(bool)>> pings_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace hydra::node_internal

#endif  // HYDRA_NODE_INTERNAL_CONNECTION_H_
