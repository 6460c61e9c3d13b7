// What a process that has called MonitorNodes is sent: see nodes.h.
#ifndef HYDRA_PROCESS_NODE_EVENT_H_
#define HYDRA_PROCESS_NODE_EVENT_H_

#include <string>

namespace hydra {

// This node has a connection with the other, or has it no more.
struct NodeUp {
  std::string node;
};
struct NodeDown {
  std::string node;
};

}  // namespace hydra

#endif  // HYDRA_PROCESS_NODE_EVENT_H_
