#include "hydra/node/testing/tcp_proxy.h"

#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <utility>

#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "hydra/base/check.h"
#include "hydra/node/testing/loopback.h"

namespace hydra::node_testing {
namespace {

using Way = TcpProxy::Way;
using Ending = TcpProxy::Ending;

// A socket that is waited for no longer than some seconds.
class Socket {
 public:
  explicit Socket(int file = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) : file_(file) {
    HYDRA_CHECK_GE(file_, 0);
    const timeval patience = {.tv_sec = 10, .tv_usec = 0};
    setsockopt(file_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
  }
  Socket(Socket&& other) noexcept : file_(std::exchange(other.file_, -1)) {}
  Socket& operator=(Socket&&) = delete;
  ~Socket() { Close(); }

  int file() const { return file_; }
  void Write(const std::string& text) const {
    EXPECT_EQ(write(file_, text.data(), text.size()), static_cast<ssize_t>(text.size()));
  }
  // So many bytes; or what has come before the end, and how that was.
  std::string Read(size_t size) const {
    std::string text;
    while (text.size() < size) {
      char buffer[4096];
      const ssize_t come = recv(file_, buffer, std::min(sizeof(buffer), size - text.size()), 0);
      if (come == 0) return text + "<end>";
      if (come < 0) return text + "<" + strerror(errno) + ">";
      text.append(buffer, static_cast<size_t>(come));
    }
    return text;
  }
  bool HasSomething() const {
    pollfd file = {file_, POLLIN, 0};
    return poll(&file, 1, 0) == 1;
  }
  void Close() {
    if (file_ >= 0) close(std::exchange(file_, -1));
  }

 private:
  int file_;
};

class TcpProxyTest : public testing::Test {
 protected:
  static int Listen(const Socket& listener) {
    const sockaddr_in address = Loopback(0);
    HYDRA_CHECK_EQ(
        bind(listener.file(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)), 0);
    HYDRA_CHECK_EQ(listen(listener.file(), 8), 0);
    return PortOf(listener.file());
  }
  Socket Dial() const {
    const std::string address = proxy_.address();
    const sockaddr_in at = Loopback(std::stoi(address.substr(address.find(':') + 1)));
    Socket dialler;
    EXPECT_EQ(connect(dialler.file(), reinterpret_cast<const sockaddr*>(&at), sizeof(at)), 0);
    return dialler;
  }
  Socket Accept() const { return Socket(accept(listener_.file(), nullptr, nullptr)); }

  const Socket listener_;
  TcpProxy proxy_{Listen(listener_)};
};

TEST_F(TcpProxyTest, CarriesBothWaysToTheirEnds) {
  Socket dialler = Dial();
  Socket target = Accept();
  dialler.Write("there");
  EXPECT_EQ(target.Read(5), "there");
  EXPECT_EQ(proxy_.connections(), 1U);
  shutdown(dialler.file(), SHUT_WR);
  EXPECT_EQ(target.Read(1), "<end>");
  target.Write("and back");
  target.Close();
  EXPECT_EQ(dialler.Read(9), "and back<end>");
}

TEST_F(TcpProxyTest, Delays) {
  constexpr absl::Duration kDelay = absl::Milliseconds(50);
  const Socket dialler = Dial();
  const Socket target = Accept();
  proxy_.Delay(kDelay);
  const absl::Time before = absl::Now();
  dialler.Write("there");
  EXPECT_EQ(target.Read(5), "there");
  target.Write("back");
  EXPECT_EQ(dialler.Read(4), "back");
  EXPECT_GE(absl::Now() - before, 2 * kDelay);
}

// Not much faster, nor so slow that it would be another rate.
TEST_F(TcpProxyTest, Throttles) {
  constexpr size_t kSize = 200'000;
  const Socket dialler = Dial();
  const Socket target = Accept();
  proxy_.Throttle(1'000'000);
  const absl::Time before = absl::Now();
  const std::string text(kSize, 'x');
  dialler.Write(text);
  EXPECT_EQ(target.Read(kSize), text);
  EXPECT_GE(absl::Now() - before, absl::Milliseconds(150));
  EXPECT_LE(absl::Now() - before, absl::Seconds(2));
}

TEST_F(TcpProxyTest, StallsOneWay) {
  const Socket dialler = Dial();
  const Socket target = Accept();
  proxy_.Stall(Way::kFromTarget);
  target.Write("back");
  shutdown(target.file(), SHUT_WR);
  dialler.Write("there");
  EXPECT_EQ(target.Read(5), "there");  // so the proxy has had its turn
  EXPECT_FALSE(dialler.HasSomething());
  proxy_.Heal();
  EXPECT_EQ(dialler.Read(5), "back<end>");
}

TEST_F(TcpProxyTest, Cuts) {
  for (const auto& [ending, how] : {std::pair(Ending::kClose, "<end>"),
                                    std::pair(Ending::kReset, "<Connection reset by peer>")}) {
    const Socket dialler = Dial();
    const Socket target = Accept();
    proxy_.Cut(ending);
    EXPECT_EQ(dialler.Read(1), how);
    EXPECT_EQ(target.Read(1), how);
    EXPECT_EQ(Dial().Read(1), "<Connection reset by peer>");
    proxy_.Heal();
    Dial().Write("there");
    EXPECT_EQ(Accept().Read(5), "there");
  }
}

TEST_F(TcpProxyTest, HearsWhatIsSaidOnceItIsTapped) {
  const Socket before = Dial();
  const Socket target_before = Accept();
  before.Write("unheard");
  EXPECT_EQ(target_before.Read(7), "unheard");
  proxy_.Tap();
  const Socket dialler = Dial();
  const Socket target = Accept();
  dialler.Write("th");
  EXPECT_EQ(target.Read(2), "th");
  dialler.Write("ere");
  EXPECT_EQ(target.Read(3), "ere");
  target.Write("back");
  EXPECT_EQ(dialler.Read(4), "back");
  EXPECT_TRUE(proxy_.Heard("there"));
  EXPECT_TRUE(proxy_.Heard("back"));
  EXPECT_FALSE(proxy_.Heard("unheard"));
}

}  // namespace
}  // namespace hydra::node_testing
