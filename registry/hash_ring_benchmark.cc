// What a hash ring costs, and how evenly it spreads a million keys: the figures of docs/registry.md.
//
//   ./bazelw run --config=opt //registry:hash_ring_benchmark
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "benchmark/benchmark.h"
#include "hydra/registry/hash_ring.h"
#include "hydra/registry/internal/ring_hash.h"

namespace hydra {
namespace {

constexpr int kKeys = 1'000'000;
// Figures of balance depend on the names: each is of so many rings, whose nodes have other names.
constexpr int kRings = 20;

std::string NameOf(int ring, int64_t node) {
  return "node-" + std::to_string(ring) + "-" + std::to_string(node);
}

HashRing<int64_t> RingOf(int ring, int64_t count) {
  std::vector<HashRingNode<int64_t>> nodes;
  for (int64_t i = 0; i < count; ++i) nodes.push_back({.name = NameOf(ring, i), .node = i});
  HashRing<int64_t> made;
  made.SetNodes(std::move(nodes));
  return made;
}

void FindInteger(benchmark::State& state) {
  static const HashRing<int64_t>* ring = nullptr;
  if (state.thread_index() == 0) ring = new HashRing<int64_t>(RingOf(0, state.range(0)));
  uint64_t key = 0;
  for (auto unused : state) benchmark::DoNotOptimize(ring->Find(++key));
  if (state.thread_index() == 0) delete ring;
}
BENCHMARK(FindInteger)->Arg(8)->Arg(100)->Arg(1000)->ThreadRange(1, 2);

void FindText(benchmark::State& state) {
  const HashRing<int64_t> ring = RingOf(0, state.range(0));
  std::vector<std::string> keys;
  for (int i = 0; i < 1024; ++i) keys.push_back("user:" + std::to_string(i));
  size_t i = 0;
  for (auto unused : state) benchmark::DoNotOptimize(ring.Find(keys[++i % keys.size()]));
}
BENCHMARK(FindText)->Arg(100);

void FindWhereSomeAreOverridden(benchmark::State& state) {
  HashRing<int64_t> ring = RingOf(0, 100);
  std::vector<std::pair<HashRingKey, std::string>> overrides;
  for (int64_t key = 0; key < state.range(0); ++key) overrides.emplace_back(key, NameOf(0, 1));
  ring.SetOverrides(std::move(overrides));
  uint64_t key = 1'000'000;
  for (auto unused : state) benchmark::DoNotOptimize(ring.Find(++key));
}
BENCHMARK(FindWhereSomeAreOverridden)->Arg(1000);

void FindThree(benchmark::State& state) {
  const HashRing<int64_t> ring = RingOf(0, 100);
  uint64_t key = 0;
  for (auto unused : state) benchmark::DoNotOptimize(ring.Find(++key, 3));
}
BENCHMARK(FindThree);

void AddAndRemove(benchmark::State& state) {
  HashRing<int64_t> ring = RingOf(0, state.range(0));
  for (auto unused : state) {
    ring.Add({.name = "another", .node = 0});
    ring.Remove("another");
  }
}
BENCHMARK(AddAndRemove)->Arg(8)->Arg(100)->Unit(benchmark::kMicrosecond);

void SetNodes(benchmark::State& state) {
  for (auto unused : state) benchmark::DoNotOptimize(RingOf(0, state.range(0)));
}
BENCHMARK(SetNodes)->Arg(8)->Arg(100)->Unit(benchmark::kMicrosecond);

// The owners of all keys in a ring of that many nodes, by the definition, with any number of points each.
std::vector<size_t> OwnersByDefinition(int ring, int64_t nodes, int64_t points_each) {
  std::vector<std::pair<uint64_t, size_t>> points;
  for (int64_t node = 0; node < nodes; ++node) {
    for (int64_t i = 1; i <= points_each; ++i) {
      points.emplace_back(registry_internal::RingHash(NameOf(ring, node), static_cast<uint64_t>(i)),
                          node);
    }
  }
  std::sort(points.begin(), points.end());
  std::vector<size_t> owners;
  for (int key = 0; key < kKeys; ++key) {
    const auto point = std::lower_bound(points.begin(), points.end(),
                                        std::pair(HashRingKey(key).hash(), size_t{0}));
    owners.push_back(point == points.end() ? points[0].second : point->second);
  }
  return owners;
}

// Each node's keys, as a multiple of what they would be if all had the same: the least, the most, and the standard
// deviation, of all rings. And the share of the keys that move when one node more comes.
void Spread(benchmark::State& state) {
  const int64_t nodes = state.range(0);
  const int64_t points = state.range(1);
  for (auto unused : state) {
    double least = 1;
    double most = 1;
    double squares = 0;
    double moved = 0;
    for (int ring = 0; ring < kRings; ++ring) {
      const std::vector<size_t> owners = OwnersByDefinition(ring, nodes, points);
      std::vector<double> loads(static_cast<size_t>(nodes));
      for (const size_t owner : owners) loads[owner] += static_cast<double>(nodes) / kKeys;
      for (const double load : loads) squares += (load - 1) * (load - 1);
      least = std::min(least, *std::min_element(loads.begin(), loads.end()));
      most = std::max(most, *std::max_element(loads.begin(), loads.end()));

      const std::vector<size_t> then = OwnersByDefinition(ring, nodes + 1, points);
      for (size_t key = 0; key < owners.size(); ++key) moved += owners[key] != then[key] ? 1 : 0;
    }
    state.counters["least"] = least;
    state.counters["most"] = most;
    state.counters["deviation"] = std::sqrt(squares / static_cast<double>(nodes * kRings));
    state.counters["moved"] = moved / kKeys / kRings;
  }
}
BENCHMARK(Spread)
    ->ArgNames({"nodes", "points"})
    ->ArgsProduct({{8, 100}, {1, 16, 64, 128, 256, 512, 1024}})
    ->Iterations(1)
    ->Unit(benchmark::kSecond);

}  // namespace
}  // namespace hydra

BENCHMARK_MAIN();
