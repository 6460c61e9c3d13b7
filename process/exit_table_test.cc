// The table of exit propagation, docs/semantics.md §2.1: each way in which an exit signal arises,
// with each reason, to a process that traps exits and to one that doesn't.
#include <cctype>
#include <string>
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

// How the exit signal arises.
enum class By {
  kAnother,        // Exit(P, R) from another process
  kItself,         // Exit(Self(), R)
  kPartner,        // a link partner ends with R
  kKilledPartner,  // a link partner is ended by Exit(partner, kill)
  kDeadPartner,    // Link(partner), which is dead
};

// What it does.
enum class Effect { kIgnored, kDies, kDiesKilled, kMessage };

struct Row {
  By by;
  std::vector<ExitReason> reasons;  // R
  Effect not_trapping;
  Effect trapping;
};

std::vector<ExitReason> OtherReasons() {
  return {ExitReason::Killed(),     ExitReason::Shutdown(),     ExitReason::Shutdown("detail"),
          ExitReason::NoProc(),     ExitReason::NoConnection(), ExitReason::Error("type", "text"),
          ExitReason::Custom("own")};
}

std::vector<Row> Table() {
  const ExitReason normal = ExitReason::Normal();
  const ExitReason kill = ExitReason::Kill();
  return {
      {By::kAnother, {normal}, Effect::kIgnored, Effect::kMessage},
      {By::kAnother, {kill}, Effect::kDiesKilled, Effect::kDiesKilled},
      {By::kAnother, OtherReasons(), Effect::kDies, Effect::kMessage},
      {By::kItself, {normal}, Effect::kDies, Effect::kMessage},
      {By::kItself, {kill}, Effect::kDiesKilled, Effect::kDiesKilled},
      {By::kItself, OtherReasons(), Effect::kDies, Effect::kMessage},
      {By::kPartner, {normal}, Effect::kIgnored, Effect::kMessage},
      {By::kPartner, {kill}, Effect::kDies, Effect::kMessage},
      {By::kPartner, OtherReasons(), Effect::kDies, Effect::kMessage},
      {By::kKilledPartner, {ExitReason::Killed()}, Effect::kDies, Effect::kMessage},
      {By::kDeadPartner, {ExitReason::NoProc()}, Effect::kDies, Effect::kMessage},
  };
}

struct Case {
  By by;
  ExitReason reason;
  bool trapping;
  Effect effect;
};

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
Async<> Receiver(Case c) {
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

class ExitTableTest : public testing::TestWithParam<Case> {
 protected:
  // What P ends with.
  static ExitReason End(const Case& c) {
    if (c.effect == Effect::kDies) return c.reason;
    return c.effect == Effect::kDiesKilled ? ExitReason::Killed() : kWentOn;
  }
};

// semantics.md 2.1
TEST_P(ExitTableTest, ByHand) {
  const ScopedLogCapture log;
  TestByHand([]() -> Async<> { return Receiver(GetParam()); }, End(GetParam()));
}

// semantics.md 2.1
TEST_P(ExitTableTest, OnThreads) {
  const ScopedLogCapture log;
  TestOnThreads([]() -> Async<> { return Receiver(GetParam()); }, End(GetParam()));
}

std::vector<Case> Cases() {
  std::vector<Case> cases;
  for (const Row& row : Table()) {
    for (const ExitReason& reason : row.reasons) {
      cases.push_back({row.by, reason, /*trapping=*/false, row.not_trapping});
      cases.push_back({row.by, reason, /*trapping=*/true, row.trapping});
    }
  }
  return cases;
}

std::string NameOf(const testing::TestParamInfo<Case>& info) {
  static constexpr const char* kBy[] = {"ByAnother", "ByItself", "ByPartner", "ByKilledPartner",
                                        "ByDeadPartner"};
  std::string name = kBy[static_cast<int>(info.param.by)];
  name += info.param.trapping ? "Trapped_" : "_";
  for (const char letter : info.param.reason.ToString()) {
    if (std::isalnum(static_cast<unsigned char>(letter)) != 0) name += letter;
  }
  return name;
}

INSTANTIATE_TEST_SUITE_P(All, ExitTableTest, testing::ValuesIn(Cases()), NameOf);

}  // namespace
}  // namespace hydra
