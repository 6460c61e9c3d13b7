#include "hydra/process/internal/thief.h"

#include <cstdint>

#include "absl/time/time.h"
#include "gtest/gtest.h"

namespace hydra::process_internal {
namespace {

constexpr int64_t kMicrosecond = 1000;
const int64_t kRest = absl::ToInt64Nanoseconds(Thief::kRest);

// Steals `processes`, which keep the thief busy for `busy`. Returns the time of its running dry.
int64_t StealOnce(Thief& thief, int64_t now, size_t processes, int64_t busy) {
  thief.Stole(processes, now);
  thief.RanDry(now + busy);
  return now + busy;
}

// The thief after four poor loots, the last at the time `now`.
Thief Discouraged(int64_t& now) {
  Thief thief;
  for (int i = 0; i < 4; ++i) {
    EXPECT_FALSE(thief.rests());
    now = StealOnce(thief, now, 20, 5 * kMicrosecond);
  }
  return thief;
}

TEST(ThiefTest, RestsAfterSeveralPoorLoots) {
  int64_t now = 0;
  EXPECT_TRUE(Discouraged(now).rests());
}

TEST(ThiefTest, StealsAgainAfterItsRest) {
  int64_t now = 0;
  Thief thief = Discouraged(now);
  thief.RanDry(now + kRest - 1);
  EXPECT_TRUE(thief.rests());
  thief.RanDry(now + kRest);
  EXPECT_FALSE(thief.rests());
}

TEST(ThiefTest, OnePoorLootMoreIsEnoughForAnotherRest) {
  int64_t now = 0;
  Thief thief = Discouraged(now);
  now += kRest;
  thief.RanDry(now);
  StealOnce(thief, now, 20, 5 * kMicrosecond);
  EXPECT_TRUE(thief.rests());
}

TEST(ThiefTest, AGoodLootIsANewBeginning) {
  int64_t now = 0;
  Thief thief = Discouraged(now);
  now += kRest;
  thief.RanDry(now);
  now = StealOnce(thief, now, 20, 20 * kMicrosecond);
  StealOnce(thief, now, 20, 5 * kMicrosecond);
  EXPECT_FALSE(thief.rests());
}

// What was stolen is judged once, though the thief goes on searching.
TEST(ThiefTest, ALootCountsOnce) {
  Thief thief;
  StealOnce(thief, 0, 20, 5 * kMicrosecond);
  for (int i = 0; i < 10; ++i) thief.RanDry(6 * kMicrosecond);
  EXPECT_FALSE(thief.rests());
}

}  // namespace
}  // namespace hydra::process_internal
