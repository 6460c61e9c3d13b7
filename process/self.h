// The calling process: who it is, the refs it makes, and exit signals, to itself and to others.
#ifndef HYDRA_PROCESS_SELF_H_
#define HYDRA_PROCESS_SELF_H_

#include "hydra/process/exit_reason.h"
#include "hydra/process/pid.h"

namespace hydra {

// The calling process's pid. Must be called by a process.
Pid Self();

// A new ref of the calling process. Must be called by a process.
Ref MakeRef();

// Asks the process `pid` to end, as by an exit signal from the calling process.
//
// `kill` ends it without fail, with the reason `killed`; `normal` does nothing, unless a process
// sends it to itself; any other reason ends it with that reason. The signal is ordered among the
// messages from the same sender, and acts when the receiver takes it in: at once if it is
// suspended, otherwise at its next suspension. Its locals are destroyed then. Of several reasons
// the first wins. A dead pid is ignored. Must be called by a process.
void Exit(Pid pid, ExitReason reason);

}  // namespace hydra

#endif  // HYDRA_PROCESS_SELF_H_
