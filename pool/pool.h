// Pool: servers of one class, its workers, behind one handle. Each call goes to one of them; or one is lent
// to a process at a time.
//
//   hydra::Pool<Resizer> resizers([] { return hydra::Child<Resizer>({}, Quality::kHigh); },
//                                 {.name = "resizers", .workers = 8});
//   hydra::Children children = {resizers.child(), hydra::Child<Website>({}, resizers)};
//   ...
//   absl::StatusOr<Image> small = co_await resizers.Call(Resizer::Resize{image});  // whichever is next
//   resizers.For(user.id).Cast(Resizer::Forget{});                                // the same for a key
//
//   absl::StatusOr<hydra::Lease<Connection>> lease = co_await connections.Checkout();
//   if (!lease.ok()) co_return lease.status();
//   absl::Status inserted = co_await lease->worker().Call(Connection::Insert{row});  // nobody else has it
//
// A worker that is lent is given back when the lease goes, or the process that has it ends, however it does.
//
// A Pool is a handle: its copies are the same. There is a process behind it, at most one at a time, which
// supervises the workers and lends them. Calls don't pass through it.
//
// The two ways don't know of each other: a worker that is lent gets calls as well, if any are made by the
// pool.
#ifndef HYDRA_POOL_POOL_H_
#define HYDRA_POOL_POOL_H_

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "absl/hash/hash.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "hydra/genserver/protocol.h"
#include "hydra/genserver/server_options.h"
#include "hydra/genserver/server_ref.h"
#include "hydra/genserver/start.h"
#include "hydra/pool/internal/pool_server.h"
#include "hydra/pool/internal/pool_via.h"
#include "hydra/pool/internal/worker_table.h"
#include "hydra/pool/lease.h"
#include "hydra/pool/pool_options.h"
#include "hydra/process/async.h"
#include "hydra/process/dest.h"
#include "hydra/process/pid.h"
#include "hydra/process/request.h"
#include "hydra/process/self.h"
#include "hydra/supervisor/child.h"
#include "hydra/supervisor/child_spec.h"

namespace hydra {

// Thread safety: any thread; what says so must be called or awaited by a process.
template <typename S>
class Pool {
 public:
  // `child()` says how a worker is started, started anew and ended, as that of a supervisor. One that its
  // spec doesn't have started anew is missing from then on.
  explicit Pool(std::function<ChildSpec()> child, PoolOptions options = {})
      : child_(std::move(child)), table_(std::make_shared<Table>(std::move(options))) {}

  // The pool's process, as a child; and it alone, linked to the caller, who must be a process. It has started
  // when all workers have. Its start fails with kAlreadyExists if it runs already, and with what the start of
  // a worker fails with; none is left then. It ends if workers are started anew too often. All workers end
  // with it, at the same time.
  ChildSpec child() const {
    const std::string& name = table_->options().name;
    return Child<pool_internal::PoolServer>(
        {.id = name.empty() ? "pool" : name, .server = {.name = name}}, child_, table_);
  }
  Async<absl::StatusOr<Pid>> StartLink() const { return StartServer(child_, table_); }

  // ---- Calls, which go to one of the workers: see PoolOptions::strategy. One that has ended is passed over;
  // if none runs they fail with kNotFound.

  // As ServerRef::Call, waiting for `timeout` at most. Must be awaited by a process.
  template <typename M>
  Async<RequestResult<M>> Call(M request, absl::Duration timeout = kCallTimeout) const {
    static_assert(RequestOf<M, S>, "Call(request): the workers' Protocol has no such call");
    return CallOne(table_, std::move(request), timeout);
  }

  // As ServerRef::Cast.
  template <typename M>
  void Cast(M request) const {
    any().Cast(std::move(request));
  }

  // All workers as one server: each operation goes to the one that is next then. Of how busy they are only
  // what `Call` has begun is known. No server can be started under this address.
  ServerRef<S> any() const {
    return ServerRef<S>(Dest(std::make_shared<pool_internal::PoolVia>(table_)));
  }

  // The worker of a key: always the same, though it may be started anew. A key is hashed by absl::Hash;
  // all strings that are equal are the same key.
  template <typename Key>
  ServerRef<S> For(const Key& key) const {
    using Hashed = std::conditional_t<std::is_convertible_v<const Key&, std::string_view>,
                                      std::string_view, Key>;
    static_assert(std::is_default_constructible_v<absl::Hash<Hashed>>,
                  "For(key): a key is hashed by absl::Hash");
    return ServerRef<S>(Dest(std::make_shared<pool_internal::PoolVia>(
        table_, absl::Hash<Hashed>()(key) % table_->size())));
  }

  // ---- Lending.

  // Waits until a worker is free, and borrows it: the one that was given back last, or one that is started
  // for this, if there may be more (PoolOptions::overflow). Those who wait get theirs in turn. Must be
  // awaited by a process. Fails with
  //   kDeadlineExceeded    none was free in time
  //   kResourceExhausted   as many as may be wait already
  //   kUnavailable         the pool's process doesn't run, or has ended meanwhile
  //   any status           that of the start of a worker, for whoever waits first
  Async<absl::StatusOr<Lease<S>>> Checkout(absl::Duration timeout = kCallTimeout) const {
    return CheckoutFrom(table_, timeout);
  }

  // How many workers there are, and how many of them are free; how many wait for one. Asks the pool's
  // process, and fails as calls do. Must be awaited by a process.
  Async<absl::StatusOr<PoolStatus>> Status() const { return StatusOf(table_); }

  friend bool operator==(const Pool& a, const Pool& b) { return a.table_ == b.table_; }

 private:
  using Table = pool_internal::WorkerTable;

  static Async<absl::StatusOr<Pid>> StartServer(std::function<ChildSpec()> child,
                                                std::shared_ptr<Table> table) {
    const ServerOptions server = {.name = table->options().name};
    co_return co_await StartLinkedServer<pool_internal::PoolServer>(server, std::move(child),
                                                                    std::move(table));
  }

  template <typename M>
  static Async<RequestResult<M>> CallOne(std::shared_ptr<Table> table, M request,
                                         absl::Duration timeout) {
    const pool_internal::Busy worker(*table);
    co_return co_await Request(worker.pid(), std::move(request)).Within(timeout);
  }

  static Async<absl::StatusOr<Lease<S>>> CheckoutFrom(std::shared_ptr<Table> table,
                                                      absl::Duration timeout) {
    absl::StatusOr<pool_internal::AnyLease> lease =
        co_await pool_internal::BorrowFrom(std::move(table), timeout);
    if (!lease.ok()) co_return lease.status();
    co_return Lease<S>(*std::move(lease));
  }

  static Async<absl::StatusOr<PoolStatus>> StatusOf(std::shared_ptr<Table> table) {
    co_return co_await Request(table->process(), pool_internal::PoolServer::AskStatus());
  }

  std::function<ChildSpec()> child_;
  std::shared_ptr<Table> table_;
};

}  // namespace hydra

#endif  // HYDRA_POOL_POOL_H_
