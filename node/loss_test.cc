// Nodes that are killed.
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "hydra/base/status_testing.h"
#include "hydra/node/testing/local_node.h"
#include "hydra/node/testing/os_node.h"
#include "hydra/node/testing/residents.h"
#include "hydra/node/testing/witness.h"
#include "hydra/process/process.h"
#include "hydra/process/testing/process_test.h"

namespace hydra::node_testing {
namespace {

using testing::IsEmpty;
using testing::UnorderedElementsAre;

constexpr int64_t kMany = 10'000;
constexpr absl::Duration kPatience = absl::Seconds(30);

Async<std::vector<Pid>> PopulateNode(std::string node, Populate populate) {
  absl::StatusOr<std::vector<Pid>> pids =
      co_await Request(Dest("landlord", node), populate).Within(kPatience);
  EXPECT_OK(pids);
  co_return *std::move(pids);
}

// By a process of `node`, the caller's own unless told otherwise.
Async<Pid> WatchThese(std::vector<Pid> whom, std::string node = {}) {
  const absl::StatusOr<Pid> witness =
      co_await Request(Dest("landlord", node), Watch{std::move(whom)}).Within(kPatience);
  EXPECT_OK(witness);
  co_return *witness;
}

Async<Testimony> TestimonyOf(Pid witness, Testify testify = {}) {
  const absl::StatusOr<Testimony> testimony = co_await Request(witness, testify).Within(kPatience);
  EXPECT_OK(testimony);
  co_return *testimony;
}

// A node that has the place of one that was killed: what was left of that would reach it, or come from it.
OsNode Restarted(const OsNode& killed) {
  const size_t at = killed.name().find('@');
  return OsNode({.name = killed.name().substr(0, at), .listen = killed.name().substr(at + 1)});
}

// NOD12: 10,000 links, monitors and calls from one process; and those of a node that is still there.
TEST(LossTest, OneProcessIsToldOfEachOnce) {
  LocalNode here("here", {}, MoveIn);
  OsNode peer({.name = "peer"});
  OsNode other({.name = "other"});
  here.Run([&]() -> Async<> {
    MonitorNodes(true);
    const Pid witness = co_await WatchThese(co_await PopulateNode(peer.name(), {kMany}));
    const Pid unmoved = co_await WatchThese(co_await PopulateNode(other.name(), {10}));
    peer.Kill();
    EXPECT_EQ((co_await AssertReceive<NodeDown>()).node, peer.name());
    EXPECT_THAT(Nodes(), UnorderedElementsAre(other.name()));
    const Testimony each_once = {.exits = kMany, .downs = kMany, .failed_calls = kMany};
    EXPECT_EQ(co_await TestimonyOf(witness), each_once);
    // Nothing more comes, and nothing of the old life with the new one. NOD22
    const OsNode successor = Restarted(peer);
    CO_ASSERT_EQ(successor.name(), peer.name());
    EXPECT_OK(co_await here.node().Ping(peer.name()));
    EXPECT_EQ(co_await TestimonyOf(witness, {.when_complete = false}), each_once);
    EXPECT_EQ(co_await TestimonyOf(unmoved, {.when_complete = false}), Testimony{});
  });
}

// NOD12: N processes with a link, a monitor and a call each get one of each, not N.
TEST(LossTest, ManyProcessesAreToldOnceEach) {
  LocalNode here("here", {}, MoveIn);
  OsNode peer({.name = "peer"});
  here.Run([&]() -> Async<> {
    const std::vector<Pid> one = co_await PopulateNode(peer.name(), {1});
    std::vector<Pid> witnesses;
    while (witnesses.size() < kMany) witnesses.push_back(co_await WatchThese(one));
    peer.Kill();
    for (const Pid witness : witnesses)
      CO_ASSERT_EQ(co_await TestimonyOf(witness),
                   (Testimony{.exits = 1, .downs = 1, .failed_calls = 1}));
    const OsNode successor = Restarted(peer);
    EXPECT_OK(co_await here.node().Ping(peer.name()));
    for (const Pid witness : witnesses)
      CO_ASSERT_EQ((co_await TestimonyOf(witness, {.when_complete = false})).wrong, 0);
  });
}

// NOD14, NOD12: the node that is lost, but lives, cleans up its half; what it has with others stays.
TEST(LossTest, TheOtherHalfIsCleanedUp) {
  LocalNode here("here", {}, MoveIn);
  LocalNode third("third", {}, MoveIn);
  OsNode peer({.name = "peer"});
  std::vector<Pid> trapping;
  std::vector<Pid> others;
  Pid peers_witness;
  here.Run([&]() -> Async<> {
    trapping = co_await PopulateNode(peer.name(), {.count = 100, .trap_exits = true});
    others = co_await PopulateNode(peer.name(), {.count = 100, .trap_exits = false});
    co_await WatchThese(trapping);
    co_await WatchThese(others);
    peers_witness = co_await WatchThese(co_await PopulateNode("", {100}), peer.name());
  });
  third.Run([&]() -> Async<> {
    const Pid unmoved = co_await WatchThese(trapping);
    EXPECT_OK(here.node().Disconnect(peer.name()));
    EXPECT_EQ(co_await TestimonyOf(peers_witness),
              (Testimony{.exits = 100, .downs = 100, .failed_calls = 100}));
    for (const Pid pid : trapping) {
      const std::optional<ProcessInfo> info = co_await Info(pid);
      CO_ASSERT_TRUE(info.has_value());
      EXPECT_THAT(info->links, UnorderedElementsAre(unmoved));
      EXPECT_THAT(info->monitored_by, UnorderedElementsAre(unmoved));
    }
    for (const Pid pid : others) EXPECT_FALSE(co_await IsAlive(pid));  // they ended by the link
    const std::optional<ProcessInfo> info = co_await Info(peers_witness);
    CO_ASSERT_TRUE(info.has_value());
    EXPECT_THAT(info->links, IsEmpty());
    EXPECT_THAT(info->monitors, IsEmpty());
    EXPECT_EQ(co_await TestimonyOf(unmoved, {.when_complete = false}), Testimony{});
  });
}

}  // namespace
}  // namespace hydra::node_testing
