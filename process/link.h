// Links and exit signals: how the end of one process reaches others.
//
//   hydra::Pid worker = hydra::SpawnLink(Work);       // if one of us crashes, the other ends, too
//
//   hydra::TrapExit(true);                            // ... or rather, I am told
//   hydra::Pid other = hydra::SpawnLink(Work);
//   hydra::ExitSignal end = co_await hydra::Receive<hydra::ExitSignal>();
//   if (end.from == other && !end.reason.IsClean()) Restart();
//
//   hydra::Exit(worker, hydra::ExitReason::Shutdown());    // asks it to end
//   hydra::ExitSelf(hydra::ExitReason::Custom("enough"));  // ends here
//
// A link holds between two processes, at most one, and works both ways. When one ends, the other
// gets an exit signal with its reason, as if by `Exit` from it; but `kill` is a reason like others
// here: it can be trapped, and doesn't become `killed`. docs/semantics.md §2 has the whole table.
//
// Signals from one process to another arrive in the order in which they were sent, exit signals
// among them: a message that was sent before is in the mailbox when an exit signal arrives.
#ifndef HYDRA_PROCESS_LINK_H_
#define HYDRA_PROCESS_LINK_H_

#include "hydra/process/exit_reason.h"
#include "hydra/process/exit_signal.h"
#include "hydra/process/pid.h"

namespace hydra {

// Asks the process `pid` to end, as by an exit signal from the calling process.
//
// `kill` ends it without fail, with the reason `killed`; `normal` does nothing unless a process
// sends it to itself; any other reason ends it with that reason. A process that traps exits gets an
// `ExitSignal` instead, whatever the reason, but for `kill`. The signal acts when the receiver takes
// it in: at once if it is suspended, otherwise at its next suspension. Its locals are destroyed
// then. Of several reasons the first wins. A dead pid is ignored. Must be called by a process.
void Exit(Pid pid, ExitReason reason);

// Ends the calling process with `reason`, which can't be trapped, by throwing: plain functions and
// coroutines unwind as for any exception. A `catch (...)` that doesn't rethrow only puts it off: the
// process ends with `reason` at its next suspension, or when its body returns. `kill` is a reason
// like others here. Must be called by a process, and not in a destructor or a noexcept function.
[[noreturn]] void ExitSelf(ExitReason reason);

// Sets whether the calling process gets exit signals as messages. Returns what was set before.
// Concerns the signals that it takes in from now on; messages that it has stay. Must be called by a
// process.
bool TrapExit(bool trap);

// Links the calling process to `pid`. Does nothing if they are linked, or `pid` is its own.
//
// Never fails: if there is no such process, the caller gets an exit signal `noproc` from it; if the
// process is just ending, that or its real reason. Must be called by a process; in one that is ending it does nothing.
void Link(Pid pid);

// Removes the link between the calling process and `pid`, for both. From then on the caller gets no
// exit signal by this link; an `ExitSignal` that is in its mailbox already stays there:
//
//   hydra::Unlink(pid);
//   co_await hydra::Receive<hydra::ExitSignal>()
//       .Where([&](const hydra::ExitSignal& exit) { return exit.from == pid; })
//       .Within(absl::ZeroDuration());
//
// Does nothing if they aren't linked. Must be called by a process.
void Unlink(Pid pid);

}  // namespace hydra

#endif  // HYDRA_PROCESS_LINK_H_
