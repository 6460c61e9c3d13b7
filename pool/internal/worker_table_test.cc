#include "hydra/pool/internal/worker_table.h"

#include <memory>
#include <optional>
#include <set>
#include <vector>

#include "absl/status/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "hydra/base/status_testing.h"
#include "hydra/pool/internal/pool_via.h"
#include "hydra/pool/pool_options.h"
#include "hydra/process/down.h"
#include "hydra/process/exit_reason.h"
#include "hydra/process/link.h"
#include "hydra/process/monitor.h"
#include "hydra/process/name.h"
#include "hydra/process/pid.h"
#include "hydra/process/receive.h"
#include "hydra/process/self.h"
#include "hydra/process/spawn.h"
#include "hydra/process/testing/process_test.h"

namespace hydra::pool_internal {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::UnorderedElementsAre;

// Pids of another runtime: nobody here knows whether they have ended.
Pid Numbered(uint32_t number) { return Pid(number, number, 1'000'000); }

void Fill(WorkerTable& table) {
  for (uint32_t i = 0; i < table.size(); ++i) table.Started(i, Numbered(i + 1));
}

// So many numbers that `Next` yields one after the other.
std::vector<size_t> Numbers(WorkerTable& table, int count) {
  std::vector<size_t> numbers;
  for (int i = 0; i < count; ++i) numbers.push_back(table.Next());
  return numbers;
}

TEST(WorkerTableTest, HasAtLeastOne) {
  EXPECT_GE(WorkerTable({}).size(), 1U);
  EXPECT_EQ(WorkerTable({.workers = 3}).size(), 3U);
}

TEST(WorkerTableTest, KnowsItsWorkers) {
  WorkerTable table({.workers = 2});
  EXPECT_FALSE(table.worker(0));
  Fill(table);
  EXPECT_EQ(table.worker(0), Numbered(1));
  EXPECT_EQ(table.worker(1), Numbered(2));
  table.Ended(Numbered(1));
  table.Ended(Numbered(7));
  EXPECT_FALSE(table.worker(0));
  EXPECT_EQ(table.worker(1), Numbered(2));
}

TEST(WorkerTableTest, TakesEachInTurn) {
  WorkerTable table({.workers = 3});
  Fill(table);
  EXPECT_THAT(Numbers(table, 4), ElementsAre(0, 1, 2, 0));
  table.Ended(Numbered(3));
  EXPECT_THAT(Numbers(table, 3), ElementsAre(1, 0, 0));
}

// Whichever, if none runs; it is nobody.
TEST(WorkerTableTest, TakesAnyIfNoneRuns) {
  WorkerTable in_turn({.workers = 2});
  EXPECT_THAT(Numbers(in_turn, 3), ElementsAre(0, 1, 0));
  WorkerTable least_busy({.workers = 2, .strategy = PoolStrategy::kLeastBusy});
  EXPECT_LT(least_busy.Next(), 2U);
}

TEST(WorkerTableTest, TakesTheLeastBusy) {
  WorkerTable table({.workers = 3, .strategy = PoolStrategy::kLeastBusy});
  Fill(table);
  table.Begin(0);
  table.Begin(2);
  EXPECT_THAT(Numbers(table, 3), ElementsAre(1, 1, 1));
  table.Begin(1);
  table.Begin(1);
  table.Begin(2);
  EXPECT_THAT(Numbers(table, 3), ElementsAre(0, 0, 0));
  table.End(1);
  table.End(1);
  EXPECT_THAT(Numbers(table, 3), ElementsAre(1, 1, 1));
  table.Ended(Numbered(2));
  EXPECT_THAT(Numbers(table, 3), ElementsAre(0, 0, 0));
}

TEST(WorkerTableTest, TakesEachInTurnOfThoseEquallyBusy) {
  WorkerTable table({.workers = 3, .strategy = PoolStrategy::kLeastBusy});
  Fill(table);
  EXPECT_THAT(Numbers(table, 4), ElementsAre(0, 1, 2, 0));
}

TEST(WorkerTableTest, ACallIsUnderWayAsLongAsBusyLives) {
  WorkerTable table({.workers = 2, .strategy = PoolStrategy::kLeastBusy});
  Fill(table);
  {
    std::optional<Busy> first(table);
    const Busy second(table);
    EXPECT_THAT((std::vector{first->pid(), second.pid()}),
                UnorderedElementsAre(Numbered(1), Numbered(2)));
    const Pid free = first->pid();
    first.reset();
    for (int i = 0; i < 3; ++i) EXPECT_EQ(Busy(table).pid(), free);
  }
  EXPECT_EQ(std::set<size_t>({table.Next(), table.Next()}).size(), 2U);
}

struct Never {};
Async<> WaitForEver() { co_await Receive<Never>(); }

HYDRA_TEST(WorkerTableTest, SeesWhoHasEnded) {
  WorkerTable table({.workers = 2});
  const Pid ending = Spawn(WaitForEver);
  table.Started(0, ending);
  table.Started(1, Self());
  EXPECT_EQ(table.worker(0), ending);
  const Ref ref = Monitor(ending);
  Exit(ending, ExitReason::Kill());
  co_await Receive<Down>().For(ref);
  EXPECT_FALSE(table.worker(0));
  EXPECT_THAT(Numbers(table, 3), ElementsAre(1, 1, 1));
}

// POOL2
HYDRA_TEST(WorkerTableTest, HasOneProcessAtATime) {
  WorkerTable table({.name = "workers", .workers = 1});
  EXPECT_FALSE(table.process());
  EXPECT_OK(table.Begin());
  EXPECT_EQ(table.process(), Self());
  const absl::Status again = table.Begin();
  EXPECT_THAT(again, StatusIs(absl::StatusCode::kAlreadyExists, HasSubstr("'workers'")));
  EXPECT_EQ(NameHolder(again), Self());
  Fill(table);
  table.End();
  EXPECT_FALSE(table.process());
  EXPECT_FALSE(table.worker(0));
  EXPECT_OK(table.Begin());
  co_return;
}

// POOL5
TEST(PoolViaTest, NobodyCanBeStartedThere) {
  const auto table = std::make_shared<WorkerTable>(PoolOptions{.name = "workers", .workers = 1});
  EXPECT_THAT(PoolVia(table).Register(), StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(PoolVia(table, 0).Register(), StatusIs(absl::StatusCode::kInvalidArgument));
}

TEST(PoolViaTest, IsPrintable) {
  const auto named = std::make_shared<WorkerTable>(PoolOptions{.name = "workers", .workers = 4});
  EXPECT_EQ(PoolVia(named).ToString(), "workers");
  EXPECT_EQ(PoolVia(named, 3).ToString(), "3 of workers");
  const auto nameless = std::make_shared<WorkerTable>(PoolOptions{.workers = 4});
  EXPECT_EQ(PoolVia(nameless).ToString(), "a pool");
  EXPECT_EQ(PoolVia(nameless, 0).ToString(), "0 of a pool");
}

}  // namespace
}  // namespace hydra::pool_internal
