// HashRing: which of a changing set of nodes a key belongs to (consistent hashing). When a node comes or goes,
// only the keys that it gets, or had, change hands.
//
//   hydra::HashRing<hydra::ServerRef<Cache>> caches;
//   caches.Add({.name = "cache-1", .node = first});
//   caches.Add({.name = "cache-2", .node = second, .weight = 2});        // gets twice as many keys
//   ...
//   if (auto cache = caches.Find(user.name)) cache->Cast(Cache::Put{user});
//
// Where a key belongs is decided by the names and weights of the nodes, and the overrides, and by nothing else:
// rings that have the same, whatever was done to them before, agree on all machines. How, is fixed:
//
//   - All hashes are XXH64, unsigned. A key's is that of its bytes, with seed 0. The bytes of an integer are the 8
//     of its two's complement, the lowest first, whatever its type.
//   - A node has 256 points for each unit of its weight. Point i, counted from 1, is the hash of the bytes of the
//     node's name, with seed i.
//   - The points are in order; of equal ones that comes first whose node has the lesser name, by unsigned bytes.
//     A key belongs to the node of the first point that isn't below its hash, or of the very first if all are.
//
// docs/registry.md says how evenly that spreads keys.
#ifndef HYDRA_REGISTRY_HASH_RING_H_
#define HYDRA_REGISTRY_HASH_RING_H_

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "hydra/registry/internal/ring_hash.h"
#include "hydra/registry/internal/ring_table.h"
#include "hydra/registry/internal/shared_ring.h"

namespace hydra {
namespace registry_internal {

// bool and the character types aren't numbers here: whether a char is signed differs between machines.
template <typename T>
concept RingNumber =
    std::integral<T> && sizeof(T) <= 8 &&
    !(std::same_as<T, bool> || std::same_as<T, char> || std::same_as<T, wchar_t> ||
      std::same_as<T, char8_t> || std::same_as<T, char16_t> || std::same_as<T, char32_t>);

}  // namespace registry_internal

// A key, as rings see it: its hash. Made of a text or an integer; a type of one's own becomes a key by a
// function that yields one of its bytes:
//
//   hydra::HashRingKey KeyOf(const Order& order) { return order.customer + "/" + order.number; }
//
// Keys with equal hashes are one key. An integer is the same key as the text of its 8 bytes. A value.
class HashRingKey {
 public:
  // NOLINTBEGIN(google-explicit-constructor): keys are written as what they are.
  template <std::convertible_to<std::string_view> Text>
  HashRingKey(const Text& text) : hash_(registry_internal::RingHash(std::string_view(text), 0)) {}
  template <registry_internal::RingNumber Number>
  HashRingKey(Number number) : hash_(registry_internal::RingHash(static_cast<uint64_t>(number))) {}
  // NOLINTEND(google-explicit-constructor)

  uint64_t hash() const { return hash_; }

  friend bool operator==(HashRingKey, HashRingKey) = default;

 private:
  uint64_t hash_;
};

// A node of a ring.
template <typename T>
struct HashRingNode {
  std::string name;     // what it is placed by: the same in all rings
  T node;               // what Find yields
  uint32_t weight = 1;  // its share of the keys; with 0 only those that are overridden to it
};

// T is copied by each Find, so it should be cheap to copy: a pid, a ServerRef, a pointer.
//
// Reads take no lock and write nothing that other threads read. Each sees the ring as it is at one time. A change
// takes a lock and makes the ring anew: that costs time and memory in proportion to its points, which are 4 KiB
// for a weight of 1. A node that has gone is destroyed when nobody reads the ring as it was before; if somebody
// does at the time of the change, that is at a later one.
//
// Thread safety: a value, whose copies stand for the same ring; any thread.
template <typename T>
class HashRing {
 public:
  // A ring of no nodes.
  HashRing() : ring_(std::make_shared<registry_internal::SharedRing>()) {}
  // There is no ring without a table, so it can't be moved from.
  HashRing(const HashRing&) = default;
  HashRing& operator=(const HashRing&) = default;

  // The node that the key belongs to; nothing if the ring has none.
  std::optional<T> Find(HashRingKey key) const {
    return FindWith(key, [](const T* node) {
      return node == nullptr ? std::nullopt : std::optional<T>(*node);
    });
  }

  // The first `count` different nodes from there on, the owner first, for keys that are kept more than once; all
  // of them if there aren't as many. When a node goes, the key's others stay, in their order, and one is added
  // at the end.
  std::vector<T> Find(HashRingKey key, size_t count) const {
    return ring_->Read([&](const registry_internal::RingTable& table) {
      std::vector<T> nodes;
      for (const registry_internal::RingNode* node : table.Find(key.hash(), count))
        nodes.push_back(ValueOf(*node));
      return nodes;
    });
  }

  // Returns what `function` does, which gets a `const T*` to the owner, or null, instead of a copy. It lasts as
  // long as the call. That should be short, for while it lasts nothing is destroyed that anybody in the program
  // has taken out of a ring or registry.
  template <typename F>
  auto FindWith(HashRingKey key, F&& function) const {
    return ring_->Read([&](const registry_internal::RingTable& table) {
      const registry_internal::RingNode* const node = table.Find(key.hash());
      return std::forward<F>(function)(node == nullptr ? nullptr : &ValueOf(*node));
    });
  }

  // The nodes, in the order of their names.
  std::vector<HashRingNode<T>> nodes() const {
    return ring_->Read([](const registry_internal::RingTable& table) {
      std::vector<HashRingNode<T>> nodes;
      for (const registry_internal::RingNodePtr& node : table.nodes())
        nodes.push_back({.name = node->name, .node = ValueOf(*node), .weight = node->weight});
      return nodes;
    });
  }

  // Adds a node. One that the ring has by that name is replaced, and returned; no keys move then but those that a
  // different weight brings or takes.
  std::optional<T> Add(HashRingNode<T> node) {
    return ToOptional(ring_->Add(Make(std::move(node))));
  }

  // Takes the node of that name out and returns it; nothing if there is none. Overrides to it stay.
  std::optional<T> Remove(std::string_view name) { return ToOptional(ring_->Remove(name)); }

  // Replaces all nodes, in one change. Of several of one name the last counts. Overrides stay.
  void SetNodes(std::vector<HashRingNode<T>> nodes) {
    std::vector<registry_internal::RingNodePtr> made;
    made.reserve(nodes.size());
    for (HashRingNode<T>& node : nodes) made.push_back(Make(std::move(node)));
    ring_->SetNodes(made);
  }

  // From now on the key belongs to the node of that name, whenever the ring has one; otherwise to whom it would
  // belong anyway. Replaces an override that the key has.
  void Override(HashRingKey key, std::string name) { ring_->Override(key.hash(), std::move(name)); }

  // Returns false if there was none for this key.
  bool RemoveOverride(HashRingKey key) { return ring_->RemoveOverride(key.hash()); }

  // Replaces all overrides, in one change. Of several for one key the last counts.
  void SetOverrides(std::vector<std::pair<HashRingKey, std::string>> overrides) {
    std::vector<registry_internal::RingOverride> made;
    made.reserve(overrides.size());
    for (auto& [key, name] : overrides) made.push_back({key.hash(), std::move(name)});
    ring_->SetOverrides(std::move(made));
  }

  // Takes out all nodes and all overrides.
  void Clear() { ring_->Clear(); }

 private:
  struct Made : registry_internal::RingNode {
    explicit Made(HashRingNode<T> made)
        : RingNode{std::move(made.name), made.weight}, node(std::move(made.node)) {}
    T node;
  };

  static registry_internal::RingNodePtr Make(HashRingNode<T> node) {
    return std::make_shared<const Made>(std::move(node));
  }
  static const T& ValueOf(const registry_internal::RingNode& node) {
    return static_cast<const Made&>(node).node;
  }
  static std::optional<T> ToOptional(const registry_internal::RingNodePtr& node) {
    return node == nullptr ? std::nullopt : std::optional<T>(ValueOf(*node));
  }

  std::shared_ptr<registry_internal::SharedRing> ring_;
};

}  // namespace hydra

#endif  // HYDRA_REGISTRY_HASH_RING_H_
