// Tables that are read and changed at the same time.
#include <array>
#include <atomic>
#include <cstdint>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "hydra/process/testing/rounds.h"
#include "hydra/table/table.h"

namespace hydra {
namespace {

using testing::Optional;

// Its words belong together; counts those that live.
class Whole {
 public:
  explicit Whole(int64_t number) : words_{number, number, number, number} { ++living; }
  Whole(const Whole& other) : words_(other.words_) { ++living; }
  Whole& operator=(const Whole&) = default;
  ~Whole() {
    words_.fill(-1);
    --living;
  }

  int64_t number() const { return words_[0]; }
  bool IsWhole() const {
    return words_[0] >= 0 && words_[0] == words_[1] && words_[1] == words_[2] &&
           words_[2] == words_[3];
  }

  static inline std::atomic<int64_t> living{0};

 private:
  std::array<int64_t, 4> words_;
};

// With one partition and several.
class TableRaceTest : public testing::TestWithParam<size_t> {};
INSTANTIATE_TEST_SUITE_P(Partitions, TableRaceTest, testing::Values(1, 4));

// Calls `write(thread, round)` on two threads, a copy of `read` again and again on two others.
template <typename Write, typename Read>
void Race(int64_t rounds, Write write, Read read) {
  std::atomic<int> writing = 2;
  std::vector<std::thread> threads;
  for (int i = 0; i < 2; ++i) {
    threads.emplace_back([&, i] {
      for (int64_t round = 0; round < rounds; ++round) write(i, round);
      --writing;
    });
    threads.emplace_back([&writing, read]() mutable {
      do read();
      while (writing.load(std::memory_order_relaxed) > 0);
    });
  }
  for (std::thread& thread : threads) thread.join();
}

// TAB1, TAB8: whoever reads sees each value whole, and none that has been destroyed.
TEST_P(TableRaceTest, ReadersSeeWholeValues) {
  {
    Table<int, Whole> table({.partitions = GetParam()});
    constexpr int kKeys = 50;
    Race(
        Rounds(2'000'000),
        [&](int thread, int64_t round) {
          const int key = static_cast<int>(round * 7 + thread) % kKeys;
          switch (round % 5) {
            case 0:
              table.Erase(key);
              break;
            case 1:
              table.InsertNew(key, Whole(round));
              break;
            case 2:
              table.Update(key, [&](const Whole* before) {
                EXPECT_TRUE(before == nullptr || before->IsWhole());
                return Whole(round);
              });
              break;
            default:
              table.Insert(key, Whole(round));
          }
          if (round % 1000 == 0) table.Clear();
        },
        [&, reader = table.reader()] {
          for (int key = 0; key < kKeys; ++key) {
            const auto value = reader.Lookup(key);
            if (value.has_value()) {
              ASSERT_TRUE(value->IsWhole());
            }
            reader.Inspect(key, [](const Whole& whole) { ASSERT_TRUE(whole.IsWhole()); });
          }
          reader.ForEach([](int, const Whole& whole) { ASSERT_TRUE(whole.IsWhole()); });
          ASSERT_LE(reader.size(), kKeys);
        });
  }
  EXPECT_EQ(Whole::living, 0);
}

// TAB3: no addition is lost, and who reads sees it grow.
TEST_P(TableRaceTest, CountersAreExact) {
  Table<std::string, int64_t> table({.partitions = GetParam()});
  const int64_t rounds = Rounds(2'000'000);
  Race(
      rounds,
      [&](int, int64_t round) {
        table.Add("all", 1);
        table.Add(round % 2 == 0 ? "even" : "odd", 2);
      },
      [reader = table.reader(), last = int64_t{0}]() mutable {
        const int64_t now = reader.Lookup("all").value_or(0);
        ASSERT_GE(now, last);
        last = now;
      });
  EXPECT_THAT(table.Lookup("all"), Optional(2 * rounds));
  EXPECT_EQ(*table.Lookup("even") + *table.Lookup("odd"), 4 * rounds);
}

// TAB2: no update is lost; those of values that are replaced, too.
TEST_P(TableRaceTest, UpdatesAreAtomic) {
  Table<int, Whole> table({.partitions = GetParam()});
  const int64_t rounds = Rounds(1'000'000);
  Race(
      rounds,
      [&](int, int64_t) {
        table.Update(1, [](const Whole* before) {
          return Whole(before == nullptr ? 1 : before->number() + 1);
        });
      },
      [] {});
  EXPECT_EQ(table.Lookup(1)->number(), 2 * rounds);
}

// TAB2: of those that insert a new key, or take it out, one does.
TEST_P(TableRaceTest, OneInsertsAndOneTakes) {
  Table<int, int64_t> table({.partitions = GetParam()});
  std::atomic<int64_t> inserted = 0;
  std::atomic<int64_t> taken = 0;
  Race(
      Rounds(1'000'000),
      [&](int, int64_t round) {
        const int key = static_cast<int>(round / 16 % 8);
        if (table.InsertNew(key, round)) ++inserted;
        if (round % 2 == 0 ? table.Take(key).has_value() : table.Erase(key)) ++taken;
      },
      [] {});
  EXPECT_EQ(inserted, taken + static_cast<int64_t>(table.size()));
}

// TAB7: who goes through it finds each that stays exactly once.
TEST_P(TableRaceTest, ForEachFindsWhatStays) {
  Table<int64_t, int64_t> table({.partitions = GetParam()});
  constexpr int kStay = 100;
  for (int key = 0; key < kStay; ++key) table.Insert(-key, 0);
  Race(
      Rounds(1'000'000),
      [&](int thread, int64_t round) {
        const int64_t key = 1 + round % 500 * 2 + thread;
        if (round / 500 % 2 == 0) {
          table.Insert(key, round);
        } else {
          table.Erase(key);
        }
        table.Insert(-(round % kStay), round);
      },
      [reader = table.reader()] {
        std::array<int, kStay> visits{};
        reader.ForEach([&](int64_t key, int64_t) {
          if (key <= 0) ++visits.at(static_cast<size_t>(-key));
        });
        for (const int count : visits) ASSERT_EQ(count, 1);
      });
}

// TAB4: after its end nobody finds anything, and no write is left in it.
TEST_P(TableRaceTest, ClosesWhileItIsUsed) {
  for (int64_t i = Rounds(5'000); i > 0; --i) {
    std::optional<Table<int, Whole>> table(TableOptions{.partitions = GetParam()});
    const TableWriter<int, Whole> writer = table->writer();
    std::atomic<bool> has_begun = false;
    std::thread other([&] {
      int key = 0;
      while (writer.is_open()) {
        writer.Insert(key % 20, Whole(key));
        ++key;
        has_begun = true;
      }
      for (; key % 20 != 0; ++key) {
        writer.Insert(key % 20, Whole(key));
        ASSERT_FALSE(writer.Update(key % 20, [](const Whole*) { return Whole(1); }).has_value());
      }
    });
    while (!has_begun) std::this_thread::yield();
    table.reset();
    ASSERT_EQ(writer.size(), 0U);
    for (int key = 0; key < 20; ++key) ASSERT_FALSE(writer.Contains(key));
    other.join();
    ASSERT_EQ(writer.size(), 0U);
  }
  EXPECT_EQ(Whole::living, 0);
}

}  // namespace
}  // namespace hydra
