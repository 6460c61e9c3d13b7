// Links over gRPC. The one place that knows of it: everything else sees Links, LinkStream and LinkEvents.
//
// One completion queue for all streams. While workers of the runtime are awake they poll it (Poll); while all sleep a
// thread of its own waits for what comes, handles it, and so wakes a worker. One thread at a time handles events,
// whichever that is.
//
// gRPC isn't clean under TSan, so this file is compiled without, and hands over by locks of base/mutex.h: keep it small,
// and read it twice.
#ifndef HYDRA_NODE_INTERNAL_GRPC_LINKS_H_
#define HYDRA_NODE_INTERNAL_GRPC_LINKS_H_

#include <memory>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "hydra/node/internal/links.h"
#include "hydra/node/internal/tls_files.h"

namespace hydra::node_internal {

// What whoever can connect gets.
struct ForStrangers {
  absl::Duration time;  // for as long as nothing comes of it: a connection without a stream, a call
  bool health_service = false;
  bool reflection = false;
};

// kAlreadyExists if the address can't be had. gRPC lets go of a connection on which bytes wait, and the other's system
// takes none, after `patience`.
absl::StatusOr<std::shared_ptr<Links>> OpenGrpcLinks(const std::string& listen,
                                                     std::optional<TlsFiles> tls,
                                                     absl::Duration patience,
                                                     const ForStrangers& for_strangers,
                                                     Links::Accept accept);

}  // namespace hydra::node_internal

#endif  // HYDRA_NODE_INTERNAL_GRPC_LINKS_H_
