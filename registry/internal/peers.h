// Peers: the processes of the same name on other nodes, which a process finds by this, and is found by.
//
// Protocol, after OTP's pg
//   1. It asks to be told of nodes, and sends a Discover with its pid to its name on each that is connected, and on each
//      that comes up.
//   2. Whoever gets a Discover from one that it doesn't know has met a peer: it monitors that, and sends it a Discover, and
//      after this what it has to say to a new peer.
//   3. A peer is forgotten when the monitor says so: it has ended, or its node is lost.
//
// Invariant: a peer that is known has been sent all that there is to say, on the connection that stands; or the end of its
// monitor is on its way. For a connection that is lost ends the monitors before anything comes from the next one. So both
// know each other when all has arrived, and a Discover from one that is known says nothing new.
//
// Nothing is sent where there is no connection: it would dial a node that was disconnected on purpose. Hidden nodes are
// left out. A node may have two peers for a moment, when the second is there before the end of the first is heard of.
#ifndef HYDRA_REGISTRY_INTERNAL_PEERS_H_
#define HYDRA_REGISTRY_INTERNAL_PEERS_H_

#include <string>
#include <utility>
#include <vector>

#include "absl/container/btree_map.h"
#include "hydra/process/dest.h"
#include "hydra/process/down.h"
#include "hydra/process/monitor.h"
#include "hydra/process/node_event.h"
#include "hydra/process/nodes.h"
#include "hydra/process/pid.h"
#include "hydra/process/self.h"
#include "hydra/process/send.h"
#include "hydra/process/transport.h"

namespace hydra::registry_internal {

// `Discover` is {Pid}, and another type for each kind of process. To be used by one process.
template <typename Discover>
class Peers {
 public:
  // By Init, when the process has its name. One without a name has no peers.
  void Begin(std::string name) {
    name_ = std::move(name);
    if (name_.empty()) return;
    MonitorNodes(true);
    for (const std::string& node : Nodes()) DiscoverOn(node);
  }

  void HandleNodeUp(const NodeUp& up) const { DiscoverOn(up.node); }

  // On a Discover from `pid`. Returns whether it is a new peer.
  bool Meet(const Pid& pid) {
    if (name_.empty() || !pid || pid.home() == Self().home() || !CanSend(pid)) return false;
    const auto [peer, is_new] = peers_.try_emplace(pid);
    if (!is_new) return false;
    peer->second = Monitor(pid);
    Send(pid, Discover{Self()});
    return true;
  }

  // Returns whether it was the end of a peer.
  bool Forget(const Down& down) {
    const auto peer = peers_.find(down.pid);
    if (peer == peers_.end() || peer->second != down.ref) return false;
    peers_.erase(peer);
    return true;
  }

  bool empty() const { return peers_.empty(); }
  size_t size() const { return peers_.size(); }

  std::vector<Pid> All() const {
    std::vector<Pid> all;
    for (const auto& [pid, monitor] : peers_) all.push_back(pid);
    return all;
  }

  template <typename M>
  void SendAll(const M& message) const {
    for (const auto& [pid, monitor] : peers_) {
      if (CanSend(pid)) Send(pid, message);
    }
  }

 private:
  static bool CanSend(const Pid& pid) { return IsConnected(NodeOf(pid.home()).name); }

  void DiscoverOn(const std::string& node) const {
    if (IsConnected(node)) Send(ProcessName(name_, node), Discover{Self()});
  }

  std::string name_;
  absl::btree_map<Pid, Ref>
      peers_;  // each with its monitor; in order, so that tests can be repeated
};

}  // namespace hydra::registry_internal

#endif  // HYDRA_REGISTRY_INTERNAL_PEERS_H_
