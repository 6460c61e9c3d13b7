// Two nodes that connect to each other at the same moment: NOD4.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "hydra/node/node.h"
#include "hydra/node/testing/local_node.h"
#include "hydra/node/testing/node_watcher.h"
#include "hydra/node/testing/note.h"
#include "hydra/process/process.h"
#include "hydra/process/testing/process_test.h"

namespace hydra {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

constexpr int kRounds = 100;
constexpr int kNotes = 50;

// Lets threads go on at the same moment, or one of them a little later.
class StartingGun {
 public:
  explicit StartingGun(int runners) : waiting_for_(runners) {}

  void Await(std::chrono::microseconds handicap = {}) {
    --waiting_for_;
    while (waiting_for_ > 0) {
    }
    const auto start = std::chrono::steady_clock::now() + handicap;
    while (std::chrono::steady_clock::now() < start) {
    }
  }

 private:
  std::atomic<int> waiting_for_;
};

// Which of the two is later in a round, and by how much: up to a handshake's time.
std::chrono::microseconds Handicap(int round, bool is_first) {
  return (round % 2 == 0) == is_first ? std::chrono::microseconds(round * 40)
                                      : std::chrono::microseconds(0);
}

// A node that is watched from its beginning.
struct Watched {
  explicit Watched(const std::string& name) : local(name) {}

  LocalNode local;
  NodeWatcher watcher{local.runtime()};
};

// Both have one connection, and have had no other.
void ExpectOneConnection(Watched& a, Watched& b) {
  ASSERT_TRUE(a.watcher.AwaitUp(1));
  ASSERT_TRUE(b.watcher.AwaitUp(1));
  EXPECT_TRUE(a.local.Ping(b.local.name()).ok());
  EXPECT_TRUE(b.local.Ping(a.local.name()).ok());
  for (Watched* node : {&a, &b}) {
    EXPECT_THAT(node->local.Connected(), ElementsAre(node == &a ? b.local.name() : a.local.name()));
    EXPECT_THAT(node->local.Connecting(), IsEmpty());
    EXPECT_THAT(node->watcher.up(), SizeIs(1));
    EXPECT_THAT(node->watcher.down(), IsEmpty());
  }
  // There is no second one that would stay, or come back.
  EXPECT_TRUE(a.local.node().Disconnect(b.local.name()).ok());
  EXPECT_TRUE(a.watcher.AwaitDown(1));
  EXPECT_TRUE(b.watcher.AwaitDown(1));
  EXPECT_THAT(a.local.Connected(), IsEmpty());
  EXPECT_THAT(b.local.Connected(), IsEmpty());
}

// NOD4
TEST(SimultaneousConnectTest, BothConnect) {
  for (int round = 0; round < kRounds && !testing::Test::HasFailure(); ++round) {
    SCOPED_TRACE(absl::StrCat("round ", round));
    Watched a("a");
    Watched b("b");
    StartingGun gun(2);
    absl::Status from_b;
    std::thread other([&] {
      gun.Await(Handicap(round, false));
      from_b = b.local.Connect(a.local.name());
    });
    gun.Await(Handicap(round, true));
    const absl::Status from_a = a.local.Connect(b.local.name());
    other.join();
    EXPECT_TRUE(from_a.ok()) << from_a;
    EXPECT_TRUE(from_b.ok()) << from_b;
    ExpectOneConnection(a, b);
  }
}

Async<> SendNotes(std::string to) {
  for (int i = 0; i < kNotes; ++i) Send(ProcessName("sink", to), Note{absl::StrCat(i), Self()});
  co_return;
}

// Expects all notes of two processes, each's in order.
Async<> TakeNotes(int* taken) {
  std::vector<std::pair<Pid, int>> next;
  for (int i = 0; i < 2 * kNotes; ++i) {
    const Note note = co_await AssertReceive<Note>();
    auto from = std::find_if(next.begin(), next.end(),
                             [&note](const auto& sender) { return sender.first == note.from; });
    if (from == next.end()) from = next.insert(next.end(), {note.from, 0});
    EXPECT_EQ(note.text, absl::StrCat(from->second++));
    ++*taken;
  }
}

// NOD4: what is sent to connect is sent once, and nothing of it is lost.
TEST(SimultaneousConnectTest, BothSend) {
  for (int round = 0; round < kRounds && !testing::Test::HasFailure(); ++round) {
    SCOPED_TRACE(absl::StrCat("round ", round));
    Watched a("a");
    Watched b("b");
    int taken_by_a = 0;
    int taken_by_b = 0;
    a.local.SpawnNamed("sink", [&taken_by_a]() { return TakeNotes(&taken_by_a); });
    b.local.SpawnNamed("sink", [&taken_by_b]() { return TakeNotes(&taken_by_b); });
    const auto both_send_from = [](Watched& from, Watched& to) {
      from.local.runtime().Spawn(SendNotes, to.local.name());
      from.local.runtime().Spawn(SendNotes, to.local.name());
    };
    const auto await_end_of_sink = [](Watched& node) {
      node.local.Run([]() -> Async<> {
        const Ref ref = Monitor(ProcessName("sink"));
        const Down down = co_await AssertReceive<Down>();
        EXPECT_EQ(down.ref, ref);
      });
    };
    StartingGun gun(2);
    std::thread other([&] {
      gun.Await(Handicap(round, false));
      both_send_from(b, a);
    });
    gun.Await(Handicap(round, true));
    both_send_from(a, b);
    other.join();
    await_end_of_sink(a);
    await_end_of_sink(b);
    EXPECT_EQ(taken_by_a, 2 * kNotes);
    EXPECT_EQ(taken_by_b, 2 * kNotes);
    ExpectOneConnection(a, b);
  }
}

// NOD4: between any two of many.
TEST(SimultaneousConnectTest, AllConnectWithAll) {
  constexpr int kNodes = 6;
  std::vector<std::unique_ptr<Watched>> nodes;
  for (int i = 0; i < kNodes; ++i) nodes.push_back(std::make_unique<Watched>(absl::StrCat("n", i)));
  StartingGun gun(kNodes);
  std::vector<std::thread> threads;
  for (const auto& from : nodes) {
    threads.emplace_back([&nodes, &gun, &from] {
      gun.Await();
      from->local.Run([&]() -> Async<> {
        for (const auto& to : nodes) {
          if (to == from) continue;
          const absl::Status connected = co_await from->local.node().Connect(to->local.name());
          EXPECT_TRUE(connected.ok()) << connected;
        }
      });
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (const auto& from : nodes) {
    EXPECT_TRUE(from->watcher.AwaitUp(kNodes - 1));
    EXPECT_THAT(from->local.Connected(), SizeIs(kNodes - 1));
    EXPECT_THAT(from->watcher.up(), SizeIs(kNodes - 1));
    EXPECT_THAT(from->watcher.down(), IsEmpty());
  }
}

}  // namespace
}  // namespace hydra
