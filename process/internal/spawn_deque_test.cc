#include "hydra/process/internal/spawn_deque.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <random>
#include <thread>
#include <type_traits>
#include <vector>

#include "gtest/gtest.h"
#include "hydra/process/testing/rounds.h"

namespace hydra::process_internal {
namespace {

// A deque of numbers, which are told by where they lie.
template <size_t kCapacity>
class Numbers {
 public:
  bool Push(int number) { return deque_.Push(&numbers_[number]); }
  int PopNewest() { return NumberOf(deque_.PopNewest()); }
  int PopOldest() { return NumberOf(deque_.PopOldest()); }
  size_t size() const { return deque_.size(); }

 private:
  int NumberOf(const int* item) const {
    return item == nullptr ? -1 : static_cast<int>(item - numbers_.data());
  }

  std::array<int, 100> numbers_{};
  SpawnDeque<int, kCapacity> deque_;
};

TEST(SpawnDequeTest, EmptyDequeYieldsNothing) {
  Numbers<4> deque;
  EXPECT_EQ(deque.PopNewest(), -1);
  EXPECT_EQ(deque.PopOldest(), -1);
  EXPECT_EQ(deque.size(), 0);
}

TEST(SpawnDequeTest, OwnerTakesTheNewest) {
  Numbers<4> deque;
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(deque.Push(i));
  EXPECT_EQ(deque.size(), 3);
  for (int i = 2; i >= 0; --i) EXPECT_EQ(deque.PopNewest(), i);
  EXPECT_EQ(deque.PopNewest(), -1);
}

TEST(SpawnDequeTest, ThiefTakesTheOldest) {
  Numbers<4> deque;
  for (int i = 0; i < 3; ++i) deque.Push(i);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(deque.PopOldest(), i);
  EXPECT_EQ(deque.PopOldest(), -1);
}

TEST(SpawnDequeTest, LastOneIsTakenFromEitherEndOnce) {
  Numbers<4> deque;
  deque.Push(0);
  EXPECT_EQ(deque.PopOldest(), 0);
  EXPECT_EQ(deque.PopNewest(), -1);
  deque.Push(1);
  EXPECT_EQ(deque.PopNewest(), 1);
  EXPECT_EQ(deque.PopOldest(), -1);
  EXPECT_EQ(deque.size(), 0);
}

TEST(SpawnDequeTest, FullDequeRefusesAndKeepsWhatItHas) {
  Numbers<2> deque;
  EXPECT_TRUE(deque.Push(0));
  EXPECT_TRUE(deque.Push(1));
  EXPECT_FALSE(deque.Push(2));
  EXPECT_EQ(deque.size(), 2);
  EXPECT_EQ(deque.PopOldest(), 0);
  EXPECT_TRUE(deque.Push(3));
  EXPECT_EQ(deque.PopNewest(), 3);
  EXPECT_EQ(deque.PopNewest(), 1);
}

TEST(SpawnDequeTest, KeepsBothOrdersRoundTheBuffer) {
  Numbers<4> deque;
  deque.Push(0);
  for (int i = 1; i + 1 < 100; i += 2) {
    ASSERT_TRUE(deque.Push(i));
    ASSERT_TRUE(deque.Push(i + 1));
    ASSERT_EQ(deque.PopNewest(), i + 1);
    ASSERT_EQ(deque.PopOldest(), i == 1 ? 0 : i - 2);
  }
}

// ---- One owner and two thieves.

struct Item {
  int64_t number = 0;  // written by the owner just before it pushes
  std::atomic<int> taken{0};
};

template <size_t kCapacity>
class Owner {
 public:
  explicit Owner(SpawnDeque<Item, kCapacity>& deque) : deque_(deque) {}

  bool Push(Item& item) {
    if (!deque_.Push(&item)) return false;
    pushed_.push_back(&item);
    return true;
  }

  bool Pop() {
    Item* item = deque_.PopNewest();
    if (item == nullptr) {
      pushed_.clear();  // all stolen
      return false;
    }
    // Thieves take from the other end, so the newest that the owner hasn't taken is what it gets.
    newest_first_ &= !pushed_.empty() && pushed_.back() == item;
    if (!pushed_.empty()) pushed_.pop_back();
    item->taken.fetch_add(1, std::memory_order_relaxed);
    return true;
  }

  bool newest_first() const { return newest_first_; }

 private:
  SpawnDeque<Item, kCapacity>& deque_;
  std::vector<Item*> pushed_;  // and not taken by the owner
  bool newest_first_ = true;
};

// Steals until it is done. Returns whether each item was younger than the one before: what lies
// behind an item in the deque was pushed after it.
template <size_t kCapacity>
bool Steal(SpawnDeque<Item, kCapacity>& deque, const std::atomic<bool>& done) {
  bool oldest_first = true;
  int64_t last = -1;
  while (!done.load(std::memory_order_acquire)) {
    Item* item = deque.PopOldest();
    if (item == nullptr) continue;
    oldest_first &= last < item->number;
    last = item->number;
    item->taken.fetch_add(1, std::memory_order_relaxed);
  }
  return oldest_first;
}

template <typename Capacity>
class SpawnDequeStressTest : public testing::Test {};

using Capacities =
    testing::Types<std::integral_constant<size_t, 2>, std::integral_constant<size_t, 4>>;
TYPED_TEST_SUITE(SpawnDequeStressTest, Capacities);

TYPED_TEST(SpawnDequeStressTest, EachItemIsTakenOnceAndInOrder) {
  constexpr size_t kCapacity = TypeParam::value;
  std::vector<Item> items(Rounds(5'000'000));
  SpawnDeque<Item, kCapacity> deque;
  std::atomic<bool> done{false};
  std::atomic<bool> oldest_first{true};
  std::vector<std::thread> thieves;
  for (int i = 0; i < 2; ++i) {
    thieves.emplace_back([&] {
      if (!Steal(deque, done)) oldest_first = false;
    });
  }
  Owner<kCapacity> owner(deque);
  std::minstd_rand random(1);
  int64_t number = 0;
  for (Item& item : items) {
    item.number = number++;
    while (!owner.Push(item)) owner.Pop();
    if (random() % 2 == 0) owner.Pop();
  }
  while (owner.Pop()) continue;
  done.store(true, std::memory_order_release);
  for (std::thread& thief : thieves) thief.join();
  EXPECT_TRUE(oldest_first);
  EXPECT_TRUE(owner.newest_first());
  EXPECT_EQ(deque.size(), 0);
  EXPECT_TRUE(std::ranges::all_of(items, [](const Item& item) { return item.taken == 1; }));
}

}  // namespace
}  // namespace hydra::process_internal
