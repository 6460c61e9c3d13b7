// Nodes of a fake network, run by hand, for tests of what spans nodes.
#ifndef HYDRA_REGISTRY_NODES_TESTING_H_
#define HYDRA_REGISTRY_NODES_TESTING_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "gtest/gtest.h"
#include "hydra/process/process.h"
#include "hydra/process/testing/fake_network.h"
#include "hydra/process/testing/manual_runtime.h"

namespace hydra::registry_testing {

class FakeNodes {
 public:
  explicit FakeNodes(size_t count, uint64_t seed = 1) : nodes_(count), seed_(seed) {
    for (size_t i = 0; i < count; ++i) Restart(i);
  }

  size_t size() const { return nodes_.size(); }
  ManualRuntime& operator[](size_t i) { return *nodes_[i].runtime; }
  static std::string NameOf(size_t i) {
    return std::string(1, static_cast<char>('a' + i)) + "@test";
  }
  FakeNetwork& network() { return network_; }

  // Starts a node anew; its processes are gone.
  void Restart(size_t i) {
    Node& node = nodes_[i];
    node.runtime.reset();  // what its processes have to say when they end is lost, too
    for (size_t other = 0; other < size(); ++other) Cut(i, other);
    node.runtime = std::make_unique<ManualRuntime>(ManualRuntimeOptions{.seed = seed_ + i});
    network_.Add(*node.runtime, {NameOf(i), ++node.creation});
  }

  void Connect(size_t i, size_t j) { network_.Connect(NameOf(i), NameOf(j)); }
  void ConnectAll() {
    for (size_t i = 0; i < size(); ++i) {
      for (size_t j = 0; j < i; ++j) Connect(i, j);
    }
  }
  void Cut(size_t i, size_t j) {
    if (i != j) network_.Cut(NameOf(i), NameOf(j));
  }

  // Until nothing happens any more, but for timers.
  void Settle() {
    size_t turns = 1;
    while (turns > 0) {
      turns = network_.Deliver();
      for (const Node& node : nodes_) turns += static_cast<size_t>(node.runtime->RunUntilIdle());
    }
  }

  // Runs a process of a node to its end; nothing else than that node goes on meanwhile.
  void RunOn(size_t i, const std::function<Async<>()>& body) {
    bool ended = false;
    nodes_[i].runtime->Spawn([&]() -> Async<> {
      co_await body();
      ended = true;
    });
    while (!ended && nodes_[i].runtime->RunOne()) continue;
    EXPECT_TRUE(ended) << "it waits for what this node won't do";
  }

 private:
  struct Node {
    std::unique_ptr<ManualRuntime> runtime;
    uint64_t creation = 0;
  };

  FakeNetwork network_;
  std::vector<Node> nodes_;
  const uint64_t seed_;
};

}  // namespace hydra::registry_testing

#endif  // HYDRA_REGISTRY_NODES_TESTING_H_
