// Listener: takes network connections for a node, and hands them to gRPC. gRPC's own stops listening for good when the OS
// process has no file left, which any stranger could bring about.
#ifndef HYDRA_NODE_INTERNAL_LISTENER_H_
#define HYDRA_NODE_INTERNAL_LISTENER_H_

#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace hydra::node_internal {

class Listener {
 public:
  // Takes a connection, which has come by the socket `listener`, and closes it in the end.
  using Take = std::function<void(int listener, int connection)>;

  // Listens at "host:port", "[IPv6]:port" or "unix:/path"; nobody is taken before Begin. kAlreadyExists if the address
  // can't be had. A connection is given up by the system when the other's has taken no bytes for `patience`.
  static absl::StatusOr<std::unique_ptr<Listener>> Listen(const std::string& address,
                                                          absl::Duration patience);

  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;
  // As Stop.
  ~Listener();

  // Where it listens; 0 for a unix socket.
  int port() const { return port_; }

  // Takes connections from now on, on a thread of its own. No more than leave a quarter of the files that the OS
  // process may have: others are closed at once.
  void Begin(Take take);

  // Takes no more, and listens no more. Once.
  void Stop();

 private:
  Listener() = default;

  absl::Status ListenAtPath(const std::string& address);
  absl::Status ListenAtHost(const std::string& address, absl::Duration patience);
  void Run(const Take& take) const;
  static bool TakeSome(int socket, const Take& take);

  std::vector<int> sockets_;
  int port_ = 0;
  std::string path_;  // of a unix socket
  int stop_ = -1;     // readable when it is to stop
  std::thread thread_;
};

}  // namespace hydra::node_internal

#endif  // HYDRA_NODE_INTERNAL_LISTENER_H_
