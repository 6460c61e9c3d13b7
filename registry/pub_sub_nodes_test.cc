// PubSub across nodes: what Phoenix.PubSub promises.
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "hydra/base/status_testing.h"
#include "hydra/genserver/genserver.h"
#include "hydra/process/process.h"
#include "hydra/registry/nodes_testing.h"
#include "hydra/registry/pub_sub.h"

namespace hydra {
namespace {

using registry_testing::FakeNodes;
using testing::ElementsAre;
using testing::IsEmpty;

constexpr size_t kA = 0;
constexpr size_t kB = 1;
constexpr size_t kC = 2;

struct News {
  static constexpr std::string_view kWireName = "test.News";
  int number = 0;
  Pid from = {};
};
struct Answer {
  static constexpr std::string_view kWireName = "test.Answer";
  int number = 0;
};
struct Never {};

// Three nodes; the first two have a PubSub "events".
class PubSubNodesTest : public testing::Test {
 protected:
  PubSubNodesTest() {
    Start(kA, a_);
    Start(kB, b_);
    nodes_.ConnectAll();
    nodes_.Settle();
    nodes_.network().SetFilter([this](const Envelope& envelope) {
      if (envelope.value.type == "hydra.pubsub.Published") ++sent_;
      return true;
    });
  }

  void Start(size_t i, const PubSub& pub_sub) {
    nodes_[i].Spawn([pub_sub]() -> Async<> {
      TrapExit(true);
      EXPECT_OK(co_await pub_sub.StartLink());
      co_await Receive<Never>();
    });
    nodes_.Settle();
  }

  // What a subscriber of a node hears, from now on.
  using Heard = std::shared_ptr<std::vector<int>>;
  Heard Subscribe(size_t i, const PubSub& pub_sub, const std::vector<std::string>& topics) {
    auto heard = std::make_shared<std::vector<int>>();
    nodes_[i].Spawn([=]() -> Async<> {
      for (const std::string& topic : topics) EXPECT_OK(pub_sub.Subscribe(topic));
      while (true) {
        const News news = co_await Receive<News>();
        heard->push_back(news.number);
        if (news.from) Send(news.from, Answer{news.number});
      }
    });
    nodes_.Settle();
    return heard;
  }

  // Runs `publish` as a process of the first node.
  void Publish(const std::function<void()>& publish) {
    nodes_.RunOn(kA, [&]() -> Async<> {
      publish();
      co_return;
    });
    nodes_.Settle();
  }

  FakeNodes nodes_{3};
  const PubSub a_{{.name = "events"}};
  const PubSub b_{{.name = "events"}};
  int sent_ = 0;
};

TEST_F(PubSubNodesTest, SubscribersOfAllNodesGetIt) {
  const Heard here = Subscribe(kA, a_, {"orders"});
  const Heard there = Subscribe(kB, b_, {"orders"});
  const Heard twice = Subscribe(kB, b_, {"orders", "orders"});
  const Heard elsewhere = Subscribe(kB, b_, {"returns"});
  Publish([&] { a_.Publish("orders", News{1}); });
  EXPECT_THAT(*here, ElementsAre(1));
  EXPECT_THAT(*there, ElementsAre(1));
  EXPECT_THAT(*twice, ElementsAre(1, 1));
  EXPECT_THAT(*elsewhere, IsEmpty());
  EXPECT_EQ(sent_, 1) << "once to the other node, not at all to the one without";
}

TEST_F(PubSubNodesTest, WhatIsPublishedLocallyStays) {
  const Heard here = Subscribe(kA, a_, {"orders"});
  const Heard there = Subscribe(kB, b_, {"orders"});
  Publish([&] { a_.PublishLocally("orders", News{1}); });
  Publish([&] { a_.PublishLocallyToOthers("orders", News{2}); });
  EXPECT_THAT(*here, ElementsAre(1, 2));
  EXPECT_THAT(*there, IsEmpty());
}

TEST_F(PubSubNodesTest, OthersAreAllButTheCaller) {
  const Heard here = Subscribe(kA, a_, {"orders"});
  const Heard there = Subscribe(kB, b_, {"orders"});
  nodes_.RunOn(kA, [&]() -> Async<> {
    EXPECT_OK(a_.Subscribe("orders"));
    a_.PublishToOthers("orders", News{1});
    EXPECT_FALSE((co_await Receive<News>().Within(absl::ZeroDuration())).has_value());
  });
  nodes_.Settle();
  EXPECT_THAT(*here, ElementsAre(1));
  EXPECT_THAT(*there, ElementsAre(1));
}

// SIG2
TEST_F(PubSubNodesTest, MessagesOfOnePublisherArriveInOrder) {
  const Heard one = Subscribe(kB, b_, {"a", "b"});
  const Heard two = Subscribe(kB, b_, {"b", "a"});
  std::vector<int> numbers;
  Publish([&] {
    for (int i = 0; i < 100; ++i) {
      a_.Publish(i % 3 == 0 ? "a" : "b", News{i});
      numbers.push_back(i);
    }
  });
  EXPECT_EQ(*one, numbers);
  EXPECT_EQ(*two, numbers);
}

TEST_F(PubSubNodesTest, WhoIsNamedInItCanBeAnswered) {
  Subscribe(kB, b_, {"orders"});
  std::vector<int> answers;
  const Pid publisher = nodes_[kA].Spawn([&]() -> Async<> {
    a_.Publish("orders", News{7, Self()});
    answers.push_back((co_await Receive<Answer>()).number);
  });
  nodes_.Settle();
  EXPECT_THAT(answers, ElementsAre(7)) << publisher;
}

TEST_F(PubSubNodesTest, ALiteralIsAString) {
  std::vector<std::string> heard;
  nodes_[kB].Spawn([&]() -> Async<> {
    EXPECT_OK(b_.Subscribe("words"));
    while (true) heard.push_back(co_await Receive<std::string>());
  });
  nodes_.Settle();
  Publish([&] { a_.Publish("words", "hello"); });
  EXPECT_THAT(heard, ElementsAre("hello"));
}

TEST_F(PubSubNodesTest, ACutIsHealed) {
  const Heard there = Subscribe(kB, b_, {"orders"});
  nodes_.Cut(kA, kB);
  Publish([&] { a_.Publish("orders", News{1}); });  // before its process has heard of the loss
  nodes_.RunOn(kA, []() -> Async<> {
    EXPECT_THAT(Nodes(), ElementsAre("c@test")) << "nothing is dialled";
    co_return;
  });
  Publish([&] { a_.Publish("orders", News{2}); });
  EXPECT_THAT(*there, IsEmpty());
  nodes_.Connect(kA, kB);
  nodes_.Settle();
  Publish([&] { a_.Publish("orders", News{3}); });
  EXPECT_THAT(*there, ElementsAre(3));
}

TEST_F(PubSubNodesTest, ItsProcessMayBeStartedAnew) {
  const Heard here = Subscribe(kA, a_, {"orders"});
  nodes_.RunOn(kB, [&]() -> Async<> { EXPECT_OK(co_await Stop("events")); });
  nodes_.Settle();
  Publish([&] { a_.Publish("orders", News{1}); });
  EXPECT_EQ(sent_, 0);
  Start(kB, b_);
  const Heard there = Subscribe(kB, b_, {"orders"});
  Publish([&] { a_.Publish("orders", News{2}); });
  EXPECT_THAT(*there, ElementsAre(2));
  nodes_.RunOn(kB, [&]() -> Async<> {
    b_.Publish("orders", News{3});
    co_return;
  });
  nodes_.Settle();
  EXPECT_THAT(*here, ElementsAre(1, 2, 3));
}

TEST_F(PubSubNodesTest, NothingIsPublishedWhileItsProcessDoesntRun) {
  const Heard there = Subscribe(kB, b_, {"orders"});
  nodes_.RunOn(kA, [&]() -> Async<> {
    EXPECT_OK(co_await Stop("events"));
    a_.Publish("orders", News{1});
  });
  nodes_.Settle();
  EXPECT_THAT(*there, IsEmpty());
  EXPECT_EQ(sent_, 0);
}

TEST_F(PubSubNodesTest, AThirdOneJoins) {
  const PubSub c({.name = "events"});
  Start(kC, c);
  const Heard at_b = Subscribe(kB, b_, {"orders"});
  const Heard at_c = Subscribe(kC, c, {"orders"});
  Publish([&] { a_.Publish("orders", News{1}); });
  EXPECT_THAT(*at_b, ElementsAre(1));
  EXPECT_THAT(*at_c, ElementsAre(1));
  EXPECT_EQ(sent_, 2);
}

TEST_F(PubSubNodesTest, OneWithoutANameIsItsNodes) {
  const PubSub here;
  const PubSub there;
  Start(kA, here);
  Start(kB, there);
  const Heard heard = Subscribe(kB, there, {"orders"});
  Publish([&] { here.Publish("orders", News{1}); });
  EXPECT_THAT(*heard, IsEmpty());
  EXPECT_EQ(sent_, 0);
}

struct Unwritable {
  static constexpr std::string_view kWireName = "test.Unwritable";
  void Encode(WireWriter&) const { throw std::runtime_error("unwritable"); }
  static std::optional<Unwritable> Decode(WireReader&) { return Unwritable(); }
};

TEST_F(PubSubNodesTest, WhatCantBeWrittenIsThePublishersAffair) {
  Publish([&] { EXPECT_THROW(a_.Publish("orders", Unwritable()), std::runtime_error); });
  const Heard there = Subscribe(kB, b_, {"orders"});
  Publish([&] { a_.Publish("orders", News{1}); });
  EXPECT_THAT(*there, ElementsAre(1));
}

}  // namespace
}  // namespace hydra
