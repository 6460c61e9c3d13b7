// Cookies: NOD3.
#include <sys/stat.h>

#include <cstdlib>
#include <fstream>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "hydra/base/log_testing.h"
#include "hydra/node/node.h"
#include "hydra/node/node_options.h"
#include "hydra/node/testing/local_node.h"
#include "hydra/node/testing/loopback.h"
#include "hydra/node/testing/node_watcher.h"
#include "hydra/node/testing/note.h"
#include "hydra/node/testing/tcp_proxy.h"
#include "hydra/process/process.h"
#include "hydra/process/runtime.h"
#include "hydra/process/testing/process_test.h"

namespace hydra {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

// Whether a node can start so; nothing else listens at its port.
absl::Status Starts(NodeOptions options) {
  Runtime runtime({.schedulers = 1});
  options.name = "n";
  return Node::Start(runtime, std::move(options)).status();
}

std::string WriteCookie(const std::string& text, mode_t mode) {
  const std::string path = testing::TempDir() + "/cookie";
  std::ofstream(path) << text;
  EXPECT_EQ(chmod(path.c_str(), mode), 0);
  return path;
}

// Takes HYDRA_COOKIE out of the environment, or puts it there, while it lives.
class ScopedCookieVariable {
 public:
  explicit ScopedCookieVariable(const char* cookie) {
    cookie == nullptr ? unsetenv("HYDRA_COOKIE") : setenv("HYDRA_COOKIE", cookie, 1);
  }
  ~ScopedCookieVariable() { unsetenv("HYDRA_COOKIE"); }
};

// NOD3: refused on both sides, logged, and nobody is told of a node.
TEST(CookieTest, AnotherCookieIsRefused) {
  const ScopedLogCapture log;
  std::string name_a;
  std::string name_b;
  {
    LocalNode a("a");
    LocalNode b("b", {.cookie = "another"});
    const NodeWatcher told_a(a.runtime());
    const NodeWatcher told_b(b.runtime());
    EXPECT_EQ(a.Connect(b.name()).code(), absl::StatusCode::kPermissionDenied);
    EXPECT_EQ(b.Connect(a.name()).code(), absl::StatusCode::kPermissionDenied);
    for (LocalNode* node : {&a, &b}) {
      EXPECT_THAT(node->Connected(), IsEmpty());
      EXPECT_THAT(node->Connecting(), IsEmpty());
    }
    EXPECT_THAT(told_a.up(), IsEmpty());
    EXPECT_THAT(told_b.up(), IsEmpty());
    name_a = a.name();
    name_b = b.name();
  }
  EXPECT_TRUE(log.Contains("node " + name_b + " can't be reached: WRONG_COOKIE")) << "dialler";
  EXPECT_TRUE(log.Contains("node " + name_a + " was refused: WRONG_COOKIE")) << "acceptor";
}

// NOD3: the node that had another cookie comes again with the right one.
TEST(CookieTest, TheRightCookieWorksLater) {
  LocalNode a("a");
  std::string name;
  int port = 0;
  {
    LocalNode b("b", {.cookie = "another"});
    name = b.name();
    port = b.port();
    EXPECT_EQ(a.Connect(name).code(), absl::StatusCode::kPermissionDenied);
  }
  LocalNode b("b", {.listen = "127.0.0.1:" + std::to_string(port)});
  EXPECT_EQ(b.name(), name);
  EXPECT_TRUE(a.Connect(name).ok());
  EXPECT_TRUE(b.Ping(a.name()).ok());
}

// NOD3
TEST(CookieTest, SomeNodesHaveOthers) {
  LocalNode b("b", {.cookie = "two"});
  LocalNode c("c", {.cookie = "one"});
  LocalNode a("a", {.cookie = "one", .peer_cookies = {{b.name(), "two"}}});
  EXPECT_TRUE(a.Connect(b.name()).ok()) << "dialled by that name";
  EXPECT_TRUE(a.Connect(c.name()).ok());
  EXPECT_TRUE(a.node().Disconnect(b.name()).ok());
  EXPECT_TRUE(b.AwaitNotConnected(a.name()));
  EXPECT_TRUE(a.AwaitNotConnected(b.name()));
  EXPECT_TRUE(b.Connect(a.name()).ok()) << "dials with that name";
  EXPECT_EQ(b.Connect(c.name()).code(), absl::StatusCode::kPermissionDenied);
}

TEST(CookieTest, AnEmptyOneIsNone) {
  const ScopedCookieVariable none(nullptr);
  EXPECT_EQ(Starts({}).code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(Starts({}).ToString(), HasSubstr("HYDRA_COOKIE"));
  EXPECT_EQ(Starts({.cookie = "one", .peer_cookies = {{"b@127.0.0.1:1", ""}}}).code(),
            absl::StatusCode::kInvalidArgument)
      << "anybody could prove that";
  EXPECT_EQ(Starts({.cookie = "one", .peer_cookies = {{"b", "two"}}}).code(),
            absl::StatusCode::kInvalidArgument)
      << "no node has that name";
}

TEST(CookieTest, IsReadFromAFile) {
  const ScopedCookieVariable other("not this");
  LocalNode a("a");
  LocalNode b("b",
              {.cookie_file = WriteCookie(std::string(kTestCookie) + "\n", S_IRUSR | S_IWUSR)});
  EXPECT_TRUE(a.Connect(b.name()).ok());
}

TEST(CookieTest, FilesThatWontDo) {
  const ScopedCookieVariable other("not this");
  const auto refused = [](const std::string& path) {
    const absl::Status status = Starts({.cookie_file = path});
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << path;
    return std::string(status.message());
  };
  EXPECT_THAT(refused(WriteCookie("secret", S_IRUSR | S_IRGRP)), HasSubstr("chmod 600"));
  EXPECT_THAT(refused(WriteCookie("secret", S_IRUSR | S_IWOTH)), HasSubstr("chmod 600"));
  EXPECT_THAT(refused(WriteCookie("", S_IRUSR)), HasSubstr("needs a cookie"));
  EXPECT_THAT(refused(WriteCookie("\r\n", S_IRUSR)), HasSubstr("needs a cookie"));
  EXPECT_THAT(refused(testing::TempDir() + "/none"), HasSubstr("can't be read"));
  const std::string directory = testing::TempDir() + "/directory";
  mkdir(directory.c_str(), S_IRWXU);
  EXPECT_THAT(refused(directory), HasSubstr("can't be read"));
}

TEST(CookieTest, IsTakenFromTheEnvironment) {
  const ScopedCookieVariable cookie(kTestCookie);
  LocalNode a("a");
  Runtime runtime({.schedulers = 1});
  absl::StatusOr<Node> b = Node::Start(runtime, {.name = "b"});
  ASSERT_TRUE(b.ok()) << b.status();
  EXPECT_TRUE(a.Connect(b->name()).ok());
}

// NOD3: neither the cookie nor what is made of it alone.
TEST(CookieTest, IsNeverOnTheWire) {
  const int port = UnusedPort();
  node_testing::TcpProxy tap(port);
  tap.Tap();
  LocalNode a("a");
  LocalNode b("b", {.listen = "127.0.0.1:" + std::to_string(port), .advertise = tap.address()});
  b.SpawnNamed("echo", Echo);
  a.Run([&]() -> Async<> {
    Send(ProcessName("echo", b.name()), Note{"what all may read", Self()});
    EXPECT_EQ((co_await AssertReceive<Note>()).text, "what all may read");
  });
  EXPECT_TRUE(tap.Heard("what all may read")) << "the tap is deaf";
  EXPECT_FALSE(tap.Heard(kTestCookie));
}

}  // namespace
}  // namespace hydra
