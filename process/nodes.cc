#include "hydra/process/nodes.h"

#include <string>
#include <vector>

#include "hydra/process/internal/remote.h"
#include "hydra/process/internal/scheduler.h"
#include "hydra/process/internal/worker.h"

namespace hydra {
namespace {

process_internal::Scheduler& ThisScheduler() {
  return process_internal::Worker::CurrentOrDie().scheduler();
}

}  // namespace

std::string ThisNode() { return std::string(ThisScheduler().remote().name()); }

std::vector<std::string> Nodes() { return ThisScheduler().remote().Nodes(); }

void MonitorNodes(bool on) { process_internal::Worker::CurrentOrDie().MonitorNodes(on); }

}  // namespace hydra
