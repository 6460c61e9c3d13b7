// A map that is a plain array while it is small, and gets a hash index when it grows: most processes
// have a link or two, some supervisors have thousands.
//
// Its order is that of insertion, disturbed by removals only; it never depends on hashes, so that a
// runtime that is driven by hand does the same things in the same order each time.
#ifndef HYDRA_PROCESS_INTERNAL_SMALL_MAP_H_
#define HYDRA_PROCESS_INTERNAL_SMALL_MAP_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>

#include "absl/container/flat_hash_set.h"
#include "absl/container/inlined_vector.h"
#include "absl/hash/hash.h"

namespace hydra::process_internal {

// Thread safety: thread-compatible. Pointers to values are valid until the next `Add` or `Remove`.
template <typename Key, typename Value>
class SmallMap {
 public:
  using Entry = std::pair<Key, Value>;

  size_t size() const { return table_ == nullptr ? 0 : table_->entries.size(); }
  bool empty() const { return size() == 0; }

  // The value of `key`; null if it isn't there.
  Value* Find(const Key& key) {
    if (table_ == nullptr) return nullptr;
    Entry* const first = table_->entries.data();
    if (table_->index != nullptr) [[unlikely]] {
      const auto found = table_->index->find(key);
      return found == table_->index->end() ? nullptr : &first[*found].second;
    }
    // The newest first: what comes and goes quickly is there.
    for (Entry* entry = first + table_->entries.size(); entry != first;) {
      if ((--entry)->first == key) return &entry->second;
    }
    return nullptr;
  }

  // Adds `key`, which must not be there.
  Value& Add(const Key& key, Value value) {
    if (table_ == nullptr) table_ = std::make_unique<Table>();
    Entries& entries = table_->entries;
    Value& added = entries.emplace_back(key, std::move(value)).second;
    if (table_->index != nullptr) {
      table_->index->insert(static_cast<uint32_t>(entries.size() - 1));
    } else if (entries.size() > kFew) {
      MakeIndex();
    }
    return added;
  }

  // Removes what `Find` has just found.
  void Remove(Value* value) {
    Entries& entries = table_->entries;
    const size_t last = entries.size() - 1;
    const auto place = static_cast<size_t>(reinterpret_cast<char*>(value) -
                                           reinterpret_cast<char*>(&entries.data()->second)) /
                       sizeof(Entry);
    Index* const index = table_->index.get();
    if (index != nullptr) {
      index->erase(static_cast<uint32_t>(place));
      if (place != last) index->erase(static_cast<uint32_t>(last));
    }
    if (place != last) {
      entries[place] = std::move(entries[last]);
      if (index != nullptr) index->insert(static_cast<uint32_t>(place));
    }
    entries.pop_back();
  }

  // Removes `key`. Returns whether it was there.
  bool Remove(const Key& key) {
    Value* value = Find(key);
    if (value != nullptr) Remove(value);
    return value != nullptr;
  }

  // Frees what an empty map can do without for now.
  void GiveBackMemory() {
    if (empty()) table_.reset();
  }

  const Entry* begin() const { return table_ == nullptr ? nullptr : table_->entries.data(); }
  const Entry* end() const { return begin() + size(); }

 private:
  // So many entries are compared one by one.
  static constexpr size_t kFew = 16;

  // The usual one entry lies in the table.
  using Entries = absl::InlinedVector<Entry, 1>;

  // Places are hashed and compared by the keys that stand there.
  struct Hash {
    using is_transparent = void;
    size_t operator()(uint32_t place) const { return (*this)((*entries)[place].first); }
    size_t operator()(const Key& key) const { return absl::HashOf(key); }
    const Entries* entries;
  };
  struct Equal {
    using is_transparent = void;
    bool operator()(uint32_t a, uint32_t b) const { return a == b; }
    bool operator()(uint32_t place, const Key& key) const { return (*entries)[place].first == key; }
    const Entries* entries;
  };
  using Index = absl::flat_hash_set<uint32_t, Hash, Equal>;

  struct Table {
    Entries entries;
    std::unique_ptr<Index> index;  // the places, once there are many
  };

  void MakeIndex() {
    const Entries* entries = &table_->entries;
    table_->index = std::make_unique<Index>(0, Hash{entries}, Equal{entries});
    for (uint32_t place = 0; place < entries->size(); ++place) table_->index->insert(place);
  }

  std::unique_ptr<Table> table_;  // made with the first entry
};

}  // namespace hydra::process_internal

#endif  // HYDRA_PROCESS_INTERNAL_SMALL_MAP_H_
