// What a process gets from a blocking function, and what reaches it while that runs.
#include "hydra/process/run_blocking.h"

#include <memory>
#include <optional>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "hydra/process/async.h"
#include "hydra/process/info.h"
#include "hydra/process/link.h"
#include "hydra/process/monitor.h"
#include "hydra/process/pid.h"
#include "hydra/process/process_info.h"
#include "hydra/process/run_blocking_testing.h"
#include "hydra/process/runtime.h"
#include "hydra/process/self.h"
#include "hydra/process/send.h"
#include "hydra/process/spawn.h"
#include "hydra/process/testing/process_test.h"

namespace hydra::process_testing {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

HYDRA_TEST(RunBlockingTest, YieldsWhatTheFunctionReturns) {
  EXPECT_EQ(co_await RunBlocking([] { return 7; }), 7);
  EXPECT_EQ(*co_await RunBlocking([] { return std::make_unique<int>(8); }), 8);
  auto function = [value = std::make_unique<int>(9)] { return *value; };
  EXPECT_EQ(co_await RunBlocking(std::move(function)), 9);
}

HYDRA_TEST(RunBlockingTest, FunctionUsesTheFrameThatWaits) {
  std::vector<int> numbers = {1, 2};
  co_await RunBlocking([&numbers] { numbers.push_back(3); });
  EXPECT_THAT(numbers, ElementsAre(1, 2, 3));
}

HYDRA_TEST(RunBlockingTest, ExceptionOfTheFunctionIsRethrown) {
  std::string caught;
  try {
    co_await RunBlocking([]() -> int { throw std::runtime_error("no disk"); });
  } catch (const std::runtime_error& error) {
    caught = error.what();
  }
  EXPECT_EQ(caught, "no disk");
  EXPECT_EQ(co_await RunBlocking([] { return 1; }), 1);
}

HYDRA_TEST(RunBlockingTest, StopTokenIsSilentUnlessAnExitComes) {
  EXPECT_FALSE(co_await RunBlocking([](std::stop_token stop) { return stop.stop_requested(); }));
  EXPECT_TRUE(
      co_await RunBlocking([](const std::stop_token& stop) { return stop.stop_possible(); }));
}

HYDRA_TEST(RunBlockingTest, WhoCanTakeAStopTokenGetsOne) {
  EXPECT_TRUE(
      co_await RunBlocking([](const std::stop_token& stop = {}) { return stop.stop_possible(); }));
}

HYDRA_TEST(RunBlockingTest, WaitsSelectively) {
  Send(Self(), 1);
  EXPECT_EQ(co_await RunBlocking([] { return 2; }), 2);
  EXPECT_EQ(co_await AssertReceive<int>(), 1) << "messages stay";
}

HYDRA_TEST(RunBlockingTest, ManyProcessesWaitAtOnce) {
  for (int i = 0; i < 200; ++i) {
    Spawn(
        [](Pid parent, int i) -> Async<> { Send(parent, co_await RunBlocking([i] { return i; })); },
        Self(), i);
  }
  int sum = 0;
  for (int i = 0; i < 200; ++i) sum += co_await AssertReceive<int>();
  EXPECT_EQ(sum, 199 * 200 / 2);
}

// SIG7: links, monitors and questions work while it waits.
TEST(RunBlockingTest, WaitingProcessTakesSignals) {
  OnBoth([](Runtime& runtime) {
    runtime.Run([&runtime]() -> Async<> {
      const Pid self = Self();
      co_await RunBlocking([&] {
        runtime.Run([self]() -> Async<> {
          Send(self, 1);
          Link(self);
          const Ref ref = Monitor(self);
          std::optional<ProcessInfo> info = co_await Info(self);
          CO_ASSERT_TRUE(info.has_value());
          EXPECT_EQ(info->message_queue_length, 1);
          EXPECT_THAT(info->links, ElementsAre(Self()));
          EXPECT_THAT(info->monitored_by, ElementsAre(Self()));
          Unlink(self);
          Demonitor(ref);
          info = co_await Info(self);
          CO_ASSERT_TRUE(info.has_value());
          EXPECT_THAT(info->links, IsEmpty());
          EXPECT_THAT(info->monitored_by, IsEmpty());
          EXPECT_TRUE(co_await IsAlive(self));
        });
      });
      EXPECT_EQ(co_await AssertReceive<int>(), 1);
    });
  });
}

}  // namespace
}  // namespace hydra::process_testing
