#include "hydra/node/internal/mac.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

#include <string>
#include <string_view>

#include "hydra/base/check.h"

namespace hydra::node_internal {

std::string NewNonce() {
  std::string nonce(kNonceBytes, '\0');
  HYDRA_CHECK(RAND_bytes(reinterpret_cast<unsigned char*>(nonce.data()),
                         static_cast<int>(nonce.size())) == 1)
      << "the system has no random bytes";
  return nonce;
}

std::string Mac(std::string_view key, std::string_view text) {
  std::string mac(EVP_MAX_MD_SIZE, '\0');
  unsigned int size = 0;
  const unsigned char* made = HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
                                   reinterpret_cast<const unsigned char*>(text.data()), text.size(),
                                   reinterpret_cast<unsigned char*>(mac.data()), &size);
  HYDRA_CHECK(made != nullptr) << "OpenSSL makes no HMAC-SHA256";
  mac.resize(size);
  return mac;
}

bool EqualMacs(std::string_view a, std::string_view b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace hydra::node_internal
