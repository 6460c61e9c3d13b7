// Large messages, between OS processes.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iostream>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "hydra/base/status_testing.h"
#include "hydra/node/node_options.h"
#include "hydra/node/testing/local_node.h"
#include "hydra/node/testing/os_node.h"
#include "hydra/node/testing/residents.h"
#include "hydra/process/process.h"
#include "hydra/process/testing/process_test.h"

namespace hydra::node_testing {
namespace {

using testing::ElementsAre;
using testing::SizeIs;

constexpr absl::Duration kPatience = absl::Seconds(60);
constexpr size_t kMegabyte = 1'000'000;

// Sends one after the other, numbered.
Async<> BulkSender(std::string to, std::string sender, std::vector<size_t> sizes) {
  for (size_t i = 0; i < sizes.size(); ++i) {
    Send(Dest("sink", to), Bulk::Make(sender, static_cast<int64_t>(i), sizes[i]));
    co_await Yield();  // held while too much is waiting
  }
}

Async<ReadSink::Reply> AwaitSunk(std::string node, int64_t count) {
  absl::StatusOr<ReadSink::Reply> came =
      co_await Request(Dest("sink", node), ReadSink{count}).Within(kPatience);
  EXPECT_OK(came);
  co_return std::move(came).value_or(ReadSink::Reply());
}

struct Latencies {
  size_t count = 0;
  absl::Duration worst;
  absl::Duration total;

  void Add(absl::Duration latency) {
    ++count;
    worst = std::max(worst, latency);
    total += latency;
  }
};

// Measures round trips to "echo" until it is asked.
struct HowWasIt {
  using Reply = Latencies;
};
Async<> Measure(std::string node) {
  Latencies latencies;
  while (true) {
    if (auto asked = co_await Receive<Asked<HowWasIt>>().Within(absl::ZeroDuration())) {
      asked->reply_to.Send(latencies);
      co_return;
    }
    const absl::Time before = absl::Now();
    EXPECT_THAT(co_await Request(Dest("echo", node), Echo{"ping"}), IsOkAndHolds("ping"));
    latencies.Add(absl::Now() - before);
    co_await Sleep(absl::Milliseconds(1));
  }
}

// NOD19: a gigabyte, in messages of 100 MB, keeps pings under 100 ms. NOD11: and nobody takes anybody for dead.
TEST(LargeTest, PingsGetThroughBesideAGigabyte) {
  LocalNode here("here", {.tick_time = absl::Seconds(1)}, MoveIn);
  OsNode peer({.name = "peer", .tick_time = absl::Seconds(1)});
  here.Run([&]() -> Async<> {
    EXPECT_OK(co_await here.node().Connect(peer.name()));
    const Pid measuring = Spawn(Measure, peer.name());
    const absl::Time before = absl::Now();
    Spawn(BulkSender, peer.name(), std::string("bulk"), std::vector<size_t>(10, 100 * kMegabyte));
    EXPECT_THAT(co_await AwaitSunk(peer.name(), 10), SizeIs(10));
    const absl::Duration taken = absl::Now() - before;
    const absl::StatusOr<Latencies> pings = co_await Request(measuring, HowWasIt{});
    CO_ASSERT_TRUE(pings.ok());
    std::cout << "a gigabyte in " << taken << ", " << pings->count << " pings, " << pings->worst
              << " the worst, " << pings->total / pings->count << " on average\n";
    EXPECT_LT(pings->worst, absl::Milliseconds(100));
    EXPECT_THAT(co_await Request("log", ReadLog{}), IsOkAndHolds(ElementsAre("up " + peer.name())));
  });
}

// NOD19: what one process sends arrives in its order, small or large, whatever others send; more of them at a time than
// may have large ones on their way.
TEST(LargeTest, EachSendersOrderHolds) {
  LocalNode here("here", {}, MoveIn);
  OsNode peer({.name = "peer"});
  constexpr int kSenders = 40;
  const std::vector<size_t> sizes = {1,       3 * kMegabyte, 100, 65'536, 65'537, 0,
                                     200'000, 300'000,       50,  60'000, 70'000, 1};
  here.Run([&]() -> Async<> {
    for (int i = 0; i < kSenders; ++i)
      Spawn(BulkSender, peer.name(), absl::StrCat("sender ", i), sizes);
    std::map<std::string, std::vector<int64_t>> numbers;
    for (const auto& [sender, number] : co_await AwaitSunk(peer.name(), kSenders * sizes.size()))
      numbers[sender].push_back(number);
    EXPECT_THAT(numbers, SizeIs(kSenders));
    for (const auto& [sender, came] : numbers)
      EXPECT_THAT(came, ElementsAre(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11)) << sender;
  });
}

// NOD20: a message that is too large for the other node ends the connection; that it comes from isn't harmed, nor is
// any other. Where the sender knows that it is too large it is an error of his.
TEST(LargeTest, TooLargeForTheOtherEndsTheConnection) {
  LocalNode here("here", {}, MoveIn);
  OsNode peer({.name = "peer", .max_message_bytes = 10 * kMegabyte});
  OsNode other({.name = "other"});
  here.Run([&]() -> Async<> {
    const Dest sink("sink", peer.name());
    EXPECT_OK(co_await here.node().Connect(other.name()));
    MonitorNodes(true);
    Send(sink, Bulk::Make("fits", 0, 9 * kMegabyte));
    EXPECT_THAT(co_await AwaitSunk(peer.name(), 1), SizeIs(1));
    Send(sink, Bulk::Make("too large", 0, 12 * kMegabyte));
    const NodeDown down = co_await AssertReceive<NodeDown>();
    EXPECT_EQ(down.node, peer.name());
    EXPECT_THAT(Nodes(), ElementsAre(other.name()));
    EXPECT_THAT(co_await AwaitSunk(peer.name(), 1), SizeIs(1));  // over a new one
  });
}

TEST(LargeTest, TooLargeForThisNodeIsAnErrorOfTheSender) {
  LocalNode here("here", {.max_message_bytes = 10 * kMegabyte}, MoveIn);
  OsNode peer({.name = "peer"});
  here.Run([&]() -> Async<> {
    const Dest echo("echo", peer.name());
    EXPECT_THAT(co_await Request(echo, Echo{std::string(11 * kMegabyte, 'x')}),
                StatusIs(absl::StatusCode::kInvalidArgument));
    const MonitoredProcess sender = SpawnMonitor(BulkSender, peer.name(), std::string("too large"),
                                                 std::vector<size_t>{11 * kMegabyte});
    EXPECT_FALSE((co_await Receive<Down>().For(sender.ref)).reason.IsClean());
    EXPECT_THAT(co_await Request(echo, Echo{"hello"}), IsOkAndHolds("hello"));
    EXPECT_THAT(co_await Request("log", ReadLog{}), IsOkAndHolds(ElementsAre("up " + peer.name())));
  });
}

}  // namespace
}  // namespace hydra::node_testing
