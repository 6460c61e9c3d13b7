// The workloads that are measured. Each runs on a runtime of its own making, counts what it does, and times it from inside
// the runtime, so that starting and stopping one doesn't count. `workloads.erl` has the same ones, by the same names, for
// Erlang.
#ifndef HYDRA_BENCHMARKS_WORKLOADS_H_
#define HYDRA_BENCHMARKS_WORKLOADS_H_

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/time/time.h"

namespace hydra::benchmarks {

// What one run of a workload has measured.
struct Measured {
  double operations = 0;
  absl::Duration elapsed;
  // Figures beyond the rate, such as "bytes_per_process".
  struct Figure {
    std::string name;
    double value;
  };
  std::vector<Figure> figures = {};
};

struct Workload {
  std::string_view name;
  std::string_view unit;  // of an operation
  // Runs once. Run first in an OS process it is cold: memory is taken from the system. Later runs are warm.
  std::function<Measured()> run;
};

// All workloads, in the order in which they are reported.
const std::vector<Workload>& Workloads();

}  // namespace hydra::benchmarks

#endif  // HYDRA_BENCHMARKS_WORKLOADS_H_
