#include "hydra/node/internal/listener.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "hydra/base/log_testing.h"
#include "hydra/base/status_testing.h"
#include "hydra/node/testing/loopback.h"

namespace hydra::node_internal {
namespace {

using testing::HasSubstr;

class Client {
 public:
  Client() : fd_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {}
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;
  ~Client() { close(fd_); }

  void Connect(int port) const {
    const sockaddr_in address = Loopback(port);
    EXPECT_EQ(connect(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof(address)), 0);
  }
  // What comes: 'w' for welcome; -1 at the end.
  int Read() const {
    char byte = 0;
    pollfd wait = {fd_, POLLIN, 0};
    EXPECT_EQ(poll(&wait, 1, 30'000), 1) << "nothing has come";
    return read(fd_, &byte, 1) == 1 ? byte : -1;
  }

 private:
  const int fd_;
};

void Welcome(int, int connection) {
  EXPECT_EQ(write(connection, "w", 1), 1);
  close(connection);
}

// While it lives, files have numbers below `limit` only.
class FileLimit {
 public:
  explicit FileLimit(rlim_t limit) {
    EXPECT_EQ(getrlimit(RLIMIT_NOFILE, &before_), 0);
    rlimit now = before_;
    now.rlim_cur = limit;
    EXPECT_EQ(setrlimit(RLIMIT_NOFILE, &now), 0);
  }
  FileLimit(const FileLimit&) = delete;
  FileLimit& operator=(const FileLimit&) = delete;
  ~FileLimit() { EXPECT_EQ(setrlimit(RLIMIT_NOFILE, &before_), 0); }

 private:
  rlimit before_;
};

rlim_t NextFile() {
  const int next = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0);
  close(next);
  return static_cast<rlim_t>(next);
}

TEST(ListenerTest, TakesConnections) {
  ASSERT_OK_AND_ASSIGN(const std::unique_ptr<Listener> listener,
                       Listener::Listen("127.0.0.1:0", absl::Seconds(1)));
  Client early;
  early.Connect(listener->port());
  listener->Begin(&Welcome);
  EXPECT_EQ(early.Read(), 'w');
  Client another;
  another.Connect(listener->port());
  EXPECT_EQ(another.Read(), 'w');
  listener->Stop();
  EXPECT_OK(Listener::Listen(absl::StrCat("127.0.0.1:", listener->port()), absl::Seconds(1)));
}

int OptionOf(int fd, int option) {
  int value = 0;
  socklen_t size = sizeof(value);
  EXPECT_EQ(getsockopt(fd, IPPROTO_TCP, option, &value, &size), 0);
  return value;
}

// A silent node can be left behind; and small frames don't wait for others.
TEST(ListenerTest, ConnectionsHaveWhatTheirSocketHas) {
  ASSERT_OK_AND_ASSIGN(const std::unique_ptr<Listener> listener,
                       Listener::Listen("127.0.0.1:0", absl::Seconds(7)));
  listener->Begin([](int socket, int connection) {
    EXPECT_EQ(OptionOf(connection, TCP_USER_TIMEOUT), 7000);
    EXPECT_NE(OptionOf(connection, TCP_NODELAY), 0);
    Welcome(socket, connection);
  });
  const Client client;
  client.Connect(listener->port());
  EXPECT_EQ(client.Read(), 'w');
}

TEST(ListenerTest, SaysWhyItCant) {
  ASSERT_OK_AND_ASSIGN(const std::unique_ptr<Listener> listener,
                       Listener::Listen("127.0.0.1:0", absl::Seconds(1)));
  const std::string address = absl::StrCat("127.0.0.1:", listener->port());
  EXPECT_THAT(Listener::Listen(address, absl::Seconds(1)),
              StatusIs(absl::StatusCode::kAlreadyExists,
                       absl::StrCat("can't listen at ", address, ": the address is in use")));
  EXPECT_THAT(Listener::Listen("192.0.2.1:0", absl::Seconds(1)),  // nobody's
              StatusIs(absl::StatusCode::kAlreadyExists, HasSubstr("assign requested address")));
  EXPECT_THAT(Listener::Listen("unix:/nowhere/socket", absl::Seconds(1)),
              StatusIs(absl::StatusCode::kAlreadyExists, HasSubstr("No such file")));
}

// NOD20: those who come when there is no file left are taken when there is.
TEST(ListenerTest, GoesOnWhenFilesAreThereAgain) {
  if (__has_feature(address_sanitizer)) GTEST_SKIP() << "UBSan needs files to look at objects";
  ASSERT_OK_AND_ASSIGN(const std::unique_ptr<Listener> listener,
                       Listener::Listen("127.0.0.1:0", absl::Seconds(1)));
  listener->Begin(&Welcome);
  const Client client;
  const ScopedLogCapture log;
  {
    const FileLimit none_left(NextFile());
    client.Connect(listener->port());
    const absl::Time end = absl::Now() + absl::Seconds(30);
    while (log.entries().empty() && absl::Now() < end) absl::SleepFor(absl::Milliseconds(1));
    EXPECT_TRUE(log.Contains("no connection can be taken"));
  }
  EXPECT_EQ(client.Read(), 'w');
}

// The last quarter of the files isn't for strangers.
TEST(ListenerTest, LeavesSomeFiles) {
  ASSERT_OK_AND_ASSIGN(const std::unique_ptr<Listener> listener,
                       Listener::Listen("127.0.0.1:0", absl::Seconds(1)));
  listener->Begin(&Welcome);
  const Client client;
  const Client another;
  {
    const rlim_t next = NextFile();
    const FileLimit few(next + next / 4);
    client.Connect(listener->port());
    EXPECT_EQ(client.Read(), -1);
  }
  another.Connect(listener->port());
  EXPECT_EQ(another.Read(), 'w');
}

}  // namespace
}  // namespace hydra::node_internal
