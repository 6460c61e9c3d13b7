// KeyLock: a lock of a registry's key that is held. See Registry::Lock.
//
//   {
//     const hydra::KeyLock lock = co_await rooms.Lock("lobby");
//     ...                                                  // no other process has it; given back here,
//   }                                                      // or when this one ends, however it ends
#ifndef HYDRA_REGISTRY_KEY_LOCK_H_
#define HYDRA_REGISTRY_KEY_LOCK_H_

#include <cstddef>
#include <memory>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "hydra/base/mutex.h"
#include "hydra/process/async.h"
#include "hydra/process/semaphore.h"

namespace hydra {

// Movable.
class [[nodiscard("the lock is given back when this is destroyed")]] KeyLock {
 public:
  // For the registry: `place` keeps the lock in its table.
  KeyLock(std::shared_ptr<const void> place, Permit permit)
      : place_(std::move(place)), permit_(std::move(permit)) {}

 private:
  std::shared_ptr<const void> place_;
  Permit permit_;  // given back first
};

namespace registry_internal {

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

}  // namespace registry_internal
}  // namespace hydra

#endif  // HYDRA_REGISTRY_KEY_LOCK_H_
