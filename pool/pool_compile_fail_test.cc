// What pools and leases refuse.
#include <utility>

#include "hydra/genserver/genserver.h"
#include "hydra/pool/lease.h"
#include "hydra/pool/pool.h"
#include "hydra/supervisor/child.h"

namespace hydra {

class Worker {
 public:
  struct Get {
    using Reply = int;
  };
  struct Add {
    int number;
  };
  using Protocol = hydra::Protocol<Get, Add>;
  int HandleCall(Get) { return 1; }
  void HandleCast(Add) {}
};

struct Other {
  using Reply = int;
};
struct NoHash {};

Async<> Use(Pool<Worker> pool) {
  static_cast<void>(co_await pool.Call(Worker::Get{}));
  pool.For("key").Cast(Worker::Add{1});
  Lease<Worker> lease = (co_await pool.Checkout()).value();
#if defined(CALL_OF_ANOTHER_CLASS)
  static_cast<void>(co_await pool.Call(Other{}));
#elif defined(CAST_BY_CALL)
  static_cast<void>(co_await pool.Call(Worker::Add{1}));
#elif defined(CALL_BY_CAST)
  pool.Cast(Worker::Get{});
#elif defined(LEASE_COPIED)
  const Lease<Worker> copy = lease;
#elif defined(DROPPED_CHECKOUT)
  pool.Checkout();
#elif defined(KEY_WITHOUT_HASH)
  pool.For(NoHash{});
#elif defined(OTHER_BY_A_LEASE)
  static_cast<void>(co_await lease.worker().Call(Other{}));
#endif
}

}  // namespace hydra
