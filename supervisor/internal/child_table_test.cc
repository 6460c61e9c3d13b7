#include "hydra/supervisor/internal/child_table.h"

#include <string>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "hydra/process/pid.h"
#include "hydra/supervisor/child_info.h"
#include "hydra/supervisor/child_spec.h"
#include "hydra/supervisor/internal/child_entry.h"

namespace hydra::supervisor_internal {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr absl::Time kNow = absl::UnixEpoch();
const Pid kPid(1, 2, 3);
const Pid kOther(4, 5, 6);

ChildSpec SpecOf(const std::string& id) { return {.id = id, .start = {}}; }

// The ids from the first to the last, which are the same from the last to the first.
std::vector<std::string> Ids(const ChildTable& table) {
  std::vector<std::string> ids;
  for (const ChildEntry* child = table.first(); child != nullptr; child = child->next)
    ids.push_back(child->spec.id);
  std::vector<std::string> backwards;
  for (const ChildEntry* child = table.last(); child != nullptr; child = child->previous)
    backwards.insert(backwards.begin(), child->spec.id);
  EXPECT_EQ(backwards, ids);
  return ids;
}

TEST(ChildTableTest, IsEmptyAtFirst) {
  const ChildTable table;
  EXPECT_THAT(Ids(table), IsEmpty());
  EXPECT_EQ(table.Find("a"), nullptr);
  EXPECT_EQ(table.Find(kPid), nullptr);
}

// SUP31
TEST(ChildTableTest, AddsBehindTheOthers) {
  ChildTable table;
  for (const char* id : {"b", "a", "c"}) {
    ChildEntry* const child = table.Add(SpecOf(id));
    ASSERT_NE(child, nullptr);
    EXPECT_EQ(child->state, ChildState::kStopped);
    EXPECT_EQ(table.Find(id), child);
  }
  EXPECT_THAT(Ids(table), ElementsAre("b", "a", "c"));
}

// SUP4
TEST(ChildTableTest, RefusesAnIdThatIsTaken) {
  ChildTable table;
  ChildEntry* const child = table.Add(SpecOf("a"));
  EXPECT_EQ(table.Add(SpecOf("a")), nullptr);
  EXPECT_EQ(table.Find("a"), child);
  EXPECT_THAT(Ids(table), ElementsAre("a"));
}

TEST(ChildTableTest, RemovesFromAnyPlace) {
  for (const auto& [removed, left] : std::vector<std::pair<std::string, std::vector<std::string>>>{
           {"a", {"b", "c"}}, {"b", {"a", "c"}}, {"c", {"a", "b"}}}) {
    ChildTable table;
    for (const char* id : {"a", "b", "c"}) table.Add(SpecOf(id));
    table.Remove(table.Find(removed));
    EXPECT_EQ(Ids(table), left);
    EXPECT_EQ(table.Find(removed), nullptr);
    EXPECT_NE(table.Add(SpecOf(removed)), nullptr);
    EXPECT_EQ(Ids(table).back(), removed);
  }
}

TEST(ChildTableTest, RemovesTheLastOne) {
  ChildTable table;
  table.SetRunning(table.Add(SpecOf("a")), kPid, kNow);
  table.Remove(table.Find("a"));
  EXPECT_THAT(Ids(table), IsEmpty());
  EXPECT_EQ(table.Find(kPid), nullptr);
}

// SUP7: what isn't found by its pid any more isn't taken for a child that has crashed.
TEST(ChildTableTest, FindsByThePidOnlyWhileItRuns) {
  ChildTable table;
  ChildEntry* const child = table.Add(SpecOf("a"));
  table.SetRunning(child, kPid, kNow);
  EXPECT_EQ(table.Find(kPid), child);
  EXPECT_EQ(child->state, ChildState::kRunning);
  EXPECT_EQ(child->started, kNow);

  table.SetStopped(child);
  EXPECT_EQ(table.Find(kPid), nullptr);
  EXPECT_EQ(child->state, ChildState::kStopped);
  EXPECT_EQ(child->pid, Pid());

  table.SetRunning(child, kPid, kNow);
  table.SetRestarting(child, 7);
  EXPECT_EQ(table.Find(kPid), nullptr);
  EXPECT_EQ(child->state, ChildState::kRestarting);
  EXPECT_EQ(child->retry, 7);

  table.SetRunning(child, kOther, kNow);
  EXPECT_EQ(table.Find(kPid), nullptr);
  EXPECT_EQ(table.Find(kOther), child);
}

TEST(ChildTableTest, OneThatIsStartedAnewWithoutAStopLosesItsOldPid) {
  ChildTable table;
  ChildEntry* const child = table.Add(SpecOf("a"));
  table.SetRunning(child, kPid, kNow);
  table.SetRunning(child, kOther, kNow);
  EXPECT_EQ(table.Find(kPid), nullptr);
  EXPECT_EQ(table.Find(kOther), child);
}

}  // namespace
}  // namespace hydra::supervisor_internal
