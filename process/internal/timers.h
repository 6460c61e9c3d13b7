// All timers of a runtime: the wait timers of processes, and the messages that users have asked to
// be sent later.
//
// There is one wheel for each scheduler, under a lock of its own. A process's timers all lie in the
// same wheel, chosen by its slot, so that its messages arrive in the order of their deadlines
// (semantics.md TMR6) and anyone can cancel a timer with an exact answer. Whichever scheduler looks
// at the clock fires what is due, so that one that computes for seconds delays no timer.
#ifndef HYDRA_PROCESS_INTERNAL_TIMERS_H_
#define HYDRA_PROCESS_INTERNAL_TIMERS_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "hydra/base/mutex.h"
#include "hydra/process/dest.h"
#include "hydra/process/internal/signal.h"
#include "hydra/process/internal/timer_wheel.h"
#include "hydra/process/internal/wait.h"
#include "hydra/process/pid.h"

namespace hydra::process_internal {

// The timer that ends a process's waits. There is at most one for each process; the wheel's lock
// guards it.
struct WaitTimer : TimerNode {
  Pid process;
  // The owner's: the tick that it was last armed for and hasn't heard of; kForever when there is
  // none.
  Tick armed_for = kForever;
};

// Where a user's timer is kept. `generation` tells it from the timers that were kept in the same
// place before; 0 is none's.
struct TimerPlace {
  uint32_t index = 0;
  uint32_t generation = 0;
};

struct UserTimerList;

// A message that is to be sent later, perhaps again and again.
struct UserTimer : TimerNode {
  UserTimer() { kind = Kind::kUser; }

  Pid receiver;                            // none if it sends to an address
  UserTimerList* list = nullptr;           // the receiver's
  std::shared_ptr<const Dest> address;     // a name or a Via: looked up when it fires
  Signal* message = nullptr;               // of a timer that fires once
  std::shared_ptr<const Signal> repeated;  // of an interval timer, which sends copies
  Tick interval = 0;
  TimerPlace place = {.index = 0, .generation = 1};
  // Neighbours in the list of the receiver's timers, while armed; in the list of free places
  // otherwise (next only).
  UserTimer* previous_of_receiver = nullptr;
  UserTimer* next_of_receiver = nullptr;
};

// The user's timers that send to one process. The wheel's lock guards the list. `first` is also
// read without it, by the dying process: it closes its inbox before it reads, and whoever starts a
// timer looks at the inbox after having linked it, all sequentially consistent; one of the two sees
// the other, and takes the timer out.
struct UserTimerList {
  std::atomic<UserTimer*> first{nullptr};
};

// A timer that has fired.
struct FiredTimer {
  Pid process;
  std::shared_ptr<const Dest> address = nullptr;  // in the place of the process
  Tick due = 0;
  Signal* message = nullptr;                         // for a timer that fires once
  std::shared_ptr<const Signal> repeated = nullptr;  // for an interval timer: what to copy
                                                     // neither: the end of a wait
};

// Thread safety: any thread.
class Timers {
 public:
  explicit Timers(size_t wheels);
  Timers(const Timers&) = delete;
  Timers& operator=(const Timers&) = delete;

  // Sets `timer` to fire at `timer.due`, moving it if it is armed.
  void Arm(WaitTimer& timer, Tick due);

  // Makes sure that `timer` doesn't fire any more; afterwards it may be freed.
  void Disarm(WaitTimer& timer);

  // Sends `message` to `receiver`, whose timers are in `list`, at `due`, and copies of it every
  // `interval` ticks after that if it isn't 0. Takes the message.
  TimerPlace Start(Pid receiver, UserTimerList& list, Signal* message, Tick due, Tick interval);

  // The same to a process of another node, whose end ends no timer here.
  TimerPlace Start(Pid receiver, Signal* message, Tick due, Tick interval);

  // The same to whoever is found by `address`, a name or a Via, when it fires. The receiver of the place is
  // none.
  TimerPlace Start(const Dest& address, Signal* message, Tick due, Tick interval);

  // Stops a user's timer and destroys its message. Returns the tick that it was due at; nothing if
  // it had fired or was stopped before.
  std::optional<Tick> Cancel(Pid receiver, TimerPlace place);

  // The tick at which a user's timer is due next; nothing as for `Cancel`.
  std::optional<Tick> Read(Pid receiver, TimerPlace place) const;

  // Stops all timers that send to a process which is dead.
  void CancelAll(Pid receiver, UserTimerList& list);

  // Stops all users' timers. For the end of the runtime, when no process is left.
  void CancelAll();

  // Hands every timer of the wheel `index` that is due at `now` to `send`, in order, without a lock held;
  // `send` takes the message, and doesn't throw. Does nothing while another thread fires the same
  // wheel.
  template <typename Send>
  void Fire(size_t index, Tick now, Send send);

  size_t wheels() const { return wheels_.size(); }

  // The earliest tick at which a timer may be due; kForever when there is none. A glance: no lock.
  Tick NextDue() const;
  Tick NextDue(size_t wheel) const {
    return wheels_[wheel]->next_due.load(std::memory_order_seq_cst);
  }

  // User timers that are pending. For tests and for information.
  size_t pending() const;

 private:
  struct Wheel {
    mutable Mutex mutex;
    TimerWheel wheel ABSL_GUARDED_BY(mutex);
    std::deque<UserTimer> user_timers ABSL_GUARDED_BY(mutex);  // never moved
    UserTimer* first_free ABSL_GUARDED_BY(mutex) = nullptr;
    // The wheel's NextDue, stored under the lock whenever it changes. Read without it, by
    // schedulers that look at the clock (a stale value is put right by the next look) and by the
    // keeper before it sleeps (seq_cst: see scheduler.h).
    std::atomic<Tick> next_due{kForever};
    // Taken by the thread that fires this wheel, until what fired is sent: keeps the order.
    std::atomic<bool> firing{false};
  };

  // How many timers are taken at once under the lock.
  static constexpr size_t kFireBatch = 64;

  // Fills `fired` with what is due, up to kFireBatch.
  static void TakeFired(Wheel& wheel, Tick now, std::vector<FiredTimer>& fired);

  Wheel& WheelOf(const Pid& process) const { return *wheels_[process.slot() % wheels_.size()]; }
  // A place that no timer is kept in.
  static UserTimer& FreePlace(Wheel& wheel) ABSL_EXCLUSIVE_LOCKS_REQUIRED(wheel.mutex);
  static void LinkToReceiver(UserTimer& timer, UserTimerList& list);
  static void UnlinkFromReceiver(UserTimer& timer);
  static void DestroyMessages(const std::vector<FiredTimer>& cancelled);

  // A message to be sent once, or copies of one to be sent again and again.
  struct Sending {
    Signal* once = nullptr;
    std::shared_ptr<const Signal> repeated = nullptr;
  };
  static Sending MakeSending(Signal* message, Tick interval);
  static TimerPlace Begin(Wheel& wheel, UserTimer& timer, const Sending& sending, Tick due,
                          Tick interval) ABSL_EXCLUSIVE_LOCKS_REQUIRED(wheel.mutex);
  static void PublishNextDue(Wheel& wheel) ABSL_EXCLUSIVE_LOCKS_REQUIRED(wheel.mutex);
  static UserTimer* Find(Wheel& wheel, Pid receiver, TimerPlace place)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(wheel.mutex);

  // Gives the place of a timer, which isn't in the wheel any more, to a later one. Returns what it
  // was to send.
  static FiredTimer Retire(Wheel& wheel, UserTimer& timer)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(wheel.mutex);

  std::vector<std::unique_ptr<Wheel>> wheels_;
};

template <typename Send>
void Timers::Fire(size_t index, Tick now, Send send) {
  Wheel& wheel = *wheels_[index];
  if (wheel.firing.exchange(true, std::memory_order_acquire)) return;
  std::vector<FiredTimer> fired;
  do {
    fired.clear();
    TakeFired(wheel, now, fired);
    for (FiredTimer& timer : fired) send(timer);
  } while (fired.size() == kFireBatch);
  wheel.firing.store(false, std::memory_order_release);
}

}  // namespace hydra::process_internal

#endif  // HYDRA_PROCESS_INTERNAL_TIMERS_H_
