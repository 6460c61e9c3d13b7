// Done: what a process of a workload tells its owner when it has done its part.
#ifndef HYDRA_BENCHMARKS_DONE_H_
#define HYDRA_BENCHMARKS_DONE_H_

#include <cstdint>
#include <string_view>

#include "hydra/process/async.h"

namespace hydra::benchmarks {

struct Done {
  static constexpr std::string_view kWireName = "benchmarks.Done";
};

// Waits for so many of them.
Async<> AwaitDone(int64_t count);

}  // namespace hydra::benchmarks

#endif  // HYDRA_BENCHMARKS_DONE_H_
