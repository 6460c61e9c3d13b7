#include "hydra/node/testing/fake_links.h"

#include <algorithm>
#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "hydra/base/check.h"
#include "hydra/node/internal/link_proto.h"
#include "hydra/node/internal/link_stream.h"
#include "hydra/node/internal/links.h"
#include "hydra/node/node_options.h"

namespace hydra::node_testing {

using node_internal::LinkEvents;
using node_internal::Links;
using node_internal::LinkStream;
using node_internal::OpenLinks;
namespace v1 = node_internal::v1;

namespace {

// Frames that a direction takes while nothing arrives, before a write isn't done any more.
constexpr size_t kWindow = 3;

}  // namespace

// One end of a stream. As with gRPC, the end of a stream is read; who has dialled ends its direction first, and hears of the
// end when the other has; who was dialled ends both.
class LinkNetwork::Side final : public LinkStream {
 public:
  Side(LinkNetwork& network, int port, bool has_dialled)
      : network_(network), port_(port), has_dialled_(has_dialled) {}

  void Read() override { reading_ = true; }

  void Write(const v1::Frame& frame) override {
    if (is_over() || !open_ || closing_) return;
    HYDRA_CHECK(!writing_) << "a second write before the first is done";
    writing_ = true;
    if (was_deceived_ && (frame.envelopes_size() > 0 || frame.pieces_size() > 0))
      network_.was_deceived_ = true;
    if (Side* other = peer(); other != nullptr && !broken_)
      other->coming_.push_back(frame.SerializeAsString());
  }

  void End(bool after_write) override {
    if (is_over()) return;
    reading_ = true;
    if (!after_write || !open_) {
      aborted_ = true;
    } else {
      closing_ = true;
    }
  }

 private:
  friend class LinkNetwork;

  bool is_over() const { return events_ == nullptr; }
  LinkNetwork::Side* peer() const { return peer_.lock().get(); }

  LinkNetwork& network_;
  const int port_;  // of its node
  const bool has_dialled_;
  std::shared_ptr<LinkEvents> events_;  // null when they have been told of the end
  std::weak_ptr<LinkNetwork::Side> peer_;
  int wanted_port_ = 0;  // while it dials
  bool dials_ = false;   // and hasn't been answered
  bool opens_ = false;   // and has been: OnOpen is to come
  bool open_ = false;
  std::deque<std::string> coming_;
  bool finished_ = false;  // after those nothing comes
  bool reading_ = false;
  bool writing_ = false;
  bool closing_ = false;  // ends when it has written
  bool closed_ = false;   // and has said so
  bool aborted_ = false;
  bool broken_ = false;   // the network has lost the stream
  bool stalled_ = false;  // nothing arrives here
  bool lost_ = false;     // and never will
  bool was_deceived_ = false;
};

struct LinkNetwork::Event {
  enum class Kind : uint8_t {
    kPost,
    kDialled,
    kOpen,
    kWritten,
    kClosed,
    kFrame,
    kFinished,
    kAborted,
    kBroken
  };
  Kind kind;
  FakeLinks* links = nullptr;
  std::shared_ptr<LinkNetwork::Side> end = {};
};

class LinkNetwork::FakeLinks final : public Links {
 public:
  FakeLinks(LinkNetwork& network, int port, Accept accept)
      : network_(network), port_(port), accept_(std::move(accept)) {
    network_.links_[port_] = this;
  }
  ~FakeLinks() override {
    Stop();
    if (network_.At(port_) == this) network_.links_.erase(port_);
  }

  void Begin() override { network_.listening_[port_] = this; }
  int port() const override { return port_; }

  std::shared_ptr<LinkStream> Dial(const std::string& address,
                                   std::shared_ptr<LinkEvents> events) override {
    auto end = std::make_shared<LinkNetwork::Side>(network_, port_, /*has_dialled=*/true);
    end->wanted_port_ = std::stoi(address.substr(address.rfind(':') + 1));
    if (stopped_) {
      events->OnEnd("this node stops");
      return end;
    }
    end->events_ = std::move(events);
    end->dials_ = true;
    network_.ends_.push_back(end);
    return end;
  }

  void Post(std::function<void()> call) override {
    if (!stopped_) posts_.push_back(std::move(call));
  }
  bool Poll() override { return false; }
  void SetIdle(bool) override {}

  void Stop() override {
    if (std::exchange(stops_, true)) return;
    network_.StopListening(*this);
    // What can be said is said; nothing arrives meanwhile.
    for (bool goes_on = true; goes_on;) {
      goes_on = RunPost();
      for (const auto& end : Own()) goes_on = network_.Flush(end) || goes_on;
    }
    for (const auto& end : Own()) network_.Over(end, "it was ended here");
    stopped_ = true;
    posts_.clear();
  }

  // Nobody is told.
  void Die() {
    stops_ = stopped_ = true;
    network_.StopListening(*this);
    posts_.clear();
    accept_ = nullptr;
  }

  bool RunPost() {
    if (posts_.empty()) return false;
    const std::function<void()> call = std::move(posts_.front());
    posts_.pop_front();
    call();
    return true;
  }

 private:
  friend class LinkNetwork;

  std::vector<std::shared_ptr<LinkNetwork::Side>> Own() const {
    std::vector<std::shared_ptr<LinkNetwork::Side>> own;
    for (const auto& end : network_.ends_) {
      if (end->port_ == port_ && !end->is_over()) own.push_back(end);
    }
    return own;
  }

  LinkNetwork& network_;
  const int port_;
  Accept accept_;
  bool stops_ = false;
  bool stopped_ = false;
  std::deque<std::function<void()>> posts_;
};

OpenLinks LinkNetwork::OpenAt(int port) {
  return [this, port](const NodeOptions&,
                      Links::Accept accept) -> absl::StatusOr<std::shared_ptr<Links>> {
    if (listening_.contains(port)) return absl::AlreadyExistsError("the address is in use");
    return std::make_shared<FakeLinks>(*this, port, std::move(accept));
  };
}

LinkNetwork::FakeLinks* LinkNetwork::At(int port) const {
  const auto found = links_.find(port);
  return found == links_.end() ? nullptr : found->second;
}

void LinkNetwork::StopListening(const FakeLinks& links) {
  const auto found = listening_.find(links.port_);
  if (found != listening_.end() && found->second == &links) listening_.erase(found);
}

// ---- Events.

std::vector<LinkNetwork::Event> LinkNetwork::Possible() {
  using Kind = Event::Kind;
  std::vector<Event> possible;
  for (const auto& [port, links] : links_) {
    if (!links->posts_.empty()) possible.push_back({Kind::kPost, links});
  }
  for (const auto& end : ends_) {
    if (end->is_over()) continue;
    if (end->aborted_) {
      possible.push_back({Kind::kAborted, nullptr, end});
      continue;
    }
    if (end->dials_ && !end->stalled_) possible.push_back({Kind::kDialled, nullptr, end});
    if (end->dials_) continue;
    if (end->opens_) {
      if (!end->stalled_) possible.push_back({Kind::kOpen, nullptr, end});
      continue;
    }
    const bool reads = end->reading_ && !end->stalled_;
    if (end->broken_) {
      if (reads) possible.push_back({Kind::kBroken, nullptr, end});
    } else {
      if (end->writing_ && CanWrite(*end)) possible.push_back({Kind::kWritten, nullptr, end});
      if (!end->writing_ && end->closing_ && !end->closed_)
        possible.push_back({Kind::kClosed, nullptr, end});
    }
    if (reads && !end->coming_.empty()) {
      possible.push_back({Kind::kFrame, nullptr, end});
    } else if (reads && end->finished_) {
      possible.push_back({Kind::kFinished, nullptr, end});
    }
  }
  return possible;
}

bool LinkNetwork::DeliverOne(const Pick& pick) {
  const std::vector<Event> possible = Possible();
  if (possible.empty()) return false;
  Happen(possible[pick(possible.size())]);
  Forget();
  return true;
}

bool LinkNetwork::CanWrite(const Side& end) {
  const Side* other = end.peer();
  return other == nullptr || !other->stalled_ || other->coming_.size() <= kWindow;
}

void LinkNetwork::Happen(const Event& event) {
  const std::shared_ptr<LinkNetwork::Side>& end = event.end;
  switch (event.kind) {
    case Event::Kind::kPost:
      event.links->RunPost();
      return;
    case Event::Kind::kDialled:
      return Open(end);
    case Event::Kind::kOpen: {
      end->opens_ = false;
      end->open_ = true;
      const auto events = end->events_;
      return events->OnOpen();
    }
    case Event::Kind::kWritten: {
      end->writing_ = false;
      const auto events = end->events_;
      if (!end->closing_) events->OnWritten();
      return;
    }
    case Event::Kind::kClosed:
      end->closed_ = true;
      if (auto* other = end->peer()) other->finished_ = true;
      if (!end->has_dialled_) Over(end, "the other node has ended it");
      return;
    case Event::Kind::kFrame: {
      v1::Frame frame;
      HYDRA_CHECK(frame.ParseFromString(end->coming_.front()));
      end->coming_.pop_front();
      end->reading_ = false;
      const auto events = end->events_;
      return events->OnFrame(frame);
    }
    case Event::Kind::kFinished:
      if (auto* other = end->peer()) other->finished_ = true;
      return Over(end, "the other node has ended it");
    case Event::Kind::kAborted:
      if (auto* other = end->peer()) other->broken_ = true;
      return Over(end, "it was ended here");
    case Event::Kind::kBroken:
      return Over(end, "the connection is lost");
  }
}

void LinkNetwork::Open(const std::shared_ptr<LinkNetwork::Side>& dialler) {
  dialler->dials_ = false;
  const auto found = listening_.find(dialler->wanted_port_);
  const bool refused = refused_.contains(std::minmax(dialler->port_, dialler->wanted_port_));
  if (found == listening_.end() || refused) return Over(dialler, "nobody can be reached there");
  auto accepted =
      std::make_shared<LinkNetwork::Side>(*this, dialler->wanted_port_, /*has_dialled=*/false);
  accepted->peer_ = dialler;
  dialler->peer_ = accepted;
  dialler->opens_ = true;
  accepted->opens_ = true;
  ends_.push_back(accepted);
  accepted->events_ = found->second->accept_(accepted);
  if (!accepted->is_over()) return;
  dialler->broken_ = true;
  dialler->reading_ = true;
}

// What is being written is written, and an end that closes is told of. Returns whether there was something.
bool LinkNetwork::Flush(const std::shared_ptr<LinkNetwork::Side>& end) {
  if (end->is_over() || end->broken_ || end->aborted_) return false;
  if (end->writing_ && CanWrite(*end)) {
    Happen({Event::Kind::kWritten, nullptr, end});
    return true;
  }
  if (end->writing_ || !end->closing_ || end->closed_) return false;
  Happen({Event::Kind::kClosed, nullptr, end});
  return true;
}

void LinkNetwork::Over(const std::shared_ptr<LinkNetwork::Side>& end, std::string why) {
  if (auto* other = end->peer(); other != nullptr && !end->closed_) other->broken_ = true;
  end->coming_.clear();
  if (const auto events = std::exchange(end->events_, nullptr)) events->OnEnd(std::move(why));
}

void LinkNetwork::Forget() {
  std::erase_if(ends_, [](const auto& end) { return end->is_over(); });
}

// ---- What there is.

size_t LinkNetwork::stream_count() const {
  return static_cast<size_t>(std::count_if(ends_.begin(), ends_.end(), [](const auto& end) {
    return !end->is_over() &&
           (end->has_dialled_ || end->peer() == nullptr || end->peer()->is_over());
  }));
}

size_t LinkNetwork::StreamsBetween(int a, int b) const {
  const auto lives = [](const LinkNetwork::Side& end) {
    return !end.is_over() && end.open_ && !end.broken_ && !end.closing_ && !end.aborted_;
  };
  size_t count = 0;
  for (const auto& end : ends_) {
    const auto* other = end->peer();
    if (!end->has_dialled_ || other == nullptr || !lives(*end) || !lives(*other)) continue;
    if (std::minmax(end->port_, other->port_) == std::minmax(a, b)) ++count;
  }
  return count;
}

// ---- Faults.

// Null if there is none. Its end that has dialled.
std::shared_ptr<LinkNetwork::Side> LinkNetwork::AnyPair(const Pick& pick) const {
  std::vector<std::shared_ptr<LinkNetwork::Side>> pairs;
  for (const auto& end : ends_) {
    if (end->has_dialled_ && !end->is_over() && end->peer() != nullptr) pairs.push_back(end);
  }
  return pairs.empty() ? nullptr : pairs[pick(pairs.size())];
}

bool LinkNetwork::Cut(const Pick& pick) {
  const auto dialler = AnyPair(pick);
  if (dialler == nullptr) return false;
  for (auto* end : {dialler.get(), dialler->peer()}) {
    end->broken_ = true;
    const size_t arrive = pick(end->coming_.size() + 1);
    end->coming_.resize(arrive);
    end->finished_ = end->finished_ && pick(2) == 0;
  }
  return true;
}

bool LinkNetwork::Stall(const Pick& pick, bool both) {
  const auto dialler = AnyPair(pick);
  if (dialler == nullptr) return false;
  const bool to_dialler = pick(2) == 0;
  if (both || to_dialler) dialler->stalled_ = true;
  if (both || !to_dialler) dialler->peer()->stalled_ = true;
  return true;
}

void LinkNetwork::Heal(bool lost) {
  for (const auto& end : ends_) {
    end->lost_ = end->lost_ || (lost && end->stalled_);
    end->stalled_ = end->lost_;
  }
  refused_.clear();
}

void LinkNetwork::TimeOut() {
  for (const auto& end : ends_) {
    if (!end->lost_) continue;
    end->stalled_ = end->lost_ = false;
    end->broken_ = true;
  }
}

void LinkNetwork::Refuse(int a, int b, bool refused) {
  const auto pair = std::minmax(a, b);
  if (refused) {
    refused_[pair] = true;
  } else {
    refused_.erase(pair);
  }
}

bool LinkNetwork::Tamper(const Pick& pick) {
  for (const auto& end : ends_) {
    // One that was changed twice might be as it was.
    if (end->is_over() || end->coming_.empty() || end->was_deceived_) continue;
    v1::Frame frame;
    HYDRA_CHECK(frame.ParseFromString(end->coming_.front()));
    if (frame.has_proof()) {
      std::string& mac = *frame.mutable_proof()->mutable_mac();
      mac[pick(mac.size())] ^= 1;
    } else if (frame.has_hello() && pick(2) == 0) {
      frame.mutable_hello()->set_creation(frame.hello().creation() ^ 2);
    } else if (frame.has_hello()) {
      frame.mutable_hello()->set_hidden(!frame.hello().hidden());
    } else {
      continue;
    }
    end->coming_.front() = frame.SerializeAsString();
    end->was_deceived_ = true;
    return true;
  }
  return false;
}

void LinkNetwork::Kill(int port, bool silent) {
  FakeLinks* links = At(port);
  if (links == nullptr) return;
  for (const auto& end : links->Own()) {
    if (auto* other = end->peer()) {
      other->broken_ = true;
      if (silent) other->stalled_ = other->lost_ = true;
    }
    end->events_ = nullptr;
  }
  links->Die();
  Forget();
}

}  // namespace hydra::node_testing
