// What keys of SharedMaps have in common: how they are asked for, hashed, and spread over several maps.
#ifndef HYDRA_BASE_SHARED_KEY_H_
#define HYDRA_BASE_SHARED_KEY_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>

#include "absl/hash/hash.h"

namespace hydra {

// How a key is passed to be looked for: a std::string by a string_view, all others by reference.
template <typename Key>
using KeyViewOf =
    std::conditional_t<std::is_same_v<Key, std::string>, std::string_view, const Key&>;

// A key's hash; the same for both ways to pass it.
template <typename Key>
size_t HashOfKey(const Key& key) {
  return absl::Hash<Key>()(key);
}
inline size_t HashOfKey(const std::string& key) { return HashOfKey<std::string_view>(key); }

// Which of `count` maps a hash belongs to; by other bits than a SharedMap goes by.
inline size_t PartitionOf(size_t hash, size_t count) {
  return static_cast<size_t>((static_cast<uint64_t>(hash) >> 32) * count >> 32);
}

}  // namespace hydra

#endif  // HYDRA_BASE_SHARED_KEY_H_
