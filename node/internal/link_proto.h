// The messages of node/proto/link.proto, as v1::Frame and so on.
#ifndef HYDRA_NODE_INTERNAL_LINK_PROTO_H_
#define HYDRA_NODE_INTERNAL_LINK_PROTO_H_

#include "node/proto/link.pb.h"

namespace hydra::node_internal {

namespace v1 = ::hydra::node::v1;

}  // namespace hydra::node_internal

#endif  // HYDRA_NODE_INTERNAL_LINK_PROTO_H_
