// What the handshake's proofs are made of; OpenSSL's.
#ifndef HYDRA_NODE_INTERNAL_MAC_H_
#define HYDRA_NODE_INTERNAL_MAC_H_

#include <cstddef>
#include <string>
#include <string_view>

namespace hydra::node_internal {

inline constexpr size_t kNonceBytes = 32;

// Random bytes, of the system's generator for secrets.
std::string NewNonce();

// HMAC-SHA256 (RFC 2104), 32 bytes.
std::string Mac(std::string_view key, std::string_view text);

// Whether they are equal; in a time that doesn't tell where they differ.
bool EqualMacs(std::string_view a, std::string_view b);

}  // namespace hydra::node_internal

#endif  // HYDRA_NODE_INTERNAL_MAC_H_
