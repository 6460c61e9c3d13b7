// Addresses and ports of 127.0.0.1, for sockets of tests.
#ifndef HYDRA_NODE_TESTING_LOOPBACK_H_
#define HYDRA_NODE_TESTING_LOOPBACK_H_

#include <netinet/in.h>

namespace hydra {

// Port 0: one that the system chooses.
sockaddr_in Loopback(int port);

// Where a socket is bound.
int PortOf(int socket);

// A port at which nobody listens.
int UnusedPort();

}  // namespace hydra

#endif  // HYDRA_NODE_TESTING_LOOPBACK_H_
