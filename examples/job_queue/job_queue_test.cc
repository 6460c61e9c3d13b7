// The example, as OS processes of which one is killed.
#include <csignal>
#include <cstdlib>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "hydra/application/testing/child_program.h"

namespace hydra {
namespace {

using testing::ContainsRegex;
using testing::HasSubstr;

std::string Program() { return std::getenv("HYDRA_JOB_QUEUE"); }

TEST(JobQueueTest, EachJobIsDoneOnceThoughANodeIsKilled) {
  ChildProgram queue(Program(), {"--jobs=300"});
  ASSERT_TRUE(queue.WaitFor(" has jobs\n"));
  const std::string name = queue.output().substr(0, queue.output().find(' '));
  ChildProgram killed(Program(), {"--name=w1", "--queue=" + name});
  ASSERT_TRUE(killed.WaitFor("4 workers for " + name));
  ASSERT_TRUE(queue.WaitFor(" 4 with workers, "));
  killed.Signal(SIGKILL);
  EXPECT_EQ(killed.Wait(), "signal 9");
  ASSERT_TRUE(queue.WaitFor(" waits again\n"));

  ChildProgram second(Program(), {"--name=w2", "--queue=" + name});
  ChildProgram third(Program(), {"--name=w3", "--queue=" + name});
  EXPECT_EQ(queue.Wait(), "exit code 0");
  // One may just have had none.
  EXPECT_THAT(queue.output(),
              ContainsRegex("\n0 waiting, 0 with workers, 300 done, [1-4] retried; 300 of 300\n"));
  EXPECT_EQ(second.Wait(), "exit code 0");
  EXPECT_EQ(third.Wait(), "exit code 0");
  EXPECT_THAT(second.output(), HasSubstr("the queue has gone"));
}

TEST(JobQueueTest, WorkersOfNoQueueEnd) {
  ChildProgram alone(Program(), {"--name=w1", "--queue=nobody@127.0.0.1:1"});
  EXPECT_EQ(alone.Wait(), "exit code 0");
  EXPECT_THAT(alone.output(), HasSubstr("the queue has gone"));
}

}  // namespace
}  // namespace hydra
