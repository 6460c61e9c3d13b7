// TlsFiles: what TLS needs, read from its files.
#ifndef HYDRA_NODE_INTERNAL_TLS_FILES_H_
#define HYDRA_NODE_INTERNAL_TLS_FILES_H_

#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "hydra/node/node_options.h"

namespace hydra::node_internal {

struct TlsFiles {
  std::string certificate_chain;
  std::string private_key;
  std::string authority;
  bool require_client_certificate = true;
  std::string peer_name;
};

// The files that the options name; nothing if there is no TLS. kInvalidArgument if one can't be read, or the key may be
// read by others.
absl::StatusOr<std::optional<TlsFiles>> ReadTls(const NodeOptions& options);

}  // namespace hydra::node_internal

#endif  // HYDRA_NODE_INTERNAL_TLS_FILES_H_
