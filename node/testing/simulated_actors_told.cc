// What actors are told, and what must be right about it there and then.
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>

#include "hydra/node/testing/schedule.h"
#include "hydra/node/testing/simulated_actors.h"
#include "hydra/node/testing/simulated_nodes.h"
#include "hydra/process/process.h"

namespace hydra::node_testing {

void SimulatedActors::Take(Actor& self, Actor::Own& own, Message& message) {
  schedule_.Tick();
  if (const NodeUp* up = message.Get<NodeUp>()) {
    TakeUp(self, *up);
  } else if (const NodeDown* node = message.Get<NodeDown>()) {
    TakeNodeDown(self, *node);
  } else if (const Numbered* numbered = message.Get<Numbered>()) {
    if (Actor* other = Find(numbered->from)) TakeNumber(self, *other, numbered->number);
  } else if (Asked<Question>* asked = message.Get<Asked<Question>>()) {
    own.asked.push_back(std::move(*asked));
  } else if (const ExitSignal* exit = message.Get<ExitSignal>()) {
    TakeExit(self, *exit);
  } else if (const Down* down = message.Get<Down>()) {
    TakeDown(self, *down);
  } else {
    TakeAnswer(self, own, message);
  }
}

// NOD15.
void SimulatedActors::TakeUp(Actor& self, const NodeUp& up) {
  schedule_.Trace(NameOf(self), " up ", up.node);
  if (std::exchange(self.up[up.node], true)) schedule_.Wrong("a second NodeUp of ", up.node);
  for (int node = 0; node < nodes_.count(); ++node) {
    if (nodes_.name(node) == up.node && !nodes_.AreOfOneCluster(self.node, node))
      schedule_.Wrong(NameOf(self), " is connected with a stranger");
  }
}

// NOD15: all that the loss ends has ended.
void SimulatedActors::TakeNodeDown(Actor& self, const NodeDown& down) {
  schedule_.Trace(NameOf(self), " down ", down.node);
  if (!std::exchange(self.up[down.node], false))
    schedule_.Wrong("a second NodeDown of ", down.node);
  if (nothing_is_lost_) schedule_.Wrong(NameOf(self), " has lost ", down.node, " for nothing");
  for (const auto& [ref, other] : self.monitors) {
    if (IsOn(*other, self, down.node) && !self.begun_amid.contains(ref))
      schedule_.Wrong(NameOf(self), " still monitors a process of a node that is down");
  }
  for (const auto& [other, bond] : self.bonds) {
    if (!IsOn(*other, self, down.node) || bond.linked_amid) continue;
    if (bond.linked_at != 0 && other->bonds[&self].unlinks == 0)
      schedule_.Wrong(NameOf(self), " is still linked to ", NameOf(*other),
                      " of a node that is down");
  }
}

// Whether it is on that node, which is another than one's own.
bool SimulatedActors::IsOn(const Actor& other, const Actor& self, const std::string& node) const {
  return other.node != self.node && nodes_.name(other.node) == node;
}

// SIG2, NOD15: in order, and from a node that is up.
void SimulatedActors::TakeNumber(Actor& self, Actor& other, int64_t number) {
  auto& received = self.bonds[&other].received;
  if (!received.empty() && received.back() >= number)
    schedule_.Wrong(NameOf(self), " got ", number, " of ", NameOf(other), " after ",
                    received.back());
  received.push_back(number);
  if (self.node == other.node) return;
  if (!self.up[nodes_.name(other.node)])
    schedule_.Wrong(NameOf(self), " got ", number, " of ", NameOf(other), ", whose node is down");
  if (!nodes_.AreOfOneCluster(self.node, other.node)) schedule_.Wrong("a message of a stranger");
}

// Of a link; or a number, if somebody has called Exit.
void SimulatedActors::TakeExit(Actor& self, const ExitSignal& exit) {
  Actor* other = Find(exit.from);
  if (other == nullptr) return schedule_.Wrong("an exit signal from nobody");
  schedule_.Trace(NameOf(self), " exit from ", NameOf(*other), " ", exit.reason.ToString());
  if (exit.reason.kind() == ExitReason::Kind::kCustom)
    return TakeNumber(self, *other, std::stoll(std::string(exit.reason.text())));
  Actor::Bond& bond = self.bonds[other];
  ++bond.link_exits;
  bond.linked_at = 0;
  if (bond.link_exits > bond.links + other->bonds[&self].links)
    schedule_.Wrong(NameOf(self), " got more exit signals from ", NameOf(*other),
                    " than there were links");
}

// MON3: one for each monitor, and for a reason.
void SimulatedActors::TakeDown(Actor& self, const Down& down) {
  const auto found = self.monitors.find(down.ref);
  if (found == self.monitors.end())
    return schedule_.Wrong(NameOf(self), self.over.contains(down.ref)
                                             ? " got a second Down"
                                             : " got a Down of no monitor");
  Actor* other = found->second;
  schedule_.Trace(NameOf(self), " down of ", NameOf(*other), " ", down.reason.ToString());
  self.monitors.erase(found);
  self.over.insert(down.ref);
  Actor::Bond& bond = self.bonds[other];
  bond.told.push_back(schedule_.time());
  if (bond.sentinel == down.ref) bond.sentinel = Ref();
  const bool is_loss = down.reason.kind() == ExitReason::Kind::kNoConnection;
  if (!is_loss && !other->gone) schedule_.Wrong(NameOf(*other), " is said to be dead, and lives");
  if (is_loss && nothing_is_lost_) schedule_.Wrong("a Down for a loss that there wasn't");
}

void SimulatedActors::TakeAnswer(Actor& self, Actor::Own& own, Message& message) {
  for (size_t i = 0; i < own.pending.size(); ++i) {
    const auto answer = own.pending[i].answer.Check(message);
    if (!answer.has_value()) continue;
    ++self.answered;
    if (answer->ok() && **answer != own.pending[i].number)
      schedule_.Wrong("the answer to another request");
    own.pending.erase(own.pending.begin() + static_cast<std::ptrdiff_t>(i));
    return;
  }
  schedule_.Wrong("nobody has asked for a ", message.type_name());
}

}  // namespace hydra::node_testing
