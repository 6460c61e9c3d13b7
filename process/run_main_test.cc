#include "hydra/process/run_main.h"

#include "gtest/gtest.h"
#include "hydra/base/log_testing.h"
#include "hydra/process/async.h"
#include "hydra/process/exit_reason.h"
#include "hydra/process/link.h"
#include "hydra/process/receive.h"
#include "hydra/process/spawn.h"

namespace hydra {
namespace {

struct Never {};

TEST(RunMainTest, ReturnsZeroWhereItsProcessEndsAsExpected) {
  EXPECT_EQ(RunMain([]() -> Async<> { co_return; }), 0);
  EXPECT_EQ(RunMain(
                [](ExitReason reason) -> Async<> {
                  ExitSelf(reason);
                  co_return;
                },
                ExitReason::Shutdown("done")),
            0);
}

TEST(RunMainTest, ReturnsOneWhereItFails) {
  const ScopedLogCapture log;
  EXPECT_EQ(RunMain([]() -> Async<> {
              ExitSelf(ExitReason::Custom("failed"));
              co_return;
            }),
            1);
}

TEST(RunMainTest, EndsWithItsProcess) {
  EXPECT_EQ(RunMain([]() -> Async<> {
              Spawn([]() -> Async<> { co_await Receive<Never>(); });
              co_return;
            }),
            0);
}

}  // namespace
}  // namespace hydra
