// `ExitSignal`: the message that a process gets instead of an exit signal while it traps exits. See
// link.h.
#ifndef HYDRA_PROCESS_EXIT_SIGNAL_H_
#define HYDRA_PROCESS_EXIT_SIGNAL_H_

#include "hydra/process/exit_reason.h"
#include "hydra/process/pid.h"

namespace hydra {

struct ExitSignal {
  // Who has asked the receiver to end, or has ended itself.
  Pid from;
  ExitReason reason;
};

}  // namespace hydra

#endif  // HYDRA_PROCESS_EXIT_SIGNAL_H_
