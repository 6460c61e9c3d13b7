// Lease: a worker of a pool that is lent. See Pool::Checkout.
#ifndef HYDRA_POOL_LEASE_H_
#define HYDRA_POOL_LEASE_H_

#include <utility>

#include "hydra/genserver/server_ref.h"
#include "hydra/pool/internal/any_lease.h"

namespace hydra {

// The worker is given back when this is destroyed, which must be in a runtime; so when the process that has
// it ends, however it does. A worker that ends meanwhile is replaced for others: this one gets no new one.
// Movable, to another process, too; lends nothing after it was moved from.
template <typename S>
class [[nodiscard("the worker is given back when this is destroyed")]] Lease {
 public:
  Lease() = default;

  // Nobody if it lends nothing.
  ServerRef<S> worker() const { return ServerRef<S>(lease_.worker()); }

  // Gives it back now, if it lends one.
  void Release() { lease_ = pool_internal::AnyLease(); }

  // For Pool.
  explicit Lease(pool_internal::AnyLease lease) : lease_(std::move(lease)) {}

 private:
  pool_internal::AnyLease lease_;
};

}  // namespace hydra

#endif  // HYDRA_POOL_LEASE_H_
