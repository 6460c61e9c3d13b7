#include "hydra/process/internal/run_queue.h"

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>
#include <thread>
#include <vector>

#include "gtest/gtest.h"
#include "hydra/process/testing/rounds.h"

namespace hydra::process_internal {
namespace {

struct Item {
  int64_t number = 0;
  std::atomic<int> taken{0};
};

TEST(RunQueueTest, FirstInFirstOut) {
  RunQueue<Item, 4> queue;
  std::array<Item, 3> items;
  EXPECT_EQ(queue.Pop(), nullptr);
  for (Item& item : items) EXPECT_TRUE(queue.Push(&item));
  EXPECT_EQ(queue.size(), 3);
  for (Item& item : items) EXPECT_EQ(queue.Pop(), &item);
  EXPECT_EQ(queue.Pop(), nullptr);
}

TEST(RunQueueTest, FullQueueRefuses) {
  RunQueue<Item, 2> queue;
  std::array<Item, 3> items;
  EXPECT_TRUE(queue.Push(&items[0]));
  EXPECT_TRUE(queue.Push(&items[1]));
  EXPECT_FALSE(queue.Push(&items[2]));
  EXPECT_EQ(queue.Pop(), &items[0]);
  EXPECT_TRUE(queue.Push(&items[2]));
}

TEST(RunQueueTest, TakesTheOlderHalfRoundedUp) {
  RunQueue<Item, 8> queue;
  std::array<Item, 5> items;
  for (Item& item : items) queue.Push(&item);
  std::array<Item*, 8> taken;
  EXPECT_EQ(queue.TakeHalf(taken), 3);
  EXPECT_EQ(taken[0], &items[0]);
  EXPECT_EQ(taken[2], &items[2]);
  EXPECT_EQ(queue.TakeHalf(std::span(taken).first(1)), 1) << "no more than there is room for";
  EXPECT_EQ(taken[0], &items[3]);
  EXPECT_EQ(queue.Pop(), &items[4]);
}

// Every item is taken exactly once, and each thread takes items in the order in which they were
// added.
template <size_t kCapacity>
void StealWhileTheOwnerWorks() {
  const int64_t count = Rounds(5'000'000);
  RunQueue<Item, kCapacity> queue;
  std::vector<Item> items(count);
  std::atomic<bool> done{false};
  std::atomic<int64_t> stolen{0};
  const auto take = [](std::span<Item*> taken, int64_t& last) {
    for (Item* item : taken) {
      EXPECT_GT(item->number, last);
      last = item->number;
      EXPECT_EQ(item->taken.fetch_add(1, std::memory_order_relaxed), 0);
    }
  };
  const auto steal = [&] {
    std::array<Item*, kCapacity> taken;
    int64_t last = -1;
    while (!done.load(std::memory_order_relaxed) || queue.size() > 0) {
      const size_t number = queue.TakeHalf(taken);
      if (number == 0) std::this_thread::yield();
      take(std::span(taken).first(number), last);
      stolen.fetch_add(static_cast<int64_t>(number), std::memory_order_relaxed);
    }
  };
  std::thread one(steal);
  std::thread other(steal);
  int64_t popped = 0;
  int64_t last = -1;
  for (int64_t i = 0; i < count; ++i) {
    items[i].number = i;
    while (!queue.Push(&items[i])) std::this_thread::yield();
    if (i % 3 != 0) continue;
    if (Item* item = queue.Pop()) {
      take(std::span(&item, 1), last);
      ++popped;
    }
  }
  done.store(true, std::memory_order_relaxed);
  one.join();
  other.join();
  EXPECT_EQ(popped + stolen.load(), count);
}

TEST(RunQueueTest, EachItemIsTakenOnceWithRoomForTwo) { StealWhileTheOwnerWorks<2>(); }
TEST(RunQueueTest, EachItemIsTakenOnceWithRoomForFour) { StealWhileTheOwnerWorks<4>(); }

}  // namespace
}  // namespace hydra::process_internal
