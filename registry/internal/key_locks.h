// The locks of a registry's keys.
#ifndef HYDRA_REGISTRY_INTERNAL_KEY_LOCKS_H_
#define HYDRA_REGISTRY_INTERNAL_KEY_LOCKS_H_

#include <cstddef>
#include <memory>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "hydra/base/mutex.h"
#include "hydra/process/async.h"
#include "hydra/process/semaphore.h"
#include "hydra/registry/key_lock.h"

namespace hydra::registry_internal {

// The locks of the keys that somebody has, or waits for; they may outlive it. Thread safety: any thread.
template <typename Key>
class KeyLocks {
 public:
  Async<KeyLock> Lock(Key key) { return LockIn(table_, std::move(key)); }

  // How many there are.
  size_t size() const {
    const MutexLock lock(table_->mutex);
    return table_->places.size();
  }

 private:
  struct Table;

  static Async<KeyLock> LockIn(std::shared_ptr<Table> table, Key key) {
    const std::shared_ptr<const Place> place = PlaceIn(table, std::move(key));
    Permit permit = co_await place->one.Acquire();
    co_return KeyLock(place, std::move(permit));
  }

  // Of one key; ends with the last who has it or waits for it.
  struct Place {
    Place(std::shared_ptr<Table> table, Key locked)
        : of(std::move(table)), key(std::move(locked)) {}
    Place(const Place&) = delete;
    Place& operator=(const Place&) = delete;
    ~Place() { of->Forget(key); }

    const std::shared_ptr<Table> of;
    const Key key;
    const Semaphore one{1};
  };

  struct Table {
    // The place may have been made anew already.
    void Forget(const Key& key) {
      const MutexLock lock(mutex);
      const auto found = places.find(key);
      if (found != places.end() && found->second.expired()) places.erase(found);
    }

    Mutex mutex;
    absl::flat_hash_map<Key, std::weak_ptr<const Place>> places ABSL_GUARDED_BY(mutex);
  };

  static std::shared_ptr<const Place> PlaceIn(const std::shared_ptr<Table>& table, Key key) {
    const MutexLock lock(table->mutex);
    std::weak_ptr<const Place>& known = table->places[key];
    std::shared_ptr<const Place> place = known.lock();
    if (place == nullptr) {
      place = std::make_shared<const Place>(table, std::move(key));
      known = place;
    }
    return place;
  }

  const std::shared_ptr<Table> table_ = std::make_shared<Table>();
};

}  // namespace hydra::registry_internal

#endif  // HYDRA_REGISTRY_INTERNAL_KEY_LOCKS_H_
