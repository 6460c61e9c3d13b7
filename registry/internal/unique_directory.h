// The entries of a Registry, and what is done with them. See registry.h.
#ifndef HYDRA_REGISTRY_INTERNAL_UNIQUE_DIRECTORY_H_
#define HYDRA_REGISTRY_INTERNAL_UNIQUE_DIRECTORY_H_

#include <algorithm>
#include <cstddef>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "hydra/base/read_section.h"
#include "hydra/base/shared_key.h"
#include "hydra/process/behaviour.h"
#include "hydra/process/keyed_name.h"
#include "hydra/process/link.h"
#include "hydra/process/name.h"
#include "hydra/process/pid.h"
#include "hydra/process/self.h"
#include "hydra/process/wire.h"
#include "hydra/registry/internal/directory.h"
#include "hydra/registry/internal/key_locks.h"
#include "hydra/registry/internal/unique_partition.h"
#include "hydra/registry/registry_entry.h"
#include "hydra/registry/registry_options.h"

namespace hydra::registry_internal {

// Thread safety: any thread.
template <typename K, typename V>
class UniqueDirectory final : public Directory {
 public:
  using Key = K;
  using Value = V;
  using View = KeyViewOf<Key>;
  using Entry = RegistryEntry<Key, Value>;

  explicit UniqueDirectory(RegistryOptions options)
      : Directory(std::move(options)),
        partitions_(std::max<size_t>(1, this->options().partitions)) {}

  KeyLocks<Key>& locks() { return locks_; }

  absl::Status Register(Key key, Value value) {
    if (IsEnding()) return CallerIsEnding();
    const Pid self = Self();
    const size_t hash = HashOfKey(key);
    std::optional<KeyRegistered<Key, Value>> news;
    if (!options().listeners.empty()) news.emplace(options().name, key, self, value);
    const Added added = PartitionFor(hash).Add(
        std::make_unique<Item>(hash, std::move(key), self, std::move(value)));
    if (added.holder)
      return NameTakenError("the key belongs to " + added.holder.ToString(), added.holder);
    if (!added.process) return NotRunning();
    if (added.is_first) Link(added.process);
    if (news.has_value()) Tell(*news);
    return absl::OkStatus();
  }

  template <typename Matches>
  void Unregister(View key, const Matches& matches) {
    const Pid self = Self();
    const size_t hash = HashOfKey(key);
    Partition& partition = PartitionFor(hash);
    {
      const ReadSection section;
      const Item* const item = partition.Find(hash, key);
      if (item == nullptr || item->pid != self || !matches(std::as_const(item->value))) return;
    }
    const Removed removed = partition.Remove(hash, key, self);
    if (removed.count == 0) return;
    if (removed.is_last && !HasElsewhere(partition, self)) LetGo(removed.process);
    if (!options().listeners.empty()) Tell(KeyUnregistered<Key>{options().name, Key(key), self});
  }

  template <typename Change>
  absl::StatusOr<UpdatedValue<Value>> Update(View key, const Change& change) {
    const absl::Status not_held = absl::NotFoundError("the calling process doesn't have the key");
    const Pid self = Self();
    const size_t hash = HashOfKey(key);
    Partition& partition = PartitionFor(hash);
    const ReadSection section;
    const Item* const item = partition.Find(hash, key);
    if (item == nullptr || item->pid != self) return not_held;
    Value now = change(std::as_const(item->value));
    if (!partition.Replace(std::make_unique<Item>(hash, item->key, self, now))) return not_held;
    return UpdatedValue<Value>{.now = std::move(now), .before = item->value};
  }

  std::optional<Holder<Value>> Lookup(View key) const {
    const size_t hash = HashOfKey(key);
    const ReadSection section;
    const Item* const item = PartitionFor(hash).Find(hash, key);
    if (item == nullptr || HasEnded(item->pid)) return std::nullopt;
    return Holder<Value>{item->pid, item->value};
  }

  Pid WhereIs(View key) const {
    const size_t hash = HashOfKey(key);
    const ReadSection section;
    const Item* const item = PartitionFor(hash).Find(hash, key);
    return item == nullptr || HasEnded(item->pid) ? Pid() : item->pid;
  }

  std::vector<Key> Keys(const Pid& pid) const {
    std::vector<Key> keys;
    if (HasEnded(pid)) return keys;
    for (const Partition& partition : partitions_) partition.AppendKeysOf(pid, keys);
    return keys;
  }

  size_t Count() const {
    size_t count = 0;
    for (const Partition& partition : partitions_) count += partition.size();
    return count;
  }

  template <typename Visit>
  void ForEach(Visit visit) const {
    const ReadSection section;
    for (const Partition& partition : partitions_)
      partition.ForEach([&](const Entry& entry) {
        if (!HasEnded(entry.pid)) visit(entry);
      });
  }

  // If other nodes can ask for them.
  void ServeKeys() const override {
    if constexpr (WireReady<Key>) {
      hydra::ServeKeys<Key>([directory = this->shared_from_this()](const Key& key) {
        return static_cast<const UniqueDirectory&>(*directory).WhereIs(key);
      });
    }
  }

  void Forget(const Pid& ended) override {
    for (Partition& partition : partitions_) partition.Forget(ended);
  }

 private:
  using Partition = UniquePartition<Key, Value>;
  using Item = typename Partition::Item;

  std::vector<Pid> SetProcess(const Pid& process) override {
    return SetProcessOf(partitions_, process);
  }

  Partition& PartitionFor(size_t hash) {
    return partitions_[PartitionOf(hash, partitions_.size())];
  }
  const Partition& PartitionFor(size_t hash) const {
    return partitions_[PartitionOf(hash, partitions_.size())];
  }

  // Whether the process has a key in another partition.
  bool HasElsewhere(const Partition& here, const Pid& pid) const {
    return std::any_of(partitions_.begin(), partitions_.end(), [&](const Partition& partition) {
      return &partition != &here && partition.Has(pid);
    });
  }

  std::vector<Partition> partitions_;
  KeyLocks<Key> locks_;
};

}  // namespace hydra::registry_internal

#endif  // HYDRA_REGISTRY_INTERNAL_UNIQUE_DIRECTORY_H_
