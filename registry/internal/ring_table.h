// RingTable: what a hash ring holds at one time: its nodes, their points, and the overrides. How it places
// keys is in hash_ring.h.
//
// A plain value: a ring that changes is another table. Thread safety: thread-compatible.
#ifndef HYDRA_REGISTRY_INTERNAL_RING_TABLE_H_
#define HYDRA_REGISTRY_INTERNAL_RING_TABLE_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "hydra/registry/internal/hash_index.h"

namespace hydra::registry_internal {

// What a table knows of a node. Who makes it derives from it.
struct RingNode {
  std::string name;
  uint32_t weight;
};
using RingNodePtr = std::shared_ptr<const RingNode>;

// That the key with this hash belongs to the node of that name.
struct RingOverride {
  uint64_t hash;
  std::string name;
};

class RingTable {
 public:
  // The node of a key with this hash; null if there is none.
  const RingNode* Find(uint64_t key) const;
  // The first `count` different ones; all if there aren't as many.
  std::vector<const RingNode*> Find(uint64_t key, size_t count) const;

  // In the order of their names.
  const std::vector<RingNodePtr>& nodes() const { return nodes_; }

  // Each returns what was there instead, or null.
  RingNodePtr Add(RingNodePtr node);
  RingNodePtr Remove(std::string_view name);
  // Of several with one name, the last counts.
  void SetNodes(const std::vector<RingNodePtr>& nodes);

  void Override(uint64_t key, std::string name);
  // Returns whether there was one.
  bool RemoveOverride(uint64_t key);
  // Of several for one key, the last counts.
  void SetOverrides(std::vector<RingOverride> overrides);

 private:
  struct Point {
    uint64_t hash;
    const RingNode* node;
  };

  const RingNode* OverrideOf(uint64_t key) const;
  // The index of the point that a key belongs to. There must be one.
  size_t PointOf(uint64_t key) const;

  RingNodePtr Put(RingNodePtr node);
  void AddPoints(const std::vector<RingNodePtr>& nodes);
  void ErasePoints(const RingNode& node);
  // To be called after a change of the nodes and points.
  void IndexPoints();

  std::vector<RingNodePtr> nodes_;  // by name
  size_t nodes_with_points_ = 0;
  std::vector<Point> points_;  // by hash, then by the name of the node
  HashIndex point_index_;
  std::vector<RingOverride> overrides_;  // by hash
  HashIndex override_index_;
};

}  // namespace hydra::registry_internal

#endif  // HYDRA_REGISTRY_INTERNAL_RING_TABLE_H_
