// Threads that read and change one ring at the same time.
#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "gtest/gtest.h"
#include "hydra/process/testing/rounds.h"
#include "hydra/registry/hash_ring.h"

namespace hydra {
namespace {

constexpr size_t kNodes = 4;

// As many nodes as ever, all of that generation.
std::vector<HashRingNode<std::shared_ptr<int64_t>>> Generation(int64_t generation) {
  std::vector<HashRingNode<std::shared_ptr<int64_t>>> nodes;
  for (size_t i = 0; i < kNodes; ++i) {
    nodes.push_back({.name = std::to_string(generation % 7) + "-" + std::to_string(i),
                     .node = std::make_shared<int64_t>(generation)});
  }
  return nodes;
}

// Whether they are of one generation, and all of it.
bool IsWhole(const std::vector<std::shared_ptr<int64_t>>& nodes) {
  if (nodes.size() != kNodes) return false;
  for (const auto& node : nodes) {
    if (*node != *nodes[0]) return false;
  }
  return true;
}

TEST(HashRingRaceTest, ReadersSeeAWholeRing) {
  HashRing<std::shared_ptr<int64_t>> ring;
  ring.SetNodes(Generation(0));
  std::atomic<bool> done{false};
  std::atomic<int64_t> broken{0};
  std::vector<std::thread> readers;
  for (int reader = 0; reader < 3; ++reader) {
    readers.emplace_back([&] {
      uint64_t key = 0;
      int64_t newest = 0;
      while (!done.load(std::memory_order_relaxed)) {
        const auto all = ring.Find(++key, kNodes + 1);
        if (!IsWhole(all) || *all[0] < newest) {
          broken.fetch_add(1);
          continue;
        }
        newest = *all[0];
        if (!ring.FindWith(key, [](const auto* node) { return node != nullptr && **node >= 0; }))
          broken.fetch_add(1);
      }
    });
  }
  const int64_t rounds = Rounds(20'000);
  for (int64_t generation = 1; generation <= rounds; ++generation)
    ring.SetNodes(Generation(generation));
  done.store(true);
  for (std::thread& reader : readers) reader.join();
  EXPECT_EQ(broken.load(), 0);
}

TEST(HashRingRaceTest, NoChangeIsLost) {
  HashRing<int> ring;
  std::vector<std::thread> writers;
  constexpr int kWriters = 3;
  constexpr int kNodesEach = 10;
  for (int writer = 0; writer < kWriters; ++writer) {
    writers.emplace_back([&ring, writer] {
      for (int i = 0; i < kNodesEach; ++i) {
        const std::string name = std::to_string(writer) + "-" + std::to_string(i);
        ring.Add({.name = name, .node = i});
        ring.Override(name, name);
      }
    });
  }
  for (std::thread& writer : writers) writer.join();
  EXPECT_EQ(ring.nodes().size(), size_t{kWriters * kNodesEach});
  for (const HashRingNode<int>& node : ring.nodes()) EXPECT_EQ(ring.Find(node.name), node.node);
}

}  // namespace
}  // namespace hydra
