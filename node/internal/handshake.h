// The handshake of two nodes, as a machine that is fed with frames: it knows of no streams, clocks or threads.
//
//   dialler                                acceptor
//   Hello  (wanted, versions, nonce)  ──►             refuses, or:
//                                     ◄──  Hello  (version, nonce)
//   Proof  (mac)                      ──►             refuses, or, when it is admitted:
//                                     ◄──  Proof  (mac)
//   connected                              connected
//
// The dialler proves first that it knows the cookie: so a stranger who dials learns nothing that is made with it, and it
// is decided about known nodes only whether they are admitted. A proof is HMAC-SHA256 over the sender's role and both
// Hellos, with both nonces: it is of no use in any other handshake, nor sent back, and what was negotiated can't have
// been changed on the way.
#ifndef HYDRA_NODE_INTERNAL_HANDSHAKE_H_
#define HYDRA_NODE_INTERNAL_HANDSHAKE_H_

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "absl/time/time.h"
#include "hydra/node/internal/link_proto.h"
#include "hydra/process/node_id.h"

namespace hydra::node_internal {

// The versions of the protocol that this program speaks.
inline constexpr uint32_t kOldestVersion = 1;
inline constexpr uint32_t kNewestVersion = 1;
// What it can do beyond them.
inline constexpr uint64_t kFeatures = 0;

// A node in a handshake.
struct Party {
  NodeId id;
  bool hidden = false;
  absl::Duration tick_time = absl::Seconds(60);
};

// What both have agreed on.
struct Agreement {
  Party peer;
  uint32_t version = 0;
  uint64_t features = 0;
};

// What another node has said goes into logs: it is cut, and has nothing in it that isn't to be printed.
v1::Refusal Tamed(v1::Refusal refusal);

enum class Role : uint8_t { kDialler, kAcceptor };

// Thread safety: thread-compatible.
class Handshake {
 public:
  // What is to be done after a step.
  struct Step {
    std::optional<v1::Frame> send;       // this, first
    std::optional<Agreement> connected;  // then: it has succeeded
    std::optional<v1::Refusal>
        failed;  // or: it has failed; what `send` has is the other's Refusal, if any
    bool asks_admission = false;  // or: `Admit` or `Refuse` is to be called
  };

  // `cookie` yields that for a node of that name; `nonce` is 32 random bytes. `wanted` is the node that is dialled; the acceptor
  // wants none.
  Handshake(Role role, Party self, std::string wanted,
            std::function<std::string(std::string_view)> cookie, std::string nonce);

  // The dialler's first step.
  Step Begin();

  // A frame has come.
  Step Receive(const v1::Frame& frame);

  // The answer to `asks_admission`: the acceptor has looked at who it is, `peer()`.
  Step Admit();
  Step Refuse(v1::Refusal::Why why, std::string_view text);

  // Who the other is; before its proof, who it says that it is.
  const Party& peer() const { return agreement_.peer; }
  bool is_over() const { return state_ == State::kOver; }

 private:
  enum class State : uint8_t { kBegin, kAwaitsHello, kAwaitsProof, kAwaitsAdmission, kOver };

  Step TakeHello(const v1::Hello& hello);
  Step AnswerHello();
  Step TakeProof(const v1::Proof& proof);
  Step Fail(v1::Refusal::Why why, std::string_view text);
  v1::Hello OwnHello() const;
  std::string MacOf(Role role) const;
  v1::Frame ProofFrame() const;
  Step Connected();

  const Role role_;
  const Party self_;
  const std::string wanted_;
  const std::function<std::string(std::string_view)> cookie_;
  const std::string nonce_;
  State state_ = State::kBegin;
  v1::Hello dialler_hello_;
  v1::Hello acceptor_hello_;
  Agreement agreement_;
};

}  // namespace hydra::node_internal

#endif  // HYDRA_NODE_INTERNAL_HANDSHAKE_H_
