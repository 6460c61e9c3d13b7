#include "hydra/registry/internal/one_process.h"

#include "absl/status/status.h"
#include "gtest/gtest.h"
#include "hydra/base/status_testing.h"
#include "hydra/process/async.h"
#include "hydra/process/name.h"
#include "hydra/process/pid.h"
#include "hydra/process/self.h"
#include "hydra/process/spawn.h"
#include "hydra/process/testing/process_test.h"
#include "hydra/registry/registry_testing.h"

namespace hydra::registry_internal {
namespace {

using absl::StatusCode;
using registry_testing::Kill;
using registry_testing::Obey;

HYDRA_TEST(OneProcessTest, IsOneAtATime) {
  OneProcess one("registry", "rooms");
  EXPECT_EQ(one.Get(), Pid());
  const Pid first = Spawn(Obey);
  EXPECT_OK(one.Begin(first));
  EXPECT_EQ(one.Get(), first);
  const absl::Status second = one.Begin(Self());
  EXPECT_THAT(second, StatusIs(StatusCode::kAlreadyExists, "the registry 'rooms' runs already"));
  EXPECT_EQ(NameHolder(second), first);
  one.End();
  EXPECT_EQ(one.Get(), Pid());
  EXPECT_OK(one.Begin(Self()));
  co_return;
}

// One that couldn't say so has ended, too.
HYDRA_TEST(OneProcessTest, DeadIsNone) {
  OneProcess one("registry", "");
  const Pid first = Spawn(Obey);
  EXPECT_OK(one.Begin(first));
  co_await Kill(first);
  EXPECT_OK(one.Begin(Self()));
  EXPECT_EQ(one.Get(), Self());
  EXPECT_THAT(one.NotRunning(),
              StatusIs(StatusCode::kUnavailable, "the registry doesn't run: start its child()"));
}

}  // namespace
}  // namespace hydra::registry_internal
