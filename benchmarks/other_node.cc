#include "hydra/benchmarks/other_node.h"

#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "hydra/base/check.h"
#include "hydra/node/node.h"
#include "hydra/node/node_options.h"
#include "hydra/process/runtime.h"

namespace hydra::benchmarks {
namespace {

// The life of the other process: it says its name, and ends with the process that has forked it.
[[noreturn]] void Live(int lifeline, void (*serve)(Runtime& runtime)) {
  Runtime runtime;
  const Node node = StartNode(runtime, "other");
  serve(runtime);
  const std::string& name = node.name();
  HYDRA_CHECK(write(lifeline, name.data(), name.size()) == static_cast<ssize_t>(name.size()));
  char nothing;
  while (read(lifeline, &nothing, 1) > 0) {
  }
  _exit(0);
}

}  // namespace

Node StartNode(Runtime& runtime, std::string name) {
  absl::StatusOr<Node> node =
      Node::Start(runtime, {.name = std::move(name), .cookie = "of the benchmarks"});
  HYDRA_CHECK(node.ok()) << node.status();
  return *std::move(node);
}

OtherNode::OtherNode(void (*serve)(Runtime& runtime)) {
  // A message of one end is read whole at the other.
  std::array<int, 2> ends;
  HYDRA_CHECK(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends.data()) == 0);
  pid_ = fork();
  HYDRA_CHECK(pid_ >= 0);
  close(ends[pid_ == 0 ? 0 : 1]);
  if (pid_ == 0) Live(ends[1], serve);
  lifeline_ = ends[0];
  name_.resize(256);
  const ssize_t size = read(lifeline_, name_.data(), name_.size());
  HYDRA_CHECK(size > 0) << "the other node hasn't started";
  name_.resize(size);
}

OtherNode::~OtherNode() {
  kill(pid_, SIGKILL);
  waitpid(pid_, nullptr, 0);
  close(lifeline_);
}

}  // namespace hydra::benchmarks
