// A map that is a plain array while it is small, and gets a hash index when it grows: most processes
// have a link or two, some supervisors have thousands.
//
// Its order is that of insertion, disturbed by removals only; it never depends on hashes, so that a
// runtime that is driven by hand does the same things in the same order each time.
#ifndef HYDRA_PROCESS_INTERNAL_SMALL_MAP_H_
#define HYDRA_PROCESS_INTERNAL_SMALL_MAP_H_

#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <utility>
#include <vector>

#include "absl/container/inlined_vector.h"
#include "hydra/process/internal/block_pool.h"
#include "hydra/process/pid.h"

namespace hydra::process_internal {

inline constexpr uint64_t kGoldenRatio = 0x9E3779B97F4A7C15;

template <std::integral Key>
constexpr uint64_t HashOf(Key key) {
  return static_cast<uint64_t>(key);
}
inline uint64_t HashOf(const Pid& pid) {
  return pid.serial() * kGoldenRatio ^ (uint64_t{pid.home()} << 32 | pid.slot());
}
inline uint64_t HashOf(const Ref& ref) { return HashOf(ref.creator()) * kGoldenRatio ^ ref.id(); }

// Thread safety: thread-compatible. Pointers to values are valid until the next `Add` or `Remove`.
template <typename Key, typename Value>
class SmallMap {
 public:
  using Entry = std::pair<Key, Value>;

  size_t size() const { return table_ == nullptr ? 0 : table_->entries.size(); }
  bool empty() const { return size() == 0; }

  // The value of `key`; null if it isn't there.
  Value* Find(const Key& key) {
    if (empty()) return nullptr;
    Entry* const first = table_->entries.data();
    // The newest first: what comes and goes quickly is there.
    Entry* entry = first + table_->entries.size() - 1;
    if (entry->first == key) return &entry->second;
    if (table_->index != nullptr) [[unlikely]] {
      const uint32_t place = table_->index->Find(key);
      return place == kNowhere ? nullptr : &first[place].second;
    }
    while (entry != first) {
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
      table_->index->AddLast();
    } else if (entries.size() > kFew) {
      table_->index = std::make_unique<Index>(entries);
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
    if (table_->index != nullptr) table_->index->ReplaceByLast(static_cast<uint32_t>(place));
    if (place != last) entries[place] = std::move(entries[last]);
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

  static constexpr uint32_t kNowhere = std::numeric_limits<uint32_t>::max();

  // The places of the entries, found by the keys that stand there: a hash table with linear probing, half
  // full at most.
  class Index {
   public:
    explicit Index(const Entries& entries) : entries_(entries) { Rebuild(); }

    uint32_t Find(const Key& key) const {
      size_t cell = HomeOf(key);
      while (cells_[cell] != kNowhere && !(entries_[cells_[cell]].first == key)) cell = Next(cell);
      return cells_[cell];
    }

    // An entry has been added at the end.
    void AddLast() {
      if (2 * entries_.size() > cells_.size()) return Rebuild();
      Insert(static_cast<uint32_t>(entries_.size() - 1));
    }

    // The entry at `place` is about to be removed, and the last one to be moved there.
    void ReplaceByLast(uint32_t place) {
      Erase(place);
      const auto last = static_cast<uint32_t>(entries_.size() - 1);
      if (place != last) cells_[CellOf(last)] = place;
    }

   private:
    // Where the probing for a key begins. Multiplied by the golden ratio, close hashes are far apart.
    size_t HomeOf(const Key& key) const { return HashOf(key) * kGoldenRatio >> shift_; }
    size_t Next(size_t cell) const { return (cell + 1) & (cells_.size() - 1); }
    size_t CellOf(uint32_t place) const {
      size_t cell = HomeOf(entries_[place].first);
      while (cells_[cell] != place) cell = Next(cell);
      return cell;
    }

    void Rebuild() {
      const int bits = std::bit_width(2 * entries_.size());
      shift_ = 64 - bits;
      cells_.assign(size_t{1} << bits, kNowhere);
      for (uint32_t place = 0; place < entries_.size(); ++place) Insert(place);
    }

    void Insert(uint32_t place) {
      size_t cell = HomeOf(entries_[place].first);
      while (cells_[cell] != kNowhere) cell = Next(cell);
      cells_[cell] = place;
    }

    // Fills the hole by the next place whose probing passes it, and so on.
    void Erase(uint32_t place) {
      size_t hole = CellOf(place);
      for (size_t cell = Next(hole); cells_[cell] != kNowhere; cell = Next(cell)) {
        const size_t home = HomeOf(entries_[cells_[cell]].first);
        const size_t mask = cells_.size() - 1;
        if (((cell - home) & mask) < ((cell - hole) & mask)) continue;
        cells_[hole] = cells_[cell];
        hole = cell;
      }
      cells_[hole] = kNowhere;
    }

    const Entries& entries_;
    std::vector<uint32_t> cells_;  // a power of two
    int shift_;
  };

  struct Table : Pooled {
    Entries entries;
    std::unique_ptr<Index> index;  // once there are many
  };

  std::unique_ptr<Table> table_;  // made with the first entry
};

}  // namespace hydra::process_internal

#endif  // HYDRA_PROCESS_INTERNAL_SMALL_MAP_H_
