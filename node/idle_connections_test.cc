// Network connections on which nobody opens a stream: NOD20. They are bounded in time, not in number.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <fstream>
#include <iostream>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "hydra/node/node_options.h"
#include "hydra/node/testing/certificates.h"
#include "hydra/node/testing/local_node.h"
#include "hydra/node/testing/loopback.h"
#include "hydra/node/testing/os_node.h"

namespace hydra {
namespace {

constexpr int kMany = 1000;
constexpr absl::Duration kTimeout = absl::Seconds(2);

#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
constexpr bool kMeasuresMemory = false;  // it is the sanitizer's
#else
constexpr bool kMeasuresMemory = true;
#endif

size_t ResidentBytes() {
  size_t pages = 0;
  size_t resident = 0;
  std::ifstream("/proc/self/statm") >> pages >> resident;
  return resident * static_cast<size_t>(sysconf(_SC_PAGESIZE));
}

// Both ends of each are this process's.
void AllowFiles(rlim_t count) {
  rlimit limit;
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &limit), 0);
  if (limit.rlim_max < count) GTEST_SKIP() << "this machine allows too few files";
  limit.rlim_cur = std::max(limit.rlim_cur, count);
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &limit), 0);
}

// A network connection with a node.
class Socket {
 public:
  explicit Socket(int port) : fd_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    const sockaddr_in address = Loopback(port);
    EXPECT_EQ(connect(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof(address)), 0)
        << errno;
  }
  Socket(Socket&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Socket& operator=(Socket&&) = delete;
  ~Socket() {
    if (fd_ != -1) close(fd_);
  }

  void Say(std::string_view bytes) {
    EXPECT_EQ(send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(bytes.size()));
  }

  // Whether the node closes it until then.
  bool IsClosedBy(absl::Time end) const {
    char bytes[4096];
    while (true) {
      pollfd wait = {fd_, POLLIN, 0};
      const int left = static_cast<int>(absl::ToInt64Milliseconds(end - absl::Now()));
      if (poll(&wait, 1, std::max(left, 0)) <= 0) return false;
      const ssize_t size = read(fd_, bytes, sizeof(bytes));
      if (size == 0 || (size < 0 && errno == ECONNRESET)) return true;
    }
  }

 private:
  int fd_;
};

constexpr std::string_view kPreface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
// Of no settings.
constexpr std::string_view kSettings("\0\0\0\4\0\0\0\0\0", 9);

struct Silence {
  std::string name;
  std::string says;
  bool tls = false;
};

class IdleConnectionsTest : public testing::TestWithParam<Silence> {
 protected:
  Authority authority_{"cluster"};
};

TEST_P(IdleConnectionsTest, AreClosedInTime) {
  AllowFiles(4 * kMany);
  if (IsSkipped()) return;
  constexpr size_t kEach = size_t{100} << 10;
  const auto options = [this] {
    return NodeOptions{
        .tls = GetParam().tls ? std::optional(authority_.Issue("IP:127.0.0.1")) : std::nullopt,
        .handshake_timeout = kTimeout};
  };
  LocalNode node("a", options());
  LocalNode friends("friend", options());
  ASSERT_TRUE(friends.Connect(node.name()).ok());
  const size_t before = ResidentBytes();
  const absl::Time start = absl::Now();
  std::vector<Socket> sockets;
  for (int i = 0; i < kMany; ++i) {
    sockets.emplace_back(node.port());
    sockets.back().Say(GetParam().says);
  }
  const absl::Time opened = absl::Now();
  // A node gets in beside them.
  LocalNode another("b", options());
  EXPECT_TRUE(another.Connect(node.name()).ok());
  const size_t bytes = ResidentBytes() - before;
  if (kMeasuresMemory) EXPECT_LT(bytes, kMany * kEach);

  int closed = 0;
  for (const Socket& socket : sockets)
    if (socket.IsClosedBy(opened + 4 * kTimeout)) ++closed;
  EXPECT_EQ(closed, kMany);
  std::cout << GetParam().name << ": " << kMany << " connections in " << opened - start << ", "
            << bytes / kMany << " bytes each, closed after " << absl::Now() - opened << "\n";
  // Connections of nodes aren't idle: they have a stream.
  EXPECT_TRUE(friends.Ping(node.name()).ok());
  EXPECT_TRUE(another.Ping(node.name()).ok());
  EXPECT_EQ(friends.Connected().size(), 1);
  LocalNode late("c", options());
  EXPECT_TRUE(late.Connect(node.name()).ok());
}

INSTANTIATE_TEST_SUITE_P(
    Ways, IdleConnectionsTest,
    testing::Values(Silence{"Nothing", ""}, Silence{"NothingByTls", "", /*tls=*/true},
                    Silence{"HalfAPreface", std::string(kPreface.substr(0, 9))},
                    Silence{"APreface", std::string(kPreface)},
                    Silence{"Settings", std::string(kPreface).append(kSettings)}),
    [](const testing::TestParamInfo<Silence>& silence) { return silence.param.name; });

// ---- More than the system allows.

TEST(TooManyConnectionsTest, NodeAcceptsAgainWhenTheyHaveGone) {
  constexpr rlim_t kFew = 128;
  rlimit limit;
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &limit), 0);
  const rlim_t before = std::exchange(limit.rlim_cur, kFew);
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &limit), 0);
  const node_testing::OsNode node(
      {.name = "a", .cookie = kTestCookie, .handshake_timeout = kTimeout});
  limit.rlim_cur = before;
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &limit), 0);
  const int port = std::stoi(node.name().substr(node.name().rfind(':') + 1));

  std::vector<Socket> sockets;
  for (rlim_t i = 0; i < 2 * kFew; ++i) sockets.emplace_back(port);
  const absl::Time opened = absl::Now();
  rlim_t closed_at_once = 0;
  for (const Socket& socket : sockets)
    if (socket.IsClosedBy(opened + kTimeout / 2)) ++closed_at_once;
  EXPECT_GE(closed_at_once, 2 * kFew - kFew / 4 * 3) << "a quarter of the files is left";
  for (const Socket& socket : sockets) ASSERT_TRUE(socket.IsClosedBy(opened + 4 * kTimeout));
  LocalNode late("b");
  EXPECT_TRUE(late.Connect(node.name()).ok());
}

}  // namespace
}  // namespace hydra
