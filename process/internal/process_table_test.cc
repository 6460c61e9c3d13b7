#include "hydra/process/internal/process_table.h"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <random>
#include <set>
#include <thread>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "gtest/gtest.h"
#include "hydra/base/compiler.h"
#include "hydra/base/mutex.h"
#include "hydra/process/internal/control_block.h"
#include "hydra/process/testing/rounds.h"

namespace hydra::process_internal {
namespace {

using Slots = std::vector<ControlBlock*>;

// What a cache may keep from others, as runtime.h promises.
constexpr size_t kMostCached = 128;

// Takes slots until it has `at_most`, or the table has no more.
Slots Allocate(ProcessTable& table, SlotCache& cache, size_t at_most) {
  Slots slots;
  while (slots.size() < at_most) {
    ControlBlock* slot = table.Allocate(cache);
    if (slot == nullptr) break;
    slots.push_back(slot);
  }
  return slots;
}

void Free(ProcessTable& table, SlotCache& cache, const Slots& slots) {
  for (ControlBlock* slot : slots) table.Free(cache, slot);
}

std::set<ControlBlock*> Distinct(const Slots& slots) { return {slots.begin(), slots.end()}; }

TEST(ProcessTableTest, NewSlotHoldsNoProcess) {
  std::atomic<uint32_t> size{0};
  ProcessTable table(1024, size);
  SlotCache cache;
  const ControlBlock* slot = table.Allocate(cache);
  ASSERT_NE(slot, nullptr);
  EXPECT_EQ(slot->state, ProcessState::kFree);
  EXPECT_EQ(slot->serial, 1);
  EXPECT_TRUE(slot->inbox.IsClosed());
  EXPECT_EQ(reinterpret_cast<uintptr_t>(slot) % kCacheLine, 0);
}

TEST(ProcessTableTest, SlotIsFoundByItsIndex) {
  std::atomic<uint32_t> size{0};
  ProcessTable table(2048, size);
  SlotCache cache;
  for (const ControlBlock* slot : Allocate(table, cache, 2048)) {
    ASSERT_LT(slot->index, table.size());
    ASSERT_EQ(&table[slot->index], slot);
  }
}

TEST(ProcessTableTest, HandsOutEachSlotOnceThenNull) {
  std::atomic<uint32_t> size{0};
  ProcessTable table(2048, size);
  SlotCache cache;
  const Slots slots = Allocate(table, cache, 3000);
  EXPECT_EQ(slots.size(), 2048);
  EXPECT_EQ(Distinct(slots).size(), 2048);
  EXPECT_EQ(table.Allocate(cache), nullptr);
  EXPECT_EQ(table.size(), 2048);
}

TEST(ProcessTableTest, FullTableHasASlotAgainOnceOneIsFreed) {
  std::atomic<uint32_t> size{0};
  ProcessTable table(1024, size);
  SlotCache cache;
  const Slots slots = Allocate(table, cache, 1024);
  EXPECT_EQ(table.Allocate(cache), nullptr);
  table.Free(cache, slots[500]);
  EXPECT_EQ(table.Allocate(cache), slots[500]);
  EXPECT_EQ(table.Allocate(cache), nullptr);
}

TEST(ProcessTableTest, LimitIsRoundedUpTo1024) {
  for (const auto& [asked, given] : {std::pair{0, 1024}, {1, 1024}, {1024, 1024}, {1025, 2048}}) {
    std::atomic<uint32_t> size{0};
    ProcessTable table(asked, size);
    SlotCache cache;
    EXPECT_EQ(Allocate(table, cache, 3000).size(), given) << asked;
  }
}

TEST(ProcessTableTest, LargestTableCostsOnlyAddresses) {
  std::atomic<uint32_t> size{0};
  ProcessTable table(uint32_t{1} << 26, size);
  SlotCache cache;
  EXPECT_EQ(table.size(), 0);
  EXPECT_NE(table.Allocate(cache), nullptr);
  EXPECT_EQ(table.size(), 1024);
}

TEST(ProcessTableTest, GrowsOnlyWhenAllSlotsAreInUse) {
  std::atomic<uint32_t> size{0};
  ProcessTable table(4096, size);
  SlotCache cache;
  const Slots slots = Allocate(table, cache, 1024);
  EXPECT_EQ(table.size(), 1024);
  table.Allocate(cache);
  EXPECT_EQ(table.size(), 2048);
}

// Beyond two megabytes it grows by huge pages, and the last step is shorter.
TEST(ProcessTableTest, SlotsStayWhereTheyAreWhileTheTableGrows) {
  constexpr size_t kSlots = 20 * 1024;
  std::atomic<uint32_t> size{0};
  ProcessTable table(kSlots, size);
  SlotCache cache;
  Slots slots = Allocate(table, cache, 1000);
  for (ControlBlock* slot : slots) slot->serial = 1'000'000 + slot->index;
  const Slots others = Allocate(table, cache, kSlots);
  EXPECT_EQ(others.size(), kSlots - 1000);
  EXPECT_EQ(table.size(), kSlots);
  for (ControlBlock* slot : slots) {
    ASSERT_EQ(&table[slot->index], slot);
    ASSERT_EQ(slot->serial, 1'000'000 + slot->index);
  }
  slots.insert(slots.end(), others.begin(), others.end());
  EXPECT_EQ(Distinct(slots).size(), kSlots);
}

TEST(ProcessTableTest, FreedSlotsAreUsedAgainBeforeNewOnes) {
  std::atomic<uint32_t> size{0};
  ProcessTable table(4096, size);
  SlotCache cache;
  const Slots slots = Allocate(table, cache, 1024);
  for (int i = 0; i < 3; ++i) {
    Free(table, cache, slots);
    EXPECT_EQ(Distinct(Allocate(table, cache, 1024)), Distinct(slots));
  }
  EXPECT_EQ(table.size(), 1024);
}

// An old pid must find another serial, not a new slot's.
TEST(ProcessTableTest, FreedSlotKeepsItsSerialAndIndex) {
  std::atomic<uint32_t> size{0};
  ProcessTable table(1024, size);
  SlotCache cache;
  const Slots slots = Allocate(table, cache, 1024);
  for (ControlBlock* slot : slots) slot->serial = 7 + slot->index;
  Free(table, cache, slots);
  for (uint32_t i = 0; i < table.size(); ++i) {
    ASSERT_EQ(table[i].serial, 7 + i);
    ASSERT_EQ(table[i].index, i);
  }
  for (const ControlBlock* slot : Allocate(table, cache, 1024))
    ASSERT_EQ(slot->serial, 7 + slot->index);
}

// ---- Two caches.

TEST(ProcessTableTest, CachesHandOutDifferentSlots) {
  std::atomic<uint32_t> size{0};
  ProcessTable table(1024, size);
  SlotCache first_cache;
  SlotCache second_cache;
  Slots slots;
  for (;;) {
    const Slots first = Allocate(table, first_cache, 3);
    const Slots second = Allocate(table, second_cache, 5);
    slots.insert(slots.end(), first.begin(), first.end());
    slots.insert(slots.end(), second.begin(), second.end());
    if (first.empty() && second.empty()) break;
  }
  EXPECT_EQ(slots.size(), 1024);
  EXPECT_EQ(Distinct(slots).size(), 1024);
}

TEST(ProcessTableTest, OneCacheKeepsAtMost128FromTheOther) {
  for (size_t freed = 1; freed <= 1024; freed += 9) {
    std::atomic<uint32_t> size{0};
    ProcessTable table(1024, size);
    SlotCache cache;
    SlotCache other_cache;
    const Slots all = Allocate(table, cache, 1024);
    Free(table, cache, Slots(all.begin(), all.begin() + freed));
    const Slots others = Allocate(table, other_cache, 1024);
    ASSERT_GE(others.size() + kMostCached, freed);
    ASSERT_EQ(Allocate(table, cache, 1024).size(), freed - others.size()) << "some are lost";
  }
}

// As when one worker spawns all and another one ends all.
TEST(ProcessTableTest, SlotsFreedIntoAnotherCacheComeBack) {
  std::atomic<uint32_t> size{0};
  ProcessTable table(1024, size);
  SlotCache spawning;
  SlotCache ending;
  for (int i = 0; i < 100; ++i) {
    const Slots slots = Allocate(table, spawning, 700);
    ASSERT_EQ(Distinct(slots).size(), 700) << i;
    Free(table, ending, slots);
  }
}

// ---- Threads.

// Slots in use, which threads leave for each other to free.
class Place {
 public:
  // Leaves slots and takes those that were there.
  Slots Exchange(Slots slots) {
    MutexLock lock(mutex_);
    return std::exchange(slots_, std::move(slots));
  }

 private:
  Mutex mutex_;
  Slots slots_ ABSL_GUARDED_BY(mutex_);
};

// Takes slots and frees other threads', and counts what it never must see.
class Spawner {
 public:
  Spawner(ProcessTable& table, std::vector<Place>& places, std::vector<std::atomic<bool>>& in_use)
      : table_(table), places_(places), in_use_(in_use) {}

  void Run(int64_t rounds, unsigned seed) {
    std::minstd_rand random(seed);
    for (int64_t i = 0; i < rounds; ++i) {
      // More than a cache holds: slots come from and go to the table.
      Slots slots = Take(random() % 200);
      for (ControlBlock* slot : places_[random() % places_.size()].Exchange(std::move(slots)))
        Give(slot);
    }
  }

  // Takes all that are free, but for those in other caches.
  Slots TakeRest() { return Allocate(table_, cache_, table_.size()); }

  int64_t times_full() const { return times_full_; }
  int64_t mistakes() const { return mistakes_; }

 private:
  Slots Take(size_t at_most) {
    Slots slots = Allocate(table_, cache_, at_most);
    if (slots.size() < at_most) ++times_full_;
    for (ControlBlock* slot : slots) {
      if (in_use_[slot->index].exchange(true, std::memory_order_relaxed)) ++mistakes_;
      if (slot->state != ProcessState::kFree) ++mistakes_;
      slot->state = ProcessState::kNew;
    }
    return slots;
  }

  void Give(ControlBlock* slot) {
    slot->state = ProcessState::kFree;
    slot->serial.fetch_add(1, std::memory_order_release);
    if (!in_use_[slot->index].exchange(false, std::memory_order_relaxed)) ++mistakes_;
    table_.Free(cache_, slot);
  }

  ProcessTable& table_;
  std::vector<Place>& places_;
  std::vector<std::atomic<bool>>& in_use_;
  SlotCache cache_;
  int64_t times_full_ = 0;
  int64_t mistakes_ = 0;
};

// Looks at all slots as senders with old pids do.
int64_t CountMistakes(const ProcessTable& table, const std::atomic<bool>& done) {
  int64_t mistakes = 0;
  std::vector<uint64_t> serials;
  while (!done.load(std::memory_order_acquire)) {
    serials.resize(table.size(), 1);
    for (uint32_t i = 0; i < serials.size(); ++i) {
      const uint64_t serial = table[i].serial.load(std::memory_order_acquire);
      if (serial < serials[i] || table[i].index != i) ++mistakes;
      serials[i] = serial;
    }
    std::this_thread::yield();
  }
  return mistakes;
}

TEST(ProcessTableStressTest, NoSlotIsHandedOutTwiceAtATimeOrLost) {
  constexpr uint32_t kSlots = 3072;
  const int64_t rounds = Rounds(300'000);
  std::atomic<uint32_t> size{0};
  ProcessTable table(kSlots, size);
  std::vector<Place> places(40);  // with 100 slots each, more than there are: the table gets full
  std::vector<std::atomic<bool>> in_use(kSlots);
  std::vector<Spawner> spawners(3, Spawner(table, places, in_use));
  std::atomic<bool> done{false};
  int64_t mistakes = 0;
  std::thread sender([&] { mistakes = CountMistakes(table, done); });
  std::vector<std::thread> threads;
  for (unsigned i = 0; i < spawners.size(); ++i)
    threads.emplace_back([&, i] { spawners[i].Run(rounds, i + 1); });
  for (std::thread& thread : threads) thread.join();
  done.store(true, std::memory_order_release);
  sender.join();
  EXPECT_EQ(mistakes, 0);
  int64_t times_full = 0;
  size_t slots = 0;
  for (Place& place : places) slots += place.Exchange({}).size();
  for (Spawner& spawner : spawners) {
    EXPECT_EQ(spawner.mistakes(), 0);
    times_full += spawner.times_full();
    slots += spawner.TakeRest().size();
  }
  EXPECT_EQ(slots, kSlots) << "some are lost";
  EXPECT_GT(times_full, 0);
  EXPECT_EQ(table.size(), kSlots);
}

}  // namespace
}  // namespace hydra::process_internal
