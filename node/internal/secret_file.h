// Files whose contents a node needs.
#ifndef HYDRA_NODE_INTERNAL_SECRET_FILE_H_
#define HYDRA_NODE_INTERNAL_SECRET_FILE_H_

#include <string>

#include "absl/status/statusor.h"

namespace hydra::node_internal {

// All that is in the file. kInvalidArgument if it can't be read; `what` says what it is, for people.
absl::StatusOr<std::string> ReadFile(const std::string& what, const std::string& path);

// The same; also kInvalidArgument, and what to do, if others than its owner may read it.
absl::StatusOr<std::string> ReadSecretFile(const std::string& what, const std::string& path);

}  // namespace hydra::node_internal

#endif  // HYDRA_NODE_INTERNAL_SECRET_FILE_H_
