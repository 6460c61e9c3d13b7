#include "hydra/node/internal/pem.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <memory>
#include <string>

namespace hydra::node_internal {
namespace {

template <auto kFree>
struct Free {
  void operator()(auto* owned) const { kFree(owned); }
};
using Memory = std::unique_ptr<BIO, Free<BIO_free>>;
using Certificate = std::unique_ptr<X509, Free<X509_free>>;
using Key = std::unique_ptr<EVP_PKEY, Free<EVP_PKEY_free>>;

Memory Open(const std::string& text) {
  return Memory(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

// A key that is locked by a passphrase is of no use: nobody is asked for it.
int NoPassphrase(char*, int, int, void*) { return -1; }

Certificate ReadCertificate(const std::string& pem) {
  return Certificate(PEM_read_bio_X509(Open(pem).get(), nullptr, &NoPassphrase, nullptr));
}

}  // namespace

bool HasCertificate(const std::string& pem) {
  const bool has_one = ReadCertificate(pem) != nullptr;
  ERR_clear_error();
  return has_one;
}

bool HasPrivateKeyOf(const std::string& chain, const std::string& pem) {
  const Certificate certificate = ReadCertificate(chain);
  const Key key(PEM_read_bio_PrivateKey(Open(pem).get(), nullptr, &NoPassphrase, nullptr));
  const bool has_it = certificate != nullptr && key != nullptr &&
                      X509_check_private_key(certificate.get(), key.get()) == 1;
  ERR_clear_error();
  return has_it;
}

}  // namespace hydra::node_internal
