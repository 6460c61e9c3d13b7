// Places: what repeats on a connection is said in full once, and by the place that it is kept in after that.
//
// The sender chooses the place by a hash, and overwrites what was there; the receiver does what it is told. So both have
// the same, in bounded memory, as long as all that mentions places comes in order.
#ifndef HYDRA_NODE_INTERNAL_PLACES_H_
#define HYDRA_NODE_INTERNAL_PLACES_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "absl/hash/hash.h"

namespace hydra::node_internal {

// Of each kind of thing there are so many places, counted from 1. 0 is none.
inline constexpr uint32_t kPlaces = 1024;

// What a sender has said.
template <typename T>
class SentPlaces {
 public:
  struct Mention {
    uint32_t place;
    bool in_full;  // it isn't there yet
  };

  Mention Say(const T& value) {
    const uint32_t place = static_cast<uint32_t>(absl::Hash<T>()(value) % kPlaces) + 1;
    std::optional<T>& said = said_[place - 1];
    if (said == value) return {place, false};
    said = value;
    return {place, true};
  }

 private:
  std::vector<std::optional<T>> said_ = std::vector<std::optional<T>>(kPlaces);
};

// What a receiver has been told.
template <typename T>
class KnownPlaces {
 public:
  // What is at that place; null if nothing is, or there is no such place.
  const T* Get(uint32_t place) const {
    if (place == 0 || place > kPlaces || !known_[place - 1].has_value()) return nullptr;
    return &*known_[place - 1];
  }

  // Returns false if there is no such place. Place 0 keeps nothing.
  bool Put(uint32_t place, const T& value) {
    if (place > kPlaces) return false;
    if (place != 0) known_[place - 1] = value;
    return true;
  }

 private:
  std::vector<std::optional<T>> known_ = std::vector<std::optional<T>>(kPlaces);
};

}  // namespace hydra::node_internal

#endif  // HYDRA_NODE_INTERNAL_PLACES_H_
