#include "hydra/registry/internal/duplicate_partition.h"

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "hydra/base/read_section.h"
#include "hydra/base/shared_key.h"
#include "hydra/process/pid.h"
#include "hydra/registry/internal/added.h"
#include "hydra/registry/internal/directory.h"
#include "hydra/registry/registry_entry.h"

namespace hydra::registry_internal {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

using Partition = DuplicatePartition<std::string, NoValue>;

const Pid kRegistry(1, 1, 1);
const Pid kOne(2, 2, 1);
const Pid kOther(3, 3, 1);

Added Add(Partition& partition, const std::string& key, const Pid& pid) {
  return partition.Add(HashOfKey(key), key, std::make_unique<Partition::Member>(pid, NoValue()));
}

Removed Remove(Partition& partition, const std::string& key, const Pid& pid) {
  const ReadSection section;
  return partition.Remove(partition.Find(HashOfKey(key), key, pid));
}

size_t CountOf(const Partition& partition, const std::string& key) {
  const ReadSection section;
  return partition.CountOf(HashOfKey(key), key);
}

std::vector<std::string> KeysOf(const Partition& partition) {
  const ReadSection section;
  std::vector<std::string> keys;
  partition.ForEachKey([&](const std::string& key) { keys.push_back(key); });
  return keys;
}

// A key is there as long as anybody has it.
TEST(DuplicatePartitionTest, KeysComeAndGo) {
  Partition partition;
  partition.SetProcess(kRegistry);
  Add(partition, "a", kOne);
  Add(partition, "a", kOther);
  Add(partition, "b", kOther);
  EXPECT_THAT(KeysOf(partition), UnorderedElementsAre("a", "b"));
  EXPECT_EQ(CountOf(partition, "a"), 2U);
  Remove(partition, "a", kOne);
  EXPECT_THAT(KeysOf(partition), UnorderedElementsAre("a", "b"));
  Remove(partition, "a", kOther);
  EXPECT_THAT(KeysOf(partition), ElementsAre("b"));
  EXPECT_EQ(CountOf(partition, "a"), 0U);
  partition.Forget(kOther);
  EXPECT_THAT(KeysOf(partition), IsEmpty());
}

// What a change says of it.
TEST(DuplicatePartitionTest, SaysWhatChanges) {
  Partition partition;
  EXPECT_EQ(Add(partition, "a", kOne).process, Pid());
  partition.SetProcess(kRegistry);
  EXPECT_EQ(Add(partition, "a", kOne).process, kRegistry);
  EXPECT_FALSE(Add(partition, "a", kOne).is_first);
  EXPECT_TRUE(Add(partition, "a", kOther).is_first);
  EXPECT_FALSE(Add(partition, "b", kOne).is_first);
  Removed removed = Remove(partition, "a", kOne);
  EXPECT_EQ(removed.count, 2U);
  EXPECT_FALSE(removed.is_last);
  removed = Remove(partition, "b", kOne);
  EXPECT_EQ(removed.count, 1U);
  EXPECT_TRUE(removed.is_last);
  EXPECT_FALSE(partition.Has(kOne));
  EXPECT_EQ(Remove(partition, "b", kOther).count, 0U);
  EXPECT_THAT(partition.SetProcess(Pid()), ElementsAre(kOther));
  EXPECT_THAT(KeysOf(partition), IsEmpty());
}

}  // namespace
}  // namespace hydra::registry_internal
