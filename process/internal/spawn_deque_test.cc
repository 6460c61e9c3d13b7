#include "hydra/process/internal/spawn_deque.h"

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <thread>
#include <vector>

#include "gtest/gtest.h"
#include "hydra/process/testing/rounds.h"

namespace hydra::process_internal {
namespace {

struct Item {
  std::atomic<int> taken{0};
};

TEST(SpawnDequeTest, TheOwnerTakesTheNewest) {
  SpawnDeque<Item, 4> deque;
  std::array<Item, 3> items;
  EXPECT_EQ(deque.PopNewest(), nullptr);
  for (Item& item : items) EXPECT_TRUE(deque.Push(&item));
  EXPECT_EQ(deque.PopNewest(), &items[2]);
  EXPECT_EQ(deque.PopNewest(), &items[1]);
  EXPECT_EQ(deque.PopNewest(), &items[0]);
  EXPECT_EQ(deque.PopNewest(), nullptr);
}

TEST(SpawnDequeTest, ThievesTakeTheOldest) {
  SpawnDeque<Item, 4> deque;
  std::array<Item, 3> items;
  EXPECT_EQ(deque.PopOldest(), nullptr);
  for (Item& item : items) deque.Push(&item);
  EXPECT_EQ(deque.PopOldest(), &items[0]);
  EXPECT_EQ(deque.PopNewest(), &items[2]);
  EXPECT_EQ(deque.PopOldest(), &items[1]);
  EXPECT_EQ(deque.size(), 0);
}

TEST(SpawnDequeTest, FullDequeRefuses) {
  SpawnDeque<Item, 2> deque;
  std::array<Item, 3> items;
  EXPECT_TRUE(deque.Push(&items[0]));
  EXPECT_TRUE(deque.Push(&items[1]));
  EXPECT_FALSE(deque.Push(&items[2]));
  EXPECT_EQ(deque.PopOldest(), &items[0]);
  EXPECT_TRUE(deque.Push(&items[2]));
}

// Every item is taken exactly once. With so little room nearly every pop is of the last item, which
// the owner and the thieves contend for.
template <size_t kCapacity>
void StealWhileTheOwnerWorks() {
  const int64_t count = Rounds(5'000'000);
  SpawnDeque<Item, kCapacity> deque;
  std::vector<Item> items(count);
  std::atomic<bool> done{false};
  std::atomic<int64_t> stolen{0};
  const auto steal = [&] {
    while (!done.load(std::memory_order_relaxed) || deque.size() > 0) {
      Item* item = deque.PopOldest();
      if (item == nullptr) {
        std::this_thread::yield();
        continue;
      }
      EXPECT_EQ(item->taken.fetch_add(1, std::memory_order_relaxed), 0);
      stolen.fetch_add(1, std::memory_order_relaxed);
    }
  };
  std::thread one(steal);
  std::thread other(steal);
  int64_t popped = 0;
  for (int64_t i = 0; i < count; ++i) {
    while (!deque.Push(&items[i])) std::this_thread::yield();
    if (i % 3 == 0) continue;
    if (Item* item = deque.PopNewest()) {
      EXPECT_EQ(item->taken.fetch_add(1, std::memory_order_relaxed), 0);
      ++popped;
    }
  }
  done.store(true, std::memory_order_relaxed);
  one.join();
  other.join();
  EXPECT_EQ(popped + stolen.load(), count);
}

TEST(SpawnDequeTest, EachItemIsTakenOnceWithRoomForTwo) { StealWhileTheOwnerWorks<2>(); }
TEST(SpawnDequeTest, EachItemIsTakenOnceWithRoomForFour) { StealWhileTheOwnerWorks<4>(); }

}  // namespace
}  // namespace hydra::process_internal
