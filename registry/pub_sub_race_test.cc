// Publishing while others subscribe, unsubscribe and end, on threads.
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "hydra/base/status_testing.h"
#include "hydra/process/process.h"
#include "hydra/process/testing/process_test.h"
#include "hydra/process/testing/rounds.h"
#include "hydra/registry/pub_sub.h"

namespace hydra {
namespace {

struct News {
  static constexpr std::string_view kWireName = "test.News";
  Pid from;
  int64_t number;
  bool is_of_publisher = true;
};
struct Ready {};
struct Finished {
  Pid by;
};

constexpr int kPublishers = 2;

// Hears all that the publishers publish, in order.
Async<> Constant(PubSub events, int64_t rounds, Pid owner) {
  EXPECT_OK(events.Subscribe("topic"));
  Send(owner, Ready{});
  std::map<Pid, int64_t> next;
  for (int64_t left = kPublishers * rounds; left > 0;) {
    const News news = co_await AssertReceive<News>();
    CO_ASSERT_EQ(news.number, next[news.from]++);
    if (news.is_of_publisher) --left;
  }
  Send(owner, Finished{Self()});
}

// Comes and goes. While it is subscribed it hears its own; of the publishers never what is older than what it has
// heard. (A message that is being published when it goes and comes may reach it by both subscriptions.)
Async<> Fickle(PubSub events, int64_t rounds, Pid owner) {
  std::map<Pid, int64_t> newest;
  for (int64_t i = 0; i < rounds; ++i) {
    EXPECT_OK(events.Subscribe("topic"));
    events.Publish("topic", News{Self(), i, false});
    bool has_own = false;
    while (!has_own) {
      const News news = co_await AssertReceive<News>();
      CO_ASSERT_GE(news.number, newest[news.from]);
      newest[news.from] = news.number;
      has_own = news.from == Self() && news.number == i;
    }
    events.Unsubscribe("topic");
  }
  Send(owner, Finished{Self()});
}

// Ends while it is subscribed. The last may come when all is over.
Async<> Mortal(PubSub events) {
  for (int i = 0; i < 2; ++i) static_cast<void>(events.Subscribe("topic"));
  co_await Yield();
}

Async<> Publisher(PubSub events, int64_t rounds, Pid owner) {
  for (int64_t i = 0; i < rounds; ++i) {
    events.Publish("topic", News{Self(), i});
    Spawn(Mortal, events);
    if (i % 4 == 0) co_await Yield();
  }
  Send(owner, Finished{Self()});
}

TEST(PubSubRaceTest, NothingIsLostDoubledOrOutOfOrder) {
  TestOnThreads([]() -> Async<> {
    const PubSub events({.partitions = 2});
    EXPECT_OK(co_await events.StartLink());
    const int64_t rounds = Rounds(100'000);
    for (int i = 0; i < 3; ++i) Spawn(Constant, events, rounds, Self());
    for (int i = 0; i < 3; ++i) co_await AssertReceive<Ready>();
    for (int i = 0; i < 2; ++i) Spawn(Fickle, events, rounds / 4, Self());
    for (int i = 0; i < kPublishers; ++i) Spawn(Publisher, events, rounds, Self());
    for (int i = 0; i < 5 + kPublishers; ++i)
      co_await AssertReceive<Finished>(testing::_, absl::Seconds(40));
  });
}

}  // namespace
}  // namespace hydra
