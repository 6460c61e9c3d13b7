// PubSub: who is sent what is published. What a registry is besides, the tests of DuplicateRegistry say.
#include "hydra/registry/pub_sub.h"

#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "hydra/base/log_testing.h"
#include "hydra/base/status_testing.h"
#include "hydra/genserver/genserver.h"
#include "hydra/process/process.h"
#include "hydra/process/testing/process_test.h"
#include "hydra/registry/registry_entry.h"
#include "hydra/supervisor/supervisor.h"

namespace hydra {
namespace {

using absl::StatusCode;
using testing::ElementsAre;
using testing::Field;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

struct News {
  static constexpr std::string_view kWireName = "test.News";
  int number;
};
struct Heard {
  Pid by;
  int number;
};
struct Subscribed {
  Pid pid;
};
struct Unsubscribe {
  std::string topic;
};
struct Unsubscribed {};

// Subscribes to the topics, and tells `owner` of all it hears.
Async<> Listener(PubSub events, std::vector<std::string> topics, Pid owner) {
  for (const std::string& topic : topics) EXPECT_OK(events.Subscribe(topic));
  Send(owner, Subscribed{Self()});
  for (;;) {
    co_await Receive([&](News news) { Send(owner, Heard{Self(), news.number}); },
                     [&](const Unsubscribe& unsubscribe) {
                       events.Unsubscribe(unsubscribe.topic);
                       Send(owner, Unsubscribed{});
                     });
  }
}

Async<Pid> StartListener(PubSub events, std::vector<std::string> topics) {
  const Pid pid = Spawn(Listener, events, std::move(topics), Self());
  co_await Receive<Subscribed>().Where([pid](Subscribed by) { return by.pid == pid; });
  co_return pid;
}

// Starts the PubSub's process; the caller traps exits from now on.
Async<PubSub> StartPubSub(RegistryOptions options = {}) {
  TrapExit(true);
  PubSub events(std::move(options));
  EXPECT_OK(co_await events.StartLink());
  co_return events;
}

// What `pid` tells that it has heard next, `count` times.
Async<std::vector<int>> HeardBy(Pid pid, size_t count) {
  std::vector<int> numbers;
  while (numbers.size() < count)
    numbers.push_back((co_await AssertReceive<Heard>(Field(&Heard::by, pid))).number);
  co_return numbers;
}

Async<> Kill(Pid pid) {
  const Ref ref = Monitor(pid);
  Exit(pid, ExitReason::Kill());
  co_await Receive<Down>().For(ref);
}

// ---- Who gets it.

// REG2
HYDRA_TEST(PubSubTest, SubscribersOfTheTopicGetWhatIsPublished) {
  const PubSub events = co_await StartPubSub();
  const Pid a = co_await StartListener(events, {"orders"});
  const Pid b = co_await StartListener(events, {"orders", "returns"});
  events.Publish("orders", News{1});
  events.Publish("returns", News{2});
  events.Publish("nothing", News{3});
  EXPECT_THAT(co_await HeardBy(a, 1), ElementsAre(1));
  EXPECT_THAT(co_await HeardBy(b, 2), ElementsAre(1, 2));
  co_await RefuteReceive<Heard>();
}

// REG2
HYDRA_TEST(PubSubTest, WhoHasSubscribedTwiceGetsItTwice) {
  const PubSub events = co_await StartPubSub();
  const Pid twice = co_await StartListener(events, {"orders", "orders"});
  events.Publish("orders", News{1});
  EXPECT_THAT(co_await HeardBy(twice, 2), ElementsAre(1, 1));
  co_await RefuteReceive<Heard>();
}

HYDRA_TEST(PubSubTest, ThePublisherGetsItIfItHasSubscribed) {
  const PubSub events = co_await StartPubSub();
  events.Publish("orders", News{1});
  EXPECT_OK(events.Subscribe("orders"));
  events.Publish("orders", News{2});
  EXPECT_EQ((co_await AssertReceive<News>()).number, 2);
  co_await RefuteReceive<News>();
}

HYDRA_TEST(PubSubTest, OthersAreAllButTheCaller) {
  const PubSub events = co_await StartPubSub();
  EXPECT_OK(events.Subscribe("orders"));
  const Pid other = co_await StartListener(events, {"orders", "orders"});
  EXPECT_OK(events.Subscribe("orders"));
  events.PublishToOthers("orders", News{1});
  EXPECT_THAT(co_await HeardBy(other, 2), ElementsAre(1, 1));
  co_await RefuteReceive<News>();
}

// REG4: all of the caller's, of this topic, and nobody else's.
HYDRA_TEST(PubSubTest, UnsubscribeEndsTheCallersOwn) {
  const PubSub events = co_await StartPubSub();
  const Pid a = co_await StartListener(events, {"orders", "returns", "orders"});
  const Pid b = co_await StartListener(events, {"orders"});
  Send(a, Unsubscribe{"orders"});
  Send(a, Unsubscribe{"orders"});  // does nothing
  Send(a, Unsubscribe{"nothing"});
  for (int i = 0; i < 3; ++i) co_await AssertReceive<Unsubscribed>();
  EXPECT_THAT(events.Subscribers("orders"), ElementsAre(b));
  EXPECT_THAT(events.Topics(a), ElementsAre("returns"));
  events.Publish("orders", News{1});
  events.Publish("returns", News{2});
  EXPECT_THAT(co_await HeardBy(a, 1), ElementsAre(2));
  EXPECT_THAT(co_await HeardBy(b, 1), ElementsAre(1));
  co_await RefuteReceive<Heard>();
}

// SIG2
HYDRA_TEST(PubSubTest, MessagesOfOnePublisherArriveInOrder) {
  const PubSub events = co_await StartPubSub({.partitions = 2});
  std::vector<Pid> listeners;
  for (int i = 0; i < 3; ++i) listeners.push_back(co_await StartListener(events, {"a", "b"}));
  std::vector<int> published;
  for (int i = 0; i < 100; ++i) {
    events.Publish(i % 3 == 0 ? "a" : "b", News{i});
    published.push_back(i);
  }
  for (const Pid& listener : listeners) EXPECT_EQ(co_await HeardBy(listener, 100), published);
}

// REG13
HYDRA_TEST(PubSubTest, SeveralPartitionsAreNotSeen) {
  const PubSub events = co_await StartPubSub({.partitions = 5});
  std::vector<Pid> listeners;
  for (int i = 0; i < 20; ++i)
    listeners.push_back(co_await StartListener(events, {"orders", "orders"}));
  events.Publish("orders", News{1});
  for (const Pid& listener : listeners)
    EXPECT_THAT(co_await HeardBy(listener, 2), ElementsAre(1, 1));
  co_await RefuteReceive<Heard>();
  EXPECT_EQ(events.Subscribers("orders").size(), 40U);
  EXPECT_THAT(events.Topics(listeners[7]), ElementsAre("orders", "orders"));
}

// REG2
HYDRA_TEST(PubSubTest, SubscribersAndTopicsAreThereAsOftenAsTheyHaveSubscribed) {
  const PubSub events = co_await StartPubSub();
  EXPECT_THAT(events.Subscribers("orders"), IsEmpty());
  EXPECT_THAT(events.Topics(Self()), IsEmpty());
  const Pid a = co_await StartListener(events, {"orders"});
  const Pid b = co_await StartListener(events, {"orders", "returns"});
  EXPECT_OK(events.Subscribe("orders"));
  EXPECT_OK(events.Subscribe("orders"));
  EXPECT_THAT(events.Subscribers("orders"), ElementsAre(a, b, Self(), Self()));
  EXPECT_THAT(events.Subscribers("returns"), ElementsAre(b));
  EXPECT_THAT(events.Topics(Self()), ElementsAre("orders", "orders"));
  EXPECT_THAT(events.Topics(b), UnorderedElementsAre("orders", "returns"));
}

Async<> PublishToTenThousand() {
  constexpr int kMany = 10'000;
  const PubSub events = co_await StartPubSub({.partitions = 3});
  for (int i = 0; i < kMany; ++i) {
    Spawn([events, owner = Self()]() -> Async<> {
      EXPECT_OK(events.Subscribe("orders"));
      Send(owner, Subscribed{Self()});
      Send(owner, Heard{Self(), (co_await Receive<News>()).number});
      EXPECT_FALSE((co_await Receive<News>().Within(absl::ZeroDuration())).has_value());
    });
  }
  for (int i = 0; i < kMany; ++i) co_await AssertReceive<Subscribed>();
  events.Publish("orders", News{1});
  for (int i = 0; i < kMany; ++i) EXPECT_EQ((co_await AssertReceive<Heard>()).number, 1);
}

TEST(PubSubTest, TenThousandSubscribersGetItOnceEach) { TestOnThreads(PublishToTenThousand); }

// REG11
HYDRA_TEST(PubSubTest, ListenersHearOfSubscriptions) {
  const PubSub events = co_await StartPubSub({.name = "events", .listeners = {Self()}});
  const Pid a = co_await StartListener(events, {"orders"});
  Send(a, Unsubscribe{"orders"});
  const auto subscribed = co_await AssertReceive<KeyRegistered<std::string>>();
  EXPECT_EQ(subscribed.registry, "events");
  EXPECT_EQ(subscribed.key, "orders");
  EXPECT_EQ(subscribed.pid, a);
  const auto unsubscribed = co_await AssertReceive<KeyUnregistered<std::string>>();
  EXPECT_EQ(unsubscribed.key, "orders");
  EXPECT_EQ(unsubscribed.pid, a);
}

// ---- What is published.

HYDRA_TEST(PubSubMessageTest, AStringLiteralIsAString) {
  const PubSub events = co_await StartPubSub();
  EXPECT_OK(events.Subscribe("words"));
  events.Publish("words", "hello");
  events.Publish("words", std::string("world"));
  EXPECT_EQ(co_await AssertReceive<std::string>(), "hello");
  EXPECT_EQ(co_await AssertReceive<std::string>(), "world");
}

HYDRA_TEST(PubSubMessageTest, ASharedOneIsNotCopied) {
  using Shared = std::shared_ptr<const std::string>;
  const PubSub events = co_await StartPubSub();
  EXPECT_OK(events.Subscribe("books"));
  EXPECT_OK(events.Subscribe("books"));
  const auto book = std::make_shared<const std::string>("a long text");
  events.PublishLocally("books", book);
  EXPECT_EQ(co_await AssertReceive<Shared>(), book);
  EXPECT_EQ(co_await AssertReceive<Shared>(), book);
}

struct Fragile {
  explicit Fragile(std::string_view word) : text(word) {}
  Fragile(const Fragile& other) : text(other.text) {
    if (text == "broken") throw std::runtime_error("broken");
  }
  Fragile(Fragile&&) noexcept = default;
  std::string text;
};

// What a copy throws is the publisher's; the PubSub goes on.
HYDRA_TEST(PubSubMessageTest, ACopyThatThrowsIsThePublishersAffair) {
  const PubSub events = co_await StartPubSub();
  EXPECT_OK(events.Subscribe("glass"));
  const Fragile broken("broken");
  EXPECT_THROW(events.PublishLocally("glass", broken), std::runtime_error);
  EXPECT_THROW(events.PublishLocallyToOthers("other", broken);
               throw std::logic_error("none is copied"), std::logic_error);
  events.PublishLocally("glass", Fragile("whole"));
  EXPECT_EQ((co_await AssertReceive<Fragile>()).text, "whole");
}

// ---- Ends.

// REG3
HYDRA_TEST(PubSubEndTest, WhoHasEndedIsNoSubscriber) {
  const PubSub events = co_await StartPubSub();
  const Pid a = co_await StartListener(events, {"orders", "returns"});
  const Pid b = co_await StartListener(events, {"orders"});
  co_await Kill(a);
  EXPECT_THAT(events.Subscribers("orders"), ElementsAre(b));
  EXPECT_THAT(events.Subscribers("returns"), IsEmpty());
  events.Publish("orders", News{1});
  EXPECT_THAT(co_await HeardBy(b, 1), ElementsAre(1));
}

// REG13
HYDRA_TEST(PubSubEndTest, NobodySubscribesWhileItDoesntRun) {
  TrapExit(true);
  const PubSub events({.name = "events"});
  EXPECT_THAT(events.Subscribe("orders"),
              StatusIs(StatusCode::kUnavailable, HasSubstr("'events'")));
  events.Unsubscribe("orders");
  events.Publish("orders", News{1});
  events.PublishToOthers("orders", News{1});
  EXPECT_THAT(events.Subscribers("orders"), IsEmpty());
  EXPECT_OK(co_await events.StartLink());
  EXPECT_OK(events.Subscribe("orders"));
  EXPECT_OK(co_await Stop("events"));
  EXPECT_THAT(events.Subscribe("orders"), StatusIs(StatusCode::kUnavailable));
  EXPECT_THAT(events.Subscribers("orders"), IsEmpty());
  events.Publish("orders", News{1});
  co_await RefuteReceive<News>();
}

// REG5
HYDRA_TEST(PubSubEndTest, ItsEndTakesSubscribersDown) {
  const PubSub events = co_await StartPubSub({.name = "events"});
  const Pid a = co_await StartListener(events, {"orders"});
  const Pid b = co_await StartListener(events, {"returns"});
  const Pid gone = co_await StartListener(events, {"orders", "orders"});
  Send(gone, Unsubscribe{"orders"});
  co_await AssertReceive<Unsubscribed>();
  const Ref end_of_a = Monitor(a);
  const Ref end_of_b = Monitor(b);
  co_await Kill(WhereIs("events"));
  EXPECT_EQ((co_await Receive<Down>().For(end_of_a)).reason, ExitReason::Killed());
  EXPECT_EQ((co_await Receive<Down>().For(end_of_b)).reason, ExitReason::Killed());
  EXPECT_TRUE(co_await IsAlive(gone));
}

// REG5, SUP16: who outlives it subscribes anew.
HYDRA_TEST(PubSubEndTest, AnotherOneBeginsWithNobody) {
  const ScopedLogCapture log;
  TrapExit(true);
  const PubSub events({.name = "events"});
  const auto top =
      co_await StartLink<Supervisor>({}, SupervisorOptions(), Children{events.child()});
  EXPECT_OK(top);
  EXPECT_OK(events.Subscribe("orders"));
  const Pid first = WhereIs("events");
  co_await Kill(first);
  EXPECT_EQ((co_await AssertReceive<ExitSignal>()).from, first);
  EXPECT_EQ((co_await CountChildren(*top))->active, 1);
  EXPECT_THAT(events.Subscribers("orders"), IsEmpty());
  EXPECT_OK(events.Subscribe("orders"));
  events.Publish("orders", News{1});
  EXPECT_EQ((co_await AssertReceive<News>()).number, 1);
  co_await RefuteReceive<News>();
}

// Subscribes when it is destroyed.
struct LastWill {
  PubSub events;
  Pid owner;
  ~LastWill() { Send(owner, events.Subscribe("orders")); }
};

// PRC9
HYDRA_TEST(PubSubEndTest, WhoIsEndingDoesntSubscribe) {
  const PubSub events = co_await StartPubSub();
  const Pid ending = Spawn(
      [](PubSub of, Pid owner) -> Async<> {
        const LastWill will{of, owner};
        Send(owner, Subscribed{Self()});
        co_await Receive<News>();
      },
      events, Self());
  co_await AssertReceive<Subscribed>();
  co_await Kill(ending);
  EXPECT_THAT(co_await AssertReceive<absl::Status>(), StatusIs(StatusCode::kFailedPrecondition));
  EXPECT_THAT(events.Subscribers("orders"), IsEmpty());
}

// ---- Handles.

HYDRA_TEST(PubSubHandleTest, CopiesAreTheSame) {
  const PubSub events = co_await StartPubSub();
  const PubSub copy = events;
  EXPECT_TRUE(copy == events);
  EXPECT_FALSE(copy == PubSub());
  EXPECT_OK(copy.Subscribe("orders"));
  events.Publish("orders", News{1});
  EXPECT_EQ((co_await AssertReceive<News>()).number, 1);
}

HYDRA_TEST(PubSubHandleTest, TwoDontHearEachOther) {
  const PubSub a = co_await StartPubSub();
  const PubSub b = co_await StartPubSub();
  EXPECT_OK(a.Subscribe("orders"));
  b.Publish("orders", News{1});
  co_await RefuteReceive<News>();
}

}  // namespace
}  // namespace hydra
