// The hash of hash rings: XXH64, which is fixed, fast, and there in every language.
#ifndef HYDRA_REGISTRY_INTERNAL_RING_HASH_H_
#define HYDRA_REGISTRY_INTERNAL_RING_HASH_H_

#include <cstdint>
#include <string_view>

namespace hydra::registry_internal {

// XXH64 of these bytes.
uint64_t RingHash(std::string_view bytes, uint64_t seed);

// XXH64, with seed 0, of the 8 bytes of `number`, the lowest first.
uint64_t RingHash(uint64_t number);

}  // namespace hydra::registry_internal

#endif  // HYDRA_REGISTRY_INTERNAL_RING_HASH_H_
