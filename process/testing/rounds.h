// Rounds: how often a race test repeats itself.
//
//   for (int64_t i = hydra::Rounds(100'000); i > 0; --i) ...
//
// A race test states the count that is needed to trust it. By default, and in CI, it does a
// hundredth of that; the full counts are for a change of the code under test:
//
//   ./bazelw test --test_env=HYDRA_FULL_ROUNDS=1 //process/...
#ifndef HYDRA_PROCESS_TESTING_ROUNDS_H_
#define HYDRA_PROCESS_TESTING_ROUNDS_H_

#include <algorithm>
#include <cstdint>
#include <cstdlib>

namespace hydra {

// Returns `full` if HYDRA_FULL_ROUNDS is set in the environment, otherwise a hundredth of it, at
// least 1.
inline int64_t Rounds(int64_t full) {
  if (std::getenv("HYDRA_FULL_ROUNDS") != nullptr) return full;
  return std::max<int64_t>(full / 100, 1);
}

}  // namespace hydra

#endif  // HYDRA_PROCESS_TESTING_ROUNDS_H_
