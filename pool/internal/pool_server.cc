#include "hydra/pool/internal/pool_server.h"

#include <algorithm>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "hydra/base/status_macros.h"
#include "hydra/genserver/next.h"
#include "hydra/pool/internal/any_lease.h"
#include "hydra/pool/internal/worker_table.h"
#include "hydra/pool/pool_options.h"
#include "hydra/process/async.h"
#include "hydra/process/behaviour.h"
#include "hydra/process/exit_reason.h"
#include "hydra/process/exit_signal.h"
#include "hydra/process/link.h"
#include "hydra/process/pid.h"
#include "hydra/process/request.h"
#include "hydra/process/self.h"
#include "hydra/process/send.h"
#include "hydra/process/timer.h"
#include "hydra/supervisor/child_info.h"
#include "hydra/supervisor/child_spec.h"
#include "hydra/supervisor/dynamic_supervisor.h"

namespace hydra::pool_internal {

PoolServer::PoolServer(std::function<ChildSpec()> child, std::shared_ptr<WorkerTable> table)
    : child_(std::move(child)),
      table_(std::move(table)),
      workers_(DynamicSupervisorOptions{.max_restarts = table_->options().max_restarts,
                                        .period = table_->options().period}) {}

PoolServer::~PoolServer() {
  if (runs_) table_->End();
}

Async<absl::Status> PoolServer::Init() {
  HYDRA_CO_RETURN_IF_ERROR(table_->Begin());
  runs_ = true;
  HYDRA_CO_RETURN_IF_ERROR(workers_.Init());
  absl::Status started = co_await StartWorkers();
  if (!started.ok()) co_await workers_.Terminate(ExitReason::Shutdown());
  co_return started;
}

// ---- Its workers.

Async<absl::Status> PoolServer::StartWorkers() {
  for (size_t number = 0; number < table_->size(); ++number) {
    const absl::StatusOr<Pid> pid =
        co_await workers_.HandleCall(DynamicSupervisor::StartChild{WorkerSpec(number)});
    if (!pid.ok()) co_return pid.status();
  }
  co_return absl::OkStatus();
}

// A worker is in the table, and can be lent, from each of its starts on.
ChildSpec PoolServer::WorkerSpec(size_t number) {
  ChildSpec spec = child_();
  spec.start = [this, number, start = std::move(spec.start)] { return StartWorker(number, start); };
  return spec;
}

Async<absl::StatusOr<Pid>> PoolServer::StartWorker(
    size_t number, std::function<Async<absl::StatusOr<Pid>>()> start) {
  const absl::StatusOr<Pid> pid = co_await start();
  if (!pid.ok() || !*pid) co_return pid;
  table_->Started(number, *pid);
  Offer(*pid);
  co_return pid;
}

Async<> PoolServer::HandleContinue(Grow) {
  if (waiting_.empty()) co_return;
  ChildSpec spec = child_();
  spec.restart = Restart::kTemporary;
  const Shutdown shutdown = spec.shutdown_or_default();
  const absl::StatusOr<Pid> pid =
      co_await workers_.HandleCall(DynamicSupervisor::StartChild{std::move(spec)});
  if (!pid.ok()) {
    TakeFirst().Send(pid.status());
  } else if (!*pid) {
    TakeFirst().Send(absl::UnavailableError("a worker's start was ignored"));
  } else {
    overflow_.emplace(*pid, shutdown);
    Offer(*pid);
  }
}

Async<Next> PoolServer::HandleInfo(ExitSignal exit) {
  const Pid ended = exit.from;
  const bool was_lent = lent_.erase(ended) > 0;
  const bool was_overflow = overflow_.erase(ended) > 0;
  std::erase(free_, ended);
  table_->Ended(ended);
  if (was_overflow && !was_lent) exit.reason = ExitReason::Shutdown();  // it was asked to
  Next next = co_await workers_.HandleInfo(std::move(exit));
  if (was_overflow)
    co_return Next::Continue(Grow());  // nothing else follows: it isn't started anew
  co_return next;
}

Async<Next> PoolServer::HandleInfo(DynamicSupervisor::Retry retry) {
  return workers_.HandleInfo(retry);
}

void PoolServer::EndOverflow(const Pid& worker) {
  const Shutdown& shutdown = overflow_.at(worker);
  Exit(worker, shutdown.is_brutal_kill() ? ExitReason::Kill() : ExitReason::Shutdown());
  if (!shutdown.is_brutal_kill() && shutdown != Shutdown::Infinity())
    SendAfter(shutdown.limit(), Self(), Overdue{worker});
}

void PoolServer::HandleInfo(Overdue overdue) {
  if (overflow_.contains(overdue.worker)) Exit(overdue.worker, ExitReason::Kill());
}

Async<> PoolServer::Terminate(const ExitReason& reason) { return workers_.Terminate(reason); }

// ---- Lending.

Next PoolServer::HandleCall(Borrow borrow, ReplyTo<Borrow> reply_to) {
  while (!free_.empty() && HasEnded(free_.back())) free_.pop_back();
  if (!free_.empty()) {
    const Pid worker = free_.back();
    free_.pop_back();
    Lend(worker, std::move(reply_to));
    return Next();
  }
  if (!MayGrow() && waiting_.size() >= table_->options().max_waiting) {
    reply_to.Send(absl::ResourceExhaustedError(
        absl::StrCat("all workers of the pool are lent, and ", waiting_.size(), " wait for one")));
    return Next();
  }
  const auto place = waiting_.insert(waiting_.end(), {borrow.wish, std::move(reply_to)});
  wishes_.emplace(borrow.wish, place);
  return MayGrow() ? Next::Continue(Grow()) : Next();
}

void PoolServer::HandleCast(const GiveUp& given_up) {
  const auto place = wishes_.find(given_up.wish);
  if (place == wishes_.end()) return;  // it has been granted: the lease comes back by itself
  waiting_.erase(place->second);
  wishes_.erase(place);
}

void PoolServer::HandleCast(const GiveBack& given_back) {
  // The successor of one that has ended has been offered, or will be.
  if (HasEnded(given_back.worker)) return;
  lent_.erase(given_back.worker);
  Offer(given_back.worker);
}

void PoolServer::Lend(const Pid& worker, ReplyTo<Borrow> reply_to) {
  lent_.insert(worker);
  reply_to.Send(AnyLease(Self(), worker));
}

// The worker is free.
void PoolServer::Offer(const Pid& worker) {
  if (!waiting_.empty()) {
    Lend(worker, TakeFirst());
  } else if (!overflow_.contains(worker)) {
    free_.push_back(worker);
  } else {
    EndOverflow(worker);
  }
}

ReplyTo<PoolServer::Borrow> PoolServer::TakeFirst() {
  Waiting first = std::move(waiting_.front());
  waiting_.pop_front();
  wishes_.erase(first.wish);
  return std::move(first.reply_to);
}

// ---- What it is asked.

PoolStatus PoolServer::Status() const {
  const auto overflow = std::count_if(
      lent_.begin(), lent_.end(), [this](const Pid& worker) { return overflow_.contains(worker); });
  return {.workers = free_.size() + lent_.size(),
          .overflow = static_cast<size_t>(overflow),
          .free = free_.size(),
          .waiting = waiting_.size()};
}

std::vector<ChildInfo> PoolServer::HandleCall(supervisor_internal::WhichChildren which) {
  return workers_.HandleCall(which);
}
ChildCounts PoolServer::HandleCall(supervisor_internal::CountChildren count) {
  return workers_.HandleCall(count);
}

std::string PoolServer::FormatStatus() const {
  const PoolStatus status = Status();
  return absl::StrCat(status.workers, " workers, ", status.free, " of them free, ", status.overflow,
                      " only for now; ", status.waiting, " wait for one");
}

// ---- Borrowing.

namespace {

// Gives up what was asked for, unless it was answered.
class Wish {
 public:
  explicit Wish(const Pid& pool) : pool_(pool) {}
  Wish(const Wish&) = delete;
  Wish& operator=(const Wish&) = delete;
  ~Wish() {
    if (!is_answered_) Send(pool_, PoolServer::GiveUp{ref_});
  }

  const Ref& ref() const { return ref_; }
  void Answered() { is_answered_ = true; }

 private:
  const Pid pool_;
  const Ref ref_ = MakeRef();
  bool is_answered_ = false;
};

}  // namespace

Async<absl::StatusOr<AnyLease>> BorrowFrom(std::shared_ptr<WorkerTable> table,
                                           absl::Duration timeout) {
  const Pid pool = table->process();
  Wish wish(pool);
  absl::StatusOr<AnyLease> lease =
      co_await Request(pool, PoolServer::Borrow{wish.ref()}).Within(timeout);
  if (!absl::IsDeadlineExceeded(lease.status())) wish.Answered();
  if (IsCallFailure(lease.status()) && absl::IsNotFound(lease.status()))
    co_return absl::UnavailableError("the pool doesn't run: start its child()");
  co_return lease;
}

}  // namespace hydra::pool_internal
