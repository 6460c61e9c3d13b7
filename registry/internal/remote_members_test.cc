// What is known of another node's groups, and the messages that it is told by (semantics.md NOD30).
#include "hydra/registry/internal/remote_members.h"

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "hydra/process/pid.h"
#include "hydra/registry/internal/group_messages.h"

namespace hydra::registry_internal {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;
using testing::SizeIs;

constexpr Pid kOne(1, 1, 7);
constexpr Pid kTwo(2, 2, 7);
constexpr Pid kThree(3, 3, 7);

GroupSync Part(bool is_first, bool is_last, std::vector<Membership> groups) {
  return {Pid(9, 9, 7), is_first, is_last, std::move(groups)};
}

TEST(RemoteMembersTest, LeaveAsOftenAsTheyHaveJoined) {
  RemoteMembers members;
  members.Join("x", {kOne, kTwo, kOne});
  EXPECT_THAT(members.Leave("x", {kOne, kThree}), ElementsAre(kOne));
  EXPECT_THAT(members.Leave("y", {kOne}), IsEmpty());
  EXPECT_THAT(members.All(), ElementsAre(Pair("x", ElementsAre(kOne, kTwo))));
  EXPECT_THAT(members.Leave("x", {kOne, kOne, kTwo}), ElementsAre(kOne, kTwo));
  EXPECT_THAT(members.All(), IsEmpty());
}

TEST(RemoteMembersTest, ASyncChangesWhatIsDifferent) {
  RemoteMembers members;
  members.Join("x", {kOne, kOne, kTwo});
  members.Join("y", {kOne});
  const auto change = members.Take(Part(true, true, {{"x", {kThree, kOne}}, {"z", {kTwo}}}));
  ASSERT_TRUE(change.has_value());
  EXPECT_THAT(change->left,
              ElementsAre(Pair("x", ElementsAre(kOne, kTwo)), Pair("y", ElementsAre(kOne))));
  EXPECT_THAT(change->joined,
              ElementsAre(Pair("x", ElementsAre(kThree)), Pair("z", ElementsAre(kTwo))));
  const auto same = members.Take(Part(true, true, {{"x", {kThree, kOne}}, {"z", {kTwo}}}));
  EXPECT_THAT(same->left, IsEmpty());
  EXPECT_THAT(same->joined, IsEmpty());
}

TEST(RemoteMembersTest, ASyncCountsWhenItsLastPartHasCome) {
  RemoteMembers members;
  EXPECT_FALSE(members.Take(Part(false, true, {{"x", {kOne}}})).has_value()) << "without the first";
  EXPECT_FALSE(members.Take(Part(true, false, {{"x", {kOne}}})).has_value());
  EXPECT_FALSE(members.Take(Part(true, false, {{"x", {kTwo}}})).has_value()) << "another begins";
  EXPECT_FALSE(members.Take(Part(false, false, {{"x", {kThree}}})).has_value());
  EXPECT_THAT(members.All(), IsEmpty());
  EXPECT_TRUE(members.Take(Part(false, true, {{"y", {kOne}}})).has_value());
  EXPECT_THAT(members.All(),
              ElementsAre(Pair("x", ElementsAre(kTwo, kThree)), Pair("y", ElementsAre(kOne))));
}

TEST(GroupMessagesTest, PartsAreAllThereIs) {
  EXPECT_THAT(Parts({}), IsEmpty());
  EXPECT_THAT(Parts({{"x", {kOne}}, {"y", {kOne, kTwo}}}), SizeIs(1));
  std::vector<Membership> memberships;
  for (uint32_t i = 0; i < 30; ++i)
    memberships.emplace_back(std::string(i * 137, 'x'),
                             std::vector<Pid>(1 + i * i * 10, Pid(i + 1, i, 7)));
  std::vector<Membership> together;
  for (const std::vector<Membership>& part : Parts(memberships)) {
    size_t bytes = 0;
    for (const auto& [group, pids] : part) {
      EXPECT_THAT(pids, testing::Not(IsEmpty()));
      bytes += group.size() + pids.size() * kMaxPidBytes;
      if (together.empty() || together.back().first != group)
        together.emplace_back(group, std::vector<Pid>());
      together.back().second.insert(together.back().second.end(), pids.begin(), pids.end());
    }
    EXPECT_LE(bytes, kGroupMessageBytes);
  }
  EXPECT_EQ(together, memberships);
}

}  // namespace
}  // namespace hydra::registry_internal
