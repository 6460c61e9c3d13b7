// The calling process: who it is, where it comes from, how it is scheduled.
#ifndef HYDRA_PROCESS_SELF_H_
#define HYDRA_PROCESS_SELF_H_

#include <string>
#include <string_view>
#include <vector>

#include "hydra/process/pid.h"
#include "hydra/process/priority.h"

namespace hydra {

// The calling process's pid. Must be called by a process.
Pid Self();

// A new ref of the calling process. Must be called by a process.
Ref MakeRef();

// Says what the calling process is there for, for people: `Info` shows it, and the log of its crash. Must be
// called by a process.
void SetLabel(std::string_view label);

// The calling process's name (name.h); empty if it has none. Must be called by a process.
std::string RegisteredName();

// The calling process's label; empty if it has none. Must be called by a process.
std::string Label();

// The process that spawned the caller, the one that spawned that, and so on, sixteen at most. Known of
// processes that were spawned with a link, a monitor, or options; a plain Spawn notes nothing. Must be
// called by a process.
std::vector<Pid> Ancestors();

// The processes on whose behalf the caller works, the nearest first: see SpawnOptions::for_caller. Must
// be called by a process.
std::vector<Pid> Callers();

// Sets the calling process's priority, from its next turn on. Returns what it was. Must be called by a
// process.
Priority SetPriority(Priority priority);

}  // namespace hydra

#endif  // HYDRA_PROCESS_SELF_H_
