#include "hydra/node/internal/handshake.h"

#include <algorithm>
#include <cstdint>
#include <functional>
#include <limits>
#include <string>
#include <string_view>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "hydra/node/internal/link_proto.h"
#include "hydra/node/internal/mac.h"
#include "hydra/node/internal/node_name.h"
#include "hydra/process/node_id.h"

namespace hydra::node_internal {
namespace {

constexpr size_t kMaxRefusalText = 1000;

void AppendNumber(uint64_t number, std::string& bytes) {
  for (int shift = 0; shift < 64; shift += 8) bytes.push_back(static_cast<char>(number >> shift));
}

void AppendText(std::string_view text, std::string& bytes) {
  AppendNumber(text.size(), bytes);
  bytes += text;
}

// What a proof covers of a Hello. Not protobuf's bytes, which aren't the same everywhere.
void AppendHello(const v1::Hello& hello, std::string& bytes) {
  AppendNumber(hello.oldest_version(), bytes);
  AppendNumber(hello.newest_version(), bytes);
  AppendNumber(hello.features(), bytes);
  AppendText(hello.name(), bytes);
  AppendNumber(hello.creation(), bytes);
  AppendNumber(hello.hidden() ? 1 : 0, bytes);
  AppendText(hello.nonce(), bytes);
  AppendText(hello.wanted(), bytes);
}

Role OtherThan(Role role) { return role == Role::kDialler ? Role::kAcceptor : Role::kDialler; }

v1::Frame RefusalFrame(const v1::Refusal& refusal) {
  v1::Frame frame;
  *frame.mutable_refusal() = refusal;
  return frame;
}

v1::Refusal MakeRefusal(v1::Refusal::Why why, std::string_view text) {
  v1::Refusal refusal;
  refusal.set_why(why);
  refusal.set_text(std::string(text));
  return refusal;
}

}  // namespace

v1::Refusal Tamed(v1::Refusal refusal) {
  std::string text = refusal.text().substr(0, kMaxRefusalText);
  std::replace_if(
      text.begin(), text.end(), [](unsigned char c) { return c < 0x20 || c > 0x7e; }, '?');
  refusal.set_text(std::move(text));
  return refusal;
}

Handshake::Handshake(Role role, Party self, std::string wanted,
                     std::function<std::string(std::string_view)> cookie, std::string nonce)
    : role_(role),
      self_(std::move(self)),
      wanted_(std::move(wanted)),
      cookie_(std::move(cookie)),
      nonce_(std::move(nonce)),
      state_(role == Role::kDialler ? State::kBegin : State::kAwaitsHello) {}

Handshake::Step Handshake::Begin() {
  state_ = State::kAwaitsHello;
  dialler_hello_ = OwnHello();
  dialler_hello_.set_oldest_version(kOldestVersion);
  dialler_hello_.set_newest_version(kNewestVersion);
  dialler_hello_.set_wanted(wanted_);
  Step step;
  *step.send.emplace().mutable_hello() = dialler_hello_;
  return step;
}

Handshake::Step Handshake::Receive(const v1::Frame& frame) {
  if (frame.has_refusal()) {
    state_ = State::kOver;
    Step step;
    step.failed = Tamed(frame.refusal());
    return step;
  }
  if (frame.envelopes_size() > 0 || frame.pieces_size() > 0)
    return Fail(v1::Refusal::MALFORMED, "signals before the handshake is over");
  if (state_ == State::kAwaitsHello && frame.has_hello()) return TakeHello(frame.hello());
  if (state_ == State::kAwaitsProof && frame.has_proof()) return TakeProof(frame.proof());
  return Fail(v1::Refusal::MALFORMED, "a step of the handshake that isn't the next");
}

Handshake::Step Handshake::TakeHello(const v1::Hello& hello) {
  const absl::StatusOr<NodeName> name = ParseNodeName(hello.name());
  if (!name.ok()) return Fail(v1::Refusal::MALFORMED, "no name of a node");
  if (hello.nonce().size() != kNonceBytes || hello.creation() == 0)
    return Fail(v1::Refusal::MALFORMED, "a Hello without nonce or creation");
  // Sent back to who has said it, it would let that prove itself to itself.
  if (hello.nonce() == nonce_) return Fail(v1::Refusal::MALFORMED, "this node's own nonce");
  agreement_.peer.id = {.name = hello.name(), .creation = hello.creation()};
  agreement_.peer.hidden = hello.hidden();
  agreement_.features = hello.features() & kFeatures;

  if (role_ == Role::kDialler) {
    acceptor_hello_ = hello;
    if (hello.name() != wanted_)
      return Fail(v1::Refusal::WRONG_NODE, absl::StrCat("this is the node ", hello.name()));
    const uint32_t version = hello.newest_version();
    if (version != hello.oldest_version() || version < kOldestVersion || version > kNewestVersion)
      return Fail(v1::Refusal::NO_VERSION, "the version that was chosen wasn't offered");
    agreement_.version = version;
    state_ = State::kAwaitsProof;
    Step step;
    step.send = ProofFrame();
    return step;
  }

  dialler_hello_ = hello;
  if (hello.wanted() != self_.id.name)
    return Fail(v1::Refusal::WRONG_NODE, absl::StrCat("this is the node ", self_.id.name));
  if (hello.name() == self_.id.name)
    return Fail(v1::Refusal::DUPLICATE_NAME, "this node has that name");
  const uint32_t version = std::min(hello.newest_version(), kNewestVersion);
  if (version < std::max(hello.oldest_version(), kOldestVersion)) {
    return Fail(v1::Refusal::NO_VERSION, absl::StrCat("versions ", kOldestVersion, " to ",
                                                      kNewestVersion, " are spoken here"));
  }
  agreement_.version = version;
  return AnswerHello();
}

Handshake::Step Handshake::AnswerHello() {
  state_ = State::kAwaitsProof;
  acceptor_hello_ = OwnHello();
  acceptor_hello_.set_oldest_version(agreement_.version);
  acceptor_hello_.set_newest_version(agreement_.version);
  Step step;
  *step.send.emplace().mutable_hello() = acceptor_hello_;
  return step;
}

Handshake::Step Handshake::Refuse(v1::Refusal::Why why, std::string_view text) {
  return Fail(why, text);
}

Handshake::Step Handshake::TakeProof(const v1::Proof& proof) {
  if (!EqualMacs(proof.mac(), MacOf(OtherThan(role_))))
    return Fail(v1::Refusal::WRONG_COOKIE, "the cookies differ");
  agreement_.peer.tick_time = absl::Milliseconds(proof.tick_milliseconds());
  if (role_ == Role::kDialler) return Connected();
  state_ = State::kAwaitsAdmission;
  Step step;
  step.asks_admission = true;
  return step;
}

Handshake::Step Handshake::Admit() {
  Step step = Connected();
  step.send = ProofFrame();
  return step;
}

Handshake::Step Handshake::Connected() {
  state_ = State::kOver;
  Step step;
  step.connected = agreement_;
  return step;
}

Handshake::Step Handshake::Fail(v1::Refusal::Why why, std::string_view text) {
  state_ = State::kOver;
  Step step;
  step.failed = MakeRefusal(why, text);
  step.send = RefusalFrame(*step.failed);
  return step;
}

v1::Hello Handshake::OwnHello() const {
  v1::Hello hello;
  hello.set_features(kFeatures);
  hello.set_name(self_.id.name);
  hello.set_creation(self_.id.creation);
  hello.set_hidden(self_.hidden);
  hello.set_nonce(nonce_);
  return hello;
}

std::string Handshake::MacOf(Role role) const {
  std::string text = "hydra.node.v1";
  text.push_back(role == Role::kDialler ? 'D' : 'A');
  AppendHello(dialler_hello_, text);
  AppendHello(acceptor_hello_, text);
  return Mac(cookie_(agreement_.peer.id.name), text);
}

v1::Frame Handshake::ProofFrame() const {
  v1::Frame frame;
  frame.mutable_proof()->set_mac(MacOf(role_));
  frame.mutable_proof()->set_tick_milliseconds(static_cast<uint32_t>(std::min(
      absl::ToInt64Milliseconds(self_.tick_time), int64_t{std::numeric_limits<uint32_t>::max()})));
  return frame;
}

}  // namespace hydra::node_internal
