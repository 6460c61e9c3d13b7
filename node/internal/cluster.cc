#include "hydra/node/internal/cluster.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/hash/hash.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "hydra/base/log.h"
#include "hydra/base/mutex.h"
#include "hydra/base/read_section.h"
#include "hydra/base/status_macros.h"
#include "hydra/node/internal/connection.h"
#include "hydra/node/internal/cookie.h"
#include "hydra/node/internal/handshake.h"
#include "hydra/node/internal/link_proto.h"
#include "hydra/node/internal/link_stream.h"
#include "hydra/node/internal/links.h"
#include "hydra/node/internal/mac.h"
#include "hydra/node/internal/node_name.h"
#include "hydra/node/internal/peer.h"
#include "hydra/node/node_options.h"
#include "hydra/process/async.h"
#include "hydra/process/node_event.h"
#include "hydra/process/node_id.h"
#include "hydra/process/runtime.h"
#include "hydra/process/timer.h"
#include "hydra/process/transport.h"

namespace hydra::node_internal {
namespace {

// Streams that others have opened and that haven't proved themselves, at a time: so many strangers cost memory.
constexpr size_t kMaxStrangers = 64;
// A node says something so often in its tick_time.
constexpr int kTicks = 4;
// What nodes tell each other, such as the members of groups, is cut into messages that are smaller.
constexpr size_t kMinMaxMessageBytes = size_t{128} << 10;
// How long the other node has to take in that a connection ends, before it does.
constexpr absl::Duration kLastWords = absl::Seconds(1);
// Nobody reads the routes for so long.
constexpr absl::Duration kReadingTime = absl::Seconds(1);

class ClusterTransport final : public Transport {
 public:
  explicit ClusterTransport(std::shared_ptr<Cluster> cluster) : cluster_(std::move(cluster)) {}

  bool Send(const std::string& node, Envelope envelope) override {
    return cluster_->Send(node, std::move(envelope));
  }
  void Connect(const std::string& node) override { cluster_->ConnectOrReport(node); }
  size_t max_message_bytes() const override { return cluster_->options().max_message_bytes; }
  bool Poll() override { return cluster_->Poll(); }
  void SetIdle(bool idle) override { cluster_->SetIdle(idle); }

 private:
  const std::shared_ptr<Cluster> cluster_;
};

size_t HashOf(std::string_view node) { return absl::HashOf(node); }

uint64_t NewCreation() {
  uint64_t creation = 0;
  while (creation == 0) std::memcpy(&creation, NewNonce().data(), sizeof(creation));
  return creation;
}

v1::Refusal Because(v1::Refusal::Why why, std::string text) {
  v1::Refusal refusal;
  refusal.set_why(why);
  refusal.set_text(std::move(text));
  return refusal;
}

// A node that has dialled this one, and wasn't let in.
void LogRefusal(const Connection& connection) {
  const std::string& name = connection.claimed_name();
  HYDRA_LOG(WARNING) << (name.empty() ? "a stranger" : "node " + name)
                     << " was refused: " << connection.why_ended().message();
}

void LogUnreachable(const std::string& node, const absl::Status& why) {
  HYDRA_LOG(WARNING) << "node " << node << " can't be reached: " << why.message();
}

Async<> SleepAndCall(absl::Duration time, std::function<void()> call) {
  co_await Sleep(time);
  call();
}

}  // namespace

Cluster::Cluster(Runtime& runtime, NodeOptions options, std::string cookie)
    : runtime_(runtime), options_(std::move(options)), cookie_(std::move(cookie)) {}

absl::StatusOr<std::shared_ptr<Cluster>> Cluster::Start(Runtime& runtime, NodeOptions options,
                                                        const OpenLinks& open,
                                                        const Around& around) {
  HYDRA_RETURN_IF_ERROR(CheckShortName(options.name));
  HYDRA_ASSIGN_OR_RETURN(std::string cookie, ReadCookie(options));
  if (options.tick_time < absl::Milliseconds(kTicks))
    return absl::InvalidArgumentError("NodeOptions::tick_time is too short");
  if (options.handshake_timeout <= absl::ZeroDuration())
    return absl::InvalidArgumentError("NodeOptions::handshake_timeout must be positive");
  if (options.max_message_bytes < kMinMaxMessageBytes)
    return absl::InvalidArgumentError(
        absl::StrCat("NodeOptions::max_message_bytes must be ", kMinMaxMessageBytes, " at least"));
  auto cluster = std::make_shared<Cluster>(runtime, std::move(options), std::move(cookie));
  HYDRA_RETURN_IF_ERROR(cluster->Listen(open, around));
  return cluster;
}

absl::Status Cluster::Listen(const OpenLinks& open, const Around& around) {
  HYDRA_RETURN_IF_ERROR(AdvertisedAddress(options_.listen, /*port=*/1, "").status());
  HYDRA_RETURN_IF_ERROR(
      AdvertisedAddress(options_.listen, /*port=*/1, options_.advertise).status());
  HYDRA_ASSIGN_OR_RETURN(links_, open(options_, [this](std::shared_ptr<LinkStream> stream) {
                           return Accepted(std::move(stream));
                         }));
  HYDRA_ASSIGN_OR_RETURN(const std::string address,
                         AdvertisedAddress(options_.listen, links_->port(), options_.advertise));
  self_ = {.id = {.name = absl::StrCat(options_.name, "@", address), .creation = NewCreation()},
           .hidden = options_.hidden,
           .tick_time = options_.tick_time};
  HYDRA_RETURN_IF_ERROR(ParseNodeName(self_.id.name).status());
  std::shared_ptr<Transport> transport = std::make_shared<ClusterTransport>(shared_from_this());
  if (around != nullptr) transport = around(std::move(transport));
  port_ = runtime_.Join(self_.id, std::move(transport));
  links_->Begin();
  return absl::OkStatus();
}

std::string Cluster::CookieFor(std::string_view node) const {
  const auto found = options_.peer_cookies.find(std::string(node));
  return found == options_.peer_cookies.end() ? cookie_ : found->second;
}

std::shared_ptr<Connection> Cluster::NewConnection(Role role, std::string wanted) {
  return std::make_shared<Connection>(
      *this, role, self_, std::move(wanted),
      [this](std::string_view node) { return CookieFor(node); },
      ConnectionLimits{.message_bytes = options_.max_message_bytes,
                       .buffered_bytes = options_.max_buffered_bytes});
}

// ---- Signals.

bool Cluster::Send(const std::string& node, Envelope envelope) {
  if (const std::shared_ptr<Connection> current = CurrentOf(node))
    return current->Send(std::move(envelope));
  return SendLater(node, std::move(envelope));
}

// Null if there is none.
std::shared_ptr<Connection> Cluster::CurrentOf(const std::string& node) const {
  const ReadSection section;
  const Route* route = routes_.Find(HashOf(node), node);
  return route == nullptr ? nullptr : route->connection;
}

// Sends when there is a connection, and sees to it that there will be.
bool Cluster::SendLater(const std::string& node, Envelope envelope) {
  std::shared_ptr<Connection> current;
  {
    const MutexLock lock(mutex_);
    if (stopped_) {
      ReportDown(node);
      return false;
    }
    Peer& peer = peers_[node];
    if (peer.current() == nullptr) {
      if (peer.is_idle()) Dial(node, peer);
      return peer.Wait(std::move(envelope), options_.max_buffered_bytes);
    }
    current = peer.current();
  }
  return current->Send(std::move(envelope));
}

void Cluster::ConnectOrReport(const std::string& node) {
  const MutexLock lock(mutex_);
  if (stopped_) return ReportDown(node);
  Peer& peer = peers_[node];
  if (peer.is_idle()) Dial(node, peer);
}

void Cluster::Deliver(const NodeId& peer, std::span<Envelope> envelopes) {
  port_->Deliver(peer, envelopes);
}

void Cluster::Release(const Connection& connection, std::span<const Pid> held) {
  port_->Release(connection.peer_name(), held);
}

// By a process, since a transport calls nothing of the runtime while it is called. But for spawning.
void Cluster::ReportDown(const std::string& node) {
  After(absl::ZeroDuration(), [self = shared_from_this(), node] {
    self->port_->NodeDown({.name = node}, NodeDownReason::kUnreachable);
  });
}

void Cluster::After(absl::Duration time, std::function<void()> call) {
  runtime_.Spawn(&SleepAndCall, time, std::move(call));
}

// ---- Dialling.

void Cluster::Dial(const std::string& node, Peer& peer) {
  const uint64_t attempt = ++last_attempt_;
  peer.Expect(attempt);
  links_->Post([self = shared_from_this(), node, attempt] { self->DialNow(node, attempt); });
}

// Whether there may be a connection with the node.
absl::Status Cluster::MayDial(const std::string& node, const Peer& peer) const {
  HYDRA_RETURN_IF_ERROR(ParseNodeName(node).status());
  if (options_.connect == ConnectPolicy::kOnFirstUse || peer.is_asked_for())
    return absl::OkStatus();
  return absl::UnavailableError("there is no connection, and NodeOptions::connect is kByHand");
}

// On the thread of the network, so that nothing happens on the stream before the connection has it, and that the node is
// down before it may be up.
void Cluster::DialNow(const std::string& node, uint64_t attempt) {
  std::shared_ptr<Connection> connection;
  absl::Status may_dial;
  {
    const MutexLock lock(mutex_);
    const auto found = peers_.find(node);
    if (found == peers_.end() || !found->second.IsUnderWay(attempt)) return;
    may_dial = MayDial(node, found->second);
    if (may_dial.ok()) connection = NewConnection(Role::kDialler, node);
    found->second.Dial(connection);
  }
  if (!may_dial.ok()) return GiveUp(node, may_dial);
  After(options_.handshake_timeout,
        [self = shared_from_this(), node, attempt] { self->AttemptIsOver(node, attempt); });
  connection->SetStream(links_->Dial(ParseNodeName(node)->address, connection));
}

void Cluster::AttemptIsOver(const std::string& node, uint64_t attempt) {
  std::shared_ptr<Connection> dialling;
  {
    const MutexLock lock(mutex_);
    const auto found = peers_.find(node);
    if (found == peers_.end() || !found->second.IsUnderWay(attempt)) return;
    dialling = found->second.Expire();
  }
  if (dialling == nullptr) {
    const absl::Status why = absl::DeadlineExceededError("no connection has come about in time");
    LogUnreachable(node, why);
    return GiveUp(node, why);
  }
  dialling->End(v1::Refusal::TOO_SLOW, "the handshake has taken too long");
  dialling->End(v1::Refusal::TOO_SLOW, "");
}

// ---- Being dialled.

std::shared_ptr<LinkEvents> Cluster::Accepted(std::shared_ptr<LinkStream> stream) {
  auto connection = NewConnection(Role::kAcceptor, "");
  {
    const MutexLock lock(mutex_);
    if (stopped_ || accepted_.size() >= kMaxStrangers) return nullptr;
    accepted_.push_back(connection);
  }
  connection->SetStream(std::move(stream));
  // Nothing is kept of a stranger that has gone: many may come and go.
  After(options_.handshake_timeout,
        [self = shared_from_this(), stranger = std::weak_ptr(connection)] {
          const std::shared_ptr<Connection> connection = stranger.lock();
          if (connection == nullptr) return;
          {
            const MutexLock lock(self->mutex_);
            if (std::ranges::find(self->accepted_, connection) == self->accepted_.end()) return;
          }
          connection->End(v1::Refusal::TOO_SLOW, "the handshake has taken too long");
          connection->End(v1::Refusal::TOO_SLOW, "");
        });
  return connection;
}

void Cluster::AsksAdmission(const std::shared_ptr<Connection>& connection, const Party& party) {
  const std::string& node = party.id.name;
  std::shared_ptr<Connection> loser;
  {
    const MutexLock lock(mutex_);
    std::erase(accepted_, connection);
    if (stopped_) return Decide(connection, Because(v1::Refusal::STOPPING, "the node stops"));
    Peer& peer = peers_[node];
    switch (peer.Admit(connection, /*own_wins=*/self_.id.name > node)) {
      case Peer::Answer::kAdmitted:
        loser = peer.TakeLoser();
        break;
      case Peer::Answer::kOther:
        return Decide(connection,
                      Because(v1::Refusal::SIMULTANEOUS, "another attempt is under way"));
      case Peer::Answer::kTry:
        return Try(node, peer.current(), connection,
                   /*is_same_life=*/peer.current()->agreement().peer.id == party.id);
    }
  }
  if (loser != nullptr) loser->End(v1::Refusal::SIMULTANEOUS, "the other's attempt goes on");
  Decide(connection, std::nullopt);
}

void Cluster::Decide(const std::shared_ptr<Connection>& connection,
                     std::optional<v1::Refusal> refusal) {
  links_->Post([connection, refusal = std::move(refusal)] { connection->Decide(refusal); });
}

// If the connection that there is answers, it stays. Otherwise it goes, and the new one comes.
void Cluster::Try(const std::string& node, const std::shared_ptr<Connection>& current,
                  const std::shared_ptr<Connection>& connection, bool is_same_life) {
  // By `this`: a connection does nothing once its cluster is gone, and would keep it, as it is kept by it.
  current->Ping([this, node, connection, is_same_life](bool answered) {
    if (!answered) return;
    {
      const MutexLock lock(mutex_);
      const auto found = peers_.find(node);
      if (found == peers_.end() || !found->second.IsTrying(connection)) return;
      found->second.StopTrying();
    }
    Decide(connection, is_same_life
                           ? Because(v1::Refusal::SIMULTANEOUS, "there is a connection")
                           : Because(v1::Refusal::DUPLICATE_NAME,
                                     "there is a connection with another node of that name"));
  });
  After(options_.handshake_timeout / 2, [self = shared_from_this(), node, current, connection] {
    {
      const MutexLock lock(self->mutex_);
      const auto found = self->peers_.find(node);
      if (found == self->peers_.end() || !found->second.IsTrying(connection)) return;
    }
    current->End(v1::Refusal::DISCONNECTED, "the node has another connection");
    current->End(v1::Refusal::DISCONNECTED, "");
  });
}

// ---- Connections that come and go: on the thread of the network.

void Cluster::Connected(const std::shared_ptr<Connection>& connection) {
  const NodeId id = connection->agreement().peer.id;
  {
    const MutexLock lock(mutex_);
    peers_[id.name].Announce(connection);
  }
  connection->SetEpoch(port_->NodeUp(id, options_.hidden || connection->agreement().peer.hidden));
  std::vector<Peer::Asking> asking;
  std::vector<Pid> released;
  {
    const MutexLock lock(mutex_);
    Peer& peer = peers_[id.name];
    // Under the lock: what is sent by others from now on comes behind it.
    released = peer.SendWaiting(*connection);
    peer.SetCurrent(connection);
    routes_.Insert(new Route{HashOf(id.name), id.name, connection}, limbo_);
    asking = peer.TakeAsking();
  }
  connection->Begin();
  port_->Release(id.name, released);
  for (const Peer::Asking& done : asking) done(absl::OkStatus());
  runtime_.Spawn(&Cluster::Keep, shared_from_this(), std::weak_ptr(connection));
}

void Cluster::Ended(const std::shared_ptr<Connection>& connection) {
  const std::string node = connection->peer_name();
  const absl::Status why = connection->why_ended();
  if (connection->role() == Role::kAcceptor && !connection->was_connected() &&
      connection->was_refused())
    LogRefusal(*connection);
  Peer::Loss loss;
  {
    const MutexLock lock(mutex_);
    std::erase(accepted_, connection);
    const auto found = peers_.find(node);
    if (found == peers_.end()) return;
    Peer& peer = found->second;
    loss = peer.End(connection);
    if (loss.was_current) routes_.Erase(routes_.Find(HashOf(node), node), limbo_);
    if (!loss.gives_up && peer.is_blank()) peers_.erase(found);
  }
  if (loss.was_current) {
    LetGo();
    HYDRA_LOG(INFO) << "node " << node << " is down: " << why.message();
    port_->NodeDown({.name = node}, connection->down_reason());
    if (loss.successor == nullptr) return DialForThoseWhoAsk(node);
    return Decide(loss.successor, std::nullopt);
  }
  if (!loss.gives_up) return;
  LogUnreachable(node, why);
  GiveUp(node, why);
}

// Connections that are out of the routes have files, and go when nobody looks at them any more.
void Cluster::LetGo() {
  Limbo::Batch unread;
  bool is_all = false;
  {
    const MutexLock lock(mutex_);
    unread = limbo_.TakeUnreadNow();
    is_all = limbo_.size() == 0;
  }
  if (!is_all) After(kReadingTime, [self = shared_from_this()] { self->LetGo(); });
}

// Who has asked for a connection while the last one ended gets another.
void Cluster::DialForThoseWhoAsk(const std::string& node) {
  const MutexLock lock(mutex_);
  const auto found = peers_.find(node);
  if (found == peers_.end() || !found->second.is_asked_for()) return;
  if (found->second.is_idle()) Dial(node, found->second);
}

void Cluster::GiveUp(const std::string& node, const absl::Status& why) {
  std::vector<Peer::Asking> asking;
  std::vector<Pid> held;
  {
    const MutexLock lock(mutex_);
    const auto found = peers_.find(node);
    if (found == peers_.end() || !found->second.is_idle()) return;
    asking = found->second.TakeAsking();
    held = found->second.TakeHeld();
    peers_.erase(found);
  }
  port_->Release(node, held);
  port_->NodeDown({.name = node}, NodeDownReason::kUnreachable);
  for (const Peer::Asking& done : asking) done(why);
}

// Says something now and then, and ends a connection on which nothing comes. A process: so a node whose schedulers hang
// is silent.
Async<> Cluster::Keep(std::shared_ptr<Cluster> cluster, std::weak_ptr<Connection> watched) {
  absl::Duration patience = cluster->options_.tick_time;
  if (const auto connection = watched.lock())
    patience = std::min(patience, connection->agreement().peer.tick_time);
  patience = std::max(patience, absl::Milliseconds(kTicks));  // whatever the other says
  const absl::Duration interval = patience / kTicks;
  absl::Duration silence;
  while (true) {
    co_await Sleep(interval);
    const std::shared_ptr<Connection> connection = watched.lock();
    if (connection == nullptr || cluster->CurrentOf(connection->peer_name()) != connection)
      co_return;
    silence = connection->Tick() ? absl::ZeroDuration() : silence + interval;
    if (silence >= patience) connection->End(v1::Refusal::SILENT, "nothing has come for too long");
    if (connection->is_ending()) connection->End(v1::Refusal::DISCONNECTED, "");
  }
}

// ---- What is asked by users.

void Cluster::Connect(const std::string& node, const std::function<void(absl::Status)>& done) {
  absl::Status now = ParseNodeName(node).status();
  if (now.ok() && node == self_.id.name)
    now = absl::InvalidArgumentError("a node has no connection with itself");
  bool is_now = true;
  if (now.ok()) {
    const MutexLock lock(mutex_);
    if (stopped_) {
      now = absl::UnavailableError("the node has stopped");
    } else if (Peer& peer = peers_[node];
               peer.current() == nullptr || peer.current()->is_ending()) {
      is_now = false;
      peer.Ask(done);
      if (peer.is_idle()) Dial(node, peer);
    }
  }
  if (is_now) done(now);
}

absl::Status Cluster::Disconnect(std::string_view node) {
  std::shared_ptr<Connection> known;
  {
    const MutexLock lock(mutex_);
    const auto found = peers_.find(std::string(node));
    if (found != peers_.end()) known = found->second.known();
  }
  if (known == nullptr)
    return absl::NotFoundError(absl::StrCat("there is no connection with ", std::string(node)));
  EndSoon(known, v1::Refusal::DISCONNECTED, "it was disconnected");
  return absl::OkStatus();
}

// The other may not be there to take what it is told: then the connection ends without.
void Cluster::EndSoon(const std::shared_ptr<Connection>& connection, v1::Refusal::Why why,
                      std::string_view text) {
  connection->End(why, text);
  After(kLastWords, [connection, why] { connection->End(why, ""); });
}

void Cluster::Ping(const std::string& node, std::function<void(bool)> answered) {
  const std::shared_ptr<Connection> current = CurrentOf(node);
  if (current == nullptr) return answered(false);
  current->Ping(std::move(answered));
}

std::vector<std::string> Cluster::Connected(bool hidden) const {
  const MutexLock lock(mutex_);
  std::vector<std::string> nodes;
  for (const auto& [name, peer] : peers_) {
    if (peer.known() == nullptr) continue;
    if ((options_.hidden || peer.known()->agreement().peer.hidden) == hidden) nodes.push_back(name);
  }
  return nodes;
}

std::vector<std::string> Cluster::Connecting() const {
  const MutexLock lock(mutex_);
  std::vector<std::string> nodes;
  for (const auto& [name, peer] : peers_) {
    if (peer.known() == nullptr) nodes.push_back(name);
  }
  return nodes;
}

void Cluster::Stop() {
  std::vector<std::shared_ptr<Connection>> connections;
  {
    const MutexLock lock(mutex_);
    if (std::exchange(stopped_, true)) return;
    for (const auto& [name, peer] : peers_) {
      const auto all = peer.All();
      connections.insert(connections.end(), all.begin(), all.end());
    }
    connections.insert(connections.end(), accepted_.begin(), accepted_.end());
  }
  for (const auto& connection : connections)
    connection->End(v1::Refusal::STOPPING, "the node stops");
  links_->Stop();
}

}  // namespace hydra::node_internal
