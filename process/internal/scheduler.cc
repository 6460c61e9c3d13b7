#include "hydra/process/internal/scheduler.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <thread>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "hydra/base/mutex.h"
#include "hydra/process/dest.h"
#include "hydra/process/exit_reason.h"
#include "hydra/process/internal/clock.h"
#include "hydra/process/internal/control_block.h"
#include "hydra/process/internal/entry.h"
#include "hydra/process/internal/homes.h"
#include "hydra/process/internal/inbox.h"
#include "hydra/process/internal/signal.h"
#include "hydra/process/internal/signals.h"
#include "hydra/process/internal/thief.h"
#include "hydra/process/internal/timers.h"
#include "hydra/process/internal/wait.h"
#include "hydra/process/internal/worker.h"
#include "hydra/process/pid.h"
#include "hydra/process/priority.h"
#include "hydra/process/via.h"

namespace hydra::process_internal {
namespace {

constexpr absl::Duration kWatchInterval = absl::Milliseconds(1);

}  // namespace

Scheduler::Scheduler(const Options& options)
    : home_(NewHome()),
      by_hand_(options.by_hand),
      gate_(std::make_shared<RuntimeGate>(*this)),
      blocking_pool_({.max_threads = options.max_blocking_threads, .by_hand = options.by_hand}),
      clock_(options.by_hand ? Clock::Kind::kVirtual : Clock::Kind::kSteady),
      table_(options.max_processes, SlotsOf(home_)),
      names_(table_),
      limited_inboxes_(options.max_processes),
      timers_(options.workers),
      beds_(options.workers) {
  for (uint32_t i = 0; i < options.workers; ++i) {
    workers_.push_back(std::make_unique<Worker>(*this, i, options.seed));
  }
  if (by_hand_) return;
  for (const std::unique_ptr<Worker>& worker : workers_)
    threads_.emplace_back([&worker] { worker->Run(); });
}

Scheduler::~Scheduler() { Stop(); }

void Scheduler::Stop() {
  blocking_pool_.Stop();  // while processes run, since a blocking function may wait for one
  gate_->Close();
  {
    MutexLock lock(mutex_);
    stopping_.store(true, std::memory_order_relaxed);
    for (Bed& bed : beds_) bed.wake.NotifyAll();
  }
  for (std::thread& thread : threads_) thread.join();
  remote_.SetIdle(true);
  // No other thread is left. What destructors send to processes that haven't been reached yet dies
  // with those.
  const Worker::Scope scope(&worker());
  for (uint32_t i = 0; i < table_.size(); ++i) {
    if (table_[i].state != ProcessState::kFree) worker().KillLeftOver(table_[i]);
  }
  timers_.CancelAll();  // those to names
}

// ---- For any thread.

Pid Scheduler::Spawn(Entry* entry) {
  Worker* current = Worker::Current();
  if (current != nullptr && &current->scheduler() == this) return current->Spawn(entry);
  ControlBlock* process = nullptr;
  {
    MutexLock lock(outside_mutex_);
    process = table_.Allocate(outside_slots_);
  }
  if (process == nullptr) {
    entry->destroy(entry);
    return Pid(0, 0, home_);
  }
  process->Open(entry, Priority::kNormal);
  outside_spawns_.fetch_add(1, std::memory_order_relaxed);
  const Pid pid(process->serial.load(std::memory_order_relaxed), process->index, home_);
  Inject(*process);
  return pid;
}

Pid Scheduler::WhereIs(const Dest& dest) const {
  if (const Pid* pid = dest.pid()) return *pid;
  if (const Ref* alias = dest.alias()) return alias->creator();
  if (const Via* via = dest.via()) return via->WhereIs();
  return IsElsewhere(*dest.name()) ? Pid() : names_.WhereIs(dest.name()->name);
}

bool Scheduler::Send(const Dest& to, Signal* signal) {
  if (const Pid* pid = to.pid()) return Send(*pid, signal);
  if (const Ref* alias = to.alias()) {
    Send(alias->creator(), NewSignal<AliasedMessage>(&kAliasedMessage, alias->id(), signal));
    return true;
  }
  if (to.name() != nullptr && IsElsewhere(*to.name())) {
    SendElsewhere(*to.name(), signal);
    return true;
  }
  const Pid pid = WhereIs(to);
  return Send(pid, signal) && pid;
}

bool Scheduler::Send(const Pid& to, Signal* signal) {
  Worker* current = Worker::Current();
  if (current != nullptr && &current->scheduler() == this) {
    current->Send(to, signal);
    return true;
  }
  if (to.home() == home_) {
    ControlBlock& receiver = table_[to.slot()];
    const uint64_t serial = receiver.serial.load(std::memory_order_acquire);
    if (serial == (to.serial() | kLimited)) return SendLimited(receiver, to, signal);
    if (serial == to.serial()) {
      signal->serial = to.serial();
      const Inbox::PushResult pushed = receiver.inbox.Push(signal);
      if (pushed == Inbox::PushResult::kWokeOwner) Inject(receiver);
      if (pushed != Inbox::PushResult::kClosed) return true;
    }
  }
  Undeliverable(to, signal);
  return true;
}

void Scheduler::Refuse(const Pid& to, Signal* signal, const Refusal& refusal) {
  if (signal->type->refuse != nullptr) signal->type->refuse(*this, to, *signal, refusal);
  DestroySignal(signal);
}

size_t Scheduler::process_count() const {
  int64_t count = outside_spawns_.load(std::memory_order_relaxed);
  for (const std::unique_ptr<Worker>& worker : workers_) {
    count += static_cast<int64_t>(worker->spawned()) - static_cast<int64_t>(worker->ended());
  }
  return static_cast<size_t>(std::max<int64_t>(count, 0));
}

std::vector<Pid> Scheduler::Processes() const {
  std::vector<Pid> pids;
  for (uint32_t i = 0; i < table_.size(); ++i) {
    const Pid pid(table_[i].serial.load(std::memory_order_acquire) & ~kLimited, i, home_);
    if (table_.IsAlive(pid)) pids.push_back(pid);
  }
  return pids;
}

TimerPlace Scheduler::StartTimer(const Dest& address, Signal* message, Tick due, Tick interval) {
  const TimerPlace place = timers_.Start(address, message, due, interval);
  TimerArmed(due);
  return place;
}

TimerPlace Scheduler::StartTimer(const Pid& receiver, Signal* message, Tick due, Tick interval) {
  if (receiver.home() != home_ && remote_.is_node()) {
    const TimerPlace place = timers_.Start(receiver, message, due, interval);
    TimerArmed(due);
    return place;
  }
  if (!IsAlive(receiver)) {
    DestroySignal(message);
    return TimerPlace{};
  }
  const TimerPlace place =
      timers_.Start(receiver, table_[receiver.slot()].user_timers, message, due, interval);
  TimerArmed(due);
  // It may have died meanwhile, without having seen the timer: see UserTimerList.
  if (!IsAlive(receiver)) timers_.Cancel(receiver, place);
  return place;
}

// ---- Injection.

void Scheduler::Inject(std::span<ControlBlock* const> processes) {
  // Nothing is run any more: all are ended where they lie, and among these may be some that were, whose `next` is
  // that of a free slot.
  if (processes.empty() || stopping()) return;
  for (size_t i = 0; i + 1 < processes.size(); ++i) processes[i]->next = processes[i + 1];
  processes.back()->next = nullptr;
  MutexLock lock(mutex_);
  if (injected_first_ == nullptr) {
    injected_first_ = processes.front();
  } else {
    injected_last_->next = processes.front();
  }
  injected_last_ = processes.back();
  injected_count_.store(injected_count_.load(std::memory_order_relaxed) + processes.size(),
                        std::memory_order_relaxed);
  WakeOneLocked(false);
}

size_t Scheduler::TakeInjected(std::span<ControlBlock*> taken) {
  if (injected_count_.load(std::memory_order_relaxed) == 0) return 0;
  MutexLock lock(mutex_);
  const size_t waiting = injected_count_.load(std::memory_order_relaxed);
  const size_t count = std::min(taken.size(), (waiting + workers_.size() - 1) / workers_.size());
  for (size_t i = 0; i < count; ++i) {
    taken[i] = injected_first_;
    injected_first_ = injected_first_->next;
  }
  injected_count_.store(waiting - count, std::memory_order_relaxed);
  return count;
}

// ---- Parking. See the protocol in the header.

void Scheduler::Park(Worker& worker, bool rests) {
  MutexLock lock(mutex_);
  Bed& bed = beds_[worker.index()];
  if (stopping() || injected_first_ != nullptr) return;
  bed.parked = true;
  bed.rests = rests;
  bed.woken = false;
  CountParked(1, rests ? 0 : 1);
  if (AllParked()) remote_.SetIdle(true);
  bool found = false;
  while (!found && !bed.woken && !stopping()) {
    if (keeper_ == kNoKeeper || keeper_ == worker.index()) {
      found = KeepWatch(worker, bed);
    } else if (bed.rests) {
      bed.wake.WaitFor(mutex_, Thief::kRest);
    } else {
      bed.wake.Wait(mutex_);
    }
    if (std::exchange(bed.rests, false)) CountParked(0, 1);
  }
  bed.parked = false;
  if (AllParked()) remote_.SetIdle(false);
  CountParked(-1, -1);
  if (keeper_ == worker.index()) {
    keeper_ = kNoKeeper;
    ticking_ = false;
    // Timers must be kept by somebody even while this worker computes.
    if (timers_.NextDue() != kForever) PassOnTheWatch();
  }
  UpdateNeedsWatch();
}

bool Scheduler::KeepWatch(Worker& worker, Bed& bed) {
  keeper_ = worker.index();
  ticking_ = parked_count_.load(std::memory_order_relaxed) < static_cast<int>(workers_.size());
  UpdateNeedsWatch();
  keeper_sleeps_to_.store(kForever, std::memory_order_seq_cst);
  const Tick due = timers_.NextDue();
  const absl::Duration until_due = clock_.Until(due);
  if (until_due > absl::ZeroDuration()) {
    keeper_sleeps_to_.store(due, std::memory_order_seq_cst);
    bed.wake.WaitFor(mutex_, ticking_ ? std::min(until_due, kWatchInterval) : until_due);
  }
  keeper_sleeps_to_.store(0, std::memory_order_seq_cst);
  if (timers_.NextDue() <= clock_.NowTick()) return true;
  if (!ticking_) return false;
  return std::ranges::any_of(workers_, [&worker](const std::unique_ptr<Worker>& other) {
    return other.get() != &worker && (other->HasWork() || worker.StealStaleNext(*other));
  });
}

void Scheduler::WakeThief() {
  MutexLock lock(mutex_);
  WakeOneLocked(true);
}

void Scheduler::WakeOneLocked(bool to_steal) {
  Bed* chosen = nullptr;
  for (size_t i = 0; i < beds_.size(); ++i) {
    if (!beds_[i].parked || beds_[i].woken || (to_steal && beds_[i].rests)) continue;
    chosen = &beds_[i];
    if (static_cast<int>(i) != keeper_) break;
  }
  if (chosen == nullptr) return;
  chosen->woken = true;
  chosen->wake.NotifyOne();
}

// Makes a parked worker the keeper.
void Scheduler::PassOnTheWatch() {
  for (size_t i = 0; i < beds_.size(); ++i) {
    if (!beds_[i].parked || beds_[i].woken) continue;
    keeper_ = static_cast<int>(i);
    beds_[i].wake.NotifyOne();
    return;
  }
}

void Scheduler::StartWatch() {
  MutexLock lock(mutex_);
  if (ticking_) return;
  if (keeper_ == kNoKeeper) return PassOnTheWatch();
  beds_[keeper_].wake.NotifyOne();
}

void Scheduler::WakeKeeper() {
  MutexLock lock(mutex_);
  if (keeper_ != kNoKeeper) beds_[keeper_].wake.NotifyOne();
}

void Scheduler::CountParked(int parked, int thieves) {
  parked_count_.store(parked_count_.load(std::memory_order_relaxed) + parked,
                      std::memory_order_relaxed);
  thieves_count_.store(thieves_count_.load(std::memory_order_relaxed) + thieves,
                       std::memory_order_relaxed);
  UpdateNeedsWatch();
}

void Scheduler::UpdateNeedsWatch() {
  needs_watch_.store(parked_count_.load(std::memory_order_relaxed) > 0 && !ticking_,
                     std::memory_order_relaxed);
}

}  // namespace hydra::process_internal
