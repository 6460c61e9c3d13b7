// Random schedules of two and three nodes: handshake, liveness, simultaneous connects, links (NOD2 to NOD7, NOD11 to NOD17, NOD22).
//
//   HYDRA_TEST_SEED=7       runs that schedule only, and says what it does
//   HYDRA_SCHEDULES=100000  so many
//   HYDRA_FIRST_SEED=5000   from there on
//
// A seed decides all but the order in which those are told whom one event concerns: that is by hashes, and the same for
// the same addresses (setarch -R).
#include "hydra/node/testing/simulation.h"

#include <cstdint>
#include <cstdlib>
#include <string>

#include "gtest/gtest.h"
#include "hydra/base/log.h"

namespace hydra::node_testing {
namespace {

uint64_t FromEnvironment(const char* name, uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

TEST(SimulationTest, HoldsForRandomSchedules) {
  const bool is_one = std::getenv("HYDRA_TEST_SEED") != nullptr;
  if (!is_one) SetMinLogSeverity(LogSeverity::kFatal);
  const uint64_t first = FromEnvironment("HYDRA_TEST_SEED", FromEnvironment("HYDRA_FIRST_SEED", 1));
  const uint64_t count = is_one ? 1 : FromEnvironment("HYDRA_SCHEDULES", 1000);
  for (uint64_t seed = first; seed < first + count; ++seed) {
    const std::string wrong = Simulate(seed, /*traces=*/is_one);
    ASSERT_EQ(wrong, "") << "HYDRA_TEST_SEED=" << seed;
  }
}

// Schedules that have found something.
TEST(SimulationTest, HoldsForThoseThatOnceFailed) {
  SetMinLogSeverity(LogSeverity::kFatal);
  // An attempt that had lost was over in time, but its stream was not: nobody gave it up.
  EXPECT_EQ(Simulate(502319), "");
}

}  // namespace
}  // namespace hydra::node_testing
