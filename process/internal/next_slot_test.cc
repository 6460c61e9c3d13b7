#include "hydra/process/internal/next_slot.h"

#include <atomic>
#include <thread>
#include <vector>

#include "gtest/gtest.h"
#include "hydra/process/testing/rounds.h"

namespace hydra::process_internal {
namespace {

struct Item {
  std::atomic<int> taken{0};
};

TEST(NextSlotTest, OwnerTakesWhatItPut) {
  NextSlot<Item> slot;
  Item item;
  EXPECT_TRUE(slot.empty());
  EXPECT_EQ(slot.Take(), nullptr);
  slot.Put(&item);
  EXPECT_FALSE(slot.empty());
  EXPECT_EQ(slot.Take(), &item);
  EXPECT_EQ(slot.Take(), nullptr);
}

TEST(NextSlotTest, StolenItemIsGoneForTheOwner) {
  NextSlot<Item> slot;
  Item item;
  slot.Put(&item);
  EXPECT_TRUE(slot.Steal(&item));
  EXPECT_FALSE(slot.Steal(&item)) << "it can be stolen once only";
  EXPECT_EQ(slot.Take(), nullptr);
  Item other;
  slot.Put(&other);
  EXPECT_EQ(slot.Take(), &other);
}

TEST(NextSlotTest, OnlyTheExpectedItemIsStolen) {
  NextSlot<Item> slot;
  Item item;
  Item other;
  slot.Put(&item);
  EXPECT_FALSE(slot.Steal(&other));
  EXPECT_EQ(slot.Take(), &item);
}

// Every item is taken exactly once, by the owner or by the thief.
TEST(NextSlotTest, OwnerAndThiefNeverBothTake) {
  const int64_t items = Rounds(20'000'000);
  NextSlot<Item> slot;
  std::vector<Item> pool(4);  // few, so that an expected item is often another occurrence of it
  std::atomic<bool> done{false};
  std::atomic<int> stolen{0};
  std::thread thief([&] {
    while (!done.load(std::memory_order_relaxed)) {
      Item* expected = slot.Peek();
      if (expected == nullptr || !slot.Steal(expected)) continue;
      expected->taken.fetch_add(1, std::memory_order_relaxed);
      stolen.fetch_add(1, std::memory_order_release);
    }
  });
  int64_t put = 0;
  int64_t taken = 0;
  for (; put < items; ++put) {
    slot.Put(&pool[put % pool.size()]);
    if (Item* item = slot.Take()) {
      item->taken.fetch_add(1, std::memory_order_relaxed);
      ++taken;
    }
  }
  done.store(true, std::memory_order_relaxed);
  thief.join();
  EXPECT_EQ(taken + stolen.load(), put);
  int total = 0;
  for (const Item& item : pool) total += item.taken.load();
  EXPECT_EQ(total, put);
}

}  // namespace
}  // namespace hydra::process_internal
