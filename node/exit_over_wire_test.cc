// The table of exit propagation, docs/semantics.md §2.1, where the other process is on another node: NOD25.
#include <cctype>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "hydra/node/testing/local_node.h"
#include "hydra/node/testing/note.h"
#include "hydra/process/process.h"
#include "hydra/process/testing/process_test.h"

namespace hydra {
namespace {

using testing::IsEmpty;
using testing::SizeIs;

// How the exit signal arises.
enum class By {
  kAnother,        // Exit(P, R) from the other process
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

const ExitReason kWentOn = ExitReason::Custom("went on");

// The other process: acts when it gets a Note, on whom that is from; ends when it gets another.
Async<> Act(By by, ExitReason reason) {
  const Note note = co_await Receive<Note>();
  if (by == By::kAnother) Exit(note.from, reason);
  Send(note.from, Note{"acted", Self()});
  if (by == By::kPartner) ExitSelf(reason);
  co_await Receive<Note>();
}

// The process P. If it isn't ended it ends with kWentOn.
Async<> Receiver(Case c, Pid other) {
  TrapExit(c.trapping);
  const Ref ref = Monitor(other);
  if (c.by == By::kPartner || c.by == By::kKilledPartner) Link(other);
  if (c.by == By::kKilledPartner) {
    Exit(other, ExitReason::Kill());
  } else {
    Send(other, Note{"act", Self()});
    co_await Receive<Note>();
    Send(other, Note{"end", Self()});
  }
  const Down down = co_await Receive<Down>().For(ref);  // all that it does has arrived then
  if (c.by == By::kPartner) EXPECT_EQ(down.reason, c.reason);
  if (c.by == By::kKilledPartner) EXPECT_EQ(down.reason, ExitReason::Killed());
  if (c.by == By::kDeadPartner) {
    Link(other);
    const Ref dead = Monitor(other);  // its answer comes behind that of the link
    EXPECT_EQ((co_await Receive<Down>().For(dead)).reason, ExitReason::NoProc());
  }
  const std::vector<ExitSignal> messages = co_await Flush<ExitSignal>();
  if (c.effect == Effect::kMessage) {
    EXPECT_THAT(messages, SizeIs(1));
    if (messages.size() == 1) {
      EXPECT_EQ(messages[0].from, other);
      EXPECT_EQ(messages[0].reason, c.reason);
    }
  } else {
    EXPECT_THAT(messages, IsEmpty());
  }
  ExitSelf(kWentOn);
}

ExitReason ExpectedEnd(const Case& c) {
  switch (c.effect) {
    case Effect::kDies:
      return c.reason;
    case Effect::kDiesKilled:
      return ExitReason::Killed();
    case Effect::kIgnored:
    case Effect::kMessage:
      return kWentOn;
  }
  return kWentOn;
}

// NOD25
TEST(ExitOverWireTest, GoesByTheTable) {
  LocalNode a("a");
  LocalNode b("b");
  for (const Row& row : Table()) {
    for (const ExitReason& reason : row.reasons) {
      for (const bool trapping : {false, true}) {
        const Case c = {row.by, reason, trapping, trapping ? row.trapping : row.not_trapping};
        SCOPED_TRACE(absl::StrCat("row ", static_cast<int>(c.by), ", ", reason.ToString(),
                                  trapping ? ", trapping" : ""));
        const Pid other = b.runtime().Spawn(Act, c.by, c.reason);
        EXPECT_EQ(a.runtime().Run(Receiver, c, other), ExpectedEnd(c));
      }
    }
  }
}

}  // namespace
}  // namespace hydra
