// Some of the entries of a registry with unique keys.
#ifndef HYDRA_REGISTRY_INTERNAL_UNIQUE_PARTITION_H_
#define HYDRA_REGISTRY_INTERNAL_UNIQUE_PARTITION_H_

#include <cstddef>
#include <memory>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "hydra/base/mutex.h"
#include "hydra/base/read_section.h"
#include "hydra/base/shared_map.h"
#include "hydra/process/behaviour.h"
#include "hydra/process/pid.h"
#include "hydra/registry/internal/added.h"
#include "hydra/registry/internal/registrants.h"
#include "hydra/registry/registry_entry.h"

namespace hydra::registry_internal {

// Thread safety: any thread.
template <typename Key, typename Value>
class UniquePartition {
 public:
  struct Item : RegistryEntry<Key, Value>, OfProcess<Item>, Pooled {
    Item(size_t key_hash, Key key, Pid pid, Value value)
        : RegistryEntry<Key, Value>{std::move(key), pid, std::move(value)}, hash(key_hash) {}

    const size_t hash;
  };
  static_assert(alignof(Item) <= 16, "a Pooled block is aligned to 16");

  // ---- Reading, in a ReadSection.

  // The entry of a key; its process may have ended.
  template <typename View>
  Item* Find(size_t hash, const View& key) const {
    return items_.Find(hash, key);
  }
  template <typename Visit>
  void ForEach(Visit visit) const {
    items_.ForEach(visit);
  }
  size_t size() const { return items_.size(); }

  // ---- Changing.

  // Makes the entry, unless the key's holder lives.
  Added Add(std::unique_ptr<Item> item) {
    Limbo::Batch unread;
    const MutexLock lock(mutex_);
    if (!process_) return {};
    Item* const held = items_.Find(item->hash, item->key);
    if (held != nullptr && !HasEnded(held->pid)) return {.process = process_, .holder = held->pid};
    Item* const added = item.release();
    if (held == nullptr) {
      items_.Insert(added, limbo_);
    } else {
      registrants_.Remove(held);
      items_.Replace(held, added, limbo_);
    }
    unread = limbo_.TakeUnread();
    return {.process = process_, .holder = Pid(), .is_first = registrants_.Add(added)};
  }

  // Puts `item` in the place of the entry that has its key, if that is of the same process. Returns whether.
  bool Replace(std::unique_ptr<Item> item) {
    Limbo::Batch unread;
    const MutexLock lock(mutex_);
    Item* const held = items_.Find(item->hash, item->key);
    if (held == nullptr || held->pid != item->pid) return false;
    Item* const added = item.release();
    registrants_.Remove(held);
    registrants_.Add(added);
    items_.Replace(held, added, limbo_);
    unread = limbo_.TakeUnread();
    return true;
  }

  // Removes the entry of the key, if it is of that process.
  template <typename View>
  Removed Remove(size_t hash, const View& key, const Pid& pid) {
    Limbo::Batch unread;
    const MutexLock lock(mutex_);
    Item* const held = items_.Find(hash, key);
    if (held == nullptr || held->pid != pid) return {};
    const bool is_last = registrants_.Remove(held);
    items_.Erase(held, limbo_);
    unread = limbo_.TakeUnread();
    return {.process = process_, .count = 1, .is_last = is_last};
  }

  // Removes what is of that process.
  void Forget(const Pid& pid) {
    Limbo::Batch unread;
    const MutexLock lock(mutex_);
    while (Item* const item = registrants_.NewestOf(pid)) {
      registrants_.Remove(item);
      items_.Erase(item, limbo_);
    }
    unread = limbo_.TakeUnread();
  }

  // See Directory::SetProcess: each once.
  std::vector<Pid> SetProcess(const Pid& process) {
    Limbo::Batch unread;
    const MutexLock lock(mutex_);
    process_ = process;
    if (process) return {};
    std::vector<Pid> registered = registrants_.Clear();
    items_.Clear(limbo_);
    unread = limbo_.TakeUnread();
    return registered;
  }

  bool Has(const Pid& pid) const {
    const MutexLock lock(mutex_);
    return registrants_.NewestOf(pid) != nullptr;
  }

  void AppendKeysOf(const Pid& pid, std::vector<Key>& keys) const {
    const MutexLock lock(mutex_);
    for (const Item* item = registrants_.NewestOf(pid); item != nullptr;
         item = item->next_of_process)
      keys.push_back(item->key);
  }

 private:
  SharedMap<Item> items_;  // changed by who has the lock, read by all
  mutable Mutex mutex_;
  Pid process_ ABSL_GUARDED_BY(mutex_);
  Registrants<Item> registrants_ ABSL_GUARDED_BY(mutex_);
  Limbo limbo_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace hydra::registry_internal

#endif  // HYDRA_REGISTRY_INTERNAL_UNIQUE_PARTITION_H_
