// The table of exit propagation, docs/semantics.md §2.1, within a runtime.
#include "hydra/process/testing/exit_table.h"

#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "hydra/base/log_testing.h"
#include "hydra/process/async.h"
#include "hydra/process/down.h"
#include "hydra/process/exit_reason.h"
#include "hydra/process/exit_signal.h"
#include "hydra/process/link.h"
#include "hydra/process/monitor.h"
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

using By = ExitCase::By;
using Effect = ExitCase::Effect;

struct Go {};

const ExitReason kWentOn = ExitReason::Custom("went on");

// The other process: it acts on Go.
Async<> Act(By by, Pid receiver, ExitReason reason) {
  co_await Receive<Go>();
  if (by == By::kAnother) Exit(receiver, reason);
  if (by == By::kPartner) ExitSelf(reason);
  if (by == By::kKilledPartner) co_await Receive<Go>();
}

// Makes another process act, and waits until it has ended: what it does has arrived then.
Async<Pid> LetAnotherAct(By by, ExitReason reason) {
  const Pid other = Spawn(Act, by, Self(), reason);
  const Ref ref = Monitor(other);
  if (by == By::kPartner || by == By::kKilledPartner) Link(other);
  if (by == By::kKilledPartner) {
    Exit(other, ExitReason::Kill());
  } else {
    Send(other, Go{});
  }
  co_await Receive<Down>().For(ref);
  if (by == By::kDeadPartner) Link(other);
  co_return other;
}

// The process P. If it isn't ended it ends with kWentOn.
Async<> Receiver(ExitCase c) {
  TrapExit(c.trapping);
  Pid from = Self();
  if (c.by == By::kItself) {
    Exit(Self(), c.reason);
  } else {
    from = co_await LetAnotherAct(c.by, c.reason);
  }
  co_await Yield();  // takes in what it has been sent

  const std::vector<ExitSignal> messages = co_await Flush<ExitSignal>();
  if (c.effect == Effect::kIgnored) {
    EXPECT_THAT(messages, IsEmpty());
  } else if (c.effect == Effect::kMessage) {
    EXPECT_THAT(messages,
                ElementsAre(testing::AllOf(testing::Field(&ExitSignal::from, from),
                                           testing::Field(&ExitSignal::reason, c.reason))));
  }
  ExitSelf(kWentOn);
}

class ExitTableTest : public testing::TestWithParam<ExitCase> {};

// semantics.md 2.1
TEST_P(ExitTableTest, ByHand) {
  const ScopedLogCapture log;
  TestByHand([]() -> Async<> { return Receiver(GetParam()); }, GetParam().End(kWentOn));
}

// semantics.md 2.1
TEST_P(ExitTableTest, OnThreads) {
  const ScopedLogCapture log;
  TestOnThreads([]() -> Async<> { return Receiver(GetParam()); }, GetParam().End(kWentOn));
}

INSTANTIATE_TEST_SUITE_P(All, ExitTableTest, testing::ValuesIn(ExitTable()),
                         [](const testing::TestParamInfo<ExitCase>& info) {
                           return NameOf(info.param);
                         });

}  // namespace
}  // namespace hydra
