// Streams of tasks: semantics.md §11.
#include "hydra/task/async_stream.h"

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "hydra/base/status_testing.h"
#include "hydra/process/process.h"
#include "hydra/process/testing/process_test.h"
#include "hydra/task/task.h"

namespace hydra {
namespace {

using absl::StatusCode;
using testing::ElementsAre;
using testing::IsEmpty;

struct Never {};

// The earlier items take longer.
Async<int> SquareSlowly(int number) {
  co_await Sleep(absl::Milliseconds(20 - 2 * number));
  co_return number* number;
}

template <typename T>
Async<std::vector<T>> Collect(AsyncStream<T>& stream) {
  std::vector<T> all;
  while (auto result = co_await stream.Next()) all.push_back(result->value());
  co_return all;
}

// TSK7
HYDRA_TEST_BY_HAND(AsyncStreamTest, OrderedOrAsTheyAreDone) {
  AsyncStream<int> ordered = StreamTasks(std::vector<int>{1, 2, 3, 4}, SquareSlowly);
  EXPECT_THAT(co_await Collect(ordered), ElementsAre(1, 4, 9, 16));
  AsyncStream<int> unordered =
      StreamTasks(std::vector<int>{1, 2, 3, 4}, SquareSlowly, {.ordered = false});
  EXPECT_THAT(co_await Collect(unordered), ElementsAre(16, 9, 4, 1));
}

// TSK7
HYDRA_TEST(AsyncStreamTest, NoMoreThanSoManyRunAtOnce) {
  for (const bool ordered : {true, false}) {
    auto running = std::make_shared<std::atomic<int>>(0);
    auto most = std::make_shared<std::atomic<int>>(0);
    AsyncStream<int> stream =
        StreamTasks(std::vector<int>(20, 1),
                    [running, most](int number) -> Async<int> {
                      const int now = running->fetch_add(1) + 1;
                      int seen = most->load();
                      while (seen < now && !most->compare_exchange_weak(seen, now)) continue;
                      co_await Sleep(absl::Milliseconds(1));
                      running->fetch_sub(1);
                      co_return number;
                    },
                    {.max_concurrency = 3, .ordered = ordered});
    EXPECT_EQ((co_await Collect(stream)).size(), 20U);
    EXPECT_LE(most->load(), 3);
  }
}

HYDRA_TEST(AsyncStreamTest, OfNothingIsEmpty) {
  AsyncStream<int> stream = StreamTasks(std::vector<int>(), SquareSlowly);
  EXPECT_EQ(co_await stream.Next(), std::nullopt);
  EXPECT_EQ(co_await stream.Next(), std::nullopt);
}

HYDRA_TEST(AsyncStreamTest, OfNoTaskAtATimeIsRefused) {
  bool threw = false;
  try {
    AsyncStream<int> stream =
        StreamTasks(std::vector<int>{1}, SquareSlowly, {.max_concurrency = 0});
  } catch (const std::logic_error&) {
    threw = true;
  }
  EXPECT_TRUE(threw);
  co_return;
}

Async<int> HangForOdd(int number) {
  if (number % 2 == 1) co_await Receive<Never>();
  co_return number;
}

// TSK7: an item that takes too long is killed, and the others go on.
HYDRA_TEST(AsyncStreamTest, ItemThatTakesTooLongIsKilled) {
  AsyncStream<int> stream =
      StreamTasks(std::vector<int>{1, 2, 3, 4}, HangForOdd,
                  {.timeout = absl::Milliseconds(5), .kill_on_timeout = true});
  for (int number = 1; number <= 4; ++number) {
    const auto result = co_await stream.Next();
    CO_ASSERT_TRUE(result.has_value());
    if (number % 2 == 1) {
      EXPECT_EQ(result->status().code(), StatusCode::kDeadlineExceeded);
    } else {
      EXPECT_THAT(*result, IsOkAndHolds(number));
    }
  }
  EXPECT_EQ(co_await stream.Next(), std::nullopt);
  EXPECT_THAT((co_await Info(Self()))->links, IsEmpty());
}

// TSK7: or ends the stream.
HYDRA_TEST(AsyncStreamTest, ItemThatTakesTooLongThrows) {
  AsyncStream<int> stream =
      StreamTasks(std::vector<int>{1}, HangForOdd, {.timeout = absl::Milliseconds(5)});
  bool threw = false;
  try {
    co_await stream.Next();
  } catch (const TaskFailed& failed) {
    threw = failed.status().code() == StatusCode::kDeadlineExceeded;
  }
  EXPECT_TRUE(threw);
}

// TSK7: an early halt leaves neither processes nor messages.
HYDRA_TEST(AsyncStreamTest, EarlyHaltLeavesNothing) {
  const size_t processes = Processes().size();
  {
    AsyncStream<int> stream =
        StreamTasks(std::vector<int>{2, 1, 3, 5}, HangForOdd, {.max_concurrency = 4});
    const auto first = co_await stream.Next();
    CO_ASSERT_TRUE(first.has_value());
    EXPECT_THAT(*first, IsOkAndHolds(2));
  }
  EXPECT_THAT((co_await Info(Self()))->links, IsEmpty());
  EXPECT_EQ(co_await ReceiveAny().Within(absl::Milliseconds(20)), std::nullopt);
  EXPECT_EQ(Processes().size(), processes);
}

}  // namespace
}  // namespace hydra
