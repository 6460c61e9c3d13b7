// The workloads of registries, groups and pools: see workloads.cc.
#ifndef HYDRA_BENCHMARKS_REGISTRATION_H_
#define HYDRA_BENCHMARKS_REGISTRATION_H_

#include "hydra/benchmarks/workloads.h"
#include "hydra/process/async.h"

namespace hydra::benchmarks {

// So many processes each register a key and unregister it, again and again.
Async<Measured> RegisterAndUnregister(Setup setup);

// Messages are published to so many subscribers, until each has received all.
Async<Measured> PublishToMany(Setup setup);

// A process joins a group and leaves it, again and again.
Async<Measured> JoinAndLeave(Setup setup);

// So many processes borrow a worker of a pool and give it back, again and again.
Async<Measured> BorrowWorkers(Setup setup);

}  // namespace hydra::benchmarks

#endif  // HYDRA_BENCHMARKS_REGISTRATION_H_
