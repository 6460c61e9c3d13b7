// Who has a table, and what becomes of it when that ends: TAB4 to TAB6.
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "hydra/base/log_testing.h"
#include "hydra/process/process.h"
#include "hydra/process/testing/manual_runtime.h"
#include "hydra/process/testing/process_test.h"
#include "hydra/process/testing/rounds.h"
#include "hydra/table/table.h"

namespace hydra {
namespace {

using testing::Optional;

using Numbers = Table<std::string, int>;
using NumbersReader = TableReader<std::string, int>;
using NumbersWriter = TableWriter<std::string, int>;
using Transfer = TableTransfer<std::string, int>;

struct Owned {
  NumbersWriter table;
};
// What an owner is told to do.
struct Return {};
struct Throw {};
struct GiveTo {
  Pid pid;
};
struct SetHeir {
  Pid pid;
};
struct RemoveHeir {};

// Has a table with a key; tells `owner` of it.
Async<> Own(Pid owner) {
  std::optional<Numbers> table(std::in_place);
  table->Insert("one", 1);
  Send(owner, Owned{table->writer()});
  bool runs = true;
  while (runs) {
    co_await Receive([&](Return) { runs = false; }, [](Throw) { throw std::runtime_error("oh"); },
                     [&](GiveTo to) {
                       std::move(*table).GiveTo(to.pid, "a gift");
                       table.reset();
                     },
                     [&](SetHeir heir) { table->SetHeir(heir.pid, "a legacy"); },
                     [&](RemoveHeir) { table->RemoveHeir(); });
  }
}

struct Owner {
  Pid pid;
  NumbersWriter table;
};
Async<Owner> SpawnOwner() {
  const Pid pid = Spawn(Own, Self());
  NumbersWriter table = (co_await AssertReceive<Owned>()).table;
  EXPECT_THAT(table.Lookup("one"), Optional(1));
  co_return Owner{pid, table};
}

void ExpectGone(const NumbersWriter& table) {
  EXPECT_FALSE(table.is_open());
  EXPECT_EQ(table.Lookup("one"), std::nullopt);
  EXPECT_FALSE(table.Contains("one"));
  EXPECT_FALSE(table.Inspect("one", [](int) {}));
  EXPECT_EQ(table.size(), 0U);
  table.ForEach([](const std::string&, int) { ADD_FAILURE(); });
  table.Insert("one", 1);
  EXPECT_FALSE(table.InsertNew("one", 1));
  EXPECT_FALSE(table.Erase("one"));
  EXPECT_EQ(table.Take("one"), std::nullopt);
  EXPECT_EQ(table.Add("one", 1), std::nullopt);
  EXPECT_EQ(table.Update("one", [](const int*) { return 1; }), std::nullopt);
  table.Clear();
  EXPECT_EQ(table.size(), 0U);
}

// Ends the owner in that way, and waits until that is heard of.
template <typename How>
Async<> EndBy(Pid owner, How how) {
  const Ref ref = Monitor(owner);
  Send(owner, how);
  co_await Receive<Down>().For(ref);
}
Async<> Kill(Pid pid) {
  const Ref ref = Monitor(pid);
  Exit(pid, ExitReason::Kill());
  co_await Receive<Down>().For(ref);
}

// TAB4
HYDRA_TEST(TableOwnerTest, ItIsGoneWhenTheEndIsHeard) {
  const ScopedLogCapture quiet;
  Owner owner = co_await SpawnOwner();
  co_await EndBy(owner.pid, Return{});
  ExpectGone(owner.table);
  owner = co_await SpawnOwner();
  co_await EndBy(owner.pid, Throw{});
  ExpectGone(owner.table);
  owner = co_await SpawnOwner();
  co_await Kill(owner.pid);
  ExpectGone(owner.table);
}

// TAB4, SIG9: by a link, too, on threads.
TEST(TableOwnerRaceTest, ItIsGoneWhenTheEndIsHeard) {
  TestOnThreads([]() -> Async<> {
    TrapExit(true);
    for (int64_t i = Rounds(100'000); i > 0; --i) {
      const Pid pid = SpawnLink(Own, Self());
      const NumbersWriter table = (co_await AssertReceive<Owned>()).table;
      CO_ASSERT_TRUE(table.Contains("one"));
      Exit(pid, ExitReason::Kill());
      co_await AssertReceive<ExitSignal>();
      CO_ASSERT_FALSE(table.is_open());
      CO_ASSERT_FALSE(table.Contains("one"));
      CO_ASSERT_EQ(table.Add("two", 1), std::nullopt);
    }
  });
}

// TAB4: a table that no process has lives as its variable does.
TEST(TableOwnerTest, NeedsNoProcess) {
  std::optional<Numbers> table(std::in_place);
  const NumbersWriter writer = table->writer();
  writer.Insert("one", 1);
  EXPECT_TRUE(writer.is_open());
  table.reset();
  ExpectGone(writer);
}

// TAB4
TEST(TableOwnerTest, IsMoved) {
  Numbers a;
  a.Insert("one", 1);
  const NumbersReader reader = a.reader();
  Numbers b(std::move(a));
  EXPECT_THAT(reader.Lookup("one"), Optional(1));
  EXPECT_THAT(b.Lookup("one"), Optional(1));
  Numbers c;
  const NumbersReader of_c = c.reader();
  c = std::move(b);
  EXPECT_FALSE(of_c.is_open());
  EXPECT_TRUE(reader.is_open());
  EXPECT_THAT(c.Lookup("one"), Optional(1));
  a = std::move(c);  // NOLINT(bugprone-use-after-move): it may be assigned to
  EXPECT_TRUE(reader.is_open());
  a = Numbers();
  EXPECT_FALSE(reader.is_open());
}

// ---- TAB5: GiveTo.

HYDRA_TEST(TableGiveToTest, TheNewOwnerHasIt) {
  const Owner owner = co_await SpawnOwner();
  Send(owner.pid, GiveTo{Self()});
  {
    const Transfer transfer = co_await AssertReceive<Transfer>();
    EXPECT_EQ(transfer.from, owner.pid);
    EXPECT_EQ(transfer.note, "a gift");
    EXPECT_THAT(transfer.table.Lookup("one"), Optional(1));
    co_await Kill(owner.pid);
    EXPECT_TRUE(owner.table.is_open());
    owner.table.Insert("two", 2);
    EXPECT_THAT(transfer.table.Lookup("two"), Optional(2));
  }
  ExpectGone(owner.table);
}

HYDRA_TEST(TableGiveToTest, ReadersNoticeNothing) {
  const Owner owner = co_await SpawnOwner();
  Send(owner.pid, GiveTo{Self()});
  while (!(co_await ReceiveAny().Within(absl::ZeroDuration()))) {
    EXPECT_THAT(owner.table.Lookup("one"), Optional(1));
    co_await Yield();
  }
}

HYDRA_TEST(TableGiveToTest, ToTheDeadItIsGone) {
  const Owner owner = co_await SpawnOwner();
  const Pid dead = Spawn([]() -> Async<> { co_return; });
  co_await Kill(dead);
  Send(owner.pid, GiveTo{dead});
  while (owner.table.is_open()) co_await Yield();
  ExpectGone(owner.table);
  const Owner other = co_await SpawnOwner();
  Send(other.pid, GiveTo{Pid()});
  while (other.table.is_open()) co_await Yield();
}

// It is gone some time after the end of who was given it.
HYDRA_TEST(TableGiveToTest, WhoEndsBeforeTakingItLosesIt) {
  const Owner owner = co_await SpawnOwner();
  const Pid idle = Spawn([]() -> Async<> { co_await Receive<Return>(); });
  Send(owner.pid, GiveTo{idle});
  co_await IsAlive(owner.pid);  // it has acted on that
  EXPECT_TRUE(owner.table.is_open());
  co_await Kill(idle);
  while (owner.table.is_open()) co_await Yield();
  ExpectGone(owner.table);
}

// A process may give it to itself.
HYDRA_TEST(TableGiveToTest, ToOneself) {
  Numbers table;
  const NumbersReader reader = table.reader();
  std::move(table).GiveTo(Self());
  EXPECT_TRUE(reader.is_open());
  EXPECT_EQ((co_await AssertReceive<Transfer>()).from, Self());
  EXPECT_FALSE(reader.is_open());
}

// ---- TAB6: heirs.

template <typename How>
Async<> Inherit(How how) {
  const ScopedLogCapture quiet;
  const Owner owner = co_await SpawnOwner();
  Send(owner.pid, SetHeir{Self()});
  if constexpr (std::is_same_v<How, ExitReason>) {
    co_await IsAlive(owner.pid);
    co_await Kill(owner.pid);
  } else {
    co_await EndBy(owner.pid, how);
  }
  EXPECT_TRUE(owner.table.is_open());
  {
    // It was sent before the end was heard of.
    std::optional<Transfer> transfer = co_await Receive<Transfer>().Within(absl::ZeroDuration());
    CO_ASSERT_TRUE(transfer.has_value());
    EXPECT_EQ(transfer->from, owner.pid);
    EXPECT_EQ(transfer->note, "a legacy");
    EXPECT_THAT(transfer->table.Lookup("one"), Optional(1));
  }
  // Once: the heir has no heir.
  ExpectGone(owner.table);
  co_await RefuteReceive<Transfer>(testing::_, absl::Milliseconds(1));
}

HYDRA_TEST(TableHeirTest, GetsItWhenTheOwnerReturns) { return Inherit(Return{}); }
HYDRA_TEST(TableHeirTest, GetsItWhenTheOwnerCrashes) { return Inherit(Throw{}); }
HYDRA_TEST(TableHeirTest, GetsItWhenTheOwnerIsKilled) { return Inherit(ExitReason::Kill()); }

HYDRA_TEST(TableHeirTest, GetsItWhenTheVariableGoes) {
  NumbersReader reader = Numbers().reader();
  {
    Numbers table;
    reader = table.reader();
    table.SetHeir(Self(), "mine");
    Numbers moved(std::move(table));  // the heir goes with it
    Numbers assigned;
    assigned = std::move(moved);
  }
  EXPECT_TRUE(reader.is_open());
  EXPECT_EQ((co_await AssertReceive<Transfer>()).note, "mine");
  EXPECT_FALSE(reader.is_open());
}

HYDRA_TEST(TableHeirTest, TheLastOneGetsIt) {
  const Owner owner = co_await SpawnOwner();
  const Pid first = Spawn([owner = Self()]() -> Async<> {
    co_await Receive<Transfer>();
    Send(owner, Return{});
  });
  Send(owner.pid, SetHeir{first});
  Send(owner.pid, SetHeir{Self()});
  co_await EndBy(owner.pid, Return{});
  co_await AssertReceive<Transfer>();
  co_await RefuteReceive<Return>();
}

HYDRA_TEST(TableHeirTest, OneThatWasRemovedDoesnt) {
  const Owner owner = co_await SpawnOwner();
  Send(owner.pid, SetHeir{Self()});
  Send(owner.pid, RemoveHeir{});
  co_await EndBy(owner.pid, Return{});
  ExpectGone(owner.table);
  co_await RefuteReceive<Transfer>();
}

HYDRA_TEST(TableHeirTest, IfItIsDeadTheTableIsGone) {
  const Owner owner = co_await SpawnOwner();
  const Pid dead = Spawn([]() -> Async<> { co_return; });
  co_await Kill(dead);
  Send(owner.pid, SetHeir{dead});
  co_await EndBy(owner.pid, Return{});
  ExpectGone(owner.table);
}

HYDRA_TEST(TableHeirTest, IfItEndsBeforeTakingItTheTableIsGone) {
  const Owner owner = co_await SpawnOwner();
  const Pid heir = Spawn([]() -> Async<> { co_await Receive<Return>(); });
  Send(owner.pid, SetHeir{heir});
  co_await EndBy(owner.pid, Return{});
  EXPECT_TRUE(owner.table.is_open());
  co_await Kill(heir);
  while (owner.table.is_open()) co_await Yield();
  ExpectGone(owner.table);
}

// One that is its own heir has none; it is gone some time after its end.
HYDRA_TEST(TableHeirTest, NobodyInheritsFromOneself) {
  const Owner owner = co_await SpawnOwner();
  Send(owner.pid, SetHeir{owner.pid});
  co_await EndBy(owner.pid, Return{});
  while (owner.table.is_open()) co_await Yield();
  ExpectGone(owner.table);
}

// Has a table as long as it runs.
Async<> Borrow() {
  const Transfer transfer = co_await Receive<Transfer>();
  co_await Receive<Return>();
}

// Makes itself the heir of a table and gives it away; yields a writer.
NumbersWriter LendTo(Pid pid) {
  Numbers table;
  NumbersWriter writer = table.writer();
  writer.Insert("one", 1);
  table.SetHeir(Self(), "back");
  std::move(table).GiveTo(pid, "for now");
  return writer;
}

// Whoever has given it away gets it back, as often as it does.
HYDRA_TEST(TableHeirTest, GetsBackWhatItHasGiven) {
  Pid borrower = Spawn(Borrow);
  const NumbersWriter writer = LendTo(borrower);
  for (int i = 0; i < 3; ++i) {
    EXPECT_TRUE(writer.is_open());
    co_await IsAlive(borrower);
    co_await Kill(borrower);
    Transfer back = (co_await Receive<Transfer>().Within(absl::ZeroDuration())).value();
    EXPECT_EQ(back.from, borrower);
    EXPECT_EQ(back.note, "back");
    EXPECT_THAT(back.table.Lookup("one"), Optional(1));
    borrower = Spawn(Borrow);
    back.table.SetHeir(Self(), "back");
    std::move(back.table).GiveTo(borrower, "for now");
  }
}

// Also from one that has ended, and from one that ends without having taken it.
HYDRA_TEST(TableHeirTest, GetsBackWhatNobodyTook) {
  const Pid dead = Spawn(Borrow);
  co_await Kill(dead);
  const NumbersWriter given_to_dead = LendTo(dead);
  const Transfer first = co_await AssertReceive<Transfer>();
  EXPECT_EQ(first.from, dead);
  EXPECT_TRUE(given_to_dead.is_open());
  const Pid idle = Spawn([]() -> Async<> { co_await Receive<Return>(); });
  const NumbersWriter given_to_idle = LendTo(idle);
  co_await Kill(idle);
  const Transfer second = co_await AssertReceive<Transfer>();
  EXPECT_EQ(second.from, idle);
  EXPECT_TRUE(given_to_idle.is_open());
}

// It stays the heir when it gives the table on.
HYDRA_TEST(TableHeirTest, GetsBackWhatItHasBeenGiven) {
  const Owner owner = co_await SpawnOwner();
  Send(owner.pid, SetHeir{Self()});
  Send(owner.pid, GiveTo{Self()});
  const Pid borrower = Spawn(Borrow);
  std::move((co_await AssertReceive<Transfer>()).table).GiveTo(borrower);
  co_await IsAlive(borrower);
  co_await Kill(borrower);
  const auto back = co_await Receive<Transfer>().Within(absl::ZeroDuration());
  CO_ASSERT_TRUE(back.has_value());
  EXPECT_EQ(back->from, borrower);
}

// A table that is moved by a message of one's own has its heir, too.
HYDRA_TEST(TableHeirTest, GetsWhatWasSentOtherwise) {
  Numbers table;
  table.SetHeir(Self(), "back");
  const Pid other = Spawn([]() -> Async<> {
    const Numbers mine = co_await Receive<Numbers>();
    co_await Receive<Return>();
  });
  Send(other, std::move(table));
  co_await EndBy(other, Return{});
  EXPECT_EQ((co_await AssertReceive<Transfer>()).note, "back");
}

struct Unread {};

// The heir that it is given to is the owner, and nobody's heir: it is gone before its end is heard of, not
// with its mailbox, which takes many turns.
HYDRA_TEST(TableHeirTest, MayBeGivenIt) {
  const Owner owner = co_await SpawnOwner();
  const Pid heir = Spawn(Borrow);
  Send(owner.pid, SetHeir{heir});
  Send(owner.pid, GiveTo{heir});
  co_await EndBy(owner.pid, Return{});
  EXPECT_TRUE(owner.table.is_open());
  for (int i = 0; i < 5000; ++i) Send(heir, Unread{});
  co_await IsAlive(heir);
  co_await Kill(heir);
  ExpectGone(owner.table);
}

// An heir sets an heir, and so on.
HYDRA_TEST(TableHeirTest, MayHaveAnHeir) {
  const Owner owner = co_await SpawnOwner();
  const Pid heir = Spawn([owner = Self()]() -> Async<> {
    Transfer transfer = co_await Receive<Transfer>();
    transfer.table.SetHeir(owner, "again");
  });
  Send(owner.pid, SetHeir{heir});
  Send(owner.pid, Return{});
  const Transfer transfer = co_await AssertReceive<Transfer>();
  EXPECT_EQ(transfer.from, heir);
  EXPECT_EQ(transfer.note, "again");
  EXPECT_THAT(transfer.table.Lookup("one"), Optional(1));
}

// In a message, where no process has it, and at the end of the runtime, when no process runs.
TEST(TableHeirTest, EndsWithTheRuntime) {
  std::optional<NumbersWriter> kept;
  {
    ManualRuntime runtime;
    const Pid idle = runtime.Spawn([]() -> Async<> { co_await Receive<Return>(); });
    const Pid owner = runtime.Spawn([&kept, idle]() -> Async<> {
      Numbers table;
      kept = table.writer();
      table.SetHeir(idle);
      Numbers sent;
      sent.SetHeir(Self());
      Send(idle, std::move(sent));
      co_await Receive<Return>();
    });
    runtime.RunUntilIdle();
    EXPECT_TRUE(runtime.IsAlive(owner));
  }
  ExpectGone(*kept);
}

// A process whose heir is told by its end's Down finds the table in its mailbox, on threads.
TEST(TableHeirRaceTest, HasItWhenTheEndIsHeard) {
  TestOnThreads([]() -> Async<> {
    for (int64_t i = Rounds(100'000); i > 0; --i) {
      const auto [pid, ref] = SpawnMonitor(Own, Self());
      const NumbersWriter table = (co_await AssertReceive<Owned>()).table;
      Send(pid, SetHeir{Self()});
      Send(pid, Return{});
      co_await Receive<Down>().For(ref);
      const auto transfer = co_await Receive<Transfer>().Within(absl::ZeroDuration());
      CO_ASSERT_TRUE(transfer.has_value());
      CO_ASSERT_TRUE(table.Contains("one"));
    }
  });
}

}  // namespace
}  // namespace hydra
