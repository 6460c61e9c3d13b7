#include "hydra/base/shared_map.h"

#include <atomic>
#include <cstddef>
#include <map>
#include <random>
#include <thread>
#include <vector>

#include "gtest/gtest.h"
#include "hydra/base/read_section.h"

namespace hydra {
namespace {

struct Node {
  Node(size_t hash, int key, int value) : hash(hash), key(key), value(value) { ++living; }
  Node(const Node&) = delete;
  Node& operator=(const Node&) = delete;
  ~Node() { --living; }

  const size_t hash;
  const int key;
  const int value;

  static inline std::atomic<int> living{0};
};

// Few different hashes, so that probe sequences are long and meet.
size_t BadHash(int key) { return static_cast<size_t>(key % 7); }

int ValueOf(const SharedMap<Node>& map, int key) {
  const ReadSection section;
  const Node* node = map.Find(BadHash(key), key);
  return node == nullptr ? -1 : node->value;
}

// Any order of changes leaves what a plain map has.
TEST(SharedMapTest, IsAMap) {
  for (unsigned seed = 0; seed < 20; ++seed) {
    SCOPED_TRACE(seed);
    {
      std::mt19937 random(seed);
      Limbo limbo;
      SharedMap<Node> map;
      std::map<int, int> model;
      for (int step = 0; step < 2000; ++step) {
        const int key = static_cast<int>(random() % 60);
        Node* const found = map.Find(BadHash(key), key);
        ASSERT_EQ(found != nullptr, model.contains(key));
        if (found == nullptr) {
          map.Insert(new Node(BadHash(key), key, step), limbo);
          model[key] = step;
        } else if (random() % 3 == 0) {
          map.Replace(found, new Node(BadHash(key), key, step), limbo);
          model[key] = step;
        } else {
          map.Erase(found, limbo);
          model.erase(key);
        }
        if (random() % 500 == 0) {
          map.Clear(limbo);
          model.clear();
        }
        const Limbo::Batch unread = limbo.TakeUnread();
        ASSERT_EQ(map.size(), model.size());
      }
      std::map<int, int> all;
      map.ForEach([&](const Node& node) { EXPECT_TRUE(all.emplace(node.key, node.value).second); });
      EXPECT_EQ(all, model);
      for (int key = 0; key < 60; ++key)
        EXPECT_EQ(ValueOf(map, key), model.contains(key) ? model[key] : -1);
    }
    EXPECT_EQ(Node::living.load(), 0) << "each node is destroyed exactly once";
  }
}

// What comes and goes all the time leaves nothing behind that would make others slow.
TEST(SharedMapTest, ChurnDoesntGrowIt) {
  Limbo limbo;
  SharedMap<Node> map;
  for (int key = 0; key < 100'000; ++key) {
    map.Insert(new Node(static_cast<size_t>(key) * 0x9E3779B97F4A7C15u, key, key), limbo);
    if (key >= 10)
      map.Erase(map.Find(static_cast<size_t>(key - 10) * 0x9E3779B97F4A7C15u, key - 10), limbo);
    const Limbo::Batch unread = limbo.TakeUnread();
  }
  EXPECT_EQ(map.size(), 10u);
  EXPECT_LT(limbo.size(), 2 * Limbo::kWorthALook);
}

// A key that is there all the while is found all the while, whatever happens around it; one that comes and
// goes has a value that it was given, and values of a key never go back.
TEST(SharedMapTest, ReadersDuringChanges) {
  constexpr int kStable = 20;
  constexpr int kAll = 60;
  constexpr int kSteps = 300'000;
  Limbo limbo;
  SharedMap<Node> map;
  for (int key = 0; key < kStable; ++key) map.Insert(new Node(BadHash(key), key, 0), limbo);
  std::atomic<bool> done{false};
  std::atomic<int> missed{0};
  std::atomic<int> went_back{0};
  std::vector<std::thread> readers;
  for (int reader = 0; reader < 2; ++reader) {
    readers.emplace_back([&] {
      std::vector<int> last(kAll, -1);
      while (!done.load(std::memory_order_relaxed)) {
        for (int key = 0; key < kAll; ++key) {
          const int value = ValueOf(map, key);
          if (value == -1 && key < kStable) missed.fetch_add(1);
          if (value == -1) continue;
          if (value < last[static_cast<size_t>(key)]) went_back.fetch_add(1);
          last[static_cast<size_t>(key)] = value;
        }
        int stable = 0;
        const ReadSection section;
        map.ForEach([&](const Node& node) { stable += node.key < kStable ? 1 : 0; });
        if (stable != kStable) missed.fetch_add(1);
      }
    });
  }
  std::mt19937 random(1);
  for (int step = 1; step <= kSteps; ++step) {
    const int key = static_cast<int>(random() % kAll);
    Node* const found = map.Find(BadHash(key), key);
    if (found == nullptr) {
      map.Insert(new Node(BadHash(key), key, step), limbo);
    } else if (key < kStable) {
      map.Replace(found, new Node(BadHash(key), key, step), limbo);
    } else {
      map.Erase(found, limbo);
    }
    const Limbo::Batch unread = limbo.TakeUnread();
  }
  done.store(true);
  for (std::thread& reader : readers) reader.join();
  EXPECT_EQ(missed.load(), 0);
  EXPECT_EQ(went_back.load(), 0);
}

}  // namespace
}  // namespace hydra
