// How a ring spreads keys, and which of them move when it changes. Hashes are fixed, so that the figures are the
// same in every run; the bounds leave the room that other names would need (docs/registry.md).
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "gtest/gtest.h"
#include "hydra/registry/hash_ring.h"

namespace hydra {
namespace {

constexpr int kManyKeys = 1'000'000;
constexpr int kKeys = 200'000;

HashRingNode<int> Node(int number, uint32_t weight = 1) {
  return {.name = "node-" + std::to_string(number), .node = number, .weight = weight};
}

HashRing<int> RingOf(int count) {
  std::vector<HashRingNode<int>> nodes;
  for (int i = 0; i < count; ++i) nodes.push_back(Node(i));
  HashRing<int> ring;
  ring.SetNodes(std::move(nodes));
  return ring;
}

// Of the keys from 0 on.
std::vector<int> Owners(const HashRing<int>& ring, int keys = kKeys) {
  std::vector<int> owners;
  for (int key = 0; key < keys; ++key)
    owners.push_back(ring.FindWith(key, [](const int* node) { return *node; }));
  return owners;
}

// Each node's share of the keys, as a multiple of what it would be if all had the same.
std::vector<double> Loads(const std::vector<int>& owners, size_t nodes) {
  std::vector<double> loads(nodes);
  const double load = static_cast<double>(nodes) / static_cast<double>(owners.size());
  for (const int owner : owners) loads[static_cast<size_t>(owner)] += load;
  return loads;
}

// The share of the keys whose owner isn't the same. Each of them must come from `from` or go to `to`.
double Moved(const std::vector<int>& before, const std::vector<int>& after, int from, int to) {
  int moved = 0;
  for (size_t key = 0; key < before.size(); ++key) {
    if (before[key] == after[key]) continue;
    ++moved;
    EXPECT_TRUE(before[key] == from || after[key] == to)
        << "key " << key << " moved from " << before[key] << " to " << after[key];
  }
  return moved / static_cast<double>(before.size());
}

constexpr int kNobody = -1;

TEST(HashRingBalanceTest, EightNodes) {
  const std::vector<double> loads = Loads(Owners(RingOf(8), kManyKeys), 8);
  EXPECT_LT(*std::max_element(loads.begin(), loads.end()), 1.25);
  EXPECT_GT(*std::min_element(loads.begin(), loads.end()), 0.75);
}

TEST(HashRingBalanceTest, HundredNodes) {
  const std::vector<double> loads = Loads(Owners(RingOf(100), kManyKeys), 100);
  EXPECT_LT(*std::max_element(loads.begin(), loads.end()), 1.3);
  EXPECT_GT(*std::min_element(loads.begin(), loads.end()), 0.7);
}

TEST(HashRingBalanceTest, SharesAreAsWeights) {
  HashRing<int> ring = RingOf(8);
  ring.Add(Node(0, 3));
  ring.Add(Node(1, 5));
  ring.Add(Node(2, 0));
  const std::vector<double> loads = Loads(Owners(ring), 8);
  // The weights are 3, 5, 0, and five times 1.
  EXPECT_NEAR(loads[0], 3 * 8 / 13.0, 0.15 * 3 * 8 / 13.0);
  EXPECT_NEAR(loads[1], 5 * 8 / 13.0, 0.15 * 5 * 8 / 13.0);
  EXPECT_EQ(loads[2], 0);
}

TEST(HashRingBalanceTest, NewNodeTakesItsShareFromAllAndMovesNothingElse) {
  HashRing<int> ring = RingOf(10);
  const std::vector<int> before = Owners(ring);
  ring.Add(Node(10));
  const std::vector<int> after = Owners(ring);
  EXPECT_NEAR(Moved(before, after, kNobody, 10), 1 / 11.0, 0.2 / 11);
  const std::vector<double> loads = Loads(after, 11);
  EXPECT_LT(*std::max_element(loads.begin(), loads.end()), 1.25);
  EXPECT_GT(*std::min_element(loads.begin(), loads.end()), 0.75);

  ring.Remove("node-10");
  EXPECT_EQ(Owners(ring), before);
}

TEST(HashRingBalanceTest, NodeThatGoesLeavesItsKeysToTheOthers) {
  HashRing<int> ring = RingOf(10);
  const std::vector<int> before = Owners(ring);
  ring.Remove("node-3");
  const std::vector<int> after = Owners(ring);
  EXPECT_NEAR(Moved(before, after, 3, kNobody), 1 / 10.0, 0.2 / 10);
  EXPECT_EQ(std::count(after.begin(), after.end(), 3), 0);
}

TEST(HashRingBalanceTest, ChangeOfWeightMovesTheDifference) {
  HashRing<int> ring = RingOf(9);
  const std::vector<int> before = Owners(ring);
  ring.Add(Node(4, 2));
  const std::vector<int> heavier = Owners(ring);
  EXPECT_NEAR(Moved(before, heavier, kNobody, 4), 2 / 10.0 - 1 / 9.0, 0.02);
  ring.Add(Node(4));
  EXPECT_EQ(Owners(ring), before);
}

}  // namespace
}  // namespace hydra
