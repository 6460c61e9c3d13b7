// The processes that a KeyedStarter has started: read by all, changed by its own process.
#ifndef HYDRA_REGISTRY_INTERNAL_STARTED_TABLE_H_
#define HYDRA_REGISTRY_INTERNAL_STARTED_TABLE_H_

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "hydra/base/read_section.h"
#include "hydra/base/shared_key.h"
#include "hydra/base/shared_map.h"
#include "hydra/process/behaviour.h"
#include "hydra/process/pid.h"
#include "hydra/registry/internal/one_process.h"
#include "hydra/registry/registry_entry.h"

namespace hydra::registry_internal {

template <typename Key>
class StartedTable {
 public:
  using View = KeyViewOf<Key>;
  using Entry = RegistryEntry<Key, NoValue>;

  explicit StartedTable(const std::string& name) : process_("starter", name) {}

  // ---- Thread safety: any thread.

  const OneProcess& process() const { return process_; }

  // The process of the key; nobody if there is none, or it is known to have ended.
  Pid WhereIs(View key) const {
    const ReadSection section;
    const Item* const item = items_.Find(HashOfKey(key), key);
    return item == nullptr || HasEnded(item->pid) ? Pid() : item->pid;
  }

  size_t size() const { return items_.size(); }

  std::vector<Entry> All() const {
    std::vector<Entry> all;
    const ReadSection section;
    items_.ForEach([&](const Item& item) {
      if (!HasEnded(item.pid)) all.push_back(item);
    });
    return all;
  }

  // ---- For the starter's process.

  absl::Status Open(const Pid& process) { return process_.Begin(process); }
  void Close() {
    by_pid_.clear();
    items_.Clear(limbo_);
    process_.End();
  }

  // `pid` is the process of the key, which has none that lives.
  void Add(Key key, const Pid& pid) {
    const size_t hash = HashOfKey(key);
    if (Item* const ended = items_.Find(hash, key)) RemoveItem(ended);
    auto* item = new Item(hash, std::move(key), pid);
    items_.Insert(item, limbo_);
    by_pid_.emplace(pid, item);
    const Limbo::Batch unread = limbo_.TakeUnread();
  }

  // It isn't any more, if it was.
  void Remove(const Pid& pid) {
    const auto found = by_pid_.find(pid);
    if (found == by_pid_.end()) return;
    RemoveItem(found->second);
    const Limbo::Batch unread = limbo_.TakeUnread();
  }

 private:
  struct Item : Entry, Pooled {
    Item(size_t key_hash, Key key, Pid pid) : Entry{std::move(key), pid, {}}, hash(key_hash) {}

    const size_t hash;
  };

  void RemoveItem(Item* item) {
    by_pid_.erase(item->pid);
    items_.Erase(item, limbo_);
  }

  OneProcess process_;
  SharedMap<Item> items_;
  Limbo limbo_;
  absl::flat_hash_map<Pid, Item*> by_pid_;
};

}  // namespace hydra::registry_internal

#endif  // HYDRA_REGISTRY_INTERNAL_STARTED_TABLE_H_
