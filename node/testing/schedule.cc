#include "hydra/node/testing/schedule.h"

#include <cstdint>
#include <ostream>

namespace hydra::node_testing {

Schedule::Schedule(uint64_t seed, std::ostream* trace) : seed_(seed), trace_(trace), random_(seed) {
  random_ = Next();  // so that no two seeds yield parts of one sequence
}

// splitmix64.
uint64_t Schedule::Next() {
  random_ += 0x9e3779b97f4a7c15ull;
  uint64_t z = random_;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
  return z ^ (z >> 31);
}

}  // namespace hydra::node_testing
