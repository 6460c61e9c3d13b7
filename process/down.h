// `Down`: the message that a monitor ends with. See monitor.h.
#ifndef HYDRA_PROCESS_DOWN_H_
#define HYDRA_PROCESS_DOWN_H_

#include <cstdint>

#include "hydra/process/dest.h"
#include "hydra/process/exit_reason.h"
#include "hydra/process/pid.h"

namespace hydra {

struct Down {
  // What `Monitor` returned.
  Ref ref;
  // The process that has ended; none if a name or a Via was monitored that nobody was found by.
  Pid pid;
  // The name that was monitored; empty if it was no name.
  ProcessName name;
  // Why it ended; `noproc` if there was no such process when the monitor reached it, and
  // `noconnection` if its node can't be reached any more: it may still be alive.
  ExitReason reason;
  // The options' tag.
  int64_t tag = 0;
};

}  // namespace hydra

#endif  // HYDRA_PROCESS_DOWN_H_
