// Values of a registry: each is destroyed exactly once, whatever becomes of its key, and its destructor may
// do what it likes.
#include <atomic>
#include <memory>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "hydra/base/read_section.h"
#include "hydra/base/status_testing.h"
#include "hydra/genserver/sys.h"
#include "hydra/process/async.h"
#include "hydra/process/exit_signal.h"
#include "hydra/process/pid.h"
#include "hydra/process/self.h"
#include "hydra/process/send.h"
#include "hydra/process/spawn.h"
#include "hydra/process/testing/assert_receive.h"
#include "hydra/process/testing/manual_runtime.h"
#include "hydra/process/testing/process_test.h"
#include "hydra/process/timer.h"
#include "hydra/registry/duplicate_registry.h"
#include "hydra/registry/registry.h"
#include "hydra/registry/registry_testing.h"

namespace hydra {
namespace {

using registry_testing::In;
using registry_testing::Kill;
using registry_testing::Obey;
using registry_testing::Start;

// Values that are counted; more destructions than constructions would be seen, too.
class Counted {
 public:
  Counted() { ++living; }
  Counted(const Counted&) { ++living; }
  Counted& operator=(const Counted&) = delete;
  ~Counted() { --living; }

  static inline std::atomic<int> living{0};
};

// Whatever happens to keys in a life, on each kind of registry.
template <typename R>
Async<> Live(R registry) {
  const Pid process = co_await Start(registry);
  for (int round = 0; round < 2; ++round) {
    for (int i = 0; i < 200; ++i) {
      const std::string key = std::to_string(i);
      EXPECT_OK(registry.Register(key, Counted()));
      static_cast<void>(registry.Register(key, Counted()));  // taken in one of the two
      static_cast<void>(registry.Lookup(key));
      if (i % 2 == 0) registry.Unregister(key);
      if constexpr (requires { registry.Update(key, [](const Counted& value) { return value; }); })
        static_cast<void>(registry.Update(key, [](const Counted& value) { return value; }));
    }
    const Pid other = Spawn(Obey);
    co_await In(other, [registry] {
      for (int i = 1000; i < 1200; ++i) EXPECT_OK(registry.Register(std::to_string(i), Counted()));
    });
    co_await Kill(other);
    EXPECT_OK(registry.Register("1000", Counted()));  // in place of the dead
    for (const std::string& key : registry.Keys(Self())) registry.Unregister(key);
  }
  EXPECT_OK(registry.Register("left", Counted()));
  co_await Kill(process);
  static_cast<void>(registry.Register("too late", Counted()));
}

HYDRA_TEST(RegistryValueTest, EachIsDestroyedOnce) {
  EXPECT_EQ(Counted::living, 0);
  {
    const Registry<std::string, Counted> one;
    const DuplicateRegistry<std::string, Counted> many;
    co_await Live(one);
    co_await Live(many);
    co_await Flush<ExitSignal>();
  }
  EXPECT_EQ(Counted::living, 0);
}

// REG3: nothing is kept of the dead, in whichever partition. By hand nobody reads meanwhile.
HYDRA_TEST_BY_HAND(RegistryValueTest, NothingIsKeptOfTheDead) {
  constexpr size_t kPartitions = 4;
  const DuplicateRegistry<int, Counted> many({.partitions = kPartitions});
  const Pid registry = co_await Start(many);
  for (int i = 0; i < 20; ++i) {
    const Pid process = Spawn(Obey);
    co_await In(process, [many] {
      for (int key = 0; key < 60; ++key) EXPECT_OK(many.Register(key, Counted()));
    });
    co_await Kill(process);
  }
  EXPECT_THAT(co_await sys::GetStatus(registry), IsOk());  // it has heard of them all
  EXPECT_LE(Counted::living, static_cast<int>(kPartitions * Limbo::kWorthALook));
}

// Also with entries that are there when the last handle goes: that of the registry's process.
TEST(RegistryValueTest, RuntimeEndsWithEntries) {
  {
    ManualRuntime runtime;
    runtime.Run([]() -> Async<> {
      const Registry<int, Counted> one;
      const DuplicateRegistry<int, Counted> many;
      co_await Start(one);
      co_await Start(many);
      Spawn([one, many]() -> Async<> {
        EXPECT_OK(one.Register(1, Counted()));
        EXPECT_OK(many.Register(1, Counted()));
        EXPECT_OK(many.Register(1, Counted()));
        co_await Obey();
      });
      while (many.Count() != 2) co_await Yield();
    });
    EXPECT_EQ(Counted::living, 3);
  }
  EXPECT_EQ(Counted::living, 0);
}

// A destructor that comes back to the registry, and sends, finds no lock held.
template <typename R>
Async<> ComeBack(R registry) {
  co_await Start(registry);
  struct State {
    const R* registry;  // null when it is going
    int destroyed = 0;
  };
  const auto state = std::make_shared<State>(State{.registry = &registry});
  const auto come_back = [state](void*) {
    if (state->registry == nullptr) return;
    ++state->destroyed;
    Send(Self(), 1);
    EXPECT_OK(state->registry->Register(-1));
    EXPECT_GE(state->registry->Count(), 1U);
    EXPECT_THAT(state->registry->Keys(Self()), testing::Contains(-1));
    state->registry->Unregister(-1);
  };
  const auto value = [&] { return std::shared_ptr<void>(nullptr, come_back); };
  // As many as are looked through at a time, and more.
  for (int i = 0; i < 2 * static_cast<int>(Limbo::kWorthALook); ++i) {
    EXPECT_OK(registry.Register(i, value()));
    static_cast<void>(registry.Register(i, value()));
    registry.Unregister(i);
  }
  EXPECT_GE(state->destroyed, static_cast<int>(Limbo::kWorthALook));
  state->registry = nullptr;
}

HYDRA_TEST(RegistryValueTest, DestructorMayUseTheRegistry) {
  co_await ComeBack(Registry<int, std::shared_ptr<void>>());
  co_await ComeBack(DuplicateRegistry<int, std::shared_ptr<void>>());
}

}  // namespace
}  // namespace hydra
