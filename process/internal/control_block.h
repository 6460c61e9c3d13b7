// The control block of a process: two cache lines that hold all there is of an idle one, its frames
// apart.
//
// Blocks lie in type-stable slots (`ProcessTable`), so a sender may look at a block whose process
// is long dead: it finds another serial. The first line is what senders touch; everything else
// belongs to the *holder*: the worker that runs the process, or the queue that it waits in to be
// run. While the process sleeps nobody holds it; the sender whose push wakes it (`Inbox`) becomes
// the holder.
#ifndef HYDRA_PROCESS_INTERNAL_CONTROL_BLOCK_H_
#define HYDRA_PROCESS_INTERNAL_CONTROL_BLOCK_H_

#include <atomic>
#include <cstdint>

#include "hydra/base/compiler.h"
#include "hydra/process/async.h"
#include "hydra/process/internal/entry.h"
#include "hydra/process/internal/inbox.h"
#include "hydra/process/internal/mailbox.h"
#include "hydra/process/internal/timers.h"
#include "hydra/process/internal/wait.h"
#include "hydra/process/priority.h"

namespace hydra::process_internal {

struct Relations;

enum class ProcessState : uint8_t {
  kFree,     // the slot holds no process
  kNew,      // spawned, its body not yet called
  kAlive,    // its body has begun
  kDoomed,   // it ends as soon as a blocking function has returned, which its frames are kept for
  kExiting,  // its frames and what it owned are being released
  kDead,     // its death is visible; unread messages are still being destroyed
};

// In the serial of a block whose process has a mailbox limit, and in no pid: see limited_inbox.h.
inline constexpr uint64_t kLimited = uint64_t{1} << 63;

struct alignas(kCacheLine) ControlBlock {
  // Makes the block that of a new process, which can be sent to from now on.
  void Open(Entry* new_entry, Priority new_priority) {
    state = ProcessState::kNew;
    priority = new_priority;
    trap_exit = false;
    named.store(false, std::memory_order_relaxed);
    entry = new_entry;
    inbox.Open(cursor);
  }

  // ---- Line 1: senders.

  // Counts the processes that lived in this slot; the current one's, or the next one's if there is
  // none. Written by the holder when a process is gone (release), read by senders (acquire), which
  // may be outrun: so the holder compares again what each signal was sent to.
  std::atomic<uint64_t> serial{1};
  Inbox inbox;

  // ---- From here on the holder's, but for `index`.

  uint32_t index = 0;  // of the slot; constant
  ProcessState state = ProcessState::kFree;
  Priority priority = Priority::kNormal;
  bool trap_exit = false;          // exit signals become messages
  std::atomic<bool> named{false};  // it may have a name; see names.h
  ControlBlock* next =
      nullptr;             // in the list that the block is in: free blocks, or the injection queue
  Entry* entry = nullptr;  // what the body was made from, as long as it is needed
  PromiseBase* body = nullptr;      // the outermost frame
  WaitTimer* wait_timer = nullptr;  // made when the process first waits for a limited time
  UserTimerList user_timers;        // those that send to it; guarded by their wheel's lock

  // ---- Line 2.

  PromiseBase* leaf = nullptr;  // the innermost frame, while suspended
  Wait* wait = nullptr;         // what it waits for, in that frame; null while it runs
  Mailbox mailbox;
  InboxCursor cursor;
  Relations* relations = nullptr;  // links, monitors and the like; made when it first has any
};

static_assert(sizeof(ControlBlock) == 2 * kCacheLine);

}  // namespace hydra::process_internal

#endif  // HYDRA_PROCESS_INTERNAL_CONTROL_BLOCK_H_
