// Exit codes and signals of real OS processes: see run_application_scenarios.cc for what they do.
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

class Program : public ChildProgram {
 public:
  explicit Program(const std::string& scenario)
      : ChildProgram(std::getenv("HYDRA_SCENARIOS"), {scenario}) {}
};

// ---- APP7

TEST(RunApplicationTest, SignalStopsTheSystemInOrder) {
  for (const int signal : {SIGTERM, SIGINT}) {
    Program shop("serve");
    ASSERT_TRUE(shop.WaitFor("application shop has started"));
    shop.Signal(signal);
    EXPECT_EQ(shop.Wait(), "exit code 0");  // APP8
    EXPECT_EQ(shop.output(),
              "stock is ready\nshop is ready\n"
              "prep_stop of shop\nshop is asked to end\nstop of shop\n"
              "prep_stop of stock\nstock is asked to end\nstop of stock\n");
  }
}

TEST(RunApplicationTest, LimitEndsWhatNeverEnds) {  // APP7
  Program shop("never end, with a limit");
  ASSERT_TRUE(shop.WaitFor("application shop has started"));
  shop.Signal(SIGTERM);
  EXPECT_EQ(shop.Wait(), "exit code 1");
  EXPECT_THAT(shop.output(), Not(HasSubstr("\nstop of shop\n")));
  EXPECT_THAT(shop.errors(), HasSubstr("the system hasn't stopped within 200ms (still running: "
                                       "shop): ending at once\n"));
}

TEST(RunApplicationTest, LimitEndsWhatComputesForEver) {  // APP7
  Program shop("compute for ever, with a limit");
  ASSERT_TRUE(shop.WaitFor("computing"));
  shop.Signal(SIGTERM);
  EXPECT_EQ(shop.Wait(), "exit code 1");
}

TEST(RunApplicationTest, LimitCountsWhoeverStopsTheSystem) {  // APP7
  Program shop("leave one that computes");
  EXPECT_EQ(shop.Wait(), "exit code 1");
  EXPECT_THAT(shop.errors(), HasSubstr("hasn't stopped within 200ms"));
}

// ---- APP8

TEST(RunApplicationTest, ExitCodeIsZeroIfThePermanentRootEndsInOrder) {
  EXPECT_EQ(Program("end").Wait(), "exit code 0");
}

TEST(RunApplicationTest, ExitCodeIsOneIfThePermanentRootCrashes) {  // APP8
  EXPECT_EQ(Program("crash").Wait(), "exit code 1");
}

TEST(RunApplicationTest, ExitCodeIsTheOneAskedFor) {  // APP7
  EXPECT_EQ(Program("ask for an exit code").Wait(), "exit code 7");
}

TEST(RunApplicationTest, FailedStartIsToldInOneLine) {  // APP3, APP8
  Program shop("fail to start");
  EXPECT_EQ(shop.Wait(), "exit code 1");
  EXPECT_THAT(shop.errors(),
              HasSubstr("\napplication shop: dependency database: failed to start child "
                        "\"pool\": error std::runtime_error: no route\n"));
  EXPECT_THAT(shop.output(), HasSubstr("stop of stock\n"));
}

TEST(RunApplicationTest, ExitCodeIsOneAfterAStopThatWasNotInOrder) {  // APP8
  Program shop("stop in disorder");
  ASSERT_TRUE(shop.WaitFor("application shop has started"));
  shop.Signal(SIGTERM);
  EXPECT_EQ(shop.Wait(), "exit code 1");
}

// ---- APP9

TEST(RunApplicationTest, SignalDuringAStartStopsTheSystem) {
  Program shop("start for ever");
  ASSERT_TRUE(shop.WaitFor("starting"));
  shop.Signal(SIGTERM);
  EXPECT_EQ(shop.Wait(), "exit code 0");
  EXPECT_THAT(shop.output(), HasSubstr("stock is asked to end\nstop of stock\n"));
}

TEST(RunApplicationTest, SecondSignalEndsTheProgramAtOnce) {  // APP9
  for (const int first : {SIGTERM, SIGINT}) {
    for (const int second : {SIGTERM, SIGINT}) {
      Program shop("never end");
      ASSERT_TRUE(shop.WaitFor("application shop has started"));
      shop.Signal(first);
      ASSERT_TRUE(shop.WaitFor("shop is asked to end"));
      shop.Signal(second);
      EXPECT_EQ(shop.Wait(), "exit code " + std::to_string(128 + second));
      EXPECT_THAT(shop.output(), Not(HasSubstr("\nstop of shop")));
    }
  }
}

TEST(RunApplicationTest, SecondSignalNeedsNoScheduler) {  // APP9
  Program shop("compute for ever");
  ASSERT_TRUE(shop.WaitFor("computing"));
  shop.Signal(SIGTERM);
  shop.Signal(SIGINT);  // of another number, so that both are pending
  EXPECT_THAT(shop.Wait(), testing::AnyOf("exit code 130", "exit code 143"));
}

TEST(RunApplicationTest, SignalAfterTheStopHasBegunChangesNothing) {  // APP9
  EXPECT_EQ(Program("get a late signal").Wait(), "exit code 0");
}

TEST(RunApplicationTest, SignalThatComesTooLateIsDropped) {  // APP9
  EXPECT_EQ(Program("get a signal at the very end").Wait(), "exit code 0");
}

TEST(RunApplicationTest, SignalsAreAsBeforeWhenItHasReturned) {  // APP9
  Program shop("restore the mask");
  EXPECT_EQ(shop.Wait(), "signal 15");
  EXPECT_EQ(shop.output(), "exit code 0\nSIGINT is blocked\n");
}

// ---- APP6

TEST(RunApplicationTest, SettingsAreThoseOfTheOptions) {
  Program shop("set shop.port to 9090");
  EXPECT_EQ(shop.Wait(), "exit code 0");
  EXPECT_EQ(shop.output(), "port 9090\n");
}

TEST(RunApplicationTest, WrongSettingsStartNothing) {  // APP6
  Program many("set shop.port to many");
  EXPECT_EQ(many.Wait(), "exit code 1");
  EXPECT_EQ(many.errors(), "setting shop.port: \"many\" should be a whole number of 32 bits\n");
  EXPECT_EQ(many.output(), "");

  Program prot("set shop.prot to 9090");
  EXPECT_EQ(prot.Wait(), "exit code 1");
  EXPECT_EQ(prot.errors(), "setting shop.prot: there is no such setting; there is shop.port\n");
}

}  // namespace
}  // namespace hydra
