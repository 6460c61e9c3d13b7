// The inbox: the one multi-producer queue through which every signal reaches a process.
//
// It is a stack of signals that only grows, linked from the newest to the oldest by an atomic head.
// The owner never pops: it remembers the head it has seen, and what is new is what lies above it.
// The head also says what state the owner is in, so one compare-and-swap both queues a signal and
// tells its sender whether the receiver must be scheduled.
//
// Protocol
//   head is one of: kEmpty (owner awake, nothing ever queued since it woke), kIdle (owner asleep),
//   kClosed (owner dead), or the newest signal (owner awake).
//   1. Push, any thread: read head; if kClosed, fail. Write head into signal->next, and swap head
//      for the signal if it hasn't changed; otherwise start again. If head was kIdle, exactly this
//      sender must schedule the owner.
//   2. TakeNew, owner: read head (acquire). Everything from there down to `seen`, which isn't
//      dereferenced, is new; it is handed out oldest first. Then seen = head. OnlyNew is the same look
//      without the last step, which TakeOnlyNew is.
//   3. Sleep, owner: swap head for kIdle if it is still `seen` (release). Otherwise there is
//      something new: back to 2. After a successful swap another thread may run the owner at once:
//      nothing of the owner may be touched any more.
//   4. Close, owner: exchange head for kClosed. What lies above `seen` is handed out a last time;
//      no push succeeds after.
//
// Invariants
//   * A signal is linked only once at a time, and its `next` is written by its sender before it is
//     published; after TakeNew it belongs to the owner alone.
//   * The node that `seen` points to is not freed, nor pushed anywhere again, while `seen` points
//     to it: else a new signal at the same address could make the head equal to `seen` although
//     there is something new (ABA). Whoever consumes that node gives it to `Pin`, and it is freed
//     when `seen` moves on.
//   * Pushing is immune to ABA: a sender never dereferences the head it read.
//
// Ordering: the owner's sleep releases and a sender's waking push acquires what the owner wrote, so
// the worker that runs the owner next sees all of it. Each push releases, TakeNew acquires, what
// the sender wrote before.
#ifndef HYDRA_PROCESS_INTERNAL_INBOX_H_
#define HYDRA_PROCESS_INTERNAL_INBOX_H_

#include <atomic>
#include <cstdint>

#include "hydra/process/internal/signal.h"

namespace hydra::process_internal {

// What the owner knows of its inbox: the newest signal that it has seen, and whether that is
// *pinned*: consumed, and to be freed as soon as the cursor moves on. Owned by whichever thread runs
// the process. One word: a control block has no room for two.
class InboxCursor {
 public:
  InboxCursor() = default;
  explicit InboxCursor(Signal* seen) : word_(reinterpret_cast<uintptr_t>(seen)) {}

  Signal* seen() const { return reinterpret_cast<Signal*>(word_ & ~kPinned); }
  bool pinned() const { return (word_ & kPinned) != 0; }
  void Pin() { word_ |= kPinned; }
  void Unpin() { word_ &= ~kPinned; }

 private:
  static constexpr uintptr_t kPinned = 4;  // no bit of a signal's address, nor of a state's
  static_assert(alignof(Signal) > kPinned);

  uintptr_t word_ = 0;
};

class Inbox {
 public:
  enum class PushResult { kQueued, kWokeOwner, kClosed };

  // Starts closed: an inbox opens when its process is spawned.
  Inbox() = default;

  // Queues `signal`, or leaves it to the caller where the inbox is closed. Thread safety: any
  // thread.
  PushResult Push(Signal* signal) noexcept {
    Signal* head = head_.load(std::memory_order_relaxed);
    do {
      if (head == Closed()) return PushResult::kClosed;
      signal->next = head;
    } while (!head_.compare_exchange_weak(head, signal, std::memory_order_acq_rel,
                                          std::memory_order_relaxed));
    return head == Idle() ? PushResult::kWokeOwner : PushResult::kQueued;
  }

  // The rest is the owner's.

  // Opens the inbox of a process that is about to run.
  void Open(InboxCursor& cursor) noexcept {
    cursor = InboxCursor(Empty());
    head_.store(Empty(), std::memory_order_release);
  }

  bool HasNew(const InboxCursor& cursor) const noexcept {
    return head_.load(std::memory_order_relaxed) != cursor.seen();
  }

  // Returns what arrived since the last call, linked oldest first and ending in null; null if
  // nothing did.
  Signal* TakeNew(InboxCursor& cursor) noexcept {
    Signal* head = head_.load(std::memory_order_acquire);
    if (head == cursor.seen()) return nullptr;
    return Advance(cursor, head);
  }

  // The signal that is new, if it is just one and none is pinned; null otherwise. It stays new unless it is
  // taken.
  Signal* OnlyNew(const InboxCursor& cursor) const noexcept {
    Signal* head = head_.load(std::memory_order_acquire);
    if (cursor.pinned() || head == cursor.seen() || head->next != cursor.seen()) return nullptr;
    return head;
  }

  // Takes it, and pins it for its consumer.
  static void TakeOnlyNew(InboxCursor& cursor, Signal* only) noexcept {
    cursor = InboxCursor(only);
    cursor.Pin();
  }

  // Goes to sleep if nothing has arrived since the last TakeNew, and says whether it did. After
  // true the caller no longer owns the process.
  bool Sleep(InboxCursor& cursor) noexcept {
    const InboxCursor before = cursor;
    cursor = InboxCursor(Idle());
    Signal* expected = before.seen();
    if (!head_.compare_exchange_strong(expected, Idle(), std::memory_order_release,
                                       std::memory_order_relaxed)) {
      cursor = before;
      return false;
    }
    if (before.pinned()) FreeSignal(before.seen());
    return true;
  }

  // Closes the inbox for good and returns what arrived since the last TakeNew.
  Signal* Close(InboxCursor& cursor) noexcept {
    Signal* head = head_.exchange(Closed(), std::memory_order_seq_cst);
    Signal* fresh = head == cursor.seen() ? nullptr : Advance(cursor, head);
    if (cursor.pinned()) FreeSignal(cursor.seen());
    cursor = InboxCursor(Closed());
    return fresh;
  }

  // Thread safety: any thread. In one order with other threads' Close and seq_cst accesses (see
  // UserTimerList).
  bool IsClosed() const noexcept { return head_.load(std::memory_order_seq_cst) == Closed(); }

  // Whether a consumed signal must stay allocated for now. It is then freed with `FreeSignal` by a
  // later call on this inbox; its value must have been destroyed by then.
  static bool Pin(InboxCursor& cursor, const Signal* consumed) noexcept {
    if (consumed != cursor.seen()) return false;
    cursor.Pin();
    return true;
  }

  // Lets go of the signal that `seen` points to, so that it can be kept and pushed elsewhere. What
  // arrives meanwhile is returned like TakeNew's.
  Signal* Unpin(InboxCursor& cursor) noexcept {
    cursor.Unpin();
    Signal* expected = cursor.seen();
    if (head_.compare_exchange_strong(expected, Empty(), std::memory_order_acq_rel,
                                      std::memory_order_acquire)) {
      cursor = InboxCursor(Empty());
      return nullptr;
    }
    return Advance(cursor, expected);
  }

 private:
  static Signal* Empty() { return nullptr; }
  static Signal* Idle() { return reinterpret_cast<Signal*>(uintptr_t{1}); }
  static Signal* Closed() { return reinterpret_cast<Signal*>(uintptr_t{2}); }

  // Reverses what lies between `head` and `seen` into the order of arrival, and moves `seen` to
  // `head`.
  static Signal* Advance(InboxCursor& cursor, Signal* head) noexcept {
    Signal* oldest = nullptr;
    for (Signal* signal = head; signal != cursor.seen();) {
      Signal* older = signal->next;
      signal->next = oldest;
      oldest = signal;
      signal = older;
    }
    if (cursor.pinned()) FreeSignal(cursor.seen());
    cursor = InboxCursor(head);
    return oldest;
  }

  // Written by senders (push) and the owner (open, sleep, close, unpin); read by both. See the
  // protocol above.
  std::atomic<Signal*> head_{Closed()};
};

}  // namespace hydra::process_internal

#endif  // HYDRA_PROCESS_INTERNAL_INBOX_H_
