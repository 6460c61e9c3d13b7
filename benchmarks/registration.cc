#include "hydra/benchmarks/registration.h"

#include <cstddef>
#include <cstdint>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "hydra/base/check.h"
#include "hydra/benchmarks/done.h"
#include "hydra/benchmarks/measuring.h"
#include "hydra/benchmarks/workloads.h"
#include "hydra/genserver/genserver.h"
#include "hydra/pool/lease.h"
#include "hydra/pool/pool.h"
#include "hydra/process/process.h"
#include "hydra/registry/process_groups.h"
#include "hydra/registry/pub_sub.h"
#include "hydra/registry/registry.h"
#include "hydra/supervisor/child.h"

namespace hydra::benchmarks {
namespace {

// ---- A process registers a key.

// Lets others run now and then, and hears what the registry's process says of links.
Async<> RegisterOften(Registry<int64_t> registry, int64_t key, int64_t times, Pid owner) {
  for (int64_t i = 0; i < times; ++i) {
    HYDRA_CHECK(registry.Register(key).ok());
    registry.Unregister(key);
    if (i % 100 == 0) co_await Yield();
  }
  Send(owner, Done{});
}

// ---- Messages are published.

struct Published {
  int64_t number;
};

Async<> SubscribeAndReceive(PubSub pub_sub, int64_t messages, Pid owner) {
  HYDRA_CHECK(pub_sub.Subscribe("topic").ok());
  Send(owner, Done{});
  for (int64_t i = 0; i < messages; ++i) HYDRA_CHECK((co_await Receive<Published>()).number == i);
  Send(owner, Done{});
}

// ---- A worker is lent.

class Worker {
 public:
  using Protocol = hydra::Protocol<>;
};

Async<> BorrowOften(Pool<Worker> pool, int64_t times, Pid owner) {
  for (int64_t i = 0; i < times; ++i) {
    const absl::StatusOr<Lease<Worker>> lease = co_await pool.Checkout();
    HYDRA_CHECK(lease.ok());
  }
  Send(owner, Done{});
}

}  // namespace

Async<Measured> RegisterAndUnregister(Setup setup) {
  const Registry<int64_t> registry({.partitions = static_cast<size_t>(setup.parameter)});
  const absl::StatusOr<Pid> process = co_await registry.StartLink();
  HYDRA_CHECK(process.ok());
  const int64_t times = setup.operations / setup.parameter;
  const absl::Time start = Now();
  for (int64_t key = 0; key < setup.parameter; ++key)
    Spawn(RegisterOften, registry, key, times, Self());
  co_await AwaitDone(setup.parameter);
  HYDRA_CHECK(co_await IsAlive(*process));  // it has heard of all
  co_return Measured{static_cast<double>(times * setup.parameter), SecondsSince(start)};
}

Async<Measured> PublishToMany(Setup setup) {
  const int64_t messages = setup.operations / setup.parameter;
  const PubSub pub_sub;
  HYDRA_CHECK((co_await pub_sub.StartLink()).ok());
  for (int64_t i = 0; i < setup.parameter; ++i)
    Spawn(SubscribeAndReceive, pub_sub, messages, Self());
  co_await AwaitDone(setup.parameter);
  const absl::Time start = Now();
  for (int64_t i = 0; i < messages; ++i) {
    pub_sub.PublishLocally("topic", Published{i});
    co_await Yield();
  }
  co_await AwaitDone(setup.parameter);
  co_return Measured{static_cast<double>(messages * setup.parameter), SecondsSince(start)};
}

Async<Measured> JoinAndLeave(Setup setup) {
  const ProcessGroups groups;
  HYDRA_CHECK((co_await groups.StartLink()).ok());
  const absl::Time start = Now();
  for (int64_t i = 0; i < setup.operations; ++i) {
    HYDRA_CHECK((co_await groups.Join("group", Self())).ok());
    HYDRA_CHECK((co_await groups.Leave("group", Self())).ok());
  }
  co_return Measured{static_cast<double>(setup.operations), SecondsSince(start)};
}

Async<Measured> BorrowWorkers(Setup setup) {
  const Pool<Worker> pool([] { return Child<Worker>({}); }, {.workers = 8});
  HYDRA_CHECK((co_await pool.StartLink()).ok());
  const int64_t times = setup.operations / setup.parameter;
  const absl::Time start = Now();
  for (int64_t i = 0; i < setup.parameter; ++i) Spawn(BorrowOften, pool, times, Self());
  co_await AwaitDone(setup.parameter);
  co_return Measured{static_cast<double>(times * setup.parameter), SecondsSince(start)};
}

}  // namespace hydra::benchmarks
