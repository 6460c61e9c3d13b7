#include "hydra/process/testing/probe.h"

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "hydra/process/async.h"
#include "hydra/process/pid.h"
#include "hydra/process/runtime.h"
#include "hydra/process/send.h"
#include "hydra/process/testing/manual_runtime.h"

namespace hydra {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

Async<> SendNumbers(Pid to, int count) {
  for (int i = 0; i < count; ++i) Send(to, i);
  co_return;
}

TEST(ProbeTest, RecordsWhatItIsSentInOrder) {
  ManualRuntime runtime;
  Probe probe(runtime);
  runtime.Send(probe.pid(), 1);
  runtime.Send(probe.pid(), "one");
  runtime.Send(probe.pid(), 2);
  runtime.RunUntilIdle();
  EXPECT_THAT(probe.Received<int>(), ElementsAre(1, 2));
  EXPECT_THAT(probe.Received<std::string>(), ElementsAre("one"));
  EXPECT_THAT(probe.Received<char>(), IsEmpty());
  EXPECT_THAT(probe.ReceivedTypes(), ElementsAre("int", "std::basic_string<char>", "int"));
}

TEST(ProbeTest, HasNothingBeforeItsTurn) {
  ManualRuntime runtime;
  Probe probe(runtime);
  runtime.Send(probe.pid(), 1);
  EXPECT_THAT(probe.Received<int>(), IsEmpty());
}

TEST(ProbeTest, ClearForgets) {
  ManualRuntime runtime;
  Probe probe(runtime);
  runtime.Send(probe.pid(), 1);
  runtime.RunUntilIdle();
  probe.Clear();
  runtime.Send(probe.pid(), 2);
  runtime.RunUntilIdle();
  EXPECT_THAT(probe.Received<int>(), ElementsAre(2));
}

TEST(ProbeTest, AwaitsWhatThreadsSend) {
  Runtime runtime({.schedulers = 2});
  Probe probe(runtime);
  runtime.Spawn(SendNumbers, probe.pid(), 1000);
  EXPECT_TRUE(probe.AwaitReceived<int>(1000));
  EXPECT_THAT(probe.Received<int>(), SizeIs(1000));
}

TEST(ProbeTest, ItsProcessEndsWithIt) {
  ManualRuntime runtime;
  Pid pid;
  {
    Probe probe(runtime);
    pid = probe.pid();
    EXPECT_TRUE(runtime.IsAlive(pid));
  }
  runtime.RunUntilIdle();
  EXPECT_FALSE(runtime.IsAlive(pid));
}

}  // namespace
}  // namespace hydra
