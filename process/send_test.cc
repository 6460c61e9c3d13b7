// What is sent, how, and in which order it arrives.
#include "hydra/process/send.h"

#include <cstdint>
#include <memory>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "absl/cleanup/cleanup.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "hydra/process/async.h"
#include "hydra/process/exit_reason.h"
#include "hydra/process/link.h"
#include "hydra/process/message.h"
#include "hydra/process/pid.h"
#include "hydra/process/receive.h"
#include "hydra/process/self.h"
#include "hydra/process/spawn.h"
#include "hydra/process/testing/manual_runtime.h"
#include "hydra/process/testing/process_test.h"
#include "hydra/process/timer.h"

namespace hydra {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

struct Numbered {
  int sender = 0;
  int number = 0;
};

// Counts how it came here.
struct Traveller {
  Traveller() = default;
  Traveller(const Traveller& other) : copies(other.copies + 1) {}
  Traveller(Traveller&& other) noexcept : copies(other.copies) {}

  int copies = 0;
};

struct Gone {};

// What sends Gone to the calling process when it is destroyed, to be kept by another.
auto TellWhenGone() {
  return absl::MakeCleanup([to = Self()] { Send(to, Gone{}); });
}

Async<> SendNumbered(Pid to, int sender, int count) {
  for (int i = 0; i < count; ++i) {
    Send(to, Numbered{sender, i});
    if (i % (sender + 2) == 0) co_await Yield();
  }
}

// SIG2
HYDRA_TEST(SendTest, MessagesOfOneSenderArriveInOrder) {
  constexpr int kSenders = 6;
  constexpr int kCount = 150;
  for (int sender = 0; sender < kSenders; ++sender) Spawn(SendNumbered, Self(), sender, kCount);
  std::vector<int> next(kSenders, 0);
  for (int i = 0; i < kSenders * kCount; ++i) {
    const Numbered message = co_await Receive<Numbered>();
    CO_ASSERT_EQ(message.number, next[message.sender]++);
  }
}

// SIG2: also when it has more to take than fits a turn, and takes it slowly.
HYDRA_TEST(SendTest, LongQueueKeepsTheOrder) {
  constexpr int kCount = 3000;
  const Pid sender = Spawn(SendNumbered, Self(), 1000, kCount);
  for (int i = 0; i < kCount; ++i) {
    if (i % 100 == 0) co_await Yield();
    CO_ASSERT_EQ((co_await Receive<Numbered>()).number, i);
  }
  EXPECT_TRUE(sender);
}

// SIG2: what is sent after an exit signal is never seen; it says nothing of what was sent before.
HYDRA_TEST(SendTest, MessagesBehindAnExitSignalAreNeverSeen) {
  for (int round = 0; round < 20; ++round) {
    const Pid victim = Spawn([to = Self(), gone = TellWhenGone()]() -> Async<> {
      for (;;) Send(to, co_await Receive<int>());
    });
    if (round % 3 == 0) co_await Yield();
    Send(victim, 1);
    if (round % 3 == 1) co_await Yield();
    Exit(victim, ExitReason::Shutdown());
    Send(victim, 2);
    co_await Receive<Gone>();
    for (int seen : co_await Flush<int>()) EXPECT_EQ(seen, 1);
  }
}

// SIG2: a message in front of a `normal` from another, which does nothing, arrives, as does one
// behind it.
HYDRA_TEST(SendTest, SignalsThatDoNothingKeepTheOrder) {
  const Pid echo = Spawn([to = Self()]() -> Async<> {
    for (;;) Send(to, co_await Receive<int>());
  });
  for (int i = 0; i < 50; ++i) {
    Send(echo, i);
    Exit(echo, ExitReason::Normal());
  }
  for (int i = 0; i < 50; ++i) CO_ASSERT_EQ(co_await Receive<int>(), i);
}

// SIG1: no signal waits for its receiver, or runs it.
HYDRA_TEST_BY_HAND(SendTest, SignalsActLater) {
  enum class Stage { kNew, kWaiting, kReceived, kEnded } stage = Stage::kNew;
  const Pid process = Spawn([&stage]() -> Async<> {
    const absl::Cleanup end = [&stage] { stage = Stage::kEnded; };
    stage = Stage::kWaiting;
    co_await Receive<int>();
    stage = Stage::kReceived;
    co_await Receive<int>();
  });
  while (stage == Stage::kNew) co_await Yield();
  Send(process, 1);
  EXPECT_EQ(stage, Stage::kWaiting);
  while (stage == Stage::kWaiting) co_await Yield();
  Exit(process, ExitReason::Kill());
  EXPECT_EQ(stage, Stage::kReceived);
  while (stage == Stage::kReceived) co_await Yield();
}

// SIG4: of two senders either may be first, whichever was spawned first.
TEST(SendTest, SendersHaveNoOrderAmongThem) {
  std::set<int> first;
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    ManualRuntime runtime({.seed = seed});
    runtime.Run([&first]() -> Async<> {
      Spawn(SendNumbered, Self(), 1, 1);
      Spawn(SendNumbered, Self(), 2, 1);
      first.insert((co_await Receive<Numbered>()).sender);
    });
  }
  EXPECT_THAT(first, ElementsAre(1, 2));
}

// SIG6
HYDRA_TEST(SendTest, NothingIsLost) {
  constexpr int kSenders = 20;
  constexpr int kCount = 100;
  for (int sender = 0; sender < kSenders; ++sender) Spawn(SendNumbered, Self(), sender, kCount);
  for (int i = 0; i < kSenders * kCount; ++i) co_await Receive<Numbered>();
  co_await Yield();
  EXPECT_FALSE((co_await Receive<Numbered>().Within(absl::ZeroDuration())).has_value());
}

HYDRA_TEST(SendTest, RvalueIsMovedAndLvalueCopied) {
  Traveller traveller;
  Send(Self(), traveller);
  Send(Self(), std::move(traveller));
  EXPECT_EQ((co_await Receive<Traveller>()).copies, 1);
  EXPECT_EQ((co_await Receive<Traveller>()).copies, 0);
}

HYDRA_TEST(SendTest, ConstLvalueIsSentAsItsPlainType) {
  const int seven = 7;
  Send(Self(), seven);
  EXPECT_EQ(co_await Receive<int>(), 7);
}

HYDRA_TEST(SendTest, StringLiteralsAndPointersAreSentAsStrings) {
  Send(Self(), "literal");
  const char* pointer = "pointer";
  Send(Self(), pointer);
  char array[] = "array";
  Send(Self(), array);
  EXPECT_EQ(co_await Receive<std::string>(), "literal");
  EXPECT_EQ(co_await Receive<std::string>(), "pointer");
  EXPECT_EQ(co_await Receive<std::string>(), "array");
}

HYDRA_TEST(SendTest, LargeMessagesArriveWhole) {
  std::vector<char> large(1 << 20);
  for (size_t i = 0; i < large.size(); ++i) large[i] = static_cast<char>(i * 7);
  Send(Self(), large);
  EXPECT_EQ(co_await Receive<std::vector<char>>(), large);
  struct Block {
    char bytes[5000];
  };
  Block block{};
  block.bytes[4999] = 'x';
  Send(Self(), block);
  EXPECT_EQ((co_await Receive<Block>()).bytes[4999], 'x');
}

HYDRA_TEST(SendTest, ToSeveralCopiesForAllButTheLast) {
  const Pid other = Spawn([to = Self()]() -> Async<> { Send(to, co_await Receive<Traveller>()); });
  Send({other, Self(), Self()}, Traveller{});
  std::vector<int> copies;
  for (int i = 0; i < 3; ++i) copies.push_back((co_await Receive<Traveller>()).copies);
  EXPECT_THAT(copies, testing::UnorderedElementsAre(1, 1, 0));
}

HYDRA_TEST(SendTest, ToSeveralArrivesAtEach) {
  std::vector<Pid> receivers;
  for (int i = 0; i < 10; ++i) {
    receivers.push_back(
        Spawn([to = Self(), i]() -> Async<> { Send(to, Numbered{i, co_await Receive<int>()}); }));
  }
  Send(std::span<const Pid>(receivers), 7);
  for (int i = 0; i < 10; ++i) {
    co_await AssertReceive<Numbered>(testing::Field(&Numbered::sender, i));
  }
}

HYDRA_TEST(SendTest, ToSeveralTakesStringLiteralsAndEmptyLists) {
  Send({Self(), Self()}, "twice");
  EXPECT_THAT(co_await Flush<std::string>(), ElementsAre("twice", "twice"));
  Send(std::span<const Pid>(), "never");
  EXPECT_THAT(co_await Flush<std::string>(), IsEmpty());
}

// W11: a pid in a message to several arrives as it was at each.
HYDRA_TEST(SendTest, PidsInMessagesToSeveralStayThemselves) {
  Send({Self(), Self()}, Self());
  EXPECT_THAT(co_await Flush<Pid>(), ElementsAre(Self(), Self()));
}

// SIG6: sending to the dead and to nobody is no error, and destroys the message.
HYDRA_TEST(SendTest, MessageToTheDeadIsDestroyed) {
  const Pid dead = Spawn([to = Self()]() -> Async<> {
    Send(to, Gone{});
    co_return;
  });
  co_await Receive<Gone>();
  auto counted = std::make_shared<int>(7);
  for (int i = 0; i < 10; ++i) {
    Send(dead, counted);
    Send(Pid(), counted);
    co_await Yield();
  }
  // The dead one may have been alive for the first of them, and destroys those after its end.
  while (counted.use_count() > 1) co_await Yield();
}

// A message that its sender must destroy is destroyed when Send's own work is done.
HYDRA_TEST(SendTest, DestructorOfARefusedMessageMaySend) {
  struct Bouncing {
    explicit Bouncing(Pid back) : to(back) {}
    Bouncing(Bouncing&& other) noexcept : to(std::exchange(other.to, Pid())) {}
    ~Bouncing() {
      if (to) Send(to, 1);
    }
    Pid to;
  };
  Send(Pid(), Bouncing(Self()));
  EXPECT_EQ(co_await AssertReceive<int>(), 1);
}

HYDRA_TEST(MessageTest, IsMadeOfAValueAndSent) {
  Message message(7);
  EXPECT_TRUE(message.Is<int>());
  EXPECT_EQ(message.type_name(), "int");
  Send(Self(), std::move(message));
  EXPECT_FALSE(message);
  EXPECT_EQ(message.type_name(), "");
  EXPECT_EQ(co_await Receive<int>(), 7);
}

TEST(MessageDeathTest, AnEmptyOneCannotBeSent) {
  EXPECT_DEATH(TestByHand([]() -> Async<> {
                 Send(Self(), Message());
                 co_return;
               }),
               "empty Message");
}

TEST(SendDeathTest, ForeignThreadsMustUseTheRuntime) {
  EXPECT_DEATH(Send(Pid(1, 1, 1), 7), "foreign thread uses the members of hydra::Runtime");
}

}  // namespace
}  // namespace hydra
