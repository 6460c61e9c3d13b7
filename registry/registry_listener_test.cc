// What the listeners of a registry are told.
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "hydra/base/status_testing.h"
#include "hydra/process/async.h"
#include "hydra/process/name.h"
#include "hydra/process/pid.h"
#include "hydra/process/receive.h"
#include "hydra/process/self.h"
#include "hydra/process/spawn.h"
#include "hydra/process/testing/process_test.h"
#include "hydra/registry/duplicate_registry.h"
#include "hydra/registry/registry.h"
#include "hydra/registry/registry_entry.h"
#include "hydra/registry/registry_testing.h"

namespace hydra {
namespace {

using registry_testing::In;
using registry_testing::Kill;
using registry_testing::Obey;
using registry_testing::Start;
using testing::ElementsAre;
using testing::IsEmpty;

using Registered = KeyRegistered<std::string, int>;
using Unregistered = KeyUnregistered<std::string>;

// What the calling process has been told by now: "+key=value" and "-key".
Async<std::vector<std::string>> Told(std::string registry, Pid by) {
  std::vector<std::string> told;
  const auto check = [&](const auto& message) {
    EXPECT_EQ(message.registry, registry);
    EXPECT_EQ(message.pid, by);
  };
  for (bool more = true; more;) {
    more = (co_await Receive(
                [&](const Registered& message) {
                  check(message);
                  told.push_back("+" + message.key + "=" + std::to_string(message.value));
                },
                [&](const Unregistered& message) {
                  check(message);
                  told.push_back("-" + message.key);
                })
                .Within(absl::ZeroDuration()));
  }
  co_return told;
}

// REG11
HYDRA_TEST(ListenerTest, HearsOfEachEntryInOrder) {
  const Registry<std::string, int> rooms({.name = "rooms", .partitions = 4, .listeners = {Self()}});
  co_await Start(rooms);
  const Pid process = Spawn(Obey);
  co_await In(process, [rooms] {
    EXPECT_OK(rooms.Register("a", 1));
    EXPECT_OK(rooms.Register("b", 2));
    EXPECT_FALSE(rooms.Register("b", 3).ok());
    rooms.Unregister("a");
    rooms.Unregister("a");
    rooms.UnregisterMatch("b", [](int value) { return value == 3; });
    EXPECT_THAT(rooms.Update("b", [](int value) { return value + 7; }), IsOk());
    EXPECT_OK(rooms.Register("a", 4));
    rooms.UnregisterMatch("b", [](int value) { return value == 9; });
  });
  EXPECT_THAT(co_await Told("rooms", process), ElementsAre("+a=1", "+b=2", "-a", "+a=4", "-b"));
}

// REG11: what the question itself unregisters is told once.
HYDRA_TEST(ListenerTest, UnregisterWithinUnregister) {
  const Registry<std::string, int> rooms({.name = "rooms", .listeners = {Self()}});
  co_await Start(rooms);
  EXPECT_OK(rooms.Register("a", 1));
  rooms.UnregisterMatch("a", [&](int) {
    rooms.Unregister("a");
    return true;
  });
  EXPECT_THAT(co_await Told("rooms", Self()), ElementsAre("+a=1", "-a"));
}

// REG11: of a crash it doesn't hear; nor of what can't be registered.
HYDRA_TEST(ListenerTest, DoesNotHearOfEnds) {
  const Registry<std::string, int> rooms({.name = "rooms", .listeners = {Self()}});
  EXPECT_FALSE(rooms.Register("a", 1).ok());
  const Pid registry = co_await Start(rooms);
  const Pid process = Spawn(Obey);
  co_await In(process, [rooms] { EXPECT_OK(rooms.Register("a", 1)); });
  co_await Kill(process);
  EXPECT_THAT(co_await Told("rooms", process), ElementsAre("+a=1"));
  EXPECT_OK(rooms.Register("a", 2));  // in place of the dead
  EXPECT_THAT(co_await Told("rooms", Self()), ElementsAre("+a=2"));
  co_await Kill(registry);
  EXPECT_THAT(co_await Told("rooms", Self()), IsEmpty());
}

// REG11, REG2: once for each entry.
HYDRA_TEST(ListenerTest, HearsOfEachEntryOfADuplicateRegistry) {
  const DuplicateRegistry<std::string, int> jobs({.name = "jobs", .listeners = {Self()}});
  EXPECT_FALSE(jobs.Register("a", 1).ok());
  co_await Start(jobs);
  const Pid process = Spawn(Obey);
  co_await In(process, [jobs] {
    EXPECT_OK(jobs.Register("a", 1));
    EXPECT_OK(jobs.Register("a", 2));
    EXPECT_OK(jobs.Register("a", 2));
    EXPECT_OK(jobs.Register("b", 3));
    jobs.UnregisterMatch("a", [](int value) { return value == 2; });
    jobs.UnregisterMatch("a", [](int value) { return value == 2; });
    jobs.Unregister("c");
    jobs.Unregister("a");
  });
  EXPECT_THAT(co_await Told("jobs", process),
              ElementsAre("+a=1", "+a=2", "+a=2", "+b=3", "-a", "-a", "-a"));
  co_await Kill(process);
  EXPECT_THAT(co_await Told("jobs", process), IsEmpty());
}

// REG11: any address; who isn't there isn't told.
HYDRA_TEST(ListenerTest, ListenersAreAddresses) {
  const Registry<std::string, int> rooms(
      {.name = "rooms", .listeners = {"listener", "nobody", Self()}});
  co_await Start(rooms);
  EXPECT_OK(rooms.Register("a", 1));
  EXPECT_THAT(co_await Told("rooms", Self()), ElementsAre("+a=1"));
  EXPECT_OK(hydra::Register(Self(), "listener"));
  EXPECT_OK(rooms.Register("b", 2));
  EXPECT_THAT(co_await Told("rooms", Self()), ElementsAre("+b=2", "+b=2"));
}

}  // namespace
}  // namespace hydra
