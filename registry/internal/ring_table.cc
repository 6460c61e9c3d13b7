#include "hydra/registry/internal/ring_table.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "hydra/registry/internal/ring_hash.h"

namespace hydra::registry_internal {
namespace {

// Changed, it would move keys: see hash_ring.h. docs/registry.md has the measurement that it was chosen by.
constexpr uint64_t kPointsPerWeight = 256;

// Where the node of that name is, or would be.
template <typename Nodes>
auto PlaceOf(Nodes& nodes, std::string_view name) {
  return std::lower_bound(
      nodes.begin(), nodes.end(), name,
      [](const RingNodePtr& node, std::string_view other) { return node->name < other; });
}

}  // namespace

const RingNode* RingTable::Find(uint64_t key) const {
  if (const RingNode* const node = OverrideOf(key)) return node;
  return points_.empty() ? nullptr : points_[PointOf(key)].node;
}

std::vector<const RingNode*> RingTable::Find(uint64_t key, size_t count) const {
  std::vector<const RingNode*> found;
  if (count == 0) return found;
  size_t available = nodes_with_points_;
  if (const RingNode* const node = OverrideOf(key)) {
    found.push_back(node);
    if (node->weight == 0) ++available;
  }
  const size_t wanted = std::min(count, available);
  found.reserve(wanted);
  for (size_t i = found.size() < wanted ? PointOf(key) : 0; found.size() < wanted;
       i = (i + 1) % points_.size()) {
    const RingNode* const node = points_[i].node;
    if (std::find(found.begin(), found.end(), node) == found.end()) found.push_back(node);
  }
  return found;
}

const RingNode* RingTable::OverrideOf(uint64_t key) const {
  const size_t i = override_index_.Find(overrides_, key);
  if (i == overrides_.size() || overrides_[i].hash != key) return nullptr;
  const std::string& name = overrides_[i].name;
  const auto node = PlaceOf(nodes_, name);
  return node != nodes_.end() && (*node)->name == name ? node->get() : nullptr;
}

size_t RingTable::PointOf(uint64_t key) const {
  const size_t i = point_index_.Find(points_, key);
  return i < points_.size() ? i : 0;
}

RingNodePtr RingTable::Add(RingNodePtr node) {
  RingNodePtr replaced = Put(node);
  if (replaced != nullptr) ErasePoints(*replaced);
  AddPoints({std::move(node)});
  return replaced;
}

RingNodePtr RingTable::Remove(std::string_view name) {
  const auto place = PlaceOf(nodes_, name);
  if (place == nodes_.end() || (*place)->name != name) return nullptr;
  RingNodePtr removed = std::move(*place);
  nodes_.erase(place);
  ErasePoints(*removed);
  IndexPoints();
  return removed;
}

void RingTable::SetNodes(const std::vector<RingNodePtr>& nodes) {
  nodes_.clear();
  points_.clear();
  for (const RingNodePtr& node : nodes) Put(node);
  AddPoints(nodes_);
}

void RingTable::Override(uint64_t key, std::string name) {
  const size_t i = override_index_.Find(overrides_, key);
  if (i < overrides_.size() && overrides_[i].hash == key) {
    overrides_[i].name = std::move(name);
    return;
  }
  overrides_.insert(overrides_.begin() + static_cast<std::ptrdiff_t>(i), {key, std::move(name)});
  override_index_.Make(overrides_);
}

bool RingTable::RemoveOverride(uint64_t key) {
  const size_t removed =
      std::erase_if(overrides_, [&](const RingOverride& override) { return override.hash == key; });
  override_index_.Make(overrides_);
  return removed != 0;
}

void RingTable::SetOverrides(std::vector<RingOverride> overrides) {
  std::map<uint64_t, std::string> names;
  for (RingOverride& override : overrides)
    names.insert_or_assign(override.hash, std::move(override.name));
  overrides_.clear();
  for (auto& [hash, name] : names) overrides_.push_back({hash, std::move(name)});
  override_index_.Make(overrides_);
}

RingNodePtr RingTable::Put(RingNodePtr node) {
  const auto place = PlaceOf(nodes_, node->name);
  if (place != nodes_.end() && (*place)->name == node->name)
    return std::exchange(*place, std::move(node));
  nodes_.insert(place, std::move(node));
  return nullptr;
}

void RingTable::AddPoints(const std::vector<RingNodePtr>& nodes) {
  const auto before = [](const Point& a, const Point& b) {
    return std::tie(a.hash, a.node->name) < std::tie(b.hash, b.node->name);
  };
  std::vector<Point> added;
  for (const RingNodePtr& node : nodes) {
    const uint64_t count = node->weight * kPointsPerWeight;
    for (uint64_t i = 1; i <= count; ++i) added.push_back({RingHash(node->name, i), node.get()});
  }
  std::sort(added.begin(), added.end(), before);

  std::vector<Point> all(points_.size() + added.size());
  std::merge(points_.begin(), points_.end(), added.begin(), added.end(), all.begin(), before);
  points_ = std::move(all);
  IndexPoints();
}

void RingTable::ErasePoints(const RingNode& node) {
  std::erase_if(points_, [&](const Point& point) { return point.node == &node; });
}

void RingTable::IndexPoints() {
  point_index_.Make(points_);
  nodes_with_points_ = static_cast<size_t>(std::count_if(
      nodes_.begin(), nodes_.end(), [](const RingNodePtr& node) { return node->weight != 0; }));
}

}  // namespace hydra::registry_internal
