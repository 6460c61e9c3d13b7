// A connection, from the first frame to its end, whose other side is honest and knows the cookie; but the input says which
// of its frames come, changed or not, and what comes between them, and what this side does meanwhile.
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "hydra/base/check.h"
#include "hydra/node/internal/connection.h"
#include "hydra/node/internal/handshake.h"
#include "hydra/node/internal/link_proto.h"
#include "hydra/node/internal/link_stream.h"
#include "hydra/node/internal/mac.h"
#include "hydra/node/internal/outbound.h"
#include "hydra/node/testing/fuzz_input.h"
#include "hydra/process/dest.h"
#include "hydra/process/exit_reason.h"
#include "hydra/process/node_id.h"
#include "hydra/process/pid.h"
#include "hydra/process/transport.h"

namespace hydra::node_internal {
namespace {

using Kind = Envelope::Kind;

// A message that comes may have so many bytes at the most, the one or the other.
constexpr size_t kFewBytes = 20;
constexpr size_t kManyBytes = 100'000;
constexpr size_t kBufferedBytes = 10'000;
constexpr int kMaxPongs = 1000;
constexpr int kMaxSteps = 100;
constexpr size_t kMaxText = 1200;  // of why a connection has ended

Party PartyOf(const char* name, uint64_t creation) {
  return {.id = {.name = name, .creation = creation}};
}
const Party kHere = PartyOf("b@127.0.0.1:1", 2);
const Party kThere = PartyOf("a@127.0.0.1:1", 1);

std::string Cookie(std::string_view) { return "secret"; }

// A signal, of one node to the other; `what` chooses.
Envelope Signal(uint8_t what, const Party& from, const Party& to) {
  const Pid sender(5, what % 2, HomeOf(from.id));
  const Pid receiver(6, 3, HomeOf(to.id));
  Envelope envelope = {.kind = static_cast<Kind>(what % 14), .to = receiver, .sender = sender};
  envelope.from = sender;
  envelope.ref = Ref(sender, 42);
  envelope.id = what;
  envelope.reason = ExitReason::Shutdown("done");
  if (envelope.kind <= Kind::kReply) {
    const size_t bytes = what >= 128 ? Outbound::kLarge + 5000 : what;
    envelope.value = {.type = "t", .bytes = std::string(bytes, 'x'), .homes = {HomeOf(from.id)}};
  }
  if (envelope.kind == Kind::kMessage && what % 3 == 0) envelope.to = Dest("name");
  return envelope;
}

// This side's end of the stream.
class Stream final : public LinkStream {
 public:
  void Read() override { reads_ = true; }
  void Write(const v1::Frame& frame) override {
    HYDRA_CHECK(!written_.has_value()) << "two writes at a time";
    written_ = frame;
  }
  void End(bool /*after_write*/) override { ends_ = true; }

  bool ends() const { return ends_; }
  // Whether a frame may come; one that nobody has asked for may while it ends.
  bool TakeRead() { return std::exchange(reads_, false) || ends_; }
  bool reads() const { return reads_ || ends_; }
  const std::optional<v1::Frame>& written() const { return written_; }
  std::optional<v1::Frame> TakeWritten() { return std::exchange(written_, std::nullopt); }

 private:
  bool reads_ = false;
  bool ends_ = false;
  std::optional<v1::Frame> written_;
};

class Conversation final : public ConnectionOwner {
 public:
  Conversation(Role role, size_t max_message_bytes)
      : role_(role),
        max_message_bytes_(max_message_bytes),
        stream_(std::make_shared<Stream>()),
        connection_(std::make_shared<Connection>(
            *this, role, kHere, role == Role::kDialler ? kThere.id.name : "", Cookie,
            ConnectionLimits{.message_bytes = max_message_bytes,
                             .buffered_bytes = kBufferedBytes})),
        other_(role == Role::kDialler ? Role::kAcceptor : Role::kDialler, kThere,
               role == Role::kDialler ? "" : kHere.id.name, Cookie, NewNonce()),
        other_sends_(kBufferedBytes) {}

  void Run(FuzzInput input) {
    connection_->SetStream(stream_);
    if (role_ == Role::kAcceptor) step_ = *other_.Begin().send;
    connection_->OnOpen();
    for (int step = 0; step < kMaxSteps && !input.empty(); ++step) Do(input.Byte() % 12, input);
    if (!is_over_) End();
    HYDRA_CHECK_EQ(ended_, 1);
    HYDRA_CHECK_EQ(answered_, pings_);
    CheckText(std::string(connection_->why_ended().message()));
  }

  // ---- ConnectionOwner.

  void AsksAdmission(const std::shared_ptr<Connection>&, const Party& party) override {
    HYDRA_CHECK(role_ == Role::kAcceptor && !asked_);
    HYDRA_CHECK(party.id == kThere.id && has_proved_);
    asked_ = true;
  }
  void Connected(const std::shared_ptr<Connection>&) override {
    HYDRA_CHECK(!connected_ && (asked_ || role_ == Role::kDialler));
    HYDRA_CHECK(connection_->agreement().peer.id == kThere.id && has_proved_);
    connected_ = true;
  }
  void Ended(const std::shared_ptr<Connection>&) override {
    HYDRA_CHECK(is_over_) << "before the stream";
    ++ended_;
  }
  void Deliver(const NodeId& peer, std::span<Envelope> envelopes) override {
    HYDRA_CHECK(peer == kThere.id);
    HYDRA_CHECK(begun_ && !stream_->ends() && !is_over_);
    for (const Envelope& envelope : envelopes) {
      if (const Pid* pid = envelope.to.pid()) HYDRA_CHECK(IsHere(*pid));
      if (const Ref* alias = envelope.to.alias()) HYDRA_CHECK(IsHere(alias->creator()));
      HYDRA_CHECK(IsPossible(envelope.from) && IsPossible(envelope.ref.creator()));
      HYDRA_CHECK(envelope.value.bytes.size() <= max_message_bytes_);
    }
  }
  void Release(const Connection&, std::span<const Pid> held) override {
    HYDRA_CHECK(!held.empty());
  }

 private:
  static bool IsHere(const Pid& pid) {
    return IsPossible(pid) && NodeOf(pid.home()).name == kHere.id.name;
  }

  static void CheckText(std::string_view text) {
    HYDRA_CHECK(text.size() <= kMaxText);
    for (const char c : text)
      HYDRA_CHECK(static_cast<unsigned char>(c) >= ' ' && c != 0x7f) << "a log would break";
  }

  void Do(int what, FuzzInput& input) {
    switch (what) {
      case 0:
        return GoOn();
      case 1:
        return Come(input.Changed(NextFrame().SerializeAsString()));
      case 2:
        return Come(input.Bytes());
      case 3:
        if (asked_ && !is_over_) connection_->Decide(RefusalOf(input.Byte()));
        return;
      case 4:
        return Written();
      case 5:
        connection_->Tick();
        return;
      case 6:
        ++pings_;
        return connection_->Ping([this](bool) { ++answered_; });
      case 7:
        return connection_->End(RefusalOf(input.Byte()).why(), "the end");
      case 8:
        if (!is_over_) End();
        return;
      case 9:
        other_sends_.Add(Signal(input.Byte(), kThere, kHere));
        return;
      case 10:
        if (connected_) connection_->Send(Signal(input.Byte(), kHere, kThere));
        return;
      default:
        GoOn(), GoOn(), GoOn(), GoOn();
    }
  }

  static v1::Refusal RefusalOf(uint8_t why) {
    v1::Refusal refusal;
    refusal.set_why(static_cast<v1::Refusal::Why>(why % v1::Refusal::Why_ARRAYSIZE));
    return refusal;
  }

  // What happens next if all goes well.
  void GoOn() {
    if (is_over_) return;
    if (stream_->written().has_value()) return Written();
    if (asked_ && !decided_) {
      decided_ = true;
      return connection_->Decide(std::nullopt);
    }
    if (connected_ && !begun_) {
      begun_ = true;
      return connection_->Begin();
    }
    if (stream_->reads()) Come(NextFrame().SerializeAsString());
  }

  // Of the other side: a step, or signals.
  v1::Frame NextFrame() {
    if (step_.has_value()) {
      mac_ = step_->proof().mac();
      return *std::exchange(step_, std::nullopt);
    }
    v1::Frame frame;
    if (other_.is_over()) other_sends_.FillFrame(frame);
    return frame;
  }

  // A frame comes, if these bytes are one and one may.
  void Come(std::string_view bytes) {
    v1::Frame frame;
    if (is_over_ || !ParseBounded(bytes, frame) || !stream_->TakeRead()) return;
    has_proved_ = has_proved_ || (!mac_.empty() && frame.proof().mac() == mac_);
    connection_->OnFrame(frame);
  }

  // The other side gets what was written.
  void Written() {
    std::optional<v1::Frame> frame = stream_->TakeWritten();
    if (!frame.has_value() || is_over_) return;
    HYDRA_CHECK(begun_ || (frame->envelopes().empty() && frame->pieces().empty()));
    HYDRA_CHECK(frame->pongs_size() <= kMaxPongs);
    if (frame->has_refusal()) CheckText(frame->refusal().text());
    if (!other_.is_over()) {
      const Handshake::Step step = other_.Receive(*frame);
      step_ = step.asks_admission ? other_.Admit().send : step.send;
    }
    connection_->OnWritten();
  }

  void End() {
    is_over_ = true;
    connection_->OnEnd("over");
    HYDRA_CHECK(connection_->is_ending() && !connection_->why_ended().ok());
  }

  const Role role_;
  const size_t max_message_bytes_;
  const std::shared_ptr<Stream> stream_;
  const std::shared_ptr<Connection> connection_;
  Handshake other_;
  std::optional<v1::Frame> step_;  // the other's next
  Outbound other_sends_;
  std::string mac_;          // of the other's proof
  bool has_proved_ = false;  // the other: that has come
  bool asked_ = false;
  bool decided_ = false;
  bool connected_ = false;
  bool begun_ = false;
  bool is_over_ = false;
  int ended_ = 0;
  int pings_ = 0;
  int answered_ = 0;
};

void Run(FuzzInput input) {
  const uint8_t kind = input.Byte();
  const Role role = kind % 2 == 0 ? Role::kDialler : Role::kAcceptor;
  Conversation(role, kind / 2 % 2 == 0 ? kManyBytes : kFewBytes).Run(input);
}

}  // namespace
}  // namespace hydra::node_internal

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  hydra::node_internal::Run(hydra::FuzzInput(data, size));
  return 0;
}
