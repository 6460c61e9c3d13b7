#include "hydra/node/testing/raw_stream.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "hydra/node/internal/link_proto.h"
#include "hydra/node/internal/mac.h"

namespace hydra {
namespace {

constexpr uint32_t kTickMilliseconds = 60'000;

void Append(uint64_t number, std::string& bytes) {
  for (int i = 0; i < 8; ++i) bytes.push_back(static_cast<char>(number >> (8 * i)));
}

void Append(const std::string& text, std::string& bytes) {
  Append(text.size(), bytes);
  bytes += text;
}

void Append(const v1::Hello& hello, std::string& bytes) {
  Append(hello.oldest_version(), bytes);
  Append(hello.newest_version(), bytes);
  Append(hello.features(), bytes);
  Append(hello.name(), bytes);
  Append(hello.creation(), bytes);
  Append(uint64_t{hello.hidden()}, bytes);
  Append(hello.nonce(), bytes);
  Append(hello.wanted(), bytes);
}

}  // namespace

std::optional<v1::Frame> RawStream::Hear() {
  std::string bytes;
  std::optional<v1::Frame> frame(std::in_place);
  if (!read_(&bytes) || !frame->ParseFromString(bytes)) return std::nullopt;
  return frame;
}

std::optional<v1::Envelope> RawStream::HearEnvelope() {
  while (std::optional<v1::Frame> frame = Hear()) {
    v1::Frame answer;
    *answer.mutable_pongs() = frame->pings();
    if (!frame->pings().empty() && !Say(answer)) return std::nullopt;
    if (frame->envelopes_size() > 0) return std::move(*frame->mutable_envelopes(0));
  }
  return std::nullopt;
}

v1::Refusal RawStream::HearRefusal() {
  while (const std::optional<v1::Frame> frame = Hear()) {
    if (frame->has_refusal()) return frame->refusal();
  }
  return {};
}

bool RawStream::Dial(const v1::Hello& hello, std::string_view cookie) {
  if (!Say(HelloFrame(hello))) return false;
  const std::optional<v1::Frame> answer = Hear();
  if (!answer.has_value() || !answer->has_hello()) return false;
  heard_hello_ = answer->hello();
  return Say(ProofFrame('D', hello, heard_hello_, cookie)) &&
         HearProof('A', hello, heard_hello_, cookie);
}

bool RawStream::Accept(std::string_view name, std::string_view cookie) {
  const std::optional<v1::Frame> first = Hear();
  if (!first.has_value() || !first->has_hello()) return false;
  heard_hello_ = first->hello();
  const v1::Hello hello = RawHello("", name);
  return Say(HelloFrame(hello)) && HearProof('D', heard_hello_, hello, cookie) &&
         Say(ProofFrame('A', heard_hello_, hello, cookie));
}

bool RawStream::HearProof(char role, const v1::Hello& dialler, const v1::Hello& acceptor,
                          std::string_view cookie) {
  const std::optional<v1::Frame> frame = Hear();
  return frame.has_value() && frame->has_proof() &&
         frame->proof().mac() == ProofFrame(role, dialler, acceptor, cookie).proof().mac();
}

v1::Hello RawHello(std::string_view wanted, std::string_view name, uint64_t creation) {
  v1::Hello hello;
  hello.set_oldest_version(1);
  hello.set_newest_version(1);
  hello.set_name(std::string(name));
  hello.set_creation(creation);
  hello.set_nonce(node_internal::NewNonce());
  hello.set_wanted(std::string(wanted));
  return hello;
}

v1::Frame HelloFrame(const v1::Hello& hello) {
  v1::Frame frame;
  *frame.mutable_hello() = hello;
  return frame;
}

v1::Frame ProofFrame(char role, const v1::Hello& dialler, const v1::Hello& acceptor,
                     std::string_view cookie) {
  std::string text = "hydra.node.v1";
  text.push_back(role);
  Append(dialler, text);
  Append(acceptor, text);
  v1::Frame frame;
  frame.mutable_proof()->set_mac(node_internal::Mac(cookie, text));
  frame.mutable_proof()->set_tick_milliseconds(kTickMilliseconds);
  return frame;
}

}  // namespace hydra
