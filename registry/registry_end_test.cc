// What ends with what: entries with their processes, processes with the registry's, and the links between.
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "hydra/base/status_testing.h"
#include "hydra/genserver/stop.h"
#include "hydra/genserver/sys.h"
#include "hydra/process/async.h"
#include "hydra/process/down.h"
#include "hydra/process/exit_reason.h"
#include "hydra/process/exit_signal.h"
#include "hydra/process/link.h"
#include "hydra/process/monitor.h"
#include "hydra/process/name.h"
#include "hydra/process/pid.h"
#include "hydra/process/receive.h"
#include "hydra/process/self.h"
#include "hydra/process/spawn.h"
#include "hydra/process/testing/process_test.h"
#include "hydra/process/timer.h"
#include "hydra/registry/duplicate_registry.h"
#include "hydra/registry/registry.h"
#include "hydra/registry/registry_testing.h"
#include "hydra/supervisor/child.h"
#include "hydra/supervisor/supervisor.h"

namespace hydra {
namespace {

using absl::StatusCode;
using registry_testing::In;
using registry_testing::Kill;
using registry_testing::LinksOf;
using registry_testing::Obey;
using registry_testing::Start;
using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::Field;
using testing::IsEmpty;
using testing::Not;
using testing::UnorderedElementsAre;

using Rooms = Registry<std::string>;
using Jobs = DuplicateRegistry<std::string>;

const ExitReason kEnough = ExitReason::Custom("enough");

// A process that has these keys.
template <typename R>
Async<Pid> SpawnIn(R registry, std::vector<std::string> keys) {
  const Pid process = Spawn(Obey);
  co_await In(process, [registry, keys] {
    for (const std::string& key : keys) EXPECT_OK(registry.Register(key));
  });
  co_return process;
}

auto EndOf(const Pid& process, const ExitReason& reason) {
  return AllOf(Field(&ExitSignal::from, process), Field(&ExitSignal::reason, reason));
}

// Waits until the registry's process has taken in all that it has been sent.
Async<> Settle(Pid registry) { EXPECT_THAT(co_await sys::GetStatus(registry), IsOk()); }

// ---- Entries end with their process.

// REG3, SIG9
HYDRA_TEST(RegistryEndTest, EntriesEndWithTheirProcess) {
  for (const size_t partitions : {1, 4}) {
    const Rooms rooms({.partitions = partitions});
    const Pid registry = co_await Start(rooms);
    for (const ExitReason& reason : {ExitReason::Kill(), kEnough, ExitReason::Shutdown()}) {
      const Pid process = co_await SpawnIn(rooms, {"a", "b", "c"});
      co_await Kill(process, reason);
      EXPECT_EQ(rooms.WhereIs("a"), Pid());
      EXPECT_EQ(rooms.Lookup("b"), std::nullopt);
      EXPECT_THAT(rooms.Keys(process), IsEmpty());
      EXPECT_EQ(rooms.CountSelect([](const auto&) { return true; }), 0U);
      co_await Settle(registry);
      EXPECT_EQ(rooms.Count(), 0U) << "the registry has heard of it";
    }
  }
}

// REG3: also if it ends by itself, normally.
HYDRA_TEST(RegistryEndTest, EntryEndsWithABodyThatReturns) {
  const Rooms rooms;
  const Pid registry = co_await Start(rooms);
  const MonitoredProcess ended = SpawnMonitor([rooms]() -> Async<> {
    EXPECT_OK(rooms.Register("a"));
    co_return;
  });
  co_await Receive<Down>().For(ended.ref);
  EXPECT_EQ(rooms.WhereIs("a"), Pid());
  co_await Settle(registry);
  EXPECT_EQ(rooms.Count(), 0U);
}

// REG3: whoever hears of the end can have the key, whatever the registry's process does.
HYDRA_TEST(RegistryEndTest, DeadHolderBlocksNobody) {
  const Rooms rooms;
  const Pid registry = co_await Start(rooms);
  EXPECT_OK(co_await sys::Suspend(registry));
  const Pid holder = co_await SpawnIn(rooms, {"a", "b"});
  co_await Kill(holder);
  EXPECT_EQ(rooms.Count(), 2U) << "nobody has cleaned up";
  EXPECT_EQ(rooms.WhereIs("a"), Pid());
  EXPECT_EQ(rooms.Lookup("a"), std::nullopt);
  EXPECT_THAT(rooms.Select([](const auto&) { return true; }), IsEmpty());
  EXPECT_OK(rooms.Register("a"));
  EXPECT_EQ(rooms.WhereIs("a"), Self());
  // The registry hears of the end when the key is another's already.
  EXPECT_OK(co_await sys::Resume(registry));
  co_await Settle(registry);
  EXPECT_EQ(rooms.WhereIs("a"), Self());
  EXPECT_THAT(rooms.Keys(Self()), ElementsAre("a"));
  EXPECT_EQ(rooms.Count(), 1U);
  EXPECT_THAT(co_await LinksOf(registry), ElementsAre(Self()));
}

// REG3, REG2
HYDRA_TEST(RegistryEndTest, DeadIsNoMember) {
  for (const size_t partitions : {1, 4}) {
    const Jobs jobs({.partitions = partitions});
    const Pid registry = co_await Start(jobs);
    EXPECT_OK(co_await sys::Suspend(registry));
    const Pid member = co_await SpawnIn(jobs, {"a", "a", "b"});
    EXPECT_OK(jobs.Register("a"));
    co_await Kill(member);
    EXPECT_THAT(jobs.Lookup("a"), ElementsAre(Field(&Holder<NoValue>::pid, Self())));
    EXPECT_THAT(jobs.Keys(member), IsEmpty());
    EXPECT_EQ(jobs.Count(), 1U);
    jobs.Dispatch("b", [](auto) { ADD_FAILURE(); });
    EXPECT_OK(co_await sys::Resume(registry));
    co_await Settle(registry);
    EXPECT_EQ(jobs.Count(), 1U);
    EXPECT_EQ(jobs.Lookup("a").size(), 1U);
  }
}

// REG3: a message that looks like an end is none.
HYDRA_TEST(RegistryEndTest, LivingProcessIsntForgotten) {
  const Rooms rooms;
  const Pid registry = co_await Start(rooms);
  const Pid holder = co_await SpawnIn(rooms, {"a"});
  co_await In(holder, [registry] { Exit(registry, kEnough); });
  co_await Settle(registry);
  EXPECT_EQ(rooms.WhereIs("a"), holder);
}

// ---- Processes end with the registry's.

// REG5
HYDRA_TEST(RegistryEndTest, RegistrantsEndWithTheRegistry) {
  for (const ExitReason& reason : {ExitReason::Killed(), kEnough, ExitReason::Shutdown()}) {
    const Rooms rooms({.partitions = 3});
    const Pid registry = co_await Start(rooms);
    const Pid registrant = co_await SpawnIn(rooms, {"a", "b", "c", "d"});
    const Pid stranger = Spawn(Obey);
    const Ref ref = Monitor(registrant);
    if (reason == ExitReason::Killed()) {
      Exit(registry, ExitReason::Kill());
    } else {
      EXPECT_OK(co_await Stop(registry, reason));
    }
    EXPECT_EQ((co_await Receive<Down>().For(ref)).reason, reason);
    co_await In(stranger, [] {});
    EXPECT_EQ(rooms.Count(), 0U);
  }
}

template <typename R>
Async<> StopAsNormal(R registry) {
  const Pid process = co_await Start(registry);
  const Pid registrant = co_await SpawnIn(registry, {"a", "b", "c"});
  const Ref ref = Monitor(registrant);
  for (const std::string key : {"d", "e", "f", "g", "h", "i"}) EXPECT_OK(registry.Register(key));
  EXPECT_OK(co_await Stop(process));
  EXPECT_EQ((co_await Receive<Down>().For(ref)).reason, ExitReason::Shutdown());
  EXPECT_THAT(co_await Flush<ExitSignal>(), ElementsAre(EndOf(process, ExitReason::Shutdown())))
      << "told once";
  EXPECT_EQ(registry.Count(), 0U);
}

// REG5: also if it ends as normal, which a link alone doesn't do.
HYDRA_TEST(RegistryEndTest, NormalEndEndsRegistrants) {
  for (const size_t partitions : {1, 3}) {
    co_await StopAsNormal(Rooms({.partitions = partitions}));
    co_await StopAsNormal(Jobs({.partitions = partitions}));
  }
}

// REG5: who traps exits has nothing registered any more when it hears of it, and may register anew.
HYDRA_TEST(RegistryEndTest, RegistryComesBackEmpty) {
  const Rooms rooms({.partitions = 2});
  const Pid first = co_await Start(rooms);
  EXPECT_OK(rooms.Register("a"));
  EXPECT_OK(rooms.Register("b"));
  Exit(first, ExitReason::Kill());
  co_await AssertReceive<ExitSignal>(EndOf(first, ExitReason::Killed()));
  EXPECT_EQ(rooms.WhereIs("a"), Pid());
  EXPECT_THAT(rooms.Keys(Self()), IsEmpty());
  EXPECT_THAT(rooms.Register("a"), StatusIs(StatusCode::kUnavailable));
  const Pid second = co_await Start(rooms);
  EXPECT_EQ(rooms.Count(), 0U);
  EXPECT_OK(rooms.Register("a"));
  EXPECT_EQ(rooms.WhereIs("a"), Self());
  EXPECT_THAT(co_await LinksOf(second), ElementsAre(Self()));
}

// REG5: a supervisor starts it anew, and who was registered with it.
HYDRA_TEST_BY_HAND(RegistryEndTest, SupervisorStartsItAnew) {
  TrapExit(true);
  const Rooms rooms({.name = "rooms"});
  const auto room = [rooms](Pid owner) -> Async<> {
    EXPECT_OK(rooms.Register("lobby"));
    Send(owner, Self());
    co_await Obey();
  };
  const auto supervisor = co_await StartLink<Supervisor>(
      {}, SupervisorOptions{.strategy = Strategy::kRestForOne},
      Children{rooms.child(), ProcessChild({.id = "lobby"}, room, Self())});
  CO_ASSERT_THAT(supervisor, IsOk());
  const Pid first = co_await AssertReceive<Pid>();
  EXPECT_EQ(rooms.WhereIs("lobby"), first);
  Exit(WhereIs("rooms"), ExitReason::Kill());
  const Pid second = co_await AssertReceive<Pid>();
  EXPECT_NE(second, first);
  EXPECT_EQ(rooms.WhereIs("lobby"), second);
  EXPECT_EQ(rooms.Count(), 1U);
}

// ---- Links.

// REG5
HYDRA_TEST(RegistryEndTest, RegisteringLinks) {
  for (const size_t partitions : {1, 4}) {
    const Rooms rooms({.partitions = partitions});
    const Pid registry = co_await Start(rooms);
    const Pid process = co_await SpawnIn(rooms, {"a", "b", "c", "d", "e"});
    EXPECT_THAT(co_await LinksOf(registry), UnorderedElementsAre(Self(), process));
    EXPECT_THAT(co_await LinksOf(process), ElementsAre(registry));
    for (const std::string key : {"a", "b", "c", "d"}) {
      co_await In(process, [rooms, key] { rooms.Unregister(key); });
      EXPECT_THAT(co_await LinksOf(process), ElementsAre(registry)) << "it has more";
    }
    co_await In(process, [rooms] { rooms.Unregister("e"); });
    EXPECT_THAT(co_await LinksOf(process), IsEmpty());
    co_await In(process, [rooms] { EXPECT_OK(rooms.Register("a")); });
    EXPECT_THAT(co_await LinksOf(process), ElementsAre(registry));
  }
}

// REG5, REG2
HYDRA_TEST(RegistryEndTest, LinkOfADuplicateRegistry) {
  for (const size_t partitions : {1, 4}) {
    const Jobs jobs({.partitions = partitions});
    const Pid registry = co_await Start(jobs);
    const Pid process = co_await SpawnIn(jobs, {"a", "a", "b"});
    co_await In(process, [jobs] { jobs.Unregister("a"); });
    EXPECT_THAT(co_await LinksOf(process), ElementsAre(registry));
    co_await In(process, [jobs] { jobs.Unregister("b"); });
    EXPECT_THAT(co_await LinksOf(process), IsEmpty());
    Exit(registry, ExitReason::Kill());
    co_await AssertReceive<ExitSignal>(EndOf(registry, ExitReason::Killed()));
    co_await In(process, [] {});
  }
}

// REG5: a failed Register links nobody.
HYDRA_TEST(RegistryEndTest, TakenKeyLinksNobody) {
  const Rooms rooms;
  co_await Start(rooms);
  EXPECT_OK(rooms.Register("a"));
  const Pid process = Spawn(Obey);
  co_await In(process, [rooms] { EXPECT_FALSE(rooms.Register("a").ok()); });
  EXPECT_THAT(co_await LinksOf(process), IsEmpty());
}

// REG5: who has started the registry keeps the link to it, or it would outlive it.
HYDRA_TEST(RegistryEndTest, ParentStaysLinked) {
  const Rooms rooms;
  const Jobs jobs;
  const Pid parent = Spawn([rooms, jobs]() -> Async<> {
    EXPECT_THAT(co_await rooms.StartLink(), IsOk());
    EXPECT_THAT(co_await jobs.StartLink(), IsOk());
    EXPECT_OK(rooms.Register("a"));
    rooms.Unregister("a");
    EXPECT_OK(jobs.Register("a"));
    jobs.Unregister("a");
    co_await Obey();
  });
  co_await In(parent, [] {});
  EXPECT_EQ((co_await LinksOf(parent)).size(), 2U);
  co_await Kill(parent);
  const auto runs = [](const auto& registry) {
    return registry.Register("b").code() != StatusCode::kUnavailable;
  };
  TrapExit(true);
  while (runs(rooms) || runs(jobs)) {
    rooms.Unregister("b");
    jobs.Unregister("b");
    co_await Yield();
  }
}

// ---- The registry's process.

// REG13, GS3
HYDRA_TEST(RegistryEndTest, RunsOnce) {
  const Rooms rooms;
  const Pid first = co_await Start(rooms);
  const absl::StatusOr<Pid> second = co_await rooms.StartLink();
  EXPECT_THAT(second, StatusIs(StatusCode::kAlreadyExists));
  EXPECT_EQ(NameHolder(second.status()), first);
  EXPECT_OK(rooms.Register("a"));  // the one that failed has closed nothing
  const Rooms named({.name = "rooms"});
  const Pid process = co_await Start(named);
  EXPECT_EQ(WhereIs("rooms"), process);
  EXPECT_EQ(NameHolder((co_await Rooms({.name = "rooms"}).StartLink()).status()), process);
  EXPECT_EQ(named.child().id, "rooms");
  EXPECT_EQ(rooms.child().id, "registry");
}

// The handle may go first.
HYDRA_TEST(RegistryEndTest, RegistryOutlivesItsHandles) {
  auto rooms = std::make_unique<Rooms>(RegistryOptions{.name = "rooms"});
  const Pid registry = co_await Start(*rooms);
  const Pid registrant = co_await SpawnIn(*rooms, {"a"});
  rooms.reset();
  co_await Kill(registrant);
  co_await Settle(registry);
  EXPECT_OK(co_await Stop(registry, ExitReason::Shutdown()));
}

}  // namespace
}  // namespace hydra
