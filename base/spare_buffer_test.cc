#include "hydra/base/spare_buffer.h"

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace hydra {
namespace {

using testing::IsEmpty;

// A buffer that no other test has had, and what is kept before it is.
class SpareBufferTest : public testing::Test {
 protected:
  void SetUp() override {
    for (size_t bytes = kMaxSpareBytes; bytes >= kLargeBuffer; bytes /= 2) {
      for (size_t kept = SpareBytes(); kept >= bytes; kept -= bytes)
        others_.push_back(TakeBuffer(bytes));
    }
    ASSERT_EQ(SpareBytes(), 0);
  }

 private:
  std::vector<std::string> others_;
};

TEST_F(SpareBufferTest, WhatIsKeptIsTaken) {
  std::string buffer = TakeBuffer(kLargeBuffer);
  const size_t capacity = buffer.capacity();
  buffer = "what was in it";
  KeepBuffer(std::move(buffer));
  EXPECT_EQ(SpareBytes(), capacity);

  const std::string taken = TakeBuffer(kLargeBuffer);
  EXPECT_EQ(SpareBytes(), 0);
  EXPECT_EQ(taken.capacity(), capacity);
  EXPECT_THAT(taken, IsEmpty());
}

TEST_F(SpareBufferTest, ThereIsRoom) {
  KeepBuffer(TakeBuffer(kLargeBuffer));
  for (const size_t bytes : {size_t{0}, size_t{1}, kLargeBuffer - 1, kLargeBuffer, kLargeBuffer + 1,
                             kMaxSpareBytes + 1}) {
    const std::string buffer = TakeBuffer(bytes);
    EXPECT_GE(buffer.capacity(), bytes);
    EXPECT_THAT(buffer, IsEmpty());
  }
}

// A message of 32 KiB doesn't hold the memory of one of 1 MiB.
TEST_F(SpareBufferTest, MuchLargerOnesStay) {
  KeepBuffer(TakeBuffer(32 * kLargeBuffer));
  const size_t kept = SpareBytes();
  const std::string small = TakeBuffer(kLargeBuffer);
  EXPECT_EQ(SpareBytes(), kept);
}

TEST_F(SpareBufferTest, SmallOnesAreFreed) {
  KeepBuffer(std::string(kLargeBuffer / 2, 'x'));
  EXPECT_EQ(SpareBytes(), 0);
}

TEST_F(SpareBufferTest, NoMoreThanEnoughAreKept) {
  std::vector<std::string> many(100);
  for (std::string& buffer : many) buffer = TakeBuffer(kMaxSpareBytes / 10);
  for (std::string& buffer : many) KeepBuffer(std::move(buffer));
  EXPECT_LE(SpareBytes(), kMaxSpareBytes);
  EXPECT_GT(SpareBytes(), kMaxSpareBytes / 2);
}

}  // namespace
}  // namespace hydra
