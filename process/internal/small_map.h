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
#include <optional>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"

namespace hydra::process_internal {

// Thread safety: thread-compatible. Pointers to values are valid until the next `Add` or `Take`.
template <typename Key, typename Value>
class SmallMap {
 public:
  size_t size() const { return entries_.size(); }
  bool empty() const { return entries_.empty(); }

  // The value of `key`; null if it isn't there.
  Value* Find(const Key& key) {
    const size_t place = PlaceOf(key);
    return place == kNowhere ? nullptr : &entries_[place].second;
  }

  // Adds `key`, which must not be there.
  Value& Add(const Key& key, Value value) {
    if (index_ != nullptr) {
      index_->emplace(key, static_cast<uint32_t>(entries_.size()));
    } else if (entries_.size() == kFew) {
      MakeIndex(key);
    }
    return entries_.emplace_back(key, std::move(value)).second;
  }

  // Removes `key`. Returns its value; nothing if it isn't there.
  std::optional<Value> Take(const Key& key) {
    const size_t place = PlaceOf(key);
    if (place == kNowhere) return std::nullopt;
    std::optional<Value> value(std::move(entries_[place].second));
    if (index_ != nullptr) {
      index_->erase(key);
      if (place != entries_.size() - 1)
        (*index_)[entries_.back().first] = static_cast<uint32_t>(place);
    }
    if (place != entries_.size() - 1) entries_[place] = std::move(entries_.back());
    entries_.pop_back();
    return value;
  }

  auto begin() const { return entries_.begin(); }
  auto end() const { return entries_.end(); }

 private:
  // So many entries are compared one by one.
  static constexpr size_t kFew = 16;
  static constexpr size_t kNowhere = ~size_t{0};

  // Looks at the newest first: what comes and goes quickly is there.
  size_t PlaceOf(const Key& key) const {
    if (index_ != nullptr) {
      const auto found = index_->find(key);
      return found == index_->end() ? kNowhere : found->second;
    }
    for (size_t place = entries_.size(); place > 0; --place) {
      if (entries_[place - 1].first == key) return place - 1;
    }
    return kNowhere;
  }

  void MakeIndex(const Key& next) {
    index_ = std::make_unique<absl::flat_hash_map<Key, uint32_t>>();
    for (const auto& [key, value] : entries_)
      index_->emplace(key, static_cast<uint32_t>(index_->size()));
    index_->emplace(next, static_cast<uint32_t>(entries_.size()));
  }

  std::vector<std::pair<Key, Value>> entries_;
  std::unique_ptr<absl::flat_hash_map<Key, uint32_t>>
      index_;  // from key to place, once there are many
};

}  // namespace hydra::process_internal

#endif  // HYDRA_PROCESS_INTERNAL_SMALL_MAP_H_
