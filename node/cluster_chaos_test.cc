// Five nodes that are OS processes, under cuts, silence, slow links, stops and kills, by a seed. What they have seen they
// write down, and this test, which is none of them, reads it.
//
//   HYDRA_CHAOS_SEEDS=1,2,3 HYDRA_CHAOS_SECONDS=20      instead of a few seeds for some seconds each
#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <iostream>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "absl/container/btree_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "hydra/base/status_testing.h"
#include "hydra/node/node_options.h"
#include "hydra/node/testing/citizen.h"
#include "hydra/node/testing/local_node.h"
#include "hydra/node/testing/loopback.h"
#include "hydra/node/testing/os_node.h"
#include "hydra/node/testing/tcp_proxy.h"
#include "hydra/process/process.h"

namespace hydra::node_testing {
namespace {

constexpr size_t kNodes = 5;
constexpr absl::Duration kTick = absl::Seconds(1);
constexpr absl::Duration kPatience = absl::Seconds(15);

std::string FromEnvironment(const char* name, const std::string& otherwise) {
  const char* value = std::getenv(name);
  return value == nullptr ? otherwise : value;
}

// One node, with what comes after it under its name when it was killed.
class Citizenry {
 public:
  explicit Citizenry(size_t index) : index_(index), port_(UnusedPort()), proxy_(port_) { Start(); }

  const std::string& name() const { return node_->name(); }
  TcpProxy& proxy() { return proxy_; }
  std::string log() const { return node_->log(); }

  void Restart() {
    Continue();
    node_->Kill();
    proxy_.Heal();
    Start();
  }
  void Stop() {
    if (!std::exchange(is_stopped_, true)) node_->Stop();
  }
  void Continue() {
    if (std::exchange(is_stopped_, false)) node_->Continue();
  }

  // Of each life, the last one of the node that is there.
  const std::vector<std::string>& journals() const { return journals_; }

 private:
  void Start() {
    node_.reset();
    node_ = std::make_unique<OsNode>(NodeOptions{.name = absl::StrCat("n", index_),
                                                 .listen = absl::StrCat("127.0.0.1:", port_),
                                                 .advertise = proxy_.address(),
                                                 .handshake_timeout = absl::Seconds(2),
                                                 .tick_time = kTick},
                                     "", true);
    static int count = 0;
    journals_.push_back(absl::StrCat(testing::TempDir(), "/journal", getpid(), "_", ++count));
  }

  const size_t index_;
  const int port_;
  TcpProxy proxy_;
  std::unique_ptr<OsNode> node_;
  bool is_stopped_ = false;
  std::vector<std::string> journals_;
};

struct Tally {
  int64_t monitors = 0;
  int64_t calls = 0;
  int64_t failed_calls = 0;
};

// What a life has seen. One that was killed hasn't seen the end of all.
void ReadJournal(const std::string& path, bool is_whole, Tally& tally) {
  absl::btree_map<std::string, int> open_monitors;
  absl::btree_map<std::string, int> open_calls;
  std::ifstream journal(path);
  std::string line;
  while (std::getline(journal, line)) {
    const std::vector<std::string> words = absl::StrSplit(line, ' ');
    if (words[0] == "monitor") {
      ++tally.monitors;
      EXPECT_EQ(++open_monitors[words[1]], 1) << line;
    } else if (words[0] == "down") {
      EXPECT_EQ(open_monitors.erase(words[1]), 1U) << line;
    } else if (words[0] == "call") {
      ++tally.calls;
      EXPECT_EQ(++open_calls[words[1]], 1) << line;
    } else if (words[0] == "outcome") {
      EXPECT_EQ(open_calls.erase(words[1]), 1U) << line;
      if (words[2] != "OK") ++tally.failed_calls;
      EXPECT_NE(words[2], "wrong") << line;
    } else {
      ADD_FAILURE() << line;
    }
  }
  if (!is_whole) return;
  EXPECT_TRUE(open_monitors.empty()) << open_monitors.size() << " without a Down: " << path;
  EXPECT_TRUE(open_calls.empty()) << open_calls.size() << " without an outcome: " << path;
}

template <typename T>
using OrStatus = absl::StatusOr<T>;

// Whether it is so soon.
bool Becomes(const std::function<bool()>& is_so) {
  for (const absl::Time end = absl::Now() + kPatience; absl::Now() < end;) {
    if (is_so()) return true;
    absl::SleepFor(absl::Milliseconds(50));
  }
  return false;
}

class Cluster {
 public:
  Cluster() {
    for (size_t i = 0; i < kNodes; ++i) nodes_.push_back(std::make_unique<Citizenry>(i));
  }

  Citizenry& at(size_t i) { return *nodes_[i]; }

  // From a node that is none of them; asked again for a while.
  template <typename M>
  auto Ask(size_t i, M message, const std::string& whom = "citizen") {
    using Reply = typename M::Reply;
    std::optional<std::conditional_t<std::is_void_v<Reply>, absl::Status, OrStatus<Reply>>> reply;
    here_.Run([&]() -> Async<> {
      const absl::Time end = absl::Now() + kPatience;
      do {
        reply = co_await Request(Dest(whom, at(i).name()), message).Within(absl::Seconds(5));
        if (reply->ok()) co_return;
        co_await Sleep(absl::Milliseconds(100));
      } while (absl::Now() < end);
    });
    return *std::move(reply);
  }

  void LetLive(size_t i, int64_t seed) {
    std::vector<std::string> peers;
    for (size_t j = 0; j < kNodes; ++j) {
      if (j != i) peers.push_back(at(j).name());
    }
    EXPECT_OK(Ask(i, Live{.seed = seed, .peers = peers, .journal = at(i).journals().back()}));
  }

  void HealAll() {
    for (size_t i = 0; i < kNodes; ++i) {
      at(i).proxy().Heal();
      at(i).Continue();
    }
  }

  void SettleAll() {
    HealAll();
    for (size_t i = 0; i < kNodes; ++i) EXPECT_OK(Ask(i, Settle{})) << at(i).name();
  }

  // NOD30
  bool HaveSameMembers(const std::string& group) {
    std::vector<Pid> first;
    for (size_t i = 0; i < kNodes; ++i) {
      absl::StatusOr<std::vector<Pid>> members = Ask(i, ReadGroup{group});
      if (!members.ok() || (group == "all" && members->size() != kNodes)) return false;
      std::sort(members->begin(), members->end());  // each node has an order of its own
      if (i == 0) first = *members;
      if (*members != first) return false;
    }
    return true;
  }

  // NOD15: each subscriber has been told the same: who has come and gone, by turns; and that all others are there.
  bool AreNodeEventsRight(size_t i) {
    const OrStatus<std::vector<std::string>> events = Ask(i, ReadNodeEvents{}, "observer0");
    if (!events.ok() || Ask(i, ReadNodeEvents{}, "observer1") != events) return false;
    absl::btree_map<std::string, std::string> last;
    for (const std::string& event : *events) {
      const std::vector<std::string> words = absl::StrSplit(event, ' ');
      const auto [node, is_first] = last.try_emplace(words[1], "down");
      if (std::exchange(node->second, words[0]) == words[0]) return false;
    }
    for (size_t j = 0; j < kNodes; ++j) {
      if (j != i && last[at(j).name()] != "up") return false;
    }
    return true;
  }

  bool IsLike(size_t i, const Census& idle) {
    return Ask(i, TakeCensus{}).value_or(Census()) == idle;
  }

 private:
  std::vector<std::unique_ptr<Citizenry>> nodes_;
  LocalNode here_{"here", {.handshake_timeout = absl::Seconds(2), .tick_time = kTick}};
};

void Harm(Cluster& cluster, std::minstd_rand& random, int64_t seed) {
  const auto draw = [&random](size_t below) { return random() / 8 % below; };
  const size_t i = draw(kNodes);
  Citizenry& victim = cluster.at(i);
  switch (draw(8)) {
    case 0:
      victim.proxy().Cut(TcpProxy::Ending::kReset);
      break;
    case 1:
      victim.proxy().Cut(TcpProxy::Ending::kClose);
      break;
    case 2:
      victim.proxy().Stall(TcpProxy::Way::kToTarget);
      break;
    case 3:
      victim.proxy().Stall(TcpProxy::Way::kFromTarget);
      break;
    case 4:
      victim.proxy().Throttle(1'000'000);
      victim.proxy().Delay(absl::Milliseconds(30));
      break;
    case 5:
      victim.Stop();
      break;
    case 6:
      victim.Restart();
      cluster.LetLive(i, seed);
      break;
    default:
      cluster.HealAll();
  }
  // Not all are harmed for longer than a tick or two.
  Citizenry& healed = cluster.at(draw(kNodes));
  if (draw(2) == 0) {
    healed.proxy().Heal();
    healed.Continue();
  }
  absl::SleepFor(absl::Milliseconds(50 + draw(600)));
}

// Returns what a node has when it is idle: it is the same for all.
Census TakeIdleCensus(Cluster& cluster, int64_t seed) {
  for (size_t i = 0; i < kNodes; ++i) cluster.LetLive(i, seed);
  cluster.SettleAll();
  EXPECT_TRUE(Becomes([&] { return cluster.HaveSameMembers("all"); }));
  Census idle;
  EXPECT_TRUE(Becomes([&] {
    idle = cluster.Ask(0, TakeCensus{}).value_or(Census());
    for (size_t i = 1; i < kNodes; ++i) {
      if (!cluster.IsLike(i, idle)) return false;
    }
    return true;
  }));
  return idle;
}

// NOD12, NOD14, NOD15, NOD17, NOD30
void Rage(int64_t seed, absl::Duration time) {
  Cluster cluster;
  const Census idle = TakeIdleCensus(cluster, seed);
  std::minstd_rand random(static_cast<uint32_t>(seed));
  for (size_t i = 0; i < kNodes; ++i) cluster.LetLive(i, seed + 100);
  const absl::Time end = absl::Now() + time;
  for (int64_t harm = 0; absl::Now() < end; ++harm) Harm(cluster, random, seed + 200 + harm);
  cluster.SettleAll();

  for (const char* group : {"all", "changing"})
    EXPECT_TRUE(Becomes([&] { return cluster.HaveSameMembers(group); })) << group;
  Tally tally;
  size_t lives = 0;
  for (size_t i = 0; i < kNodes; ++i) {
    // Nothing is kept of connections and processes that were lost.
    EXPECT_TRUE(Becomes([&] { return cluster.IsLike(i, idle); }))
        << cluster.at(i).name() << " has " << cluster.Ask(i, TakeCensus{}).value_or(Census())
        << "\nand had " << idle;
    EXPECT_TRUE(Becomes([&] { return cluster.AreNodeEventsRight(i); })) << cluster.at(i).name();
    const std::vector<std::string>& journals = cluster.at(i).journals();
    for (const std::string& journal : journals)
      ReadJournal(journal, journal == journals.back(), tally);
    lives += journals.size();
  }
  EXPECT_GT(tally.failed_calls, 0);
  std::cout << "seed " << seed << ": " << lives << " lives, " << tally.monitors << " monitors, "
            << tally.calls << " calls, of which " << tally.failed_calls << " failed\n";
  if (!testing::Test::HasFailure()) return;
  for (size_t i = 0; i < kNodes; ++i)
    std::cout << "---- " << cluster.at(i).name() << "\n" << cluster.at(i).log();
}

TEST(ClusterChaosTest, WhatIsPromisedHolds) {
  const std::string seeds = FromEnvironment("HYDRA_CHAOS_SEEDS", "1,2,3");
  int seconds = 0;
  ASSERT_TRUE(absl::SimpleAtoi(FromEnvironment("HYDRA_CHAOS_SECONDS", "4"), &seconds));
  for (const std::string& text : std::vector<std::string>(absl::StrSplit(seeds, ','))) {
    SCOPED_TRACE("HYDRA_CHAOS_SEEDS=" + text);
    int64_t seed = 0;
    ASSERT_TRUE(absl::SimpleAtoi(text, &seed));
    Rage(seed, absl::Seconds(seconds));
  }
}

}  // namespace
}  // namespace hydra::node_testing
