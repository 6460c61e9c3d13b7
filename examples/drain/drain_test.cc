// The example, stopped by a real signal.
#include <csignal>
#include <cstdlib>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "hydra/application/testing/child_program.h"

namespace hydra {
namespace {

using testing::HasSubstr;
using testing::Not;

// APP2, APP7, APP8
TEST(DrainTest, EveryJobIsDoneOrRefused) {
  for (const int signal : {SIGTERM, SIGINT}) {
    ChildProgram drain(std::getenv("HYDRA_DRAIN"), {});
    ASSERT_TRUE(drain.WaitFor("a1 is done"));
    drain.Signal(signal);
    EXPECT_EQ(drain.Wait(), "exit code 0");
    EXPECT_THAT(drain.output(), HasSubstr("draining "));
    EXPECT_THAT(drain.output(), HasSubstr("drained: OK\n"));
    // A customer brings its next job when it has the answer to the last: none is without an answer, and the
    // last one is a refusal.
    for (const std::string customer : {"a", "b", "c"}) {
      int job = 1;
      const auto line = [&](const char* says) { return customer + std::to_string(job) + says; };
      while (drain.output().find(line(" is done\n")) != std::string::npos) ++job;
      EXPECT_THAT(drain.output(),
                  HasSubstr(line(" is refused: UNAVAILABLE: the desk is closing\n")));
      ++job;
      EXPECT_THAT(drain.output(), Not(HasSubstr(line(" is"))));
    }
  }
}

}  // namespace
}  // namespace hydra
