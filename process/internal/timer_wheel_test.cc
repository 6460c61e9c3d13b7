#include "hydra/process/internal/timer_wheel.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <random>
#include <vector>

#include "gtest/gtest.h"
#include "hydra/process/internal/wait.h"

namespace hydra::process_internal {
namespace {

// The due ticks of all timers that have expired by `tick`, in the order in which the wheel hands
// them out.
std::vector<Tick> Expired(TimerWheel& wheel, Tick tick) {
  std::vector<Tick> expired;
  while (TimerNode* node = wheel.NextExpired(tick)) {
    EXPECT_FALSE(node->armed());
    expired.push_back(node->due);
  }
  EXPECT_EQ(wheel.now(), tick);
  return expired;
}

using Ticks = std::vector<Tick>;

TEST(TimerWheelTest, EmptyWheelHasNothingDue) {
  TimerWheel wheel;
  EXPECT_EQ(wheel.NextDue(), kForever);
  EXPECT_EQ(Expired(wheel, 1'000'000), Ticks{});
}

// TMR1
TEST(TimerWheelTest, TimerExpiresAtItsTickAndNotBefore) {
  for (const Tick due : {1, 63, 64, 65, 4095, 4096, 262'144, 16'777'216, 1'000'000'000}) {
    TimerWheel wheel;
    TimerNode node;
    node.due = due;
    wheel.Add(node);
    EXPECT_LE(wheel.NextDue(), due);
    EXPECT_EQ(Expired(wheel, due - 1), Ticks{}) << due;
    EXPECT_EQ(Expired(wheel, due), Ticks{due});
  }
}

// TMR6
TEST(TimerWheelTest, TimersOfOneSlotExpireInTheOrderOfTheirTicks) {
  TimerWheel wheel;
  std::vector<TimerNode> nodes(3);
  nodes[0].due = 1001;
  nodes[1].due = 1000;
  nodes[2].due = 1002;
  for (TimerNode& node : nodes) wheel.Add(node);
  EXPECT_EQ(Expired(wheel, 960), Ticks{});
  EXPECT_EQ(wheel.NextDue(), 1000);
  EXPECT_EQ(Expired(wheel, 2000), (Ticks{1000, 1001, 1002}));
}

TEST(TimerWheelTest, TimerThatIsDueAlreadyExpiresNext) {
  TimerWheel wheel;
  Expired(wheel, 500);
  TimerNode node;
  node.due = 3;
  wheel.Add(node);
  EXPECT_EQ(wheel.NextDue(), 500);
  EXPECT_EQ(Expired(wheel, 500), Ticks{3});
}

TEST(TimerWheelTest, RemovedTimerDoesNotExpire) {
  TimerWheel wheel;
  std::vector<TimerNode> nodes(2);
  for (TimerNode& node : nodes) {
    node.due = 100;
    wheel.Add(node);
  }
  wheel.Remove(nodes[0]);
  EXPECT_FALSE(nodes[0].armed());
  EXPECT_EQ(Expired(wheel, 100), Ticks{100});
  EXPECT_EQ(wheel.NextDue(), kForever);
}

TEST(TimerWheelTest, TimerBeyondTheHorizonWaits) {
  constexpr Tick kEndOfTheClock = Tick{1} << 44;  // 2^63 nanoseconds, and some
  TimerWheel wheel;
  Expired(wheel, 12'345);
  TimerNode node;
  node.due = kForever;
  wheel.Add(node);
  EXPECT_EQ(Expired(wheel, kEndOfTheClock), Ticks{});
  EXPECT_TRUE(node.armed());
  wheel.Remove(node);
}

// Random timers, added, removed, and waited for in jumps of all sizes, against a sorted map.
TEST(TimerWheelTest, AgreesWithASortedMap) {
  for (uint32_t seed = 1; seed <= 50; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937_64 random(seed);
    TimerWheel wheel;
    std::vector<TimerNode> nodes(200);
    std::multimap<Tick, TimerNode*> model;
    // So that every level is met: 2^n to 2^(n+1), with any n.
    const auto any_size = [&random] { return (Tick{1} << (random() % 30)) + random() % 64; };
    for (int step = 0; step < 2000; ++step) {
      TimerNode& node = nodes[random() % nodes.size()];
      if (node.armed()) {
        const auto [begin, end] = model.equal_range(node.due);
        model.erase(
            std::find_if(begin, end, [&node](auto& entry) { return entry.second == &node; }));
        wheel.Remove(node);
      } else {
        node.due = wheel.now() + any_size();
        wheel.Add(node);
        model.emplace(node.due, &node);
      }
      if (!model.empty()) {
        ASSERT_LE(wheel.NextDue(), model.begin()->first);
      }
      if (step % 5 != 0) continue;
      const Tick tick = wheel.now() + any_size() / 8;
      Ticks expected;
      while (!model.empty() && model.begin()->first <= tick) {
        expected.push_back(model.begin()->first);
        model.erase(model.begin());
      }
      ASSERT_EQ(Expired(wheel, tick), expected);
    }
    for (TimerNode& node : nodes) {
      if (node.armed()) wheel.Remove(node);
    }
    EXPECT_EQ(wheel.NextDue(), kForever);
  }
}

}  // namespace
}  // namespace hydra::process_internal
