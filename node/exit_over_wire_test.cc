// The table of exit propagation, docs/semantics.md §2.1, where the other process is on another node: NOD25.
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "hydra/node/testing/local_node.h"
#include "hydra/node/testing/note.h"
#include "hydra/process/process.h"
#include "hydra/process/testing/exit_table.h"
#include "hydra/process/testing/process_test.h"

namespace hydra {
namespace {

using testing::IsEmpty;
using testing::SizeIs;

using By = ExitCase::By;
using Effect = ExitCase::Effect;

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
Async<> Receiver(ExitCase c, Pid other) {
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

// NOD25
TEST(ExitOverWireTest, GoesByTheTable) {
  LocalNode a("a");
  LocalNode b("b");
  for (const ExitCase& c : ExitTable()) {
    if (c.by == By::kItself) continue;  // crosses no wire
    SCOPED_TRACE(NameOf(c));
    const Pid other = b.runtime().Spawn(Act, c.by, c.reason);
    EXPECT_EQ(a.runtime().Run(Receiver, c, other), c.End(kWentOn));
  }
}

}  // namespace
}  // namespace hydra
