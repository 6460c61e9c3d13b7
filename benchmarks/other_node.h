// OtherNode: an OS process with a node in it, for the workloads between two of them.
#ifndef HYDRA_BENCHMARKS_OTHER_NODE_H_
#define HYDRA_BENCHMARKS_OTHER_NODE_H_

#include <sys/types.h>

#include <string>

#include "hydra/node/node.h"
#include "hydra/process/runtime.h"

namespace hydra::benchmarks {

// A node on loopback that accepts, and is accepted by, those that this makes.
Node StartNode(Runtime& runtime, std::string name);

class OtherNode {
 public:
  // Forks, so this process mustn't have threads yet. Runs `serve` on the other node before anybody knows
  // of that.
  explicit OtherNode(void (*serve)(Runtime& runtime));
  OtherNode(const OtherNode&) = delete;
  OtherNode& operator=(const OtherNode&) = delete;
  // Kills it. It also ends when this process does.
  ~OtherNode();

  const std::string& name() const { return name_; }

 private:
  pid_t pid_ = 0;
  int lifeline_ = -1;  // a socket; at its other end is the other process
  std::string name_;
};

}  // namespace hydra::benchmarks

#endif  // HYDRA_BENCHMARKS_OTHER_NODE_H_
