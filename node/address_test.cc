// Where nodes listen and are found: NOD10.
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "hydra/node/node.h"
#include "hydra/node/node_options.h"
#include "hydra/node/testing/local_node.h"
#include "hydra/node/testing/note.h"
#include "hydra/process/process.h"
#include "hydra/process/runtime.h"
#include "hydra/process/testing/process_test.h"

namespace hydra {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

void ExpectTalk(LocalNode& a, LocalNode& b) {
  const Pid echo = b.runtime().Spawn(Echo);
  a.Run([&]() -> Async<> {
    Send(echo, Note{"hello", Self()});
    EXPECT_EQ((co_await AssertReceive<Note>()).from, echo);
    EXPECT_TRUE((co_await a.node().Ping(b.name())).ok());
  });
}

absl::Status Starts(NodeOptions options) {
  Runtime runtime({.schedulers = 1});
  options.name = "n";
  options.cookie = "c";
  return Node::Start(runtime, std::move(options)).status();
}

// A directory with a short path: that of a unix socket has 107 bytes at most.
class ShortDirectory {
 public:
  ShortDirectory() { EXPECT_NE(mkdtemp(path_), nullptr); }
  ~ShortDirectory() {
    for (const char* name : {"/a", "/b"}) unlink((path_ + std::string(name)).c_str());
    rmdir(path_);
  }
  std::string path() const { return path_; }

 private:
  char path_[24] = "/tmp/hydra-node.XXXXXX";
};

bool HasIpv6() {
  const int probe = socket(AF_INET6, SOCK_STREAM, 0);
  sockaddr_in6 address = {};
  address.sin6_family = AF_INET6;
  address.sin6_addr = in6addr_loopback;
  const bool can = bind(probe, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0;
  close(probe);
  return can;
}

TEST(AddressTest, ThePortZeroIsOneThatIsFree) {
  LocalNode a("a");
  LocalNode b("b", {.listen = "127.0.0.1:0"});
  EXPECT_GT(a.port(), 0);
  EXPECT_NE(a.port(), b.port());
  EXPECT_THAT(a.name(), StartsWith("a@127.0.0.1:")) << "loopback, unless told otherwise";
  ExpectTalk(a, b);
}

TEST(AddressTest, Ipv6) {
  if (!HasIpv6()) GTEST_SKIP() << "there is no ::1";
  LocalNode a("a", {.listen = "[::1]:0"});
  LocalNode b("b", {.listen = "[::1]:0"});
  LocalNode c("c");
  EXPECT_THAT(a.name(), StartsWith("a@[::1]:"));
  ExpectTalk(a, b);
  ExpectTalk(c, a);
}

TEST(AddressTest, NamesOfHosts) {
  LocalNode a("a", {.listen = "localhost:0"});
  LocalNode b("b", {.listen = "localhost:0"});
  EXPECT_THAT(a.name(), StartsWith("a@localhost:"));
  ExpectTalk(a, b);
}

TEST(AddressTest, UnixSockets) {
  const ShortDirectory directory;
  LocalNode a("a", {.listen = absl::StrCat("unix:", directory.path(), "/a")});
  LocalNode b("b", {.listen = absl::StrCat("unix:", directory.path(), "/b")});
  EXPECT_EQ(a.name(), absl::StrCat("a@unix:", directory.path(), "/a"));
  ExpectTalk(a, b);
  LocalNode c("c");
  ExpectTalk(a, c);
  ExpectTalk(c, b);
}

TEST(AddressTest, IsFoundWhereItSaysThatItIs) {
  LocalNode a("a", {.advertise = "localhost"});
  EXPECT_THAT(a.name(), StartsWith("a@localhost:"));
  LocalNode b("b");
  ExpectTalk(b, a);
  EXPECT_EQ(Starts({.advertise = "no host"}).code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(Starts({.advertise = "h:99999"}).code(), absl::StatusCode::kInvalidArgument);
}

TEST(AddressTest, AnAddressInUse) {
  LocalNode a("a");
  const std::string address = absl::StrCat("127.0.0.1:", a.port());
  Runtime runtime({.schedulers = 1});
  EXPECT_EQ(Node::Start(runtime, {.name = "b", .listen = address, .cookie = "c"}).status().code(),
            absl::StatusCode::kAlreadyExists);
  EXPECT_TRUE(Node::Start(runtime, {.name = "b", .cookie = "c"}).ok()) << "it may try elsewhere";
  LocalNode c("c");
  ExpectTalk(c, a);
}

TEST(AddressTest, AUnixSocketInUse) {
  const ShortDirectory directory;
  const std::string address = absl::StrCat("unix:", directory.path(), "/a");
  LocalNode a("a", {.listen = address});
  EXPECT_EQ(Starts({.listen = address}).code(), absl::StatusCode::kAlreadyExists);
  LocalNode b("b");
  ExpectTalk(b, a);
}

// Of an OS process that has been killed.
TEST(AddressTest, AUnixSocketThatIsLeftOver) {
  const ShortDirectory directory;
  const std::string path = directory.path() + "/a";
  const int listener = socket(AF_UNIX, SOCK_STREAM, 0);
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, path.c_str(), sizeof(address.sun_path) - 1);
  ASSERT_EQ(bind(listener, reinterpret_cast<const sockaddr*>(&address), sizeof(address)), 0);
  close(listener);
  LocalNode a("a", {.listen = "unix:" + path});
  LocalNode b("b");
  ExpectTalk(b, a);
}

TEST(AddressTest, AddressesThatMakeNoSense) {
  for (const char* listen : {"", "nonsense", "127.0.0.1", "127.0.0.1:x", "127.0.0.1:99999", "::1:5",
                             "unix:", "unix:relative", "a b:0"}) {
    EXPECT_EQ(Starts({.listen = listen}).code(), absl::StatusCode::kInvalidArgument) << listen;
  }
}

}  // namespace
}  // namespace hydra
