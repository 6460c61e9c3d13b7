// RawStream: one end of a connection by hand, for tests of what a node makes of anything that may come from the other.
// It goes by docs/wire.md, not by the code of nodes. RawDialler and RawAcceptor are the two ends.
#ifndef HYDRA_NODE_TESTING_RAW_STREAM_H_
#define HYDRA_NODE_TESTING_RAW_STREAM_H_

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "hydra/node/internal/link_proto.h"

namespace hydra {

namespace v1 = node_internal::v1;

// Thread safety: thread-compatible. The stream is over after half a minute at the latest.
class RawStream {
 public:
  // Each returns false if the stream is over.
  using Write = std::function<bool(const std::string& bytes)>;
  using Read = std::function<bool(std::string* bytes)>;
  RawStream(Write write, Read read) : write_(std::move(write)), read_(std::move(read)) {}
  virtual ~RawStream() = default;

  // Returns false if the stream is over.
  bool Say(const v1::Frame& frame) { return write_(frame.SerializeAsString()); }
  // Says what may be no frame.
  bool SayBytes(const std::string& bytes) { return write_(bytes); }

  // The next frame; nothing if the stream is over.
  std::optional<v1::Frame> Hear();
  // The next envelope, after having answered the pings before it; nothing if the stream is over.
  std::optional<v1::Envelope> HearEnvelope();
  // Why the node ends the stream: `UNKNOWN`, without text, if it doesn't say so.
  v1::Refusal HearRefusal();

  // The handshake, from this side. Each returns whether both are connected.
  bool Dial(const v1::Hello& hello, std::string_view cookie);
  bool Accept(std::string_view name, std::string_view cookie);
  // The Hello that the node has said.
  const v1::Hello& heard_hello() const { return heard_hello_; }

 private:
  bool HearProof(char role, const v1::Hello& dialler, const v1::Hello& acceptor,
                 std::string_view cookie);

  const Write write_;
  const Read read_;
  v1::Hello heard_hello_;
};

// The name of a node that nobody can dial.
inline constexpr char kRawName[] = "raw@127.0.0.1:1";

// What a node of that name says first, to one whom it dials or, without `wanted`, by whom it is dialled.
v1::Hello RawHello(std::string_view wanted = "", std::string_view name = kRawName,
                   uint64_t creation = 77);

v1::Frame HelloFrame(const v1::Hello& hello);

// `role` is that of who proves itself: D or A.
v1::Frame ProofFrame(char role, const v1::Hello& dialler, const v1::Hello& acceptor,
                     std::string_view cookie);

}  // namespace hydra

#endif  // HYDRA_NODE_TESTING_RAW_STREAM_H_
