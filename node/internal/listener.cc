#include "hydra/node/internal/listener.h"

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <limits>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "absl/cleanup/cleanup.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "hydra/base/check.h"
#include "hydra/base/log.h"

namespace hydra::node_internal {
namespace {

constexpr std::string_view kUnix = "unix:";
// Milliseconds until accept is tried again, when it has failed.
constexpr int kPauseAfterFailure = 100;

absl::Status CannotListen(const std::string& address, const std::string& why) {
  return absl::AlreadyExistsError(absl::StrCat("can't listen at ", address, ": ", why));
}

// Makes `fd` listen; returns whether it does, otherwise errno says why it doesn't.
bool BindAndListen(int fd, const sockaddr* address, socklen_t size) {
  return bind(fd, address, size) == 0 && listen(fd, SOMAXCONN) == 0;
}

// Whether somebody listens at a unix socket; otherwise its file is left over.
bool IsInUse(const sockaddr_un& address) {
  const int probe = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const bool is_in_use =
      connect(probe, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0;
  close(probe);
  return is_in_use;
}

void Set(int fd, int level, int option, int value) {
  HYDRA_CHECK_EQ(setsockopt(fd, level, option, &value, sizeof(value)), 0);
}

// What connections have from the socket that they come by.
void SetUp(int fd, int family, absl::Duration patience) {
  Set(fd, SOL_SOCKET, SO_REUSEADDR, 1);
  if (family == AF_INET6) Set(fd, IPPROTO_IPV6, IPV6_V6ONLY, 0);  // [::] is IPv4's, too
  Set(fd, IPPROTO_TCP, TCP_NODELAY, 1);
  Set(fd, IPPROTO_TCP, TCP_USER_TIMEOUT,
      static_cast<int>(std::clamp<int64_t>(absl::ToInt64Milliseconds(patience), 1,
                                           std::numeric_limits<int>::max())));
}

// In the order of the network either way: the two kinds of addresses have it in the same place.
in_port_t& PortOf(sockaddr* address) {
  return address->sa_family == AF_INET6 ? reinterpret_cast<sockaddr_in6*>(address)->sin6_port
                                        : reinterpret_cast<sockaddr_in*>(address)->sin_port;
}

// A socket that listens at one of the addresses of a host; -1, and errno, if there can't be one. `port` is set to that
// which it has.
int ListenAt(const addrinfo& at, absl::Duration patience, int* port) {
  const int fd = socket(at.ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return -1;
  SetUp(fd, at.ai_family, patience);
  PortOf(at.ai_addr) = htons(static_cast<uint16_t>(*port));
  sockaddr_storage has = {};
  socklen_t size = sizeof(has);
  if (!BindAndListen(fd, at.ai_addr, at.ai_addrlen) ||
      getsockname(fd, reinterpret_cast<sockaddr*>(&has), &size) != 0) {
    const int error = errno;
    close(fd);
    errno = error;
    return -1;
  }
  *port = ntohs(PortOf(reinterpret_cast<sockaddr*>(&has)));
  return fd;
}

// How many of the process's files connections may have. The system gives a new one the least number that is free, so
// that its number says how many there are.
int MaxFile() {
  rlimit limit = {};
  getrlimit(RLIMIT_NOFILE, &limit);
  return static_cast<int>(
      std::min<rlim_t>(limit.rlim_cur / 4 * 3, std::numeric_limits<int>::max()));
}

}  // namespace

absl::StatusOr<std::unique_ptr<Listener>> Listener::Listen(const std::string& address,
                                                           absl::Duration patience) {
  std::unique_ptr<Listener> listener(new Listener);
  listener->stop_ = eventfd(0, EFD_CLOEXEC);
  if (listener->stop_ < 0) return CannotListen(address, strerror(errno));
  absl::Status status = std::string_view(address).starts_with(kUnix)
                            ? listener->ListenAtPath(address)
                            : listener->ListenAtHost(address, patience);
  if (!status.ok()) return status;
  return listener;
}

absl::Status Listener::ListenAtPath(const std::string& address) {
  const std::string path = address.substr(kUnix.size());
  sockaddr_un at = {};
  if (path.size() >= sizeof(at.sun_path)) return CannotListen(address, "the path is too long");
  at.sun_family = AF_UNIX;
  path.copy(at.sun_path, sizeof(at.sun_path) - 1);
  if (IsInUse(at)) return CannotListen(address, "the address is in use");
  unlink(path.c_str());
  const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return CannotListen(address, strerror(errno));
  sockets_.push_back(fd);
  if (!BindAndListen(fd, reinterpret_cast<const sockaddr*>(&at), sizeof(at)))
    return CannotListen(address, strerror(errno));
  path_ = path;
  return absl::OkStatus();
}

// At all addresses of a host; some may not be this machine's.
absl::Status Listener::ListenAtHost(const std::string& address, absl::Duration patience) {
  const size_t colon = address.rfind(':');
  std::string host = address.substr(0, colon);
  if (host.starts_with('[')) host = host.substr(1, host.size() - 2);
  addrinfo hints = {};
  hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const int error = getaddrinfo(host.c_str(), address.substr(colon + 1).c_str(), &hints, &found);
  if (error != 0) return CannotListen(address, gai_strerror(error));
  const absl::Cleanup free_found = [found] { freeaddrinfo(found); };
  port_ = ntohs(PortOf(found->ai_addr));
  int why = 0;
  for (const addrinfo* at = found; at != nullptr; at = at->ai_next) {
    const int fd = ListenAt(*at, patience, &port_);
    if (fd >= 0) {
      sockets_.push_back(fd);
    } else {
      why = errno;
      // A host has the port of one of its addresses only if nobody else has it at another.
      if (why == EADDRINUSE) return CannotListen(address, "the address is in use");
    }
  }
  return sockets_.empty() ? CannotListen(address, strerror(why)) : absl::OkStatus();
}

Listener::~Listener() {
  Stop();
  if (stop_ >= 0) close(stop_);
}

void Listener::Begin(Take take) {
  thread_ = std::thread([this, take = std::move(take)] { Run(take); });
}

void Listener::Stop() {
  if (thread_.joinable()) {
    eventfd_write(stop_, 1);
    thread_.join();
  }
  for (const int fd : std::exchange(sockets_, {})) close(fd);
  if (const std::string path = std::exchange(path_, ""); !path.empty()) unlink(path.c_str());
}

void Listener::Run(const Take& take) const {
  std::vector<pollfd> all = {{.fd = stop_, .events = POLLIN, .revents = 0}};
  for (const int fd : sockets_) all.push_back({.fd = fd, .events = POLLIN, .revents = 0});
  bool has_failed = false;
  while (true) {
    if (poll(all.data(), all.size(), -1) < 0) continue;
    if (all[0].revents != 0) return;
    const bool had_failed = std::exchange(has_failed, false);
    for (size_t i = 1; i < all.size(); ++i) {
      if (all[i].revents != 0 && !TakeSome(all[i].fd, take)) has_failed = true;
    }
    if (!has_failed) continue;
    if (!had_failed)
      HYDRA_LOG(WARNING) << "no connection can be taken at the moment: " << strerror(errno);
    // Whatever is lacking, trying at once wouldn't help.
    poll(all.data(), 1, kPauseAfterFailure);
  }
}

// Those that wait, but not so many that Stop would have to wait. Returns false if there is one that can't be had.
bool Listener::TakeSome(int socket, const Take& take) {
  constexpr int kSome = 64;
  for (int i = 0; i < kSome; ++i) {
    const int connection = accept4(socket, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (connection < 0)
      return errno != EMFILE && errno != ENFILE && errno != ENOBUFS && errno != ENOMEM;
    if (connection < MaxFile()) {
      take(socket, connection);
    } else {
      close(connection);
    }
  }
  return true;
}

}  // namespace hydra::node_internal
