// Receives that wait for a limited time.
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "hydra/process/async.h"
#include "hydra/process/message.h"
#include "hydra/process/pid.h"
#include "hydra/process/receive.h"
#include "hydra/process/self.h"
#include "hydra/process/send.h"
#include "hydra/process/spawn.h"
#include "hydra/process/testing/process_test.h"
#include "hydra/process/timer.h"

namespace hydra {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

struct Never {};

Async<> SendEvery(absl::Duration interval, Pid to, int count) {
  for (int i = 0; i < count; ++i) {
    co_await Sleep(interval);
    Send(to, i);
  }
}

// RCV2
HYDRA_TEST(ReceiveWithinTest, ZeroLooksThroughTheWholeMailbox) {
  for (int i = 0; i < 1000; ++i) Send(Self(), i);
  Send(Self(), "last");
  std::optional<std::string> last = co_await Receive<std::string>().Within(absl::ZeroDuration());
  EXPECT_TRUE(last.has_value());
  const auto is_999 = [](int i) { return i == 999; };
  EXPECT_TRUE((co_await Receive<int>().Where(is_999).Within(absl::ZeroDuration())).has_value());
  EXPECT_FALSE((co_await Receive<int>().Where(is_999).Within(absl::ZeroDuration())).has_value());
}

// RCV2
HYDRA_TEST(ReceiveWithinTest, NegativeIsAsZero) {
  Send(Self(), 1);
  EXPECT_TRUE((co_await Receive<int>().Within(absl::Seconds(-1))).has_value());
  EXPECT_FALSE((co_await Receive<int>().Within(-absl::InfiniteDuration())).has_value());
}

// RCV2
HYDRA_TEST_BY_HAND(ReceiveWithinTest, ZeroTakesNoTime) {
  const absl::Time start = Now();
  for (int i = 0; i < 100; ++i) co_await Receive<int>().Within(absl::ZeroDuration());
  EXPECT_EQ(Now(), start);
}

HYDRA_TEST(ReceiveWithinTest, EndlessIsNoLimit) {
  SendAfter(absl::Milliseconds(2), Self(), 1);
  EXPECT_TRUE((co_await Receive<int>().Within(absl::InfiniteDuration())).has_value());
}

HYDRA_TEST_BY_HAND(ReceiveWithinTest, EndsExactlyWhenItsTimeIsUp) {
  for (const absl::Duration time : {absl::Milliseconds(1), absl::Milliseconds(63),
                                    absl::Milliseconds(64), absl::Seconds(10), absl::Hours(99)}) {
    const absl::Time start = Now();
    EXPECT_FALSE((co_await Receive<Never>().Within(time)).has_value());
    EXPECT_EQ(Now() - start, time);
  }
}

// TMR1: never early, also with a fraction of a millisecond.
HYDRA_TEST_BY_HAND(ReceiveWithinTest, FractionsOfAMillisecondAreRoundedUp) {
  const absl::Time start = Now();
  co_await Receive<Never>().Within(absl::Microseconds(1100));
  EXPECT_EQ(Now() - start, absl::Milliseconds(2));
}

// TMR1
HYDRA_TEST(ReceiveWithinTest, IsNeverEarly) {
  for (int i = 0; i < 5; ++i) {
    const absl::Time start = Now();
    EXPECT_FALSE((co_await Receive<Never>().Within(absl::Microseconds(1500))).has_value());
    EXPECT_GE(Now() - start, absl::Microseconds(1500));
  }
}

// RCV3
HYDRA_TEST_BY_HAND(ReceiveWithinTest, OtherMessagesDoNotStartTheTimeAnew) {
  Spawn(SendEvery, absl::Milliseconds(10), Self(), 200);
  const absl::Time start = Now();
  EXPECT_FALSE((co_await Receive<Never>().Within(absl::Seconds(1))).has_value());
  EXPECT_EQ(Now() - start, absl::Seconds(1));
  const auto never = [](int) { return false; };
  EXPECT_FALSE((co_await Receive<int>().Where(never).Within(absl::Seconds(1))).has_value());
  EXPECT_EQ(Now() - start, absl::Seconds(2));
}

HYDRA_TEST_BY_HAND(ReceiveWithinTest, MessageEndsTheWaitAtOnce) {
  const absl::Time start = Now();
  SendAfter(absl::Milliseconds(7), Self(), 1);
  EXPECT_TRUE((co_await Receive<int>().Within(absl::Seconds(1))).has_value());
  EXPECT_EQ(Now() - start, absl::Milliseconds(7));
}

// A wait that ended early leaves its timer armed: it must not end a later wait.
HYDRA_TEST_BY_HAND(ReceiveWithinTest, TimeOfAnEarlierWaitDoesNotEndALaterOne) {
  Send(Self(), 1);
  EXPECT_TRUE((co_await Receive<int>().Within(absl::Seconds(1))).has_value());
  SendAfter(absl::Milliseconds(5), Self(), 2);
  EXPECT_TRUE((co_await Receive<int>().Within(absl::Seconds(1))).has_value());
  const absl::Time start = Now();
  EXPECT_FALSE((co_await Receive<int>().Within(absl::Seconds(5))).has_value());
  EXPECT_EQ(Now() - start, absl::Seconds(5));
}

HYDRA_TEST_BY_HAND(ReceiveWithinTest, ShorterWaitAfterALongerOneEndsInTime) {
  SendAfter(absl::Milliseconds(5), Self(), 1);
  EXPECT_TRUE((co_await Receive<int>().Within(absl::Hours(1))).has_value());
  const absl::Time start = Now();
  EXPECT_FALSE((co_await Receive<int>().Within(absl::Milliseconds(20))).has_value());
  EXPECT_EQ(Now() - start, absl::Milliseconds(20));
  EXPECT_FALSE((co_await Receive<int>().Within(absl::Milliseconds(3))).has_value());
  EXPECT_EQ(Now() - start, absl::Milliseconds(23));
}

HYDRA_TEST_BY_HAND(ReceiveWithinTest, EachProcessHasItsOwnTime) {
  for (int i = 50; i >= 1; --i) {
    Spawn([to = Self(), i]() -> Async<> {
      co_await Receive<Never>().Within(absl::Milliseconds(i));
      Send(to, i);
    });
  }
  for (int i = 1; i <= 50; ++i) CO_ASSERT_EQ(co_await Receive<int>(), i);
}

// RCV4
HYDRA_TEST_BY_HAND(ReceiveWithinTest, MessageOfTheSameInstantIsReturnedOrStays) {
  for (int i = 1; i <= 100; ++i) {
    SendAfter(absl::Milliseconds(10), Self(), i);
    std::optional<int> number = co_await Receive<int>().Within(absl::Milliseconds(10));
    if (!number.has_value()) number = co_await Receive<int>();
    CO_ASSERT_EQ(*number, i);
  }
}

// RCV4: whatever the race between sender and time, each message comes once and in order.
HYDRA_TEST(ReceiveWithinTest, NoMessageIsLostToATimeThatRunsOut) {
  constexpr int kCount = 30;
  Spawn(SendEvery, absl::Milliseconds(1), Self(), kCount);
  std::vector<int> received;
  while (received.size() < kCount) {
    if (std::optional<int> number = co_await Receive<int>().Within(absl::Milliseconds(1))) {
      received.push_back(*number);
    }
  }
  for (int i = 0; i < kCount; ++i) CO_ASSERT_EQ(received[i], i);
  EXPECT_THAT(co_await Flush<int>(), IsEmpty());
}

// RCV4: polling against a sender that runs at the same time.
HYDRA_TEST(ReceiveWithinTest, NoMessageIsLostToPolling) {
  constexpr int kCount = 2000;
  Spawn([to = Self()]() -> Async<> {
    for (int i = 0; i < kCount; ++i) {
      Send(to, i);
      if (i % 5 == 0) co_await Yield();
    }
  });
  for (int next = 0; next < kCount;) {
    if (std::optional<int> number = co_await Receive<int>().Within(absl::ZeroDuration())) {
      CO_ASSERT_EQ(*number, next++);
    } else {
      co_await Yield();
    }
  }
}

HYDRA_TEST_BY_HAND(ReceiveWithinTest, SeveralTypesYieldAnOptionalVariant) {
  using Result = std::optional<std::variant<int, std::string>>;
  Result nothing = co_await Receive<int, std::string>().Within(absl::Milliseconds(5));
  EXPECT_FALSE(nothing.has_value());
  Send(Self(), "text");
  Result text = co_await Receive<int, std::string>().Within(absl::Milliseconds(5));
  CO_ASSERT_TRUE(text.has_value());
  EXPECT_EQ(std::get<std::string>(*text), "text");
}

HYDRA_TEST_BY_HAND(ReceiveWithinTest, HandlersSayWhetherThereWasAMessage) {
  int handled = 0;
  const auto handler = [&handled](int number) { handled = number; };
  EXPECT_FALSE(co_await Receive(handler).Within(absl::Milliseconds(5)));
  Send(Self(), 7);
  EXPECT_TRUE(co_await Receive(handler).Within(absl::Milliseconds(5)));
  EXPECT_EQ(handled, 7);

  const auto twice = [](int number) { return 2 * number; };
  EXPECT_EQ(co_await Receive(twice).Within(absl::Milliseconds(5)), std::nullopt);
  Send(Self(), 7);
  EXPECT_EQ(co_await Receive(twice).Within(absl::Milliseconds(5)), std::optional<int>(14));
}

HYDRA_TEST_BY_HAND(ReceiveWithinTest, AnyYieldsAnOptionalMessage) {
  EXPECT_FALSE((co_await ReceiveAny().Within(absl::Milliseconds(5))).has_value());
  SendAfter(absl::Milliseconds(3), Self(), std::make_unique<int>(7));
  std::optional<Message> message = co_await ReceiveAny().Within(absl::Milliseconds(5));
  CO_ASSERT_TRUE(message.has_value());
  EXPECT_TRUE(message->Is<std::unique_ptr<int>>());
}

}  // namespace
}  // namespace hydra
