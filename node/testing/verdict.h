// Verdict: what must be right about a simulation once all has come to rest.
#ifndef HYDRA_NODE_TESTING_VERDICT_H_
#define HYDRA_NODE_TESTING_VERDICT_H_

#include "hydra/node/testing/schedule.h"
#include "hydra/node/testing/simulated_actors.h"
#include "hydra/node/testing/simulated_nodes.h"
#include "hydra/process/process.h"

namespace hydra::node_testing {

// What isn't right is said to be wrong. Thread safety: everything on one thread.
class Verdict {
 public:
  Verdict(Schedule& schedule, SimulatedNodes& nodes, SimulatedActors& actors)
      : schedule_(schedule), nodes_(nodes), actors_(actors) {}

  // Whoever has asked for a connection knows what came of it.
  void OnAttempts();
  // All nodes of the cluster are connected, each pair once; all know it; strangers aren't. NOD3, NOD4, NOD15
  void OnConnections();
  // What was sent has arrived, or its sender was told of a loss. SIG2, NOD12
  void OnMessages();
  // What processes have with each other is what they think, and the same at both ends. LNK4, MON3, NOD12, NOD14
  void OnBonds();
  // With all nodes apart nothing is left that one has of another. NOD14
  void OnWhatIsLeft();

 private:
  void OnMessages(Actor& from, Actor& to);
  void OnOwnBonds(Actor& self, const ProcessInfo& info);
  void OnBond(Actor& self, const ProcessInfo& info, Actor& other);
  void OnWhatIsLeft(const Actor& actor);

  Schedule& schedule_;
  SimulatedNodes& nodes_;
  SimulatedActors& actors_;
};

}  // namespace hydra::node_testing

#endif  // HYDRA_NODE_TESTING_VERDICT_H_
