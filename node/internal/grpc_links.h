// GrpcLinks: streams of frames over gRPC. The one place that knows of it: everything else sees LinkStream and LinkEvents.
//
// One completion queue for all streams. While workers of the runtime are awake they poll it (Poll); while all sleep a
// thread of its own waits for what comes, handles it, and so wakes a worker. One thread at a time handles events,
// whichever that is.
//
// gRPC isn't clean under TSan, so this file is compiled without, and hands over by locks of base/mutex.h: keep it small,
// and read it twice.
#ifndef HYDRA_NODE_INTERNAL_GRPC_LINKS_H_
#define HYDRA_NODE_INTERNAL_GRPC_LINKS_H_

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "hydra/node/internal/link_stream.h"
#include "hydra/node/node_options.h"

namespace hydra::node_internal {

// What TLS needs, read from its files.
struct TlsFiles {
  std::string certificate_chain;
  std::string private_key;
  std::string authority;
  bool require_client_certificate = true;
  std::string peer_name;
};

class GrpcLinks {
 public:
  // Called with each stream that another node has opened; yields who hears of it, nobody to refuse it.
  using Accept = std::function<std::shared_ptr<LinkEvents>(std::shared_ptr<LinkStream>)>;

  // Listens; nobody is accepted before Begin. kAlreadyExists if the address can't be had.
  // gRPC lets go of a connection on which bytes wait, and the other's system takes none, after `patience`.
  static absl::StatusOr<std::shared_ptr<GrpcLinks>> Start(const std::string& listen,
                                                          std::optional<TlsFiles> tls,
                                                          absl::Duration patience, Accept accept);

  virtual ~GrpcLinks() = default;

  // Accepts streams, and lets things happen on all, from now on.
  virtual void Begin() = 0;

  // Where it listens; 0 for a unix socket.
  virtual int port() const = 0;

  // Opens a stream to whoever listens at `address`. OnOpen or OnEnd comes.
  virtual std::shared_ptr<LinkStream> Dial(const std::string& address,
                                           std::shared_ptr<LinkEvents> events) = 0;

  // Calls `call` between events, on the thread that handles them. Does nothing once Stop has been called.
  virtual void Post(std::function<void()> call) = 0;

  // See Transport.
  virtual bool Poll() = 0;
  virtual void SetIdle(bool idle) = 0;

  // Ends all streams, after those that are ending have told why, and waits until gRPC has let go of them, and the last
  // OnEnd has returned: two seconds at the most. Not to be called by an event.
  virtual void Stop() = 0;
};

}  // namespace hydra::node_internal

#endif  // HYDRA_NODE_INTERNAL_GRPC_LINKS_H_
