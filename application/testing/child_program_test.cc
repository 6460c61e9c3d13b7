#include "hydra/application/testing/child_program.h"

#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <string>

#include "gtest/gtest.h"

namespace hydra {
namespace {

constexpr char kShell[] = "/bin/sh";

TEST(ChildProgramTest, TellsWhatItHasWrittenAndHowItHasEnded) {
  ChildProgram program(kShell, {"-c", "echo ready; echo late >&2; exit 3"});
  EXPECT_TRUE(program.WaitFor("ready"));
  EXPECT_EQ(program.Wait(), "exit code 3");
  EXPECT_EQ(program.output(), "ready\n");
  EXPECT_EQ(program.errors(), "late\n");
}

TEST(ChildProgramTest, IsSignalled) {
  ChildProgram program(kShell, {"-c", "echo ready; exec sleep 1000"});
  EXPECT_TRUE(program.WaitFor("ready"));
  program.Signal(SIGKILL);
  EXPECT_EQ(program.Wait(), "signal 9");
}

// A pipe has 64 KiB, of which nobody asks.
TEST(ChildProgramTest, IsNotHeldUpByWhatItWrites) {
  const std::string fifo = testing::TempDir() + "/fifo" + std::to_string(getpid());
  ASSERT_EQ(mkfifo(fifo.c_str(), 0600), 0);
  ChildProgram talking(kShell, {"-c", "head -c 300000 /dev/zero; echo done > " + fifo});
  ChildProgram listening("/bin/cat", {fifo});
  EXPECT_TRUE(listening.WaitFor("done"));
  EXPECT_EQ(talking.Wait(), "exit code 0");
  EXPECT_EQ(talking.output().size(), 300'000U);
}

}  // namespace
}  // namespace hydra
