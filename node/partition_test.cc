// Two nodes, and the network between them fails: by a proxy, and between network namespaces.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <iostream>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "hydra/base/status_testing.h"
#include "hydra/node/node.h"
#include "hydra/node/node_options.h"
#include "hydra/node/testing/citizen.h"
#include "hydra/node/testing/local_node.h"
#include "hydra/node/testing/loopback.h"
#include "hydra/node/testing/network_namespaces.h"
#include "hydra/node/testing/os_node.h"
#include "hydra/node/testing/residents.h"
#include "hydra/node/testing/tcp_proxy.h"
#include "hydra/node/testing/witness.h"
#include "hydra/process/process.h"
#include "hydra/process/testing/process_test.h"

namespace hydra::node_testing {
namespace {

using testing::ElementsAre;
using testing::SizeIs;
using Way = TcpProxy::Way;
using Ending = TcpProxy::Ending;

const auto* const kOwnNetwork = testing::AddGlobalTestEnvironment(new OwnNetwork);

constexpr absl::Duration kTick = absl::Seconds(1);
// That a busy machine may take.
constexpr absl::Duration kSlack = absl::Milliseconds(700);
// So long after a cut both sides know of it.
const absl::Duration kAllKnow = kTick * 5 / 4 + kSlack;
constexpr absl::Duration kPatience = absl::Seconds(20);

constexpr Testimony kLostOnce = {.exits = 1, .downs = 1, .failed_calls = 1};

void Inhabit(Runtime& runtime) {
  MoveIn(runtime);
  SpawnCitizen(runtime);
}

NodeOptions At(const std::string& listen, const std::string& advertise = {}) {
  return {.name = "peer",
          .listen = listen,
          .advertise = advertise,
          .handshake_timeout = absl::Seconds(4),
          .tick_time = kTick};
}

// A node with a node in another OS process; the way to each can be cut.
struct Pair {
  std::unique_ptr<LocalNode> here;
  std::unique_ptr<OsNode> peer;
};

// Each dials the other by a proxy.
struct ByProxies : Pair {
  ByProxies() {
    here = std::make_unique<LocalNode>(
        "here", At(absl::StrCat("127.0.0.1:", here_port), to_here.address()), Inhabit);
    peer = std::make_unique<OsNode>(At(absl::StrCat("127.0.0.1:", peer_port), to_peer.address()),
                                    "", true);
  }
  const int here_port = UnusedPort();
  const int peer_port = UnusedPort();
  TcpProxy to_here{here_port};
  TcpProxy to_peer{peer_port};
};

// The peer is on a machine of its own.
struct ByNamespaces : Pair {
  ByNamespaces() {
    here = std::make_unique<LocalNode>("here", At(absl::StrCat(NetworkNamespaces::kBridge, ":0")),
                                       Inhabit);
    network.Within(0, [this] {
      peer = std::make_unique<OsNode>(At(NetworkNamespaces::address(0) + ":0"), "", true);
    });
  }
  ~ByNamespaces() {
    peer.reset();
    here.reset();
  }
  NetworkNamespaces network{1};
};

// Whether it is so within some time.
Async<bool> AreAll(std::string node, size_t count) {
  for (const absl::Time end = absl::Now() + kPatience; absl::Now() < end;) {
    const absl::StatusOr<std::vector<Pid>> members =
        co_await Request(Dest("citizen", node), ReadGroup{"all"});
    if (members.ok() && members->size() == count) co_return true;
    co_await Sleep(absl::Milliseconds(20));
  }
  co_return false;
}

Async<bool> Reach(Node* node, std::string peer) {
  for (const absl::Time end = absl::Now() + kPatience; absl::Now() < end;) {
    if ((co_await node->Connect(peer)).ok()) co_return true;
    co_await Sleep(absl::Milliseconds(50));
  }
  co_return false;
}

// Whether the peer has noticed, within some time; there is no way to ask it.
Async<bool> HasLost(const OsNode* peer, std::string node) {
  const std::string line = absl::StrCat("node ", node, " is down");
  for (const absl::Time end = absl::Now() + kPatience; absl::Now() < end;) {
    if (peer->log().find(line) != std::string::npos) co_return true;
    co_await Sleep(absl::Milliseconds(20));
  }
  co_return false;
}

// Links, monitors and calls, from here to the peer and from there to this node, end once; groups part, and meet again.
void CutAndHeal(Pair& pair, const std::function<void()>& cut, const std::function<void()>& heal) {
  LocalNode& here = *pair.here;
  const std::string peer = pair.peer->name();
  here.Run([&]() -> Async<> {
    EXPECT_OK(co_await here.node().Connect(peer));
    const absl::StatusOr<std::vector<Pid>> there =
        co_await Request(Dest("landlord", peer), Populate{1});
    const absl::StatusOr<std::vector<Pid>> local = co_await Request("landlord", Populate{1});
    EXPECT_OK(there);
    EXPECT_OK(local);
    const absl::StatusOr<Pid> ours = co_await Request("landlord", Watch{*there});
    const absl::StatusOr<Pid> theirs = co_await Request(Dest("landlord", peer), Watch{*local});
    EXPECT_OK(ours);
    EXPECT_OK(theirs);
    EXPECT_TRUE(co_await AreAll("", 2));
    EXPECT_TRUE(co_await AreAll(peer, 2));
    MonitorNode(peer);

    const absl::Time before = absl::Now();
    cut();
    const std::optional<NodeDown> down = co_await Receive<NodeDown>().Within(kPatience);
    EXPECT_TRUE(down.has_value());
    EXPECT_LE(absl::Now() - before, kAllKnow);
    EXPECT_THAT(co_await Request(*ours, Testify{}), IsOkAndHolds(kLostOnce));
    EXPECT_TRUE(co_await AreAll("", 1));
    EXPECT_TRUE(co_await HasLost(pair.peer.get(), here.name()));
    EXPECT_LE(absl::Now() - before, kAllKnow);

    heal();
    EXPECT_TRUE(co_await Reach(&here.node(), peer));
    EXPECT_THAT(co_await Request(*theirs, Testify{}), IsOkAndHolds(kLostOnce));
    EXPECT_THAT(co_await Request(*ours, Testify{}), IsOkAndHolds(kLostOnce));  // and no more
    EXPECT_THAT(co_await Request(Dest("echo", peer), Echo{"again"}), IsOkAndHolds("again"));
    EXPECT_TRUE(co_await AreAll("", 2));
    EXPECT_TRUE(co_await AreAll(peer, 2));
  });
}

// NOD12, NOD30
TEST(ProxyTest, Cut) {
  for (const Ending ending : {Ending::kReset, Ending::kClose}) {
    ByProxies pair;
    CutAndHeal(
        pair,
        [&] {
          pair.to_here.Cut(ending);
          pair.to_peer.Cut(ending);
        },
        [&] {
          pair.to_here.Heal();
          pair.to_peer.Heal();
        });
  }
}

// NOD11, NOD12, NOD14, NOD30: also the side that hears all learns of it.
TEST(ProxyTest, OneWayIsSilent) {
  for (const bool is_peer_silent : {true, false}) {
    ByProxies pair;
    CutAndHeal(
        pair,
        [&] {
          pair.to_peer.Stall(is_peer_silent ? Way::kFromTarget : Way::kToTarget);
          pair.to_here.Stall(is_peer_silent ? Way::kToTarget : Way::kFromTarget);
        },
        [&] {
          pair.to_here.Heal();
          pair.to_peer.Heal();
        });
  }
}

constexpr size_t kLarge = 24'000'000;  // bytes of the one that is sent
constexpr int64_t kRate = 8'000'000;   // so many go in a second: it takes three ticks
constexpr absl::Duration kDelay = absl::Milliseconds(20);
// Bytes that may have gone ahead of something small, which can't overtake them any more: what the sender's system has
// taken (the most that net.ipv4.tcp_wmem lets it, by default), and 1 MiB for frames, the proxy, and the receiver's.
constexpr int64_t kOnTheirWay = int64_t{5} << 20;
// Without pieces it would take as long as the large one: 3 s.
const absl::Duration kLongest = absl::Seconds(1) * kOnTheirWay / kRate + 2 * kDelay + 2 * kSlack;

// Small messages go there and back beside a large one, none of them takes long, and nobody is taken for dead.
void TalkBesideALargeMessage(Pair& pair) {
  LocalNode& here = *pair.here;
  const std::string peer = pair.peer->name();
  here.Run([&]() -> Async<> {
    const Dest sink("sink", peer);
    const absl::Time before = absl::Now();
    Spawn(
        [](Dest to) -> Async<> {
          Send(to, Bulk::Make("here", 1, kLarge));
          co_return;
        },
        sink);
    PendingRequest<ReadSink> whole = SendRequest(sink, ReadSink{1});
    absl::Duration longest;
    int answers = 0;
    while (!(co_await whole.Wait(absl::ZeroDuration())).has_value()) {
      const absl::Time asked = absl::Now();
      EXPECT_THAT(co_await Request(Dest("echo", peer), Echo{"small"}), IsOkAndHolds("small"));
      longest = std::max(longest, absl::Now() - asked);
      ++answers;
    }
    std::cout << answers << " answers beside a large message, the slowest after " << longest
              << "\n";
    EXPECT_GE(absl::Now() - before, 2 * kTick);  // otherwise it was no slow link
    EXPECT_LE(longest, kLongest);
    EXPECT_THAT(co_await Request("log", ReadLog{}), IsOkAndHolds(ElementsAre("up " + peer)));
  });
}

// NOD11, NOD19
TEST(ProxyTest, SlowLink) {
  ByProxies pair;
  ASSERT_OK(pair.here->Connect(pair.peer->name()));
  pair.to_peer.Throttle(kRate);
  pair.to_peer.Delay(kDelay);
  TalkBesideALargeMessage(pair);
}

class NamespacesTest : public testing::Test {
 protected:
  void SetUp() override {
    if (!OwnNetwork::Missing().empty()) GTEST_SKIP() << OwnNetwork::Missing();
  }
};

// NOD11, NOD12, NOD30: nothing says that the link is down.
TEST_F(NamespacesTest, LinkDown) {
  ByNamespaces pair;
  CutAndHeal(pair, [&] { pair.network.LinkDown(0); }, [&] { pair.network.LinkUp(0); });
}

// NOD11, NOD12, NOD14, NOD30: one way only.
TEST_F(NamespacesTest, Blackhole) {
  ByNamespaces pair;
  CutAndHeal(
      pair, [&] { pair.network.Blackhole(0, NetworkNamespaces::kBridge); },
      [&] { pair.network.EndBlackhole(0, NetworkNamespaces::kBridge); });
}

// NOD11, NOD19
TEST_F(NamespacesTest, SlowLink) {
  ByNamespaces pair;
  ASSERT_OK(pair.here->Connect(pair.peer->name()));
  pair.network.Throttle(0, static_cast<int>(kRate * 8 / 1000));
  TalkBesideALargeMessage(pair);
}

}  // namespace
}  // namespace hydra::node_testing
