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
  // What is done with a stream, by one of that name. It sees what was written before the acceptor was made.
  using Script = std::function<void(RawStream& stream, const std::string& name)>;

  // Calls `script` for each stream, on a thread of its own; the stream is over when it returns.
  explicit RawAcceptor(Script script);
  // Ends all streams. What the scripts have written is seen then.
  ~RawAcceptor();

  // The node that it may be: raw@127.0.0.1:port.
  const std::string& name() const;

  // Waits until the script of a stream has returned, and what it has written is seen. False if that takes too long.
  bool AwaitOver();

 private:
  class Server;

  const std::unique_ptr<Server> server_;
};

}  // namespace hydra

#endif  // HYDRA_NODE_TESTING_RAW_ACCEPTOR_H_
