// RawAcceptor: whom a node dials, and who then does what a test wants.
#ifndef HYDRA_NODE_TESTING_RAW_ACCEPTOR_H_
#define HYDRA_NODE_TESTING_RAW_ACCEPTOR_H_

#include <functional>
#include <memory>
#include <string>

#include "hydra/node/testing/raw_stream.h"

namespace hydra {

class RawAcceptor {
 public:
  // Calls `script` for each stream, on a thread of its own; the stream is over when it returns.
  explicit RawAcceptor(std::function<void(RawStream&)> script);
  // Ends all streams.
  ~RawAcceptor();

  // The node that it may be: raw@127.0.0.1:port.
  const std::string& name() const { return name_; }

 private:
  struct Server;

  std::string name_;
  const std::unique_ptr<Server> server_;
};

}  // namespace hydra

#endif  // HYDRA_NODE_TESTING_RAW_ACCEPTOR_H_
