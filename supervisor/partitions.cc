#include "hydra/supervisor/partitions.h"

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "hydra/base/status_macros.h"
#include "hydra/genserver/server_ref.h"
#include "hydra/process/async.h"
#include "hydra/process/pid.h"
#include "hydra/process/shared_pid.h"
#include "hydra/supervisor/child.h"
#include "hydra/supervisor/child_spec.h"
#include "hydra/supervisor/supervisor.h"

namespace hydra::supervisor_internal {

class PartitionTable {
 public:
  explicit PartitionTable(size_t count) : pids(count), in_use(count) {}

  std::vector<SharedPid> pids;  // set by the supervisor
  // Written by who resizes, read by all; relaxed: a reader may see the old number a while longer.
  std::atomic<size_t> in_use;
};

namespace {

Async<absl::StatusOr<Pid>> StartPartition(std::shared_ptr<PartitionTable> table, size_t number,
                                          std::function<Async<absl::StatusOr<Pid>>()> start) {
  absl::StatusOr<Pid> pid = co_await start();
  if (pid.ok()) table->pids[number].Set(*pid);
  co_return pid;
}

}  // namespace

size_t DefaultPartitions() { return std::max(1U, std::thread::hardware_concurrency()); }

std::shared_ptr<PartitionTable> MakePartitionTable(size_t count) {
  return std::make_shared<PartitionTable>(std::max<size_t>(1, count));
}

Children PartitionChildren(const std::shared_ptr<PartitionTable>& table,
                           const std::function<ChildSpec(size_t)>& child) {
  Children children;
  for (size_t number = 0; number < table->pids.size(); ++number) {
    ChildSpec spec = child(number);
    spec.id = std::to_string(number);
    spec.start = [table, number, start = std::move(spec.start)] {
      return StartPartition(table, number, start);
    };
    children.push_back(std::move(spec));
  }
  return children;
}

size_t CountOf(const PartitionTable& table) { return table.in_use.load(std::memory_order_relaxed); }

Pid PartitionFor(const PartitionTable& table, size_t hash) {
  return table.pids[hash % CountOf(table)].Get();
}

Async<absl::Status> ResizePartitions(std::shared_ptr<PartitionTable> table,
                                     ServerRef<Supervisor> supervisor, size_t count) {
  if (count < 1 || count > table->pids.size()) {
    co_return absl::InvalidArgumentError("Resize: there can be 1 to " +
                                         std::to_string(table->pids.size()) + " partitions");
  }
  const size_t before = CountOf(*table);
  for (size_t number = before; number < count; ++number) {
    const absl::StatusOr<Pid> pid = co_await RestartChild(supervisor, std::to_string(number));
    if (!pid.ok()) co_return pid.status();
  }
  table->in_use.store(count, std::memory_order_relaxed);
  for (size_t number = before; number > count; --number)
    HYDRA_CO_RETURN_IF_ERROR(co_await TerminateChild(supervisor, std::to_string(number - 1)));
  co_return absl::OkStatus();
}

}  // namespace hydra::supervisor_internal
