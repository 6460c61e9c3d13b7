// Node: a runtime as a member of a cluster. What takes a Dest then reaches processes of other nodes: send, call, cast,
// link, monitor, exit.
//
//   hydra::Runtime runtime;
//   absl::StatusOr<hydra::Node> node = hydra::Node::Start(
//       runtime, {.name = "shop", .listen = "10.0.0.7:4370", .cookie_file = "/etc/shop/cookie"});
//   if (!node.ok()) return Fail(node.status());
//   runtime.Run(Main);                                             // in a process:
//
//   hydra::Send({"orders", "store@10.0.0.8:4370"}, Order{7});       // connects, if need be
//   hydra::Ref ref = hydra::Monitor(hydra::ProcessName("orders", "store@10.0.0.8:4370"));
//
// A node is called by a name and by where others find it, name@host:port. Two nodes that have something to say to each
// other have one connection: a gRPC stream of batches of what their processes send (docs/wire.md). Each proves to the
// other that it knows the cookie. When the connection is lost, or nothing has come for a time, links, monitors and requests
// that reach there end with `noconnection`, once each; what was under way is lost.
//
// Which nodes there are, and when they come and go, processes are told by process/nodes.h. docs/node.md is the guide.
#ifndef HYDRA_NODE_NODE_H_
#define HYDRA_NODE_NODE_H_

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "hydra/node/node_options.h"
#include "hydra/process/async.h"
#include "hydra/process/runtime.h"

namespace hydra {

namespace node_internal {
class Cluster;
}  // namespace node_internal

enum class PeerState : uint8_t {
  kConnecting,
  kConnected,
  kHidden,  // connected, and one of the two is hidden
};

// Movable. Thread safety: any thread; what yields an Async must be awaited by a process of the node's runtime.
class Node {
 public:
  // Makes `runtime`, which must outlive the node, a node: it listens when this returns. At most once for a runtime. Fails
  // with kInvalidArgument, and what to do, where options make no sense, a file can't be read, or may be read by others;
  // kAlreadyExists, if the address is in use.
  static absl::StatusOr<Node> Start(Runtime& runtime, NodeOptions options);

  // Stops it.
  ~Node();
  Node(Node&&) noexcept;
  Node& operator=(Node&&) noexcept;

  // name@host:port, with the port that it listens at.
  const std::string& name() const;

  // Connects with a node, unless it is. Fails with kUnavailable if it can't be reached, is another than named, or one of
  // the two doesn't accept the other's certificate; kPermissionDenied for a cookie; kDeadlineExceeded, by
  // `handshake_timeout`; kInvalidArgument if that is no name of a node, or its own.
  Async<absl::Status> Connect(std::string node);

  // Ends the connection with a node: for both it is lost. kNotFound if there is none.
  absl::Status Disconnect(std::string_view node);

  // How long it takes there and back, by a message of the lowest layer. Connects, and fails like Connect.
  Async<absl::StatusOr<absl::Duration>> Ping(std::string node);

  // The names of the nodes in that state.
  std::vector<std::string> List(PeerState state) const;

  // Ends all connections, and takes no more; the runtime goes on, alone. Does nothing the second time.
  void Stop();

 private:
  Node(std::shared_ptr<node_internal::Cluster> cluster, absl::Duration patience);

  std::shared_ptr<node_internal::Cluster> cluster_;
  absl::Duration patience_;  // for an answer
};

}  // namespace hydra

#endif  // HYDRA_NODE_NODE_H_
