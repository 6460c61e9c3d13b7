// When restarts come too often: pure arithmetic.
#include "hydra/supervisor/restart_intensity.h"

#include <cstddef>
#include <deque>
#include <random>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "gtest/gtest.h"

namespace hydra {
namespace {

struct Case {
  std::string name;
  size_t max_restarts;
  double period;              // in seconds, like the times
  std::vector<double> times;  // of restarts
  size_t allowed;             // how many of them, until one is too many
};

class RestartIntensityTest : public testing::TestWithParam<Case> {};

TEST_P(RestartIntensityTest, AllowsAsMany) {
  const Case& c = GetParam();
  RestartIntensity intensity(c.max_restarts, absl::Seconds(c.period));
  size_t allowed = 0;
  for (const double time : c.times) {
    if (!intensity.Add(absl::UnixEpoch() + absl::Seconds(time))) break;
    ++allowed;
  }
  EXPECT_EQ(allowed, c.allowed);
}

INSTANTIATE_TEST_SUITE_P(
    // SUP12, SUP13
    Table, RestartIntensityTest,
    testing::Values(Case{"NoneAllowed", 0, 5, {0}, 0},                          // SUP12
                    Case{"NoneAllowedHoweverLate", 0, 5, {1000}, 0},            // SUP12
                    Case{"OneAllowed", 1, 5, {0, 1}, 1},                        // SUP12
                    Case{"ThreeAllowed", 3, 5, {0, 1, 2, 3}, 3},                // SUP12
                    Case{"AllAtOnce", 3, 5, {7, 7, 7, 7}, 3},                   // SUP12
                    Case{"OldOnesDontCount", 1, 5, {0, 6, 12, 18}, 4},          // SUP12
                    Case{"TheWindowSlides", 2, 5, {0, 4, 6, 10, 12, 16}, 6},    // SUP12
                    Case{"ThirdWithinTheWindow", 2, 5, {0, 4, 6, 8}, 3},        // SUP12
                    Case{"BurstAfterARest", 2, 5, {0, 100, 101, 102}, 3},       // SUP12
                    Case{"TheWindowSlidesOn", 2, 5, {0, 1, 7, 8, 9}, 4},        // SUP12
                    Case{"ExactlyThePeriod", 1, 5, {0, 5}, 1},                  // SUP13
                    Case{"JustLessThanThePeriod", 1, 5, {0, 4.999999}, 1},      // SUP13
                    Case{"JustMoreThanThePeriod", 1, 5, {0, 5.000001}, 2},      // SUP13
                    Case{"ExactlyThePeriodOfThree", 3, 5, {0, 1, 2, 5}, 3},     // SUP13
                    Case{"MoreThanThePeriodOfThree", 3, 5, {0, 1, 2, 5.1}, 4},  // SUP13
                    Case{"ShortPeriod", 1, 0.001, {0, 0.0005}, 1}),
    [](const auto& info) { return info.param.name; });

// SUP12: OTP's definition, which keeps all restarts of the window and counts them.
class CountedWindow {
 public:
  CountedWindow(size_t max_restarts, absl::Duration period)
      : max_restarts_(max_restarts), period_(period) {}
  bool Add(absl::Time now) {
    times_.push_back(now);
    while (times_.front() < now - period_) times_.pop_front();
    return times_.size() <= max_restarts_;
  }

 private:
  size_t max_restarts_;
  absl::Duration period_;
  std::deque<absl::Time> times_;
};

// SUP12, SUP13
TEST(RestartIntensityAgainstOtpTest, GivesUpAtTheSameRestart) {
  std::mt19937 random(1);
  for (int round = 0; round < 2000; ++round) {
    const size_t max_restarts = random() % 6;
    const absl::Duration period = absl::Seconds(1 + random() % 5);
    RestartIntensity intensity(max_restarts, period);
    CountedWindow expected(max_restarts, period);
    absl::Time now = absl::UnixEpoch();
    for (int i = 0; i < 100; ++i) {
      now += absl::Seconds(random() % 4);
      const bool allowed = expected.Add(now);
      ASSERT_EQ(intensity.Add(now), allowed) << "round " << round << ", restart " << i;
      if (!allowed) break;
    }
  }
}

}  // namespace
}  // namespace hydra
