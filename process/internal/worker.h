// A worker: takes runnable processes one after the other and gives each its turn.
//
// The same code serves both kinds of runtime. On threads each worker has one, and runs until the
// scheduler stops; driven by hand there is one worker, and a test asks it for one turn at a time,
// of a process chosen by a seed.
//
// Where a runnable process waits
//   next       the process that was woken last: it runs next, while what it was sent is in this
//              core's cache. When its waker goes on sending, or it has had `next` too often, it
//              moves to the queue.
//   ready      woken earlier, or out of its turn: first in, first out; thieves take half.
//   spawned    newly spawned: newest first, thieves take the oldest.
//   injection  the scheduler's: work from other threads, and what overflows the queues above.
// Processes of high and low priority have a queue each instead.
#ifndef HYDRA_PROCESS_INTERNAL_WORKER_H_
#define HYDRA_PROCESS_INTERNAL_WORKER_H_

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "hydra/base/compiler.h"
#include "hydra/process/dest.h"
#include "hydra/process/exit_reason.h"
#include "hydra/process/internal/clock.h"
#include "hydra/process/internal/control_block.h"
#include "hydra/process/internal/current.h"
#include "hydra/process/internal/entry.h"
#include "hydra/process/internal/limited_inbox.h"
#include "hydra/process/internal/next_slot.h"
#include "hydra/process/internal/process_table.h"
#include "hydra/process/internal/relations.h"
#include "hydra/process/internal/run_queue.h"
#include "hydra/process/internal/signal.h"
#include "hydra/process/internal/signals.h"
#include "hydra/process/internal/spawn_deque.h"
#include "hydra/process/internal/thief.h"
#include "hydra/process/internal/timers.h"
#include "hydra/process/internal/wait.h"
#include "hydra/process/node_event.h"
#include "hydra/process/pid.h"
#include "hydra/process/priority.h"
#include "hydra/process/process_info.h"

namespace hydra::process_internal {

class Scheduler;

class Worker {
 public:
  // `seed` decides whom it steals from and, driven by hand, which process runs next.
  Worker(Scheduler& scheduler, uint32_t index, uint64_t seed);
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  // The worker of the calling thread; null on a foreign thread. Out of line: see HYDRA_NOINLINE.
  HYDRA_NOINLINE static Worker* Current();

  // The same, for code that can't run on a foreign thread: a failed check there.
  HYDRA_NOINLINE static Worker& CurrentOrDie();

  // The process that the calling thread runs; a failed check if it runs none.
  HYDRA_NOINLINE static ControlBlock& CurrentProcess();

  // Makes `worker` the calling thread's while it lives; null makes that a foreign thread.
  class Scope {
   public:
    explicit Scope(Worker* worker);
    ~Scope();
    Scope(const Scope&) = delete;
    Scope& operator=(const Scope&) = delete;

   private:
    Worker* const outer_;
  };

  Scheduler& scheduler() const { return scheduler_; }
  int index() const { return static_cast<int>(index_); }
  // The runtime's number.
  uint32_t home() const { return home_; }

  // The process whose turn it is; null between turns.
  ControlBlock* current() const { return current_; }
  Pid PidOf(const ControlBlock& process) const {
    return Pid(process.serial.load(std::memory_order_relaxed) & ~kLimited, process.index, home_);
  }

  // That of the current process, which there must be.
  const Pid& CurrentPid() {
    if (current_pid_of_ != current_) {
      current_pid_of_ = current_;
      current_pid_ = PidOf(*current_);
    }
    return current_pid_;
  }

  // When a wait of that length ends that begins now.
  Tick DeadlineAfter(absl::Duration timeout) { return clock_.TickAfter(timeout, clock_read_); }

  // ---- For the thread that drives the worker.

  // Gives turns until the scheduler stops.
  void Run();

  // Gives one turn to a runnable process, or runs a blocking function, chosen by the seed. Returns false
  // when there is neither.
  bool RunOne();

  // What is sent meanwhile by the calling thread has come from another node: nobody can be held for it.
  class Arrival {
   public:
    explicit Arrival(const Scheduler& scheduler);
    ~Arrival();
    Arrival(const Arrival&) = delete;
    Arrival& operator=(const Arrival&) = delete;

   private:
    Worker* const worker_;  // null on a foreign thread
  };

  // Ends a process that nobody runs any more, for the reason `killed`. For the scheduler's stop.
  void KillLeftOver(ControlBlock& process);

  // ---- For processes that have their turn here, and for what happens on their behalf.

  // What BeginAnswerWait does for the current process.
  bool BeginAnswerWait(Wait& wait, PromiseBase& leaf) {
    current_->wait = &wait;
    current_->leaf = &leaf;
    --messages_left_;
    // Nearly always the answer hasn't come, and the process is about to suspend.
    const bool nothing_there = !wait.TakesMessages() && !current_->inbox.HasNew(current_->cursor);
    return (nothing_there && wait.deadline != 0) || !LookForAnswer(wait);
  }

  // Delivers `signal`, or answers and destroys it if the receiver is dead. Takes the signal.
  void Send(const Pid& to, Signal* signal);

  // Spawns a process. While the current process is exiting, and when the table is full, nothing is
  // spawned and the pid was never alive. Takes the entry.
  Pid Spawn(Entry* entry);
  // The same with a link or a monitor; the current process hears of it if nothing is spawned.
  Pid SpawnRelated(Entry* entry, const Spawning& spawning);
  // The same with all options, and says why nothing was spawned.
  absl::StatusOr<Pid> SpawnWith(Entry* entry, const Spawning& spawning);

  // What the current process does by the functions of these names in link.h, monitor.h and alias.h.
  void Link(const Pid& partner);
  void Unlink(const Pid& partner);
  Ref Monitor(const Pid& target, Alias alias, std::unique_ptr<MonitorNote> note = nullptr);
  bool Demonitor(const Ref& ref);
  Ref MakeAlias(Alias mode);
  bool Unalias(const Ref& ref);
  bool TrapExit(bool trap);
  void MonitorNodes(bool on, NodeKind kind);
  void MonitorNode(const std::string& node, bool on);
  // Removes a Down for `ref` that the current process hasn't received yet.
  void FlushDown(const Ref& ref);
  // Notes that the current process has asked by `ref`, and that the answer is to become a message; or
  // that it isn't any more: returns false if the answer has come.
  void ExpectAnswer(const Ref& ref);
  bool ForgetAnswer(const Ref& ref);
  // Removes the answer to `ref` from the current process's mailbox.
  void FlushAnswer(const Ref& ref);
  // Notes that the current process has received the request of `asker`, and must answer it, or its end
  // does. Returns its pid.
  Pid HoldRequest(const Ref& asker);
  // The request that `holder` has noted is answered.
  void ReleaseRequest(const Pid& holder, const Ref& asker);
  // Sends `signal` when the current process has ended. Takes the signal.
  void SendAtEnd(const Pid& to, Signal* signal);
  // What the current process is ending with, or will at its next suspension; null otherwise.
  const ExitReason* ending() const { return exit_.has_value() ? &*exit_ : ending_; }
  // What the current process does by the functions of these names in self.h.
  void SetLabel(std::string_view label);
  std::string Label();
  Priority SetPriority(Priority priority);
  std::vector<Pid> Ancestors();
  std::vector<Pid> Callers();
  void SetCallers(std::vector<Pid> callers);
  // Whether the current process is being ended. False between turns.
  bool IsExiting() const {
    return current_ != nullptr && current_->state == ProcessState::kExiting;
  }

  // The current process suspends at its next co_await until it is sent a ReleaseSignal of `by`. Does nothing if
  // it is held by that already, or is ending.
  void HoldFor(const Pid& by);

  // The current process ends with `reason` at its next suspension, unless it is ending already.
  void EndSelf(ExitReason reason);
  // What the current process does by the functions of these names in behaviour.h.
  std::optional<ExitReason> CatchExit();
  void EndReported(ExitReason reason);
  void GiveBackMemory();

  // ---- For other workers.

  // Takes runnable processes of the worker `victim` over to this one. Returns whether there were
  // any.
  bool StealFrom(Worker& victim);

  // Takes over what `victim` would have run next, if it has stood there since the last look. For
  // the worker that keeps watch, once a millisecond.
  bool StealStaleNext(Worker& victim);

  // Whether a glance from outside finds runnable processes here.
  bool HasWork() const;

  uint64_t spawned() const { return spawned_count_.load(std::memory_order_relaxed); }
  uint64_t ended() const { return ended_count_.load(std::memory_order_relaxed); }

 private:
  // What the calling process does: current.h.
  friend bool HasEnded(const Pid& pid);
  friend void SendSignal(const Pid& to, Signal* signal);
  friend Ref NewRef();
  friend bool BeginWait(Wait& wait, PromiseBase& leaf);
  friend bool BeginAnswerWait(Wait& wait, PromiseBase& leaf);
  friend void BeginYield(Wait& wait, PromiseBase& leaf);
  friend Signal* KeepFound(Wait& wait);

  static constexpr std::string_view kNoRuntime =
      "this must be called in a runtime; a foreign thread uses the members of hydra::Runtime";

  static constexpr std::string_view kNoProcess = "this must be called by a process";

  // Messages that a process may take in one turn.
  static constexpr int kMessagesPerTurn = 256;
  // So many or fewer are left of a turn that ends because a receiver holds the process.
  static constexpr int kHeld = std::numeric_limits<int>::min() / 2;
  // Turns in a row that may go to `next` while others wait.
  static constexpr int kNextInARow = 16;
  // Sends after which a waker that still runs is taken for one that goes on.
  static constexpr int kSendsBeforeFlush = 4;
  // After so many turns at the latest a worker looks at the clock and at the injection queue.
  static constexpr uint64_t kMaxTurnsPerRound = 64;
  // Of so many turns that `next` doesn't take, one goes to low priority.
  static constexpr uint64_t kTurnsPerLowPriority = 8;
  // Of so many turns that `next` doesn't take, one goes to the oldest spawned process, so that it
  // isn't passed over for ever. Seldom, since each unfolds another branch of a tree of processes:
  // at one in 8 a tree of a million takes four times as long.
  static constexpr uint64_t kTurnsPerOldest = 256;
  // A process that has messages drained looks for signals with every so manieth message only.
  static constexpr int kMessagesPerLook = 16;
  // How long a worker lets signals pile up that no wait takes: about half a microsecond.
  static constexpr int kPausesForSignals = 32;
  // Unread messages of a dead process that are destroyed in one turn.
  static constexpr int kReapedPerTurn = 1024;

  using Queue = RunQueue<ControlBlock, 256>;

  // ---- Choosing.
  ControlBlock* PickOther();
  HYDRA_NOINLINE void BeginRound();
  ControlBlock* PickQueued();
  ControlBlock* PickInjected();
  ControlBlock* Search();
  ControlBlock* LookOnce();
  ControlBlock* AwaitNetwork();
  void PollNetwork();
  void CollectRunnable();

  // ---- Queueing.
  void Deliver(const Pid& to, Signal* signal);
  void DeliverLimited(ControlBlock& receiver, const Pid& to, Signal* signal);
  SignalSource SourceOf(const ControlBlock& receiver, const Pid& to) const;
  void Wake(ControlBlock& process);
  void Enqueue(ControlBlock& process);
  void EnqueueSpawned(ControlBlock& process);
  void Spill(Queue& queue);
  void SpillSpawned();
  HYDRA_NOINLINE void FlushNext();
  void LetOthersRunNext();
  void FireTimers();
  void SendFired(FiredTimer& timer) noexcept;
  static Signal* CopyOfInterval(const FiredTimer& timer) noexcept;
  Queue& QueueOf(const ControlBlock& process);

  // ---- One turn.
  Match Look(ControlBlock& process, Wait& wait);
  Match LookFurther(ControlBlock& process, Wait& wait);
  bool LookForMessages(Wait& wait, PromiseBase& leaf);
  bool LookForAnswer(Wait& wait);
  void Execute(ControlBlock& process);
  bool TakeAwaited(ControlBlock& process);
  HYDRA_NOINLINE bool TakeIn(ControlBlock& process);
  bool StartBody(ControlBlock& process);
  bool HasFound(ControlBlock& process, Wait& wait);
  bool WaitIsOver(ControlBlock& process);
  // Sees to it that the process is woken by the end of its wait. Returns false if that has come.
  bool ArmWaitTimer(ControlBlock& process) {
    // A wait that ended early leaves the timer armed: it fires too early for this one, and is armed
    // anew then.
    const WaitTimer* timer = process.wait_timer;
    return (timer != nullptr && timer->armed_for <= process.wait->deadline) ||
           ArmWaitTimerEarlier(process);
  }
  bool ArmWaitTimerEarlier(ControlBlock& process);
  ExitReason ReasonOfFinished(ControlBlock& process);

  // ---- Signals.
  void Admit(ControlBlock& process, Signal* fresh);
  void TakeSignal(ControlBlock& process, Signal* signal);
  void KeepForDeath(Signal* fresh);
  void TakeAnswer(ControlBlock& process, Signal* signal);
  void KeepAnswer(ControlBlock& process, Signal* signal);
  void Consume(ControlBlock& process, Signal* signal);
  void ConsumeStrange(ControlBlock& process, Signal* signal);

  // ---- Mailbox limits: backpressure.cc.
  static bool IsLimited(const ControlBlock& process) {
    return (process.serial.load(std::memory_order_relaxed) & kLimited) != 0;
  }
  static bool IsHeldBy(const ControlBlock& process, const Pid& receiver);
  void Hold(ControlBlock& process, const Pid& receiver);
  bool SuspendHeld(ControlBlock& process);
  bool HeldWaitIsOver(ControlBlock& process);
  void Release(const ControlBlock& receiver, const std::vector<Pid>& held);
  LimitedInbox& LimitedInboxOf(const ControlBlock& process);
  void TakeMail(ControlBlock& process);
  void AdmitQueued(ControlBlock& process, Signal* queued);
  void DropOldest(ControlBlock& process);
  void ReceivedCounted(ControlBlock& process, Signal& message);
  void CloseLimitedInbox(ControlBlock& process);
  void ActOnRelease(ControlBlock& process, const Pid& receiver);
  void ActOnOverflow(ControlBlock& process, size_t limit);

  // ---- Birth.
  bool MaySpawn() const;
  ControlBlock* NewProcess(Entry* entry, Priority priority);
  void NotSpawned(Entry* entry);
  void Discard(ControlBlock& process);

  // ---- Relations.
  void Bind(ControlBlock& child, const Spawning& spawning);
  Relations& RelationsOf(ControlBlock& process);
  void NoteHome(Relations& relations, const Pid& partner);
  void Flush(const Ref& ref, bool (*is_of)(Signal& message, const Ref& ref));
  OwnRef* FindOwn(ControlBlock& process, const Ref& ref);
  void EndMonitor(ControlBlock& process, OwnRef& own);
  Signal* Act(ControlBlock& process, Signal* signal);
  Signal* ActOnExit(ControlBlock& process, Signal* signal, bool by_link);
  Signal* ActOnDown(ControlBlock& process, Signal* signal);
  Signal* TakeAliased(ControlBlock& process, AliasedMessage& sent);
  void ActOnDropped(ControlBlock& process, const Ref& asker);
  void ActOnQuery(ControlBlock& process, Query& query);
  ProcessInfo InfoOf(ControlBlock& process);
  static std::string LabelOf(const ControlBlock& process);
  void SendToMonitored(const OwnRef& own, Signal* signal);
  // ---- Other nodes: remote_signals.cc.
  Signal* DecodeMessage(ControlBlock& process, Signal& encoded);
  void ActOnNodeDown(ControlBlock& process, const LostNode& node);

  void TellOfEnd(const Relations& relations, const Pid& self, const ExitReason& reason);
  static void FreeRelations(ControlBlock& process);

  // ---- Death.
  void End(ControlBlock& process, const ExitReason& reason);
  void ReportError(const ControlBlock& process, const ExitReason& reason) const;
  void EndByExit(ControlBlock& process);
  void AwaitReturn(ControlBlock& process, Signal* fresh);
  void EndDoomed(ControlBlock& process);
  void DestroyFrames(ControlBlock& process) noexcept;
  void ReleaseWaitTimer(ControlBlock& process);
  void ReleaseName(ControlBlock& process);
  void Reap(ControlBlock& process);
  void Free(ControlBlock& process);

  // Adds to a counter that only the calling thread writes.
  static void Count(std::atomic<uint64_t>& counter) {
    counter.store(counter.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
  }

  // NOLINTNEXTLINE(readability-identifier-naming): a static member, yet private.
  static constinit thread_local Worker* of_this_thread_;

  Scheduler& scheduler_;
  ProcessTable& table_;
  const Clock& clock_;
  const uint32_t home_;
  const uint32_t index_;
  std::minstd_rand random_;

  // The rest belongs to the thread that drives the worker, but for what says otherwise.

  ControlBlock* current_ = nullptr;
  // The current process's pid once it has been needed; null if it hasn't. In a place of its own: who floods
  // the process writes to the line that its serial is in.
  const ControlBlock* current_pid_of_ = nullptr;
  Pid current_pid_;
  int messages_left_ = 0;        // of the current turn
  bool sent_to_itself_ = false;  // the current process has, since it last looked for signals
  // What the current process ends with at its next suspension, by an exit signal or an ExitSelf; and
  // the signals that arrived after that.
  std::optional<ExitReason> exit_;
  Signal* after_exit_ = nullptr;
  enum class ExitOrigin : uint8_t { kSignal, kExitSelf, kReported } exit_origin_ = {};
  const ExitReason* ending_ = nullptr;
  bool firing_ = false;    // what is sent is sent by timers
  bool arriving_ = false;  // or has come from another node
  int sends_since_wake_ = 0;
  int next_turns_left_ = 0;  // for `next`, before the others are asked
  uint64_t next_round_ = 0;  // the turn after which it looks at the clock and the injection queue
  uint64_t turns_per_round_ = kMaxTurnsPerRound;
  Tick round_began_ = 0;
  int rounds_to_poll_ = 0;  // until it looks at the network
  int rounds_per_poll_ = 1;
  uint64_t queued_picks_ = 0;
  bool priorities_used_ = false;  // high_ or low_ may hold processes
  SlotCache slots_;
  Clock::Reading clock_read_;
  Thief thief_;

  NextSlot<ControlBlock> next_;
  // Written by the owner, read by the watch: whether `next_` has stood still.
  std::atomic<uint64_t> turns_{0};
  Queue ready_;
  SpawnDeque<ControlBlock, 1024> spawned_;
  Queue high_;
  Queue low_;

  // What the watch of another worker saw here last; only the thread that keeps watch uses it.
  struct Sighting {
    ControlBlock* next = nullptr;
    uint64_t turns = 0;
  };
  Sighting last_seen_;

  // Written by the owner, summed up by any thread.
  std::atomic<uint64_t> spawned_count_{0};
  std::atomic<uint64_t> ended_count_{0};

  // The runnable processes of a worker that is driven by hand, in no order.
  std::vector<ControlBlock*> runnable_;
};

}  // namespace hydra::process_internal

#endif  // HYDRA_PROCESS_INTERNAL_WORKER_H_
