#include "hydra/registry/hash_ring.h"

#include <algorithm>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "xxhash.h"

namespace hydra {
namespace {

using ::testing::ElementsAre;
using ::testing::Eq;
using ::testing::IsEmpty;
using ::testing::Optional;
using ::testing::Pair;
using ::testing::UnorderedElementsAre;

// Nodes that are known by their names only.
HashRingNode<std::string> Named(std::string name, uint32_t weight = 1) {
  return {.name = name, .node = name, .weight = weight};
}

HashRing<std::string> RingOf(std::vector<HashRingNode<std::string>> nodes) {
  HashRing<std::string> ring;
  ring.SetNodes(std::move(nodes));
  return ring;
}

// What other implementations of the definition find, and this one at any later time. The figures below were
// computed by one in Python.
HashRing<std::string> KnownRing() {
  return RingOf({Named("alpha"), Named("beta", 2), Named("gamma")});
}

constexpr std::string_view kLongText = "The quick brown fox jumps over the lazy dog";

TEST(HashRingKeyTest, XxhIsWhatItsAuthorsPublished) {
  EXPECT_EQ(HashRingKey("").hash(), 0xef46db3751d8e999);
  EXPECT_EQ(HashRingKey("a").hash(), 0xd24ec4f1a98c6e5b);
  EXPECT_EQ(HashRingKey("abc").hash(), 0x44bc2cf5ad770999);
  EXPECT_EQ(XXH64("", 0, 2654435761), 0xac75fda2929b17ef);
}

TEST(HashRingKeyTest, TextIsItsBytes) {
  EXPECT_EQ(HashRingKey(kLongText).hash(), 0x0b242d361fda71bc);
  EXPECT_EQ(HashRingKey(std::string(kLongText)).hash(), 0x0b242d361fda71bc);
  EXPECT_NE(HashRingKey(std::string("a\0b", 3)), HashRingKey("a"));
}

TEST(HashRingKeyTest, IntegerIsEightBytesOfWhateverType) {
  EXPECT_EQ(HashRingKey(0).hash(), 0x34c96acdcadb1bbb);
  EXPECT_EQ(HashRingKey(1).hash(), 0x9f29cb17a2a49995);
  EXPECT_EQ(HashRingKey(uint8_t{1}).hash(), 0x9f29cb17a2a49995);
  EXPECT_EQ(HashRingKey(uint64_t{1}).hash(), 0x9f29cb17a2a49995);
  EXPECT_EQ(HashRingKey(-1).hash(), 0x85d136adb773c6c9);
  EXPECT_EQ(HashRingKey(int8_t{-1}).hash(), 0x85d136adb773c6c9);
  EXPECT_EQ(HashRingKey(int64_t{1} << 40).hash(), 0xa13ea4c7924fd453);
  EXPECT_EQ(HashRingKey(std::string_view("\1\0\0\0\0\0\0\0", 8)), HashRingKey(1));
}

TEST(HashRingTest, PlacesKeysAsWrittenDown) {
  const HashRing<std::string> ring = KnownRing();
  EXPECT_THAT(ring.Find("", 3), ElementsAre("gamma", "alpha", "beta"));
  EXPECT_THAT(ring.Find("a", 3), ElementsAre("alpha", "beta", "gamma"));
  EXPECT_THAT(ring.Find("user:1", 3), ElementsAre("gamma", "alpha", "beta"));
  EXPECT_THAT(ring.Find("user:3", 3), ElementsAre("beta", "alpha", "gamma"));
  EXPECT_THAT(ring.Find("user:4", 3), ElementsAre("beta", "gamma", "alpha"));
  EXPECT_THAT(ring.Find(kLongText, 3), ElementsAre("alpha", "beta", "gamma"));
  EXPECT_THAT(ring.Find(0, 3), ElementsAre("beta", "alpha", "gamma"));
  EXPECT_THAT(ring.Find(3, 3), ElementsAre("gamma", "beta", "alpha"));
  EXPECT_THAT(ring.Find(-1, 3), ElementsAre("alpha", "beta", "gamma"));
  EXPECT_THAT(ring.Find(int64_t{1} << 40, 3), ElementsAre("beta", "alpha", "gamma"));
}

TEST(HashRingTest, PlacesAllKeysAsAnotherImplementation) {
  const HashRing<std::string> ring = KnownRing();
  std::map<std::string, int> keys;
  for (int i = 0; i < 10'000; ++i) ++keys[ring.Find("user:" + std::to_string(i)).value_or("")];
  EXPECT_THAT(keys, ElementsAre(Pair("alpha", 2410), Pair("beta", 5022), Pair("gamma", 2568)));
}

// XXH64 of 8 bytes can be undone, so there are keys whose hashes are those of given points, and next to them.
TEST(HashRingTest, PointsAreCountedFromOne) {
  const HashRing<std::string> ring = KnownRing();
  EXPECT_EQ(HashRingKey(0xe3b6bf8561de0068).hash(), XXH64("alpha", 5, 0));
  EXPECT_THAT(ring.Find(0xe3b6bf8561de0068), Optional(Eq("beta")));
  EXPECT_EQ(HashRingKey(0xea28a4b7807e61bb).hash(), XXH64("alpha", 5, 1));
  EXPECT_THAT(ring.Find(0xea28a4b7807e61bb), Optional(Eq("alpha")));
  EXPECT_EQ(HashRingKey(0x1e08f6fc7ec62183).hash(), XXH64("alpha", 5, 256));
  EXPECT_THAT(ring.Find(0x1e08f6fc7ec62183), Optional(Eq("alpha")));
  EXPECT_EQ(HashRingKey(0x64de4168b5839b4c).hash(), XXH64("alpha", 5, 257));
  EXPECT_THAT(ring.Find(0x64de4168b5839b4c), Optional(Eq("gamma")));
}

TEST(HashRingTest, KeyBelongsToTheFirstPointThatIsNotBelow) {
  const HashRing<std::string> ring = KnownRing();
  EXPECT_EQ(HashRingKey(0xa65ca1e5b24bbd0b).hash(), 0x49efc5b3a8dc0089);
  EXPECT_THAT(ring.Find(0x010dda2bb297ad53), Optional(Eq("alpha"))) << "just below a point";
  EXPECT_THAT(ring.Find(0xa65ca1e5b24bbd0b), Optional(Eq("alpha"))) << "at it";
  EXPECT_THAT(ring.Find(0x308a882e515a7c99), Optional(Eq("beta"))) << "just above";
}

TEST(HashRingTest, TheRingIsClosed) {
  const HashRing<std::string> ring = KnownRing();
  EXPECT_EQ(HashRingKey(0x39530b8f7d808573).hash(), 0u);
  EXPECT_EQ(HashRingKey(0xf8731319cf89371e).hash(), 0xffffffffffffffff);
  EXPECT_THAT(ring.Find(0xdfc2cea64e4dd336), Optional(Eq("alpha"))) << "at the last point";
  EXPECT_THAT(ring.Find(0xe50c2c64c09d2e13), Optional(Eq("gamma"))) << "just above the last point";
  EXPECT_THAT(ring.Find(0xf8731319cf89371e), Optional(Eq("gamma"))) << "the highest hash";
  EXPECT_THAT(ring.Find(0x39530b8f7d808573), Optional(Eq("gamma"))) << "the lowest hash";
  EXPECT_THAT(ring.Find(0x74980406d07d127f), Optional(Eq("gamma"))) << "at the first point";
  EXPECT_THAT(ring.Find(0x12c60aa807d00ece), Optional(Eq("beta"))) << "just above the first point";
}

TEST(HashRingTest, OfEqualPointsTheLesserNameComesFirst) {
  ASSERT_EQ(XXH64("nodeagaj", 8, 1), XXH64("vEEYn5cj", 8, 247));
  constexpr uint64_t kKeyAtBoth = 0x7759acc8e441e256;
  ASSERT_EQ(HashRingKey(kKeyAtBoth).hash(), XXH64("nodeagaj", 8, 1));

  HashRing<std::string> ring;
  ring.Add(Named("nodeagaj"));
  ring.Add(Named("vEEYn5cj"));
  EXPECT_THAT(ring.Find(kKeyAtBoth, 2), ElementsAre("nodeagaj", "vEEYn5cj"));

  ring.Clear();
  ring.Add(Named("vEEYn5cj"));
  ring.Add(Named("nodeagaj"));
  EXPECT_THAT(ring.Find(kKeyAtBoth, 2), ElementsAre("nodeagaj", "vEEYn5cj"));
}

// What a ring should hold, and random changes of both.
class Changes {
 public:
  explicit Changes(uint64_t seed) : random_(seed) {}

  void Change(HashRing<std::string>& ring) {
    const std::string name = "node-" + std::to_string(Below(12));
    const uint64_t key = Below(40);
    switch (Below(6)) {
      case 0:
      case 1:
      case 2:
        nodes_[name] = static_cast<uint32_t>(Below(4));
        ring.Add(Named(name, nodes_[name]));
        break;
      case 3:
        nodes_.erase(name);
        ring.Remove(name);
        break;
      case 4:
        overrides_[key] = name;
        ring.Override(key, name);
        break;
      case 5:
        overrides_.erase(key);
        ring.RemoveOverride(key);
        break;
    }
  }

  // A ring that has been given the same at once, in any order.
  HashRing<std::string> Fresh() {
    std::vector<HashRingNode<std::string>> nodes;
    for (const auto& [name, weight] : nodes_) nodes.push_back(Named(name, weight));
    std::shuffle(nodes.begin(), nodes.end(), random_);
    std::vector<std::pair<HashRingKey, std::string>> overrides(overrides_.begin(),
                                                               overrides_.end());
    std::shuffle(overrides.begin(), overrides.end(), random_);
    HashRing<std::string> ring;
    ring.SetOverrides(std::move(overrides));
    ring.SetNodes(std::move(nodes));
    return ring;
  }

 private:
  uint64_t Below(uint64_t limit) { return random_() % limit; }

  std::mt19937_64 random_;
  std::map<std::string, uint32_t> nodes_;
  std::map<uint64_t, std::string> overrides_;
};

TEST(HashRingTest, WhatWasDoneBeforeDoesNotMatter) {
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    Changes changes(seed);
    HashRing<std::string> ring;
    for (int i = 0; i < 40; ++i) changes.Change(ring);
    const HashRing<std::string> fresh = changes.Fresh();
    for (int key = 0; key < 200; ++key)
      ASSERT_EQ(ring.Find(key, 4), fresh.Find(key, 4)) << "seed " << seed << ", key " << key;
  }
}

TEST(HashRingTest, EmptyRingHasNoOwners) {
  HashRing<std::string> ring;
  EXPECT_EQ(ring.Find("key"), std::nullopt);
  EXPECT_THAT(ring.Find("key", 3), IsEmpty());
  EXPECT_THAT(ring.nodes(), IsEmpty());

  ring.Add(Named("alpha"));
  ring.Remove("alpha");
  EXPECT_EQ(ring.Find("key"), std::nullopt);
}

TEST(HashRingTest, AddAndRemoveReturnWhatWasThere) {
  HashRing<int> ring;
  EXPECT_EQ(ring.Add({.name = "alpha", .node = 1}), std::nullopt);
  EXPECT_EQ(ring.Add({.name = "alpha", .node = 2}), 1);
  EXPECT_EQ(ring.Find("key"), 2);
  EXPECT_EQ(ring.Remove("beta"), std::nullopt);
  EXPECT_EQ(ring.Remove("alpha"), 2);
  EXPECT_EQ(ring.Remove("alpha"), std::nullopt);
}

TEST(HashRingTest, NodesAreListedByName) {
  HashRing<int> ring;
  ring.Add({.name = "beta", .node = 2, .weight = 3});
  ring.Add({.name = "alpha", .node = 1});
  const std::vector<HashRingNode<int>> nodes = ring.nodes();
  ASSERT_EQ(nodes.size(), 2u);
  EXPECT_EQ(nodes[0].name, "alpha");
  EXPECT_EQ(nodes[0].node, 1);
  EXPECT_EQ(nodes[0].weight, 1u);
  EXPECT_EQ(nodes[1].name, "beta");
  EXPECT_EQ(nodes[1].node, 2);
  EXPECT_EQ(nodes[1].weight, 3u);
}

TEST(HashRingTest, SetNodesReplacesAll) {
  HashRing<int> ring;
  ring.Add({.name = "alpha", .node = 1});
  ring.SetNodes({{.name = "beta", .node = 2}, {.name = "gamma", .node = 3}, {"beta", 4}});
  EXPECT_THAT(ring.Find("key", 5), UnorderedElementsAre(3, 4)) << "the last of one name counts";
}

TEST(HashRingTest, OverridesWin) {
  HashRing<std::string> ring = KnownRing();
  ring.Override("user:1", "beta");
  EXPECT_THAT(ring.Find("user:1"), Optional(Eq("beta")));
  EXPECT_THAT(ring.Find("user:1", 3), ElementsAre("beta", "gamma", "alpha"));
  EXPECT_THAT(ring.Find("user:1", 1), ElementsAre("beta"));
  EXPECT_THAT(ring.Find("user:1", 0), IsEmpty());
  EXPECT_THAT(ring.Find("user:4"), Optional(Eq("beta"))) << "other keys are where they were";
  EXPECT_THAT(ring.Find("a"), Optional(Eq("alpha")));

  ring.Override("user:1", "alpha");
  EXPECT_THAT(ring.Find("user:1"), Optional(Eq("alpha")));
  EXPECT_TRUE(ring.RemoveOverride("user:1"));
  EXPECT_FALSE(ring.RemoveOverride("user:1"));
  EXPECT_THAT(ring.Find("user:1"), Optional(Eq("gamma")));
}

TEST(HashRingTest, OverridesOutlastChangesOfNodes) {
  HashRing<std::string> ring = KnownRing();
  ring.Override("user:1", "beta");
  ring.Add(Named("delta"));
  EXPECT_THAT(ring.Find("user:1"), Optional(Eq("beta")));
  ring.Remove("beta");
  EXPECT_THAT(ring.Find("user:1"), Optional(Eq("gamma"))) << "as without it";
  ring.SetNodes({Named("beta"), Named("gamma")});
  EXPECT_THAT(ring.Find("user:1"), Optional(Eq("beta")));
}

TEST(HashRingTest, OverrideWaitsForItsNode) {
  HashRing<std::string> ring;
  ring.Override("user:1", "beta");
  EXPECT_EQ(ring.Find("user:1"), std::nullopt);
  ring.SetNodes({Named("alpha"), Named("gamma")});
  EXPECT_THAT(ring.Find("user:1", 3), ElementsAre("gamma", "alpha"));
  ring.Add(Named("beta"));
  EXPECT_THAT(ring.Find("user:1", 3), ElementsAre("beta", "gamma", "alpha"));
}

TEST(HashRingTest, SetOverridesReplacesAll) {
  HashRing<std::string> ring = KnownRing();
  ring.Override("a", "gamma");
  ring.SetOverrides({{"user:1", "alpha"}, {3, "alpha"}, {"user:1", "beta"}});
  EXPECT_THAT(ring.Find("a"), Optional(Eq("alpha"))) << "as without an override";
  EXPECT_THAT(ring.Find("user:1"), Optional(Eq("beta"))) << "the last for one key counts";
  EXPECT_THAT(ring.Find(3), Optional(Eq("alpha")));
}

TEST(HashRingTest, WithoutWeightANodeGetsOverriddenKeysOnly) {
  HashRing<std::string> ring = RingOf({Named("alpha", 0)});
  EXPECT_EQ(ring.Find("user:1"), std::nullopt);
  ring.Override("user:1", "alpha");
  EXPECT_THAT(ring.Find("user:1", 3), ElementsAre("alpha"));

  ring.Add(Named("beta"));
  EXPECT_THAT(ring.Find("user:1", 3), ElementsAre("alpha", "beta"));
  EXPECT_THAT(ring.Find("user:2", 3), ElementsAre("beta"));
}

TEST(HashRingTest, ClearTakesOutOverridesToo) {
  HashRing<std::string> ring = KnownRing();
  ring.Override("user:1", "beta");
  ring.Clear();
  EXPECT_EQ(ring.Find("user:1"), std::nullopt);
  ring.SetNodes(KnownRing().nodes());
  EXPECT_THAT(ring.Find("user:1"), Optional(Eq("gamma")));
}

TEST(HashRingTest, FindManyYieldsAsManyAsThereAre) {
  const HashRing<std::string> ring = KnownRing();
  EXPECT_THAT(ring.Find("a", 0), IsEmpty());
  EXPECT_THAT(ring.Find("a", 2), ElementsAre("alpha", "beta"));
  EXPECT_THAT(ring.Find("a", 1000), ElementsAre("alpha", "beta", "gamma"));
}

TEST(HashRingTest, WhenANodeGoesTheNextOnesStepIn) {
  std::vector<HashRingNode<std::string>> nodes;
  for (int i = 0; i < 8; ++i) nodes.push_back(Named("node-" + std::to_string(i)));
  HashRing<std::string> ring = RingOf(nodes);
  for (int key = 0; key < 100; ++key) {
    std::vector<std::string> four = ring.Find(key, 4);
    const std::string gone = four[static_cast<size_t>(key) % 3];
    ring.Remove(gone);
    std::erase(four, gone);
    ASSERT_EQ(ring.Find(key, 3), four) << "key " << key;
    ring.Add(Named(gone));
  }
}

TEST(HashRingTest, CopiesStandForTheSameRing) {
  HashRing<std::string> ring;
  HashRing<std::string> copy = ring;
  copy.Add(Named("alpha"));
  EXPECT_THAT(ring.Find("key"), Optional(Eq("alpha")));
  const HashRing<std::string> moved = std::move(ring);
  EXPECT_THAT(ring.Find("key"), Optional(Eq("alpha"))) << "moving copies";
  EXPECT_THAT(moved.Find("key"), Optional(Eq("alpha")));
}

TEST(HashRingTest, FindWithCopiesNothing) {
  HashRing<std::shared_ptr<int>> ring;
  const auto sees_none = [](const std::shared_ptr<int>* node) { return node == nullptr; };
  EXPECT_TRUE(ring.FindWith("key", sees_none));

  const auto node = std::make_shared<int>(1);
  ring.Add({.name = "alpha", .node = node});
  const long uses = node.use_count();
  EXPECT_EQ(
      ring.FindWith("key", [](const std::shared_ptr<int>* found) { return found->use_count(); }),
      uses);
}

TEST(HashRingTest, NodesThatHaveGoneAreDestroyed) {
  HashRing<std::shared_ptr<int>> ring;
  auto node = std::make_shared<int>(1);
  const std::weak_ptr<int> left = node;
  ring.Add({.name = "alpha", .node = std::move(node)});
  ring.Override("key", "alpha");
  EXPECT_FALSE(left.expired());
  ring.Remove("alpha");
  EXPECT_TRUE(left.expired());
}

TEST(HashRingTest, NodesAreDestroyedWithTheirRing) {
  const auto node = std::make_shared<int>(1);
  {
    HashRing<std::shared_ptr<int>> ring;
    ring.Add({.name = "alpha", .node = node});
  }
  EXPECT_EQ(node.use_count(), 1);
}

}  // namespace
}  // namespace hydra
