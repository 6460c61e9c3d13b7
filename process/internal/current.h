// What the calling process does: the ends of the public templates that aren't templates. Each finds
// the calling thread's worker and goes on there; on a foreign thread that is a failed check.
#ifndef HYDRA_PROCESS_INTERNAL_CURRENT_H_
#define HYDRA_PROCESS_INTERNAL_CURRENT_H_

#include <coroutine>
#include <cstdint>
#include <string_view>

#include "absl/status/statusor.h"
#include "hydra/base/compiler.h"
#include "hydra/process/async.h"
#include "hydra/process/dest.h"
#include "hydra/process/internal/entry.h"
#include "hydra/process/internal/mailbox_limit.h"
#include "hydra/process/internal/signal.h"
#include "hydra/process/internal/wait.h"
#include "hydra/process/pid.h"
#include "hydra/process/priority.h"

namespace hydra::process_internal {

// See behaviour.h.
HYDRA_NOINLINE bool HasEnded(const Pid& pid);

// Delivers `signal` to `to`. Takes the signal.
HYDRA_NOINLINE void SendSignal(const Pid& to, Signal* signal);

// Delivers the message `signal` to `to`. Returns false if nobody is found by a name of this runtime or by a
// Via. Takes the signal.
bool SendSignalTo(const Dest& to, Signal* signal);

// How a process is spawned.
struct Spawning {
  Priority priority = Priority::kNormal;
  bool link = false;       // to the spawner
  Ref* monitor = nullptr;  // set to the ref of a monitor of the spawner's, if given
  std::string_view name = {};
  std::string_view label = {};
  bool for_caller = false;
  MailboxLimit mailbox_limit = {};
};

// Spawns a process. Takes the entry.
HYDRA_NOINLINE Pid SpawnEntry(Entry* entry);

// The same for SpawnLink and SpawnMonitor. Takes the entry.
Pid SpawnRelatedEntry(Entry* entry, const Spawning& spawning);

// The same for SpawnWith. Takes the entry.
absl::StatusOr<Pid> SpawnEntryWith(Entry* entry, const Spawning& spawning);

// A new ref of the current process.
HYDRA_NOINLINE Ref NewRef();

// Starts `wait` for the current process, whose innermost frame is `leaf`. Returns false if the wait
// is over already, so that the process goes on at once; otherwise the process is resumed when it
// is.
HYDRA_NOINLINE bool BeginWait(Wait& wait, PromiseBase& leaf);

// The same for a wait that an answer ends.
HYDRA_NOINLINE bool BeginAnswerWait(Wait& wait, PromiseBase& leaf);

// The same for one that ends with the process's next turn.
HYDRA_NOINLINE void BeginYield(Wait& wait, PromiseBase& leaf);

// Takes the node of the message that ended `wait` out of the mailbox for good.
HYDRA_NOINLINE Signal* KeepFound(Wait& wait);

// From where on the current process looks for messages with `ref`: they can't lie before its own
// mark of it.
HYDRA_NOINLINE uint64_t MarkOf(const Ref& ref);

// The base of the awaitables: `co_await` suspends the process until the wait is over.
struct AwaitableWait : Wait {
  using IsProcessWait = void;

  bool await_ready() const noexcept { return false; }

  template <typename P>
  bool await_suspend(std::coroutine_handle<P> leaf) {
    return BeginWait(*this, leaf.promise());
  }
};

}  // namespace hydra::process_internal

#endif  // HYDRA_PROCESS_INTERNAL_CURRENT_H_
