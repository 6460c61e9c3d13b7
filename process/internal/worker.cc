#include "hydra/process/internal/worker.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <thread>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "hydra/base/check.h"
#include "hydra/base/compiler.h"
#include "hydra/base/log.h"
#include "hydra/process/exit_reason.h"
#include "hydra/process/internal/blocking_pool.h"
#include "hydra/process/internal/control_block.h"
#include "hydra/process/internal/current.h"
#include "hydra/process/internal/entry.h"
#include "hydra/process/internal/inbox.h"
#include "hydra/process/internal/limited_inbox.h"
#include "hydra/process/internal/pause.h"
#include "hydra/process/internal/relations.h"
#include "hydra/process/internal/scheduler.h"
#include "hydra/process/internal/signal.h"
#include "hydra/process/internal/signals.h"
#include "hydra/process/internal/thief.h"
#include "hydra/process/internal/timers.h"
#include "hydra/process/internal/wait.h"
#include "hydra/process/pid.h"
#include "hydra/process/priority.h"

namespace hydra::process_internal {
namespace {

// How long a worker looks for work before it parks: some twenty microseconds.
constexpr int kSearchRounds = 16;
constexpr int kPausesPerRound = 32;

// How long one worker goes on looking when something has come from another node, whose next word may come soon: a
// few times as long as there and back takes between two nodes on a machine. In nanoseconds.
constexpr int64_t kAwaitsNetwork = 200'000;
// A worker that is busy looks at the network once in so many rounds, if nothing has come of late.
constexpr int kMaxRoundsPerPoll = 16;

}  // namespace

Worker::Worker(Scheduler& scheduler, uint32_t index, uint64_t seed)
    : scheduler_(scheduler),
      table_(scheduler.table()),
      clock_(scheduler.clock()),
      home_(scheduler.home()),
      index_(index),
      // Spread, so that neighbouring seeds don't start alike.
      random_(static_cast<uint32_t>(((seed + index + 1) * 0x9E3779B97F4A7C15u) >> 33)) {}

constinit thread_local Worker* Worker::of_this_thread_ = nullptr;

Worker* Worker::Current() { return of_this_thread_; }

Worker& Worker::CurrentOrDie() {
  HYDRA_CHECK(of_this_thread_ != nullptr) << kNoRuntime;
  return *of_this_thread_;
}

ControlBlock& Worker::CurrentProcess() {
  HYDRA_CHECK(of_this_thread_ != nullptr && of_this_thread_->current_ != nullptr) << kNoProcess;
  return *of_this_thread_->current_;
}

Worker::Scope::Scope(Worker* worker) : outer_(of_this_thread_) { of_this_thread_ = worker; }

Worker::Scope::~Scope() { of_this_thread_ = outer_; }

Worker::Arrival::Arrival(const Scheduler& scheduler)
    : worker_(of_this_thread_ != nullptr && &of_this_thread_->scheduler_ == &scheduler
                  ? of_this_thread_
                  : nullptr) {
  if (worker_ != nullptr) worker_->arriving_ = true;
}

Worker::Arrival::~Arrival() {
  if (worker_ != nullptr) worker_->arriving_ = false;
}

// ---- Driving.

void Worker::Run() {
  Scope scope(this);
  for (;;) {
    // On a busy worker nearly every turn is of the process that was woken last.
    ControlBlock* process = --next_turns_left_ >= 0 ? next_.Take() : nullptr;
    if (process == nullptr) process = PickOther();
    if (process == nullptr) return;
    Count(turns_);
    Execute(*process);
  }
}

bool Worker::RunOne() {
  const Scope scope(this);
  FireTimers();
  CollectRunnable();
  BlockingPool& pool = scheduler_.blocking_pool();
  const size_t choices = runnable_.size() + pool.ready();
  if (choices == 0) return false;
  Count(turns_);
  const size_t chosen = random_() % choices;
  if (chosen < runnable_.size()) {
    std::swap(runnable_[chosen], runnable_.back());
    ControlBlock* process = runnable_.back();
    runnable_.pop_back();
    Execute(*process);
  } else {
    const Scope foreign(nullptr);
    pool.RunReady(chosen - runnable_.size());
  }
  return true;
}

void Worker::KillLeftOver(ControlBlock& process) {
  if (process.state != ProcessState::kDead) {
    current_ = &process;
    current_pid_of_ = nullptr;
    if (process.state == ProcessState::kDoomed) {
      EndDoomed(process);
    } else {
      End(process, ExitReason::Killed());
    }
  }
  while (process.state == ProcessState::kDead) Reap(process);
}

// ---- Choosing.

// Waits until there is something to run; null when the scheduler stops.
ControlBlock* Worker::PickOther() {
  while (!scheduler_.stopping()) {
    // While others may be more urgent, `next` has no turns of its own.
    next_turns_left_ = priorities_used_ ? 0 : kNextInARow;
    if (turns_.load(std::memory_order_relaxed) >= next_round_) {
      BeginRound();
      if (ControlBlock* process = scheduler_.TakeInjected()) return process;
    }
    if (!next_.empty()) FlushNext();
    if (ControlBlock* process = PickQueued()) return process;
    if (ControlBlock* process = Search()) return process;
    scheduler_.Park(*this, thief_.rests());
    FireTimers();
  }
  return nullptr;
}

// Looks at the clock, and settles when to look again: in a number of turns that take no longer than a
// millisecond, as far as one can tell from the last ones.
void Worker::BeginRound() {
  const Tick now = scheduler_.clock().NowTick();
  turns_per_round_ = now > round_began_ ? std::max<uint64_t>(turns_per_round_ / 2, 1)
                                        : std::min(turns_per_round_ * 2, kMaxTurnsPerRound);
  round_began_ = now;
  next_round_ = turns_.load(std::memory_order_relaxed) + turns_per_round_;
  FireTimers();
  PollNetwork();
}

// What comes from other nodes is looked for more seldom while nothing comes.
void Worker::PollNetwork() {
  if (--rounds_to_poll_ > 0) return;
  rounds_per_poll_ =
      scheduler_.remote().Poll() ? 1 : std::min(rounds_per_poll_ * 2, kMaxRoundsPerPoll);
  rounds_to_poll_ = rounds_per_poll_;
}

ControlBlock* Worker::PickQueued() {
  ++queued_picks_;
  if (priorities_used_) {
    if (ControlBlock* process = queued_picks_ % kTurnsPerLowPriority == 0 ? low_.Pop() : nullptr)
      return process;
    if (ControlBlock* process = high_.Pop()) return process;
  }
  if (queued_picks_ % kTurnsPerOldest == 0) {
    if (ControlBlock* process = spawned_.PopOldest()) return process;
  }
  if (ControlBlock* process = ready_.Pop()) return process;
  if (ControlBlock* process = spawned_.PopNewest()) return process;
  if (!priorities_used_) return nullptr;
  ControlBlock* process = low_.Pop();
  priorities_used_ = process != nullptr;
  return process;
}

// Takes a share of the injected processes, and runs the first.
ControlBlock* Worker::PickInjected() {
  std::array<ControlBlock*, 64> taken;
  const size_t count = scheduler_.TakeInjected(taken);
  if (count == 0) return nullptr;
  for (ControlBlock* process : std::span(taken).first(count).subspan(1)) Enqueue(*process);
  return taken[0];
}

ControlBlock* Worker::Search() {
  const Scheduler::Searching searching(scheduler_);
  thief_.RanDry(scheduler_.clock().ElapsedNanos());
  if (ControlBlock* process = AwaitNetwork()) return process;
  const int rounds = thief_.rests() ? 1 : kSearchRounds;
  for (int round = 0; round < rounds && !scheduler_.stopping(); ++round) {
    if (ControlBlock* process = LookOnce()) return process;
    if (scheduler_.workers().size() > 1) Pause(kPausesPerRound);
  }
  return nullptr;
}

ControlBlock* Worker::LookOnce() {
  if (ControlBlock* process = PickInjected()) return process;
  const auto workers = scheduler_.workers();
  const size_t first = random_();
  for (size_t i = 0; i < workers.size(); ++i) {
    Worker& victim = *workers[(first + i) % workers.size()];
    if (&victim != this && StealFrom(victim)) return PickQueued();
  }
  FireTimers();
  scheduler_.remote().Poll();
  if (ControlBlock* process = next_.Take()) return process;
  return PickQueued();
}

// Looks without a pause for a while, if another node may say something soon, and no other worker does.
ControlBlock* Worker::AwaitNetwork() {
  const auto is_likely = [this] {
    return scheduler_.clock().ElapsedNanos() - scheduler_.remote().heard_at() < kAwaitsNetwork;
  };
  if (!is_likely()) return nullptr;
  const Scheduler::AwaitingNetwork awaiting(scheduler_);
  while (awaiting.is_only() && is_likely() && !scheduler_.stopping()) {
    if (ControlBlock* process = LookOnce()) return process;
    std::this_thread::yield();
  }
  return nullptr;
}

bool Worker::StealFrom(Worker& victim) {
  std::array<ControlBlock*, 128> taken;
  size_t count = victim.high_.TakeHalf(taken);
  if (count == 0 && !thief_.rests()) {
    count = victim.ready_.TakeHalf(taken);
    if (count > 0) thief_.Stole(count, scheduler_.clock().ElapsedNanos());
  }
  if (count == 0) {
    taken[0] = victim.spawned_.PopOldest();
    count = taken[0] != nullptr ? 1 : 0;
  }
  if (count == 0) count = victim.low_.TakeHalf(taken);
  for (ControlBlock* process : std::span(taken).first(count)) Enqueue(*process);
  return count > 0;
}

bool Worker::StealStaleNext(Worker& victim) {
  const Sighting seen = {.next = victim.next_.Peek(),
                         .turns = victim.turns_.load(std::memory_order_relaxed)};
  const bool stale = seen.next != nullptr && seen.next == victim.last_seen_.next &&
                     seen.turns == victim.last_seen_.turns;
  victim.last_seen_ = seen;
  if (!stale || !victim.next_.Steal(seen.next)) return false;
  Enqueue(*seen.next);
  return true;
}

bool Worker::HasWork() const {
  return ready_.size() > 0 || spawned_.size() > 0 || high_.size() > 0 || low_.size() > 0;
}

void Worker::CollectRunnable() {
  const auto collect = [this](ControlBlock* process) {
    if (process != nullptr) runnable_.push_back(process);
    return process != nullptr;
  };
  collect(next_.Take());
  while (collect(high_.Pop())) continue;
  while (collect(ready_.Pop())) continue;
  while (collect(low_.Pop())) continue;
  while (collect(spawned_.PopOldest())) continue;
  while (collect(scheduler_.TakeInjected())) continue;
}

// ---- Queueing.

// For a process that was just woken by what runs here.
inline void Worker::Wake(ControlBlock& process) {
  sends_since_wake_ = 0;
  if (process.priority != Priority::kNormal) [[unlikely]] {
    Enqueue(process);
  } else {
    if (!next_.empty()) FlushNext();
    next_.Put(&process);
  }
  scheduler_.EnsureWatch();
}

// Moves `next` to the end of the queue.
void Worker::FlushNext() {
  if (ControlBlock* process = next_.Take()) Enqueue(*process);
  if (ready_.size() > 1) scheduler_.WakePeer();
}

Worker::Queue& Worker::QueueOf(const ControlBlock& process) {
  if (process.priority == Priority::kNormal) [[likely]]
    return ready_;
  priorities_used_ = true;
  return process.priority == Priority::kHigh ? high_ : low_;
}

// Puts a runnable process at the end of its queue.
void Worker::Enqueue(ControlBlock& process) {
  Queue& queue = QueueOf(process);
  while (!queue.Push(&process)) [[unlikely]]
    Spill(queue);
}

// Moves half of a full queue to the injection queue.
HYDRA_COLD HYDRA_NOINLINE void Worker::Spill(Queue& queue) {
  std::array<ControlBlock*, 128> spilled;
  scheduler_.Inject(std::span(spilled).first(queue.TakeHalf(spilled)));
}

void Worker::EnqueueSpawned(ControlBlock& process) {
  if (process.priority == Priority::kNormal) {
    while (!spawned_.Push(&process)) SpillSpawned();
  } else {
    Enqueue(process);
  }
  if (spawned_.size() > 1) scheduler_.WakePeer();
  scheduler_.EnsureWatch();
}

// Moves the oldest of a full deque to the injection queue.
void Worker::SpillSpawned() {
  std::array<ControlBlock*, 256> spilled;
  size_t count = 0;
  while (count < spilled.size()) {
    ControlBlock* oldest = spawned_.PopOldest();
    if (oldest == nullptr) break;
    spilled[count++] = oldest;
  }
  scheduler_.Inject(std::span(spilled).first(count));
}

void Worker::FireTimers() {
  Timers& timers = scheduler_.timers();
  if (timers.NextDue() == kForever) return;
  const Tick now = scheduler_.clock().NowTick();
  firing_ = true;
  for (size_t i = 0; i < timers.wheels(); ++i) {
    if (timers.NextDue(i) > now) continue;
    timers.Fire(i, now, [this](FiredTimer& timer) { SendFired(timer); });
  }
  firing_ = false;
}

void Worker::SendFired(FiredTimer& timer) noexcept {
  Signal* signal = timer.message;
  if (timer.repeated != nullptr) {
    signal = CopyOfInterval(timer);
    if (signal == nullptr) return;
  } else if (signal == nullptr) {
    signal = NewSignal<WaitExpired>(&kWaitExpired, timer.due);
  }
  if (timer.address == nullptr) return Send(timer.process, signal);
  scheduler_.Send(*timer.address, signal);
}

// Null if there is none.
Signal* Worker::CopyOfInterval(const FiredTimer& timer) noexcept {
  try {
    return timer.repeated->type->clone(timer.repeated.get());
  } catch (...) {
    HYDRA_LOG(ERROR) << "SendInterval to "
                     << (timer.address == nullptr ? timer.process.ToString()
                                                  : timer.address->ToString())
                     << ": copying the message failed with "
                     << ExitReason::FromCurrentException().ToString() << "; this one is left out";
    return nullptr;
  }
}

// ---- What processes do.

HYDRA_ALWAYS_INLINE void Worker::Deliver(const Pid& to, Signal* signal) {
  if (to.home() == home_) [[likely]] {
    ControlBlock& receiver = table_[to.slot()];
    const uint64_t serial = receiver.serial.load(std::memory_order_acquire);
    if (serial == to.serial()) [[likely]] {
      signal->serial = to.serial();
      switch (receiver.inbox.Push(signal)) {
        case Inbox::PushResult::kWokeOwner:
          return Wake(receiver);
        case Inbox::PushResult::kQueued:
          sent_to_itself_ |= &receiver == current_;
          if (++sends_since_wake_ == kSendsBeforeFlush) LetOthersRunNext();
          return;
        case Inbox::PushResult::kClosed:
          break;
      }
    } else if (serial == (to.serial() | kLimited)) {
      return DeliverLimited(receiver, to, signal);
    }
  }
  scheduler_.Undeliverable(to, signal);
}

// The same to a process with a mailbox limit.
void Worker::DeliverLimited(ControlBlock& receiver, const Pid& to, Signal* signal) {
  const LimitedInbox::Pushed pushed = scheduler_.PushLimited(to, signal, SourceOf(receiver, to));
  sent_to_itself_ |= &receiver == current_;
  if (pushed.wake) {
    Wake(receiver);
  } else if (++sends_since_wake_ == kSendsBeforeFlush) {
    LetOthersRunNext();
  }
  if (pushed.hold) Hold(*current_, to);
  scheduler_.FinishPush(to, signal, pushed);
}

void Worker::Send(const Pid& to, Signal* signal) { Deliver(to, signal); }

// The waker of `next` goes on sending: another worker may as well run it.
void Worker::LetOthersRunNext() {
  if (next_.empty()) return;
  FlushNext();
  scheduler_.WakePeer();
}

bool Worker::MaySpawn() const { return !scheduler_.stopping() && !IsExiting(); }

// A process that nobody knows yet; null if there can be none. Takes the entry.
HYDRA_ALWAYS_INLINE ControlBlock* Worker::NewProcess(Entry* entry, Priority priority) {
  ControlBlock* process = MaySpawn() ? table_.Allocate(slots_) : nullptr;
  if (process == nullptr) [[unlikely]] {
    NotSpawned(entry);
    return nullptr;
  }
  process->Open(entry, priority);
  Count(spawned_count_);
  return process;
}

HYDRA_COLD void Worker::NotSpawned(Entry* entry) {
  if (MaySpawn())
    HYDRA_LOG(ERROR) << "Spawn: all max_processes process slots are in use; nothing is spawned";
  entry->destroy(entry);
}

Pid Worker::Spawn(Entry* entry) {
  ControlBlock* process = NewProcess(entry, Priority::kNormal);
  if (process == nullptr) [[unlikely]]
    return Pid(0, 0, home_);
  const Pid pid = PidOf(*process);
  EnqueueSpawned(*process);
  return pid;
}

Pid Worker::SpawnRelated(Entry* entry, const Spawning& spawning) {
  if (ControlBlock* process = NewProcess(entry, spawning.priority)) {
    Bind(*process, spawning);
    const Pid pid = PidOf(*process);
    EnqueueSpawned(*process);
    return pid;
  }
  // The spawner hears at once that there is no such process.
  const Pid nobody(0, 0, home_);
  if (current_ == nullptr) return nobody;
  if (spawning.link) Link(nobody);
  if (spawning.monitor != nullptr) *spawning.monitor = Monitor(nobody, Alias::kNone);
  return nobody;
}

absl::StatusOr<Pid> Worker::SpawnWith(Entry* entry, const Spawning& spawning) {
  ControlBlock* process = NewProcess(entry, spawning.priority);
  if (process != nullptr && spawning.mailbox_limit.messages > 0)
    scheduler_.LimitMailbox(*process, spawning.mailbox_limit);
  if (process == nullptr) {
    return MaySpawn() ? absl::ResourceExhaustedError("all max_processes process slots are in use")
                      : absl::FailedPreconditionError("who is ending spawns nothing");
  }
  const Pid pid = PidOf(*process);
  if (!spawning.name.empty()) {
    if (absl::Status status = scheduler_.Register(pid, spawning.name); !status.ok()) {
      Discard(*process);
      return status;
    }
  }
  Bind(*process, spawning);
  EnqueueSpawned(*process);
  return pid;
}

// ---- The free functions of current.h.

bool HasEnded(const Pid& pid) {
  if (!pid) return true;
  const Worker* worker = Worker::of_this_thread_;
  return worker != nullptr && pid.home() == worker->home_ && !worker->table_.IsAlive(pid);
}

void SendSignal(const Pid& to, Signal* signal) {
  Worker* worker = Worker::of_this_thread_;
  HYDRA_CHECK(worker != nullptr) << Worker::kNoRuntime;
  worker->Deliver(to, signal);
}

Ref NewRef() {
  Worker* worker = Worker::of_this_thread_;
  HYDRA_CHECK(worker != nullptr && worker->current_ != nullptr) << Worker::kNoProcess;
  return Ref(worker->PidOf(*worker->current_), worker->current_->mailbox.Mark());
}

bool SendSignalTo(const Dest& to, Signal* signal) {
  return Worker::CurrentOrDie().scheduler().Send(to, signal);
}

absl::StatusOr<Pid> SpawnEntryWith(Entry* entry, const Spawning& spawning) {
  return Worker::CurrentOrDie().SpawnWith(entry, spawning);
}

Pid SpawnEntry(Entry* entry) { return Worker::CurrentOrDie().Spawn(entry); }

Pid SpawnRelatedEntry(Entry* entry, const Spawning& spawning) {
  return Worker::CurrentOrDie().SpawnRelated(entry, spawning);
}

}  // namespace hydra::process_internal
