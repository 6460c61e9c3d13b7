// The inbox of a process with a mailbox limit: a queue under a lock.
//
// Every signal to such a process goes through this queue, so that they keep their order, and through
// nothing else. Its `Inbox` only gets a kMail signal when there is something to be taken. Its serial
// has a bit that no pid has (kLimited), so senders find out on the path that they take when a pid's
// process is gone: other processes pay nothing for it.
//
// A message *counts* from its sending until it leaves the mailbox; which ones do: process/overflow.h.
//
// Senders that are held
//   1. Who sends to a full mailbox is noted here, and notes the receiver. It suspends at its next
//      co_await until it has heard from all receivers that it has noted.
//   2. The receiver tells all of them when half of the limit is free, or when it ends.
//   3. From the moment when a process notes that it is held it holds nobody, and those that it has held
//      are told. So nobody waits for a process that waits itself.
#ifndef HYDRA_PROCESS_INTERNAL_LIMITED_INBOX_H_
#define HYDRA_PROCESS_INTERNAL_LIMITED_INBOX_H_

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "hydra/base/mutex.h"
#include "hydra/process/internal/mailbox_limit.h"
#include "hydra/process/internal/signal.h"
#include "hydra/process/pid.h"

namespace hydra::process_internal {

// In the serial of a message that counts.
inline constexpr uint64_t kCounts = uint64_t{1} << 62;

// Who sends a signal to a process with a mailbox limit.
struct SignalSource {
  enum class Kind : uint8_t {
    kProcess,      // `process`, which can be held
    kNeverHeld,    // the receiver itself, or a process that is ending
    kForeign,      // a thread that isn't the runtime's
    kDoesNotCount  // a timer
  };
  Kind kind = Kind::kForeign;
  Pid process = Pid();
};

// Thread safety: any thread, but for what is said to be the owner's. Lives as long as the runtime, and
// serves one process after the other.
class LimitedInbox {
 public:
  // What is left to be done by the sender.
  struct Pushed {
    bool closed = false;        // the signal is still the sender's: its receiver is gone
    bool wake = false;          // the owner is to be sent a kMail
    bool hold = false;          // the sender is to be held
    Signal* dropped = nullptr;  // to be refused and destroyed
    uint64_t dropped_count = 0;
  };

  // Opens it for a process with this serial.
  void Open(uint64_t serial, const MailboxLimit& limit);

  // Queues `signal` for the process with this serial.
  Pushed Push(uint64_t serial, Signal* signal, const SignalSource& source);

  // ---- The owner's.

  // Takes all signals, oldest first. Those that count have kCounts in their serials; the other bits are
  // as in the block's.
  Signal* Take();

  // A message that counts has been received. Returns whom to release.
  std::vector<Pid> Received();

  // Whether the owner must drop the oldest message that counts.
  bool HasExcess() const;

  // It has. Returns how many have been dropped so far.
  uint64_t Dropped();

  // The owner is held, or isn't any more. Returns whom to release.
  std::vector<Pid> SetHeld(bool held);

  // Closes it, and returns what is left. `released`: whom to release.
  Signal* Close(std::vector<Pid>& released);

  size_t limit() const;
  uint64_t dropped() const;

 private:
  void Append(Signal* signal, bool counts) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  Signal* TakeAll() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Drop(Signal* signal, Pushed& pushed) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  Signal* TakeOldestCounted() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void PushToFull(Signal* signal, const SignalSource& source, Pushed& pushed)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  mutable Mutex mutex_;
  uint64_t serial_ ABSL_GUARDED_BY(mutex_) = 0;  // of the process, as in its pid; 0 when closed
  MailboxLimit limit_ ABSL_GUARDED_BY(mutex_);
  bool held_ ABSL_GUARDED_BY(mutex_) = false;
  bool overflown_ ABSL_GUARDED_BY(mutex_) = false;  // the owner is to end for it
  bool woken_ ABSL_GUARDED_BY(mutex_) = false;      // there is a kMail under way
  // The queue, oldest first, linked through `next`. No signal before `*search_` counts.
  Signal* first_ ABSL_GUARDED_BY(mutex_) = nullptr;
  Signal** end_ ABSL_GUARDED_BY(mutex_) = &first_;
  Signal** search_ ABSL_GUARDED_BY(mutex_) = &first_;
  size_t queued_ ABSL_GUARDED_BY(mutex_) = 0;   // messages in the queue that count
  size_t waiting_ ABSL_GUARDED_BY(mutex_) = 0;  // and those in the mailbox
  uint64_t dropped_ ABSL_GUARDED_BY(mutex_) = 0;
  std::vector<Pid> senders_ ABSL_GUARDED_BY(mutex_);  // that are held
};

// The limited inboxes of a runtime, by their processes' slots. One is made when a process with a limit
// first gets the slot, and stays. Thread safety: any thread.
class LimitedInboxes {
 public:
  explicit LimitedInboxes(size_t max_processes);
  LimitedInboxes(const LimitedInboxes&) = delete;
  LimitedInboxes& operator=(const LimitedInboxes&) = delete;
  ~LimitedInboxes();

  // That of a slot which has had a process with a limit.
  LimitedInbox& operator[](uint32_t slot) const {
    return *(*chunks_[slot / kPerChunk].load(std::memory_order_acquire))[slot % kPerChunk].load(
        std::memory_order_acquire);
  }

  // That of a slot which the caller holds; made if there is none.
  LimitedInbox& Make(uint32_t slot);

 private:
  static constexpr size_t kPerChunk = 8192;
  using Chunk = std::array<std::atomic<LimitedInbox*>, kPerChunk>;

  const size_t chunk_count_;
  const std::unique_ptr<std::atomic<Chunk*>[]> chunks_;
  Mutex mutex_;  // held while a chunk is made
};

}  // namespace hydra::process_internal

#endif  // HYDRA_PROCESS_INTERNAL_LIMITED_INBOX_H_
