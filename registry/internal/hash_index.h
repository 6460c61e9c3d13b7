// HashIndex: finds elements in a vector that is ordered by their hashes in constant time, where hashes are spread
// evenly; a binary search mispredicts half of its branches.
#ifndef HYDRA_REGISTRY_INTERNAL_HASH_INDEX_H_
#define HYDRA_REGISTRY_INTERNAL_HASH_INDEX_H_

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace hydra::registry_internal {

// Of one vector, whose elements have a `hash`, as it was at the last Make; of an empty one before.
class HashIndex {
 public:
  template <typename T>
  void Make(const std::vector<T>& ordered) {
    const int bits = std::max(1, static_cast<int>(std::bit_width(ordered.size())));
    shift_ = 64 - bits;
    first_.resize(size_t{1} << bits);
    size_t first = ordered.size();
    for (size_t i = first_.size(); i-- > 0;) {
      while (first > 0 && ordered[first - 1].hash >> shift_ == i) --first;
      first_[i] = static_cast<uint32_t>(first);
    }
  }

  // The index of the first element whose hash isn't below `hash`; their number if there is none.
  template <typename T>
  size_t Find(const std::vector<T>& ordered, uint64_t hash) const {
    size_t i = first_[hash >> shift_];
    while (i < ordered.size() && ordered[i].hash < hash) ++i;
    return i;
  }

 private:
  // Element i is the index of the first whose hash, shifted, isn't below i. There are more of them than elements
  // of the vector, so that most looks end at once.
  std::vector<uint32_t> first_ = {0, 0};
  int shift_ = 63;
};

}  // namespace hydra::registry_internal

#endif  // HYDRA_REGISTRY_INTERNAL_HASH_INDEX_H_
