// Handshakes whose frames a stranger carries, who doesn't know the cookie: the input says which frame goes to whom, in
// which order, how often and how changed. Whoever is connected has spoken with the node that it is told of, of the same
// things, and that knows the cookie.
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/time/time.h"
#include "hydra/base/check.h"
#include "hydra/node/internal/handshake.h"
#include "hydra/node/internal/link_proto.h"
#include "hydra/node/internal/mac.h"
#include "hydra/node/testing/fuzz_input.h"
#include "hydra/process/node_id.h"

namespace hydra::node_internal {
namespace {

constexpr char kA[] = "a@127.0.0.1:1";
constexpr char kB[] = "b@127.0.0.1:1";
constexpr size_t kMaxFrames = 64;

// What the proofs are to cover of a Hello.
std::string MeaningOf(v1::Hello hello) {
  hello.DiscardUnknownFields();
  return hello.SerializeAsString();
}

// One end of a handshake, and what has been said by it and to it.
class End {
 public:
  End(Role role, const char* self, const char* wanted, bool knows, int number)
      : role_(role),
        self_({.name = self, .creation = 7}),
        knows_(knows),
        handshake_(
            role, {.id = self_, .tick_time = absl::Seconds(3)}, wanted,
            [knows](std::string_view) { return std::string(knows ? "secret" : "wrong"); },
            Mac("nonce", std::string(self) + wanted + std::to_string(number))) {}

  bool knows() const { return knows_; }

  // Each yields what it says, if anything.
  std::optional<v1::Frame> Begin() {
    if (role_ != Role::kDialler || has_begun_) return std::nullopt;
    has_begun_ = true;
    return Heard(handshake_.Begin());
  }
  std::optional<v1::Frame> Receive(const v1::Frame& frame) {
    if (handshake_.is_over() || asks_ || (role_ == Role::kDialler && !has_begun_))
      return std::nullopt;
    if (frame.has_hello() && heard_.empty()) heard_ = MeaningOf(frame.hello());
    return Heard(handshake_.Receive(frame));
  }
  std::optional<v1::Frame> Decide(bool admitted) {
    if (!asks_) return std::nullopt;
    asks_ = false;
    return Heard(admitted ? handshake_.Admit() : handshake_.Refuse(v1::Refusal::NOT_ALLOWED, "no"));
  }

  // Whether it takes another for proved.
  bool has_believed() const { return has_believed_; }

  // Whether this is the one that `other` has spoken with.
  bool HasSpokenWith(const End& other) const {
    return role_ != other.role_ && self_ == other.handshake_.peer().id && said_ == other.heard_ &&
           heard_ == other.said_ && !said_.empty() && has_proved_;
  }

 private:
  std::optional<v1::Frame> Heard(const Handshake::Step& step) {
    HYDRA_CHECK(!(step.connected.has_value() && step.failed.has_value()));
    if (step.failed.has_value() || step.connected.has_value()) HYDRA_CHECK(handshake_.is_over());
    if (step.connected.has_value()) HYDRA_CHECK(step.connected->peer.id == handshake_.peer().id);
    asks_ = step.asks_admission;
    if (asks_) HYDRA_CHECK(role_ == Role::kAcceptor);
    has_believed_ = has_believed_ || asks_ || step.connected.has_value();
    if (step.send.has_value() && step.send->has_hello()) said_ = MeaningOf(step.send->hello());
    if (step.send.has_value() && step.send->has_proof()) {
      HYDRA_CHECK(role_ == Role::kDialler || has_believed_) << "the acceptor proves itself first";
      has_proved_ = true;
    }
    return step.send;
  }

  const Role role_;
  const NodeId self_;
  const bool knows_;
  Handshake handshake_;
  bool has_begun_ = false;
  bool asks_ = false;
  bool has_believed_ = false;
  bool has_proved_ = false;
  std::string said_;   // its Hello
  std::string heard_;  // the first Hello that it was told: another ends it
};

void Run(FuzzInput input) {
  // Two sessions each way between a and b, and a stranger who says that it is one of them.
  std::array<End, 10> ends = {
      End(Role::kDialler, kA, kB, true, 0),  End(Role::kAcceptor, kB, "", true, 1),
      End(Role::kDialler, kA, kB, true, 2),  End(Role::kAcceptor, kB, "", true, 3),
      End(Role::kDialler, kB, kA, true, 4),  End(Role::kAcceptor, kA, "", true, 5),
      End(Role::kDialler, kA, kB, false, 6), End(Role::kAcceptor, kB, "", false, 7),
      End(Role::kDialler, kB, kA, false, 8), End(Role::kAcceptor, kA, "", false, 9),
  };
  std::vector<v1::Frame> frames;
  while (!input.empty() && frames.size() < kMaxFrames) {
    const uint8_t what = input.Byte();
    End& end = ends[(what >> 3) % ends.size()];
    std::optional<v1::Frame> said;
    v1::Frame told;
    switch (what % 8) {
      case 0:
        said = end.Begin();
        break;
      case 1:
        said = end.Decide(input.Byte() % 4 != 0);
        break;
      case 2: {
        const std::string_view bytes = input.Bytes();
        if (told.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())))
          said = end.Receive(told);
        break;
      }
      case 3:
        // The last one that was said, as it is: what an honest network does.
        if (!frames.empty()) said = end.Receive(v1::Frame(frames.back()));
        break;
      default: {
        if (frames.empty()) break;
        const v1::Frame& frame = frames[input.Byte() % frames.size()];
        if (told.ParseFromString(input.Changed(frame.SerializeAsString())))
          said = end.Receive(told);
      }
    }
    if (said.has_value()) frames.push_back(*said);
  }
  for (const End& end : ends) {
    if (!end.knows() || !end.has_believed()) continue;
    bool is_right = false;
    for (const End& other : ends)
      is_right = is_right || (other.knows() && other.HasSpokenWith(end));
    HYDRA_CHECK(is_right) << "connected with somebody else";
  }
}

}  // namespace
}  // namespace hydra::node_internal

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  hydra::node_internal::Run(hydra::FuzzInput(data, size));
  return 0;
}
