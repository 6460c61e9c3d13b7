// KeyLock: a lock of a registry's key that is held. See Registry::Lock.
//
//   {
//     const hydra::KeyLock lock = co_await rooms.Lock("lobby");
//     ...                                                  // no other process has it; given back here,
//   }                                                      // or when this one ends, however it ends
#ifndef HYDRA_REGISTRY_KEY_LOCK_H_
#define HYDRA_REGISTRY_KEY_LOCK_H_

#include <memory>
#include <utility>

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

}  // namespace hydra

#endif  // HYDRA_REGISTRY_KEY_LOCK_H_
