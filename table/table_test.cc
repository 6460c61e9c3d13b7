// What is in a table: TAB1, TAB2, TAB7, TAB8. Whoever has it: owner_test.cc.
#include "hydra/table/table.h"

#include <array>
#include <atomic>
#include <cstdint>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace hydra {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::Optional;
using testing::Pair;
using testing::UnorderedElementsAre;

// Counts those that live.
class Counted {
 public:
  explicit Counted(int number) : number_(number) { ++living; }
  Counted(const Counted& other) : number_(other.number_) { ++living; }
  Counted& operator=(const Counted&) = default;
  ~Counted() { --living; }

  int number() const { return number_; }

  static inline std::atomic<int> living{0};

 private:
  int number_;
};

// With one partition and several.
class TableTest : public testing::TestWithParam<size_t> {
 protected:
  Table<std::string, std::string> table_{TableOptions{.partitions = GetParam()}};
};

INSTANTIATE_TEST_SUITE_P(Partitions, TableTest, testing::Values(0, 1, 2, 7));

// TAB1, TAB2
TEST_P(TableTest, HasWhatWasPutIn) {
  const TableReader<std::string, std::string> reader = table_.reader();
  EXPECT_EQ(reader.Lookup("tea"), std::nullopt);
  EXPECT_FALSE(reader.Contains("tea"));
  EXPECT_EQ(reader.size(), 0U);
  table_.Insert("tea", "green");
  table_.Insert("coffee", "black");
  EXPECT_THAT(reader.Lookup("tea"), Optional(std::string("green")));
  EXPECT_THAT(reader.Lookup(std::string("coffee")), Optional(std::string("black")));
  EXPECT_THAT(table_.Lookup(std::string_view("teapot", 3)), Optional(std::string("green")));
  EXPECT_TRUE(reader.Contains("tea"));
  EXPECT_FALSE(reader.Contains("te"));
  EXPECT_EQ(reader.size(), 2U);
  table_.Insert("tea", "white");
  EXPECT_THAT(reader.Lookup("tea"), Optional(std::string("white")));
  EXPECT_EQ(reader.size(), 2U);
}

// TAB2
TEST_P(TableTest, InsertNewKeepsWhatIsThere) {
  EXPECT_TRUE(table_.InsertNew("tea", "green"));
  EXPECT_FALSE(table_.InsertNew("tea", "white"));
  EXPECT_THAT(table_.Lookup("tea"), Optional(std::string("green")));
  EXPECT_TRUE(table_.Erase("tea"));
  EXPECT_TRUE(table_.InsertNew("tea", "white"));
}

// TAB2
TEST_P(TableTest, EraseAndTakeRemove) {
  table_.Insert("tea", "green");
  EXPECT_TRUE(table_.Erase("tea"));
  EXPECT_FALSE(table_.Erase("tea"));
  EXPECT_EQ(table_.Lookup("tea"), std::nullopt);
  EXPECT_EQ(table_.Take("tea"), std::nullopt);
  table_.Insert("tea", "black");
  EXPECT_THAT(table_.Take("tea"), Optional(std::string("black")));
  EXPECT_FALSE(table_.Contains("tea"));
  EXPECT_EQ(table_.size(), 0U);
}

// TAB2
TEST_P(TableTest, UpdateSeesWhatIsThere) {
  const auto append = [](const std::string* value) {
    return value == nullptr ? "a" : *value + "a";
  };
  EXPECT_THAT(table_.Update("key", append), Optional(std::string("a")));
  EXPECT_THAT(table_.Update("key", append), Optional(std::string("aa")));
  EXPECT_THAT(table_.Lookup("key"), Optional(std::string("aa")));
  EXPECT_EQ(table_.size(), 1U);
}

// TAB2
TEST_P(TableTest, UpdateThatThrowsChangesNothing) {
  const auto fail = [](const std::string*) -> std::string { throw std::runtime_error("oh"); };
  EXPECT_THROW(table_.Update("key", fail), std::runtime_error);
  EXPECT_FALSE(table_.Contains("key"));
  table_.Insert("key", "value");
  EXPECT_THROW(table_.Update("key", fail), std::runtime_error);
  EXPECT_THAT(table_.Lookup("key"), Optional(std::string("value")));
  table_.Insert("key", "next");  // the lock is free
}

// TAB2
TEST_P(TableTest, ClearRemovesAll) {
  for (int i = 0; i < 1000; ++i) table_.Insert(std::to_string(i), "x");
  EXPECT_EQ(table_.size(), 1000U);
  table_.Clear();
  EXPECT_EQ(table_.size(), 0U);
  EXPECT_EQ(table_.Lookup("1"), std::nullopt);
  table_.Insert("1", "y");
  EXPECT_THAT(table_.Lookup("1"), Optional(std::string("y")));
  EXPECT_TRUE(table_.is_open());
}

// TAB1
TEST_P(TableTest, InspectCopiesNothing) {
  table_.Insert("tea", "green");
  std::vector<const std::string*> values;
  for (int i = 0; i < 2; ++i) {
    EXPECT_TRUE(table_.Inspect("tea", [&](const std::string& value) {
      EXPECT_EQ(value, "green");
      values.push_back(&value);
    }));
  }
  EXPECT_THAT(values, ElementsAre(testing::NotNull(), values.at(0)));
  EXPECT_FALSE(table_.Inspect("none", [](const std::string&) { ADD_FAILURE(); }));
}

// TAB1: what is being inspected stays, whatever becomes of its key.
TEST_P(TableTest, InspectMayUseTheTable) {
  table_.Insert("tea", "green");
  table_.Inspect("tea", [&](const std::string& value) {
    for (int i = 0; i < 1000; ++i) table_.Insert("tea", std::to_string(i));
    table_.Clear();
    EXPECT_EQ(value, "green");
    EXPECT_EQ(table_.Lookup("tea"), std::nullopt);
  });
}

// TAB1
TEST_P(TableTest, SelectsWhatMatches) {
  for (int i = 0; i < 100; ++i) table_.Insert(std::to_string(i), i % 10 == 0 ? "round" : "odd");
  const auto few = table_.reader().Select([](const std::string& key, const std::string& value) {
    return value == "round" && key.size() == 2 && key < "40";
  });
  EXPECT_THAT(few,
              UnorderedElementsAre(Pair("10", "round"), Pair("20", "round"), Pair("30", "round")));
  EXPECT_THAT(table_.Select([](const auto&, const auto&) { return false; }), IsEmpty());
}

// TAB7: each that is there all the while exactly once, though others come and go meanwhile.
TEST_P(TableTest, ForEachVisitsEachOnce) {
  for (int i = 0; i < 200; ++i) table_.Insert("stays " + std::to_string(i), "x");
  std::map<std::string, int> visits;
  int round = 0;
  table_.ForEach([&](const std::string& key, const std::string&) {
    ++visits[key];
    if (key.starts_with("comes")) return;
    const std::string number = std::to_string(round++);
    for (int i = 0; i < 20; ++i) table_.Insert("comes " + number + " " + std::to_string(i), "x");
    for (int i = 0; i < 10; ++i) table_.Erase("comes " + number + " " + std::to_string(i));
    table_.Insert("stays " + number, "y");
  });
  for (int i = 0; i < 200; ++i) EXPECT_EQ(visits["stays " + std::to_string(i)], 1) << i;
}

// TAB2: any order of changes leaves what a plain map has.
TEST_P(TableTest, IsAMap) {
  std::mt19937 random(1);
  Table<uint64_t, std::string> table({.partitions = GetParam()});
  std::map<uint64_t, std::string> model;
  for (int step = 0; step < 20'000; ++step) {
    const uint64_t key = random() % 100;
    const std::string value = std::to_string(step);
    switch (random() % 5) {
      case 0:
        table.Insert(key, value);
        model[key] = value;
        break;
      case 1:
        ASSERT_EQ(table.InsertNew(key, value), model.emplace(key, value).second);
        break;
      case 2:
        ASSERT_EQ(table.Erase(key), model.erase(key) == 1);
        break;
      case 3:
        table.Update(key, [&](const std::string* before) {
          EXPECT_EQ(before != nullptr, model.contains(key));
          return before == nullptr ? value : *before + ".";
        });
        model[key] = model.contains(key) ? model[key] + "." : value;
        break;
      case 4:
        ASSERT_EQ(table.Contains(key), model.contains(key));
        break;
    }
    ASSERT_EQ(table.size(), model.size());
  }
  std::map<uint64_t, std::string> all;
  table.ForEach([&](uint64_t key, const std::string& value) { all.emplace(key, value); });
  EXPECT_EQ(all, model);
}

// TAB8
TEST_P(TableTest, ValuesAreDestroyedExactlyOnce) {
  {
    Table<int, Counted> table({.partitions = GetParam()});
    for (int i = 0; i < 1000; ++i) table.Insert(i % 300, Counted(i));
    for (int i = 0; i < 100; ++i) table.Erase(i);
    for (int i = 100; i < 150; ++i) EXPECT_EQ(table.Take(i)->number(), 600 + i);
    for (int i = 0; i < 200; ++i) table.InsertNew(i, Counted(-i));
    table.Update(0, [](const Counted* before) { return Counted(before->number() + 1); });
    EXPECT_EQ(table.size(), 300U);
    EXPECT_GE(Counted::living, 300);
  }
  EXPECT_EQ(Counted::living, 0);
}

// TAB8: though readers still have handles.
TEST_P(TableTest, ValuesAreDestroyedWithTheTable) {
  std::optional<Table<int, Counted>> table(TableOptions{.partitions = GetParam()});
  const TableReader<int, Counted> reader = table->reader();
  for (int i = 0; i < 100; ++i) table->Insert(i, Counted(i));
  table.reset();
  EXPECT_EQ(Counted::living, 0);
  EXPECT_FALSE(reader.is_open());
}

// TAB8: what is read at that moment is destroyed later.
TEST_P(TableTest, WhatIsReadOutlivesTheTable) {
  {
    std::optional<Table<int, Counted>> table(TableOptions{.partitions = GetParam()});
    const TableReader<int, Counted> reader = table->reader();
    table->Insert(1, Counted(1));
    reader.Inspect(1, [&](const Counted& value) {
      table.reset();
      EXPECT_EQ(value.number(), 1);
      EXPECT_FALSE(reader.Contains(1));
    });
  }
  EXPECT_EQ(Counted::living, 0);
}

// TAB8: what replaces and is replaced often doesn't heap up.
TEST_P(TableTest, WhatIsReplacedIsDestroyedBefore) {
  Table<int, Counted> table({.partitions = GetParam()});
  for (int i = 0; i < 10'000; ++i) {
    table.Insert(1, Counted(i));
    ASSERT_LE(Counted::living, 130);
  }
}

// A value may use the table in its destructor, which holds no lock.
TEST(TableValueTest, MayUseTheTableWhenItIsDestroyed) {
  struct Erases {
    std::shared_ptr<TableWriter<int, int>> other;
    ~Erases() {
      if (other != nullptr) other->Add(1, 1);
    }
  };
  Table<int, int> counters;
  {
    Table<int, std::shared_ptr<Erases>> table;
    for (int i = 0; i < 300; ++i) {
      table.Insert(
          1, std::make_shared<Erases>(std::make_shared<TableWriter<int, int>>(counters.writer())));
    }
  }
  EXPECT_THAT(counters.Lookup(1), Optional(300));
}

// ---- Kinds of keys and values.

enum class Colour : uint8_t { kRed, kBlue };

TEST(TableValueTest, MayBeOfAnyKind) {
  Table<int, bool> flags;
  flags.Insert(1, true);
  EXPECT_THAT(flags.Lookup(1), Optional(true));
  flags.Insert(1, false);
  EXPECT_THAT(flags.Lookup(1), Optional(false));
  flags.Update(1, [](const bool* value) { return !*value; });
  EXPECT_THAT(flags.Lookup(1), Optional(true));
  EXPECT_THAT(flags.Take(1), Optional(true));
  EXPECT_FALSE(flags.Inspect(1, [](bool) {}));

  Table<char, char> letters;
  letters.Insert('a', 'b');
  EXPECT_THAT(letters.Lookup('a'), Optional('b'));

  Table<Colour, Colour> colours;
  colours.Insert(Colour::kRed, Colour::kBlue);
  EXPECT_THAT(colours.Lookup(Colour::kRed), Optional(Colour::kBlue));

  Table<std::pair<int, std::string>, double> prices;
  prices.Insert({1, "tea"}, 2.5);
  EXPECT_THAT(prices.Lookup({1, "tea"}), Optional(2.5));

  Table<std::vector<int>, std::array<char, 4096>> large;
  large.Insert({1, 2}, {'x'});
  EXPECT_EQ(large.Lookup({1, 2})->front(), 'x');
  EXPECT_EQ(large.Lookup({1}), std::nullopt);

  Table<int, std::shared_ptr<const std::string>> shared;
  shared.Insert(1, std::make_shared<const std::string>("x"));
  EXPECT_EQ(**shared.Lookup(1), "x");
}

TEST(TableValueTest, IntegersAreVisitedAsTheyAre) {
  Table<int, int64_t> table;
  table.Insert(1, 10);
  table.Insert(1, 20);
  table.InsertNew(1, 30);
  std::vector<std::pair<int, int64_t>> all;
  table.ForEach([&](const int& key, const int64_t& value) { all.emplace_back(key, value); });
  EXPECT_THAT(all, ElementsAre(Pair(1, 20)));
  int64_t inspected = 0;
  EXPECT_TRUE(table.Inspect(1, [&](const int64_t& value) { inspected = value; }));
  EXPECT_EQ(inspected, 20);
}

// TAB3
TEST(TableCounterTest, AddsFromZeroOn) {
  Table<std::string, int> hits;
  EXPECT_THAT(hits.Add("/", 3), Optional(3));
  EXPECT_THAT(hits.Add("/", -5), Optional(-2));
  EXPECT_THAT(hits.Lookup("/"), Optional(-2));
  EXPECT_EQ(hits.size(), 1U);
  Table<int, uint8_t> small;
  EXPECT_THAT(small.Add(1, 200), Optional(200));
}

// TAB3
TEST(TableCounterTest, WrapsAround) {
  constexpr int64_t kMax = std::numeric_limits<int64_t>::max();
  Table<int, int64_t> table;
  table.Insert(1, kMax);
  EXPECT_THAT(table.Add(1, 2), Optional(std::numeric_limits<int64_t>::min() + 1));
  EXPECT_THAT(table.Add(1, -2), Optional(kMax));
  Table<int, uint8_t> small;
  small.Insert(1, 250);
  EXPECT_THAT(small.Add(1, 10), Optional(4));
  Table<int, int> middle;
  middle.Insert(1, std::numeric_limits<int>::max());
  EXPECT_THAT(middle.Add(1, 1), Optional(std::numeric_limits<int>::min()));
}

// TAB1: no runtime is needed, and any thread may read and write.
TEST(TableThreadTest, ForeignThreadsMayUseIt) {
  Table<std::string, std::string> table;
  std::thread([writer = table.writer()] { writer.Insert("tea", "green"); }).join();
  std::optional<std::string> read;
  std::thread([&read, reader = table.reader()] { read = reader.Lookup("tea"); }).join();
  EXPECT_EQ(read, "green");
}

}  // namespace
}  // namespace hydra
