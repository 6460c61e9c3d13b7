// The workloads of what is read without asking anybody: see workloads.cc.
#ifndef HYDRA_BENCHMARKS_LOOKUPS_H_
#define HYDRA_BENCHMARKS_LOOKUPS_H_

#include "hydra/benchmarks/workloads.h"
#include "hydra/process/async.h"

namespace hydra::benchmarks {

// So many processes look up keys of a registry, all of which one process has, and check their values.
Async<Measured> LookUpInRegistry(Setup setup);

// So many processes ask a registry who has a key; each key has a process of its own.
Async<Measured> FindProcesses(Setup setup);

// So many processes look up keys of a table, and check their values.
Async<Measured> LookUpInTable(Setup setup);

// So many processes add to the values of a table.
Async<Measured> CountInTable(Setup setup);

}  // namespace hydra::benchmarks

#endif  // HYDRA_BENCHMARKS_LOOKUPS_H_
