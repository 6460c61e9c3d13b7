#include "hydra/node/testing/verdict.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "hydra/node/internal/cluster.h"
#include "hydra/node/testing/fake_links.h"
#include "hydra/node/testing/schedule.h"
#include "hydra/node/testing/simulated_actors.h"
#include "hydra/node/testing/simulated_nodes.h"
#include "hydra/process/process.h"

namespace hydra::node_testing {
namespace {

std::ptrdiff_t Count(const std::vector<Pid>& pids, const Pid& pid) {
  return std::count(pids.begin(), pids.end(), pid);
}

}  // namespace

void Verdict::OnAttempts() {
  for (const auto& attempt : actors_.attempts()) {
    if (!attempt->who->gone && !attempt->outcome.has_value())
      schedule_.Wrong("a Connect of ", NameOf(*attempt->who), " has no outcome");
  }
}

void Verdict::OnConnections() {
  for (int i = 0; i < nodes_.count(); ++i) {
    for (int j = i + 1; j < nodes_.count(); ++j) {
      const size_t expected = nodes_.AreOfOneCluster(i, j) ? 1 : 0;
      const size_t streams = nodes_.network().StreamsBetween(nodes_.port(i), nodes_.port(j));
      if (streams != expected)
        schedule_.Wrong("there are ", streams, " connections between two nodes");
      for (const auto& [from, to] : {std::pair(i, j), std::pair(j, i)}) {
        const auto connected = nodes_.cluster(from)->Connected(/*hidden=*/false);
        if (std::count(connected.begin(), connected.end(), nodes_.name(to)) !=
            static_cast<std::ptrdiff_t>(expected))
          schedule_.Wrong(nodes_.name(from), " has another view of ", nodes_.name(to));
        for (Actor* actor : actors_.On(from)) {
          if (actor->up[nodes_.name(to)] != (expected == 1))
            schedule_.Wrong(NameOf(*actor), " was told something else of ", nodes_.name(to));
        }
      }
    }
  }
  if (nodes_.network().was_deceived())
    schedule_.Wrong("a changed step of a handshake was accepted");
}

void Verdict::OnMessages() {
  for (const auto& from : actors_.all()) {
    for (const auto& to : actors_.all()) OnMessages(*from, *to);
  }
}

void Verdict::OnMessages(Actor& from, Actor& to) {
  const auto found = from.bonds.find(&to);
  if (found == from.bonds.end()) return;
  const Actor::Bond& bond = found->second;
  const auto& received = to.bonds[&from].received;
  size_t at = 0;
  for (size_t i = 0; i < bond.sent.size(); ++i) {
    const auto number = static_cast<int64_t>(i) + 1;
    if (at < received.size() && received[at] == number) {
      ++at;
      continue;
    }
    if (actors_.nothing_is_lost())
      schedule_.Wrong("message ", number, " to ", NameOf(to), " is lost for nothing");
    if ((to.gone || from.gone) && at == received.size()) continue;
    // Before it sent what arrived next; but what it sent amid the loss may have gone by the next connection.
    size_t next = at;
    while (next < received.size() && bond.sent[received[next] - 1].amid) ++next;
    const int64_t until =
        next == received.size() ? schedule_.time() + 1 : bond.sent[received[next] - 1].when;
    const bool was_told = std::any_of(bond.told.begin(), bond.told.end(), [&](int64_t when) {
      return when > bond.sent[i].when && when < until;
    });
    if (!was_told)
      schedule_.Wrong("message ", number, " of ", NameOf(from), " to ", NameOf(to),
                      " is lost, and it wasn't told");
  }
  if (at != received.size()) schedule_.Wrong(NameOf(to), " got what wasn't sent");
}

void Verdict::OnBonds() {
  for (Actor* self : actors_.Alive()) {
    const std::optional<ProcessInfo> info = nodes_.runtime(self->node).Info(self->pid);
    if (!info.has_value()) return schedule_.Wrong(NameOf(*self), " has ended");
    OnOwnBonds(*self, *info);
    for (Actor* other : actors_.Alive()) {
      if (other->node != self->node) OnBond(*self, *info, *other);
    }
  }
}

void Verdict::OnOwnBonds(Actor& self, const ProcessInfo& info) {
  if (self.asked != self.answered + static_cast<int64_t>(self.own->pending.size()))
    schedule_.Wrong(NameOf(self), " has lost an answer");
  if (!self.own->pending.empty() && !nodes_.has_stranger())
    schedule_.Wrong(NameOf(self), " has ", self.own->pending.size(),
                    " requests without an outcome");
  for (const auto& [ref, other] : self.monitors) {
    if (other->gone)
      schedule_.Wrong(NameOf(self), " waits for the Down of ", NameOf(*other), " for ever");
  }
  if (info.monitors.size() != self.monitors.size())
    schedule_.Wrong(NameOf(self), " has other monitors than it made");
  for (const Pid& linked : info.links) {
    if (const Actor* other = actors_.Find(linked); other == nullptr || other->gone)
      schedule_.Wrong(NameOf(self), " is linked to the dead");
  }
}

void Verdict::OnBond(Actor& self, const ProcessInfo& info, Actor& other) {
  const auto theirs = nodes_.runtime(other.node).Info(other.pid);
  if (!theirs.has_value()) return schedule_.Wrong(NameOf(other), " has ended");
  if (Count(info.links, other.pid) != Count(theirs->links, self.pid))
    schedule_.Wrong(NameOf(self), " and ", NameOf(other), " differ on a link");
  if (Count(info.monitors, other.pid) != Count(theirs->monitored_by, self.pid))
    schedule_.Wrong(NameOf(self), " and ", NameOf(other), " differ on a monitor");
  if (self.bonds[&other].linked_at != 0 && other.bonds[&self].unlinks == 0 &&
      Count(info.links, other.pid) == 0)
    schedule_.Wrong(NameOf(self), " has lost its link to ", NameOf(other));
}

void Verdict::OnWhatIsLeft() {
  if (nodes_.network().stream_count() != 0) schedule_.Wrong("a stream is left");
  for (int node = 0; node < nodes_.count(); ++node) {
    node_internal::Cluster& cluster = *nodes_.cluster(node);
    if (!cluster.Connected(/*hidden=*/false).empty() || !cluster.Connecting().empty())
      schedule_.Wrong(nodes_.name(node), " has not forgotten a peer");
    const size_t processes = nodes_.runtime(node).process_count();
    if (processes != SimulatedActors::kOnEachNode)
      schedule_.Wrong(nodes_.name(node), " has ", processes, " processes left");
    for (const Actor* actor : actors_.On(node)) OnWhatIsLeft(*actor);
  }
}

void Verdict::OnWhatIsLeft(const Actor& actor) {
  const auto info = nodes_.runtime(actor.node).Info(actor.pid);
  if (!info.has_value()) {
    schedule_.Wrong(NameOf(actor), " has ended");
  } else if (!info->links.empty() || !info->monitors.empty() || !info->monitored_by.empty()) {
    schedule_.Wrong(NameOf(actor), " has bonds with nodes that are down");
  }
  if (!actor.monitors.empty()) schedule_.Wrong(NameOf(actor), " waits for a Down for ever");
}

}  // namespace hydra::node_testing
