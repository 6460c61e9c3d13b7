// The example, as two OS processes.
#include <csignal>
#include <cstdlib>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "hydra/application/testing/child_program.h"

namespace hydra {
namespace {

using testing::HasSubstr;
using testing::MatchesRegex;

std::string Program() { return std::getenv("HYDRA_CLUSTER_PING"); }

TEST(ClusterPingTest, OneNodePingsTheOther) {
  ChildProgram pinged(Program(), {"--name=a"});
  ASSERT_TRUE(pinged.WaitFor(" is there\n"));
  const std::string name = pinged.output().substr(0, pinged.output().find(' '));
  EXPECT_THAT(name, MatchesRegex("a@127\\.0\\.0\\.1:[0-9]+"));

  ChildProgram pinging(Program(), {"--name=b", "--ping=" + name});
  EXPECT_EQ(pinging.Wait(), "exit code 0");
  EXPECT_THAT(pinging.output(),
              MatchesRegex("[0-9]+ round trips, [0-9.]+[a-z]+ each, the longest [0-9.]+[a-z]+\n"
                           "[0-9]+ messages of 64 bytes, [0-9]+ a second\n"));
  EXPECT_TRUE(pinged.WaitFor(" is down: "));
  EXPECT_THAT(pinged.output(), HasSubstr("b@127.0.0.1:"));
  pinged.Signal(SIGINT);
  EXPECT_EQ(pinged.Wait(), "exit code 0");

  ChildProgram alone(Program(), {"--name=b", "--ping=" + name});
  EXPECT_EQ(alone.Wait(), "exit code 1");
  EXPECT_THAT(alone.errors(), HasSubstr(name + ": UNAVAILABLE"));
}

}  // namespace
}  // namespace hydra
