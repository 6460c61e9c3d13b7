#include "hydra/base/internal/stack_trace.h"

#include <algorithm>
#include <string>
#include <thread>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "hydra/base/compiler.h"

namespace hydra::base_internal {
namespace {

using ::testing::AllOf;
using ::testing::ContainsRegex;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

// The results are changed after the calls, so that these aren't tail calls.
HYDRA_NOINLINE std::string InnerFunction() { return StackTrace() + "\n(inner)"; }
HYDRA_NOINLINE std::string OuterFunction() { return InnerFunction() + "\n(outer)"; }

TEST(StackTraceTest, NamesCallersInnermostFirst) {
  EXPECT_THAT(OuterFunction(), AllOf(StartsWith("@ "), Not(HasSubstr("StackTrace()")),
                                     ContainsRegex("InnerFunction.*\n.*OuterFunction.*\n.*"
                                                   "NamesCallersInnermostFirst")));
}

TEST(StackTraceTest, TellsFileAndOffset) {
  EXPECT_THAT(OuterFunction(), ContainsRegex("InnerFunction.*stack_trace_test\\+0x[0-9a-f]+\\)"));
}

TEST(StackTraceTest, WorksOnAnyThread) {
  std::string trace;
  std::jthread([&trace] { trace = OuterFunction(); }).join();
  EXPECT_THAT(trace, AllOf(HasSubstr("OuterFunction"), Not(HasSubstr("main"))));
}

TEST(StackTraceTest, EndsAtItsDepthLimit) {
  struct Recursion {
    HYDRA_NOINLINE static std::string Descend(int depth) {
      return (depth == 0 ? StackTrace() : Descend(depth - 1)) + " ";
    }
  };
  const std::string trace = Recursion::Descend(1000);
  EXPECT_EQ(std::ranges::count(trace, '@'), 63);
}

}  // namespace
}  // namespace hydra::base_internal
