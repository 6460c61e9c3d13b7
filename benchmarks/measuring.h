// What workloads measure with.
#ifndef HYDRA_BENCHMARKS_MEASURING_H_
#define HYDRA_BENCHMARKS_MEASURING_H_

#include "absl/time/time.h"

namespace hydra::benchmarks {

// By the runtime's clock. Must be called by a process.
double SecondsSince(absl::Time start);

// What memory of this OS process is resident.
double ResidentBytes();

// CPU time of this OS process, user and system.
double CpuSeconds();

// What has been sent and received by the TCP connections that this OS process has: their payload, without
// the headers of TCP and IP.
double TcpBytes();

}  // namespace hydra::benchmarks

#endif  // HYDRA_BENCHMARKS_MEASURING_H_
