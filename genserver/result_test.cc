// Every callback, with everything that it may return: semantics.md GS2 and GS28.
#include <functional>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "hydra/base/status_testing.h"
#include "hydra/genserver/genserver.h"
#include "hydra/process/behaviour.h"
#include "hydra/process/process.h"
#include "hydra/process/testing/process_test.h"

namespace hydra {
namespace {

// What a server does after a callback.
enum class Then { kReceive, kIdleTimeout, kHibernate, kContinue, kStop };
constexpr Then kEvery[] = {Then::kReceive, Then::kIdleTimeout, Then::kHibernate, Then::kContinue,
                           Then::kStop};

struct Event {
  std::string what;
};
struct LastStep {};

Next NextOf(Then then) {
  switch (then) {
    case Then::kReceive:
      break;
    case Then::kIdleTimeout:
      return Next::IdleTimeout(absl::Milliseconds(1));
    case Then::kHibernate:
      return Next::Hibernate();
    case Then::kContinue:
      return Next::Continue(LastStep{});
    case Then::kStop:
      return Next::Stop(ExitReason::Shutdown("told"));
  }
  return Next();
}

// What its owner sees of that.
std::string EventOf(Then then) {
  switch (then) {
    case Then::kReceive:
      break;
    case Then::kIdleTimeout:
      return "idle";
    case Then::kHibernate:
      return "hibernate";
    case Then::kContinue:
      return "last step";
    case Then::kStop:
      return "terminate shutdown: told";
  }
  return "";
}

template <typename T>
constexpr bool kIsReplyThen = false;
template <typename T>
constexpr bool kIsReplyThen<ReplyThen<T>> = true;

// Whether a callback that returns an R can say what comes then.
template <typename R>
constexpr bool kSays = std::is_same_v<Awaited<R>, Next> || std::is_same_v<Awaited<R>, InitResult> ||
                       kIsReplyThen<Awaited<R>>;

template <typename R>
R Returned(Then then);

template <typename T>
Async<T> ReturnedLater(Then then) {
  co_await Yield();
  co_return Returned<T>(then);
}

// What a callback that returns an R returns.
template <typename R>
R Returned(Then then) {
  if constexpr (kIsAsync<R>) {
    return ReturnedLater<Awaited<R>>(then);
  } else if constexpr (kIsReplyThen<R>) {
    return {Returned<decltype(R::reply)>(then), NextOf(then)};
  } else if constexpr (kSays<R>) {
    return NextOf(then);
  } else if constexpr (std::is_same_v<R, int>) {
    return 7;
  } else {
    return R();
  }
}

// Tells its owner what it does.
class Watched {
 public:
  using Infos = hydra::Infos<IdleTimeout>;
  using Continues = hydra::Continues<LastStep>;

  explicit Watched(Pid owner) : owner_(owner) {}
  void HandleInfo(IdleTimeout) { Tell("idle"); }
  void HandleContinue(LastStep) { Tell("last step"); }
  void Hibernate() { Tell("hibernate"); }
  void Terminate(const ExitReason& reason) { Tell("terminate " + reason.ToString()); }

 protected:
  void Tell(std::string what) { Send(owner_, Event{std::move(what)}); }

 private:
  const Pid owner_;
};

// Expects that a server does that, and nothing else.
Async<> ExpectThat(Pid server, Then then, std::string callback) {
  const std::string expected = EventOf(then);
  if (then != Then::kReceive)
    EXPECT_EQ((co_await AssertReceive<Event>()).what, expected) << callback;
  if (then == Then::kStop) {
    const Ref ref = Monitor(server);
    co_await Receive<Down>().For(ref);
  }
  const auto more = co_await Receive<Event>().Within(absl::Milliseconds(3));
  EXPECT_EQ(more.has_value(), false) << callback << ", " << expected << ", " << more->what;
  EXPECT_EQ(co_await IsAlive(server), then != Then::kStop) << callback << ", " << expected;
}

// ---- Callbacks that answer nothing, or later.

// Its callbacks return an R.
template <typename R>
class Handling : public Watched {
 public:
  struct Cast {
    Then then;
  };
  struct Call {
    using Reply = int;
    Then then;
  };
  struct Begin {  // the callback that is called next returns `then`
    Then first;
    Then then;
  };
  struct Info {
    Then then;
  };
  struct Other {
    Then then;
  };
  using Protocol = hydra::Protocol<Cast, Call, Begin>;
  using Infos = hydra::Infos<Info, IdleTimeout>;

  using Watched::Watched;
  R HandleCast(Cast cast) { return Returned<R>(cast.then); }
  R HandleCall(Call call, ReplyTo<Call> reply_to) {
    reply_to.Send(7);
    return Returned<R>(call.then);
  }
  R HandleInfo(Info info) { return Returned<R>(info.then); }
  R HandleInfo(Message& message) {
    if constexpr (kIsAsync<R>) {
      return HandledLater<Awaited<R>>(message);
    } else {
      return Returned<R>(message.Get<Other>()->then);
    }
  }
  Next HandleCast(Begin begin) {
    then_ = begin.then;
    return NextOf(begin.first);
  }
  R HandleInfo(IdleTimeout) {
    if (!then_.has_value()) Tell("idle");
    return Returned<R>(TakeThen());
  }
  R HandleContinue(LastStep) {
    if (!then_.has_value()) Tell("last step");
    return Returned<R>(TakeThen());
  }

 private:
  template <typename T>
  static Async<T> HandledLater(Message& message) {
    co_await Yield();
    co_return Returned<T>(message.Get<Other>()->then);
  }
  Then TakeThen() { return std::exchange(then_, std::nullopt).value_or(Then::kReceive); }

  std::optional<Then> then_;
};

template <typename R>
Async<> TestHandling() {
  using S = Handling<R>;
  using Calls = std::function<Async<>(ServerRef<S>, Then)>;
  const std::pair<const char*, Calls> callbacks[] = {
      {"HandleCast",
       [](ServerRef<S> server, Then then) -> Async<> {
         server.Cast(typename S::Cast{then});
         co_return;
       }},
      {"HandleCall with a ReplyTo",
       [](ServerRef<S> server, Then then) -> Async<> {
         EXPECT_THAT(co_await server.Call(typename S::Call{then}), IsOkAndHolds(7));
       }},
      {"HandleInfo of a type",
       [](ServerRef<S> server, Then then) -> Async<> {
         Send(server.pid(), typename S::Info{then});
         co_return;
       }},
      {"HandleInfo of a Message&",
       [](ServerRef<S> server, Then then) -> Async<> {
         Send(server.pid(), typename S::Other{then});
         co_return;
       }},
      {"HandleInfo of an IdleTimeout",
       [](ServerRef<S> server, Then then) -> Async<> {
         server.Cast(typename S::Begin{Then::kIdleTimeout, then});
         co_return;
       }},
      {"HandleContinue",
       [](ServerRef<S> server, Then then) -> Async<> {
         server.Cast(typename S::Begin{Then::kContinue, then});
         co_return;
       }},
  };
  for (const auto& [callback, calls] : callbacks) {
    for (const Then then : kEvery) {
      if (then != Then::kReceive && !kSays<R>) continue;
      const auto server = co_await Start<S>({}, Self());
      CO_ASSERT_TRUE(server.ok());
      co_await calls(*server, then);
      co_await ExpectThat(server->pid(), then, callback);
    }
  }
}

// GS28
HYDRA_TEST(ResultTest, OfACallbackThatReturnsNothing) { co_await TestHandling<void>(); }
HYDRA_TEST(ResultTest, OfACallbackThatReturnsANext) { co_await TestHandling<Next>(); }
HYDRA_TEST(ResultTest, OfACallbackThatAwaits) { co_await TestHandling<Async<>>(); }
HYDRA_TEST(ResultTest, OfACallbackThatAwaitsANext) { co_await TestHandling<Async<Next>>(); }

// ---- Callbacks that answer.

// Answers a request whose reply is a ReplyType with an R.
template <typename ReplyType, typename R>
class Answering : public Watched {
 public:
  struct Ask {
    using Reply = ReplyType;
    Then then;
  };
  using Protocol = hydra::Protocol<Ask>;

  using Watched::Watched;
  R HandleCall(Ask ask) { return Returned<R>(ask.then); }
};

template <typename ReplyType, typename R>
Async<> TestAnswering() {
  using S = Answering<ReplyType, R>;
  for (const Then then : kEvery) {
    if (then != Then::kReceive && !kSays<R>) continue;
    const auto server = co_await Start<S>({}, Self());
    CO_ASSERT_TRUE(server.ok());
    const auto reply = co_await server->Call(typename S::Ask{then});
    EXPECT_OK(StatusOf(reply)) << TypeName<R>();
    if constexpr (std::is_same_v<ReplyType, int>) EXPECT_EQ(reply.value(), 7);
    co_await ExpectThat(server->pid(), then, std::string(TypeName<R>()));
  }
}

// GS28
HYDRA_TEST(ResultTest, OfACallWithAReply) {
  co_await TestAnswering<int, int>();
  co_await TestAnswering<int, ReplyThen<int>>();
  co_await TestAnswering<int, Async<int>>();
  co_await TestAnswering<int, Async<ReplyThen<int>>>();
}
HYDRA_TEST(ResultTest, OfACallWhoseReplyIsVoid) {
  co_await TestAnswering<void, void>();
  co_await TestAnswering<void, Next>();
  co_await TestAnswering<void, absl::Status>();
  co_await TestAnswering<void, ReplyThen<absl::Status>>();
  co_await TestAnswering<void, Async<>>();
  co_await TestAnswering<void, Async<Next>>();
  co_await TestAnswering<void, Async<absl::Status>>();
  co_await TestAnswering<void, Async<ReplyThen<absl::Status>>>();
}
HYDRA_TEST(ResultTest, OfACallWhoseReplyIsAStatus) {
  co_await TestAnswering<absl::Status, absl::Status>();
  co_await TestAnswering<absl::Status, ReplyThen<absl::Status>>();
  co_await TestAnswering<absl::Status, Async<absl::Status>>();
  co_await TestAnswering<absl::Status, Async<ReplyThen<absl::Status>>>();
}
HYDRA_TEST(ResultTest, OfACallWhoseReplyIsConvertedTo) {
  co_await TestAnswering<std::optional<int>, int>();
  co_await TestAnswering<std::optional<int>, ReplyThen<int>>();
  co_await TestAnswering<absl::StatusOr<int>, int>();
  co_await TestAnswering<absl::StatusOr<int>, Async<int>>();
}

// ---- Init.

template <typename R>
class Starting : public Watched {
 public:
  using Protocol = hydra::Protocol<>;

  Starting(Pid owner, std::function<R()> init) : Watched(owner), init_(std::move(init)) {}
  R Init() { return init_(); }

 private:
  const std::function<R()> init_;
};

template <typename R>
Async<absl::StatusOr<ServerRef<Starting<R>>>> StartWith(std::function<R()> init) {
  return Start<Starting<R>>({}, Self(), std::move(init));
}

template <typename R>
Async<> TestStarting() {
  for (const Then then : kEvery) {
    if (then != Then::kReceive && !kSays<R>) continue;
    const std::function<R()> init = [then] { return Returned<R>(then); };
    const auto server = co_await StartWith(init);
    if (then == Then::kStop) {
      EXPECT_EQ(ExitReasonOf(server.status()), ExitReason::Shutdown("told"));
      EXPECT_EQ(co_await Receive<Event>().Within(absl::ZeroDuration()), std::nullopt);
    } else {
      CO_ASSERT_TRUE(server.ok());
      co_await ExpectThat(server->pid(), then, "Init " + std::string(TypeName<R>()));
    }
  }
}

// GS2
HYDRA_TEST(ResultTest, OfInit) {
  co_await TestStarting<void>();
  co_await TestStarting<Next>();
  co_await TestStarting<InitResult>();
  co_await TestStarting<absl::Status>();
  co_await TestStarting<Async<>>();
  co_await TestStarting<Async<Next>>();
  co_await TestStarting<Async<InitResult>>();
  co_await TestStarting<Async<absl::Status>>();
}

template <typename R>
Async<R> Later(R result) {
  co_await Yield();
  co_return result;
}

// GS2: an error, and ignoring the start.
HYDRA_TEST(ResultTest, OfInitThatStartsNothing) {
  const absl::Status error = absl::NotFoundError("no such file");
  EXPECT_EQ((co_await StartWith<absl::Status>([&] { return error; })).status(), error);
  EXPECT_EQ((co_await StartWith<InitResult>([&] { return error; })).status(), error);
  EXPECT_EQ((co_await StartWith<Async<absl::Status>>([&] { return Later(error); })).status(),
            error);
  const auto ignores = [] { return InitResult::Ignore(); };
  EXPECT_TRUE(IsIgnored((co_await StartWith<InitResult>(ignores)).status()));
  const auto ignores_later = [] { return Later(InitResult::Ignore()); };
  EXPECT_TRUE(IsIgnored((co_await StartWith<Async<InitResult>>(ignores_later)).status()));
}

// ---- What a class needn't have.

// Has nothing but what its Protocol asks for.
class Bare {
 public:
  struct Do {
    Then then;
  };
  struct Get {
    using Reply = int;
  };
  using Protocol = hydra::Protocol<Do, Get>;
  Next HandleCast(Do what) { return NextOf(what.then); }
  int HandleCall(Get) { return 7; }
};

// GS28: nothing is needed for hibernating and stopping.
HYDRA_TEST(ResultTest, NeedsNoOtherCallbacks) {
  const auto server = co_await Start<Bare>({});
  CO_ASSERT_TRUE(server.ok());
  server->Cast(Bare::Do{Then::kHibernate});
  EXPECT_THAT(co_await server->Call(Bare::Get{}), IsOkAndHolds(7));
  const Ref ref = Monitor(server->pid());
  server->Cast(Bare::Do{Then::kStop});
  EXPECT_EQ((co_await Receive<Down>().For(ref)).reason, ExitReason::Shutdown("told"));
}

// An IdleTimeout that isn't among the Infos is a message like any other.
class TakesAll : public Bare {
 public:
  explicit TakesAll(Pid owner) : owner_(owner) {}
  void HandleInfo(Message& message) {
    Send(owner_, Event{message.Is<IdleTimeout>() ? "idle" : "other"});
  }

 private:
  const Pid owner_;
};
HYDRA_TEST(ResultTest, IdleTimeoutIsAMessage) {
  const auto server = co_await Start<TakesAll>({}, Self());
  CO_ASSERT_TRUE(server.ok());
  server->Cast(Bare::Do{Then::kIdleTimeout});
  EXPECT_EQ((co_await AssertReceive<Event>()).what, "idle");
}

// ---- Without a runtime.

class Account {
 public:
  struct Balance {
    using Reply = int;
  };
  struct Close {
    using Reply = int;
  };
  struct Audit {
    using Reply = int;
  };
  struct Deposit {
    int amount;
  };
  using Protocol = hydra::Protocol<Balance, Close, Audit, Deposit>;

  int HandleCall(Balance) const { return balance_; }
  ReplyThen<int> HandleCall(Close) {
    return {std::exchange(balance_, 0), Next::Stop(ExitReason::Normal())};
  }
  void HandleCall(Audit, ReplyTo<Audit> reply_to) { audit_ = std::move(reply_to); }
  Next HandleCast(Deposit deposit) {
    balance_ += deposit.amount;
    return Next::IdleTimeout(absl::Minutes(1));
  }

 private:
  int balance_ = 0;
  ReplyTo<Audit> audit_;
};

// Handlers are ordinary member functions, and what they return can be looked at.
TEST(WithoutRuntimeTest, HandlersAreOrdinaryFunctions) {
  Account account;
  const Next next = account.HandleCast(Account::Deposit{5});
  EXPECT_EQ(next.kind(), Next::Kind::kIdleTimeout);
  EXPECT_EQ(next.timeout(), absl::Minutes(1));
  EXPECT_EQ(account.HandleCall(Account::Balance{}), 5);
  account.HandleCall(Account::Audit{}, ReplyTo<Account::Audit>());
  const ReplyThen<int> closed = account.HandleCall(Account::Close{});
  EXPECT_EQ(closed.reply, 5);
  EXPECT_EQ(closed.next.kind(), Next::Kind::kStop);
  EXPECT_EQ(closed.next.reason(), ExitReason::Normal());
}

}  // namespace
}  // namespace hydra
