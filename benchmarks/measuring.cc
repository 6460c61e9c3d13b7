#include "hydra/benchmarks/measuring.h"

#include <unistd.h>

#include <fstream>

#include "absl/time/time.h"
#include "hydra/process/timer.h"

namespace hydra::benchmarks {

double SecondsSince(absl::Time start) { return absl::ToDoubleSeconds(Now() - start); }

double ResidentBytes() {
  std::ifstream statm("/proc/self/statm");
  double total = 0;
  double resident = 0;
  statm >> total >> resident;
  return resident * static_cast<double>(sysconf(_SC_PAGESIZE));
}

}  // namespace hydra::benchmarks
