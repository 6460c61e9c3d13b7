// The workloads of supervisors: see workloads.cc.
#ifndef HYDRA_BENCHMARKS_SUPERVISION_H_
#define HYDRA_BENCHMARKS_SUPERVISION_H_

#include "hydra/benchmarks/workloads.h"
#include "hydra/process/async.h"

namespace hydra::benchmarks {

// So many children of a one_for_one supervisor are killed at the same time, and waited for until all of
// them have started anew; after 1,000 restarts there is a new supervisor.
Async<Measured> RestartChildren(Setup setup);
// The same by one supervisor, which keeps the times of all the restarts.
Async<Measured> RestartChildrenOften(Setup setup);

// A supervisor with so many children is started, and stopped.
Async<Measured> StartAndStopTree(Setup setup);

}  // namespace hydra::benchmarks

#endif  // HYDRA_BENCHMARKS_SUPERVISION_H_
