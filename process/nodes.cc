#include "hydra/process/nodes.h"

#include <string>
#include <string_view>
#include <vector>

#include "hydra/process/internal/remote.h"
#include "hydra/process/internal/scheduler.h"
#include "hydra/process/internal/worker.h"
#include "hydra/process/node_event.h"

namespace hydra {
namespace {

using process_internal::Worker;

process_internal::Remote& ThisRemote() { return Worker::CurrentOrDie().scheduler().remote(); }

}  // namespace

std::string ThisNode() { return std::string(ThisRemote().name()); }

std::vector<std::string> Nodes(NodeKind kind) { return ThisRemote().Nodes(kind); }

bool IsConnected(std::string_view node, NodeKind kind) {
  return ThisRemote().IsConnected(node, kind);
}

void MonitorNodes(bool on, NodeKind kind) { Worker::CurrentOrDie().MonitorNodes(on, kind); }

void MonitorNode(std::string_view node, bool on) {
  Worker::CurrentOrDie().MonitorNode(std::string(node), on);
}

}  // namespace hydra
