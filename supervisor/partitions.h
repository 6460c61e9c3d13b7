// Partitions: servers of one class under one supervisor, of which a key picks one. What one server would be
// too busy with is shared out among them (Elixir's PartitionSupervisor).
//
//   hydra::Partitions<Counter> counters(
//       [](size_t partition) { return hydra::Child<Counter>({}, partition); });
//   hydra::Children children = {
//       hydra::Child<hydra::Supervisor>({.id = "counters"}, hydra::SupervisorOptions{},
//                                       counters.children()),
//       hydra::Child<Website>({}, counters)};
//   ...
//   counters.For(user.name).Cast(Counter::Add{1});        // in Website, which has a copy
#ifndef HYDRA_SUPERVISOR_PARTITIONS_H_
#define HYDRA_SUPERVISOR_PARTITIONS_H_

#include <concepts>
#include <cstddef>
#include <functional>
#include <memory>
#include <string_view>
#include <type_traits>
#include <utility>

#include "absl/status/status.h"
#include "hydra/genserver/server_ref.h"
#include "hydra/process/async.h"
#include "hydra/process/pid.h"
#include "hydra/supervisor/child.h"
#include "hydra/supervisor/child_spec.h"
#include "hydra/supervisor/supervisor.h"

namespace hydra {
namespace supervisor_internal {

class PartitionTable;

// How many there are unless told otherwise: one for each core.
size_t DefaultPartitions();

std::shared_ptr<PartitionTable> MakePartitionTable(size_t count);
// The children "0", "1" and so on; each is in the table from its start on.
Children PartitionChildren(const std::shared_ptr<PartitionTable>& table,
                           const std::function<ChildSpec(size_t)>& child);
size_t CountOf(const PartitionTable& table);
// The pid of the partition of a key with that hash; nobody's if it has never run.
Pid PartitionFor(const PartitionTable& table, size_t hash);
Async<absl::Status> ResizePartitions(std::shared_ptr<PartitionTable> table,
                                     ServerRef<Supervisor> supervisor, size_t count);

// An integer picks the partition of its absolute value, modulo their number; any other key that of its hash.
template <typename Key>
size_t PartitionHash(const Key& key) {
  if constexpr (std::unsigned_integral<Key>) {
    return key;
  } else if constexpr (std::integral<Key>) {
    return key < 0 ? -static_cast<size_t>(key) : static_cast<size_t>(key);
  } else if constexpr (std::is_convertible_v<const Key&, std::string_view>) {
    return std::hash<std::string_view>()(key);
  } else {
    return std::hash<Key>()(key);
  }
}

}  // namespace supervisor_internal

// Thread safety: a value, whose copies stand for the same partitions; any thread. They run in one supervisor
// at a time.
template <typename S>
class Partitions {
 public:
  // As many as there are cores. `child` makes the spec of the partition of that number, but for its id.
  explicit Partitions(std::function<ChildSpec(size_t)> child)
      : Partitions(supervisor_internal::DefaultPartitions(), std::move(child)) {}
  // `count` of them; at least one.
  Partitions(size_t count, std::function<ChildSpec(size_t)> child)
      : table_(supervisor_internal::MakePartitionTable(count)), child_(std::move(child)) {}

  // What the supervisor is started with.
  Children children() const { return supervisor_internal::PartitionChildren(table_, child_); }

  // How many are in use.
  size_t size() const { return supervisor_internal::CountOf(*table_); }

  // The server of that key: always the same while their number is. Nobody before its first start. One that is
  // being restarted is still the one that has ended, so that calls fail. Cost: no lock, no message.
  template <typename Key>
  ServerRef<S> For(const Key& key) const {
    return ServerRef<S>(
        supervisor_internal::PartitionFor(*table_, supervisor_internal::PartitionHash(key)));
  }

  // Uses `count` of them from now on, at most as many as there were at first: the others are terminated, or
  // started again. Keys go to other partitions then. Must be awaited by a process.
  Async<absl::Status> Resize(ServerRef<Supervisor> supervisor, size_t count) const {
    return supervisor_internal::ResizePartitions(table_, std::move(supervisor), count);
  }

 private:
  std::shared_ptr<supervisor_internal::PartitionTable> table_;
  std::function<ChildSpec(size_t)> child_;
};

}  // namespace hydra

#endif  // HYDRA_SUPERVISOR_PARTITIONS_H_
