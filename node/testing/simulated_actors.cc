// What actors do. What they are told is in simulated_actors_told.cc.
#include "hydra/node/testing/simulated_actors.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "hydra/node/internal/cluster.h"
#include "hydra/node/testing/schedule.h"
#include "hydra/node/testing/simulated_nodes.h"
#include "hydra/process/process.h"

namespace hydra::node_testing {

std::ostream& operator<<(std::ostream& out, const NameOf& name) {
  const Actor& actor = name.actor;
  return out << static_cast<char>('a' + actor.node) << actor.life << "/" << actor.number;
}

SimulatedActors::SimulatedActors(Schedule& schedule, SimulatedNodes& nodes)
    : schedule_(schedule), nodes_(nodes), on_(static_cast<size_t>(nodes.count())) {}

// ---- Who there is.

void SimulatedActors::NodeBegins(int node) {
  for (int i = 0; i < kOnEachNode; ++i) Begin(node);
}

void SimulatedActors::NodeEnds(int node) {
  // Also those that are about to end.
  for (const auto& actor : all_) {
    if (actor->node == node) actor->gone = true;
  }
  on_[node].clear();
}

void SimulatedActors::Begin(int node) {
  all_.push_back(std::make_unique<Actor>());
  Actor* actor = all_.back().get();
  actor->number = all_.size();
  actor->node = node;
  actor->life = nodes_.life(node);
  actor->pid = nodes_.runtime(node).Spawn([this, actor] { return Body(this, actor); });
  by_pid_[actor->pid] = actor;
  on_[node].push_back(actor);
  nodes_.runtime(node).RunUntilIdle();
}

void SimulatedActors::Interrupt(const Pid& pid) {
  if (Actor* self = Find(pid)) self->amid = true;
}

Actor* SimulatedActors::Find(const Pid& pid) const {
  const auto found = by_pid_.find(pid);
  return found == by_pid_.end() ? nullptr : found->second;
}

std::vector<Actor*> SimulatedActors::Alive() const {
  std::vector<Actor*> alive;
  for (const auto& actor : all_) {
    if (!actor->gone) alive.push_back(actor.get());
  }
  return alive;
}

Actor* SimulatedActors::Any() {
  const std::vector<Actor*>& on = on_[nodes_.any()];
  return on[schedule_.Pick(on.size())];
}

Actor* SimulatedActors::AnyElsewhere(const Actor& self) {
  if (schedule_.Pick(20) == 0) {
    Actor* any = all_[schedule_.Pick(all_.size())].get();
    if (any->node != self.node) return any;
  }
  const size_t node = (self.node + 1 + schedule_.Pick(on_.size() - 1)) % on_.size();
  return on_[node][schedule_.Pick(on_[node].size())];
}

// ---- What one does.

// It takes all that has come before it does anything.
Async<> SimulatedActors::Body(SimulatedActors* actors, Actor* self) {
  Actor::Own own;
  self->own = &own;
  TrapExit(true);
  MonitorNodes(true);
  for (const std::string& node : Nodes()) self->up[node] = true;
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
      actors->Take(*self, own, *message);
    }
  }
}

void SimulatedActors::Let(Actor* self, std::function<void(Actor::Own&)> what) {
  Act act = {[this, self, what = std::move(what)](Actor::Own& own) {
    schedule_.Tick();
    self->begun_amid.clear();  // it has taken all that is older
    for (auto& [other, bond] : self->bonds) bond.linked_amid = false;
    if (nodes_.Meanwhile(self->node)) self->amid = true;
    what(own);
    self->amid = false;
  }};
  nodes_.runtime(self->node).Send(self->pid, std::move(act));
}

void SimulatedActors::LetSend(Actor* self, Actor* other, bool as_exit, size_t ballast) {
  Let(self, [this, self, other, as_exit, ballast](Actor::Own&) {
    Actor::Bond& bond = self->bonds[other];
    bond.sent.push_back({schedule_.time(), /*amid=*/false});
    const auto number = static_cast<int64_t>(bond.sent.size());
    schedule_.Trace(NameOf(*self), " sends ", number, " to ", NameOf(*other));
    if (as_exit) {
      Exit(other->pid, ExitReason::Custom(std::to_string(number)));
    } else {
      Send(other->pid, Numbered{self->pid, number, std::string(ballast, 'x')});
    }
    bond.sent.back().amid = self->amid;
    if (!bond.sentinel) bond.sentinel = MonitorAndNote(*self, other);
  });
}

Ref SimulatedActors::MonitorAndNote(Actor& self, Actor* other) {
  const Ref ref = Monitor(other->pid);
  self.monitors[ref] = other;
  if (self.amid) self.begun_amid.insert(ref);
  return ref;
}

std::shared_ptr<Attempt> SimulatedActors::LetConnect(Actor* self, int node) {
  auto attempt = std::make_shared<Attempt>(Attempt{.who = self, .outcome = {}});
  attempts_.push_back(attempt);
  Let(self, [this, self, attempt, name = nodes_.name(node)](Actor::Own&) {
    schedule_.Trace(NameOf(*self), " connects with ", name);
    Connect(attempt, name);
  });
  return attempt;
}

void SimulatedActors::Connect(const std::shared_ptr<Attempt>& attempt, const std::string& node) {
  node_internal::Cluster* cluster = nodes_.cluster(attempt->who->node).get();
  cluster->Connect(node, [this, cluster, attempt, node](const absl::Status& status) {
    schedule_.Trace(cluster->name(), " -> ", node, ": ", status.ToString());
    if (attempt->outcome.has_value()) schedule_.Wrong("a second outcome of Connect");
    attempt->outcome = status;
    if (nothing_is_lost_ && !status.ok())
      schedule_.Wrong("Connect has failed: ", status.ToString());
    if (!status.ok()) return;
    const auto nodes = cluster->Connected(/*hidden=*/false);
    if (std::find(nodes.begin(), nodes.end(), node) == nodes.end())
      schedule_.Wrong("connected, and isn't");
  });
}

void SimulatedActors::LetDisconnect(Actor* self, int node) {
  Let(self, [this, self, name = nodes_.name(node)](Actor::Own&) {
    schedule_.Trace(NameOf(*self), " disconnects from ", name);
    nodes_.cluster(self->node)->Disconnect(name).IgnoreError();
  });
}

void SimulatedActors::LetLink(Actor* self, Actor* other) {
  Let(self, [this, self, other](Actor::Own&) {
    Actor::Bond& bond = self->bonds[other];
    schedule_.Trace(NameOf(*self), " links ", NameOf(*other));
    ++bond.links;
    bond.linked_at = schedule_.time();
    Link(other->pid);
    bond.linked_amid = self->amid;
  });
}

void SimulatedActors::LetUnlink(Actor* self, Actor* other) {
  Let(self, [this, self, other](Actor::Own&) {
    Actor::Bond& bond = self->bonds[other];
    schedule_.Trace(NameOf(*self), " unlinks ", NameOf(*other));
    ++bond.unlinks;
    bond.linked_at = 0;
    Unlink(other->pid);
  });
}

void SimulatedActors::LetMonitor(Actor* self, Actor* other) {
  Let(self, [this, self, other](Actor::Own&) {
    schedule_.Trace(NameOf(*self), " monitors ", NameOf(*other));
    MonitorAndNote(*self, other);
  });
}

void SimulatedActors::LetDemonitor(Actor* self) {
  Let(self, [self](Actor::Own&) {
    for (const auto& [ref, other] : self->monitors) {
      if (self->bonds[other].sentinel == ref) continue;
      Demonitor(ref);
      self->over.insert(ref);
      self->monitors.erase(ref);
      return;
    }
  });
}

void SimulatedActors::LetAsk(Actor* self, Actor* other) {
  Let(self, [self, other](Actor::Own& own) {
    const int64_t number = ++self->asked;
    own.pending.push_back({number, SendRequest(other->pid, Question{number})});
  });
}

void SimulatedActors::LetAnswer(Actor* self) {
  Let(self, [](Actor::Own& own) {
    while (!own.asked.empty()) {
      own.asked.front().reply_to.Send(own.asked.front().request.number);
      own.asked.pop_front();
    }
  });
}

void SimulatedActors::LetEnd(Actor* self) {
  schedule_.Trace(NameOf(*self), " ends");
  Let(self, [self](Actor::Own&) {
    self->gone = true;
    ExitSelf(ExitReason::Shutdown());
  });
  std::erase(on_[self->node], self);
  Begin(self->node);
}

}  // namespace hydra::node_testing
