#include "hydra/base/check.h"

#include <cstdint>
#include <exception>
#include <stdexcept>
#include <string>
#include <string_view>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "hydra/base/compiler.h"

namespace hydra {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

struct Id {
  bool operator==(const Id&) const = default;
  std::string ToString() const { return "id " + std::to_string(value); }

  int value = 0;
};

enum class Color : uint8_t { kRed = 3, kBlue = 5 };

TEST(CheckTest, WhatHoldsDoesNothing) {
  HYDRA_CHECK(true) << "never seen";
  HYDRA_CHECK_EQ(1, 1);
  HYDRA_CHECK_NE(1, 2);
  HYDRA_CHECK_LT(1, 2);
  HYDRA_CHECK_LE(2, 2);
  HYDRA_CHECK_GT(2, 1) << "never seen";
  HYDRA_CHECK_GE(2, 2);
  HYDRA_DCHECK(true);
}

TEST(CheckTest, OperandsAreEvaluatedOnceAndMessagesNever) {
  int operands = 0;
  int messages = 0;
  HYDRA_CHECK(++operands == 1) << ++messages;
  HYDRA_CHECK_EQ(++operands, 2) << ++messages;
  EXPECT_EQ(operands, 2);
  EXPECT_EQ(messages, 0);
}

TEST(CheckTest, AConditionNeedsOnlyAnExplicitConversionToBool) {
  struct Flag {
    explicit operator bool() const { return true; }
  };
  HYDRA_CHECK(Flag());
}

// Must compile: the compiler knows that a failed check doesn't return.
int ValueOf(Color color) {
  // NOLINTBEGIN(google-readability-braces-around-statements): the else must be of this if.
  if (color == Color::kRed)
    HYDRA_CHECK_EQ(color, Color::kRed);
  else
    return 0;
  // NOLINTEND(google-readability-braces-around-statements)
  switch (color) {
    case Color::kRed:
      return 1;
    case Color::kBlue:
      break;
  }
  HYDRA_UNREACHABLE() << color;
}

TEST(CheckTest, ACheckIsOneStatement) {
  EXPECT_EQ(ValueOf(Color::kRed), 1);
  EXPECT_EQ(ValueOf(Color::kBlue), 0);
}

constexpr int Half(int number) {
  HYDRA_CHECK(number % 2 == 0) << "odd: " << number;
  return number / 2;
}
static_assert(Half(6) == 3);

TEST(CheckDeathTest, TellsPlaceExpressionAndMessage) {
  const int frames = 2;
  EXPECT_DEATH(HYDRA_CHECK(frames == 0) << frames << " frames are left",
               AllOf(HasSubstr("FATAL"), HasSubstr("check_test.cc:"),
                     HasSubstr("Check failed: frames == 0 2 frames are left\n")));
}

TEST(CheckDeathTest, NeedsNoMessage) {
  EXPECT_DEATH(HYDRA_CHECK(1 > 2), HasSubstr("Check failed: 1 > 2\n"));
  EXPECT_DEATH(HYDRA_CHECK_EQ(1, 2), HasSubstr("Check failed: 1 == 2 (1 vs. 2)\n"));
}

HYDRA_NOINLINE void FailInANamedFunction(int number) {
  HYDRA_CHECK_LT(number, 0);
  HYDRA_CHECK_GE(number, 0);  // so that the one above isn't a tail call
}

TEST(CheckDeathTest, ShowsTheStack) {
  EXPECT_DEATH(FailInANamedFunction(1),
               AllOf(HasSubstr("FailInANamedFunction("), HasSubstr("CheckDeathTest_ShowsTheStack"),
                     HasSubstr("check_test+0x")));
}

TEST(CheckDeathTest, ComparisonsTellTheirOperands) {
  const std::string name = "stack";
  const std::string_view other = "queue";
  EXPECT_DEATH(HYDRA_CHECK_EQ(name, other) << "names", HasSubstr("(stack vs. queue) names\n"));
  EXPECT_DEATH(HYDRA_CHECK_NE(name, "stack"), HasSubstr("name != \"stack\" (stack vs. stack)"));
  EXPECT_DEATH(HYDRA_CHECK_LT(uint64_t{1} << 63, 5u), HasSubstr("(9223372036854775808 vs. 5)"));
  EXPECT_DEATH(HYDRA_CHECK_LE(-1, -2), HasSubstr("(-1 vs. -2)"));
  EXPECT_DEATH(HYDRA_CHECK_GT(0.5, 1.5), HasSubstr("(0.5 vs. 1.5)"));
  EXPECT_DEATH(HYDRA_CHECK_GE('a', 'b'), HasSubstr("(a vs. b)"));
  EXPECT_DEATH(HYDRA_CHECK_EQ(Id{1}, Id{2}), HasSubstr("(id 1 vs. id 2)"));
  EXPECT_DEATH(HYDRA_CHECK_EQ(Color::kRed, Color::kBlue), HasSubstr("(3 vs. 5)"));
  const int* const pointer = nullptr;
  EXPECT_DEATH(HYDRA_CHECK_NE(pointer, nullptr), HasSubstr("(null vs. null)"));
}

TEST(CheckDeathTest, OperandsAreEvaluatedOnceAlsoOnFailure) {
  int left = 0;
  int right = 10;
  EXPECT_DEATH(HYDRA_CHECK_EQ(++left, ++right) << left << ", " << right,
               HasSubstr("Check failed: ++left == ++right (1 vs. 11) 1, 11\n"));
}

struct Unprintable {
  bool operator==(const Unprintable&) const = default;
  std::string ToString() const { throw std::runtime_error("no text"); }

  int value = 0;
};

// A handler further out must not let the OS process go on.
TEST(CheckDeathTest, AnOperandThatThrowsWhenPrintedSavesNothing) {
  const Unprintable one{1};
  const Unprintable two{2};
  EXPECT_DEATH(
      try { HYDRA_CHECK_EQ(one, two) << "never seen"; } catch (const std::exception&){},
      AllOf(HasSubstr("Check failed: one == two ("), HasSubstr("threw as it was printed)\n"),
            Not(HasSubstr("never seen"))));
  EXPECT_DEATH(
      try { HYDRA_CHECK(one == two) << one; } catch (const std::exception&){},
      HasSubstr("Check failed: one == two\n"));
}

TEST(CheckDeathTest, TheUnreachableIsFatal) {
  EXPECT_DEATH(HYDRA_UNREACHABLE(), HasSubstr("Unreachable code was reached.\n"));
  EXPECT_DEATH(HYDRA_UNREACHABLE() << "state " << 7, HasSubstr("was reached. state 7\n"));
}

#ifdef NDEBUG
TEST(CheckTest, ADebugCheckIsCompiledOut) {
  int evaluated = 0;
  HYDRA_DCHECK(++evaluated == 0) << ++evaluated;
  EXPECT_EQ(evaluated, 0);
}
#else
TEST(CheckDeathTest, ADebugCheckIsACheck) {
  EXPECT_DEATH(HYDRA_DCHECK(1 > 2) << "debug", HasSubstr("Check failed: 1 > 2 debug\n"));
}
#endif

}  // namespace
}  // namespace hydra
