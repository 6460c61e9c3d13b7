// A worker of whichever class that is lent.
#ifndef HYDRA_POOL_INTERNAL_ANY_LEASE_H_
#define HYDRA_POOL_INTERNAL_ANY_LEASE_H_

#include <utility>

#include "hydra/process/pid.h"
#include "hydra/process/send.h"

namespace hydra::pool_internal {

// A worker is given back to its pool.
struct GiveBack {
  Pid worker;
};

// Gives its worker back when it is destroyed, wherever that is: in who has borrowed it, or in an answer that
// nobody waits for any more. Movable; empty after it was moved from.
class AnyLease {
 public:
  AnyLease() = default;
  AnyLease(Pid pool, Pid worker) : pool_(pool), worker_(worker) {}
  AnyLease(AnyLease&& other) noexcept
      : pool_(other.pool_), worker_(std::exchange(other.worker_, Pid())) {}
  AnyLease& operator=(AnyLease&& other) noexcept {
    AnyLease taken(std::move(other));
    std::swap(pool_, taken.pool_);
    std::swap(worker_, taken.worker_);
    return *this;
  }
  ~AnyLease() {
    if (worker_) Send(pool_, GiveBack{worker_});
  }

  Pid worker() const { return worker_; }

 private:
  Pid pool_;
  Pid worker_;
};

}  // namespace hydra::pool_internal

#endif  // HYDRA_POOL_INTERNAL_ANY_LEASE_H_
