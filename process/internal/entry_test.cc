#include "hydra/process/internal/entry.h"

#include <coroutine>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "gtest/gtest.h"
#include "hydra/process/async.h"

namespace hydra::process_internal {
namespace {

using Token = std::shared_ptr<int>;

// Suspends a body until the test resumes it.
struct Suspend {
  using IsProcessWait = void;

  bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<>) const noexcept {}
  void await_resume() const noexcept {}
};

// Treats an entry as a worker does: the body is made from it, the entry is destroyed then or after
// the frame.
class Process {
 public:
  explicit Process(Entry* entry) : entry_(entry) {
    body_ = AsyncAccess::Release(entry->start(*entry));
    if (!entry->outlives_start) DestroyEntry();
  }
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;
  ~Process() {
    body_->DestroyFrame();
    DestroyEntry();
  }

  // Runs the body until it suspends or ends.
  Process& Run() {
    body_->frame().resume();
    return *this;
  }

 private:
  void DestroyEntry() {
    if (entry_ != nullptr) entry_->destroy(entry_);
    entry_ = nullptr;
  }

  Entry* entry_;
  Promise<void>* body_ = nullptr;
};

template <typename... Args>
void RunToTheEnd(Args&&... args) {
  Process(MakeEntry(std::forward<Args>(args)...)).Run();
}

int free_calls = 0;
Async<> FreeFunction(int number) {
  free_calls += number;
  co_return;
}
Async<> FreeNoexceptFunction() noexcept {
  ++free_calls;
  co_return;
}

TEST(EntryTest, FunctionsAreCalledWithTheirArguments) {
  free_calls = 0;
  RunToTheEnd(FreeFunction, 7);
  EXPECT_EQ(free_calls, 7);
  RunToTheEnd(&FreeFunction, 1);
  EXPECT_EQ(free_calls, 8);
  RunToTheEnd(FreeNoexceptFunction);
  EXPECT_EQ(free_calls, 9);
}

TEST(EntryTest, EntryOfAFunctionNeedNotOutliveTheStart) {
  Entry* entry = MakeEntry(FreeFunction, 1);
  EXPECT_FALSE(entry->outlives_start);
  entry->destroy(entry);
}

TEST(EntryTest, ClosuresWithoutCapturesShareOneEntry) {
  const auto body = []() -> Async<> {
    ++free_calls;
    co_return;
  };
  Entry* entry = MakeEntry(body);
  EXPECT_EQ(entry, MakeEntry(body));
  EXPECT_FALSE(entry->outlives_start);
  free_calls = 0;
  Process(entry).Run();
  Process(entry).Run();
  EXPECT_EQ(free_calls, 2);
}

// A plain function that returns an Async runs when the process starts, not when it is spawned.
TEST(EntryTest, CallableIsCalledByStart) {
  bool called = false;
  Entry* entry = MakeEntry([&called] {
    called = true;
    return FreeFunction(0);
  });
  EXPECT_FALSE(called);
  const Process process(entry);
  EXPECT_TRUE(called);
}

TEST(EntryTest, EntryThatIsNeverStartedDestroysWhatItHolds) {
  const Token token = std::make_shared<int>();
  Entry* entry = MakeEntry([token](Token) -> Async<> { co_return; }, token);
  EXPECT_EQ(token.use_count(), 3);
  entry->destroy(entry);
  EXPECT_EQ(token.use_count(), 1);
}

TEST(EntryTest, StartThatThrowsLeavesTheEntryToBeDestroyed) {
  const Token token = std::make_shared<int>();
  Entry* entry = MakeEntry([token]() -> Async<> { throw std::runtime_error("no body"); });
  EXPECT_THROW((void)entry->start(*entry), std::runtime_error);
  EXPECT_EQ(token.use_count(), 2);
  entry->destroy(entry);
  EXPECT_EQ(token.use_count(), 1);
}

// ---- Captures.

TEST(EntryTest, CapturesAreKeptUntilTheEnd) {
  const Token token = std::make_shared<int>(1);
  {
    Process process(MakeEntry([token]() -> Async<> {
      co_await Suspend();
      *token += 10;
      co_await Suspend();
      *token += 100;
    }));
    process.Run();
    EXPECT_EQ(token.use_count(), 2);
    process.Run().Run();
    EXPECT_EQ(*token, 111);
    EXPECT_EQ(token.use_count(), 2) << "the process hasn't been destroyed yet";
  }
  EXPECT_EQ(token.use_count(), 1);
}

TEST(EntryTest, CaptureMayBeMoveOnlyAndChange) {
  int result = 0;
  RunToTheEnd([&result, number = std::make_unique<int>(1)]() mutable -> Async<> {
    *number += 1;
    result = *std::exchange(number, nullptr);
    co_return;
  });
  EXPECT_EQ(result, 2);
}

TEST(EntryTest, CallableMayBeAStdFunction) {
  int sum = 0;
  const std::function<Async<>(int)> body = [&sum](int number) -> Async<> {
    co_await Suspend();
    sum += number;
  };
  Process process(MakeEntry(body, 5));
  process.Run().Run();
  EXPECT_EQ(sum, 5);
}

// ---- Arguments.

struct Counts {
  int copies = 0;
  int moves = 0;
};

struct Counted {
  explicit Counted(Counts* the_counts) : counts(the_counts) {}
  Counted(const Counted& other) : counts(other.counts) { ++counts->copies; }
  Counted(Counted&& other) noexcept : counts(other.counts) { ++counts->moves; }

  Counts* counts;
};

Async<> Empty() { co_return; }
Async<> TakesAndMakes(Counted) { return Empty(); }
Async<> TakesIntoItsFrame(Counted) { co_return; }

TEST(EntryTest, ArgumentIsMovedOnceIntoTheEntryAndOnceOutOfIt) {
  Counts counts;
  Entry* entry = MakeEntry(TakesAndMakes, Counted(&counts));
  EXPECT_EQ(counts.moves, 1);
  {
    const Process process(entry);
    EXPECT_EQ(counts.moves, 2);
  }
  EXPECT_EQ(counts.copies, 0);
}

TEST(EntryTest, CoroutineMovesItsParameterIntoTheFrame) {
  Counts counts;
  RunToTheEnd(TakesIntoItsFrame, Counted(&counts));
  EXPECT_EQ(counts.moves, 3) << "into the entry, out of it, into the frame";
  EXPECT_EQ(counts.copies, 0);
}

TEST(EntryTest, LvalueIsCopiedOnce) {
  Counts counts;
  const Counted argument(&counts);
  RunToTheEnd(TakesAndMakes, argument);
  EXPECT_EQ(counts.copies, 1);
  EXPECT_EQ(counts.moves, 1);
}

TEST(EntryTest, ArgumentMayBeMoveOnly) {
  std::string result;
  const auto body = [](std::unique_ptr<std::string> text, std::string* out) -> Async<> {
    co_await Suspend();
    *out = *text;
  };
  Process process(MakeEntry(body, std::make_unique<std::string>("moved"), &result));
  process.Run().Run();
  EXPECT_EQ(result, "moved");
}

TEST(EntryTest, ArgumentIsConvertedLikeACallsArgument) {
  std::string result;
  const auto body = [](std::string text, std::string* out) -> Async<> {
    *out = std::move(text);
    co_return;
  };
  RunToTheEnd(body, "text", &result);
  EXPECT_EQ(result, "text");
}

// ---- Member functions.

class Server {
 public:
  Server(Token token, int* result) : token_(std::move(token)), result_(result) {}

  Async<> Run(int number) {
    co_await Suspend();
    *result_ = number + *token_;
  }
  Async<> RunConst() const {
    co_await Suspend();
    *result_ = *token_;
  }
  Async<> RunNoexcept(std::unique_ptr<int> number) noexcept {
    co_await Suspend();
    *result_ = *number;
  }

 private:
  Token token_;
  int* result_;
};

TEST(EntryTest, ObjectOfAMemberFunctionIsKeptUntilTheEnd) {
  const Token token = std::make_shared<int>(40);
  int result = 0;
  {
    Entry* entry = MakeEntry(&Server::Run, Server(token, &result), 2);
    EXPECT_TRUE(entry->outlives_start);
    Process process(entry);
    process.Run();
    EXPECT_EQ(token.use_count(), 2);
    process.Run();
  }
  EXPECT_EQ(result, 42);
  EXPECT_EQ(token.use_count(), 1);
}

TEST(EntryTest, MemberFunctionMayBeConstOrNoexcept) {
  const Token token = std::make_shared<int>(3);
  int result = 0;
  Process(MakeEntry(&Server::RunConst, Server(token, &result))).Run().Run();
  EXPECT_EQ(result, 3);
  Process(MakeEntry(&Server::RunNoexcept, Server(token, &result), std::make_unique<int>(4)))
      .Run()
      .Run();
  EXPECT_EQ(result, 4);
}

TEST(EntryTest, MemberFunctionRunsOnWhatAPointerPointsTo) {
  int result = 0;
  const auto server = std::make_shared<Server>(std::make_shared<int>(1), &result);
  Process(MakeEntry(&Server::Run, server.get(), 1)).Run().Run();
  EXPECT_EQ(result, 2);
  Process(MakeEntry(&Server::RunConst, std::ref(*server))).Run().Run();
  EXPECT_EQ(result, 1);
}

// ---- Callables that can be called in more than one way.

TEST(EntryTest, GenericCallableTakesValues) {
  std::string result;
  const auto body = [](auto text, auto* out) -> Async<> {
    co_await Suspend();
    *out = text;
  };
  Process(MakeEntry(body, std::string("a text that is long enough to be allocated"), &result))
      .Run()
      .Run();
  EXPECT_EQ(result, "a text that is long enough to be allocated");
}

// Nobody can see whether it takes references, so what they may refer to stays.
TEST(EntryTest, ArgumentsOfAGenericCallableAreKeptUntilTheEnd) {
  const Token token = std::make_shared<int>();
  {
    const auto body = [](auto&& number) -> Async<> {
      co_await Suspend();
      ++*number;
    };
    Entry* entry = MakeEntry(body, token);
    EXPECT_TRUE(entry->outlives_start);
    Process process(entry);
    process.Run();
    EXPECT_EQ(token.use_count(), 2);
    process.Run();
  }
  EXPECT_EQ(*token, 1);
  EXPECT_EQ(token.use_count(), 1);
}

struct Overloaded {
  Async<> operator()(int) {
    *result = "int";
    co_return;
  }
  Async<> operator()(std::string) {
    *result = "string";
    co_return;
  }

  std::string* result;
};

TEST(EntryTest, OverloadIsChosenByTheArguments) {
  std::string result;
  RunToTheEnd(Overloaded{&result}, 1);
  EXPECT_EQ(result, "int");
  RunToTheEnd(Overloaded{&result}, std::string());
  EXPECT_EQ(result, "string");
}

// ---- Failure.

struct ThrowsWhenCopied {
  ThrowsWhenCopied() = default;
  ThrowsWhenCopied(const ThrowsWhenCopied&) { throw std::runtime_error("no copy"); }
};

TEST(EntryTest, ArgumentThatThrowsMakesNoEntry) {
  const Token token = std::make_shared<int>();
  const ThrowsWhenCopied argument;
  const auto body = [token](ThrowsWhenCopied) -> Async<> { co_return; };
  EXPECT_THROW((void)MakeEntry(body, argument), std::runtime_error);
  EXPECT_EQ(token.use_count(), 2) << "here and in the lambda";
}

// ---- Parameters.

struct Functor {
  Async<> operator()(int, std::string) const noexcept;
};

static_assert(std::is_same_v<Parameters<decltype(FreeFunction)>, Types<int>>);
static_assert(std::is_same_v<Parameters<decltype(&FreeNoexceptFunction)>, Types<>>);
static_assert(std::is_same_v<Parameters<const Functor&>, Types<int, std::string>>);
static_assert(std::is_same_v<Parameters<decltype(&Server::Run)>, Types<int>>);
static_assert(std::is_same_v<Parameters<Overloaded>, UnknownTypes>);
static_assert(HasReference(Types<int, const std::string&>()));
static_assert(HasReference(Types<int&&>()));
static_assert(!HasReference(Types<int, int*>()));
static_assert(!HasReference(Types<>()));

}  // namespace
}  // namespace hydra::process_internal
