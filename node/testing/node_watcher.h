// NodeWatcher: what a process of a node is told of others (MonitorNodes), for tests that look on from outside.
#ifndef HYDRA_NODE_TESTING_NODE_WATCHER_H_
#define HYDRA_NODE_TESTING_NODE_WATCHER_H_

#include <cstddef>
#include <string>
#include <vector>

#include "hydra/process/node_event.h"
#include "hydra/process/runtime.h"
#include "hydra/process/testing/probe.h"

namespace hydra {

class NodeWatcher {
 public:
  // Watches from now on.
  explicit NodeWatcher(Runtime& runtime);

  // Block the calling thread until so many nodes have come, or gone; false if they don't within half a minute.
  bool AwaitUp(size_t count) const { return probe_.AwaitReceived<NodeUp>(count); }
  bool AwaitDown(size_t count) const { return probe_.AwaitReceived<NodeDown>(count); }

  std::vector<NodeUp> up() const { return probe_.Received<NodeUp>(); }
  std::vector<NodeDown> down() const { return probe_.Received<NodeDown>(); }

 private:
  Probe probe_;
};

}  // namespace hydra

#endif  // HYDRA_NODE_TESTING_NODE_WATCHER_H_
