#include "hydra/node/testing/wiretap.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "hydra/base/check.h"
#include "hydra/base/mutex.h"

namespace hydra {
namespace {

sockaddr_in Loopback(int port) {
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

int ListenAnywhere() {
  const int listener = socket(AF_INET, SOCK_STREAM, 0);
  const sockaddr_in address = Loopback(0);
  HYDRA_CHECK(bind(listener, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0 &&
              listen(listener, 16) == 0)
      << "can't listen";
  return listener;
}

}  // namespace

Wiretap::Wiretap(int port)
    : port_(port), listener_(ListenAnywhere()), acceptor_([this] { Accept(); }) {}

Wiretap::~Wiretap() {
  shutdown(listener_, SHUT_RDWR);
  acceptor_.join();
  close(listener_);
  std::vector<std::thread> carriers;
  {
    const MutexLock lock(mutex_);
    for (const int socket : sockets_) shutdown(socket, SHUT_RDWR);
    carriers = std::move(carriers_);
  }
  for (std::thread& carrier : carriers) carrier.join();
  const MutexLock lock(mutex_);
  for (const int socket : sockets_) close(socket);
}

std::string Wiretap::address() const {
  sockaddr_in address = {};
  socklen_t size = sizeof(address);
  getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
  return "127.0.0.1:" + std::to_string(ntohs(address.sin_port));
}

size_t Wiretap::bytes() const {
  const MutexLock lock(mutex_);
  size_t bytes = 0;
  for (const std::string& heard : heard_) bytes += heard.size();
  return bytes;
}

bool Wiretap::Heard(std::string_view text) const {
  const MutexLock lock(mutex_);
  for (const std::string& heard : heard_) {
    if (heard.find(text) != std::string::npos) return true;
  }
  return false;
}

void Wiretap::Accept() {
  while (true) {
    const int from = accept(listener_, nullptr, nullptr);
    if (from < 0) return;
    const int to = socket(AF_INET, SOCK_STREAM, 0);
    const sockaddr_in address = Loopback(port_);
    const bool leads =
        connect(to, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0;
    const MutexLock lock(mutex_);
    sockets_.push_back(from);
    sockets_.push_back(to);
    if (!leads) shutdown(from, SHUT_RDWR);
    if (!leads) continue;
    carriers_.emplace_back([this, from, to] { Carry(from, to); });
    carriers_.emplace_back([this, from, to] { Carry(to, from); });
  }
}

void Wiretap::Carry(int from, int to) {
  size_t which = 0;
  {
    const MutexLock lock(mutex_);
    which = heard_.size();
    heard_.emplace_back();
  }
  char buffer[4096];
  while (true) {
    const ssize_t size = read(from, buffer, sizeof(buffer));
    if (size <= 0) break;
    {
      const MutexLock lock(mutex_);
      heard_[which].append(buffer, static_cast<size_t>(size));
    }
    for (ssize_t written = 0; written < size;) {
      const ssize_t now =
          send(to, buffer + written, static_cast<size_t>(size - written), MSG_NOSIGNAL);
      if (now <= 0) break;
      written += now;
    }
  }
  shutdown(to, SHUT_WR);
}

}  // namespace hydra
