#include "hydra/node/internal/connection.h"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "hydra/base/mutex.h"
#include "hydra/base/status_macros.h"
#include "hydra/node/internal/envelope_decoder.h"
#include "hydra/node/internal/handshake.h"
#include "hydra/node/internal/link_proto.h"
#include "hydra/node/internal/link_stream.h"
#include "hydra/node/internal/mac.h"
#include "hydra/node/internal/outbound.h"
#include "hydra/process/node_event.h"
#include "hydra/process/node_id.h"
#include "hydra/process/transport.h"

namespace hydra::node_internal {
namespace {

// Answers that may wait to be sent.
constexpr int kMaxPongs = 1000;

absl::Status StatusOf(const v1::Refusal& refusal) {
  const std::string text = absl::StrCat(v1::Refusal::Why_Name(refusal.why()), ": ", refusal.text());
  switch (refusal.why()) {
    case v1::Refusal::WRONG_COOKIE:
    case v1::Refusal::NOT_ALLOWED:
      return absl::PermissionDeniedError(text);
    case v1::Refusal::TOO_SLOW:
      return absl::DeadlineExceededError(text);
    default:
      return absl::UnavailableError(text);
  }
}

NodeDownReason DownReasonOf(v1::Refusal::Why why) {
  switch (why) {
    case v1::Refusal::STOPPING:
    case v1::Refusal::DISCONNECTED:
      return NodeDownReason::kDisconnected;
    case v1::Refusal::SILENT:
      return NodeDownReason::kTickTimeout;
    default:
      return NodeDownReason::kConnectionClosed;
  }
}

v1::Refusal MakeRefusal(v1::Refusal::Why why, std::string_view text) {
  v1::Refusal refusal;
  refusal.set_why(why);
  refusal.set_text(std::string(text));
  return refusal;
}

}  // namespace

Connection::Connection(ConnectionOwner& owner, Role role, const Party& self, std::string wanted,
                       std::function<std::string(std::string_view)> cookie,
                       const ConnectionLimits& limits)
    : owner_(owner),
      role_(role),
      self_(self),
      handshake_(role, self, wanted, std::move(cookie), NewNonce()),
      peer_name_(std::move(wanted)),
      max_message_bytes_(limits.message_bytes),
      assembly_(limits.message_bytes),
      outbound_(limits.buffered_bytes) {}

void Connection::SetStream(std::shared_ptr<LinkStream> stream) {
  bool is_ending = false;
  {
    const MutexLock lock(mutex_);
    stream_ = std::move(stream);
    is_ending = state_ == State::kEnding;
  }
  if (is_ending) stream_->End(/*after_write=*/false);
}

// ---- The handshake.

void Connection::OnOpen() {
  if (role_ == Role::kDialler) Take(handshake_.Begin());
  stream_->Read();
}

void Connection::Take(Handshake::Step step) {
  if (step.asks_admission) {
    peer_name_ = handshake_.peer().id.name;
    {
      const MutexLock lock(mutex_);
      if (state_ == State::kEnding) return;
      state_ = State::kUndecided;
    }
    return owner_.AsksAdmission(shared_from_this(), handshake_.peer());
  }
  const bool sends = step.send.has_value();
  {
    const MutexLock lock(mutex_);
    if (state_ == State::kEnding) return;
    if (sends) {
      first_ = *std::move(step.send);
      has_first_ = true;
    }
    if (step.connected.has_value()) state_ = State::kConnected;
    if (step.failed.has_value()) BeginEnd(*step.failed);
  }
  if (sends) WriteIfIdle();
  if (step.failed.has_value()) {
    if (!sends) return stream_->End(/*after_write=*/false);
    EndWhenSaid();
  } else if (step.connected.has_value()) {
    agreement_ = std::move(step.connected);
    decoder_.emplace(self_.id);
    owner_.Connected(shared_from_this());
  }
}

void Connection::Decide(const std::optional<v1::Refusal>& refusal) {
  {
    const MutexLock lock(mutex_);
    if (state_ != State::kUndecided) return;
    state_ = State::kHandshake;
  }
  Take(refusal.has_value() ? handshake_.Refuse(refusal->why(), refusal->text())
                           : handshake_.Admit());
  if (refusal.has_value()) stream_->Read();
}

void Connection::Begin() {
  {
    const MutexLock lock(mutex_);
    if (state_ == State::kConnected) state_ = State::kOpen;
  }
  WriteIfIdle();
  stream_->Read();
}

// ---- In.

void Connection::OnFrame(v1::Frame& frame) {
  State state;
  {
    const MutexLock lock(mutex_);
    state = state_;
    has_heard_ = true;
  }
  if (state == State::kHandshake) {
    Take(handshake_.Receive(frame));
    if (IsHeldUp()) return;
  } else if (frame.has_refusal()) {
    Refused(frame.refusal());
  } else if (state == State::kOpen) {
    if (const absl::Status taken = TakeSignals(frame); !taken.ok())
      End(v1::Refusal::MALFORMED, std::string(taken.message()));
  }
  stream_->Read();
}

bool Connection::IsHeldUp() const {
  const MutexLock lock(mutex_);
  return agreement_.has_value() || state_ == State::kUndecided;
}

absl::Status Connection::TakeSignals(v1::Frame& frame) {
  if (frame.step_case() != v1::Frame::STEP_NOT_SET)
    return absl::InvalidArgumentError("a step of the handshake, which is over");
  // What has come before something that makes no sense makes sense.
  const absl::Status taken = TakeEnvelopes(frame);
  if (!arrived_.empty()) owner_.Deliver(agreement_->peer.id, arrived_);
  arrived_.clear();
  HYDRA_RETURN_IF_ERROR(taken);
  return TakePings(frame);
}

absl::Status Connection::TakeEnvelopes(v1::Frame& frame) {
  for (v1::Envelope& encoded : *frame.mutable_envelopes()) {
    if (encoded.value().size() > max_message_bytes_)
      return absl::InvalidArgumentError("a message that is larger than max_message_bytes");
    HYDRA_ASSIGN_OR_RETURN(Envelope envelope, decoder_->Decode(std::move(encoded)));
    arrived_.push_back(std::move(envelope));
  }
  for (v1::Piece& piece : *frame.mutable_pieces()) {
    HYDRA_ASSIGN_OR_RETURN(std::optional<v1::Envelope> encoded, assembly_.Take(std::move(piece)));
    if (!encoded.has_value()) continue;
    HYDRA_ASSIGN_OR_RETURN(Envelope envelope, decoder_->Decode(*std::move(encoded)));
    arrived_.push_back(std::move(envelope));
  }
  return absl::OkStatus();
}

absl::Status Connection::TakePings(const v1::Frame& frame) {
  if (frame.pings().empty() && frame.pongs().empty()) return absl::OkStatus();
  std::vector<std::function<void(bool)>> answered;
  {
    const MutexLock lock(mutex_);
    if (first_.pongs_size() + frame.pings_size() > kMaxPongs)
      return absl::InvalidArgumentError("more pings than are answered");
    for (const uint64_t ping : frame.pings()) first_.add_pongs(ping);
    has_first_ = has_first_ || !frame.pings().empty();
    for (const uint64_t pong : frame.pongs()) {
      auto ping = pings_.extract(pong);
      if (!ping.empty()) answered.push_back(std::move(ping.mapped()));
    }
  }
  for (const auto& call : answered) call(true);
  WriteIfIdle();
  return absl::OkStatus();
}

// ---- Out.

void Connection::SetEpoch(uint64_t epoch) {
  const MutexLock lock(mutex_);
  epoch_ = epoch;
}

bool Connection::Send(Envelope envelope) {
  bool holds = false;
  {
    const MutexLock lock(mutex_);
    const bool is_of_epoch = envelope.epoch == 0 || envelope.epoch == epoch_;
    if (state_ == State::kEnding || !is_of_epoch) return false;
    holds = outbound_.Add(std::move(envelope));
  }
  WriteIfIdle();
  return holds;
}

void Connection::WriteIfIdle() {
  const v1::Frame* frame = nullptr;
  {
    const MutexLock lock(mutex_);
    if (last_.has_value() && !has_first_ && outbound_.empty()) SayLast();
    if (writing_ || !HasMore()) return;
    writing_ = true;
    frame = &NextFrame();
  }
  stream_->Write(*frame);
}

void Connection::OnWritten() {
  bool ends = false;
  std::vector<Pid> released;
  {
    const MutexLock lock(mutex_);
    writing_ = false;
    ends = state_ == State::kEnding;
    released = outbound_.TakeReleased();
  }
  WriteIfIdle();
  if (ends) EndWhenSaid();
  if (!released.empty()) owner_.Release(*this, released);
}

// Why it ends goes out next, and then nothing.
void Connection::SayLast() {
  *first_.mutable_refusal() = *std::exchange(last_, std::nullopt);
  has_first_ = true;
}

// They wait until the connection is open; and once it ends, only those go out that come before the last that is said.
bool Connection::SendsSignals() const { return state_ == State::kOpen || last_.has_value(); }

bool Connection::HasMore() const {
  return has_first_ || owes_tick_ || (SendsSignals() && !outbound_.empty());
}

v1::Frame& Connection::NextFrame() {
  v1::Frame& frame = written_.Renew();
  if (std::exchange(has_first_, false)) {
    frame = first_;
    first_.Clear();
  }
  owes_tick_ = false;
  has_said_ = true;
  const bool is_step = frame.step_case() != v1::Frame::STEP_NOT_SET;
  if (!is_step && SendsSignals()) outbound_.FillFrame(frame);
  return frame;
}

// ---- Whether it is there.

void Connection::Ping(std::function<void(bool)> answered) {
  {
    const MutexLock lock(mutex_);
    if (state_ != State::kEnding) {
      pings_[++last_ping_] = std::exchange(answered, nullptr);
      first_.add_pings(last_ping_);
      has_first_ = true;
    }
  }
  if (answered != nullptr) return answered(false);
  WriteIfIdle();
}

bool Connection::Tick() {
  bool has_heard = false;
  {
    const MutexLock lock(mutex_);
    has_heard = std::exchange(has_heard_, false);
    owes_tick_ = !std::exchange(has_said_, false) && state_ == State::kOpen;
  }
  WriteIfIdle();
  return has_heard;
}

// ---- Its end.

void Connection::End(v1::Refusal::Why why, std::string_view text) {
  State before;
  {
    const MutexLock lock(mutex_);
    if (stream_ == nullptr) return BeginEnd(MakeRefusal(why, text));  // SetStream ends it
    before = state_;
    if (before != State::kEnding) {
      const v1::Refusal refusal = MakeRefusal(why, text);
      BeginEnd(refusal);
      last_ = refusal;
      // A node that stops has sent what it has sent; otherwise what waits is dropped.
      if (before != State::kOpen || why != v1::Refusal::STOPPING) SayLast();
    }
  }
  if (before == State::kEnding) return stream_->End(/*after_write=*/false);
  WriteIfIdle();
  EndWhenSaid();
}

// Ends the stream once all that is to be said has been handed to it; OnWritten sees to the rest.
void Connection::EndWhenSaid() {
  {
    const MutexLock lock(mutex_);
    if (has_first_ || last_.has_value()) return;
  }
  stream_->End(/*after_write=*/true);
}

// The other has ended it.
void Connection::Refused(const v1::Refusal& refusal) {
  {
    const MutexLock lock(mutex_);
    if (state_ == State::kEnding) return;
    BeginEnd(Tamed(refusal));
  }
  stream_->End(/*after_write=*/true);
}

void Connection::BeginEnd(const v1::Refusal& refusal) {
  state_ = State::kEnding;
  why_ended_ = StatusOf(refusal);
  down_reason_ = DownReasonOf(refusal.why());
  has_lost_ = refusal.why() == v1::Refusal::SIMULTANEOUS;
  was_refused_ = !has_lost_;
}

bool Connection::was_refused() const {
  const MutexLock lock(mutex_);
  return was_refused_;
}

bool Connection::has_lost() const {
  const MutexLock lock(mutex_);
  return has_lost_;
}

bool Connection::is_ending() const {
  const MutexLock lock(mutex_);
  return state_ == State::kEnding;
}

absl::Status Connection::why_ended() const {
  const MutexLock lock(mutex_);
  return why_ended_;
}

NodeDownReason Connection::down_reason() const {
  const MutexLock lock(mutex_);
  return down_reason_;
}

void Connection::OnEnd(std::string why) {
  absl::flat_hash_map<uint64_t, std::function<void(bool)>> pings;
  std::vector<Pid> held;
  {
    const MutexLock lock(mutex_);
    state_ = State::kEnding;
    held = outbound_.TakeHeld();
    pings = std::exchange(pings_, {});
    if (why_ended_.ok()) why_ended_ = absl::UnavailableError(why);
  }
  for (const auto& [number, answered] : pings) answered(false);
  if (!held.empty()) owner_.Release(*this, held);
  owner_.Ended(shared_from_this());
}

}  // namespace hydra::node_internal
