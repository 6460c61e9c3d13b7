#include "hydra/node/internal/tls_files.h"

#include <optional>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "hydra/base/status_macros.h"
#include "hydra/node/internal/pem.h"
#include "hydra/node/internal/secret_file.h"
#include "hydra/node/node_options.h"

namespace hydra::node_internal {

absl::StatusOr<std::optional<TlsFiles>> ReadTls(const NodeOptions& options) {
  if (!options.tls.has_value()) return std::nullopt;
  const NodeTls& tls = *options.tls;
  TlsFiles files;
  files.require_client_certificate = tls.require_client_certificate;
  files.peer_name = tls.peer_name;
  HYDRA_ASSIGN_OR_RETURN(files.certificate_chain,
                         ReadFile("the certificate", tls.certificate_chain));
  HYDRA_ASSIGN_OR_RETURN(files.private_key,
                         ReadSecretFile("the certificate's private key", tls.private_key));
  HYDRA_ASSIGN_OR_RETURN(files.authority, ReadFile("the authority's certificate", tls.authority));
  if (!HasCertificate(files.certificate_chain) || !HasCertificate(files.authority))
    return absl::InvalidArgumentError("NodeOptions::tls: a file has no certificate, as PEM");
  if (!HasPrivateKeyOf(files.certificate_chain, files.private_key)) {
    return absl::InvalidArgumentError("NodeOptions::tls: " + tls.private_key +
                                      " hasn't the private key of the certificate, as PEM");
  }
  return files;
}

}  // namespace hydra::node_internal
