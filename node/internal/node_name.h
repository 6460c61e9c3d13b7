// The names of nodes: "shop@10.0.0.7:4370", "shop@[::1]:4370", "shop@db.example:4370", "shop@unix:/run/shop.sock".
#ifndef HYDRA_NODE_INTERNAL_NODE_NAME_H_
#define HYDRA_NODE_INTERNAL_NODE_NAME_H_

#include <cstddef>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace hydra::node_internal {

// No name of a node is longer, in bytes.
inline constexpr size_t kMaxNodeName = 255;

struct NodeName {
  std::string name;     // what comes before the @
  std::string address;  // what comes behind it: where the node is dialled

  std::string ToString() const { return name + "@" + address; }
};

// kInvalidArgument, and what is wrong with it.
absl::StatusOr<NodeName> ParseNodeName(std::string_view text);

// Whether this may come before the @.
absl::Status CheckShortName(std::string_view name);

// The address that is dialled for a node that listens at `listen` with the port `port`: `advertise` says the host, or
// host and port, if it isn't empty.
absl::StatusOr<std::string> AdvertisedAddress(std::string_view listen, int port,
                                              std::string_view advertise);

}  // namespace hydra::node_internal

#endif  // HYDRA_NODE_INTERNAL_NODE_NAME_H_
