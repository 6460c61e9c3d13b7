// Groups and PubSub over real connections: semantics.md NOD30.
#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "hydra/base/status_testing.h"
#include "hydra/node/node.h"
#include "hydra/node/node_options.h"
#include "hydra/node/testing/local_node.h"
#include "hydra/node/testing/note.h"
#include "hydra/process/process.h"
#include "hydra/process/testing/probe.h"
#include "hydra/process/testing/process_test.h"
#include "hydra/registry/process_groups.h"
#include "hydra/registry/pub_sub.h"

namespace hydra {
namespace {

using testing::ElementsAre;

struct Never {};

// A node with a scope and a PubSub.
class Member {
 public:
  explicit Member(std::string name, NodeOptions options = {})
      : node(std::move(name), std::move(options)) {
    node.Run([&]() -> Async<> {
      Spawn(
          [](ProcessGroups of, PubSub pub_sub, Pid owner) -> Async<> {
            EXPECT_OK(co_await of.StartLink());
            EXPECT_OK(co_await pub_sub.StartLink());
            Send(owner, Note{"", Self()});
            co_await Receive<Never>();
          },
          groups, events, Self());
      co_await AssertReceive<Note>();
    });
  }

  Pid NewMember(const std::string& group) {
    const Pid pid = node.runtime().Spawn([]() -> Async<> { co_await Receive<Never>(); });
    node.Run([&]() -> Async<> { EXPECT_OK(co_await groups.Join(group, pid)); });
    return pid;
  }

  std::vector<Pid> Members(const std::string& group) const {
    std::vector<Pid> members = groups.Members(group);
    std::sort(members.begin(), members.end());
    return members;
  }

  LocalNode node;
  const ProcessGroups groups{{.scope = "groups"}};
  const PubSub events{{.name = "events"}};
};

// Whether that is so within some seconds.
template <typename Condition>
bool Eventually(const Condition& condition) {
  const absl::Time end = absl::Now() + absl::Seconds(20);
  while (!condition()) {
    if (absl::Now() > end) return false;
    absl::SleepFor(absl::Milliseconds(1));
  }
  return true;
}

// All groups are the same on all nodes: those of each.
bool AreEqual(const std::vector<Member*>& nodes) {
  for (const std::string group : {"x", "y"}) {
    std::vector<Pid> all;
    for (const Member* node : nodes) {
      const std::vector<Pid> local = node->groups.LocalMembers(group);
      all.insert(all.end(), local.begin(), local.end());
    }
    std::sort(all.begin(), all.end());
    for (const Member* node : nodes) {
      if (node->Members(group) != all) return false;
    }
  }
  return true;
}

// Processes come, join, leave and end until `stop`.
Async<> Mingle(ProcessGroups groups, uint32_t seed, const std::atomic<bool>* stop, Pid owner) {
  std::minstd_rand random(seed);
  std::vector<Pid> members;
  while (!stop->load()) {
    const std::string group(1, random() / 8 % 2 == 0 ? 'x' : 'y');
    if (members.size() < 50) {
      members.push_back(Spawn([]() -> Async<> { co_await Receive<Never>(); }));
      EXPECT_OK(co_await groups.Join(group, {members.back(), members.front()}));
    } else if (random() / 8 % 2 == 0) {
      static_cast<void>(co_await groups.Leave(group, members[random() / 8 % members.size()]));
    } else {
      const size_t i = random() / 8 % members.size();
      Exit(members[i], ExitReason::Kill());
      members.erase(members.begin() + static_cast<std::ptrdiff_t>(i));
    }
    co_await Yield();
  }
  Send(owner, Note{"", Self()});
}

// NOD30
TEST(GroupsOverConnectionsTest, AreTheSameOnceCutsHaveHealed) {
  Member a("a");
  Member b("b");
  Member c("c");
  const std::vector<Member*> nodes = {&a, &b, &c};
  std::atomic<bool> stop = false;
  std::vector<std::unique_ptr<Probe>> ended;
  for (uint32_t i = 0; i < nodes.size(); ++i) {
    ended.push_back(std::make_unique<Probe>(nodes[i]->node.runtime()));
    nodes[i]->node.runtime().Spawn(Mingle, nodes[i]->groups, i + 1, &stop, ended[i]->pid());
  }
  std::minstd_rand random(7);
  for (int i = 0; i < 30; ++i) {
    Member& one = *nodes[random() / 8 % 3];
    Member& other = *nodes[random() / 8 % 3];
    if (&one == &other) continue;
    if (random() / 8 % 2 == 0) {
      static_cast<void>(one.node.node().Disconnect(other.node.name()));
    } else {
      EXPECT_OK(one.node.Connect(other.node.name()));
    }
    absl::SleepFor(absl::Milliseconds(random() / 8 % 10));
  }
  stop = true;
  for (const auto& probe : ended) EXPECT_TRUE(probe->AwaitReceived<Note>(1));
  EXPECT_TRUE(Eventually([&] {
    // Again and again: a connection that one end has cut seems to stand at the other for a moment.
    EXPECT_OK(a.node.Connect(b.node.name()));
    EXPECT_OK(a.node.Connect(c.node.name()));
    EXPECT_OK(b.node.Connect(c.node.name()));
    return AreEqual(nodes);
  }));
  // A cut takes them away, and what isn't cut stays.
  const std::vector<Pid> of_c = c.groups.LocalMembers("x");
  const std::vector<Pid> all = a.Members("x");
  EXPECT_OK(a.node.node().Disconnect(c.node.name()));
  EXPECT_TRUE(Eventually([&] { return a.Members("x").size() + of_c.size() == all.size(); }));
  EXPECT_EQ(b.Members("x"), all);
}

// NOD30: hidden nodes are left out, on both sides.
TEST(GroupsOverConnectionsTest, HiddenNodesAreApart) {
  Member a("a");
  Member hidden("h", {.hidden = true});
  Member b("b");
  EXPECT_OK(hidden.node.Connect(a.node.name()));
  const Pid of_a = a.NewMember("x");
  const Pid of_hidden = hidden.NewMember("x");
  EXPECT_OK(a.node.Connect(b.node.name()));
  EXPECT_TRUE(Eventually([&] { return b.Members("x").size() == 1; }));
  EXPECT_THAT(a.Members("x"), ElementsAre(of_a));
  EXPECT_THAT(hidden.Members("x"), ElementsAre(of_hidden));
}

// Pids in what is published are of the right nodes, also where it is handed on.
TEST(PubSubOverConnectionsTest, ReachesAllNodesInOrder) {
  constexpr int kMany = 1000;
  Member a("a");
  Member b("b");
  Member c("c");
  EXPECT_OK(a.node.Connect(b.node.name()));
  EXPECT_OK(a.node.Connect(c.node.name()));
  const Probe at_b(b.node.runtime());
  const Probe at_c(c.node.runtime());
  const Pid of_c = c.node.SpawnNamed("echo", Echo);
  for (Member* node : {&b, &c}) {
    const Pid probe = node == &b ? at_b.pid() : at_c.pid();
    node->node.Run([&]() -> Async<> {
      Spawn(
          [](PubSub events, Pid to, Pid owner) -> Async<> {
            EXPECT_OK(events.Subscribe("orders"));
            Send(owner, Note{"", Self()});
            while (true) Send(to, co_await Receive<Note>());
          },
          node->events, probe, Self());
      co_await AssertReceive<Note>();
    });
  }
  while (at_b.Received<Note>().empty() ||
         at_c.Received<Note>().empty()) {  // until they know each other
    a.node.Run([&]() -> Async<> {
      a.events.Publish("orders", Note{"", of_c});
      co_await Sleep(absl::Milliseconds(1));
    });
  }
  a.node.Run([&]() -> Async<> {
    for (int i = 0; i < kMany; ++i) a.events.Publish("orders", Note{std::to_string(i), of_c});
    co_return;
  });
  for (const Probe* probe : {&at_b, &at_c}) {
    const auto numbered = [probe] {
      std::vector<Note> notes = probe->Received<Note>();
      std::erase_if(notes, [](const Note& note) { return note.text.empty(); });
      return notes;
    };
    EXPECT_TRUE(Eventually([&] { return numbered().size() == kMany; }));
    int next = 0;
    for (const Note& note : numbered()) {
      EXPECT_EQ(note.text, std::to_string(next++));
      EXPECT_EQ(note.from, of_c);
    }
  }
}

}  // namespace
}  // namespace hydra
