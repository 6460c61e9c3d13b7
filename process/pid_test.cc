#include "hydra/process/pid.h"

#include <algorithm>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <set>
#include <sstream>
#include <string>
#include <type_traits>
#include <unordered_set>
#include <vector>

#include "absl/hash/hash.h"
#include "gtest/gtest.h"

namespace hydra {
namespace {

constexpr uint64_t kLargest64 = std::numeric_limits<uint64_t>::max();
constexpr uint32_t kLargest32 = std::numeric_limits<uint32_t>::max();

static_assert(!Pid());
static_assert(Pid(1, 0, 0));
static_assert(!std::is_convertible_v<Pid, bool>);
static_assert(!std::is_convertible_v<Pid, int>);
static_assert(std::is_trivially_copyable_v<Ref> && sizeof(Ref) == 24);
static_assert(!Ref());
static_assert(!Ref(Pid(), 1));
static_assert(Ref(Pid(1, 0, 0), 0));

// All that differ in one of their numbers or in several.
std::vector<Pid> Pids() {
  std::vector<Pid> pids;
  for (const uint64_t serial : {uint64_t{1}, uint64_t{2}, uint64_t{1} << 32, kLargest64}) {
    for (const uint32_t slot : {uint32_t{0}, uint32_t{1}, kLargest32}) {
      for (const uint32_t home : {uint32_t{0}, uint32_t{1}, kLargest32})
        pids.emplace_back(serial, slot, home);
    }
  }
  return pids;
}

std::vector<Ref> Refs() {
  std::vector<Ref> refs;
  for (const Pid& pid : Pids()) {
    for (const uint64_t id : {uint64_t{0}, uint64_t{1}, kLargest64}) refs.emplace_back(pid, id);
  }
  return refs;
}

TEST(PidTest, KeepsItsNumbers) {
  constexpr Pid kPid(kLargest64, 7, kLargest32);
  EXPECT_EQ(kPid.serial(), kLargest64);
  EXPECT_EQ(kPid.slot(), 7);
  EXPECT_EQ(kPid.home(), kLargest32);
}

TEST(RefTest, KeepsItsMakerAndItsNumber) {
  constexpr Ref kRef(Pid(3, 2, 1), kLargest64);
  EXPECT_EQ(kRef.creator(), Pid(3, 2, 1));
  EXPECT_EQ(kRef.id(), kLargest64);
}

template <typename T>
class IdentityTest : public testing::Test {
 protected:
  static std::vector<T> All() {
    if constexpr (std::is_same_v<T, Pid>) {
      return Pids();
    } else {
      return Refs();
    }
  }
};

using Identities = testing::Types<Pid, Ref>;
TYPED_TEST_SUITE(IdentityTest, Identities);

// PRC8: the same slot with another serial, or in another runtime, is another process.
TYPED_TEST(IdentityTest, EqualsOnlyItself) {
  const auto all = this->All();
  for (size_t i = 0; i < all.size(); ++i) {
    for (size_t j = 0; j < all.size(); ++j) {
      ASSERT_EQ(all[i] == all[j], i == j) << all[i] << " " << all[j];
      ASSERT_EQ(all[i] != all[j], i != j) << all[i] << " " << all[j];
    }
    ASSERT_NE(all[i], TypeParam());
  }
  EXPECT_EQ(TypeParam(), TypeParam());
}

TYPED_TEST(IdentityTest, OrderIsTotal) {
  const auto all = this->All();
  for (const TypeParam& a : all) {
    ASSERT_LT(TypeParam(), a);
    for (const TypeParam& b : all) {
      ASSERT_EQ((a < b) + (b < a) + (a == b), 1) << a << " " << b;
      ASSERT_EQ(a <=> b, 0 <=> (b <=> a)) << a << " " << b;
    }
  }
  auto sorted = all;
  std::ranges::sort(sorted);
  for (size_t i = 0; i < sorted.size(); ++i) {
    for (size_t j = i + 1; j < sorted.size(); ++j) ASSERT_LT(sorted[i], sorted[j]);
  }
  EXPECT_EQ(std::set<TypeParam>(all.begin(), all.end()).size(), all.size());
}

TYPED_TEST(IdentityTest, EqualOnesHashAlike) {
  for (const TypeParam& one : this->All()) {
    const TypeParam copy = one;
    EXPECT_EQ(std::hash<TypeParam>()(copy), std::hash<TypeParam>()(one));
    EXPECT_EQ(absl::HashOf(copy), absl::HashOf(one));
  }
}

TYPED_TEST(IdentityTest, IsAKeyOfHashTables) {
  const auto all = this->All();
  const std::unordered_set<TypeParam> table(all.begin(), all.end());
  EXPECT_EQ(table.size(), all.size());
  for (const TypeParam& one : all) EXPECT_TRUE(table.contains(one));
  std::set<size_t> absl_hashes;
  for (const TypeParam& one : all) absl_hashes.insert(absl::HashOf(one));
  EXPECT_EQ(absl_hashes.size(), all.size());
}

// What a runtime really makes: small numbers next to each other.
TEST(PidTest, HashesOfNeighboursDiffer) {
  std::unordered_set<size_t> hashes;
  for (uint64_t serial = 1; serial <= 100; ++serial) {
    for (uint32_t slot = 0; slot < 100; ++slot) {
      hashes.insert(std::hash<Pid>()(Pid(serial, slot, 1)));
      hashes.insert(std::hash<Pid>()(Pid(serial, slot, 2)));
    }
  }
  EXPECT_EQ(hashes.size(), 20'000);
}

TEST(RefTest, HashesOfNeighboursDiffer) {
  std::unordered_set<size_t> hashes;
  for (uint32_t slot = 0; slot < 100; ++slot) {
    for (uint64_t id = 1; id <= 100; ++id)
      hashes.insert(std::hash<Ref>()(Ref(Pid(1, slot, 1), id)));
  }
  EXPECT_EQ(hashes.size(), 10'000);
}

TEST(PidTest, IsWrittenAsHomeSlotAndSerial) {
  EXPECT_EQ(Pid(3, 2, 1).ToString(), "<1.2.3>");
  EXPECT_EQ(Pid().ToString(), "<0.0.0>");
  EXPECT_EQ(Pid(kLargest64, kLargest32, kLargest32).ToString(),
            "<4294967295.4294967295.18446744073709551615>");
  std::ostringstream out;
  out << Pid(3, 2, 1);
  EXPECT_EQ(out.str(), "<1.2.3>");
}

TEST(RefTest, IsWrittenAsItsMakerAndItsNumber) {
  EXPECT_EQ(Ref(Pid(3, 2, 1), 4).ToString(), "#Ref<1.2.3.4>");
  EXPECT_EQ(Ref().ToString(), "#Ref<0.0.0.0>");
  std::ostringstream out;
  out << Ref(Pid(3, 2, 1), kLargest64);
  EXPECT_EQ(out.str(), "#Ref<1.2.3.18446744073709551615>");
}

}  // namespace
}  // namespace hydra
