// Sys: semantics.md §15.
#include "hydra/genserver/sys.h"

#include <cstddef>
#include <numeric>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "hydra/base/log_testing.h"
#include "hydra/base/status_testing.h"
#include "hydra/genserver/genserver.h"
#include "hydra/process/process.h"
#include "hydra/process/testing/process_test.h"

namespace hydra {
namespace {

using absl::StatusCode;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

struct Terminated {
  ExitReason reason;
};

class Counter {
 public:
  struct Get {
    using Reply = int;
  };
  struct Add {
    int number;
  };
  using Protocol = hydra::Protocol<Get, Add>;

  explicit Counter(Pid owner, bool trap = false) : owner_(owner), trap_(trap) {}
  void Init() { TrapExit(trap_); }
  int HandleCall(Get) const { return count(); }
  void HandleCast(Add add) { added_.push_back(add.number); }
  void Terminate(const ExitReason& reason) { Send(owner_, Terminated{reason}); }
  std::string FormatStatus() const { return "count " + std::to_string(count()); }

  int count() const { return std::accumulate(added_.begin(), added_.end(), 0); }
  void set_count(int count) { added_ = {count}; }

 private:
  Pid owner_;
  bool trap_;
  std::vector<int> added_;
};
using Get = Counter::Get;
using Add = Counter::Add;

class Other {
 public:
  struct Nothing {};
  using Protocol = hydra::Protocol<Nothing>;
  void HandleCast(Nothing) {}
};

Async<ServerRef<Counter>> StartCounter(ServerOptions options = {}) {
  auto server = co_await Start<Counter>(std::move(options), Self());
  co_return server.value();
}

// SYS1: in their order among the other messages.
HYDRA_TEST(SysTest, RequestsAreServedInOrder) {
  const auto counter = co_await StartCounter();
  for (int i = 1; i <= 20; ++i) {
    counter.Cast(Add{1});
    const auto state = co_await sys::GetState(counter);
    CO_ASSERT_TRUE(state.ok());
    EXPECT_EQ(state->count(), i);
  }
}

// SYS1: they fail like calls.
HYDRA_TEST(SysTest, FailsLikeACall) {
  const ServerRef<Counter> nobody("nobody");
  EXPECT_EQ((co_await sys::GetState(nobody)).status().code(), StatusCode::kNotFound);
  const Pid silent = Spawn([]() -> Async<> { co_await Receive<Add>(); });
  EXPECT_EQ((co_await sys::Suspend(silent, absl::Milliseconds(1))).code(),
            StatusCode::kDeadlineExceeded);
}

// SYS2
HYDRA_TEST(SysStateTest, IsCopiedInspectedAndReplaced) {
  const auto counter = co_await StartCounter();
  counter.Cast(Add{5});
  EXPECT_THAT(co_await sys::Inspect(counter, [](const Counter& c) { return c.count() * 2; }),
              IsOkAndHolds(10));
  const auto replaced = co_await sys::ReplaceState(counter, [](Counter c) {
    c.set_count(c.count() + 100);
    return c;
  });
  CO_ASSERT_TRUE(replaced.ok());
  EXPECT_EQ(replaced->count(), 105);
  EXPECT_THAT(co_await counter.Call(Get{}), IsOkAndHolds(105));
}

// SYS2: a function that throws harms nothing.
HYDRA_TEST(SysStateTest, FunctionThatThrowsChangesNothing) {
  const auto counter = co_await StartCounter();
  counter.Cast(Add{5});
  const auto replaced = co_await sys::ReplaceState(counter, [](Counter c) -> Counter {
    c.set_count(0);
    throw std::runtime_error("boom");
  });
  EXPECT_EQ(replaced.status().code(), StatusCode::kAborted);
  EXPECT_THAT(replaced.status().message(), HasSubstr("boom"));
  EXPECT_THAT(co_await counter.Call(Get{}), IsOkAndHolds(5));
}

HYDRA_TEST(SysStateTest, OtherClassIsRefused) {
  const auto counter = co_await StartCounter();
  const auto state = co_await sys::GetState(ServerRef<Other>(counter.dest()));
  EXPECT_EQ(state.status().code(), StatusCode::kInvalidArgument);
}

// SYS3
HYDRA_TEST(SysSuspendTest, MessagesWaitInOrderAndCallsTimeOut) {
  const auto counter = co_await StartCounter();
  EXPECT_OK(co_await sys::Suspend(counter.dest()));
  EXPECT_OK(co_await sys::Suspend(counter.dest()));
  counter.Cast(Add{1});
  EXPECT_EQ((co_await counter.Call(Get{}).Within(absl::Milliseconds(2))).status().code(),
            StatusCode::kDeadlineExceeded);
  EXPECT_THAT(co_await sys::Inspect(counter, &Counter::count), IsOkAndHolds(0));
  counter.Cast(Add{2});
  EXPECT_OK(co_await sys::Resume(counter.dest()));
  EXPECT_OK(co_await sys::Resume(counter.dest()));
  EXPECT_THAT(co_await counter.Call(Get{}), IsOkAndHolds(3));
}

// SYS3: the end of its parent, and Stop, end also one that is suspended.
HYDRA_TEST(SysSuspendTest, ParentAndStopEndOneThatIsSuspended) {
  const Pid owner = Self();
  const Pid parent = Spawn([owner]() -> Async<> {
    auto server = co_await StartLink<Counter>({}, owner, /*trap=*/true);
    Send(owner, *server);
    co_await Receive<Add>();
  });
  const auto counter = co_await AssertReceive<ServerRef<Counter>>();
  EXPECT_OK(co_await sys::Suspend(counter.dest()));
  Send(parent, Add{});
  EXPECT_EQ((co_await AssertReceive<Terminated>()).reason, ExitReason::Normal());

  const auto stopped = co_await StartCounter();
  EXPECT_OK(co_await sys::Suspend(stopped.dest()));
  EXPECT_OK(co_await Stop(stopped, ExitReason::Shutdown()));
  EXPECT_EQ((co_await AssertReceive<Terminated>()).reason, ExitReason::Shutdown());
}

// SYS3: a stranger's exit signal is a message, and waits like the others.
HYDRA_TEST(SysSuspendTest, ExitSignalOfAStrangerWaits) {
  const auto counter = co_await Start<Counter>({}, Self(), /*trap=*/true);
  CO_ASSERT_TRUE(counter.ok());
  EXPECT_OK(co_await sys::Suspend(counter->dest()));
  ScopedLogCapture log;
  Exit(counter->pid(), ExitReason::Custom("from a stranger"));
  EXPECT_TRUE((co_await sys::GetStatus(counter->dest())).ok());
  EXPECT_FALSE(log.Contains("ExitSignal"));
  EXPECT_OK(co_await sys::Resume(counter->dest()));
  EXPECT_THAT(co_await counter->Call(Get{}), IsOkAndHolds(0));
  EXPECT_TRUE(log.Contains("ExitSignal"));
}

// SYS4
HYDRA_TEST(SysDebugTest, EventsAreLoggedKeptAndCounted) {
  const auto counter = co_await StartCounter();
  EXPECT_EQ((co_await sys::GetStatistics(counter.dest())).status().code(),
            StatusCode::kFailedPrecondition);
  ScopedLogCapture log;
  EXPECT_OK(co_await sys::Trace(counter.dest(), true));
  EXPECT_OK(co_await sys::Log(counter.dest(), 2));
  EXPECT_OK(co_await sys::CountStatistics(counter.dest(), true));
  counter.Cast(Add{1});
  EXPECT_THAT(co_await counter.Call(Get{}), IsOkAndHolds(1));
  const std::string me = Self().ToString();
  EXPECT_TRUE(log.Contains("in hydra::(anonymous namespace)::Counter::Add"));
  EXPECT_TRUE(log.Contains("in hydra::(anonymous namespace)::Counter::Get from " + me));
  EXPECT_TRUE(log.Contains("reply to hydra::(anonymous namespace)::Counter::Get of " + me));
  const auto statistics = co_await sys::GetStatistics(counter.dest());
  CO_ASSERT_TRUE(statistics.ok());
  EXPECT_EQ(statistics->messages_in, 3U);  // the two, and the question
  EXPECT_EQ(statistics->replies, 1U);
  EXPECT_TRUE(log.Contains("done hydra::(anonymous namespace)::Counter::Add"));
  const auto events = co_await sys::GetLog(counter.dest());
  CO_ASSERT_TRUE(events.ok());
  EXPECT_EQ(events->size(), 2U);
  EXPECT_OK(co_await sys::NoDebug(counter.dest()));
  EXPECT_THAT(co_await sys::GetLog(counter.dest()), IsOkAndHolds(IsEmpty()));
}

// SYS4: the events of a message, in their order, whether its callback awaits or not.
class Sleeper {
 public:
  struct Nap {
    using Reply = void;
  };
  struct Wink {};
  using Protocol = hydra::Protocol<Nap, Wink>;
  Async<> HandleCall(Nap) { co_await Sleep(absl::Milliseconds(1)); }
  void HandleCast(Wink) {}
};
HYDRA_TEST(SysDebugTest, EventsOfAMessage) {
  const auto sleeper = co_await Start<Sleeper>({});
  CO_ASSERT_TRUE(sleeper.ok());
  EXPECT_OK(co_await sys::Log(sleeper->dest(), 10));
  EXPECT_OK(co_await sleeper->Call(Sleeper::Nap{}));
  sleeper->Cast(Sleeper::Wink{});
  const auto events = co_await sys::GetLog(sleeper->dest());
  CO_ASSERT_TRUE(events.ok());
  std::vector<std::string> seen;
  for (const SysEvent& event : *events) {
    constexpr std::string_view kScope = "hydra::(anonymous namespace)::Sleeper::";
    std::string text = event.ToString();
    if (const size_t at = text.find(kScope); at != text.npos) text.erase(at, kScope.size());
    seen.push_back(std::move(text));
  }
  const std::string me = Self().ToString();
  EXPECT_THAT(seen, ElementsAre("in Nap from " + me, "reply to Nap of " + me, "done Nap", "in Wink",
                                "done Wink", "in hydra::genserver_internal::SysRequest"));
}

// SYS4: a function that throws is removed, and the server lives.
HYDRA_TEST(SysDebugTest, InstalledFunctionsSeeEvents) {
  const auto counter = co_await StartCounter();
  const Pid owner = Self();
  EXPECT_OK(co_await sys::Install(counter.dest(), "watch",
                                  [owner](const SysEvent& event) { Send(owner, event); }));
  counter.Cast(Add{1});
  EXPECT_THAT((co_await AssertReceive<SysEvent>()).type, HasSubstr("Add"));
  EXPECT_OK(co_await sys::Remove(counter.dest(), "watch"));
  co_await Flush<SysEvent>();
  ScopedLogCapture log;
  EXPECT_OK(co_await sys::Install(counter.dest(), "bad",
                                  [](const SysEvent&) { throw std::runtime_error("boom"); }));
  counter.Cast(Add{1});
  EXPECT_THAT(co_await counter.Call(Get{}), IsOkAndHolds(2));
  EXPECT_EQ(log.entries().size(), 1U);
  EXPECT_TRUE(log.Contains("\"bad\""));
  EXPECT_THAT(co_await Flush<SysEvent>(), IsEmpty());
}

// SYS5
HYDRA_TEST(SysTest, TerminateEndsTheServerInOrder) {
  const auto counter = co_await StartCounter();
  const Ref ref = Monitor(counter.pid());
  EXPECT_OK(co_await sys::Terminate(counter.dest(), ExitReason::Shutdown("sys")));
  EXPECT_EQ((co_await AssertReceive<Terminated>()).reason, ExitReason::Shutdown("sys"));
  EXPECT_EQ((co_await Receive<Down>().For(ref)).reason, ExitReason::Shutdown("sys"));
}

// SYS6
HYDRA_TEST(SysTest, StatusTellsWhatThereIsToKnow) {
  TrapExit(true);
  const auto linked = co_await StartLink<Counter>({.name = "counter"}, Self());
  linked->Cast(Add{7});
  EXPECT_OK(co_await sys::Suspend(linked->dest()));
  EXPECT_OK(co_await sys::Trace("counter", true));
  const auto status = co_await sys::GetStatus("counter");
  CO_ASSERT_TRUE(status.ok());
  EXPECT_THAT(status->class_name, HasSubstr("Counter"));
  EXPECT_EQ(status->pid, linked->pid());
  EXPECT_EQ(status->name, "counter");
  EXPECT_EQ(status->parent, Self());
  EXPECT_TRUE(status->suspended);
  EXPECT_TRUE(status->traced);
  EXPECT_EQ(status->state, "count 7");
}

}  // namespace
}  // namespace hydra
