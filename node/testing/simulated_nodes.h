// SimulatedNodes: whole nodes, each with a runtime on a virtual clock, over one LinkNetwork; and all that makes them go on.
#ifndef HYDRA_NODE_TESTING_SIMULATED_NODES_H_
#define HYDRA_NODE_TESTING_SIMULATED_NODES_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "hydra/node/internal/cluster.h"
#include "hydra/node/testing/fake_links.h"
#include "hydra/node/testing/schedule.h"
#include "hydra/process/pid.h"
#include "hydra/process/testing/manual_runtime.h"
#include "hydra/process/transport.h"

namespace hydra::node_testing {

// All are to be finished in the end. Thread safety: everything on one thread. Nodes are numbers from 0 on: a, b, c.
class SimulatedNodes {
 public:
  static constexpr absl::Duration kHandshake = absl::Seconds(2);
  static constexpr absl::Duration kTick = absl::Seconds(4);

  enum class End : uint8_t {
    kStop,
    kKill,          // the others hear of it
    kSilentlyKill,  // they hear nothing any more
  };

  // Called with a process if others have gone on in the midst of its turn.
  using Interrupted = std::function<void(const Pid& process)>;

  // The `stranger` has another cookie than the others; -1 for none.
  SimulatedNodes(Schedule& schedule, int count, int stranger, Interrupted interrupted);
  SimulatedNodes(const SimulatedNodes&) = delete;
  SimulatedNodes& operator=(const SimulatedNodes&) = delete;

  int count() const { return static_cast<int>(nodes_.size()); }
  int any() { return static_cast<int>(schedule_.Pick(nodes_.size())); }
  bool is_stranger(int node) const { return node == stranger_; }
  bool has_stranger() const { return stranger_ >= 0; }
  // Whether the two may be connected.
  bool AreOfOneCluster(int a, int b) const { return is_stranger(a) == is_stranger(b); }

  // Starts a node, again if it has ended.
  void Start(int node);
  void Finish(int node, End how);

  const std::string& name(int node) const { return nodes_[node].name; }
  int port(int node) const;
  // How many times it has been started.
  int life(int node) const { return nodes_[node].life; }
  ManualRuntime& runtime(int node) { return *nodes_[node].runtime; }
  const std::shared_ptr<node_internal::Cluster>& cluster(int node) { return nodes_[node].cluster; }
  LinkNetwork& network() { return network_; }

  // Lets some things happen elsewhere, now and then, in the midst of a turn of a process of `node`. Returns whether any
  // did.
  bool Meanwhile(int node);

  // Moves all clocks on. Returns when nothing runs; what is on the network stays there.
  void Advance(absl::Duration time);
  // Since the start, by Advance.
  absl::Duration passed() const { return passed_; }

  // Lets whatever can happen happen, in some order.
  void Calm();
  // Likewise, for so long.
  void Let(absl::Duration time, absl::Duration step = absl::Milliseconds(500));

 private:
  struct Node {
    std::string name;
    int life = 0;
    std::unique_ptr<ManualRuntime> runtime;
    std::shared_ptr<node_internal::Cluster> cluster;  // null when it has ended
  };

  std::shared_ptr<Transport> Around(int node, std::shared_ptr<Transport> transport);

  Schedule& schedule_;
  const int stranger_;
  const Interrupted interrupted_;
  LinkNetwork network_;
  std::vector<Node> nodes_;
  absl::Duration passed_;
  bool is_meanwhile_ = false;
};

}  // namespace hydra::node_testing

#endif  // HYDRA_NODE_TESTING_SIMULATED_NODES_H_
