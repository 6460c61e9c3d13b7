#include "hydra/process/node_process.h"

#include <algorithm>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "hydra/base/mutex.h"

namespace hydra {
namespace {

struct All {
  Mutex mutex;
  std::vector<NodeProcess> processes ABSL_GUARDED_BY(mutex);
};

// Made by the first, which comes before main.
All& TheAll() {
  static All& all = *new All;
  return all;
}

}  // namespace

void AddNodeProcess(const NodeProcess& process) {
  All& all = TheAll();
  const MutexLock lock(all.mutex);
  const auto is_it = [&](const NodeProcess& other) { return other.name == process.name; };
  if (std::ranges::none_of(all.processes, is_it)) all.processes.push_back(process);
}

std::vector<NodeProcess> NodeProcesses() {
  All& all = TheAll();
  const MutexLock lock(all.mutex);
  return all.processes;
}

}  // namespace hydra
