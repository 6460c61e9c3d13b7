// Where a node's cookie comes from.
#ifndef HYDRA_NODE_INTERNAL_COOKIE_H_
#define HYDRA_NODE_INTERNAL_COOKIE_H_

#include <string>

#include "absl/status/statusor.h"
#include "hydra/node/node_options.h"

namespace hydra::node_internal {

// The cookie that the options name. kInvalidArgument, and what to do, if there is none, its file can't be read, or may be
// read by others.
absl::StatusOr<std::string> ReadCookie(const NodeOptions& options);

}  // namespace hydra::node_internal

#endif  // HYDRA_NODE_INTERNAL_COOKIE_H_
