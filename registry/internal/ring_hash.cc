#include "hydra/registry/internal/ring_hash.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "xxhash.h"

namespace hydra::registry_internal {

uint64_t RingHash(std::string_view bytes, uint64_t seed) {
  return XXH64(bytes.data(), bytes.size(), seed);
}

uint64_t RingHash(uint64_t number) {
  std::array<unsigned char, 8> bytes;
  for (size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<unsigned char>(number >> 8 * i);
  return XXH64(bytes.data(), bytes.size(), 0);
}

}  // namespace hydra::registry_internal
