// What the handles of a table share. See table.h.
#ifndef HYDRA_TABLE_INTERNAL_TABLE_STATE_H_
#define HYDRA_TABLE_INTERNAL_TABLE_STATE_H_

#include <algorithm>
#include <atomic>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/hash/hash.h"
#include "hydra/base/mutex.h"
#include "hydra/base/read_section.h"
#include "hydra/base/shared_key.h"
#include "hydra/base/shared_map.h"
#include "hydra/process/behaviour.h"

namespace hydra::table_internal {

template <typename Value>
concept Counter = std::integral<Value> && !std::same_as<Value, bool>;

// Modulo 2^n.
template <Counter Value>
Value Sum(Value a, Value b) {
  return static_cast<Value>(static_cast<uint64_t>(a) + static_cast<uint64_t>(b));
}

// A value that is changed by being replaced, as a whole.
template <typename Value>
class Cell {
 public:
  static constexpr bool kInPlace = false;

  explicit Cell(Value value) : value_(std::move(value)) {}
  const Value& Get() const { return value_; }

 private:
  const Value value_;
};

// An integer, changed where it is.
template <std::integral Value>
class Cell<Value> {
 public:
  static constexpr bool kInPlace = true;

  explicit Cell(Value value) : value_(value) {}
  Value Get() const { return value_.load(std::memory_order_acquire); }
  void Set(Value value) { value_.store(value, std::memory_order_release); }

 private:
  std::atomic<Value> value_;  // written by who has the partition's lock, read by all
};

// Thread safety: any thread.
template <typename Key, typename Value>
class TableState {
  static_assert(std::is_default_constructible_v<absl::Hash<Key>>,
                "Table: a key is hashed by absl::Hash");
  static_assert(std::is_copy_constructible_v<Key>, "Table: a key is copied");
  static_assert(std::is_copy_constructible_v<Value>,
                "Table: a value is copied to whoever looks it up");

 public:
  using View = KeyViewOf<Key>;

  explicit TableState(size_t partitions) : partitions_(std::max<size_t>(1, partitions)) {}

  bool is_open() const { return is_open_.load(std::memory_order_acquire); }

  // ---- Reading.

  std::optional<Value> Lookup(View key) const {
    const ReadSection section;
    const Node* const node = Find(key);
    return node == nullptr ? std::nullopt : std::optional<Value>(node->cell.Get());
  }

  template <typename F>
  bool Inspect(View key, const F& inspect) const {
    const ReadSection section;
    const Node* const node = Find(key);
    if (node != nullptr) inspect(static_cast<const Value&>(node->cell.Get()));
    return node != nullptr;
  }

  bool Contains(View key) const {
    const ReadSection section;
    return Find(key) != nullptr;
  }

  size_t size() const {
    size_t size = 0;
    for (const Partition& partition : partitions_) size += partition.nodes.size();
    return size;
  }

  template <typename Visit>
  void ForEach(const Visit& visit) const {
    const ReadSection section;
    for (const Partition& partition : partitions_) {
      partition.nodes.ForEach([&](const Node& node) {
        visit(std::as_const(node.key), static_cast<const Value&>(node.cell.Get()));
      });
    }
  }

  // ---- Changing. Does nothing once the table is closed.

  void Insert(Key key, Value value) {
    auto added = std::make_unique<Node>(HashOfKey(key), std::move(key), std::move(value));
    Change(added->hash, [&](Nodes& nodes, Limbo& limbo) {
      Node* const node = nodes.Find(added->hash, added->key);
      Put(nodes, limbo, node, std::move(added));
    });
  }

  // Returns whether it wasn't there.
  bool InsertNew(Key key, Value value) {
    auto added = std::make_unique<Node>(HashOfKey(key), std::move(key), std::move(value));
    bool is_new = false;
    Change(added->hash, [&](Nodes& nodes, Limbo& limbo) {
      is_new = nodes.Find(added->hash, added->key) == nullptr;
      if (is_new) Put(nodes, limbo, nullptr, std::move(added));
    });
    return is_new;
  }

  std::optional<Value> Take(View key) {
    const size_t hash = HashOfKey(key);
    std::optional<Value> taken;
    Change(hash, [&](Nodes& nodes, Limbo& limbo) {
      Node* const node = nodes.Find(hash, key);
      if (node == nullptr) return;
      taken.emplace(node->cell.Get());
      nodes.Erase(node, limbo);
    });
    return taken;
  }

  bool Erase(View key) {
    const size_t hash = HashOfKey(key);
    bool is_erased = false;
    Change(hash, [&](Nodes& nodes, Limbo& limbo) {
      Node* const node = nodes.Find(hash, key);
      is_erased = node != nullptr;
      if (is_erased) nodes.Erase(node, limbo);
    });
    return is_erased;
  }

  // `change(const Value*)`, null if the key isn't there, yields the new value.
  template <typename F>
  std::optional<Value> Update(View key, const F& change) {
    const size_t hash = HashOfKey(key);
    std::optional<Value> updated;
    Change(hash, [&](Nodes& nodes, Limbo& limbo) {
      Node* const node = nodes.Find(hash, key);
      if (node == nullptr) {
        updated.emplace(change(static_cast<const Value*>(nullptr)));
      } else {
        const Value& before = node->cell.Get();
        updated.emplace(change(&before));
      }
      Set(nodes, limbo, node, hash, key, *updated);
    });
    return updated;
  }

  void Clear() {
    for (Partition& partition : partitions_) Clear(partition);
  }

  // Nothing is in it any more, and nothing changes it. If somebody reads it at this moment what was in it is
  // destroyed with the last handle.
  void Close() {
    is_open_.store(false, std::memory_order_release);
    Clear();
  }

 private:
  struct Node : Pooled {
    Node(size_t hash, Key key, Value value)
        : hash(hash), key(std::move(key)), cell(std::move(value)) {}

    const size_t hash;
    const Key key;
    Cell<Value> cell;
  };
  static_assert(alignof(Node) <= 16, "Table: keys and values are aligned to 16 bytes at most");

  using Nodes = SharedMap<Node>;
  struct Partition {
    Nodes nodes;  // changed by who has the lock, read by all
    Mutex mutex;
    Limbo limbo ABSL_GUARDED_BY(mutex);
  };

  Partition& PartitionFor(size_t hash) {
    return partitions_[PartitionOf(hash, partitions_.size())];
  }

  const Node* Find(View key) const {
    const size_t hash = HashOfKey(key);
    return const_cast<TableState*>(this)->PartitionFor(hash).nodes.Find(hash, key);
  }

  // Calls `change(nodes, limbo)` with those of its partition, under the lock, unless the table is closed.
  template <typename F>
  void Change(size_t hash, const F& change) {
    Partition& partition = PartitionFor(hash);
    Limbo::Batch unread;
    const MutexLock lock(partition.mutex);
    if (!is_open()) return;
    change(partition.nodes, partition.limbo);
    unread = partition.limbo.TakeUnread();
  }

  // Puts `added` in, in the place of `node` if that isn't null.
  static void Put(Nodes& nodes, Limbo& limbo, Node* node, std::unique_ptr<Node> added) {
    if (node == nullptr) {
      nodes.Insert(added.release(), limbo);
    } else if constexpr (Cell<Value>::kInPlace) {
      node->cell.Set(added->cell.Get());
    } else {
      nodes.Replace(node, added.release(), limbo);
    }
  }

  static void Set(Nodes& nodes, Limbo& limbo, Node* node, size_t hash, View key,
                  const Value& value) {
    if constexpr (Cell<Value>::kInPlace) {
      if (node != nullptr) return node->cell.Set(value);
    }
    Put(nodes, limbo, node, std::make_unique<Node>(hash, Key(key), value));
  }

  static void Clear(Partition& partition) {
    Limbo::Batch unread;
    const MutexLock lock(partition.mutex);
    if (partition.nodes.size() > 0) partition.nodes.Clear(partition.limbo);
    unread = partition.limbo.TakeUnreadNow();
  }

  std::atomic<bool> is_open_{true};  // written by Close, read by all
  std::vector<Partition> partitions_;
};

}  // namespace hydra::table_internal

#endif  // HYDRA_TABLE_INTERNAL_TABLE_STATE_H_
