// LocalNode: a runtime that is a node, for tests with several of them in one OS process. They reach each other by gRPC
// on loopback, as they would elsewhere.
//
//   LocalNode a("a");
//   LocalNode b("b");
//   EXPECT_TRUE(a.Connect(b.name()).ok());
//   a.Run([&]() -> Async<> { Send(ProcessName("echo", b.name()), Note{"hello", Self()}); ... });
#ifndef HYDRA_NODE_TESTING_LOCAL_NODE_H_
#define HYDRA_NODE_TESTING_LOCAL_NODE_H_

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "hydra/node/node.h"
#include "hydra/node/node_options.h"
#include "hydra/process/async.h"
#include "hydra/process/pid.h"
#include "hydra/process/runtime.h"

namespace hydra {

// The cookie of nodes that are told none.
inline constexpr char kTestCookie[] = "a secret of the tests";

class LocalNode {
 public:
  // Lets `settle` spawn what is to be there from the start: LocalNode a("a", {}, MoveIn) (residents.h). The test fails if
  // the node can't start.
  explicit LocalNode(std::string name, NodeOptions options = {},
                     const std::function<void(Runtime&)>& settle = {});

  Runtime& runtime() { return runtime_; }
  Node& node() { return *node_; }
  // name@host:port
  const std::string& name() const { return node_->name(); }
  // That of the name.
  int port() const;
  // Leaves the runtime without it.
  void DestroyNode() { node_.reset(); }

  // Runs a process, and expects that it returns.
  void Run(const std::function<Async<>()>& body);
  // Spawns a process with that name.
  Pid SpawnNamed(std::string_view name, const std::function<Async<>()>& body);

  // Each blocks the calling thread until it is done.
  absl::Status Connect(const std::string& node);
  absl::StatusOr<absl::Duration> Ping(const std::string& node);
  // Whether that is so within some seconds.
  bool AwaitConnected(const std::string& node);
  bool AwaitNotConnected(const std::string& node);

  std::vector<std::string> Connected() const { return node_->List(PeerState::kConnected); }
  std::vector<std::string> Connecting() const { return node_->List(PeerState::kConnecting); }

 private:
  bool AwaitListed(const std::string& node, bool listed);

  Runtime runtime_{{.schedulers = 2}};
  std::optional<Node> node_;
};

}  // namespace hydra

#endif  // HYDRA_NODE_TESTING_LOCAL_NODE_H_
