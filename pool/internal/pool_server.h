// The process behind a pool: it supervises the workers and lends them.
#ifndef HYDRA_POOL_INTERNAL_POOL_SERVER_H_
#define HYDRA_POOL_INTERNAL_POOL_SERVER_H_

#include <cstddef>
#include <functional>
#include <list>
#include <memory>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "hydra/genserver/next.h"
#include "hydra/genserver/protocol.h"
#include "hydra/pool/internal/any_lease.h"
#include "hydra/pool/internal/worker_table.h"
#include "hydra/pool/pool_options.h"
#include "hydra/process/async.h"
#include "hydra/process/exit_reason.h"
#include "hydra/process/exit_signal.h"
#include "hydra/process/pid.h"
#include "hydra/process/request.h"
#include "hydra/supervisor/child_info.h"
#include "hydra/supervisor/child_spec.h"
#include "hydra/supervisor/dynamic_supervisor.h"

namespace hydra::pool_internal {

// A DynamicSupervisor, and who has which of its children.
class PoolServer {
 public:
  static constexpr ChildType kChildType = ChildType::kSupervisor;

  struct Borrow {
    using Reply = absl::StatusOr<AnyLease>;
    Ref wish;  // the asker's, by which it can be given up
  };
  struct GiveUp {  // nobody waits any more for what was asked for by this
    Ref wish;
  };
  struct AskStatus {
    using Reply = PoolStatus;
  };
  struct Grow {};   // one more worker, which there may be, for who waits first
  struct Overdue {  // the worker has had the time that it may take to end
    Pid worker;
  };
  using Protocol =
      hydra::Protocol<Borrow, GiveUp, GiveBack, AskStatus, supervisor_internal::WhichChildren,
                      supervisor_internal::CountChildren>;
  using Infos = hydra::Infos<ExitSignal, DynamicSupervisor::Retry, Overdue>;
  using Continues = hydra::Continues<Grow>;

  PoolServer(std::function<ChildSpec()> child, std::shared_ptr<WorkerTable> table);
  PoolServer(const PoolServer&) = delete;
  PoolServer& operator=(const PoolServer&) = delete;
  ~PoolServer();

  Async<absl::Status> Init();
  Next HandleCall(Borrow borrow, ReplyTo<Borrow> reply_to);
  void HandleCast(const GiveUp& given_up);
  void HandleCast(const GiveBack& given_back);
  Async<> HandleContinue(Grow);
  Async<Next> HandleInfo(ExitSignal exit);
  Async<Next> HandleInfo(DynamicSupervisor::Retry retry);
  void HandleInfo(Overdue overdue);
  PoolStatus HandleCall(AskStatus) const { return Status(); }
  std::vector<ChildInfo> HandleCall(supervisor_internal::WhichChildren which);
  ChildCounts HandleCall(supervisor_internal::CountChildren count);
  Async<> Terminate(const ExitReason& reason);
  std::string FormatStatus() const;

 private:
  struct Waiting {
    Ref wish;
    ReplyTo<Borrow> reply_to;
  };
  using Queue = std::list<Waiting>;

  Async<absl::Status> StartWorkers();
  ChildSpec WorkerSpec(size_t number);
  Async<absl::StatusOr<Pid>> StartWorker(size_t number,
                                         std::function<Async<absl::StatusOr<Pid>>()> start);
  bool MayGrow() const { return overflow_.size() < table_->options().overflow; }
  void Lend(const Pid& worker, ReplyTo<Borrow> reply_to);
  void Offer(const Pid& worker);
  void EndOverflow(const Pid& worker);
  ReplyTo<Borrow> TakeFirst();
  PoolStatus Status() const;

  const std::function<ChildSpec()> child_;
  const std::shared_ptr<WorkerTable> table_;
  bool runs_ = false;  // whether the table is this one's
  DynamicSupervisor workers_;
  std::vector<Pid> free_;  // the one that was given back last is the last
  absl::flat_hash_set<Pid> lent_;
  absl::flat_hash_map<Pid, Shutdown>
      overflow_;  // how they are ended; one that isn't lent is ending
  Queue waiting_;
  absl::flat_hash_map<Ref, Queue::iterator> wishes_;  // where they wait
};

// Asks the pool for a worker. Whoever doesn't get one in time, or ends meanwhile, doesn't wait any more.
Async<absl::StatusOr<AnyLease>> BorrowFrom(std::shared_ptr<WorkerTable> table,
                                           absl::Duration timeout);

}  // namespace hydra::pool_internal

#endif  // HYDRA_POOL_INTERNAL_POOL_SERVER_H_
