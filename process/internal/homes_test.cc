#include "hydra/process/internal/homes.h"

#include <cstdint>
#include <string>

#include "gtest/gtest.h"
#include "hydra/process/node_id.h"
#include "hydra/process/pid.h"

namespace hydra::process_internal {
namespace {

// Another node may mention as many as it likes.
TEST(HomesTest, NodesThatThereIsNoNumberForAreNobodys) {
  const NodeId known = {.name = "known", .creation = 1};
  const uint32_t number = HomeOf(known);
  uint64_t creation = 1;
  while (HomeOf({.name = "n", .creation = creation}) != 0) {
    ASSERT_LT(creation, kMaxHomes);
    ++creation;
  }
  EXPECT_EQ(HomeOf({.name = "new", .creation = 1}), Pid().home());
  EXPECT_EQ(HomeOf(known), number);
  EXPECT_EQ(NodeOf(number), known);
  EXPECT_EQ(NodeOf(kMaxHomes - 1), NodeId({.name = "n", .creation = creation - 1}));
}

}  // namespace
}  // namespace hydra::process_internal
