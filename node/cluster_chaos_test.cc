// Five nodes that are OS processes, under cuts, silence, slow links, stops and kills, by a seed. What they have seen they
// write down, and this test, which is none of them, reads it.
//
//   HYDRA_CHAOS_SEEDS=1,2,3 HYDRA_CHAOS_SECONDS=20      instead of one seed for eight seconds
#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/btree_map.h"
#include "absl/status/statusor.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "hydra/base/status_testing.h"
#include "hydra/node/node_options.h"
#include "hydra/node/testing/citizen.h"
#include "hydra/node/testing/local_node.h"
#include "hydra/node/testing/os_node.h"
#include "hydra/node/testing/tcp_proxy.h"
#include "hydra/process/process.h"

namespace hydra::node_testing {
namespace {

constexpr size_t kNodes = 5;
constexpr absl::Duration kTick = absl::Seconds(1);
constexpr absl::Duration kPatience = absl::Seconds(30);

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
  bool is_stopped() const { return is_stopped_; }

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

class Cluster {
 public:
  Cluster() {
    for (size_t i = 0; i < kNodes; ++i) nodes_.push_back(std::make_unique<Citizenry>(i));
  }

  Citizenry& at(size_t i) { return *nodes_[i]; }

  // From a node that is none of them; asked again for a while.
  template <typename M>
  absl::StatusOr<typename M::Reply> Ask(size_t i, M message) {
    std::optional<absl::StatusOr<typename M::Reply>> reply;
    const std::string name = at(i).name();
    here_.Run([&]() -> Async<> {
      const absl::Time end = absl::Now() + kPatience;
      do {
        reply = co_await Request(Dest("citizen", name), message).Within(absl::Seconds(5));
        if (reply->ok()) co_return;
        co_await Sleep(absl::Milliseconds(100));
      } while (absl::Now() < end);
    });
    return *std::move(reply);
  }

  // Void replies are statuses.
  template <typename M>
  void Tell(size_t i, M message) {
    absl::Status status;
    const std::string name = at(i).name();
    here_.Run([&]() -> Async<> {
      const absl::Time end = absl::Now() + kPatience;
      do {
        status = co_await Request(Dest("citizen", name), message).Within(absl::Seconds(5));
        if (status.ok()) co_return;
        co_await Sleep(absl::Milliseconds(100));
      } while (absl::Now() < end);
    });
    EXPECT_OK(status) << name;
  }

  void LetLive(size_t i, int64_t seed) {
    std::vector<std::string> peers;
    for (size_t j = 0; j < kNodes; ++j) {
      if (j != i) peers.push_back(at(j).name());
    }
    Tell(i, Live{.seed = seed, .peers = peers, .journal = at(i).journals().back()});
  }

  void SettleAll() {
    for (size_t i = 0; i < kNodes; ++i) {
      at(i).proxy().Heal();
      at(i).Continue();
    }
    for (size_t i = 0; i < kNodes; ++i) Tell(i, Settle{});
  }

  // Groups, NOD30.
  bool AreEqual(const std::string& group) {
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
  bool BecomeEqual(const std::string& group) {
    for (const absl::Time end = absl::Now() + kPatience; absl::Now() < end;) {
      if (AreEqual(group)) return true;
      absl::SleepFor(absl::Milliseconds(50));
    }
    return false;
  }

  // What an idle node has: files are those of connections too, by either side, and may be a few more.
  bool BecomeLike(size_t i, const Census& before, Census& now) {
    for (const absl::Time end = absl::Now() + kPatience; absl::Now() < end;) {
      const absl::StatusOr<Census> census = Ask(i, TakeCensus{});
      if (!census.ok()) return false;
      now = *census;
      if (now.processes == before.processes && now.links == before.links &&
          now.monitors == before.monitors && now.monitored_by == before.monitored_by &&
          now.files <= before.files + 10)
        return true;
      absl::SleepFor(absl::Milliseconds(100));
    }
    return false;
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
      victim.proxy().Throttle(20'000);
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
      for (size_t j = 0; j < kNodes; ++j) {
        cluster.at(j).proxy().Heal();
        cluster.at(j).Continue();
      }
  }
  // Not all are harmed for longer than a tick or two.
  Citizenry& healed = cluster.at(draw(kNodes));
  if (draw(2) == 0) {
    healed.proxy().Heal();
    healed.Continue();
  }
  absl::SleepFor(absl::Milliseconds(50 + draw(600)));
}

// NOD12, NOD15, NOD17, NOD30
TEST(ClusterChaosTest, WhatIsPromisedHolds) {
  const std::string seeds = FromEnvironment("HYDRA_CHAOS_SEEDS", "1");
  int seconds = 0;
  ASSERT_TRUE(absl::SimpleAtoi(FromEnvironment("HYDRA_CHAOS_SECONDS", "8"), &seconds));
  for (const std::string& text : std::vector<std::string>(absl::StrSplit(seeds, ','))) {
    SCOPED_TRACE("HYDRA_CHAOS_SEEDS=" + text);
    int64_t seed = 0;
    ASSERT_TRUE(absl::SimpleAtoi(text, &seed));
    Cluster cluster;
    for (size_t i = 0; i < kNodes; ++i) cluster.LetLive(i, seed);
    cluster.SettleAll();
    EXPECT_TRUE(cluster.BecomeEqual("all"));
    Census idle[kNodes];
    for (size_t i = 0; i < kNodes; ++i) {
      const absl::StatusOr<Census> census = cluster.Ask(i, TakeCensus{});
      ASSERT_OK(census);
      idle[i] = *census;
    }

    std::minstd_rand random(static_cast<uint32_t>(seed));
    for (size_t i = 0; i < kNodes; ++i) cluster.LetLive(i, seed + 100);
    const absl::Time end = absl::Now() + absl::Seconds(seconds);
    for (int64_t harm = 0; absl::Now() < end; ++harm) Harm(cluster, random, seed + 200 + harm);
    cluster.SettleAll();

    EXPECT_TRUE(cluster.BecomeEqual("all"));
    EXPECT_TRUE(cluster.BecomeEqual("changing"));
    Tally tally;
    size_t lives = 0;
    for (size_t i = 0; i < kNodes; ++i) {
      Census now;
      EXPECT_TRUE(cluster.BecomeLike(i, idle[i], now))
          << cluster.at(i).name() << " has " << now << "\nand had " << idle[i];
      const std::vector<std::string>& journals = cluster.at(i).journals();
      for (const std::string& journal : journals) {
        ReadJournal(journal, journal == journals.back(), tally);
        ++lives;
      }
    }
    EXPECT_GT(tally.failed_calls, 0);
    std::cout << "seed " << seed << ": " << lives << " lives, " << tally.monitors << " monitors, "
              << tally.calls << " calls, of which " << tally.failed_calls << " failed\n";
  }
}

}  // namespace
}  // namespace hydra::node_testing
