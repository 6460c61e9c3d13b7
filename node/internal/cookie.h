// Where a node's cookie, and what TLS needs, come from.
#ifndef HYDRA_NODE_INTERNAL_COOKIE_H_
#define HYDRA_NODE_INTERNAL_COOKIE_H_

#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "hydra/node/internal/grpc_links.h"
#include "hydra/node/node_options.h"

namespace hydra::node_internal {

// The cookie that the options name. kInvalidArgument, and what to do, if there is none, its file can't be read, or may be
// read by others.
absl::StatusOr<std::string> ReadCookie(const NodeOptions& options);

// The files that the options name; nothing if there is no TLS. kInvalidArgument if one can't be read, or the key may be
// read by others.
absl::StatusOr<std::optional<TlsFiles>> ReadTls(const NodeOptions& options);

}  // namespace hydra::node_internal

#endif  // HYDRA_NODE_INTERNAL_COOKIE_H_
