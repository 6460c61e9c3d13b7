// Selective receive, in each of its forms.
#include "hydra/process/receive.h"

#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "hydra/process/async.h"
#include "hydra/process/message.h"
#include "hydra/process/pid.h"
#include "hydra/process/self.h"
#include "hydra/process/send.h"
#include "hydra/process/spawn.h"
#include "hydra/process/testing/process_test.h"
#include "hydra/process/timer.h"

namespace hydra {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

struct Apple {
  int number = 0;
};
struct Pear {
  int number = 0;
};
// The same members as Apple: only the type tells them apart.
struct Plum {
  int number = 0;
};
struct Reply {
  Ref ref;
  int number = 0;
};

Async<> SendApples(Pid to, int first, int last) {
  for (int i = first; i <= last; ++i) {
    Send(to, Apple{i});
    co_await Yield();
  }
}

Async<std::vector<int>> FlushNumbers() { return Flush<int>(); }

auto Is(int number) {
  return [number](int value) { return value == number; };
}

// RCV1
HYDRA_TEST(ReceiveTest, TakesTheOldestOfItsType) {
  for (int i : {1, 2, 3}) Send(Self(), i);
  EXPECT_EQ(co_await Receive<int>(), 1);
  EXPECT_EQ(co_await Receive<int>(), 2);
  EXPECT_EQ(co_await Receive<int>(), 3);
}

// RCV1
HYDRA_TEST(ReceiveTest, OtherMessagesStayInPlaceAndInOrder) {
  Send(Self(), Pear{1});
  Send(Self(), Apple{2});
  Send(Self(), Pear{3});
  Send(Self(), Apple{4});
  Send(Self(), std::string("five"));
  EXPECT_EQ(co_await Receive<std::string>(), "five");
  EXPECT_EQ((co_await Receive<Apple>()).number, 2);
  EXPECT_EQ((co_await Receive<Pear>()).number, 1);
  EXPECT_EQ((co_await Receive<Pear>()).number, 3);
  EXPECT_EQ((co_await Receive<Apple>()).number, 4);
}

// RCV1
HYDRA_TEST(ReceiveTest, EachReceiveStartsAgainFromTheOldest) {
  for (int i = 1; i <= 6; ++i) Send(Self(), i);
  EXPECT_EQ(co_await Receive<int>().Where(Is(4)), 4);
  EXPECT_EQ(co_await Receive<int>().Where(Is(2)), 2);
  EXPECT_EQ(co_await Receive<int>(), 1);
  EXPECT_THAT(co_await FlushNumbers(), ElementsAre(3, 5, 6));
}

// RCV1
HYDRA_TEST(ReceiveTest, MessagesThatArriveWhileItWaitsKeepTheirOrder) {
  Spawn([to = Self()]() -> Async<> {
    for (int i = 1; i <= 5; ++i) {
      Send(to, i);
      co_await Yield();
    }
  });
  EXPECT_EQ(co_await Receive<int>().Where(Is(5)), 5);
  EXPECT_THAT(co_await FlushNumbers(), ElementsAre(1, 2, 3, 4));
}

// RCV1
HYDRA_TEST(ReceiveTest, TakesFromTheMiddleOfManyInAnyOrder) {
  constexpr int kCount = 500;
  for (int i = 0; i < kCount; ++i) Send(Self(), i);
  // Each third from the back, so that gaps of all kinds arise; then the rest in order.
  for (int i = kCount - 1; i >= 0; i -= 3) CO_ASSERT_EQ(co_await Receive<int>().Where(Is(i)), i);
  for (int i = 0; i < kCount; ++i) {
    if ((kCount - 1 - i) % 3 != 0) CO_ASSERT_EQ(co_await Receive<int>(), i);
  }
  EXPECT_THAT(co_await FlushNumbers(), IsEmpty());
}

// RCV1
HYDRA_TEST(ReceiveTest, SeveralTypesYieldAVariantOfTheOldest) {
  Send(Self(), std::string("not asked for"));
  Send(Self(), Pear{1});
  Send(Self(), Apple{2});
  std::variant<Apple, Pear> first = co_await Receive<Apple, Pear>();
  CO_ASSERT_TRUE(std::holds_alternative<Pear>(first));
  EXPECT_EQ(std::get<Pear>(first).number, 1);
  std::variant<Apple, Pear> second = co_await Receive<Apple, Pear>();
  CO_ASSERT_TRUE(std::holds_alternative<Apple>(second));
  EXPECT_EQ(std::get<Apple>(second).number, 2);
}

// RCV1
HYDRA_TEST(ReceiveTest, WhereAppliesToEachOfSeveralTypes) {
  Send(Self(), Apple{1});
  Send(Self(), Pear{1});
  Send(Self(), Apple{2});
  Send(Self(), Pear{3});
  const auto even = [](const auto& fruit) { return fruit.number % 2 == 0; };
  EXPECT_TRUE(std::holds_alternative<Apple>(co_await Receive<Pear, Apple>().Where(even)));
  EXPECT_EQ((co_await Receive<Apple>()).number, 1);
  EXPECT_EQ((co_await Receive<Pear>()).number, 1);
  EXPECT_EQ((co_await Receive<Pear>()).number, 3);
}

// RCV1
HYDRA_TEST(ReceiveTest, SeveralWheresMustAllHold) {
  for (int i = 1; i <= 12; ++i) Send(Self(), i);
  EXPECT_EQ(co_await Receive<int>()
                .Where([](int i) { return i % 2 == 0; })
                .Where([](int i) { return i % 3 == 0; })
                .Where([](int i) { return i > 6; }),
            12);
}

// RCV1
HYDRA_TEST(ReceiveTest, WhereMayUseAMemberOrAMemberFunction) {
  struct Flag {
    bool raised = false;
    bool IsRaised() const { return raised; }
  };
  Send(Self(), Flag{false});
  Send(Self(), Flag{true});
  Send(Self(), Flag{true});
  EXPECT_TRUE((co_await Receive<Flag>().Where(&Flag::raised)).raised);
  EXPECT_TRUE((co_await Receive<Flag>().Where(&Flag::IsRaised)).raised);
  EXPECT_FALSE((co_await Receive<Flag>()).raised);
}

// RCV1
HYDRA_TEST(ReceiveTest, HandlersDispatchOnTheirTypes) {
  Send(Self(), std::string("not asked for"));
  Send(Self(), Pear{1});
  Send(Self(), Apple{2});
  std::vector<std::string> handled;
  for (int i = 0; i < 2; ++i) {
    co_await Receive(
        [&](Apple apple) { handled.push_back("apple " + std::to_string(apple.number)); },
        [&](const Pear& pear) { handled.push_back("pear " + std::to_string(pear.number)); });
  }
  EXPECT_THAT(handled, ElementsAre("pear 1", "apple 2"));
  co_await Receive<std::string>();
}

HYDRA_TEST(ReceiveTest, HandlersMayReturnAValue) {
  Send(Self(), Pear{1});
  const int number = co_await Receive([](const Apple& apple) { return apple.number; },
                                      [](const Pear& pear) { return -pear.number; });
  EXPECT_EQ(number, -1);
}

// RCV9
HYDRA_TEST(ReceiveTest, TypesOfTheSameShapeAreDifferentMessages) {
  Send(Self(), Plum{1});
  EXPECT_FALSE((co_await Receive<Apple>().Within(absl::ZeroDuration())).has_value());
  EXPECT_EQ((co_await Receive<Plum>()).number, 1);
}

// RCV9: in every kind of receive.
HYDRA_TEST(ReceiveTest, TypesOfTheSameShapeAreDifferentWithConditionsToo) {
  const auto any = [](const auto&) { return true; };
  Send(Self(), Plum{1});
  EXPECT_FALSE((co_await Receive<Apple>().Where(any).Within(absl::ZeroDuration())).has_value());
  EXPECT_FALSE((co_await Receive<Apple, Pear>().Within(absl::ZeroDuration())).has_value());
  EXPECT_FALSE(
      (co_await Receive([](const Apple&) {}, [](const Pear&) {}).Within(absl::ZeroDuration())));
  EXPECT_EQ((co_await Receive<Plum>().Where(any)).number, 1);
}

// RCV9
HYDRA_TEST(ReceiveTest, IntegersOfDifferentTypesAreDifferentMessages) {
  Send(Self(), 1L);
  Send(Self(), 2);
  EXPECT_EQ(co_await Receive<int>(), 2);
  EXPECT_EQ(co_await Receive<long>(), 1L);
}

// RCV8, and the defect of typed mailboxes: a stray message ends nobody.
HYDRA_TEST(ReceiveTest, StrayMessagesDoNoHarm) {
  const Pid echo = Spawn([to = Self()]() -> Async<> {
    for (int i = 0; i < 3; ++i) Send(to, co_await Receive<int>());
  });
  for (int i = 0; i < 3; ++i) {
    Send(echo, std::string("stray"));
    Send(echo, std::make_unique<int>(i));
    Send(echo, i);
  }
  for (int i = 0; i < 3; ++i) co_await AssertReceive<int>(i);
}

// RCV4: a message that is found as a turn ends is kept until the next one, whatever comes meanwhile.
HYDRA_TEST(ReceiveTest, MessageAtTheEndOfATurnIsItself) {
  const std::string text(40, 'x');
  Spawn([to = Self(), text]() -> Async<> {
    for (int i = 0; i < 2000; ++i) {
      Send(to, text + std::to_string(i));
      if (i > 200 && i < 400) co_await Yield();
    }
  });
  for (int i = 0; i < 2000; ++i) {
    CO_ASSERT_EQ(co_await Receive<std::string>(), text + std::to_string(i));
  }
}

// The same with a sender that is the receiver, so that its own message is always the newest.
HYDRA_TEST(ReceiveTest, MessageAtTheEndOfATurnIsItselfAmongOthers) {
  const std::string text(40, 'x');
  Spawn([to = Self()]() -> Async<> {
    for (int i = 0; i < 100; ++i) {
      Send(to, i);
      co_await Yield();
    }
  });
  for (int i = 0; i < 2000; ++i) {
    Send(Self(), text + std::to_string(i));
    CO_ASSERT_EQ(co_await Receive<std::string>(), text + std::to_string(i));
  }
}

// RCV4, SIG6: the message that a turn's end leaves found isn't replaced by the next that comes.
HYDRA_TEST(ReceiveTest, MessageAtTheEndOfATurnIsNotReplaced) {
  constexpr int kMore = 8;
  for (int burst = 252; burst <= 260; ++burst) {
    Spawn([to = Self(), burst]() -> Async<> {
      for (int i = 0; i < burst; ++i) Send(to, i);
      for (int i = burst; i < burst + kMore; ++i) {
        co_await Yield();
        Send(to, i);
      }
    });
    for (int i = 0; i < burst + kMore; ++i) CO_ASSERT_EQ(co_await Receive<int>(), i);
  }
}

HYDRA_TEST(ReceiveTest, MoveOnlyMessagesAreMovedOut) {
  Send(Self(), std::make_unique<int>(7));
  const std::unique_ptr<int> seven = co_await Receive<std::unique_ptr<int>>().Where(
      [](const std::unique_ptr<int>& number) { return *number == 7; });
  EXPECT_EQ(*seven, 7);
}

HYDRA_TEST(ReceiveTest, MessagesNeedNoDefaultConstructor) {
  struct Strict {
    explicit Strict(int n) : number(n) {}
    int number;
  };
  Send(Self(), Strict(7));
  EXPECT_EQ((co_await Receive<Strict>()).number, 7);
}

// RCV1
HYDRA_TEST(ReceiveAnyTest, TakesTheOldestWhateverItIs) {
  Send(Self(), Apple{1});
  Send(Self(), std::string("two"));
  Message first = co_await ReceiveAny();
  CO_ASSERT_TRUE(first.Is<Apple>());
  EXPECT_EQ(first.Get<Apple>()->number, 1);
  EXPECT_EQ(first.Get<Plum>(), nullptr);  // RCV9
  Message second = co_await ReceiveAny();
  CO_ASSERT_TRUE(second.Is<std::string>());
  EXPECT_FALSE((co_await ReceiveAny().Within(absl::ZeroDuration())).has_value());
}

// RCV1
HYDRA_TEST(ReceiveAnyTest, TakesWhatOthersHavePassedOver) {
  Send(Self(), Apple{1});
  Send(Self(), 2);
  EXPECT_EQ(co_await Receive<int>(), 2);
  EXPECT_TRUE((co_await ReceiveAny()).Is<Apple>());
}

HYDRA_TEST(ReceiveAnyTest, MessageIsForwardedWhateverItIs) {
  const Pid relay = Spawn([to = Self()]() -> Async<> {
    for (;;) Send(to, co_await ReceiveAny());
  });
  Send(relay, Apple{1});
  Send(relay, std::make_unique<int>(2));
  Send(relay, "three");
  EXPECT_EQ((co_await Receive<Apple>()).number, 1);
  EXPECT_EQ(*co_await Receive<std::unique_ptr<int>>(), 2);
  EXPECT_EQ(co_await Receive<std::string>(), "three");
}

// SIG2: a relay keeps the order of what it relays.
HYDRA_TEST(ReceiveAnyTest, ForwardingKeepsTheOrder) {
  const Pid relay = Spawn([to = Self()]() -> Async<> {
    for (;;) Send(to, co_await ReceiveAny());
  });
  Spawn(SendApples, relay, 1, 50);
  for (int i = 1; i <= 50; ++i) CO_ASSERT_EQ((co_await Receive<Apple>()).number, i);
}

HYDRA_TEST(ReceiveAnyTest, ForwardedMessageOutlivesItsReceiver) {
  const Pid keeper = Spawn([to = Self()]() -> Async<> {
    Message kept = co_await ReceiveAny();
    Send(to, std::move(kept));
  });
  Send(keeper, std::string(100, 'x'));
  EXPECT_EQ(co_await Receive<std::string>(), std::string(100, 'x'));
}

// RCV5
HYDRA_TEST(ReceiveThrowTest, ThrowingPredicateLeavesTheMailboxAsItWas) {
  for (int i = 1; i <= 5; ++i) Send(Self(), i);
  EXPECT_EQ(co_await Receive<int>().Where(Is(2)), 2);  // 1 has been looked at, 3 to 5 haven't
  for (int bad : {1, 4}) {
    bool thrown = false;
    try {
      co_await Receive<int>().Where([bad](int i) -> bool {
        if (i == bad) throw std::runtime_error("bad");
        return false;
      });
    } catch (const std::runtime_error& error) {
      thrown = true;
    }
    EXPECT_TRUE(thrown);
  }
  EXPECT_THAT(co_await FlushNumbers(), ElementsAre(1, 3, 4, 5));
}

// RCV5
HYDRA_TEST(ReceiveThrowTest, PredicateMayThrowAtAMessageThatComesLater) {
  Spawn(SendApples, Self(), 1, 3);
  bool thrown = false;
  try {
    co_await Receive<Apple>().Where([](const Apple& apple) -> bool {
      if (apple.number == 3) throw std::runtime_error("bad");
      return false;
    });
  } catch (const std::runtime_error&) {
    thrown = true;
  }
  EXPECT_TRUE(thrown);
  for (int i = 1; i <= 3; ++i) EXPECT_EQ((co_await Receive<Apple>()).number, i);
}

// RCV4, RCV5: also when the throw falls on the last message of a turn.
HYDRA_TEST(ReceiveThrowTest, ThrowAtTheEndOfATurnLosesNothing) {
  for (int before = 250; before <= 260; ++before) {
    for (int i = 0; i < before; ++i) Send(Self(), i);
    Send(Self(), Apple{1});
    Send(Self(), Apple{2});
    co_await Yield();
    for (int i = 0; i < before; ++i) co_await Receive<int>();
    int calls = 0;
    try {
      co_await Receive<Apple>().Where([&calls](const Apple&) -> bool {
        if (++calls == 1) throw std::runtime_error("the first time only");
        return true;
      });
      ADD_FAILURE() << "nothing was thrown";
    } catch (const std::runtime_error&) {
    }
    CO_ASSERT_EQ((co_await Receive<Apple>()).number, 1);
    CO_ASSERT_EQ((co_await Receive<Apple>()).number, 2);
  }
}

HYDRA_TEST(ReceiveThrowTest, HandlerThatThrowsHasTakenItsMessage) {
  Send(Self(), 1);
  Send(Self(), 2);
  try {
    co_await Receive([](int) { throw std::runtime_error("bad"); });
    ADD_FAILURE() << "nothing was thrown";
  } catch (const std::runtime_error&) {
  }
  EXPECT_THAT(co_await FlushNumbers(), ElementsAre(2));
}

// RCV6
HYDRA_TEST(ReceiveForTest, TakesTheMessageWithThatRef) {
  const Ref first = MakeRef();
  const Ref second = MakeRef();
  Send(Self(), Reply{first, 1});
  Send(Self(), Reply{second, 2});
  EXPECT_EQ((co_await Receive<Reply>().For(second)).number, 2);
  EXPECT_EQ((co_await Receive<Reply>().For(first)).number, 1);
}

// RCV6
HYDRA_TEST(ReceiveForTest, RefsMayBeOpenInAnyOrderAmongOtherMessages) {
  constexpr int kRefs = 20;
  std::vector<Ref> refs;
  for (int i = 0; i < kRefs; ++i) {
    Send(Self(), i);
    co_await Receive<Pear>().Within(absl::ZeroDuration());  // passes over what is there
    refs.push_back(MakeRef());
  }
  for (int i = 0; i < kRefs; ++i) Send(Self(), Reply{refs[i], i});
  co_await Receive<Pear>().Within(absl::ZeroDuration());
  for (int i = kRefs - 1; i >= 0; i -= 2)
    CO_ASSERT_EQ((co_await Receive<Reply>().For(refs[i])).number, i);
  for (int i = 0; i < kRefs; i += 2)
    CO_ASSERT_EQ((co_await Receive<Reply>().For(refs[i])).number, i);
}

// RCV6: a mark is of its maker's mailbox, and says nothing of another's.
HYDRA_TEST(ReceiveForTest, FindsTheRefThatAnotherProcessMade) {
  Spawn([to = Self()]() -> Async<> {
    Ref ref;
    for (int i = 0; i < 50; ++i) ref = MakeRef();
    Send(to, Reply{ref, 7});
    Send(to, ref);
    co_return;
  });
  const Ref ref = co_await Receive<Ref>();  // the reply is passed over meanwhile
  EXPECT_EQ((co_await Receive<Reply>().For(ref)).number, 7);
}

HYDRA_TEST(ReceiveForTest, GoesWithWhereAndWithin) {
  const Ref ref = MakeRef();
  for (int i = 1; i <= 3; ++i) Send(Self(), Reply{ref, i});
  const auto large = [](const Reply& reply) { return reply.number > 1; };
  std::optional<Reply> reply =
      co_await Receive<Reply>().For(ref).Where(large).Within(absl::ZeroDuration());
  CO_ASSERT_TRUE(reply.has_value());
  EXPECT_EQ(reply->number, 2);
  reply = co_await Receive<Reply>().For(MakeRef()).Within(absl::ZeroDuration());
  EXPECT_FALSE(reply.has_value());
}

}  // namespace
}  // namespace hydra
