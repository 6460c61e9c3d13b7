// RawStream: one end of a connection by hand, for tests of what a node makes of anything that may come from the other.
// RawDialler and RawAcceptor are its two ends.
#ifndef HYDRA_NODE_TESTING_RAW_STREAM_H_
#define HYDRA_NODE_TESTING_RAW_STREAM_H_

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "hydra/node/internal/handshake.h"
#include "hydra/node/internal/link_proto.h"

namespace hydra {

namespace v1 = node_internal::v1;

// Thread safety: thread-compatible. What it waits for it waits some seconds for.
class RawStream {
 public:
  using Write = std::function<bool(const v1::Frame&)>;
  using Read = std::function<bool(v1::Frame*)>;
  RawStream(Write write, Read read) : write_(std::move(write)), read_(std::move(read)) {}
  virtual ~RawStream() = default;

  // Returns false if the stream is over.
  bool Say(const v1::Frame& frame) { return write_(frame); }

  // The next frame; nothing if the stream is over.
  std::optional<v1::Frame> Hear();
  // The next frame with envelopes, pieces or a refusal, after having answered the pings before it.
  std::optional<v1::Frame> HearSignals();
  // Why the node has ended the stream: `UNKNOWN` if it hasn't said so.
  v1::Refusal HearRefusal();

  // Does a whole handshake as `self`. Returns whether both are connected.
  bool ShakeHands(node_internal::Role role, node_internal::Party self, const std::string& cookie,
                  const std::string& wanted = "");

 private:
  const Write write_;
  const Read read_;
};

// A node that nobody can dial.
node_internal::Party RawParty(std::string name = "raw@127.0.0.1:1", uint64_t creation = 77);

}  // namespace hydra

#endif  // HYDRA_NODE_TESTING_RAW_STREAM_H_
