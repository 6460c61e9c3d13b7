// How one application is stopped, and what it leaves.
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "hydra/application/application_testing.h"
#include "hydra/application/spec.h"
#include "hydra/application/system.h"
#include "hydra/base/log_testing.h"
#include "hydra/base/status_testing.h"
#include "hydra/process/process.h"
#include "hydra/process/testing/process_test.h"

namespace hydra {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

Async<> Idle() { co_await Sleep(absl::InfiniteDuration()); }

// An application whose root, when it is asked to end, does `at_end` first.
Application Ending(std::function<Async<>()> at_end) {
  return {.name = "shop", .start = [at_end]() -> Async<absl::StatusOr<Pid>> {
            const Pid starter = Self();
            const Pid root = SpawnLink([=]() -> Async<> {
              TrapExit(true);
              Send(starter, 1);
              co_await Receive<ExitSignal>();
              co_await at_end();
            });
            co_await Receive<int>();
            co_return root;
          }};
}

// ---- APP2

HYDRA_TEST(ApplicationStopTest, HappensInOrder) {
  auto journal = std::make_shared<Journal>();
  CO_ASSERT_THAT(co_await StartApplication(Journaled("shop", journal)), IsOk());
  EXPECT_OK(co_await StopApplication("shop"));
  EXPECT_THAT(journal->entries(),
              ElementsAre("start shop", "prep_stop shop", "root shop: shutdown", "stop shop"));
  EXPECT_THAT(co_await RunningApplications(), IsEmpty());
  EXPECT_FALSE(WhereIs("shop"));
}

HYDRA_TEST(ApplicationStopTest, HappensAlsoWhenTheRootHasEndedByItself) {  // APP2
  for (const ExitReason& reason : {ExitReason::Normal(), ExitReason::Custom("tired")}) {
    auto journal = std::make_shared<Journal>();
    Application shop = Journaled("shop", journal);
    shop.restart = Application::Restart::kTemporary;
    CO_ASSERT_THAT(co_await StartApplication(shop), IsOk());
    const Ref end = Monitor(WhereIs("application.shop"));
    Send("shop", EndWith{reason});
    EXPECT_EQ((co_await Receive<Down>().For(end)).reason, reason);
    EXPECT_THAT(journal->entries(), ElementsAre("start shop", "prep_stop shop", "stop shop"));
  }
}

HYDRA_TEST(ApplicationStopTest, KnowsWhyARootThatEndedAtOnceDidSo) {  // APP2
  Application shop = {.name = "shop",
                      .start = []() -> Async<absl::StatusOr<Pid>> {
                        const Pid root = SpawnLink([]() -> Async<> {
                          ExitSelf(ExitReason::Custom("no luck"));
                          co_return;
                        });
                        while (co_await IsAlive(root)) co_await Yield();
                        co_return root;
                      },
                      .restart = Application::Restart::kTemporary};
  const ScopedLogCapture log;
  CO_ASSERT_THAT(co_await StartApplication(shop), IsOk());
  while (!(co_await RunningApplications()).empty()) co_await Sleep(absl::Milliseconds(1));
  EXPECT_TRUE(log.Contains("application shop has ended: custom: no luck"));
}

HYDRA_TEST_BY_HAND(ApplicationStopTest, WaitsForTheRootAsLongAsItTakes) {  // APP2
  CO_ASSERT_THAT(
      co_await StartApplication(Ending([]() -> Async<> { co_await Sleep(absl::Hours(3)); })),
      IsOk());
  const absl::Time begin = Now();
  EXPECT_OK(co_await StopApplication("shop"));
  EXPECT_GE(Now() - begin, absl::Hours(3));
}

HYDRA_TEST_BY_HAND(ApplicationStopTest, PrepStopHasALimit) {  // APP2
  auto journal = std::make_shared<Journal>();
  Application shop = Journaled("shop", journal);
  shop.prep_stop = [] { return Idle(); };
  shop.prep_stop_limit = absl::Seconds(30);
  CO_ASSERT_THAT(co_await StartApplication(shop), IsOk());
  const ScopedLogCapture log;
  const absl::Time begin = Now();
  EXPECT_OK(co_await StopApplication("shop"));
  EXPECT_GE(Now() - begin, absl::Seconds(30));
  EXPECT_LE(Now() - begin, absl::Seconds(31));
  EXPECT_THAT(journal->entries(), ElementsAre("start shop", "root shop: shutdown", "stop shop"));
  EXPECT_TRUE(log.Contains("application shop: prep_stop hasn't ended within 30s, and is killed"));
}

HYDRA_TEST_BY_HAND(ApplicationStopTest, RootIsAskedToEndWhenPrepStopIsDone) {  // APP2
  auto journal = std::make_shared<Journal>();
  Application shop = Journaled("shop", journal);
  shop.prep_stop = [journal]() -> Async<> {
    co_await Sleep(absl::Seconds(4));
    journal->Add("drained");
  };
  CO_ASSERT_THAT(co_await StartApplication(shop), IsOk());
  EXPECT_OK(co_await StopApplication("shop"));
  EXPECT_THAT(journal->entries(),
              ElementsAre("start shop", "drained", "root shop: shutdown", "stop shop"));
}

HYDRA_TEST(ApplicationStopTest, GoesOnAfterACrash) {  // APP2
  auto journal = std::make_shared<Journal>();
  Application shop = Journaled("shop", journal);
  shop.prep_stop = []() -> Async<> {
    throw std::runtime_error("jammed");
    co_return;
  };
  CO_ASSERT_THAT(co_await StartApplication(shop), IsOk());
  const absl::Status stopped = co_await StopApplication("shop");
  EXPECT_THAT(stopped, StatusIs(absl::StatusCode::kUnavailable,
                                "application shop: error std::runtime_error: jammed"));
  EXPECT_EQ(ExitReasonOf(stopped), ExitReason::Error("std::runtime_error", "jammed"));
  EXPECT_THAT(journal->entries(), ElementsAre("start shop", "root shop: shutdown", "stop shop"));
}

HYDRA_TEST(ApplicationStopTest, TellsOfARootThatDoesNotEndInOrder) {  // APP2
  CO_ASSERT_THAT(co_await StartApplication(Ending([]() -> Async<> {
                   throw std::runtime_error("disk full");
                   co_return;
                 })),
                 IsOk());
  EXPECT_THAT(co_await StopApplication("shop"),
              StatusIs(absl::StatusCode::kUnavailable, HasSubstr("disk full")));
}

HYDRA_TEST(ApplicationStopTest, KillsWhatIsLeft) {  // APP2
  auto grandchild = std::make_shared<Pid>();
  auto stranger = std::make_shared<Pid>();
  CO_ASSERT_THAT(
      co_await StartApplication({.name = "shop",
                                 .start = [=]() -> Async<absl::StatusOr<Pid>> {
                                   co_return SpawnLink([=]() -> Async<> {
                                     // The child ends, and neither is linked to anybody.
                                     const absl::StatusOr<Pid> child =
                                         SpawnWith({.label = "child"}, [=]() -> Async<> {
                                           *grandchild =
                                               SpawnWith({.label = "grandchild"}, Idle).value();
                                           co_return;
                                         });
                                     *stranger = Spawn(Idle);
                                     co_await Idle();
                                   });
                                 }}),
      IsOk());
  while (!co_await IsAlive(*grandchild)) co_await Sleep(absl::Milliseconds(1));
  const ScopedLogCapture log;
  EXPECT_OK(co_await StopApplication("shop"));
  EXPECT_FALSE(co_await IsAlive(*grandchild));
  EXPECT_TRUE(log.Contains("application shop: killed 1 of its processes"));
  // Nobody knows whose child that is: see StopApplication.
  EXPECT_TRUE(co_await IsAlive(*stranger));
}

HYDRA_TEST(ApplicationStopTest, StopsThatOneOnly) {  // APP4
  auto journal = std::make_shared<Journal>();
  CO_ASSERT_THAT(
      co_await StartApplication(Journaled("shop", journal, {Journaled("stock", journal)})), IsOk());
  EXPECT_OK(co_await StopApplication("stock"));
  EXPECT_THAT(co_await RunningApplications(), ElementsAre("shop"));
  EXPECT_THAT(co_await StopApplication("stock"),
              StatusIs(absl::StatusCode::kNotFound, "application stock isn't running"));
}

HYDRA_TEST(ApplicationStopTest, OneThatWouldWaitForItselfIsRefused) {  // APP4
  auto journal = std::make_shared<Journal>();
  auto inner = std::make_shared<absl::Status>();
  Application shop = Journaled("shop", journal, {Journaled("stock", journal)});
  shop.prep_stop = [inner]() -> Async<> { *inner = co_await StopApplication("stock"); };
  CO_ASSERT_THAT(co_await StartApplication(shop), IsOk());
  EXPECT_OK(co_await StopApplication("shop"));
  EXPECT_THAT(*inner,
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("wait for itself")));
}

}  // namespace
}  // namespace hydra
