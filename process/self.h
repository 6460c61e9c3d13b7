// The calling process: who it is, and the refs it makes.
#ifndef HYDRA_PROCESS_SELF_H_
#define HYDRA_PROCESS_SELF_H_

#include "hydra/process/pid.h"

namespace hydra {

// The calling process's pid. Must be called by a process.
Pid Self();

// A new ref of the calling process. Must be called by a process.
Ref MakeRef();

}  // namespace hydra

#endif  // HYDRA_PROCESS_SELF_H_
