#include "hydra/process/internal/worker.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <utility>

#include "hydra/base/check.h"
#include "hydra/base/compiler.h"
#include "hydra/base/log.h"
#include "hydra/process/async.h"
#include "hydra/process/exit_reason.h"
#include "hydra/process/internal/control_block.h"
#include "hydra/process/internal/entry.h"
#include "hydra/process/internal/exit_signal.h"
#include "hydra/process/internal/inbox.h"
#include "hydra/process/internal/mailbox.h"
#include "hydra/process/internal/scheduler.h"
#include "hydra/process/internal/signal.h"
#include "hydra/process/internal/timers.h"
#include "hydra/process/internal/wait.h"
#include "hydra/process/pid.h"
#include "hydra/process/priority.h"

namespace hydra::process_internal {
namespace {

constinit thread_local Worker* worker_of_this_thread = nullptr;

// How long a worker looks for work before it parks: some twenty microseconds.
constexpr int kSearchRounds = 16;
constexpr int kPausesPerRound = 32;

void Pause() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

// Adds to a counter that only the calling thread writes.
void Count(std::atomic<uint64_t>& counter) {
  counter.store(counter.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
}

}  // namespace

Worker::Worker(Scheduler& scheduler, uint32_t index, uint64_t seed)
    : scheduler_(scheduler),
      table_(scheduler.table()),
      home_(scheduler.home()),
      index_(index),
      random_(static_cast<uint32_t>(seed + index)) {}

Worker* Worker::Current() { return worker_of_this_thread; }

Worker::Scope::Scope(Worker& worker) : outer_(worker_of_this_thread) { worker_of_this_thread = &worker; }

Worker::Scope::~Scope() { worker_of_this_thread = outer_; }

Pid Worker::PidOf(const ControlBlock& process) const {
  return Pid(process.serial.load(std::memory_order_relaxed), process.index, home_);
}

// ---- Driving.

void Worker::Run() {
  Scope scope(*this);
  while (ControlBlock* process = NextToRun()) Execute(*process);
}

bool Worker::RunOne() {
  Scope scope(*this);
  FireTimers();
  ControlBlock* process = PickBySeed();
  if (process == nullptr) return false;
  Execute(*process);
  return true;
}

void Worker::KillLeftOver(ControlBlock& process) {
  if (process.state != ProcessState::kDead) {
    current_ = &process;
    End(process, ExitReason::Killed());
  }
  while (process.state == ProcessState::kDead) Reap(process);
}

// ---- Choosing.

ControlBlock* Worker::NextToRun() {
  while (!scheduler_.stopping()) {
    Count(turns_);
    if (turns_.load(std::memory_order_relaxed) % kTurnsPerClockLook == 0) FireTimers();
    if (ControlBlock* process = PickLocal()) return process;
    if (ControlBlock* process = Search()) return process;
    scheduler_.Park(*this);
    FireTimers();
  }
  return nullptr;
}

ControlBlock* Worker::PickLocal() {
  const uint64_t turn = turns_.load(std::memory_order_relaxed);
  if (turn % kTurnsPerInjectionLook == 0 && scheduler_.HasInjected()) {
    ControlBlock* process = nullptr;
    if (scheduler_.TakeInjected(std::span(&process, 1)) == 1) return process;
  }
  if (ControlBlock* process = PickByPriority()) return process;
  if (ControlBlock* process = PickNext()) return process;
  if (turn % kTurnsPerOldestSpawned == 0) {
    if (ControlBlock* process = spawned_.PopOldest()) return process;
  }
  if (ControlBlock* process = ready_.Pop()) return process;
  if (ControlBlock* process = spawned_.PopNewest()) return process;
  return low_.size() > 0 ? low_.Pop() : nullptr;
}

// What goes before all normal processes: those of high priority, and now and then one of low priority.
ControlBlock* Worker::PickByPriority() {
  if (low_.size() > 0 && turns_.load(std::memory_order_relaxed) % kTurnsPerLowPriority == 0) return low_.Pop();
  return high_.size() > 0 ? high_.Pop() : nullptr;
}

// `next`, unless it has had its share and others wait: then it queues up behind them.
ControlBlock* Worker::PickNext() {
  if (next_.load(std::memory_order_relaxed) == nullptr) {
    next_in_a_row_ = 0;
    return nullptr;
  }
  if (++next_in_a_row_ > kNextInARow && (ready_.size() > 0 || spawned_.size() > 0)) {
    next_in_a_row_ = 0;
    FlushNext();
    return nullptr;
  }
  return TakeNext();
}

ControlBlock* Worker::TakeNext() { return next_.exchange(nullptr, std::memory_order_acq_rel); }

ControlBlock* Worker::Search() {
  const Scheduler::Searching searching(scheduler_);
  const auto workers = scheduler_.workers();
  for (int round = 0; round < kSearchRounds && !scheduler_.stopping(); ++round) {
    if (scheduler_.HasInjected()) {
      std::array<ControlBlock*, 64> taken;
      const size_t count = scheduler_.TakeInjected(taken);
      for (size_t i = 1; i < count; ++i) Enqueue(*taken[i]);
      if (count > 0) return taken[0];
    }
    const size_t first = random_();
    for (size_t i = 0; i < workers.size(); ++i) {
      Worker& victim = *workers[(first + i) % workers.size()];
      if (&victim != this && StealFrom(victim)) return PickLocal();
    }
    FireTimers();
    if (ControlBlock* process = PickLocal()) return process;
    for (int i = 0; i < kPausesPerRound && workers.size() > 1; ++i) Pause();
  }
  return nullptr;
}

bool Worker::StealFrom(Worker& victim) {
  std::array<ControlBlock*, 128> taken;
  for (Queue* queue : {&victim.high_, &victim.ready_}) {
    if (queue->size() == 0) continue;
    const size_t count = queue->TakeHalf(taken);
    for (size_t i = 0; i < count; ++i) Enqueue(*taken[i]);
    if (count > 0) return true;
  }
  if (ControlBlock* process = victim.spawned_.PopOldest()) {
    Enqueue(*process);
    return true;
  }
  if (ControlBlock* process = victim.low_.size() > 0 ? victim.low_.Pop() : nullptr) {
    Enqueue(*process);
    return true;
  }
  return false;
}

bool Worker::StealStaleNext(Worker& victim) {
  const Sighting seen = {.next = victim.next_.load(std::memory_order_relaxed),
                         .turns = victim.turns_.load(std::memory_order_relaxed)};
  const bool stale = seen.next != nullptr && seen.next == victim.last_seen_.next && seen.turns == victim.last_seen_.turns;
  victim.last_seen_ = seen;
  if (!stale) return false;
  ControlBlock* process = victim.TakeNext();
  if (process == nullptr) return false;
  Enqueue(*process);
  return true;
}

bool Worker::HasWork() const {
  return ready_.size() > 0 || spawned_.size() > 0 || high_.size() > 0 || low_.size() > 0;
}

ControlBlock* Worker::PickBySeed() {
  const auto collect = [this](ControlBlock* process) {
    if (process != nullptr) runnable_.push_back(process);
    return process != nullptr;
  };
  collect(TakeNext());
  while (collect(high_.Pop())) continue;
  while (collect(ready_.Pop())) continue;
  while (collect(low_.Pop())) continue;
  while (collect(spawned_.PopOldest())) continue;
  for (ControlBlock* process = nullptr; scheduler_.TakeInjected(std::span(&process, 1)) == 1;) collect(process);
  if (runnable_.empty()) return nullptr;
  Count(turns_);
  std::swap(runnable_[random_() % runnable_.size()], runnable_.back());
  ControlBlock* chosen = runnable_.back();
  runnable_.pop_back();
  return chosen;
}

// ---- Queueing.

// For a process that was just woken by what runs here.
void Worker::Wake(ControlBlock& process) {
  if (process.priority != Priority::kNormal) return Enqueue(process);
  sends_since_wake_ = 0;
  if (next_.load(std::memory_order_relaxed) != nullptr) FlushNext();
  next_.store(&process, std::memory_order_release);
  scheduler_.EnsureWatch();
}

// Puts a runnable process at the end of its queue.
void Worker::Enqueue(ControlBlock& process) {
  Queue& queue = process.priority == Priority::kNormal ? ready_ : process.priority == Priority::kHigh ? high_ : low_;
  while (!queue.Push(&process)) {
    std::array<ControlBlock*, 128> overflow;
    scheduler_.Inject(std::span(overflow.data(), queue.TakeHalf(overflow)));
  }
}

void Worker::EnqueueSpawned(ControlBlock& process) {
  if (process.priority != Priority::kNormal) return Enqueue(process);
  while (!spawned_.Push(&process)) {
    std::array<ControlBlock*, 256> overflow;
    size_t count = 0;
    while (count < overflow.size()) {
      ControlBlock* oldest = spawned_.PopOldest();
      if (oldest == nullptr) break;
      overflow[count++] = oldest;
    }
    scheduler_.Inject(std::span(overflow.data(), count));
  }
  if (spawned_.size() > 1) scheduler_.WakePeer();
}

void Worker::FlushNext() {
  if (ControlBlock* process = TakeNext()) Enqueue(*process);
  if (ready_.size() > 1) scheduler_.WakePeer();
}

void Worker::FireTimers() {
  Timers& timers = scheduler_.timers();
  if (timers.NextDue() == kForever) return;
  const Tick now = scheduler_.clock().NowTick();
  for (size_t i = 0; i < timers.wheels(); ++i) {
    if (timers.NextDue(i) > now) continue;
    timers.Fire(i, now, [this](const FiredTimer& timer) {
      Send(timer.process, timer.signal != nullptr ? timer.signal : NewSignal<WaitExpired>(&kWaitExpired, timer.due));
    });
  }
}

// ---- What processes do.

void Worker::Send(Pid to, Signal* signal) {
  if (to.home() == home_) {
    ControlBlock& receiver = table_[to.slot()];
    if (receiver.serial.load(std::memory_order_acquire) == to.serial()) {
      signal->serial = to.serial();
      switch (receiver.inbox.Push(signal)) {
        case Inbox::PushResult::kWokeOwner:
          return Wake(receiver);
        case Inbox::PushResult::kQueued:
          // The waker goes on; let another worker run whom it woke.
          if (++sends_since_wake_ == kSendsBeforeFlush && next_.load(std::memory_order_relaxed) != nullptr) {
            if (ControlBlock* process = TakeNext()) Enqueue(*process);
            scheduler_.WakePeer();
          }
          return;
        case Inbox::PushResult::kClosed:
          break;
      }
    }
  }
  DestroySignal(signal);
}

Pid Worker::Spawn(Entry* entry, Priority priority, ExitWatcher* watcher) {
  const bool refused = scheduler_.stopping() || (current_ != nullptr && current_->state == ProcessState::kExiting);
  ControlBlock* process = refused ? nullptr : table_.Allocate(slots_);
  if (process == nullptr) {
    if (!refused) HYDRA_LOG(ERROR) << "Spawn: all max_processes process slots are in use; nothing is spawned";
    entry->destroy(entry);
    return Pid(0, 0, home_);
  }
  process->Open(entry, priority, watcher);
  Count(spawned_count_);
  const Pid pid = PidOf(*process);
  EnqueueSpawned(*process);
  return pid;
}

bool Worker::BeginWait(Wait& wait, PromiseBase& leaf) {
  ControlBlock& process = *current_;
  Drain(process);
  if (!exit_.has_value()) {
    const Match match = process.mailbox.Find(wait, process.cursor);
    if (match == Match::kThrew) wait.deadline = 0;
    if (messages_left_-- > 0 && (match != Match::kNo || wait.deadline == 0)) return false;
  }
  process.wait = &wait;
  process.leaf = &leaf;
  return true;
}

// ---- One turn.

void Worker::Execute(ControlBlock& process) {
  if (process.state == ProcessState::kDead) return Reap(process);
  current_ = &process;
  messages_left_ = kMessagesPerTurn;
  if (process.state == ProcessState::kNew && !StartBody(process)) return;
  for (;;) {
    Drain(process);
    if (exit_.has_value()) return End(process, *std::exchange(exit_, std::nullopt));
    if (process.wait != nullptr) {
      if (!WaitIsOver(process)) {
        if (Sleep(process)) break;
        continue;
      }
      process.wait = nullptr;
    }
    process.leaf->frame().resume();
    if (process.wait == nullptr) return End(process, ReasonOfFinished(process));
    if (messages_left_ < 0 || process.wait->deadline == kNextTurn) {
      current_ = nullptr;
      return Enqueue(process);
    }
  }
  current_ = nullptr;
}

// Calls the body. Returns false if that ended the process.
bool Worker::StartBody(ControlBlock& process) {
  process.state = ProcessState::kAlive;
  try {
    process.body = AsyncAccess::Release(process.entry->start(*process.entry));
  } catch (...) {
    End(process, ExitReason::FromCurrentException());
    return false;
  }
  process.leaf = process.body;
  if (!process.entry->outlives_start) {
    Entry* entry = std::exchange(process.entry, nullptr);
    entry->destroy(entry);
  }
  return true;
}

bool Worker::WaitIsOver(ControlBlock& process) {
  Wait& wait = *process.wait;
  if (wait.found != nullptr || wait.deadline == kNextTurn) return true;
  if (process.mailbox.FindFresh(wait, process.cursor) != Match::kNo || wait.deadline == 0) return true;
  return wait.deadline != kForever && !ArmWaitTimer(process);
}

// Sees to it that the process is woken by the end of its wait. Returns false if that has come.
bool Worker::ArmWaitTimer(ControlBlock& process) {
  WaitTimer* timer = process.wait_timer;
  const Tick deadline = process.wait->deadline;
  // A wait that ended early leaves the timer armed: it fires too early for this one, and is armed anew then.
  if (timer != nullptr && timer->armed_for <= deadline) return true;
  if (timer == nullptr) {
    timer = ::new (AllocateBlock(sizeof(WaitTimer))) WaitTimer();
    timer->process = PidOf(process);
    process.wait_timer = timer;
  }
  if (scheduler_.clock().NowTick() >= deadline) return false;
  timer->armed_for = deadline;
  scheduler_.timers().Arm(*timer, deadline);
  scheduler_.TimerArmed(deadline);
  return true;
}

bool Worker::Sleep(ControlBlock& process) { return process.inbox.Sleep(process.cursor); }

ExitReason Worker::ReasonOfFinished(ControlBlock& process) {
  process.leaf = process.body;
  try {
    static_cast<Promise<void>*>(process.body)->TakeResult();
    return ExitReason::Normal();
  } catch (...) {
    return ExitReason::FromCurrentException();
  }
}

// ---- Signals.

void Worker::Admit(ControlBlock& process, Signal* fresh) {
  const uint64_t serial = process.serial.load(std::memory_order_relaxed);
  while (fresh != nullptr) {
    Signal* signal = fresh;
    fresh = signal->next;
    if (signal->serial != serial) {
      Consume(process, signal);  // for one that lived here before
    } else if (signal->type->kind == SignalKind::kMessage) {
      signal->next = nullptr;
      process.mailbox.Append(signal, signal);
    } else {
      Act(process, signal);
      Consume(process, signal);
    }
  }
}

void Worker::Act(ControlBlock& process, Signal* signal) {
  switch (signal->type->kind) {
    case SignalKind::kMessage:
      break;
    case SignalKind::kExit: {
      const ExitRequest& request = static_cast<ValueSignal<ExitRequest>*>(signal)->value;
      if (!exit_.has_value() && process.state != ProcessState::kExiting) exit_ = request.Effect(PidOf(process));
      break;
    }
    case SignalKind::kWake:
      // Unless it has been armed anew since.
      if (static_cast<ValueSignal<WaitExpired>*>(signal)->value.due == process.wait_timer->armed_for) {
        process.wait_timer->armed_for = kForever;
      }
      break;
  }
}

// Destroys a signal that has been dealt with.
void Worker::Consume(ControlBlock& process, Signal* signal) {
  signal->type->destroy_value(signal);
  if (!Inbox::Pin(process.cursor, signal)) FreeSignal(signal);
}

Signal* Worker::KeepFound(Wait& wait) {
  if (std::exchange(wait.found_is_pinned, false)) {
    if (Signal* fresh = current_->inbox.Unpin(current_->cursor)) Admit(*current_, fresh);
  }
  return std::exchange(wait.found, nullptr);
}

// ---- Death. The order is docs/architecture.md's.

void Worker::End(ControlBlock& process, ExitReason reason) {
  if (reason.kind() == ExitReason::Kind::kError) {
    HYDRA_LOG(ERROR) << "process " << PidOf(process).ToString() << " ended with " << reason.ToString();
  }
  process.state = ProcessState::kExiting;
  DestroyFrames(process);
  if (WaitTimer* timer = std::exchange(process.wait_timer, nullptr)) {
    scheduler_.timers().Disarm(*timer);
    std::destroy_at(timer);
    FreeBlock(timer, sizeof(WaitTimer));
  }
  if (Signal* late = process.inbox.Close(process.cursor)) Admit(process, late);
  exit_.reset();
  process.state = ProcessState::kDead;
  Count(ended_count_);
  if (ExitWatcher* watcher = std::exchange(process.exit_watcher, nullptr)) watcher->OnExit(reason);
  current_ = nullptr;
  Reap(process);
}

void Worker::DestroyFrames(ControlBlock& process) noexcept {
  if (Wait* wait = process.wait; wait != nullptr && wait->found != nullptr) {
    wait->found->type->destroy_value(wait->found);
    if (!wait->found_is_pinned) FreeSignal(wait->found);
  }
  process.wait = nullptr;
  // Innermost first, in a loop: each frame would destroy what it awaits by recursion.
  for (PromiseBase* frame = std::exchange(process.leaf, nullptr); frame != nullptr;) {
    PromiseBase* parent = frame->parent();
    frame->DestroyFrame();
    frame = parent;
  }
  process.body = nullptr;
  if (Entry* entry = std::exchange(process.entry, nullptr)) entry->destroy(entry);
}

// Destroys unread messages, a bounded number a turn, and frees the slot after the last.
void Worker::Reap(ControlBlock& process) {
  for (int i = 0; i < kReapedPerTurn; ++i) {
    Signal* message = process.mailbox.PopOldest();
    if (message == nullptr) {
      process.mailbox.Reset();
      process.state = ProcessState::kFree;
      process.serial.store(process.serial.load(std::memory_order_relaxed) + 1, std::memory_order_release);
      return table_.Free(slots_, &process);
    }
    DestroySignal(message);
  }
  Enqueue(process);
}

// ---- The calling thread's.

Worker& CurrentWorker() {
  Worker* worker = Worker::Current();
  HYDRA_CHECK(worker != nullptr) << "this must be called in a runtime; a foreign thread uses the members of hydra::Runtime";
  return *worker;
}

ControlBlock& CurrentProcess() {
  ControlBlock* process = CurrentWorker().current();
  HYDRA_CHECK(process != nullptr) << "this must be called by a process";
  return *process;
}

}  // namespace hydra::process_internal
