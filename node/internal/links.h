// Links: the streams of frames that a node has with others, wherever they come from: gRPC (grpc_links.h), or a test.
#ifndef HYDRA_NODE_INTERNAL_LINKS_H_
#define HYDRA_NODE_INTERNAL_LINKS_H_

#include <functional>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "hydra/node/internal/link_stream.h"
#include "hydra/node/node_options.h"

namespace hydra::node_internal {

// Thread safety: any thread. What happens is told by one thread at a time, whichever that is.
class Links {
 public:
  // Called with each stream that another node has opened; yields who hears of it, nobody to refuse it.
  using Accept = std::function<std::shared_ptr<LinkEvents>(std::shared_ptr<LinkStream>)>;

  virtual ~Links() = default;

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

  // Ends all streams, after those that are ending have told why, and waits until the last OnEnd has returned, two seconds
  // at the most. Not to be called by an event.
  virtual void Stop() = 0;
};

// Listens as the options say; nobody is accepted before Begin.
using OpenLinks =
    std::function<absl::StatusOr<std::shared_ptr<Links>>(const NodeOptions&, Links::Accept)>;

}  // namespace hydra::node_internal

#endif  // HYDRA_NODE_INTERNAL_LINKS_H_
