// Every workload under Google Benchmark: rates, and the figures beyond them. `/cold` is its first run in this OS process.
//
//   ./bazelw run --config=opt //benchmarks:core -- --benchmark_filter=spawn
#include <string>

#include "absl/time/time.h"
#include "benchmark/benchmark.h"
#include "hydra/benchmarks/workloads.h"

namespace hydra::benchmarks {
namespace {

void Run(benchmark::State& state, const Workload& workload) {
  double operations = 0;
  for (auto unused : state) {
    const Measured measured = workload.run();
    state.SetIterationTime(absl::ToDoubleSeconds(measured.elapsed));
    operations += measured.operations;
    for (const Measured::Figure& figure : measured.figures)
      state.counters[figure.name] = figure.value;
  }
  state.counters[std::string(workload.unit) + "s/s"] =
      benchmark::Counter(operations, benchmark::Counter::kIsRate);
}

void RegisterAll() {
  for (const Workload& workload : Workloads()) {
    const auto run = [&workload](benchmark::State& state) { Run(state, workload); };
    for (const std::string kind : {"/cold", "/warm"}) {
      benchmark::RegisterBenchmark((std::string(workload.name) + kind).c_str(), run)
          ->UseManualTime()
          ->Unit(benchmark::kMillisecond)
          ->Iterations(kind == "/cold" || workload.name == "idle" ? 1 : 3);
    }
  }
}

}  // namespace
}  // namespace hydra::benchmarks

int main(int argc, char** argv) {
  hydra::benchmarks::RegisterAll();
  benchmark::Initialize(&argc, argv);
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
