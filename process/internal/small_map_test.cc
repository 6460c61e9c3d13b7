#include "hydra/process/internal/small_map.h"

#include <cstdint>
#include <map>
#include <memory>
#include <random>
#include <utility>
#include <vector>

#include "gtest/gtest.h"

namespace hydra::process_internal {
namespace {

using Numbers = SmallMap<uint64_t, int>;

std::vector<uint64_t> Keys(const Numbers& map) {
  std::vector<uint64_t> keys;
  for (const auto& [key, value] : map) keys.push_back(key);
  return keys;
}

TEST(SmallMapTest, EmptyMapHasNothing) {
  Numbers map;
  EXPECT_TRUE(map.empty());
  EXPECT_EQ(map.Find(1), nullptr);
  EXPECT_FALSE(map.Remove(1));
}

TEST(SmallMapTest, FindsTakesAndForgets) {
  Numbers map;
  map.Add(1, 10);
  map.Add(2, 20);
  ASSERT_NE(map.Find(1), nullptr);
  EXPECT_EQ(*map.Find(1), 10);
  *map.Find(1) = 11;
  EXPECT_TRUE(map.Remove(1));
  EXPECT_EQ(map.Find(1), nullptr);
  EXPECT_EQ(map.size(), 1U);
}

TEST(SmallMapTest, OrderIsThatOfInsertionHoweverManyThereAre) {
  Numbers map;
  std::vector<uint64_t> expected;
  for (uint64_t key = 1000; key > 900; --key) {
    map.Add(key, 0);
    expected.push_back(key);
  }
  EXPECT_EQ(Keys(map), expected);
}

TEST(SmallMapTest, HoldsWhatCannotBeCopied) {
  SmallMap<int, std::unique_ptr<int>> map;
  for (int i = 0; i < 100; ++i) map.Add(i, std::make_unique<int>(i));
  for (int i = 0; i < 100; ++i) {
    std::unique_ptr<int>* value = map.Find(i);
    ASSERT_NE(value, nullptr);
    EXPECT_EQ(**value, i);
    map.Remove(value);
    EXPECT_EQ(map.Find(i), nullptr);
  }
}

// Random additions and removals, about as many as make and unmake an index, against std::map.
TEST(SmallMapTest, AgreesWithAMap) {
  for (uint32_t seed = 1; seed <= 20; ++seed) {
    SCOPED_TRACE(seed);
    std::minstd_rand random(seed);
    Numbers map;
    std::map<uint64_t, int> model;
    for (int step = 0; step < 5000; ++step) {
      const uint64_t key = random() % 60;
      const auto found = model.find(key);
      if (found == model.end()) {
        EXPECT_FALSE(map.Remove(key));
        map.Add(key, step);
        model.emplace(key, step);
      } else {
        ASSERT_NE(map.Find(key), nullptr);
        EXPECT_EQ(*map.Find(key), found->second);
        if (random() % 2 == 0) {
          EXPECT_TRUE(map.Remove(key));
          model.erase(found);
        }
      }
      ASSERT_EQ(map.size(), model.size());
    }
    EXPECT_EQ((std::map<uint64_t, int>(map.begin(), map.end())), model);
  }
}

}  // namespace
}  // namespace hydra::process_internal
