#include "hydra/node/testing/certificates.h"

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <sys/stat.h>

#include <cstdint>
#include <fstream>
#include <memory>
#include <string>

#include "gtest/gtest.h"
#include "hydra/base/check.h"
#include "hydra/node/node_options.h"

namespace hydra {
namespace {

template <auto kFree>
struct Free {
  void operator()(auto* owned) const { kFree(owned); }
};
using Key = std::unique_ptr<EVP_PKEY, Free<EVP_PKEY_free>>;
using Certificate = std::unique_ptr<X509, Free<X509_free>>;
using Memory = std::unique_ptr<BIO, Free<BIO_free>>;

constexpr int64_t kBegan = -3600;  // seconds from now
constexpr int64_t kEnds = 3600;

Key NewKey() { return Key(EVP_EC_gen("P-256")); }

void AddExtension(X509* certificate, X509* issuer, int kind, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, kind, value.c_str());
  HYDRA_CHECK(extension != nullptr) << "no such extension: " << value;
  X509_add_ext(certificate, extension, -1);
  X509_EXTENSION_free(extension);
}

// Without an issuer: one that signs itself.
Certificate NewCertificate(const std::string& name, int serial, EVP_PKEY* key, X509* issuer,
                           EVP_PKEY* issuer_key, int kind, const std::string& extension) {
  Certificate certificate(X509_new());
  X509_set_version(certificate.get(), X509_VERSION_3);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), serial);
  X509_gmtime_adj(X509_getm_notBefore(certificate.get()), kBegan);
  X509_gmtime_adj(X509_getm_notAfter(certificate.get()), kEnds);
  X509_set_pubkey(certificate.get(), key);
  X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate.get()), "CN", MBSTRING_ASC,
                             reinterpret_cast<const unsigned char*>(name.c_str()), -1, -1, 0);
  if (issuer == nullptr) issuer = certificate.get();
  X509_set_issuer_name(certificate.get(), X509_get_subject_name(issuer));
  AddExtension(certificate.get(), issuer, kind, extension);
  HYDRA_CHECK(X509_sign(certificate.get(), issuer_key, EVP_sha256()) > 0) << "can't sign";
  return certificate;
}

std::string TextOf(BIO* memory) {
  char* data = nullptr;
  const int64_t size = BIO_get_mem_data(memory, &data);
  return std::string(data, static_cast<size_t>(size));
}

std::string Pem(X509* certificate) {
  const Memory memory(BIO_new(BIO_s_mem()));
  PEM_write_bio_X509(memory.get(), certificate);
  return TextOf(memory.get());
}

std::string Pem(EVP_PKEY* key) {
  const Memory memory(BIO_new(BIO_s_mem()));
  PEM_write_bio_PrivateKey(memory.get(), key, nullptr, nullptr, 0, nullptr, nullptr);
  return TextOf(memory.get());
}

std::string MakeDirectory(const std::string& name) {
  std::string path = testing::TempDir() + "/" + name;
  mkdir(path.c_str(), S_IRWXU);
  return path;
}

std::string Write(const std::string& path, const std::string& text) {
  std::ofstream(path, std::ios::binary) << text;
  HYDRA_CHECK(chmod(path.c_str(), S_IRUSR | S_IWUSR) == 0) << path;
  return path;
}

}  // namespace

struct Authority::Keys {
  explicit Keys(const std::string& name)
      : key(NewKey()),
        certificate(NewCertificate(name, 1, key.get(), nullptr, key.get(), NID_basic_constraints,
                                   "critical,CA:TRUE")) {}

  Key key;
  Certificate certificate;
};

Authority::Authority(const std::string& name)
    : directory_(MakeDirectory(name)),
      file_(directory_ + "/authority.pem"),
      keys_(std::make_unique<Keys>(name)) {
  Write(file_, Pem(keys_->certificate.get()));
}

Authority::~Authority() = default;

NodeTls Authority::Issue(const std::string& host) {
  const Key key = NewKey();
  const std::string name = "node" + std::to_string(++issued_);
  const Certificate certificate =
      NewCertificate(name, 1 + issued_, key.get(), keys_->certificate.get(), keys_->key.get(),
                     NID_subject_alt_name, host);
  const std::string path = directory_ + "/" + name;
  return {.certificate_chain = Write(path + ".pem", Pem(certificate.get())),
          .private_key = Write(path + ".key", Pem(key.get())),
          .authority = file_};
}

}  // namespace hydra
