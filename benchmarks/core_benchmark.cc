// Every workload under Google Benchmark, each run in an OS process of its own.
//
//   ./bazelw run --config=opt //benchmarks:core -- --benchmark_filter=spawn
#include <sys/wait.h>
#include <unistd.h>

#include "benchmark/benchmark.h"
#include "hydra/base/check.h"
#include "hydra/benchmarks/workloads.h"

namespace hydra::benchmarks {
namespace {

// Measures in a child. This process has no runtime and no threads ever, so that each child is cold.
// Returns false if the child has died.
bool MeasureInChild(const Workload& workload, Measured& measured) {
  int ends[2];
  HYDRA_CHECK(pipe(ends) == 0);
  const pid_t child = fork();
  HYDRA_CHECK(child >= 0);
  if (child == 0) {
    const Measured result = Measure(workload);
    _exit(write(ends[1], &result, sizeof(result)) == sizeof(result) ? 0 : 1);
  }
  close(ends[1]);
  const bool whole = read(ends[0], &measured, sizeof(measured)) == sizeof(measured);
  close(ends[0]);
  waitpid(child, nullptr, 0);
  return whole;
}

void Run(benchmark::State& state, const Workload& workload) {
  for (auto unused : state) {
    Measured measured;
    if (!MeasureInChild(workload, measured)) return state.SkipWithError("the run has died");
    state.SetIterationTime(measured.seconds);
    if (measured.operations > 0) {
      state.counters[workload.unit] = measured.operations / measured.seconds;
    }
    for (const Figure& figure : measured.figures) {
      if (figure.name != nullptr) state.counters[figure.name] = figure.value;
    }
  }
}

void RegisterAll() {
  for (const Workload& workload : Workloads()) {
    benchmark::RegisterBenchmark(workload.name, Run, workload)
        ->UseManualTime()
        ->Unit(benchmark::kMillisecond)
        ->Iterations(1);
  }
}

}  // namespace
}  // namespace hydra::benchmarks

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  hydra::benchmarks::RegisterAll();
  benchmark::RunSpecifiedBenchmarks();
}
