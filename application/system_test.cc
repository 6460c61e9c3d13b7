// How the whole system is stopped, and what stops it.
#include "hydra/application/system.h"

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "hydra/application/application_testing.h"
#include "hydra/application/spec.h"
#include "hydra/base/status_testing.h"
#include "hydra/process/process.h"
#include "hydra/process/testing/process_test.h"

namespace hydra {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using Restart = Application::Restart;

Async<> Idle() { co_await Sleep(absl::InfiniteDuration()); }

// ---- APP5

// Whether the system stops when a root with that restart ends, and with what exit code.
struct EndCase {
  Restart restart;
  ExitReason reason;
  std::optional<int> exit_code;
};

std::vector<EndCase> EndCases() {
  const ExitReason crash = ExitReason::Custom("crash");
  const ExitReason detail = ExitReason::Shutdown("enough");
  return {{Restart::kPermanent, ExitReason::Normal(), 0},
          {Restart::kPermanent, detail, 0},
          {Restart::kPermanent, crash, 1},
          {Restart::kPermanent, ExitReason::Killed(), 1},
          {Restart::kTransient, ExitReason::Normal(), std::nullopt},
          {Restart::kTransient, detail, std::nullopt},
          {Restart::kTransient, crash, 1},
          {Restart::kTransient, ExitReason::Killed(), 1},
          {Restart::kTemporary, ExitReason::Normal(), std::nullopt},
          {Restart::kTemporary, detail, std::nullopt},
          {Restart::kTemporary, crash, std::nullopt},
          {Restart::kTemporary, ExitReason::Killed(), std::nullopt}};
}

Async<> EndOfARoot(EndCase end) {
  auto journal = std::make_shared<Journal>();
  Application shop = Journaled("shop", journal, {Journaled("stock", journal)});
  shop.restart = end.restart;
  CO_ASSERT_THAT(co_await StartApplication(shop), IsOk());
  const Ref ref = Monitor(WhereIs("application.shop"));
  Send("shop", EndWith{end.reason});
  co_await Receive<Down>().For(ref);
  if (end.exit_code.has_value()) {
    EXPECT_EQ(co_await SystemStopped(), *end.exit_code);
    EXPECT_THAT(co_await RunningApplications(), IsEmpty());
    EXPECT_THAT(journal->entries(),
                ElementsAre("start stock", "start shop", "prep_stop shop", "stop shop",
                            "prep_stop stock", "root stock: shutdown", "stop stock"));
  } else {
    EXPECT_THAT(co_await RunningApplications(), ElementsAre("stock"));
    EXPECT_THAT(co_await StartApplication(shop), IsOkAndHolds(ElementsAre("shop")));
  }
}

TEST(ApplicationSystemTest, EndOfARootStopsTheSystemIfItsRestartSaysSo) {  // APP5
  for (const EndCase& end : EndCases()) {
    const testing::ScopedTrace trace(
        __FILE__, __LINE__,
        "restart " + std::to_string(static_cast<int>(end.restart)) + ", " + end.reason.ToString());
    TestByHand([end] { return EndOfARoot(end); });
    TestOnThreads([end] { return EndOfARoot(end); });
  }
}

// ---- APP7

HYDRA_TEST(ApplicationSystemTest, StopsInReverseOrder) {
  auto journal = std::make_shared<Journal>();
  const Application log = Journaled("log", journal);
  CO_ASSERT_THAT(
      co_await StartApplication(Journaled("shop", journal, {Journaled("stock", journal, {log})})),
      IsOk());
  CO_ASSERT_THAT(co_await StartApplication(Journaled("bank", journal, {log})), IsOk());
  StopSystem(3);
  StopSystem(4);  // the first counts
  EXPECT_EQ(co_await SystemStopped(), 3);
  EXPECT_EQ(co_await SystemStopped(), 3);
  EXPECT_THAT(journal->entries(),
              ElementsAre("start log", "start stock", "start shop", "start bank",  //
                          "prep_stop bank", "root bank: shutdown", "stop bank",    //
                          "prep_stop shop", "root shop: shutdown", "stop shop",    //
                          "prep_stop stock", "root stock: shutdown", "stop stock",
                          // APP10: what everything depends on, as a node will be, goes down last.
                          "prep_stop log", "root log: shutdown", "stop log"));
}

HYDRA_TEST(ApplicationSystemTest, StartsNothingAnyMore) {  // APP7
  auto journal = std::make_shared<Journal>();
  StopSystem();
  EXPECT_EQ(co_await SystemStopped(), 0);
  EXPECT_THAT(
      co_await StartApplication(Journaled("shop", journal)),
      StatusIs(absl::StatusCode::kFailedPrecondition, "application shop: the system is stopping"));
  EXPECT_THAT(co_await StopApplication("shop"),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("the system is stopping")));
}

HYDRA_TEST(ApplicationSystemTest, RefusesWhatWouldHoldTheStopUp) {  // APP7
  auto journal = std::make_shared<Journal>();
  auto inner = std::make_shared<absl::Status>();
  Application shop = Journaled("shop", journal, {Journaled("stock", journal)});
  shop.stop = [=]() -> Async<> {
    // By a process that no application knows.
    const Pid self = Self();
    Spawn([=]() -> Async<> { Send(self, co_await StopApplication("stock")); });
    *inner = co_await Receive<absl::Status>();
  };
  CO_ASSERT_THAT(co_await StartApplication(shop), IsOk());
  StopSystem();
  EXPECT_EQ(co_await SystemStopped(), 0);
  EXPECT_THAT(*inner, StatusIs(absl::StatusCode::kFailedPrecondition,
                               "application stock: the system is stopping"));
}

Async<> StartAndTell(Application application, Pid to) {
  Send(to, co_await StartApplication(std::move(application)));
}

HYDRA_TEST(ApplicationSystemTest, BreaksAStartOff) {  // APP9
  auto journal = std::make_shared<Journal>();
  auto part = std::make_shared<Pid>();
  const Pid self = Self();
  Application shop = {.name = "shop",
                      .start = [=]() -> Async<absl::StatusOr<Pid>> {
                        *part = SpawnLink(Idle);
                        Send(self, 1);
                        co_await Idle();
                        co_return *part;
                      },
                      .dependencies = {Journaled("stock", journal)}};
  Spawn(StartAndTell, shop, Self());
  co_await Receive<int>();
  StopSystem();
  EXPECT_EQ(co_await SystemStopped(), 0);
  using Result = absl::StatusOr<std::vector<std::string>>;
  EXPECT_THAT(co_await Receive<Result>(),
              StatusIs(absl::StatusCode::kCancelled, "application shop: the system is stopping"));
  EXPECT_FALSE(co_await IsAlive(*part));
  EXPECT_THAT(journal->entries(),
              ElementsAre("start stock", "prep_stop stock", "root stock: shutdown", "stop stock"));
}

// By hand: on threads the system may begin to stop before the start is done, and break it off.
HYDRA_TEST_BY_HAND(ApplicationSystemTest, AStartThatIsDoneIsNotBrokenOff) {  // APP9
  auto journal = std::make_shared<Journal>();
  Application shop = Journaled("shop", journal);
  shop.start = [start = shop.start]() -> Async<absl::StatusOr<Pid>> {
    absl::StatusOr<Pid> root = co_await start();
    StopSystem();
    co_return root;
  };
  EXPECT_THAT(co_await StartApplication(shop), IsOk());
  EXPECT_EQ(co_await SystemStopped(), 0);
  EXPECT_THAT(journal->entries(),
              ElementsAre("start shop", "prep_stop shop", "root shop: shutdown", "stop shop"));
}

HYDRA_TEST(ApplicationSystemTest, ACrashDuringAStartStopsTheSystem) {  // APP5
  auto journal = std::make_shared<Journal>();
  Application shop = {.name = "shop",
                      .start = []() -> Async<absl::StatusOr<Pid>> {
                        Send("stock", EndWith{ExitReason::Custom("crash")});
                        co_await Idle();
                        co_return Pid();
                      },
                      .dependencies = {Journaled("stock", journal)}};
  EXPECT_THAT(co_await StartApplication(shop), StatusIs(absl::StatusCode::kCancelled, testing::_));
  EXPECT_EQ(co_await SystemStopped(), 1);
}

// ---- APP8

HYDRA_TEST(ApplicationSystemTest, DisorderTurnsExitCodeZeroIntoOne) {
  auto journal = std::make_shared<Journal>();
  Application shop = Journaled("shop", journal);
  shop.stop = []() -> Async<> {
    ExitSelf(ExitReason::Custom("jammed"));
    co_return;
  };
  CO_ASSERT_THAT(co_await StartApplication(shop), IsOk());
  StopSystem();
  EXPECT_EQ(co_await SystemStopped(), 1);
}

HYDRA_TEST(ApplicationSystemTest, ACrashDuringTheStopIsDisorder) {  // APP8
  auto journal = std::make_shared<Journal>();
  Application shop = Journaled("shop", journal, {Journaled("stock", journal)});
  shop.prep_stop = []() -> Async<> {
    const Ref end = Monitor(WhereIs("application.stock"));
    Send("stock", EndWith{ExitReason::Custom("crash")});
    co_await Receive<Down>().For(end);
  };
  CO_ASSERT_THAT(co_await StartApplication(shop), IsOk());
  StopSystem();
  EXPECT_EQ(co_await SystemStopped(), 1);
}

}  // namespace
}  // namespace hydra
