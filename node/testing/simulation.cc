#include "hydra/node/testing/simulation.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <ostream>
#include <set>
#include <sstream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "hydra/base/check.h"
#include "hydra/node/internal/cluster.h"
#include "hydra/node/node_options.h"
#include "hydra/node/testing/fake_links.h"
#include "hydra/process/process.h"
#include "hydra/process/testing/manual_runtime.h"

namespace hydra::node_testing {
namespace {

using node_internal::Cluster;

constexpr int kFirstPort = 4001;
constexpr int kActors = 2;  // of each node
constexpr absl::Duration kHandshake = absl::Seconds(2);
constexpr absl::Duration kTick = absl::Seconds(4);
// No longer than this: no handshake and no Try takes too long in it.
constexpr absl::Duration kCalm = absl::Milliseconds(900);

struct Numbered {
  static constexpr std::string_view kWireName = "sim.Numbered";
  Pid from;
  int64_t number;
  std::string ballast;
};

struct Question {
  static constexpr std::string_view kWireName = "sim.Question";
  using Reply = int64_t;
  int64_t number;
};

struct Pledged {
  int64_t number;
  PendingRequest<Question> answer;
};

// What an actor has, and what was noted of it. The former is its process's.
struct Actor {
  struct Own {
    std::vector<Pledged> pending;
    std::deque<Asked<Question>> asked;
  };
  // What one has to do with another.
  struct Bond {
    struct Sent {
      int64_t when;
      bool amid;
    };
    std::vector<Sent> sent;                             // by number - 1
    std::vector<std::pair<int64_t, int64_t>> received;  // number, when
    std::vector<int64_t> told;                          // when: of a loss or an end
    Ref sentinel;
    int64_t links = 0, unlinks = 0, link_exits = 0;
    int64_t linked_at = 0;     // the last Link, 0: none that counts
    bool linked_amid = false;  // see Actor::amid
    bool ended = false;        // it has been told that the other is no more
  };
  int node = 0;
  int life = 0;
  size_t number = 0;
  Pid pid;
  bool gone = false;  // it has ended, or its node has
  Own* own = nullptr;
  std::map<std::string, bool> up;
  // Something happens elsewhere while it acts: what it begins may be younger than the NodeDown that it takes next.
  bool amid = false;
  std::set<Ref> begun_amid;
  std::map<Actor*, Bond> bonds;
  std::map<Ref, Actor*> monitors;  // that are active
  std::set<Ref> over;
  int64_t asked = 0, answered = 0;
};

// "b2/3": the third of all, on the second b.
struct NameOf {
  explicit NameOf(const Actor& of) : actor(of) {}
  const Actor& actor;
};
std::ostream& operator<<(std::ostream& out, const NameOf& name) {
  const Actor& actor = name.actor;
  return out << static_cast<char>('a' + actor.node) << actor.life << "/" << actor.number;
}

template <typename... Ts>
std::string Cat(const Ts&... parts) {
  std::ostringstream text;
  (text << ... << parts);
  return text.str();
}

// Lets things happen before the cluster is told what a process does.
class SlowTransport final : public Transport {
 public:
  SlowTransport(std::shared_ptr<Transport> transport, std::function<void(const Pid&)> meanwhile)
      : transport_(std::move(transport)), meanwhile_(std::move(meanwhile)) {}

  bool Send(const std::string& node, Envelope envelope) override {
    meanwhile_(envelope.sender);
    return transport_->Send(node, std::move(envelope));
  }
  void Connect(const std::string& node) override { transport_->Connect(node); }
  size_t max_message_bytes() const override { return transport_->max_message_bytes(); }

 private:
  const std::shared_ptr<Transport> transport_;
  const std::function<void(const Pid&)> meanwhile_;
};

struct Act {
  std::function<void(Actor::Own&)> what;
};

struct Member {
  std::string name;
  int port = 0;
  int life = 0;
  std::string cookie;
  std::unique_ptr<ManualRuntime> runtime;
  std::shared_ptr<Cluster> cluster;
  std::vector<Actor*> actors;
};

class Simulation {
 public:
  Simulation(uint64_t seed, std::ostream* trace) : seed_(seed), random_(seed), trace_(trace) {
    random_ = Next();  // so that no two seeds yield parts of one sequence
  }
  ~Simulation() {
    for (auto& member : members_) End(member, /*how=*/0);
  }

  std::string Run() {
    const size_t size = 2 + Pick(2);
    kind_ = Pick(4) == 0 ? Kind::kCalm : Kind::kRough;
    stranger_ = kind_ == Kind::kRough && size == 3 && Pick(3) == 0 ? 2 : -1;
    members_.resize(size);
    for (size_t i = 0; i < size; ++i) Start(static_cast<int>(i));
    for (size_t left = 20 + Pick(150); left > 0 && wrong_.empty(); --left) Step();
    if (wrong_.empty()) Settle();
    return wrong_;
  }

 private:
  enum class Kind : uint8_t { kCalm, kRough };

  size_t Pick(size_t bound) { return Next() % bound; }
  // splitmix64.
  uint64_t Next() {
    random_ += 0x9e3779b97f4a7c15ull;
    uint64_t z = random_;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
    return z ^ (z >> 31);
  }
  auto Picker() {
    return [this](size_t bound) { return Pick(bound); };
  }
  template <typename... Ts>
  void Trace(const Ts&... what) {
    if (trace_ != nullptr) *trace_ << time_ << " " << Cat(what...) << "\n";
  }
  template <typename... Ts>
  void Wrong(const Ts&... what) {
    Trace("WRONG ", what...);
    if (wrong_.empty()) wrong_ = Cat("at ", time_, ": ", what...);
  }
  // ---- Nodes.

  void Start(int index) {
    Member& member = members_[index];
    member.port = kFirstPort + index;
    member.cookie = index == stranger_ ? "wrong" : "right";
    ++member.life;
    member.runtime = std::make_unique<ManualRuntime>(
        ManualRuntimeOptions{.seed = Pick(1000) + 1, .max_processes = 1024});
    NodeOptions options;
    // Nodes of other schedules would be former lives of those of this one.
    options.name = Cat(static_cast<char>('a' + index), seed_);
    options.cookie = member.cookie;
    options.handshake_timeout = kHandshake;
    options.tick_time = kTick;
    options.max_buffered_bytes = 2000;
    auto cluster = Cluster::Start(*member.runtime, options, network_.OpenAt(member.port),
                                  [this, index](std::shared_ptr<Transport> transport) {
                                    return std::make_shared<SlowTransport>(
                                        std::move(transport), [this, index](const Pid& sender) {
                                          const bool amid = Meanwhile(index);
                                          if (Actor* self = Find(sender); self != nullptr && amid)
                                            self->amid = true;
                                        });
                                  });
    HYDRA_CHECK(cluster.ok()) << cluster.status();
    member.cluster = *cluster;
    member.name = member.cluster->name();
    member.actors.clear();
    for (int i = 0; i < kActors; ++i) Begin(index);
  }

  void Begin(int index) {
    all_.push_back(std::make_unique<Actor>());
    Actor* actor = all_.back().get();
    actor->number = all_.size();
    actor->node = index;
    actor->life = members_[index].life;
    actor->pid = members_[index].runtime->Spawn([this, actor]() { return Body(this, actor); });
    by_pid_[actor->pid] = actor;
    members_[index].actors.push_back(actor);
    members_[index].runtime->RunUntilIdle();
  }

  // 0: it stops; 1: it is killed; 2: it is, and the network swallows what is for it.
  void End(Member& member, int how) {
    if (member.cluster == nullptr) return;
    for (const auto& actor : all_) {
      if (&members_[actor->node] == &member) actor->gone = true;
    }
    if (how == 0) {
      member.cluster->Stop();
    } else {
      network_.Kill(member.port, how == 2);
    }
    member.cluster = nullptr;
    member.runtime = nullptr;
  }

  // ---- Processes.

  static Async<> Body(Simulation* simulation, Actor* actor) {
    Actor::Own own;
    actor->own = &own;
    TrapExit(true);
    MonitorNodes(true);
    for (const std::string& node : Nodes()) actor->up[node] = true;
    std::deque<Act> acts;
    while (true) {
      std::optional<Message> message;
      if (acts.empty()) {
        message = co_await ReceiveAny();
      } else {
        message = co_await ReceiveAny().Within(absl::ZeroDuration());
      }
      if (!message.has_value()) {
        Act act = std::move(acts.front());
        acts.pop_front();
        act.what(own);
      } else if (Act* act = message->Get<Act>()) {
        acts.push_back(std::move(*act));
      } else {
        simulation->Take(*actor, own, *message);
      }
    }
  }

  Actor* Find(const Pid& pid) {
    const auto found = by_pid_.find(pid);
    return found == by_pid_.end() ? nullptr : found->second;
  }

  // Something has come from there: NOD15.
  void CameFrom(const Actor& self, const Actor& other, std::string_view what) {
    if (self.node == other.node) return;
    const auto up = self.up.find(members_[other.node].name);
    if (up == self.up.end() || !up->second)
      Wrong(what, " has come to ", NameOf(self), " from ", NameOf(other), ", whose node is down");
    if ((self.node == stranger_) != (other.node == stranger_)) Wrong(what, " of a stranger");
  }

  void TakeNumber(Actor& self, Actor& other, int64_t number) {
    auto& received = self.bonds[&other].received;
    if (!received.empty() && received.back().first >= number)
      Wrong(NameOf(self), " got ", number, " of ", NameOf(other), " after ", received.back().first);
    received.emplace_back(number, time_);
    CameFrom(self, other, "a message");
  }

  void Take(Actor& self, Actor::Own& own, Message& message) {
    ++time_;
    if (const NodeUp* up = message.Get<NodeUp>()) {
      Trace(NameOf(self), " up ", up->node);
      if (std::exchange(self.up[up->node], true)) Wrong("a second NodeUp of ", up->node);
      if (stranger_ >= 0 && (self.node == stranger_ || up->node == members_[stranger_].name))
        Wrong(NameOf(self), " is connected with a stranger");
    } else if (const NodeDown* down = message.Get<NodeDown>()) {
      Trace(NameOf(self), " down ", down->node);
      TakeDown(self, own, *down);
    } else if (const Numbered* numbered = message.Get<Numbered>()) {
      if (Actor* other = Find(numbered->from)) TakeNumber(self, *other, numbered->number);
    } else if (Asked<Question>* asked = message.Get<Asked<Question>>()) {
      own.asked.push_back(std::move(*asked));
    } else if (const ExitSignal* exit = message.Get<ExitSignal>()) {
      TakeExit(self, *exit);
    } else if (const Down* lost = message.Get<Down>()) {
      TakeMonitorsEnd(self, *lost);
    } else {
      for (size_t i = 0; i < own.pending.size(); ++i) {
        const auto answer = own.pending[i].answer.Check(message);
        if (!answer.has_value()) continue;
        ++self.answered;
        if (answer->ok() && **answer != own.pending[i].number)
          Wrong("the answer to another request");
        own.pending.erase(own.pending.begin() + static_cast<std::ptrdiff_t>(i));
        return;
      }
      Wrong("nobody has asked for a ", message.type_name());
    }
  }

  void TakeDown(Actor& self, const Actor::Own&, const NodeDown& down) {
    if (!std::exchange(self.up[down.node], false)) Wrong("a second NodeDown of ", down.node);
    if (kind_ == Kind::kCalm) Wrong(NameOf(self), " has lost ", down.node, " for nothing");
    for (const auto& [ref, other] : self.monitors) {
      if (other->node == self.node || members_[other->node].name != down.node) continue;
      if (self.begun_amid.erase(ref) == 0)
        Wrong(NameOf(self), " still monitors a process of a node that is down");
    }
    for (auto& [other, bond] : self.bonds) {
      if (other->node == self.node || members_[other->node].name != down.node) continue;
      if (std::exchange(bond.linked_amid, false)) continue;
      if (bond.linked_at != 0 && other->bonds[&self].unlinks == 0)
        Wrong(NameOf(self), " is still linked to ", NameOf(*other), " of a node that is down");
    }
  }

  void TakeExit(Actor& self, const ExitSignal& exit) {
    Actor* other = Find(exit.from);
    if (other == nullptr) return Wrong("an exit signal from nobody");
    Trace(NameOf(self), " exit from ", NameOf(*other), " ", exit.reason.ToString());
    if (exit.reason.kind() == ExitReason::Kind::kCustom)
      return TakeNumber(self, *other, std::stoll(std::string(exit.reason.text())));
    Actor::Bond& bond = self.bonds[other];
    ++bond.link_exits;
    bond.linked_at = 0;
    if (bond.link_exits > bond.links + other->bonds[&self].links)
      Wrong(NameOf(self), " got more exit signals from ", NameOf(*other), " than there were links");
  }

  void TakeMonitorsEnd(Actor& self, const Down& down) {
    const auto found = self.monitors.find(down.ref);
    if (found == self.monitors.end())
      return Wrong(NameOf(self), self.over.contains(down.ref) ? " got a second Down"
                                                              : " got a Down of no monitor");
    Actor* other = found->second;
    Trace(NameOf(self), " down of ", NameOf(*other), " ", down.reason.ToString());
    self.monitors.erase(found);
    self.over.insert(down.ref);
    Actor::Bond& bond = self.bonds[other];
    bond.told.push_back(time_);
    if (bond.sentinel == down.ref) bond.sentinel = Ref();
    const bool is_loss = down.reason.kind() == ExitReason::Kind::kNoConnection;
    if (!is_loss && !other->gone) Wrong(NameOf(*other), " is said to be dead, and lives");
    if (is_loss && kind_ == Kind::kCalm) Wrong("a Down for a loss that there wasn't");
    if (!is_loss) bond.ended = true;
  }

  // ---- What processes do.

  void Do(Actor* self, std::function<void(Actor::Own&)> what) {
    members_[self->node].runtime->Send(self->pid,
                                       Act{[this, self, what = std::move(what)](Actor::Own& own) {
                                         ++time_;
                                         self->amid = Meanwhile(self->node);
                                         what(own);
                                       }});
  }

  // What other threads, and other nodes, do while a process of this one has its turn. Returns whether it was anything.
  bool Meanwhile(int node) {
    if (is_meanwhile_ || members_[node].cluster == nullptr || Pick(20) != 0) return false;
    is_meanwhile_ = true;
    ManualRuntime::Meanwhile([this, node] {
      for (size_t left = 1 + Pick(Pick(4) == 0 ? 200 : 20); left > 0; --left) {
        const size_t other = Pick(2 * members_.size());
        if (other < members_.size() && static_cast<int>(other) != node &&
            members_[other].cluster != nullptr)
          members_[other].runtime->RunOne();
        else
          network_.DeliverOne(Picker());
      }
    });
    is_meanwhile_ = false;
    return true;
  }

  void DoMonitor(Actor& self, Actor* other, Ref* sentinel) {
    const Ref ref = Monitor(other->pid);
    self.monitors[ref] = other;
    if (self.amid) self.begun_amid.insert(ref);
    if (sentinel != nullptr) *sentinel = ref;
  }

  void DoSend(Actor* self, Actor* other, bool as_exit, size_t ballast) {
    Do(self, [this, self, other, as_exit, ballast](Actor::Own&) {
      Actor::Bond& bond = self->bonds[other];
      bond.sent.push_back({time_, /*amid=*/false});
      const auto number = static_cast<int64_t>(bond.sent.size());
      Trace(NameOf(*self), " sends ", number, " to ", NameOf(*other));
      if (as_exit) {
        Exit(other->pid, ExitReason::Custom(std::to_string(number)));
      } else {
        Send(other->pid, Numbered{self->pid, number, std::string(ballast, 'x')});
      }
      bond.sent.back().amid = self->amid;
      if (!bond.sentinel) DoMonitor(*self, other, &bond.sentinel);
    });
  }

  void DoConnect(Actor* self, const std::string& node,
                 const std::shared_ptr<std::optional<absl::Status>>& result) {
    const std::shared_ptr<Cluster> cluster = members_[self->node].cluster;
    connects_.emplace_back(self, result);
    Do(self, [this, cluster, node, self, result](Actor::Own&) {
      Trace(NameOf(*self), " connects with ", node);
      cluster->Connect(node, [this, cluster, node, result](const absl::Status& status) {
        Trace(cluster->name(), " -> ", node, ": ", status.ToString());
        if (result->has_value()) Wrong("a second outcome of Connect");
        *result = status;
        if (kind_ == Kind::kCalm && !status.ok()) Wrong("Connect has failed: ", status.ToString());
        if (!status.ok()) return;
        const auto nodes = cluster->Connected(/*hidden=*/false);
        if (std::find(nodes.begin(), nodes.end(), node) == nodes.end())
          Wrong("connected, and isn't");
      });
    });
  }

  Actor* AnyActor() {
    const Member& member = members_[Pick(members_.size())];
    return member.actors[Pick(member.actors.size())];
  }
  Actor* AnyElsewhere(const Actor& self) {
    // Now and then one that is gone.
    if (Pick(20) == 0) {
      Actor* any = all_[Pick(all_.size())].get();
      if (any->node != self.node) return any;
    }
    const size_t node = (self.node + 1 + Pick(members_.size() - 1)) % members_.size();
    return members_[node].actors[Pick(members_[node].actors.size())];
  }

  void SomeAct() {
    Actor* self = AnyActor();
    Actor* other = AnyElsewhere(*self);
    const bool is_calm = kind_ == Kind::kCalm;
    switch (Pick(12)) {
      case 0:
      case 1: {
        const int to = other->node;
        DoConnect(self, members_[to].name, std::make_shared<std::optional<absl::Status>>());
        if (Pick(2) == 0)
          DoConnect(members_[to].actors[0], members_[self->node].name,
                    std::make_shared<std::optional<absl::Status>>());
        return;
      }
      case 2:
      case 3:
      case 4: {
        for (size_t left = 1 + Pick(3); left > 0; --left)
          DoSend(self, other, Pick(6) == 0, Pick(60) == 0 ? 70'000 : Pick(8) == 0 ? 1500 : 0);
        return;
      }
      case 5:
        return Do(self, [this, self, other](Actor::Own&) {
          Actor::Bond& bond = self->bonds[other];
          Trace(NameOf(*self), " links ", NameOf(*other));
          ++bond.links;
          bond.linked_at = time_;
          Link(other->pid);
          bond.linked_amid = self->amid;
        });
      case 6:
        return Do(self, [this, self, other](Actor::Own&) {
          Actor::Bond& bond = self->bonds[other];
          Trace(NameOf(*self), " unlinks ", NameOf(*other));
          ++bond.unlinks;
          bond.linked_at = 0;
          Unlink(other->pid);
        });
      case 7:
        return Do(self, [this, self, other](Actor::Own&) {
          Trace(NameOf(*self), " monitors ", NameOf(*other));
          DoMonitor(*self, other, nullptr);
        });
      case 8:
        return Do(self, [self](Actor::Own&) {
          for (const auto& [ref, other] : self->monitors) {
            if (self->bonds[other].sentinel == ref) continue;
            Demonitor(ref);
            self->over.insert(ref);
            self->monitors.erase(ref);
            return;
          }
        });
      case 9:
        return Do(self, [self, other](Actor::Own& own) {
          const int64_t number = ++self->asked;
          own.pending.push_back({number, SendRequest(other->pid, Question{number})});
        });
      case 10:
        return DoAnswer(self);
      default:
        if (is_calm || Pick(2) != 0) return;
        if (Pick(2) == 0) {
          Do(self, [this, self, cluster = members_[self->node].cluster,
                    node = members_[other->node].name](Actor::Own&) {
            Trace(NameOf(*self), " disconnects from ", node);
            cluster->Disconnect(node).IgnoreError();
          });
          if (Pick(2) == 0)
            DoConnect(self, members_[other->node].name,
                      std::make_shared<std::optional<absl::Status>>());
          return;
        }
        Trace(NameOf(*self), " ends");
        Do(self, [self](Actor::Own&) {
          self->gone = true;
          ExitSelf(ExitReason::Shutdown());
        });
        std::erase(members_[self->node].actors, self);
        return Begin(self->node);
    }
  }

  void DoAnswer(Actor* self) {
    Do(self, [](Actor::Own& own) {
      while (!own.asked.empty()) {
        own.asked.front().reply_to.Send(own.asked.front().request.number);
        own.asked.pop_front();
      }
    });
  }

  // ---- Steps.

  void Advance(absl::Duration time) {
    for (Member& member : members_) member.runtime->Advance(time);
    virtual_ += time;
  }

  void Step() {
    ++time_;
    const size_t what = Pick(100);
    if (what < 45) {
      for (size_t left = 1 + Pick(8); left > 0; --left) network_.DeliverOne(Picker());
    } else if (what < 70) {
      Member& member = members_[Pick(members_.size())];
      for (size_t left = 1 + Pick(4); left > 0; --left) member.runtime->RunOne();
    } else if (what < 94) {
      SomeAct();
    } else if (kind_ == Kind::kCalm) {
      const absl::Duration time = absl::Milliseconds(Pick(30));
      if (virtual_ + time < kCalm) Advance(time);
    } else {
      Fault();
    }
  }

  void Fault() {
    switch (Pick(12)) {
      case 0: {
        Trace("cut");
        network_.Cut(Picker());
        return;
      }
      case 1: {
        Trace("stall");
        network_.Stall(Picker(), Pick(2) == 0);
        return;
      }
      case 2:
        return network_.Heal(Pick(2) == 0);
      case 3:
        return network_.Refuse(kFirstPort, kFirstPort + 1, Pick(2) == 0);
      case 4:
        network_.Tamper(Picker());
        return;
      case 5: {
        if (Pick(2) == 0) return;
        const size_t index = Pick(members_.size());
        const int how = static_cast<int>(Pick(3));
        Trace("restart ", index, " ", how);
        End(members_[index], how);
        return Start(static_cast<int>(index));
      }
      case 6:
      case 7:
        return Advance(absl::Milliseconds(Pick(2500)));
      case 8:
        members_[Pick(members_.size())].runtime->Advance(absl::Milliseconds(Pick(1000)));
        return;
      default:
        return Advance(absl::Milliseconds(Pick(60)));
    }
  }

  // ---- The end.

  // Whatever can happen happens, in some order.
  void Calm() {
    for (size_t left = 1'000'000;; --left) {
      if (left == 0) return Wrong("the nodes never rest");
      bool goes_on = false;
      if (Pick(2) == 0) goes_on = network_.DeliverOne(Picker());
      for (Member& member : members_)
        goes_on = (Pick(2) == 0 && member.runtime->RunOne()) || goes_on;
      if (goes_on) continue;
      goes_on = network_.DeliverOne(Picker());
      for (Member& member : members_) goes_on = member.runtime->RunOne() || goes_on;
      if (!goes_on) return;
    }
  }

  void Let(absl::Duration time) {
    Calm();
    for (absl::Duration passed; passed < time; passed += absl::Milliseconds(500)) {
      Advance(absl::Milliseconds(500));
      Calm();
    }
  }

  bool IsMember(int index) const { return index != stranger_; }

  void Settle() {
    if (kind_ == Kind::kCalm) {
      Calm();
    } else {
      network_.Heal(/*lost=*/Pick(2) == 0);
      Trace("healed");
      Let(2 * kTick + 2 * kHandshake);
    }
    CheckConnects();
    Reconnect();
    Farewell();
    if (!wrong_.empty()) return;
    if (kind_ == Kind::kCalm) kind_ = Kind::kRough;  // from here on there may be losses
    if (Pick(4) == 0) Replace();
    if (wrong_.empty()) LeaveNothing();
  }

  // Each has come to something; a later one would hide that it hasn't.
  void CheckConnects() {
    for (const auto& [self, result] : connects_) {
      if (!self->gone && !result->has_value())
        Wrong("a Connect of ", NameOf(*self), " has no outcome");
    }
  }

  // NOD5: a node starts again while others believe that they have a connection with it.
  void Replace() {
    int index = static_cast<int>(Pick(members_.size()));
    if (index == stranger_) index = 0;
    Trace("replaces ", index);
    End(members_[index], /*how=*/2);
    Start(index);
    for (size_t i = 0; i < members_.size(); ++i) {
      if (static_cast<int>(i) == index || !IsMember(static_cast<int>(i))) continue;
      DoConnect(members_[index].actors[0], members_[i].name,
                std::make_shared<std::optional<absl::Status>>());
      const auto result = connects_.back().second;
      Calm();
      for (absl::Duration passed; passed < kHandshake; passed += kHandshake / 8) {
        Advance(kHandshake / 8);
        Calm();
      }
      if (!result->has_value() || !(*result)->ok())
        Wrong("a node that has started again isn't let in");
    }
  }

  void Reconnect() {
    std::vector<std::shared_ptr<std::optional<absl::Status>>> results;
    for (size_t i = 0; i < members_.size(); ++i) {
      for (size_t j = 0; j < members_.size(); ++j) {
        if (i == j || !IsMember(static_cast<int>(i)) || !IsMember(static_cast<int>(j))) continue;
        if (i > j && Pick(2) == 0) continue;
        results.push_back(std::make_shared<std::optional<absl::Status>>());
        DoConnect(members_[i].actors[0], members_[j].name, results.back());
      }
    }
    Calm();
    for (const auto& result : results) {
      if (!result->has_value())
        Wrong("Connect has no outcome although all is well");
      else if (!(*result)->ok())
        Wrong("Connect fails although all is well: ", (*result)->ToString());
    }
    CheckAgreement();
    if (kind_ == Kind::kCalm || !wrong_.empty()) return;
    const auto before = UpViews();
    Trace("idle");
    Let(2 * kTick);
    if (UpViews() != before) Wrong("an idle connection was lost");
    CheckAgreement();
  }

  std::vector<std::map<std::string, bool>> UpViews() const {
    std::vector<std::map<std::string, bool>> views;
    for (const Member& member : members_) {
      for (const Actor* actor : member.actors) views.push_back(actor->up);
    }
    return views;
  }

  void CheckAgreement() {
    for (int i = 0; i < static_cast<int>(members_.size()); ++i) {
      for (int j = i + 1; j < static_cast<int>(members_.size()); ++j) {
        const size_t expected = IsMember(i) && IsMember(j) ? 1 : 0;
        const size_t streams = network_.StreamsBetween(kFirstPort + i, kFirstPort + j);
        if (streams != expected) Wrong("there are ", streams, " connections between two nodes");
        for (const auto& [from, to] : {std::pair(i, j), std::pair(j, i)}) {
          const auto nodes = members_[from].cluster->Connected(false);
          if (std::count(nodes.begin(), nodes.end(), members_[to].name) !=
              static_cast<std::ptrdiff_t>(expected))
            Wrong(members_[from].name, " has another view of ", members_[to].name);
          for (Actor* actor : members_[from].actors) {
            if (actor->up[members_[to].name] != (expected == 1))
              Wrong(NameOf(*actor), " was told something else of ", members_[to].name);
          }
        }
      }
    }
    if (network_.was_deceived()) Wrong("a changed step of a handshake was accepted");
  }

  std::vector<Actor*> Alive() const {
    std::vector<Actor*> alive;
    for (const auto& actor : all_) {
      if (!actor->gone) alive.push_back(actor.get());
    }
    return alive;
  }

  // Everybody is heard, and answered.
  void Farewell() {
    if (!wrong_.empty()) return;
    for (Actor* self : Alive()) {
      DoAnswer(self);
      for (Actor* other : Alive()) {
        if (other->node == self->node || !IsMember(self->node) || !IsMember(other->node)) continue;
        DoSend(self, other, false, 0);
      }
    }
    Calm();
    if (stranger_ >= 0) Let(2 * kHandshake);
    for (Actor* self : Alive()) DoAnswer(self);
    Calm();
    for (const auto& self : all_) {
      for (const auto& other : all_) CheckMessages(*self, *other);
    }
    for (Actor* self : Alive()) CheckBonds(*self);
  }

  void CheckMessages(Actor& from, Actor& to) {
    const auto found = from.bonds.find(&to);
    if (found == from.bonds.end()) return;
    const Actor::Bond& bond = found->second;
    const auto& received = to.bonds[&from].received;
    size_t at = 0;
    for (size_t i = 0; i < bond.sent.size(); ++i) {
      const auto number = static_cast<int64_t>(i) + 1;
      if (at < received.size() && received[at].first == number) {
        ++at;
        continue;
      }
      if (kind_ == Kind::kCalm)
        Wrong("message ", number, " to ", NameOf(to), " is lost for nothing");
      if (to.gone && at == received.size()) continue;
      if (from.gone && at == received.size()) continue;
      // What was sent amid the loss may have gone by the next connection.
      size_t next = at;
      while (next < received.size() && bond.sent[received[next].first - 1].amid) ++next;
      const int64_t until =
          next == received.size() ? time_ + 1 : bond.sent[received[next].first - 1].when;
      const bool was_told = std::any_of(bond.told.begin(), bond.told.end(), [&](int64_t when) {
        return when > bond.sent[i].when && when < until;
      });
      if (!was_told)
        Wrong("message ", number, " of ", NameOf(from), " to ", NameOf(to),
              " is lost, and it wasn't told");
    }
    if (at != received.size()) Wrong(NameOf(to), " got what wasn't sent");
  }

  void CheckBonds(Actor& self) {
    if (self.asked != self.answered + static_cast<int64_t>(self.own->pending.size()))
      Wrong(NameOf(self), " has lost an answer");
    if (!self.own->pending.empty() && stranger_ < 0)
      Wrong(NameOf(self), " has ", self.own->pending.size(), " requests without an outcome");
    const std::optional<ProcessInfo> info = members_[self.node].runtime->Info(self.pid);
    if (!info.has_value()) return Wrong(NameOf(self), " has ended");
    for (const auto& [ref, other] : self.monitors) {
      if (other->gone) Wrong(NameOf(self), " waits for the Down of ", NameOf(*other), " for ever");
    }
    if (info->monitors.size() != self.monitors.size())
      Wrong(NameOf(self), " has other monitors than it made");
    for (const Pid& linked : info->links) {
      if (const Actor* other = Find(linked); other == nullptr || other->gone)
        Wrong(NameOf(self), " is linked to the dead");
    }
    for (Actor* other : Alive()) {
      if (other->node == self.node) continue;
      const auto theirs = members_[other->node].runtime->Info(other->pid);
      if (!theirs.has_value()) return Wrong(NameOf(*other), " has ended");
      const auto count = [](const std::vector<Pid>& pids, const Pid& pid) {
        return std::count(pids.begin(), pids.end(), pid);
      };
      if (count(info->links, other->pid) != count(theirs->links, self.pid))
        Wrong(NameOf(self), " and ", NameOf(*other), " differ on a link");
      if (count(info->monitors, other->pid) != count(theirs->monitored_by, self.pid))
        Wrong(NameOf(self), " and ", NameOf(*other), " differ on a monitor");
      const Actor::Bond& bond = self.bonds[other];
      if (bond.linked_at != 0 && other->bonds[&self].unlinks == 0 &&
          count(info->links, other->pid) == 0)
        Wrong(NameOf(self), " has lost its link to ", NameOf(*other));
    }
  }

  void LeaveNothing() {
    for (Member& member : members_) {
      for (const Member& other : members_) member.cluster->Disconnect(other.name).IgnoreError();
    }
    Let(2 * kTick + 2 * kHandshake);
    network_.TimeOut();
    Calm();
    if (network_.stream_count() != 0) Wrong("a stream is left");
    for (const Member& member : members_) {
      if (!member.cluster->Connected(false).empty() || !member.cluster->Connecting().empty())
        Wrong(member.name, " has not forgotten a peer");
      if (member.runtime->process_count() != kActors)
        Wrong(member.name, " has ", member.runtime->process_count(), " processes left");
      for (const Actor* actor : member.actors) {
        const auto info = member.runtime->Info(actor->pid);
        if (!info.has_value()) {
          Wrong(NameOf(*actor), " has ended");
        } else if (!info->links.empty() || !info->monitors.empty() || !info->monitored_by.empty()) {
          Wrong(NameOf(*actor), " has bonds with nodes that are down");
        }
        if (!actor->monitors.empty()) Wrong(NameOf(*actor), " waits for a Down for ever");
      }
    }
  }

  const uint64_t seed_;
  uint64_t random_;
  std::ostream* const trace_;  // null for none
  Kind kind_ = Kind::kRough;
  int stranger_ = -1;
  std::string wrong_;
  int64_t time_ = 0;
  absl::Duration virtual_;
  bool is_meanwhile_ = false;
  // Who has asked for a connection, and what came of it.
  std::vector<std::pair<Actor*, std::shared_ptr<std::optional<absl::Status>>>> connects_;
  LinkNetwork network_;
  std::vector<std::unique_ptr<Actor>> all_;
  std::map<Pid, Actor*> by_pid_;
  std::vector<Member> members_;
};

}  // namespace

std::string Simulate(uint64_t seed, std::ostream* trace) {
  Simulation simulation(seed, trace);
  return simulation.Run();
}

}  // namespace hydra::node_testing
