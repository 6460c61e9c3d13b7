#include "hydra/node/testing/loopback.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdint>
#include <random>

#include "hydra/base/check.h"

namespace hydra {

sockaddr_in Loopback(int port) {
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

int PortOf(int socket) {
  sockaddr_in address = {};
  socklen_t size = sizeof(address);
  HYDRA_CHECK_EQ(getsockname(socket, reinterpret_cast<sockaddr*>(&address), &size), 0);
  return ntohs(address.sin_port);
}

// One of those that the system gives to nobody of its own accord: another would soon be that of some connection.
int UnusedPort() {
  std::random_device random;
  std::uniform_int_distribution<uint16_t> draw(10'000, 30'000);
  while (true) {
    const uint16_t port = draw(random);
    const int probe = socket(AF_INET, SOCK_STREAM, 0);
    const sockaddr_in address = Loopback(port);
    const int bound = bind(probe, reinterpret_cast<const sockaddr*>(&address), sizeof(address));
    close(probe);
    if (bound == 0) return port;
  }
}

}  // namespace hydra
