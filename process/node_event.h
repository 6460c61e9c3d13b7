// What a process is told of nodes: see nodes.h.
#ifndef HYDRA_PROCESS_NODE_EVENT_H_
#define HYDRA_PROCESS_NODE_EVENT_H_

#include <cstdint>
#include <string>
#include <string_view>

namespace hydra {

// Of two nodes that are connected each is hidden to the other if one has said that it is
// (NodeOptions::hidden).
enum class NodeKind : uint8_t { kVisible, kHidden, kAll };

// Why a node is down.
enum class NodeDownReason : uint8_t {
  kConnectionClosed,  // the connection broke: mostly, since the node has ended
  kDisconnected,      // one of the two was told to disconnect, or stops
  kTickTimeout,       // nothing has come from the node for too long
  kUnreachable,       // there has been no connection: see Node::Connect for why
};

// "connection_closed", for logs.
std::string_view ToString(NodeDownReason reason);

// This node has a connection with the other.
struct NodeUp {
  std::string node;
};

// It has it no more, or has tried in vain.
struct NodeDown {
  std::string node;
  NodeDownReason reason = NodeDownReason::kConnectionClosed;
};

}  // namespace hydra

#endif  // HYDRA_PROCESS_NODE_EVENT_H_
