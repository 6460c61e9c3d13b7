// DuplicateRegistry: who has which key, how often, with which values; and dispatching to them.
#include "hydra/registry/duplicate_registry.h"

#include <algorithm>
#include <cstddef>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "hydra/base/log_testing.h"
#include "hydra/base/status_testing.h"
#include "hydra/process/async.h"
#include "hydra/process/exit_signal.h"
#include "hydra/process/pid.h"
#include "hydra/process/receive.h"
#include "hydra/process/self.h"
#include "hydra/process/send.h"
#include "hydra/process/spawn.h"
#include "hydra/process/testing/process_test.h"
#include "hydra/registry/key_lock.h"
#include "hydra/registry/registry_entry.h"
#include "hydra/registry/registry_testing.h"

namespace hydra {
namespace {

using absl::StatusCode;
using registry_testing::In;
using registry_testing::Kill;
using registry_testing::Obey;
using registry_testing::Start;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;
using testing::UnorderedElementsAre;
using testing::UnorderedElementsAreArray;

using Jobs = DuplicateRegistry<std::string, int>;
using Held = Holder<int>;

const auto kOdd = [](int value) { return value % 2 != 0; };

// ---- Register and Unregister.

// REG2
HYDRA_TEST(DuplicateRegistryTest, KeyHasManyEntries) {
  const Jobs jobs({.name = "jobs"});
  co_await Start(jobs);
  EXPECT_THAT(jobs.Lookup("a"), IsEmpty());
  const Pid other = Spawn(Obey);
  EXPECT_OK(jobs.Register("a", 1));
  co_await In(other, [jobs] { EXPECT_OK(jobs.Register("a", 2)); });
  EXPECT_OK(jobs.Register("a", 3));
  EXPECT_OK(jobs.Register("a", 3));
  EXPECT_OK(jobs.Register("b", 4));
  EXPECT_THAT(jobs.Lookup("a"),
              ElementsAre(Held{Self(), 1}, Held{other, 2}, Held{Self(), 3}, Held{Self(), 3}))
      << "in the order in which they were made";
  EXPECT_THAT(jobs.Lookup("b"), ElementsAre(Held{Self(), 4}));
  EXPECT_EQ(jobs.Count(), 5U);
}

// REG2: partitions matter for the order only.
HYDRA_TEST(DuplicateRegistryTest, PartitionsAreInvisible) {
  const Jobs jobs({.partitions = 4});
  co_await Start(jobs);
  std::vector<Held> all;
  for (int i = 0; i < 20; ++i) {
    const Pid process = Spawn(Obey);
    co_await In(process, [jobs, i] { EXPECT_OK(jobs.Register("a", i)); });
    all.push_back({process, i});
  }
  EXPECT_THAT(jobs.Lookup("a"), UnorderedElementsAreArray(all));
  EXPECT_EQ(jobs.Count(), 20U);
  EXPECT_THAT(jobs.Values("a", all[7].pid), ElementsAre(7));
  EXPECT_THAT(jobs.Keys(all[7].pid), ElementsAre("a"));
}

// REG4
HYDRA_TEST(DuplicateRegistryTest, UnregisterRemovesOnesOwn) {
  const Jobs jobs({.partitions = 2});
  co_await Start(jobs);
  jobs.Unregister("a");
  const Pid other = Spawn(Obey);
  co_await In(other, [jobs] { EXPECT_OK(jobs.Register("a", 1)); });
  jobs.Unregister("a");
  EXPECT_OK(jobs.Register("a", 2));
  EXPECT_OK(jobs.Register("a", 3));
  EXPECT_OK(jobs.Register("b", 4));
  jobs.Unregister("a");
  EXPECT_THAT(jobs.Lookup("a"), ElementsAre(Held{other, 1}));
  EXPECT_THAT(jobs.Lookup("b"), ElementsAre(Held{Self(), 4}));
  jobs.Unregister("a");
  EXPECT_EQ(jobs.Count(), 2U);
  EXPECT_OK(jobs.Register("a", 5));
  EXPECT_THAT(jobs.Lookup("a"), UnorderedElementsAre(Held{other, 1}, Held{Self(), 5}));
}

// REG4: few of the key's or few of the process's: both ways of finding them find the same.
HYDRA_TEST(DuplicateRegistryTest, UnregisterMatchLooksAtTheValues) {
  for (const int others : {0, 2, 20}) {
    for (const int keys : {0, 20}) {
      const Jobs jobs;
      co_await Start(jobs);
      for (int i = 0; i < others; ++i)
        co_await In(Spawn(Obey), [jobs] { EXPECT_OK(jobs.Register("a", 1)); });
      for (int i = 0; i < keys; ++i) EXPECT_OK(jobs.Register(std::to_string(i), 1));
      for (int i = 0; i < 4; ++i) EXPECT_OK(jobs.Register("a", i));
      jobs.UnregisterMatch("a", kOdd);
      EXPECT_THAT(jobs.Values("a", Self()), ElementsAre(0, 2));
      EXPECT_EQ(jobs.Count(), static_cast<size_t>(others + keys + 2));
      EXPECT_THAT(jobs.Keys(Self()), SizeIs(keys + 2));
      jobs.UnregisterMatch("a", kOdd);
      jobs.Unregister("a");
      EXPECT_THAT(jobs.Values("a", Self()), IsEmpty());
      EXPECT_THAT(jobs.Lookup("a"), SizeIs(others));
    }
  }
}

// REG4: what the question itself unregisters is gone once.
HYDRA_TEST(DuplicateRegistryTest, UnregisterWithinUnregister) {
  const Jobs jobs({.name = "jobs", .listeners = {Self()}});
  co_await Start(jobs);
  for (int i = 0; i < 3; ++i) EXPECT_OK(jobs.Register("a", i));
  jobs.UnregisterMatch("a", [&](int value) {
    if (value == 1) jobs.UnregisterMatch("a", [](int one) { return one == 1; });
    return value != 0;
  });
  EXPECT_THAT(jobs.Lookup("a"), ElementsAre(Held{Self(), 0}));
  EXPECT_THAT(co_await Flush<KeyUnregistered<std::string>>(), SizeIs(2));
}

// REG13
HYDRA_TEST(DuplicateRegistryTest, NothingIsRegisteredBeforeItRuns) {
  const Jobs jobs({.name = "jobs"});
  EXPECT_THAT(jobs.Register("a", 1), StatusIs(StatusCode::kUnavailable, HasSubstr("'jobs'")));
  EXPECT_EQ(jobs.Count(), 0U);
  jobs.Unregister("a");
  jobs.Dispatch("a", [](auto) { ADD_FAILURE(); });
  co_return;
}

// PRC9
HYDRA_TEST(DuplicateRegistryTest, EndingProcessRegistersNothing) {
  const Jobs jobs;
  co_await Start(jobs);
  static absl::Status status;
  status = absl::OkStatus();
  struct AtEnd {
    const Jobs& jobs;
    ~AtEnd() { status = jobs.Register("a", 1); }
  };
  const Pid ending = Spawn([jobs]() -> Async<> {
    const AtEnd at_end{jobs};
    co_await Obey();
  });
  co_await In(ending, [] {});
  co_await Kill(ending);
  EXPECT_THAT(status, StatusIs(StatusCode::kFailedPrecondition));
  EXPECT_EQ(jobs.Count(), 0U);
}

// ---- Reading.

// REG7
HYDRA_TEST(DuplicateRegistryTest, MatchAndSelect) {
  for (const size_t partitions : {0, 1, 4}) {
    const Jobs jobs({.partitions = partitions});
    co_await Start(jobs);
    const Pid other = Spawn(Obey);
    for (int i = 0; i < 4; ++i) {
      EXPECT_OK(jobs.Register("a", i));
      co_await In(other, [jobs, i] { EXPECT_OK(jobs.Register("b", i)); });
    }
    co_await In(other, [jobs] { EXPECT_OK(jobs.Register("a", 1)); });
    EXPECT_THAT(jobs.Match("a", kOdd),
                UnorderedElementsAre(Held{Self(), 1}, Held{Self(), 3}, Held{other, 1}));
    EXPECT_EQ(jobs.CountMatch("a", kOdd), 3U);
    EXPECT_EQ(jobs.CountMatch("c", kOdd), 0U);
    EXPECT_THAT(jobs.Values("a", Self()), ElementsAre(0, 1, 2, 3));
    EXPECT_THAT(jobs.Values("a", other), ElementsAre(1));
    EXPECT_THAT(jobs.Keys(other), UnorderedElementsAre("a", "b", "b", "b", "b"));
    const auto ones = [](const std::string&, const Pid&, int value) { return value == 1; };
    using Entry = Jobs::Entry;
    EXPECT_THAT(jobs.Select(ones), UnorderedElementsAre(Entry{"a", Self(), 1}, Entry{"a", other, 1},
                                                        Entry{"b", other, 1}));
    EXPECT_EQ(jobs.CountSelect(ones), 3U);
    EXPECT_EQ(jobs.Count(), 9U);
  }
}

HYDRA_TEST(DuplicateRegistryTest, CopiesAreTheSameRegistry) {
  const Jobs jobs({.name = "jobs"});
  const Jobs copy = jobs;
  EXPECT_TRUE(copy == jobs);
  EXPECT_FALSE(copy == Jobs());
  EXPECT_EQ(copy.name(), "jobs");
  EXPECT_EQ(copy.child().id, "jobs");
  co_return;
}

// REG10, REG12: as in Registry.
HYDRA_TEST(DuplicateRegistryTest, MetaValuesAndLocks) {
  const Jobs jobs;
  jobs.PutMeta("limit", 7);
  EXPECT_EQ(jobs.Meta<int>("limit"), 7);
  jobs.DeleteMeta("limit");
  EXPECT_EQ(jobs.Meta<int>("limit"), std::nullopt);
  const KeyLock lock = co_await jobs.Lock("a");
  Spawn([jobs, owner = Self()]() -> Async<> {
    const KeyLock same = co_await jobs.Lock("a");
    Send(owner, 1);
  });
  co_await RefuteReceive<int>();
}

// ---- Dispatch.

// REG8: in the caller, once with all.
HYDRA_TEST(DuplicateRegistryTest, DispatchCallsWithTheEntries) {
  const Jobs jobs;
  co_await Start(jobs);
  jobs.Dispatch("a", [](auto) { ADD_FAILURE() << "nobody has the key"; });
  EXPECT_OK(jobs.Register("a", 1));
  EXPECT_OK(jobs.Register("a", 2));
  int calls = 0;
  jobs.Dispatch("a", [&, caller = Self()](std::span<const Held> entries) {
    ++calls;
    EXPECT_EQ(Self(), caller);
    EXPECT_THAT(entries, ElementsAre(Held{caller, 1}, Held{caller, 2}));
    jobs.Unregister("a");  // it may use the registry
  });
  EXPECT_EQ(calls, 1);
  EXPECT_THROW(
      {
        EXPECT_OK(jobs.Register("a", 1));
        jobs.Dispatch("a", [](auto) { throw std::runtime_error("boom"); });
      },
      std::runtime_error);
}

struct Seen {
  Pid by;
  std::vector<Held> entries;
};

// Twenty processes have the key "a"; who they are.
Async<std::vector<Held>> Fill(Jobs jobs) {
  std::vector<Held> all;
  for (int i = 0; i < 20; ++i) {
    all.push_back({Spawn(Obey), i});
    co_await In(all.back().pid, [jobs, i] { EXPECT_OK(jobs.Register("a", i)); });
  }
  co_return all;
}

// REG8: with those of each partition.
HYDRA_TEST(DuplicateRegistryTest, DispatchByPartition) {
  const Jobs jobs({.partitions = 4});
  co_await Start(jobs);
  const std::vector<Held> all = co_await Fill(jobs);
  std::vector<Held> seen;
  jobs.Dispatch("a", [&](std::span<const Held> entries) {
    EXPECT_FALSE(entries.empty());
    seen.insert(seen.end(), entries.begin(), entries.end());
  });
  EXPECT_THAT(seen, UnorderedElementsAreArray(all));
}

// REG8: the same by as many processes as there are partitions.
HYDRA_TEST(DuplicateRegistryTest, DispatchParallel) {
  const Jobs jobs({.partitions = 4});
  co_await Start(jobs);
  co_await jobs.DispatchParallel("a", [](auto) { ADD_FAILURE() << "nobody has the key"; });
  const std::vector<Held> all = co_await Fill(jobs);
  co_await jobs.DispatchParallel("a", [owner = Self()](std::span<const Held> entries) {
    EXPECT_FALSE(entries.empty());
    Send(owner, Seen{Self(), {entries.begin(), entries.end()}});
  });
  std::vector<Held> seen;
  std::vector<Pid> by;
  for (const Seen& one : co_await Flush<Seen>()) {
    by.push_back(one.by);
    seen.insert(seen.end(), one.entries.begin(), one.entries.end());
  }
  EXPECT_THAT(seen, UnorderedElementsAreArray(all)) << "it has waited for all";
  std::sort(by.begin(), by.end());
  EXPECT_GT(by.size(), 1U);
  EXPECT_EQ(std::unique(by.begin(), by.end()), by.end()) << "each by a process of its own";
  EXPECT_THAT(by, Contains(Self()));
}

// REG8: what goes wrong in a task is the caller's.
HYDRA_TEST(DuplicateRegistryTest, DispatchParallelThatFails) {
  const ScopedLogCapture log;
  const Jobs jobs({.partitions = 4});
  co_await Start(jobs);
  co_await Fill(jobs);
  for (const bool in_the_caller : {false, true}) {
    bool thrown = false;
    try {
      co_await jobs.DispatchParallel("a", [owner = Self(), in_the_caller](auto) {
        if ((Self() == owner) == in_the_caller) throw std::runtime_error("boom");
      });
    } catch (const std::runtime_error& error) {
      thrown = true;
      EXPECT_THAT(error.what(), HasSubstr("boom"));
    }
    EXPECT_TRUE(thrown);
  }
  co_await Flush<ExitSignal>();
}

}  // namespace
}  // namespace hydra
