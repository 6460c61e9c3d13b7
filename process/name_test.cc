// Names: who has which, who may have one, and when a name is free again.
#include "hydra/process/name.h"

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "absl/cleanup/cleanup.h"
#include "absl/status/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "hydra/base/status_testing.h"
#include "hydra/process/async.h"
#include "hydra/process/dest.h"
#include "hydra/process/down.h"
#include "hydra/process/exit_reason.h"
#include "hydra/process/info.h"
#include "hydra/process/internal/scheduler.h"
#include "hydra/process/internal/worker.h"
#include "hydra/process/link.h"
#include "hydra/process/monitor.h"
#include "hydra/process/pid.h"
#include "hydra/process/receive.h"
#include "hydra/process/self.h"
#include "hydra/process/send.h"
#include "hydra/process/spawn.h"
#include "hydra/process/testing/manual_runtime.h"
#include "hydra/process/testing/process_test.h"
#include "hydra/process/testing/rounds.h"

namespace hydra {
namespace {

using absl::StatusCode;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

struct Started {};
struct Stop {};

Async<> WaitForStop() { co_await Receive<Stop>(); }

// Ends `pid`, and waits until it has ended.
Async<> Kill(Pid pid) {
  Exit(pid, ExitReason::Kill());
  co_await Receive<Down>().For(Monitor(pid));
}

// The name that the runtime has noted of a process, dead or alive.
std::string NotedNameOf(const Pid& pid) {
  return process_internal::Worker::CurrentOrDie().scheduler().names().NameOf(pid);
}

// ---- Register and Unregister.

// NAM1
HYDRA_TEST(NameTest, RegisteredProcessIsFoundByItsName) {
  const Pid process = Spawn(WaitForStop);
  EXPECT_FALSE(WhereIs("name"));
  EXPECT_OK(Register(process, "name"));
  EXPECT_EQ(WhereIs("name"), process);
  EXPECT_EQ((co_await Info(process))->name, "name");
}

// NAM1: what the process goes by is nobody else's business.
HYDRA_TEST(NameTest, AnyProcessMayRegisterAnyOther) {
  const Pid process = Spawn(WaitForStop);
  Spawn([process, to = Self()]() -> Async<> {
    EXPECT_OK(Register(process, "other"));
    EXPECT_OK(Register(Self(), "self"));
    Send(to, Self());
    co_await Receive<Stop>();
  });
  const Pid registrar = co_await Receive<Pid>();
  EXPECT_EQ(WhereIs("other"), process);
  EXPECT_EQ(WhereIs("self"), registrar);
}

// NAM1
HYDRA_TEST(NameTest, NameBelongsToOneProcess) {
  const Pid holder = Spawn(WaitForStop);
  const Pid process = Spawn(WaitForStop);
  EXPECT_OK(Register(holder, "name"));
  const absl::Status taken = Register(process, "name");
  EXPECT_THAT(taken, StatusIs(StatusCode::kAlreadyExists,
                              testing::AllOf(HasSubstr("name"), HasSubstr(holder.ToString()))));
  EXPECT_EQ(NameHolder(taken), holder);
  EXPECT_EQ(WhereIs("name"), holder);
  EXPECT_OK(Register(process, "other"));
  co_return;
}

// NAM1
HYDRA_TEST(NameTest, SpawnUnderATakenNameTellsWhoHasIt) {
  EXPECT_OK(Register(Self(), "name"));
  const auto spawned = SpawnWith({.name = "name"}, WaitForStop);
  EXPECT_THAT(spawned, StatusIs(StatusCode::kAlreadyExists));
  EXPECT_EQ(NameHolder(spawned.status()), Self());
  co_return;
}

TEST(NameTakenTest, TellsTheMessageAndTheHolder) {
  const Pid holder(uint64_t{1} << 40, 3, 2);
  const absl::Status taken = NameTakenError("the key is taken", holder);
  EXPECT_THAT(taken, StatusIs(StatusCode::kAlreadyExists, "the key is taken"));
  EXPECT_EQ(NameHolder(taken), holder);
}

TEST(NameTakenTest, NoOtherStatusHasAHolder) {
  EXPECT_EQ(NameHolder(absl::OkStatus()), std::nullopt);
  EXPECT_EQ(NameHolder(absl::AlreadyExistsError("the id is taken")), std::nullopt);
}

// NAM1
HYDRA_TEST(NameTest, ProcessHasOneName) {
  const Pid process = Spawn(WaitForStop);
  EXPECT_OK(Register(process, "name"));
  EXPECT_THAT(Register(process, "other"),
              StatusIs(StatusCode::kFailedPrecondition, HasSubstr("name")));
  EXPECT_FALSE(WhereIs("other"));
  EXPECT_EQ(WhereIs("name"), process);
  co_return;
}

// NAM1
HYDRA_TEST(NameTest, ProcessIsNotRegisteredTwiceByOneName) {
  EXPECT_OK(Register(Self(), "name"));
  EXPECT_THAT(Register(Self(), "name"), StatusIs(StatusCode::kFailedPrecondition));
  co_return;
}

// NAM1
HYDRA_TEST(NameTest, DeadAndNobodyGetNoName) {
  const Pid dead = Spawn(WaitForStop);
  co_await Kill(dead);
  EXPECT_THAT(Register(dead, "name"), StatusIs(StatusCode::kNotFound));
  EXPECT_THAT(Register(Pid(), "name"), StatusIs(StatusCode::kNotFound));
  EXPECT_OK(Register(Self(), "name"));
}

// NAM1: the stranger's slot and serial are those of a process here.
TEST(NameTest, ProcessOfAnotherRuntimeGetsNoName) {
  ManualRuntime other;
  const Pid stranger = other.Spawn(WaitForStop);
  const auto body = [stranger]() -> Async<> {
    const Pid namesake = Self();
    EXPECT_THAT(Register(Pid(namesake.serial(), namesake.slot(), stranger.home()), "name"),
                StatusIs(StatusCode::kNotFound));
    EXPECT_FALSE(WhereIs("name"));
    co_return;
  };
  TestByHand(body);
  TestOnThreads(body);
}

// NAM1
HYDRA_TEST(NameTest, EmptyNameIsNone) {
  EXPECT_THAT(Register(Self(), ""), StatusIs(StatusCode::kInvalidArgument));
  EXPECT_OK(Register(Self(), "name"));
  co_return;
}

// NAM1: a name is any bytes but 0.
HYDRA_TEST(NameTest, NamesThatDifferAreDifferent) {
  const Pid process = Spawn(WaitForStop);
  EXPECT_OK(Register(Self(), "a\xff\n"));
  EXPECT_FALSE(WhereIs("a"));
  EXPECT_FALSE(WhereIs("A\xff\n"));
  EXPECT_OK(Register(process, "a\xfe\n"));
  EXPECT_EQ(WhereIs("a\xff\n"), Self());
  co_return;
}

// PRC9
HYDRA_TEST(NameTest, EndingProcessRegistersNothing) {
  const Pid process = Spawn(WaitForStop);
  const MonitoredProcess ending = SpawnMonitor([process]() -> Async<> {
    const absl::Cleanup late = [process] {
      EXPECT_THAT(Register(Self(), "self"), StatusIs(StatusCode::kFailedPrecondition));
      EXPECT_THAT(Register(process, "other"), StatusIs(StatusCode::kFailedPrecondition));
    };
    Exit(Self(), ExitReason::Kill());
    co_await Receive<Stop>();
  });
  co_await Receive<Down>().For(ending.ref);
  EXPECT_THAT(RegisteredNames(), IsEmpty());
}

// NAM5
HYDRA_TEST(NameTest, UnregisterFreesTheName) {
  const Pid process = Spawn(WaitForStop);
  EXPECT_OK(Register(process, "name"));
  EXPECT_OK(Unregister("name"));
  EXPECT_FALSE(WhereIs("name"));
  EXPECT_EQ((co_await Info(process))->name, "");
  EXPECT_OK(Register(Self(), "name"));
  EXPECT_OK(Register(process, "other"));
}

// NAM5
HYDRA_TEST(NameTest, UnregisterOfAnUnknownNameFails) {
  EXPECT_THAT(Unregister("nobody"), StatusIs(StatusCode::kNotFound, HasSubstr("nobody")));
  EXPECT_OK(Register(Self(), "name"));
  EXPECT_OK(Unregister("name"));
  EXPECT_THAT(Unregister("name"), StatusIs(StatusCode::kNotFound));
  co_return;
}

HYDRA_TEST(NameTest, RegisteredNamesAreThoseOfTheLiving) {
  EXPECT_THAT(RegisteredNames(), IsEmpty());
  const Pid dying = Spawn(WaitForStop);
  EXPECT_OK(Register(dying, "a"));
  EXPECT_OK(Register(Spawn(WaitForStop), "b"));
  EXPECT_OK(Register(Self(), "c"));
  EXPECT_THAT(RegisteredNames(), UnorderedElementsAre("a", "b", "c"));
  co_await Kill(dying);
  EXPECT_OK(Unregister("c"));
  EXPECT_THAT(RegisteredNames(), ElementsAre("b"));
}

// ---- Send by name.

// NAM6
HYDRA_TEST(SendByNameTest, ReachesWhoHasTheName) {
  EXPECT_OK(Register(Self(), "name"));
  EXPECT_TRUE(Send("name", 1));
  EXPECT_TRUE(Send(std::string("name"), 2));
  EXPECT_EQ(co_await AssertReceive<int>(), 1);
  EXPECT_EQ(co_await AssertReceive<int>(), 2);
}

// NAM6: the message is destroyed.
HYDRA_TEST(SendByNameTest, TellsThatNobodyHasTheName) {
  auto counted = std::make_shared<int>(7);
  EXPECT_FALSE(Send("nobody", counted));
  EXPECT_EQ(counted.use_count(), 1);
  EXPECT_OK(Register(Self(), "name"));
  EXPECT_OK(Unregister("name"));
  EXPECT_FALSE(Send("name", counted));
  EXPECT_THAT(co_await Flush<std::shared_ptr<int>>(), IsEmpty());
}

// NAM6
HYDRA_TEST(SendByNameTest, NameOfTheDeadIsNobodys) {
  const Pid process = Spawn(WaitForStop);
  EXPECT_OK(Register(process, "name"));
  co_await Kill(process);
  EXPECT_FALSE(Send("name", 1));
  EXPECT_TRUE(Send(process, 1));
}

// NAM6: not even whoever has that name here.
HYDRA_TEST(SendByNameTest, NameOnAnotherNodeReachesNobodyHere) {
  EXPECT_OK(Register(Self(), "name"));
  EXPECT_TRUE(Send(Dest("name", "other@127.0.0.1:1"), 1));
  EXPECT_TRUE(Send(Dest("nobody", "other@127.0.0.1:1"), 2));
  EXPECT_TRUE(Send("name", 3));
  EXPECT_EQ(co_await AssertReceive<int>(), 3);
}

// NAM5: the name is looked up when the message is sent.
HYDRA_TEST(SendByNameTest, MessageThatIsOnItsWayStillArrives) {
  EXPECT_OK(Register(Self(), "name"));
  EXPECT_TRUE(Send("name", 7));
  EXPECT_OK(Unregister("name"));
  EXPECT_OK(Register(Spawn(WaitForStop), "name"));
  EXPECT_EQ(co_await AssertReceive<int>(), 7);
}

// ---- The end of a process.

// NAM3
HYDRA_TEST(NameOfTheDeadTest, FormerNameIsNotReleased) {
  const Pid former = Spawn(WaitForStop);
  EXPECT_OK(Register(former, "name"));
  EXPECT_OK(Unregister("name"));
  EXPECT_OK(Register(Self(), "name"));
  co_await Kill(former);
  EXPECT_EQ(WhereIs("name"), Self());
}

// NAM3: the last name, too, if it had several.
HYDRA_TEST(NameOfTheDeadTest, LastNameIsReleased) {
  const Pid process = Spawn(WaitForStop);
  for (const char* name : {"a", "b", "c"}) {
    EXPECT_OK(Register(process, name));
    if (*name != 'c') EXPECT_OK(Unregister(name));
  }
  co_await Kill(process);
  EXPECT_THAT(RegisteredNames(), IsEmpty());
  EXPECT_OK(Register(Self(), "c"));
}

// NAM3: nobody has to ask for the name again for it to be forgotten.
HYDRA_TEST(NameOfTheDeadTest, NothingIsKeptOfIt) {
  const Pid process = Spawn(WaitForStop);
  EXPECT_OK(Register(process, "name"));
  EXPECT_EQ(NotedNameOf(process), "name");
  co_await Kill(process);
  EXPECT_EQ(NotedNameOf(process), "");
}

// NAM3
HYDRA_TEST(NameOfTheDeadTest, DyingProcessHasItsNameUntilItsFramesAreDestroyed) {
  const MonitoredProcess process = SpawnMonitor([to = Self()]() -> Async<> {
    EXPECT_OK(Register(Self(), "name"));
    const absl::Cleanup look = [] { EXPECT_EQ(WhereIs("name"), Self()); };
    Send(to, Started{});
    co_await Receive<Stop>();
  });
  co_await Receive<Started>();
  Exit(process.pid, ExitReason::Kill());
  co_await Receive<Down>().For(process.ref);
  EXPECT_FALSE(WhereIs("name"));
}

// NAM4: whoever has heard that a process isn't alive doesn't find it any more.
HYDRA_TEST(NameOfTheDeadTest, WhereIsNeverFindsTheDead) {
  for (int i = 0; i < 20; ++i) {
    const Pid process = Spawn(WaitForStop);
    EXPECT_OK(Register(process, "name"));
    Exit(process, ExitReason::Kill());
    EXPECT_FALSE(co_await IsAlive(process));
    EXPECT_FALSE(WhereIs("name"));
  }
}

// ---- Races.

// How many names are fought for at a time.
constexpr int kBatch = 100;

std::string NameOf(int i) { return "name " + std::to_string(i); }

struct Attempt {
  Pid pid;
  std::string name;
};

// Makes attempts to register, at the same time as another process. Tells which succeeded.
Async<> Racer(Pid to, std::atomic<int64_t>* begun) {
  for (int64_t round = 1;; ++round) {
    const auto attempts = co_await Receive<std::vector<Attempt>>();
    ++*begun;
    // Without a co_await, so that the other runs on the other scheduler.
    while (*begun < 2 * round) std::this_thread::yield();
    std::vector<bool> successes;
    for (const Attempt& attempt : attempts)
      successes.push_back(Register(attempt.pid, attempt.name).ok());
    Send(to, successes);
  }
}

// Expects that of two attempts with the same index one succeeds.
Async<> ExpectOneSuccess(std::atomic<int64_t>* begun, std::vector<Attempt> one,
                         std::vector<Attempt> other) {
  const Pid first = Spawn(Racer, Self(), begun);
  const Pid second = Spawn(Racer, Self(), begun);
  for (int64_t i = Rounds(100'000); i > 0; i -= kBatch) {
    Send(first, one);
    Send(second, other);
    const auto successes = co_await Receive<std::vector<bool>>();
    const auto others = co_await Receive<std::vector<bool>>();
    for (int j = 0; j < kBatch; ++j) CO_ASSERT_NE(successes[j], others[j]);
    CO_ASSERT_THAT(RegisteredNames(), testing::SizeIs(kBatch));
    for (const std::string& name : RegisteredNames()) CO_ASSERT_THAT(Unregister(name), IsOk());
  }
}

// NAM2
TEST(NameRaceTest, OneOfTwoProcessesGetsAName) {
  std::atomic<int64_t> begun = 0;
  TestOnThreads([&begun]() -> Async<> {
    std::vector<Attempt> one;
    std::vector<Attempt> other;
    for (int i = 0; i < kBatch; ++i) {
      one.emplace_back(Spawn(WaitForStop), NameOf(i));
      other.emplace_back(Spawn(WaitForStop), NameOf(i));
    }
    co_await ExpectOneSuccess(&begun, one, other);
  });
}

// NAM1, NAM2
TEST(NameRaceTest, ProcessGetsOneOfTwoNames) {
  std::atomic<int64_t> begun = 0;
  TestOnThreads([&begun]() -> Async<> {
    std::vector<Attempt> one;
    std::vector<Attempt> other;
    for (int i = 0; i < kBatch; ++i) {
      one.emplace_back(Spawn(WaitForStop), NameOf(i));
      other.emplace_back(one.back().pid, NameOf(i) + " of the other");
    }
    co_await ExpectOneSuccess(&begun, one, other);
  });
}

// Gives names to processes, and takes them again, until they are dead. Without a co_await after the
// first message, so that all others run on the other scheduler.
Async<> RegisterUntilDead(Pid to, std::vector<Pid> pids) {
  Send(to, Started{});
  for (int i = 0; i < kBatch; ++i) {
    for (bool take = false;; take = !take) {
      if (absl::IsNotFound(Register(pids[i], NameOf(i)))) break;
      if (take) Unregister(NameOf(i)).IgnoreError();
    }
    EXPECT_FALSE(WhereIs(NameOf(i)));
  }
  co_return;
}

// NAM3, NAM4: a process that gets a name while it ends loses it before its end is seen, in every
// way in which that can be.
TEST(NameRaceTest, NameThatADyingProcessGetsIsReleased) {
  TestOnThreads([]() -> Async<> {
    for (int64_t i = Rounds(100'000); i > 0; i -= kBatch) {
      std::vector<MonitoredProcess> processes;
      std::vector<Pid> pids;
      for (int j = 0; j < kBatch; ++j) {
        processes.push_back(SpawnMonitor(WaitForStop));
        pids.push_back(processes.back().pid);
      }
      const MonitoredProcess registrar = SpawnMonitor(RegisterUntilDead, Self(), pids);
      co_await Receive<Started>();
      for (int j = 0; j < kBatch; ++j) {
        Send(pids[j], Stop{});
        if (j % 2 == 0) {
          co_await Receive<Down>().For(processes[j].ref);
        } else {
          while (co_await IsAlive(pids[j])) continue;
        }
        EXPECT_NE(WhereIs(NameOf(j)), pids[j]);
      }
      co_await Receive<Down>().For(registrar.ref);
      co_await Flush<Down>();
      CO_ASSERT_THAT(RegisteredNames(), IsEmpty());
      for (const Pid& pid : pids) CO_ASSERT_EQ(NotedNameOf(pid), "");
      if (testing::Test::HasFailure())
        co_return;  // not earlier: the registrar would go on for ever
    }
  });
}

// Takes each name for a process as soon as it is free; also without a co_await.
Async<> Succeed(Pid to, std::vector<Pid> pids) {
  Send(to, Started{});
  for (int i = 0; i < kBatch; ++i) {
    while (!Register(pids[i], NameOf(i)).ok()) continue;
  }
  co_return;
}

// NAM3: the end of the former holder takes nothing away from the next.
TEST(NameRaceTest, SuccessorKeepsTheName) {
  TestOnThreads([]() -> Async<> {
    std::vector<Pid> successors;
    for (int i = 0; i < kBatch; ++i) successors.push_back(Spawn(WaitForStop));
    for (int64_t i = Rounds(100'000); i > 0; i -= kBatch) {
      std::vector<MonitoredProcess> holders;
      for (int j = 0; j < kBatch; ++j) {
        holders.push_back(SpawnMonitor(WaitForStop));
        CO_ASSERT_THAT(Register(holders[j].pid, NameOf(j)), IsOk());
      }
      const MonitoredProcess taker = SpawnMonitor(Succeed, Self(), successors);
      co_await Receive<Started>();
      for (const MonitoredProcess& holder : holders) {
        Send(holder.pid, Stop{});
        co_await Receive<Down>().For(holder.ref);
      }
      co_await Receive<Down>().For(taker.ref);
      for (int j = 0; j < kBatch; ++j) {
        CO_ASSERT_EQ(WhereIs(NameOf(j)), successors[j]);
        CO_ASSERT_THAT(Unregister(NameOf(j)), IsOk());
      }
    }
  });
}

}  // namespace
}  // namespace hydra
