// The workloads that are measured: one table of them for Google Benchmark, for the runner
// `workload` and, through that, for `workloads.erl`, which has the same ones for Erlang.
#ifndef HYDRA_BENCHMARKS_WORKLOADS_H_
#define HYDRA_BENCHMARKS_WORKLOADS_H_

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <type_traits>

#include "hydra/process/async.h"
#include "hydra/process/runtime.h"

namespace hydra::benchmarks {

// A figure beyond the rate, such as "bytes_per_process".
struct Figure {
  const char* name = nullptr;  // a literal; null if the figure isn't used
  double value = 0;
};

// What one run has measured, from inside the runtime: starting and stopping that doesn't count.
struct Measured {
  double operations = 0;  // 0 if there is no rate
  double seconds = 0;
  std::array<Figure, 2> figures = {};
};

// So that a child process can hand it to its parent.
static_assert(std::is_trivially_copyable_v<Measured>);

struct Setup {
  const Runtime* runtime;
  int64_t parameter;
  int64_t operations;
  std::span<const std::string> other_nodes = {};  // their names, if the workload is of several
};

struct Workload {
  const char* name;  // "ping_pong/64": the kind of workload, and which of its kind
  const char* unit;  // of the rate
  Async<Measured> (*body)(Setup setup);
  int64_t parameter;  // how many pairs, senders …: see README.md
  int64_t operations;
  int runs = 1;   // in one runtime; the last is measured
  int nodes = 0;  // OS processes; this one has the first
};

// All of them, in the order in which they are reported.
std::span<const Workload> Workloads();

// Runs a workload on a runtime of its own. It is cold only in an OS process that has done nothing
// before.
Measured Measure(const Workload& workload);

}  // namespace hydra::benchmarks

#endif  // HYDRA_BENCHMARKS_WORKLOADS_H_
