#include "hydra/process/internal/run_queue.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <random>
#include <span>
#include <thread>
#include <type_traits>
#include <vector>

#include "gtest/gtest.h"
#include "hydra/process/testing/rounds.h"

namespace hydra::process_internal {
namespace {

using Ints = std::vector<int>;

// A queue of numbers, which are told by where they lie.
template <size_t kCapacity>
class Numbers {
 public:
  bool Push(int number) { return queue_.Push(&numbers_[number]); }

  int Pop() { return NumberOf(queue_.Pop()); }

  Ints TakeHalf(size_t at_most) {
    std::vector<int*> items(at_most);
    items.resize(queue_.TakeHalf(items));
    Ints numbers;
    for (const int* item : items) numbers.push_back(NumberOf(item));
    return numbers;
  }

  size_t size() const { return queue_.size(); }

 private:
  int NumberOf(const int* item) const {
    return item == nullptr ? -1 : static_cast<int>(item - numbers_.data());
  }

  std::array<int, 100> numbers_{};
  RunQueue<int, kCapacity> queue_;
};

TEST(RunQueueTest, EmptyQueueYieldsNothing) {
  Numbers<4> queue;
  EXPECT_EQ(queue.Pop(), -1);
  EXPECT_EQ(queue.TakeHalf(4), Ints());
  EXPECT_EQ(queue.size(), 0);
}

TEST(RunQueueTest, FirstInFirstOut) {
  Numbers<4> queue;
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(queue.Push(i));
  EXPECT_EQ(queue.size(), 3);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(queue.Pop(), i);
  EXPECT_EQ(queue.Pop(), -1);
}

TEST(RunQueueTest, FullQueueRefusesAndKeepsWhatItHas) {
  Numbers<2> queue;
  EXPECT_TRUE(queue.Push(0));
  EXPECT_TRUE(queue.Push(1));
  EXPECT_FALSE(queue.Push(2));
  EXPECT_EQ(queue.size(), 2);
  EXPECT_EQ(queue.Pop(), 0);
  EXPECT_TRUE(queue.Push(3));
  EXPECT_EQ(queue.Pop(), 1);
  EXPECT_EQ(queue.Pop(), 3);
}

TEST(RunQueueTest, KeepsTheOrderRoundTheBuffer) {
  Numbers<4> queue;
  queue.Push(0);
  queue.Push(1);
  for (int i = 2; i < 100; ++i) {
    ASSERT_TRUE(queue.Push(i));
    ASSERT_EQ(queue.Pop(), i - 2);
  }
}

TEST(RunQueueTest, HalfIsTheOlderHalfRoundedUp) {
  Numbers<8> queue;
  for (int i = 0; i < 7; ++i) queue.Push(i);
  EXPECT_EQ(queue.TakeHalf(8), Ints({0, 1, 2, 3}));
  EXPECT_EQ(queue.TakeHalf(8), Ints({4, 5}));
  EXPECT_EQ(queue.TakeHalf(8), Ints({6}));
  EXPECT_EQ(queue.TakeHalf(8), Ints());
}

TEST(RunQueueTest, HalfIsBoundedByTheRoomForIt) {
  Numbers<8> queue;
  for (int i = 0; i < 8; ++i) queue.Push(i);
  EXPECT_EQ(queue.TakeHalf(3), Ints({0, 1, 2}));
  EXPECT_EQ(queue.size(), 5);
}

// ---- One owner and two thieves, who all take.

struct Item {
  int64_t number = 0;  // written by the owner just before it pushes
  std::atomic<int> taken{0};
};

// What one thread takes. It sees that its own takes come in the order of the queue.
template <size_t kCapacity>
class Taker {
 public:
  Taker(RunQueue<Item, kCapacity>& queue, unsigned seed) : queue_(queue), random_(seed) {}

  bool Take() {
    std::array<Item*, kCapacity> taken;
    size_t count = 0;
    if (random_() % 2 == 0) {
      taken[0] = queue_.Pop();
      count = taken[0] == nullptr ? 0 : 1;
    } else {
      count = queue_.TakeHalf(std::span(taken).first(1 + random_() % kCapacity));
    }
    for (size_t i = 0; i < count; ++i) Note(*taken[i], i > 0);
    return count > 0;
  }

  unsigned Random() { return random_(); }
  bool in_order() const { return in_order_; }

 private:
  void Note(Item& item, bool follows) {
    in_order_ &= follows ? item.number == last_ + 1 : item.number > last_;
    last_ = item.number;
    item.taken.fetch_add(1, std::memory_order_relaxed);
  }

  RunQueue<Item, kCapacity>& queue_;
  std::minstd_rand random_;
  int64_t last_ = -1;
  bool in_order_ = true;
};

template <typename Capacity>
class RunQueueStressTest : public testing::Test {};

using Capacities =
    testing::Types<std::integral_constant<size_t, 2>, std::integral_constant<size_t, 4>>;
TYPED_TEST_SUITE(RunQueueStressTest, Capacities);

TYPED_TEST(RunQueueStressTest, EachItemIsTakenOnceAndInOrder) {
  constexpr size_t kCapacity = TypeParam::value;
  std::vector<Item> items(Rounds(5'000'000));
  RunQueue<Item, kCapacity> queue;
  std::atomic<bool> done{false};
  std::atomic<bool> in_order{true};
  std::vector<std::thread> thieves;
  for (unsigned seed = 1; seed <= 2; ++seed) {
    thieves.emplace_back([&, seed] {
      Taker<kCapacity> taker(queue, seed);
      while (!done.load(std::memory_order_acquire)) taker.Take();
      if (!taker.in_order()) in_order = false;
    });
  }
  Taker<kCapacity> owner(queue, 3);
  int64_t number = 0;
  for (Item& item : items) {
    item.number = number++;
    while (!queue.Push(&item)) owner.Take();
    if (owner.Random() % 4 == 0) owner.Take();
  }
  while (owner.Take()) continue;
  done.store(true, std::memory_order_release);
  for (std::thread& thief : thieves) thief.join();
  EXPECT_TRUE(in_order);
  EXPECT_TRUE(owner.in_order());
  EXPECT_EQ(queue.size(), 0);
  EXPECT_TRUE(std::ranges::all_of(items, [](const Item& item) { return item.taken == 1; }));
}

}  // namespace
}  // namespace hydra::process_internal
