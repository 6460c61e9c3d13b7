// The entries of a DuplicateRegistry, and what is done with them. See duplicate_registry.h.
#ifndef HYDRA_REGISTRY_INTERNAL_DUPLICATE_DIRECTORY_H_
#define HYDRA_REGISTRY_INTERNAL_DUPLICATE_DIRECTORY_H_

#include <algorithm>
#include <cstddef>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "absl/hash/hash.h"
#include "absl/status/status.h"
#include "hydra/base/read_section.h"
#include "hydra/base/shared_key.h"
#include "hydra/process/behaviour.h"
#include "hydra/process/link.h"
#include "hydra/process/pid.h"
#include "hydra/process/self.h"
#include "hydra/registry/internal/added.h"
#include "hydra/registry/internal/directory.h"
#include "hydra/registry/internal/duplicate_partition.h"
#include "hydra/registry/internal/key_locks.h"
#include "hydra/registry/registry_entry.h"
#include "hydra/registry/registry_options.h"

namespace hydra::registry_internal {

// Thread safety: any thread.
template <typename K, typename V>
class DuplicateDirectory final : public Directory {
 public:
  using Key = K;
  using Value = V;
  using View = KeyViewOf<Key>;
  using Entry = RegistryEntry<Key, Value>;
  using Partition = DuplicatePartition<Key, Value>;
  using Member = typename Partition::Member;

  explicit DuplicateDirectory(RegistryOptions options)
      : Directory(std::move(options)),
        partitions_(std::max<size_t>(1, this->options().partitions)) {}

  KeyLocks<Key>& locks() { return locks_; }

  absl::Status Register(View key, Value value) {
    if (IsEnding()) return CallerIsEnding();
    const Pid self = Self();
    std::optional<KeyRegistered<Key, Value>> news;
    if (!options().listeners.empty()) news.emplace(options().name, Key(key), self, value);
    const Added added = PartitionFor(self).Add(HashOfKey(key), key,
                                               std::make_unique<Member>(self, std::move(value)));
    if (!added.process) return NotRunning();
    if (added.is_first) Link(added.process);
    if (news.has_value()) Tell(*news);
    return absl::OkStatus();
  }

  template <typename Matches>
  void Unregister(View key, const Matches& matches) {
    const Pid self = Self();
    Partition& partition = PartitionFor(self);
    const ReadSection section;
    std::vector<Member*> members = partition.Find(HashOfKey(key), key, self);
    // Under no lock: `matches` is a user's.
    std::erase_if(members, [&](const Member* member) { return !matches(member->value); });
    if (members.empty()) return;
    const Removed removed = partition.Remove(members);
    if (removed.is_last) LetGo(removed.process);
    if (options().listeners.empty()) return;
    for (size_t i = 0; i < removed.count; ++i)
      Tell(KeyUnregistered<Key>{options().name, Key(key), self});
  }

  // Calls `visit(const Member&)` for each of the key whose process isn't known to have ended.
  template <typename Visit>
  void ForEachOf(View key, Visit visit) const {
    for (const Partition& partition : partitions_) ForEachIn(partition, key, visit);
  }

  // What ForEachOf would visit, one vector for each partition that has any.
  std::vector<std::vector<Holder<Value>>> LookupByPartition(View key) const {
    std::vector<std::vector<Holder<Value>>> all;
    for (const Partition& partition : partitions_) {
      std::vector<Holder<Value>> holders;
      ForEachIn(partition, key,
                [&](const Member& member) { holders.push_back({member.pid, member.value}); });
      if (!holders.empty()) all.push_back(std::move(holders));
    }
    return all;
  }

  std::vector<Key> Keys(const Pid& pid) const {
    std::vector<Key> keys;
    if (!HasEnded(pid)) PartitionFor(pid).AppendKeysOf(pid, keys);
    return keys;
  }

  // Calls `visit(const Key&, const Member&)` for all such members.
  template <typename Visit>
  void ForEach(Visit visit) const {
    const ReadSection section;
    for (const Partition& partition : partitions_)
      partition.ForEach([&](const Key& key, const Member& member) {
        if (!HasEnded(member.pid)) visit(key, member);
      });
  }

  // A key of it is no address.
  void ServeKeys() const override {}

  void Forget(const Pid& ended) override { PartitionFor(ended).Forget(ended); }

 private:
  std::vector<Pid> SetProcess(const Pid& process) override {
    return SetProcessOf(partitions_, process);
  }

  template <typename Visit>
  static void ForEachIn(const Partition& partition, View key, const Visit& visit) {
    const ReadSection section;
    partition.ForEachOf(HashOfKey(key), key, [&](const Member& member) {
      if (!HasEnded(member.pid)) visit(member);
    });
  }

  // All that is of a process is in one partition.
  Partition& PartitionFor(const Pid& pid) {
    return partitions_[PartitionOf(absl::Hash<Pid>()(pid), partitions_.size())];
  }
  const Partition& PartitionFor(const Pid& pid) const {
    return partitions_[PartitionOf(absl::Hash<Pid>()(pid), partitions_.size())];
  }

  std::vector<Partition> partitions_;
  KeyLocks<Key> locks_;
};

}  // namespace hydra::registry_internal

#endif  // HYDRA_REGISTRY_INTERNAL_DUPLICATE_DIRECTORY_H_
