// Runs one workload and prints what it measured, as `workloads.erl` does for Erlang:
//
//   workload ping_pong_1 [runs]
//
// Each run is a line "operations seconds name=value ...". The first is cold.
#include <cstdlib>
#include <iostream>
#include <string_view>

#include "absl/time/time.h"
#include "hydra/benchmarks/workloads.h"

namespace hydra::benchmarks {
namespace {

int RunByName(std::string_view name, int runs) {
  for (const Workload& workload : Workloads()) {
    if (workload.name != name) continue;
    for (int i = 0; i < runs; ++i) {
      const Measured measured = workload.run();
      std::cout << measured.operations << " " << absl::ToDoubleSeconds(measured.elapsed);
      for (const Measured::Figure& figure : measured.figures)
        std::cout << " " << figure.name << "=" << figure.value;
      std::cout << std::endl;
    }
    return 0;
  }
  std::cerr << "there is no workload \"" << name << "\"; there are:\n";
  for (const Workload& workload : Workloads()) std::cerr << "  " << workload.name << "\n";
  return 1;
}

}  // namespace
}  // namespace hydra::benchmarks

int main(int argc, char** argv) {
  const std::string_view name = argc > 1 ? argv[1] : "";
  return hydra::benchmarks::RunByName(name, argc > 2 ? std::atoi(argv[2]) : 1);
}
