// Runs one workload, and prints what it has measured as `workloads.erl` does for Erlang.
//
//   workload                        the table: name unit parameter operations runs
//   workload spawn/cold [10000]     "operations seconds name=value ...", of so many operations
#include <cstdlib>
#include <iostream>
#include <string_view>

#include "hydra/benchmarks/workloads.h"

namespace hydra::benchmarks {
namespace {

void PrintTable() {
  for (const Workload& workload : Workloads()) {
    std::cout << workload.name << " " << workload.unit << " " << workload.parameter << " "
              << workload.operations << " " << workload.runs << "\n";
  }
}

void Print(const Measured& measured) {
  std::cout << measured.operations << " " << measured.seconds;
  for (const Figure& figure : measured.figures) {
    if (figure.name != nullptr) std::cout << " " << figure.name << "=" << figure.value;
  }
  std::cout << "\n";
}

int Run(std::string_view name, const char* operations) {
  for (Workload workload : Workloads()) {
    if (workload.name != name) continue;
    if (operations != nullptr) workload.operations = std::atoll(operations);
    Print(Measure(workload));
    return 0;
  }
  std::cerr << "there is no workload \"" << name << "\"; there are\n";
  PrintTable();
  return 1;
}

}  // namespace
}  // namespace hydra::benchmarks

int main(int argc, char** argv) {
  if (argc > 1) return hydra::benchmarks::Run(argv[1], argc > 2 ? argv[2] : nullptr);
  hydra::benchmarks::PrintTable();
}
