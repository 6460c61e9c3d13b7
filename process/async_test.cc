#include "hydra/process/async.h"

#include <concepts>
#include <coroutine>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "gtest/gtest.h"
#include "hydra/base/compiler.h"

namespace hydra {
namespace {

using process_internal::PromiseBase;

#if defined(HYDRA_ASAN) || defined(HYDRA_TSAN)
constexpr int kMillion = 100'000;
#else
constexpr int kMillion = 1'000'000;
#endif

using Events = std::vector<std::string>;

// Drives a body by hand, as a worker does.
class Driver {
 public:
  explicit Driver(Async<> body) : body_(AsyncAccess::Release(std::move(body))), leaf_(body_) {}
  Driver(const Driver&) = delete;
  Driver& operator=(const Driver&) = delete;
  ~Driver() { DestroyFrames(); }

  // Runs the body until it suspends or ends, and says whether it has ended. Throws what left it.
  bool Run() {
    PromiseBase* leaf = leaf_;
    current_ = this;
    leaf->frame().resume();
    if (!body_->frame().done()) return false;
    leaf_ = body_;
    body_->TakeResult();
    return true;
  }

  // Innermost first, in a loop: see Worker::DestroyFrames.
  void DestroyFrames() {
    for (PromiseBase* frame = std::exchange(leaf_, nullptr); frame != nullptr;) {
      PromiseBase* parent = frame->parent();
      frame->DestroyFrame();
      frame = parent;
    }
  }

  // Destroys the outermost frame, which takes the others with it.
  void DestroyBody() {
    leaf_ = nullptr;
    body_->DestroyFrame();
  }

 private:
  friend class Suspend;

  static inline Driver* current_ = nullptr;

  process_internal::Promise<void>* const body_;
  PromiseBase* leaf_;
};

// Suspends the body until the next Run.
class Suspend {
 public:
  using IsProcessWait = void;

  bool await_ready() const noexcept { return false; }
  template <typename P>
  void await_suspend(std::coroutine_handle<P> suspended) const noexcept {
    Driver::current_->leaf_ = &suspended.promise();
  }
  void await_resume() const noexcept {}
};

// Notes its own end.
class Local {
 public:
  Local(Events* events, std::string name) : events_(events), name_(std::move(name)) {}
  Local(Local&& other) noexcept
      : events_(std::exchange(other.events_, nullptr)), name_(std::move(other.name_)) {}
  Local& operator=(Local&&) = delete;
  ~Local() {
    if (events_ != nullptr) events_->push_back("~" + name_);
  }

 private:
  Events* events_;
  std::string name_;
};

// How far apart the stack frames lie that `Note` was called from.
class StackRange {
 public:
  HYDRA_NOINLINE void Note() {
    const auto here = reinterpret_cast<uintptr_t>(__builtin_frame_address(0));
    if (here < lowest_) lowest_ = here;
    if (here > highest_) highest_ = here;
    ++count_;
  }

  int64_t count() const { return count_; }
  uintptr_t bytes() const { return highest_ - lowest_; }

 private:
  uintptr_t lowest_ = UINTPTR_MAX;
  uintptr_t highest_ = 0;
  int64_t count_ = 0;
};

// A few calls' worth; one frame more for each of a million awaits is a thousand times that.
constexpr uintptr_t kConstant = 4096;

// ---- Results.

Async<int> Value(int value) { co_return value; }
Async<std::unique_ptr<int>> Boxed(int value) { co_return std::make_unique<int>(value); }
Async<std::string> Text() { co_return "converted"; }
Async<> Nothing() { co_return; }

TEST(AsyncTest, AwaitYieldsTheValue) {
  int sum = 0;
  const auto body = [&sum]() -> Async<> {
    sum += co_await Value(40);
    sum += co_await Value(1) + co_await Value(1);
    co_await Nothing();
  };
  EXPECT_TRUE(Driver(body()).Run());
  EXPECT_EQ(sum, 42);
}

TEST(AsyncTest, ResultMayBeMoveOnly) {
  std::unique_ptr<int> result;
  const auto body = [&result]() -> Async<> { result = co_await Boxed(7); };
  EXPECT_TRUE(Driver(body()).Run());
  ASSERT_NE(result, nullptr);
  EXPECT_EQ(*result, 7);
}

TEST(AsyncTest, ReturnedValueIsConverted) {
  std::string result;
  const auto body = [&result]() -> Async<> { result = co_await Text(); };
  EXPECT_TRUE(Driver(body()).Run());
  EXPECT_EQ(result, "converted");
}

// Has no default constructor, and counts its copies and moves.
struct Counted {
  explicit Counted(int* copy_count, int* move_count) : copies(copy_count), moves(move_count) {}
  Counted(const Counted& other) : copies(other.copies), moves(other.moves) { ++*copies; }
  Counted(Counted&& other) noexcept : copies(other.copies), moves(other.moves) { ++*moves; }

  int* copies;
  int* moves;
};

Async<Counted> MakeCounted(int* copies, int* moves) { co_return Counted(copies, moves); }

TEST(AsyncTest, ResultIsMovedIntoThePromiseAndOutOfIt) {
  int copies = 0;
  int moves = 0;
  const auto body = [&]() -> Async<> {
    const Counted result = co_await MakeCounted(&copies, &moves);
    EXPECT_EQ(result.copies, &copies);
  };
  EXPECT_TRUE(Driver(body()).Run());
  EXPECT_EQ(copies, 0);
  EXPECT_EQ(moves, 2);
}

// ---- Order and suspension.

Async<int> Inner(Events* events) {
  const Local local(events, "inner");
  events->push_back("inner begins");
  co_await Suspend();
  events->push_back("inner goes on");
  co_return 1;
}

Async<int> Middle(Events* events) {
  const Local local(events, "middle");
  co_return 1 + co_await Inner(events);
}

Async<> Outer(Events* events, int* result) {
  const Local local(events, "outer");
  events->push_back("outer begins");
  *result = co_await Middle(events);
  events->push_back("outer goes on");
}

TEST(AsyncTest, SuspensionOfTheInnermostSuspendsAll) {
  Events events;
  int result = 0;
  Driver driver(Outer(&events, &result));
  EXPECT_EQ(events, Events()) << "nothing runs before it is awaited";
  EXPECT_FALSE(driver.Run());
  EXPECT_EQ(events, Events({"outer begins", "inner begins"}));
  events.clear();
  EXPECT_TRUE(driver.Run());
  EXPECT_EQ(events, Events({"inner goes on", "~inner", "~middle", "outer goes on", "~outer"}));
  EXPECT_EQ(result, 2);
}

TEST(AsyncTest, AsyncRunsWhenItIsAwaitedNotWhenItIsMade) {
  Events events;
  const auto child = [&events](std::string name) -> Async<> {
    events.push_back(std::move(name));
    co_return;
  };
  const auto body = [&]() -> Async<> {
    Async<> first = child("made first");
    Async<> second = child("made second");
    events.push_back("made");
    co_await std::move(second);
    co_await std::move(first);
  };
  EXPECT_TRUE(Driver(body()).Run());
  EXPECT_EQ(events, Events({"made", "made second", "made first"}));
}

Async<> TakesLocal(Events* events, Local) {
  events->push_back("runs");
  co_return;
}

TEST(AsyncTest, AwaitedFrameIsDestroyedWithTheAwait) {
  Events events;
  const auto body = [&events]() -> Async<> {
    co_await TakesLocal(&events, Local(&events, "parameter"));
    events.push_back("next statement");
  };
  EXPECT_TRUE(Driver(body()).Run());
  EXPECT_EQ(events, Events({"runs", "~parameter", "next statement"}));
}

// ---- Exceptions.

Async<int> Throws(Events* events) {
  const Local local(events, "throwing");
  co_await Suspend();
  throw std::out_of_range("too far");
}

Async<int> PassesOn(Events* events) {
  const Local local(events, "passing");
  co_return co_await Throws(events);
}

TEST(AsyncTest, ExceptionIsRethrownFromEachAwaitOutwards) {
  Events events;
  const auto body = [&events]() -> Async<> {
    try {
      co_await PassesOn(&events);
      ADD_FAILURE() << "not thrown";
    } catch (const std::out_of_range& error) {
      events.push_back(error.what());
    }
    co_await Suspend();
    events.push_back("goes on");
  };
  Driver driver(body());
  EXPECT_FALSE(driver.Run());
  EXPECT_EQ(events, Events());
  EXPECT_FALSE(driver.Run());
  EXPECT_EQ(events, Events({"~throwing", "~passing", "too far"}));
  EXPECT_TRUE(driver.Run());
  EXPECT_EQ(events.back(), "goes on");
}

TEST(AsyncTest, ExceptionOfTheBodyIsItsResult) {
  Events events;
  const auto body = [&events]() -> Async<> { co_await PassesOn(&events); };
  Driver driver(body());
  EXPECT_FALSE(driver.Run());
  EXPECT_THROW(driver.Run(), std::out_of_range);
}

TEST(AsyncTest, ExceptionNeedNotBeAnObjectOfAClass) {
  int caught = 0;
  const auto thrower = []() -> Async<std::unique_ptr<int>> {
    throw 42;
    co_return nullptr;
  };
  const auto body = [&]() -> Async<> {
    try {
      co_await thrower();
    } catch (int number) {
      caught = number;
    }
  };
  EXPECT_TRUE(Driver(body()).Run());
  EXPECT_EQ(caught, 42);
}

TEST(AsyncTest, ExceptionThatNobodyTakesIsDestroyedWithTheFrame) {
  const auto token = std::make_shared<int>();
  const auto body = [token]() -> Async<> {
    throw token;
    co_return;
  };
  {
    auto* promise = AsyncAccess::Release(body());
    promise->frame().resume();
    EXPECT_TRUE(promise->frame().done());
    EXPECT_EQ(token.use_count(), 3) << "here, in the lambda and in the promise";
    promise->DestroyFrame();
  }
  EXPECT_EQ(token.use_count(), 2);
}

// ---- Ownership.

static_assert(!std::copyable<Async<>> && std::movable<Async<>>);
static_assert(std::is_nothrow_move_constructible_v<Async<int>>);
static_assert(sizeof(Async<int>) == sizeof(void*));

TEST(AsyncTest, UnawaitedOneIsDestroyedWithItsParametersAndNeverRun) {
  Events events;
  {
    const Async<> unawaited = TakesLocal(&events, Local(&events, "parameter"));
  }
  EXPECT_EQ(events, Events({"~parameter"}));
}

TEST(AsyncTest, AssignmentDestroysWhatWasThereAndEmptiesTheOther) {
  Events events;
  Async<> one = TakesLocal(&events, Local(&events, "one"));
  Async<> two = TakesLocal(&events, Local(&events, "two"));
  one = std::move(two);
  EXPECT_EQ(events, Events({"~one"}));
  two = TakesLocal(&events, Local(&events, "three"));
  EXPECT_EQ(events, Events({"~one"}));
  EXPECT_TRUE(Driver(std::move(one)).Run());
  EXPECT_EQ(events, Events({"~one", "runs", "~two"}));
}

TEST(AsyncTest, AssignmentToItselfKeepsIt) {
  Events events;
  Async<> one = TakesLocal(&events, Local(&events, "one"));
  Async<>& same = one;
  one = std::move(same);
  EXPECT_EQ(events, Events());
  EXPECT_TRUE(Driver(std::move(one)).Run());
}

TEST(AsyncTest, SuspendedFramesAreDestroyedFromTheInnermostOutwards) {
  int result = 0;
  for (const bool in_a_loop : {false, true}) {
    Events events;
    Driver driver(Outer(&events, &result));
    EXPECT_FALSE(driver.Run());
    events.clear();
    in_a_loop ? driver.DestroyFrames() : driver.DestroyBody();
    EXPECT_EQ(events, Events({"~inner", "~middle", "~outer"}));
  }
  EXPECT_EQ(result, 0);
}

TEST(AsyncTest, SuspendedFrameTakesItsUnawaitedOnesWithIt) {
  Events events;
  const auto body = [&events]() -> Async<> {
    Async<> never = TakesLocal(&events, Local(&events, "unawaited"));
    co_await Suspend();
    co_await std::move(never);
  };
  Driver driver(body());
  EXPECT_FALSE(driver.Run());
  driver.DestroyFrames();
  EXPECT_EQ(events, Events({"~unawaited"}));
}

// ---- The stack.

Async<int> NoteAndReturn(StackRange* stack) {
  if (stack != nullptr) stack->Note();
  co_return 1;
}

TEST(AsyncTest, TenMillionReadyAwaitsInOneLoopUseConstantStack) {
  StackRange stack;
  int sum = 0;
  const auto body = [&]() -> Async<> {
    // Noted now and then, since it takes as long as the await.
    for (int i = 0; i < 10 * kMillion; ++i)
      sum += co_await NoteAndReturn(i % 1000 == 0 ? &stack : nullptr);
  };
  EXPECT_TRUE(Driver(body()).Run());
  EXPECT_EQ(sum, 10 * kMillion);
  EXPECT_EQ(stack.count(), kMillion / 100);
  EXPECT_LT(stack.bytes(), kConstant);
}

// Notes the stack where it is destroyed.
class NotesItsEnd {
 public:
  explicit NotesItsEnd(StackRange* stack) : stack_(stack) {}
  NotesItsEnd(const NotesItsEnd&) = delete;
  NotesItsEnd& operator=(const NotesItsEnd&) = delete;
  ~NotesItsEnd() { stack_->Note(); }

 private:
  StackRange* stack_;
};

Async<int> Nest(int depth, StackRange* begins, StackRange* ends) {
  begins->Note();
  const NotesItsEnd end(ends);
  if (depth > 1) co_return 1 + co_await Nest(depth - 1, begins, ends);
  co_await Suspend();
  co_return 1;
}

TEST(AsyncTest, MillionNestedAwaitsBeginAndReturnAtConstantStack) {
  StackRange begins;
  StackRange ends;
  int depth = 0;
  const auto body = [&]() -> Async<> { depth = co_await Nest(kMillion, &begins, &ends); };
  Driver driver(body());
  EXPECT_FALSE(driver.Run());
  EXPECT_EQ(begins.count(), kMillion);
  EXPECT_LT(begins.bytes(), kConstant);
  EXPECT_TRUE(driver.Run());
  EXPECT_EQ(depth, kMillion);
  EXPECT_EQ(ends.count(), kMillion);
  EXPECT_LT(ends.bytes(), kConstant);
}

TEST(AsyncTest, MillionNestedAwaitsAreDestroyedWithoutRecursion) {
  StackRange begins;
  StackRange ends;
  const auto body = [&]() -> Async<> { co_await Nest(kMillion, &begins, &ends); };
  Driver driver(body());
  EXPECT_FALSE(driver.Run());
  driver.DestroyFrames();
  EXPECT_EQ(ends.count(), kMillion);
  EXPECT_LT(ends.bytes(), kConstant);
}

}  // namespace
}  // namespace hydra
