// What is left when connections end: nothing. Both nodes are in this OS process.
#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "hydra/base/read_section.h"
#include "hydra/base/status_testing.h"
#include "hydra/node/testing/local_node.h"
#include "hydra/node/testing/loopback.h"
#include "hydra/node/testing/open_files.h"
#include "hydra/node/testing/tcp_proxy.h"
#include "hydra/process/process.h"

namespace hydra::node_testing {
namespace {

// Whether there are no more soon; `node` is where it is waited for.
bool BecomeNoMoreThan(int64_t files, LocalNode& node) {
  node.Run([files]() -> Async<> {
    for (int i = 0; i < 500 && CountOpenFiles() > files; ++i)
      co_await Sleep(absl::Milliseconds(10));
  });
  return CountOpenFiles() <= files;
}

// NOD13, NOD14
TEST(FilesTest, LostConnections) {
  LocalNode a("a");
  LocalNode b("b");
  ASSERT_OK(a.Connect(b.name()));
  const int64_t files = CountOpenFiles();
  for (int i = 0; i < 20; ++i) {
    ASSERT_OK(a.node().Disconnect(b.name()));
    ASSERT_TRUE(a.AwaitNotConnected(b.name()));
    ASSERT_OK(a.Connect(b.name()));
  }
  EXPECT_TRUE(BecomeNoMoreThan(files, a)) << CountOpenFiles() << " files, and before " << files;
}

// NOD13, NOD14: a look that somebody takes at the connections meanwhile keeps none of them for good.
TEST(FilesTest, AConnectionThatIsLookedAtWhenItIsLost) {
  LocalNode a("a");
  LocalNode b("b");
  ASSERT_OK(a.Connect(b.name()));
  const int64_t files = CountOpenFiles();
  {
    const ReadSection section;
    ASSERT_OK(a.node().Disconnect(b.name()));
    ASSERT_TRUE(a.AwaitNotConnected(b.name()));
    ASSERT_TRUE(b.AwaitNotConnected(a.name()));
  }
  EXPECT_TRUE(BecomeNoMoreThan(files - 2, a)) << CountOpenFiles() << " files, and before " << files;
}

// NOD21: what the other says comes when nobody waits for it any more.
TEST(FilesTest, AttemptsThatWereGivenUp) {
  const int port = UnusedPort();
  TcpProxy proxy(port);
  LocalNode a("a", {.handshake_timeout = absl::Milliseconds(200)});
  const LocalNode b("b", {.listen = absl::StrCat("127.0.0.1:", port),
                          .advertise = proxy.address(),
                          .handshake_timeout = absl::Milliseconds(200)});
  const int64_t files = CountOpenFiles();
  for (int i = 0; i < 5; ++i) {
    proxy.Stall(TcpProxy::Way::kFromTarget);
    EXPECT_FALSE(a.Connect(b.name()).ok());
    proxy.Heal();
  }
  EXPECT_TRUE(BecomeNoMoreThan(files, a)) << CountOpenFiles() << " files, and before " << files;
}

}  // namespace
}  // namespace hydra::node_testing
