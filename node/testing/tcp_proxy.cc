#include "hydra/node/testing/tcp_proxy.h"

#include <netinet/in.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "hydra/base/check.h"
#include "hydra/base/mutex.h"
#include "hydra/node/testing/loopback.h"

namespace hydra::node_testing {
namespace {

// Bytes that wait in one way of a connection; in a delay no more go.
constexpr size_t kRoom = size_t{256} << 10;
constexpr int kTurn = 5;     // milliseconds, while something waits for its time
constexpr int kIdle = 1000;  // otherwise

int NewSocket() { return socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0); }

int Listen() {
  const int listener = NewSocket();
  const int room = kRoom;  // so that little is on its way when all goes slowly
  setsockopt(listener, SOL_SOCKET, SO_RCVBUF, &room, sizeof(room));
  const sockaddr_in address = Loopback(0);
  HYDRA_CHECK(bind(listener, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0 &&
              listen(listener, 64) == 0)
      << "can't listen";
  return listener;
}

void Close(int socket, TcpProxy::Ending ending) {
  const linger reset = {.l_onoff = 1, .l_linger = 0};
  if (ending == TcpProxy::Ending::kReset)
    setsockopt(socket, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
  close(socket);
}

// Whether a system call is to be tried again later.
bool IsForLater(ssize_t result) {
  return result < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR);
}

}  // namespace

TcpProxy::TcpProxy(int port)
    : port_(port),
      listener_(Listen()),
      waker_(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)),
      allowed_at_(absl::Now()),
      thread_([this] { Run(); }) {}

TcpProxy::~TcpProxy() {
  {
    const MutexLock lock(mutex_);
    is_over_ = true;
    Change(conditions_);
  }
  thread_.join();
  Cut(Ending::kReset);
  close(listener_);
  close(waker_);
}

std::string TcpProxy::address() const { return "127.0.0.1:" + std::to_string(PortOf(listener_)); }

void TcpProxy::Stall(Way way) {
  const MutexLock lock(mutex_);
  Conditions conditions = conditions_;
  conditions.stalled[static_cast<size_t>(way)] = true;
  Change(conditions);
}

void TcpProxy::Throttle(int64_t bytes_per_second) {
  const MutexLock lock(mutex_);
  Conditions conditions = conditions_;
  conditions.bytes_per_second = bytes_per_second;
  Change(conditions);
}

void TcpProxy::Delay(absl::Duration delay) {
  const MutexLock lock(mutex_);
  Conditions conditions = conditions_;
  conditions.delay = delay;
  Change(conditions);
}

void TcpProxy::Cut(Ending ending) {
  const MutexLock lock(mutex_);
  for (const Connection& connection : connections_) connection.Close(ending);
  connections_.clear();
  Conditions conditions = conditions_;
  conditions.is_cut = true;
  Change(conditions);
}

void TcpProxy::Heal() {
  const MutexLock lock(mutex_);
  Change({});
}

size_t TcpProxy::connections() const {
  const MutexLock lock(mutex_);
  return connections_.size();
}

void TcpProxy::Tap() {
  const MutexLock lock(mutex_);
  is_tapped_ = true;
}

bool TcpProxy::Heard(std::string_view text) const {
  const MutexLock lock(mutex_);
  for (const std::string& heard : heard_) {
    if (heard.find(text) != std::string::npos) return true;
  }
  return false;
}

void TcpProxy::Change(const Conditions& conditions) {
  conditions_ = conditions;
  const uint64_t one = 1;
  HYDRA_CHECK_EQ(write(waker_, &one, sizeof(one)), ssize_t{sizeof(one)});
}

void TcpProxy::Connection::Close(Ending ending) const {
  for (const Pipe& pipe : pipes) node_testing::Close(pipe.from, ending);
}

void TcpProxy::Run() {
  while (true) {
    std::vector<pollfd> fds = {{waker_, POLLIN, 0}, {listener_, POLLIN, 0}};
    int patience = kIdle;
    {
      const MutexLock lock(mutex_);
      if (is_over_) return;
      Accept();
      Carry();
      for (const Connection& connection : connections_) {
        for (size_t way = 0; way < 2; ++way) {
          const Pipe& pipe = connection.pipes[way];
          if (Takes(pipe, way)) fds.push_back({pipe.from, POLLIN, 0});
          if (Gives(pipe, way)) fds.push_back({pipe.to, POLLOUT, 0});
          if (!pipe.chunks.empty() && !conditions_.stalled[way]) patience = kTurn;
        }
      }
    }
    poll(fds.data(), fds.size(), patience);
    uint64_t count = 0;
    static_cast<void>(read(waker_, &count, sizeof(count)));
  }
}

void TcpProxy::Accept() {
  while (true) {
    const int from = accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (from < 0) return;
    if (conditions_.is_cut) {
      Close(from, Ending::kReset);
      continue;
    }
    const int to = NewSocket();
    const sockaddr_in address = Loopback(port_);
    // Whether it has come about is found when something is carried.
    const int connected = connect(to, reinterpret_cast<const sockaddr*>(&address), sizeof(address));
    HYDRA_CHECK(connected == 0 || errno == EINPROGRESS || errno == ECONNREFUSED);
    connections_.emplace_back(from, to);
    if (!is_tapped_) continue;
    for (Pipe& pipe : connections_.back().pipes) pipe.heard = &heard_.emplace_back();
  }
}

void TcpProxy::Carry() {
  Allow();
  for (Connection& connection : connections_) {
    for (size_t way = 0; way < 2; ++way) Carry(connection, way);
  }
  connections_.remove_if([](const Connection& connection) {
    const bool is_over = connection.pipes[0].has_told_end && connection.pipes[1].has_told_end;
    if (!is_over && !connection.is_broken) return false;
    connection.Close(connection.is_broken ? Ending::kReset : Ending::kClose);
    return true;
  });
}

// No more than is due in four turns, so that it goes evenly.
void TcpProxy::Allow() {
  const auto rate = static_cast<double>(conditions_.bytes_per_second);
  const absl::Time now = absl::Now();
  const double gained = rate * absl::ToDoubleSeconds(now - std::exchange(allowed_at_, now));
  for (double& allowance : allowance_)
    allowance = std::min(allowance + gained, std::max(rate * 4 * kTurn / 1000, 1.0));
}

bool TcpProxy::Takes(const Pipe& pipe, size_t way) const {
  return !conditions_.stalled[way] && !pipe.has_ended && pipe.waiting < kRoom;
}

bool TcpProxy::Gives(const Pipe& pipe, size_t way) const {
  return !conditions_.stalled[way] && !pipe.chunks.empty() &&
         pipe.chunks.front().due <= absl::Now() &&
         (conditions_.bytes_per_second == 0 || allowance_[way] >= 1);
}

void TcpProxy::Carry(Connection& connection, size_t way) {
  Pipe& pipe = connection.pipes[way];
  char buffer[size_t{16} << 10];
  while (Takes(pipe, way)) {
    const ssize_t size = read(pipe.from, buffer, sizeof(buffer));
    if (IsForLater(size)) break;
    if (size < 0) connection.is_broken = true;
    if (size <= 0) {
      pipe.has_ended = true;
      break;
    }
    if (pipe.heard != nullptr) pipe.heard->append(buffer, static_cast<size_t>(size));
    pipe.chunks.push_back({absl::Now() + conditions_.delay, std::string(buffer, buffer + size)});
    pipe.waiting += static_cast<size_t>(size);
  }
  while (Gives(pipe, way)) {
    std::string& bytes = pipe.chunks.front().bytes;
    size_t size = bytes.size();
    if (conditions_.bytes_per_second > 0)
      size = std::min(size, static_cast<size_t>(allowance_[way]));
    const ssize_t sent = send(pipe.to, bytes.data(), size, MSG_NOSIGNAL);
    if (IsForLater(sent)) break;
    if (sent < 0) {
      connection.is_broken = true;
      return;
    }
    allowance_[way] -= static_cast<double>(sent);
    pipe.waiting -= static_cast<size_t>(sent);
    bytes.erase(0, static_cast<size_t>(sent));
    if (bytes.empty()) pipe.chunks.pop_front();
  }
  if (pipe.has_ended && pipe.chunks.empty() && !pipe.has_told_end && !conditions_.stalled[way]) {
    pipe.has_told_end = true;
    shutdown(pipe.to, SHUT_WR);
  }
}

}  // namespace hydra::node_testing
