// What a process says of itself: its label, its priority, and where it comes from.
#include "hydra/process/self.h"

#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "hydra/process/async.h"
#include "hydra/process/info.h"
#include "hydra/process/pid.h"
#include "hydra/process/priority.h"
#include "hydra/process/send.h"
#include "hydra/process/spawn.h"
#include "hydra/process/testing/process_test.h"

namespace hydra {
namespace {

using testing::ElementsAre;
using testing::ElementsAreArray;
using testing::IsEmpty;

using Pids = std::vector<Pid>;

Async<> SendAncestors(Pid to) {
  Send(to, Ancestors());
  co_return;
}

Async<> SendCallers(Pid to) {
  Send(to, Callers());
  co_return;
}

// Spawns a line of `more` processes, whose last sends what its ancestors are, and what it takes them
// for.
Async<> Grow(Pid to, Pids above, int more) {
  if (more == 0) {
    Send(to, std::pair(above, Ancestors()));
    co_return;
  }
  above.insert(above.begin(), Self());
  SpawnLink(Grow, to, above, more - 1);
}

// PRC6
HYDRA_TEST(AncestorsTest, AreThoseWhoSpawnedItTheNearestFirst) {
  for (const int count : {1, 2, 5, 16}) {
    SpawnLink(Grow, Self(), Pids(), count);
    auto [expected, ancestors] = co_await AssertReceive<std::pair<Pids, Pids>>();
    if (count < 16) expected.push_back(Self());  // it has spawned the first of the line
    EXPECT_THAT(ancestors, ElementsAreArray(expected));
  }
}

// PRC6
HYDRA_TEST(AncestorsTest, AreSixteenAtMost) {
  SpawnLink(Grow, Self(), Pids(), 40);
  auto [expected, ancestors] = co_await AssertReceive<std::pair<Pids, Pids>>();
  expected.resize(16);
  EXPECT_THAT(ancestors, ElementsAreArray(expected));
}

// PRC6
HYDRA_TEST(AncestorsTest, AreNotedByEachSpawnButThePlainOne) {
  Spawn(SendAncestors, Self());
  EXPECT_THAT(co_await AssertReceive<Pids>(), IsEmpty());
  SpawnLink(SendAncestors, Self());
  EXPECT_THAT(co_await AssertReceive<Pids>(), ElementsAre(Self()));
  SpawnMonitor(SendAncestors, Self());
  EXPECT_THAT(co_await AssertReceive<Pids>(), ElementsAre(Self()));
  (void)SpawnWith({}, SendAncestors, Self());
  EXPECT_THAT(co_await AssertReceive<Pids>(), ElementsAre(Self()));
}

// PRC6
HYDRA_TEST(CallersTest, AreThoseOnWhoseBehalfItWorks) {
  (void)SpawnWith(
      {.for_caller = true},
      [](Pid to) -> Async<> {
        (void)SpawnWith({.for_caller = true}, SendCallers, to);
        co_return;
      },
      Self());
  const Pids callers = co_await AssertReceive<Pids>();
  CO_ASSERT_EQ(callers.size(), 2U);
  EXPECT_NE(callers[0], Self());
  EXPECT_EQ(callers[1], Self());
}

// PRC6: not all who spawn a process have it work on their behalf.
HYDRA_TEST(CallersTest, AreNoAncestors) {
  SpawnLink(SendCallers, Self());
  EXPECT_THAT(co_await AssertReceive<Pids>(), IsEmpty());
  SpawnLink(
      [](Pid to) -> Async<> {
        const Pid child = *SpawnWith({.for_caller = true}, SendCallers, to);
        EXPECT_NE(child, Self());
        Send(to, Self());
        co_return;
      },
      Self());
  const Pid parent = co_await AssertReceive<Pid>();
  EXPECT_THAT(co_await AssertReceive<Pids>(), ElementsAre(parent));
}

// PRC3
HYDRA_TEST(SelfTest, InfoShowsTheLabel) {
  EXPECT_EQ((co_await Info(Self())).value().label, "");
  SetLabel("first");
  SetLabel("second");
  EXPECT_EQ((co_await Info(Self())).value().label, "second");
}

// PRC3
HYDRA_TEST(SelfTest, SetPriorityReturnsWhatItWas) {
  EXPECT_EQ(SetPriority(Priority::kHigh), Priority::kNormal);
  EXPECT_EQ((co_await Info(Self())).value().priority, Priority::kHigh);
  EXPECT_EQ(SetPriority(Priority::kLow), Priority::kHigh);
  EXPECT_EQ((co_await Info(Self())).value().priority, Priority::kLow);
}

}  // namespace
}  // namespace hydra
