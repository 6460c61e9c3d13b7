// Registries whose processes, registrants and readers act at the same time, on threads.
#include <algorithm>
#include <atomic>
#include <cstdint>
#include <random>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "hydra/base/status_testing.h"
#include "hydra/genserver/sys.h"
#include "hydra/process/async.h"
#include "hydra/process/down.h"
#include "hydra/process/exit_reason.h"
#include "hydra/process/exit_signal.h"
#include "hydra/process/link.h"
#include "hydra/process/name.h"
#include "hydra/process/pid.h"
#include "hydra/process/receive.h"
#include "hydra/process/request.h"
#include "hydra/process/self.h"
#include "hydra/process/send.h"
#include "hydra/process/spawn.h"
#include "hydra/process/testing/process_test.h"
#include "hydra/process/testing/rounds.h"
#include "hydra/process/timer.h"
#include "hydra/registry/duplicate_registry.h"
#include "hydra/registry/registry.h"
#include "hydra/registry/registry_entry.h"
#include "hydra/registry/registry_testing.h"

namespace hydra {
namespace {

using registry_testing::Do;
using registry_testing::In;
using registry_testing::Kill;
using registry_testing::LinksOf;
using registry_testing::Obey;
using registry_testing::Start;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::UnorderedElementsAreArray;

struct Got {
  Pid holder;
};

// Takes up to a microsecond or so.
void Dawdle(std::minstd_rand& random) {
  for (uint32_t i = random() / 8 % 256; i > 0; --i)
    std::atomic_signal_fence(std::memory_order_seq_cst);
}

// Tries to have the key until it has it; keeps it then.
Async<> Contend(Registry<int> registry, Pid owner) {
  for (;;) {
    const absl::Status status = registry.Register(7);
    if (status.ok()) break;
    EXPECT_NE(NameHolder(status), Self());
    co_await Yield();
  }
  EXPECT_EQ(registry.WhereIs(7), Self());
  Send(owner, Got{Self()});
  co_await Obey();
}

// REG1, REG3: holders die one after the other, at the same time as others want the key. One has it at a time,
// and never one whose end has been heard of.
TEST(RegistryRaceTest, DyingHolderAndNewRegistrants) {
  TestOnThreads([]() -> Async<> {
    std::minstd_rand random(1);
    const Registry<int> registry({.partitions = 2});
    const Pid process = co_await Start(registry);
    std::vector<MonitoredProcess> contenders;
    for (int i = 0; i < 3; ++i) contenders.push_back(SpawnMonitor(Contend, registry, Self()));
    for (int64_t round = Rounds(100'000); round > 0; --round) {
      const Pid holder = (co_await AssertReceive<Got>()).holder;
      CO_ASSERT_EQ(registry.WhereIs(7), holder);
      CO_ASSERT_THAT(co_await Flush<Got>(), IsEmpty()) << "there is one holder";
      const auto of_holder =
          std::find_if(contenders.begin(), contenders.end(),
                       [&](const MonitoredProcess& one) { return one.pid == holder; });
      CO_ASSERT_TRUE(of_holder != contenders.end());
      Exit(holder, ExitReason::Kill());
      Dawdle(random);
      const Ref ref = std::exchange(*of_holder, SpawnMonitor(Contend, registry, Self())).ref;
      co_await Receive<Down>().For(ref);
      CO_ASSERT_NE(registry.WhereIs(7), holder);
    }
    for (const MonitoredProcess& one : contenders) Exit(one.pid, ExitReason::Kill());
    for (const MonitoredProcess& one : contenders) co_await Receive<Down>().For(one.ref);
    EXPECT_THAT(co_await sys::GetStatus(process), IsOk());
    EXPECT_EQ(registry.Count(), 0U) << "nothing is left of the dead";
    EXPECT_THAT(co_await LinksOf(process), ElementsAre(Self()));
  });
}

// Registers and unregisters as often as it likes, while the registry's process may end.
template <typename R>
Async<> ComeAndGo(R registry, int key, uint32_t seed) {
  std::minstd_rand random(seed);
  for (uint32_t i = random() / 8 % 8; i > 0; --i) {
    static_cast<void>(registry.Register(key));
    static_cast<void>(registry.Register(key + 1));
    if (random() / 8 % 2 == 0) co_await Yield();
    registry.Unregister(key);
    registry.Unregister(key + 1);
  }
  co_await Obey();
}

// REG5: whoever has an entry is linked, whatever it and the registry's process did before: a link that were
// missing would let it live.
template <typename R>
Async<> EndWithTheRegistry(R registry) {
  constexpr int kAtOnce = 8;
  std::minstd_rand random(1);
  for (int64_t round = Rounds(100'000); round > 0; round -= kAtOnce) {
    const Pid first = co_await Start(registry);
    std::vector<MonitoredProcess> processes;
    for (int i = 0; i < kAtOnce; ++i)
      processes.push_back(SpawnMonitor(ComeAndGo<R>, registry, 2 * i, random()));
    for (uint32_t i = random() / 8 % 4; i > 0; --i) co_await Yield();
    Dawdle(random);
    co_await Kill(first);
    co_await AssertReceive<ExitSignal>(testing::Field(&ExitSignal::from, first));
    const Pid second = co_await Start(registry);

    // Those that have lived through it have an entry, and a link, when they want it; no others have.
    std::vector<Pid> linked = {Self()};
    for (const MonitoredProcess& process : processes) {
      const int key = 100 + static_cast<int>(linked.size());
      const absl::Status asked =
          co_await Request(process.pid, Do{[&, key] { EXPECT_OK(registry.Register(key)); }});
      if (asked.ok()) linked.push_back(process.pid);
    }
    CO_ASSERT_THAT(co_await LinksOf(second), UnorderedElementsAreArray(linked));
    CO_ASSERT_EQ(registry.Count() + 1, linked.size());
    co_await Kill(second);
    for (const MonitoredProcess& process : processes) co_await Receive<Down>().For(process.ref);
    CO_ASSERT_EQ(registry.Count(), 0U);
    co_await Flush<ExitSignal>();
  }
}

TEST(RegistryRaceTest, RegistrantsAndTheEndOfTheRegistry) {
  TestOnThreads([] { return EndWithTheRegistry(Registry<int>({.partitions = 3})); });
}
TEST(RegistryRaceTest, RegistrantsAndTheEndOfTheDuplicateRegistry) {
  TestOnThreads([] { return EndWithTheRegistry(DuplicateRegistry<int>({.partitions = 3})); });
}

// While a user's function runs in it, the key passes to another process: the registry's process ends, is
// started anew, and another registers. `hand_over()` has that done, on the other scheduler, and returns
// then.
template <typename R, typename Change>
Async<> PassOn(Change change) {
  const R registry;
  const Pid first = co_await Start(registry);
  EXPECT_OK(registry.Register(7));
  std::atomic<bool> begun{false};
  std::atomic<bool> passed{false};
  const Pid next = Spawn([&]() -> Async<> {
    while (!begun.load()) co_await Yield();
    co_await Kill(first);
    co_await Start(registry);
    EXPECT_OK(registry.Register(7));
    passed.store(true);
    co_await Obey();
  });
  change(registry, [&] {
    begun.store(true);
    while (!passed.load()) std::this_thread::yield();
  });
  using Entry = typename R::Entry;
  const std::vector<Entry> all = registry.Select([](const auto&...) { return true; });
  CO_ASSERT_EQ(all.size(), 1U);
  EXPECT_EQ(all.front().pid, next);
  EXPECT_THAT(registry.Keys(next), ElementsAre(7));
}

// REG4, REG9: what is another's meanwhile is left alone.
TEST(RegistryRaceTest, KeyPassesToAnotherMeanwhile) {
  TestOnThreads([]() -> Async<> {
    for (int i = 0; i < 3; ++i) {
      co_await PassOn<Registry<int>>([](const auto& registry, const auto& hand_over) {
        EXPECT_THAT(registry.Update(7,
                                    [&](NoValue value) {
                                      hand_over();
                                      return value;
                                    }),
                    StatusIs(absl::StatusCode::kNotFound));
      });
      const auto unregister = [](const auto& registry, const auto& hand_over) {
        registry.UnregisterMatch(7, [&](NoValue) {
          hand_over();
          return true;
        });
      };
      co_await PassOn<Registry<int>>(unregister);
      co_await PassOn<DuplicateRegistry<int>>(unregister);
    }
  });
}

// Both halves are the same number.
struct Twins {
  explicit Twins(int number) : one(number), other(number) {}
  int one;
  int other;
};

// Takes keys from `first` on and gives them back; the values of its first key never go back.
template <typename R>
Async<> Change(R registry, int first, int steps) {
  for (int step = 1; step <= steps; ++step) {
    EXPECT_OK(registry.Register(first + 1 + step % 8, Twins(step)));
    if constexpr (requires { registry.Update(first, [](Twins twins) { return twins; }); }) {
      EXPECT_THAT(registry.Update(first, [](const Twins& twins) { return Twins(twins.one + 1); }),
                  IsOk());
    }
    if (step % 64 == 0) co_await Yield();
    registry.Unregister(first + 1 + step % 8);
  }
}

// What a thread reads meanwhile; returns what was wrong.
int Read(const Registry<int, Twins>& unique, const DuplicateRegistry<int, Twins>& duplicate) {
  int wrong = 0;
  const auto check = [&](const Twins& twins) { wrong += twins.one == twins.other ? 0 : 1; };
  static thread_local int newest = 0;
  const auto stable = unique.Lookup(0);
  if (!stable.has_value()) return 1;
  check(stable->value);
  if (stable->value.one < std::exchange(newest, stable->value.one)) ++wrong;
  if (unique.WhereIs(0) != stable->pid) ++wrong;
  for (int key = 1; key < 10; ++key) {
    if (const auto held = unique.Lookup(key)) check(held->value);
    for (const auto& held : duplicate.Lookup(key)) check(held.value);
  }
  if (duplicate.CountMatch(0, [](const Twins&) { return true; }) != 1) ++wrong;
  int seen = 0;
  for (const auto& entry : unique.Select([](const auto&) { return true; })) {
    check(entry.value);
    seen += entry.key == 0 ? 1 : 0;
  }
  duplicate.CountSelect([&](int key, const Pid&, const Twins& value) {
    check(value);
    seen += key == 0 ? 1 : 0;
    return true;
  });
  if (seen != 2) ++wrong;
  if (unique.Keys(stable->pid).empty() || duplicate.Keys(stable->pid).empty()) ++wrong;
  return wrong;
}

// REG7, REG9: foreign threads read while processes register, unregister, update, and end. What is there all
// the while is always found; a value is the old or the new one.
TEST(RegistryRaceTest, ReadersDuringChanges) {
  const Registry<int, Twins> unique({.partitions = 2});
  const DuplicateRegistry<int, Twins> duplicate({.partitions = 2});
  std::atomic<bool> filled{false};
  std::atomic<bool> done{false};
  std::atomic<int> wrong{0};
  std::atomic<int> reading{2};
  std::vector<std::thread> readers;
  for (int i = 0; i < 2; ++i) {
    readers.emplace_back([&] {
      while (!filled.load()) std::this_thread::yield();
      while (!done.load()) wrong.fetch_add(Read(unique, duplicate));
      reading.fetch_sub(1);
    });
  }
  TestOnThreads([&]() -> Async<> {
    co_await Start(unique);
    co_await Start(duplicate);
    const int steps = static_cast<int>(Rounds(1'000'000));
    const Pid holder = Spawn([&, steps]() -> Async<> {
      EXPECT_OK(unique.Register(0, Twins(0)));
      EXPECT_OK(duplicate.Register(0, Twins(0)));
      filled.store(true);
      co_await Change(unique, 0, steps);
      co_await Obey();
    });
    while (!filled.load()) co_await Yield();
    for (int round = 0; round < 10; ++round) {
      // Another changes the other registry, and ends with what it has.
      const MonitoredProcess other = SpawnMonitor([&, steps]() -> Async<> {
        EXPECT_OK(duplicate.Register(3, Twins(3)));
        co_await Change(duplicate, 0, steps / 10);
      });
      co_await Receive<Down>().For(other.ref);
    }
    co_await In(holder, [] {});
    done.store(true);
    while (reading.load() != 0) co_await Yield();  // what they read ends with this
  });
  done.store(true);
  filled.store(true);
  for (std::thread& reader : readers) reader.join();
  EXPECT_EQ(wrong.load(), 0);
}

}  // namespace
}  // namespace hydra
