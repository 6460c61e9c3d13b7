// A node as an application: APP10.
#include "hydra/node/node_application.h"

#include <csignal>
#include <cstdlib>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "hydra/application/application.h"
#include "hydra/application/testing/child_program.h"
#include "hydra/base/status_testing.h"
#include "hydra/node/node.h"
#include "hydra/node/node_options.h"
#include "hydra/node/testing/local_node.h"
#include "hydra/node/testing/node_watcher.h"
#include "hydra/node/testing/note.h"
#include "hydra/process/process.h"
#include "hydra/process/testing/process_test.h"

namespace hydra {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::MatchesRegex;
using testing::Not;

Application ShopsNode() { return NodeApplication({.name = "shop", .cookie = kTestCookie}); }

// An application that does nothing, but on a node.
Application Shop(Application node) {
  return {.name = "shop",
          .start = []() -> Async<absl::StatusOr<Pid>> { co_return SpawnLink(Idle); },
          .dependencies = {std::move(node)}};
}

// ---- A start that fails.

HYDRA_TEST(NodeApplicationTest, StartFailsWithWhatIsWrong) {
  EXPECT_THAT(
      co_await StartApplication(Shop(NodeApplication({.name = "no@name", .cookie = "secret"}))),
      StatusIs(absl::StatusCode::kInvalidArgument,
               HasSubstr("application shop: dependency node: ")));
  EXPECT_EQ(ThisNode(), "");
}

HYDRA_TEST(NodeApplicationTest, StartFailsWithoutOptions) {
  EXPECT_THAT(co_await StartApplication(NodeApplication([]() -> absl::StatusOr<NodeOptions> {
                return absl::UnavailableError("no settings");
              })),
              StatusIs(absl::StatusCode::kUnavailable, "application node: no settings"));
  EXPECT_THAT(co_await StartApplication(NodeApplication(
                  []() -> absl::StatusOr<NodeOptions> { throw std::runtime_error("no route"); })),
              StatusIs(absl::StatusCode::kUnavailable, HasSubstr("no route")));
}

HYDRA_TEST(NodeApplicationTest, NoneRuns) {
  EXPECT_THAT(co_await RunningNode(), StatusIs(absl::StatusCode::kNotFound));
}

// ---- One that runs.

TEST(NodeApplicationTest, IsANodeWhileItRuns) {
  LocalNode peer("peer");
  const NodeWatcher watcher(peer.runtime());
  TestOnThreads([&]() -> Async<> {
    CO_ASSERT_THAT(co_await StartApplication(Shop(ShopsNode())),
                   IsOkAndHolds(ElementsAre("node", "shop")));
    EXPECT_THAT(ThisNode(), MatchesRegex("shop@127\\.0\\.0\\.1:[0-9]+"));
    const auto node = co_await RunningNode();
    CO_ASSERT_THAT(node, IsOk());
    EXPECT_EQ((*node)->name(), ThisNode());
    EXPECT_THAT(co_await (*node)->Connect(peer.name()), IsOk());
    EXPECT_THAT(co_await (*node)->Ping(peer.name()), IsOk());
    EXPECT_THAT((*node)->List(PeerState::kConnected), ElementsAre(peer.name()));
    EXPECT_THAT(Nodes(), ElementsAre(peer.name()));

    EXPECT_THAT(co_await StopApplication("shop"), IsOk());
    EXPECT_THAT(Nodes(), ElementsAre(peer.name()));
    EXPECT_THAT(co_await StopApplication("node"), IsOk());
    EXPECT_THAT(Nodes(), IsEmpty());
    EXPECT_THAT(co_await RunningNode(), StatusIs(absl::StatusCode::kNotFound));
    EXPECT_THAT(co_await (*node)->Connect(peer.name()), StatusIs(absl::StatusCode::kUnavailable));
  });
  ASSERT_TRUE(watcher.AwaitDown(1));
  EXPECT_EQ(watcher.down()[0].reason, NodeDownReason::kDisconnected);
}

// A runtime becomes a node once.
TEST(NodeApplicationTest, DoesntStartAgain) {
  TestOnThreads([]() -> Async<> {
    CO_ASSERT_THAT(co_await StartApplication(ShopsNode()), IsOk());
    EXPECT_THAT(co_await StopApplication("node"), IsOk());
    EXPECT_THAT(co_await StartApplication(ShopsNode()),
                StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("the node shop@")));
  });
}

// A value may be used in several runtimes at a time.
TEST(NodeApplicationTest, TwoOfOneValue) {
  const Application node = ShopsNode();
  Runtime a;
  Runtime b;
  a.Run([&]() -> Async<> { CO_ASSERT_THAT(co_await StartApplication(node), IsOk()); });
  b.Run([&]() -> Async<> {
    CO_ASSERT_THAT(co_await StartApplication(node), IsOk());
    CO_ASSERT_THAT(co_await StopApplication("node"), IsOk());
  });
  a.Run([]() -> Async<> { EXPECT_THAT(co_await RunningNode(), IsOk()); });
}

// ---- One whose root is ended.

class RootTest : public testing::TestWithParam<ExitReason> {};

TEST_P(RootTest, ItsEndIsTheNodesAndTheSystems) {
  LocalNode peer("peer");
  const NodeWatcher watcher(peer.runtime());
  TestOnThreads([&]() -> Async<> {
    CO_ASSERT_THAT(co_await StartApplication(Shop(ShopsNode())), IsOk());
    const auto node = co_await RunningNode();
    CO_ASSERT_THAT(node, IsOk());
    CO_ASSERT_THAT(co_await (*node)->Connect(peer.name()), IsOk());
    const Pid root = WhereIs("hydra.node");
    Exit(root, GetParam());
    EXPECT_EQ(co_await SystemStopped(), GetParam() == ExitReason::Kill() ? 1 : 0);
    EXPECT_THAT((*node)->List(PeerState::kConnected), IsEmpty());
  });
  ASSERT_TRUE(watcher.AwaitDown(1));
  EXPECT_EQ(watcher.down()[0].reason, NodeDownReason::kDisconnected);
}

INSTANTIATE_TEST_SUITE_P(Reasons, RootTest,
                         testing::Values(ExitReason::Kill(), ExitReason::Shutdown()));

// ---- A program.

std::string Program() { return std::getenv("HYDRA_NODE_APPLICATION"); }

// APP10: what its processes send at the end still goes out; then the other nodes are told.
TEST(NodeProgramTest, OthersHearOfItsEndAfterItsApplications) {
  LocalNode peer("peer");
  peer.Run([&]() -> Async<> {
    CO_ASSERT_THAT(Register(Self(), "log"), IsOk());
    ChildProgram shop(Program(), {"127.0.0.1:0", kTestCookie, peer.name()});
    MonitorNodes(true);
    const auto ready = co_await Receive<Note>().Within(absl::Seconds(30));
    CO_ASSERT_TRUE(ready.has_value());
    const Ref ref = Monitor(ready->from);
    const NodeUp up = co_await Receive<NodeUp>();
    EXPECT_THAT(co_await peer.node().Ping(up.node), IsOk());  // so it watches

    shop.Signal(SIGTERM);
    std::vector<std::string> heard;
    bool is_down = false;
    while (!is_down) {
      co_await Receive([&](const Note& note) { heard.push_back(note.text); },
                       [&](const Down& down) {
                         EXPECT_EQ(down.ref, ref);
                         heard.push_back("down: " + down.reason.ToString());
                       },
                       [&](const NodeDown& down) {
                         EXPECT_EQ(down.reason, NodeDownReason::kDisconnected);
                         is_down = true;
                       });
    }
    EXPECT_THAT(heard, ElementsAre("ends", "down: normal", "has stopped"));
    EXPECT_EQ(shop.Wait(), "exit code 0");
    EXPECT_THAT(shop.errors(), Not(HasSubstr("ERROR")));
  });
}

// APP8: a node that can't be started is a start that has failed.
TEST(NodeProgramTest, StartFails) {
  LocalNode peer("peer");
  const std::string address = peer.name().substr(peer.name().find('@') + 1);
  ChildProgram shop(Program(), {address, kTestCookie, peer.name()});
  EXPECT_EQ(shop.Wait(), "exit code 1");
  EXPECT_THAT(shop.errors(), HasSubstr("application shop: dependency node: can't listen at " +
                                       address + ": the address is in use"));
}

}  // namespace
}  // namespace hydra
