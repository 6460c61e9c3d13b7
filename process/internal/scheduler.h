// The scheduler of one runtime: its workers, its process table, its timers and its clock.
//
// Idle means idle
//   A worker that finds nothing to run parks. One of the parked workers is the keeper: it wakes
//   itself when the next timer is due, and every millisecond while another worker runs, to take
//   over what that one has left lying for so long (its process may compute for seconds). With all
//   parked and no timer due, nothing ticks.
//
// Protocol of parking (everything about it is guarded by one lock)
//   1. Park: under the lock, look at the injection queue; if it is empty, count as parked. If there
//      is no keeper, become it.
//   2. Inject, any thread: under the lock, append; wake a parked worker, the keeper last.
//   3. A worker that runs and puts a process where only itself looks reads `needs_watch_`; if it is
//      set, some worker is parked and no keeper ticks, so it wakes the keeper to start ticking.
//      `needs_watch_` is written under the lock, and a worker that unparks passes the lock before
//      it runs anything: it can't miss that the ticking has stopped.
//   4. A timer that is armed for an earlier time than the keeper sleeps to (`keeper_sleeps_to_`)
//      wakes the keeper. The keeper publishes that it is about to sleep before it reads the timers'
//      next due tick, the one that arms stores the due tick before it reads `keeper_sleeps_to_`,
//      all sequentially consistent: one sees the other.
//
//   5. While a worker is awake, workers handle what comes from other nodes (Transport::Poll); when the
//      last one parks, the transport is told, under the lock, to see to that itself.
//
// A push to a worker's own queue wakes nobody by itself: that worker is awake and will come to it.
// Others are woken for it only when it has grown (`WakePeer`), so as not to pay a wake-up for what
// is run here within microseconds anyway; what they are not woken for the keeper's tick finds.
#ifndef HYDRA_PROCESS_INTERNAL_SCHEDULER_H_
#define HYDRA_PROCESS_INTERNAL_SCHEDULER_H_

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "hydra/base/compiler.h"
#include "hydra/base/mutex.h"
#include "hydra/process/dest.h"
#include "hydra/process/internal/blocking_pool.h"
#include "hydra/process/internal/clock.h"
#include "hydra/process/internal/control_block.h"
#include "hydra/process/internal/entry.h"
#include "hydra/process/internal/limited_inbox.h"
#include "hydra/process/internal/mailbox_limit.h"
#include "hydra/process/internal/names.h"
#include "hydra/process/internal/process_table.h"
#include "hydra/process/internal/refusal.h"
#include "hydra/process/internal/remote.h"
#include "hydra/process/internal/runtime_gate.h"
#include "hydra/process/internal/timers.h"
#include "hydra/process/internal/worker.h"
#include "hydra/process/pid.h"

namespace hydra {

class Runtime;

}  // namespace hydra

namespace hydra::process_internal {

class Scheduler {
 public:
  struct Options {
    uint32_t workers = 1;
    uint32_t max_processes = 1;
    uint32_t max_blocking_threads = 64;
    // Driven by hand: no threads, a virtual clock, turns by `seed`.
    bool by_hand = false;
    uint64_t seed = 0;
  };

  explicit Scheduler(const Options& options);
  Scheduler(const Scheduler&) = delete;
  Scheduler& operator=(const Scheduler&) = delete;

  // Lets the blocking functions return and the turns end that are being run, then ends all processes
  // (`killed`), destroying every frame and message. Blocks as long as a process runs without suspending.
  ~Scheduler();

  // This runtime's number among all of this OS process; never used again.
  uint32_t home() const { return home_; }
  bool by_hand() const { return by_hand_; }
  // Whose scheduler this is. Set before there is a process.
  Runtime& runtime() const { return *runtime_; }
  void set_runtime(Runtime& runtime) { runtime_ = &runtime; }
  ProcessTable& table() { return table_; }
  Names& names() { return names_; }
  // See Resolve in behaviour.h.
  Pid WhereIs(const Dest& dest) const;

  // ---- Other nodes: elsewhere.cc.

  Remote& remote() { return remote_; }
  bool IsElsewhere(const ProcessName& name) const;
  // Sends `signal` to a name of another node. Takes it.
  void SendElsewhere(const ProcessName& to, Signal* signal);
  // Deals with a signal that can't be sent to another node, and destroys it.
  void RefuseLocalOnly(const Dest& to, Signal* signal, std::string_view why);
  const LimitedInboxes& limited_inboxes() const { return limited_inboxes_; }
  Timers& timers() { return timers_; }
  Clock& clock() { return clock_; }
  const std::shared_ptr<RuntimeGate>& gate() const { return gate_; }
  BlockingPool& blocking_pool() { return blocking_pool_; }

  // The worker that a hand-driven runtime drives.
  Worker& worker() { return *workers_.front(); }

  // ---- For any thread.

  Pid Spawn(Entry* entry);
  // Returns false if it was dropped because the mailbox is full, and the sender can't be held.
  bool Send(const Pid& to, Signal* signal);
  // The same to any Dest. Returns false, too, if nobody is found by a name or a Via. `signal` is a message.
  bool Send(const Dest& to, Signal* signal);
  // What becomes of a signal that can't be delivered here: it goes to another node, or is refused. Takes
  // it.
  void Undeliverable(const Pid& to, Signal* signal);
  // Destroys `signal`, which can't be delivered to `to`, and answers it if it asks something.
  void Refuse(const Pid& to, Signal* signal, const Refusal& refusal = {});
  // Whether the process exists and its death isn't visible yet.
  bool IsAlive(const Pid& pid) const { return pid.home() == home_ && table_.IsAlive(pid); }
  size_t process_count() const;
  std::vector<Pid> Processes() const;
  // As the free function of name.h.
  absl::Status Register(const Pid& pid, std::string_view name) {
    return names_.Register(pid.home() == home_ ? pid : Pid(), name);
  }

  // ---- For sends to processes with a mailbox limit: backpressure.cc.

  // Gives a process that nobody knows yet a mailbox limit.
  void LimitMailbox(ControlBlock& process, const MailboxLimit& limit);
  // Queues `signal` for `to`; where `wake` is set then, the receiver is to be scheduled.
  LimitedInbox::Pushed PushLimited(const Pid& to, Signal* signal, const SignalSource& source);
  // Refuses and destroys what couldn't be queued.
  void FinishPush(const Pid& to, Signal* signal, const LimitedInbox::Pushed& pushed);
  // Logs, now and then, that `count` messages to `receiver` have been dropped.
  static void ReportDropped(const Pid& receiver, uint64_t count);

  // ---- For workers.

  bool stopping() const { return stopping_.load(std::memory_order_relaxed); }
  std::span<const std::unique_ptr<Worker>> workers() const { return workers_; }

  // Makes a process runnable on any worker.
  void Inject(ControlBlock& process) { Inject(std::array{&process}); }
  void Inject(std::span<ControlBlock* const> processes);

  // Takes a fair share of the injected processes, up to `taken.size()`. Returns their number.
  size_t TakeInjected(std::span<ControlBlock*> taken);

  // Takes one; null if there is none.
  ControlBlock* TakeInjected() {
    ControlBlock* process = nullptr;
    return TakeInjected(std::span(&process, 1)) == 1 ? process : nullptr;
  }

  // Wakes a parked worker that doesn't rest, if there is one and none is already looking for work.
  void WakePeer() {
    if (thieves_count_.load(std::memory_order_relaxed) > 0 &&
        searching_.load(std::memory_order_relaxed) == 0)
      WakeThief();
  }

  // Sees to it that the keeper ticks, since the caller leaves a process where nobody else looks.
  void EnsureWatch() {
    if (needs_watch_.load(std::memory_order_relaxed)) StartWatch();
  }

  // Starts a timer that sends `message` to `receiver` at `due`, and copies every `interval` ticks
  // after that if it isn't 0. Takes the message. For a dead receiver nothing is started, and the
  // place is none's.
  TimerPlace StartTimer(const Pid& receiver, Signal* message, Tick due, Tick interval);
  // The same to whoever is found by `address`, a name or a Via, then; nobody's message is dropped.
  TimerPlace StartTimer(const Dest& address, Signal* message, Tick due, Tick interval);

  // To be called after a timer was armed for `due`.
  void TimerArmed(Tick due) {
    if (due < keeper_sleeps_to_.load(std::memory_order_seq_cst)) WakeKeeper();
    EnsureWatch();
  }

  // Blocks until there may be something to do for `worker`. If it rests (thief.h), it isn't woken to
  // steal for so long.
  void Park(Worker& worker, bool rests);

  // Counts the workers that look for work, so that not more are woken than needed.
  class Searching {
   public:
    explicit Searching(Scheduler& scheduler) : scheduler_(scheduler) {
      scheduler_.searching_.fetch_add(1, std::memory_order_relaxed);
    }
    ~Searching() { scheduler_.searching_.fetch_sub(1, std::memory_order_relaxed); }
    Searching(const Searching&) = delete;
    Searching& operator=(const Searching&) = delete;

   private:
    Scheduler& scheduler_;
  };

  // Sees to it that only one worker at a time waits awake for what other nodes say.
  class AwaitingNetwork {
   public:
    explicit AwaitingNetwork(Scheduler& scheduler)
        : awaited_(scheduler.network_awaited_),
          is_only_(!awaited_.exchange(true, std::memory_order_relaxed)) {}
    ~AwaitingNetwork() {
      if (is_only_) awaited_.store(false, std::memory_order_relaxed);
    }
    AwaitingNetwork(const AwaitingNetwork&) = delete;
    AwaitingNetwork& operator=(const AwaitingNetwork&) = delete;

    bool is_only() const { return is_only_; }

   private:
    std::atomic<bool>& awaited_;
    const bool is_only_;
  };

 private:
  bool SendLimited(ControlBlock& receiver, const Pid& to, Signal* signal);

  // What a worker sleeps on. Guarded by `mutex_`.
  struct Bed {
    CondVar wake;
    bool parked = false;
    bool rests = false;  // see thief.h
    bool woken = false;
  };

  void WakeThief();
  // Wakes a parked worker, the keeper last; if it is to steal, one that doesn't rest.
  void WakeOneLocked(bool to_steal) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void StartWatch();
  void WakeKeeper();
  void Stop();
  // Waits as the keeper; returns whether the keeper itself has found something to do.
  bool KeepWatch(Worker& worker, Bed& bed) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void PassOnTheWatch() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void UpdateNeedsWatch() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  bool AllParked() const {
    return parked_count_.load(std::memory_order_relaxed) == static_cast<int>(workers_.size());
  }
  void CountParked(int parked, int thieves) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  static constexpr int kNoKeeper = -1;

  const uint32_t home_;
  const bool by_hand_;
  Runtime* runtime_ = nullptr;
  const std::shared_ptr<RuntimeGate> gate_;
  BlockingPool blocking_pool_;
  Clock clock_;
  ProcessTable table_;
  Names names_;
  Remote remote_{*this};
  LimitedInboxes limited_inboxes_;
  Timers timers_;
  std::vector<std::unique_ptr<Worker>> workers_;
  std::vector<std::thread> threads_;
  // Set once, by the stopping thread; read by workers between turns.
  std::atomic<bool> stopping_{false};
  // The next four are written under the lock and read without it; see the protocol above.
  std::atomic<int> parked_count_{0};
  std::atomic<int> thieves_count_{0};  // the parked ones that don't rest
  std::atomic<bool> needs_watch_{false};
  std::atomic<Tick> keeper_sleeps_to_{0};
  // Likewise: the length of the injection queue.
  std::atomic<size_t> injected_count_{0};
  // What follows is written often, apart from what every message reads.

  // Workers in Searching; written by them, read by whoever considers waking one. A hint, hence
  // relaxed.
  alignas(kCacheLine) std::atomic<int> searching_{0};
  // Processes spawned from foreign threads; workers count their own.
  std::atomic<int64_t> outside_spawns_{0};
  // Written and read by workers in AwaitingNetwork, to be one at a time. It guards nothing: two would only
  // spend more; hence relaxed.
  std::atomic<bool> network_awaited_{false};

  Mutex mutex_;
  std::vector<Bed> beds_ ABSL_GUARDED_BY(mutex_);
  int keeper_ ABSL_GUARDED_BY(mutex_) = kNoKeeper;
  bool ticking_ ABSL_GUARDED_BY(mutex_) = false;
  ControlBlock* injected_first_ ABSL_GUARDED_BY(mutex_) = nullptr;
  ControlBlock* injected_last_ ABSL_GUARDED_BY(mutex_) = nullptr;

  Mutex outside_mutex_;
  SlotCache outside_slots_ ABSL_GUARDED_BY(outside_mutex_);
};

}  // namespace hydra::process_internal

#endif  // HYDRA_PROCESS_INTERNAL_SCHEDULER_H_
