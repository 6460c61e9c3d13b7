// Which node, and which incarnation of it.
#ifndef HYDRA_PROCESS_NODE_ID_H_
#define HYDRA_PROCESS_NODE_ID_H_

#include <cstdint>
#include <string>

namespace hydra {

struct NodeId {
  std::string name;  // "name@host:port"
  // Another one each time that the node starts, so that pids of its former life are told from those of
  // this one. 0 where it doesn't matter or isn't known.
  uint64_t creation = 0;

  friend bool operator==(const NodeId&, const NodeId&) = default;
};

}  // namespace hydra

#endif  // HYDRA_PROCESS_NODE_ID_H_
