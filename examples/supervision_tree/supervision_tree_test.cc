#include <sstream>
#include <string>

#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "hydra/base/log_testing.h"
#include "hydra/examples/supervision_tree/picture.h"
#include "hydra/examples/supervision_tree/tree.h"
#include "hydra/process/process.h"
#include "hydra/process/testing/manual_runtime.h"
#include "hydra/supervisor/child_info.h"
#include "hydra/supervisor/supervisor.h"

namespace supervision_tree {
namespace {

using testing::HasSubstr;
using testing::Not;
using testing::StrEq;

hydra::Async<> RunTree(TreeOptions options, Picture* picture) {
  hydra::TrapExit(true);
  const auto top = co_await hydra::StartLink<hydra::Supervisor>({.name = kTop}, TopOptions(),
                                                                TopChildren(options, picture));
  EXPECT_TRUE(top.ok()) << top.status();
  const auto end = co_await hydra::Receive<hydra::ExitSignal>();
  EXPECT_EQ(end.reason, hydra::ExitReason::Shutdown());
}

// What is shown of so many crashes.
std::string Shown(int crashes) {
  const hydra::ScopedLogCapture quiet;
  std::ostringstream shown;
  Picture picture(shown, /*in_place=*/false);
  hydra::ManualRuntime runtime;
  runtime.Run(RunTree, TreeOptions{.seed = 7, .crashes = crashes}, &picture);
  EXPECT_EQ(runtime.process_count(), 0u);
  return shown.str();
}

TEST(SupervisionTreeTest, NothingIsRestartedWithoutCrashes) {
  const std::string shown = Shown(0);
  EXPECT_THAT(shown, HasSubstr("  web-1       running"));
  EXPECT_THAT(shown, Not(HasSubstr("*")));
}

// Some are started anew, and so is a supervisor that has given up.
TEST(SupervisionTreeTest, EndsInOrderAfterItsCrashes) {
  const std::string shown = Shown(100);
  EXPECT_THAT(shown, HasSubstr("  database    restarting"));
  EXPECT_THAT(shown, HasSubstr("  orders      running"));
  EXPECT_THAT(shown, testing::ContainsRegex("front +running +<[0-9.]+> +restarts +1 \\*"));
}

hydra::ChildInfo Child(const char* id, uint64_t restarts) {
  hydra::ChildInfo child;
  child.id = id;
  child.state = hydra::ChildState::kRunning;
  child.restarts = restarts;
  return child;
}

TEST(PictureTest, ShowsWhatHasChanged) {
  std::ostringstream shown;
  Picture picture(shown, /*in_place=*/false);
  picture.Show({{0, Child("a", 0)}, {1, Child("b", 0)}});
  shown.str("");
  picture.Show({{0, Child("a", 0)}, {1, Child("b", 2)}});
  EXPECT_THAT(shown.str(), StrEq("  b           running                   restarts    2 **\n"));
}

TEST(PictureTest, CoversTheLastPictureInPlace) {
  std::ostringstream shown;
  Picture picture(shown, /*in_place=*/true);
  picture.Show({{0, Child("a", 0)}, {0, Child("b", 0)}});
  shown.str("");
  picture.Show({{0, Child("a", 1)}});
  EXPECT_THAT(shown.str(), StrEq("\x1b[A\x1b[A"
                                 "a             running                   restarts    1 *\x1b[K\n"
                                 "\x1b[J"));
}

}  // namespace
}  // namespace supervision_tree
