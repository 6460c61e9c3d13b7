// How applications are started.
#include <memory>
#include <stdexcept>
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
#include "hydra/application/system.h"
#include "hydra/base/status_testing.h"
#include "hydra/process/process.h"
#include "hydra/process/testing/process_test.h"

namespace hydra {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

Async<> Idle() { co_await Sleep(absl::InfiniteDuration()); }

// An application whose start is `start`.
Application Starting(std::string name, std::function<Async<absl::StatusOr<Pid>>()> start) {
  return {.name = std::move(name), .start = std::move(start)};
}

// ---- APP1

HYDRA_TEST(ApplicationStartTest, LinksToTheRootItself) {
  auto root = std::make_shared<Pid>();
  CO_ASSERT_THAT(co_await StartApplication(Starting("shop",
                                                    [root]() -> Async<absl::StatusOr<Pid>> {
                                                      co_return * root =
                                                          Spawn(Idle);  // which no link makes
                                                    })),
                 IsOk());
  const Pid master = WhereIs("application.shop");
  const std::optional<ProcessInfo> info = co_await Info(*root);
  CO_ASSERT_TRUE(info.has_value());
  EXPECT_THAT(info->links, ElementsAre(master));
  EXPECT_THAT(co_await RunningApplications(), ElementsAre("shop"));

  const Ref end = Monitor(*root);
  Exit(master, ExitReason::Kill());
  const Down down = co_await Receive<Down>().For(end);
  EXPECT_EQ(down.reason, ExitReason::Killed());
}

HYDRA_TEST(ApplicationStartTest, EndsWithItsRoot) {  // APP1
  auto journal = std::make_shared<Journal>();
  Application shop = Journaled("shop", journal);
  shop.restart = Application::Restart::kTemporary;
  CO_ASSERT_THAT(co_await StartApplication(shop), IsOk());
  const Ref end = Monitor(WhereIs("application.shop"));
  Send("shop", EndWith{ExitReason::Custom("tired")});
  EXPECT_EQ((co_await Receive<Down>().For(end)).reason, ExitReason::Custom("tired"));
  EXPECT_THAT(co_await RunningApplications(), IsEmpty());
}

// ---- APP3

HYDRA_TEST(ApplicationStartTest, FailureSaysTheWayToIt) {
  auto journal = std::make_shared<Journal>();
  Application database = Starting("database", []() -> Async<absl::StatusOr<Pid>> {
    co_return absl::UnavailableError("failed to start child \"pool\": no route");
  });
  const auto started = co_await StartApplication(
      Journaled("shop", journal, {Journaled("stock", journal, {database})}));
  EXPECT_EQ(started.status().code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(started.status().message(),
            "application shop: dependency stock: dependency database: failed to start child "
            "\"pool\": no route");
  EXPECT_THAT(journal->entries(), IsEmpty());
}

HYDRA_TEST(ApplicationStartTest, CrashIsAFailure) {  // APP3
  const auto started =
      co_await StartApplication(Starting("shop", []() -> Async<absl::StatusOr<Pid>> {
        throw std::runtime_error("no route");
        co_return Pid();
      }));
  EXPECT_EQ(started.status().message(), "application shop: error std::runtime_error: no route");
  EXPECT_EQ(ExitReasonOf(started.status()), ExitReason::Error("std::runtime_error", "no route"));
}

HYDRA_TEST(ApplicationStartTest, NobodysPidIsAFailure) {  // APP3
  const auto started = co_await StartApplication(
      Starting("shop", []() -> Async<absl::StatusOr<Pid>> { co_return Pid(); }));
  EXPECT_THAT(started, StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("nobody's pid")));
}

HYDRA_TEST(ApplicationStartTest, LeavesNothingHalfStarted) {  // APP3
  auto journal = std::make_shared<Journal>();
  auto part = std::make_shared<Pid>();
  Application shop = Starting("shop", [part]() -> Async<absl::StatusOr<Pid>> {
    absl::StatusOr<Pid> spawned = SpawnWith({.label = "a part"}, Idle);
    *part = spawned.value_or(Pid());
    co_return absl::InternalError("the other part failed");
  });
  shop.dependencies = {Journaled("stock", journal), Journaled("bank", journal)};
  CO_ASSERT_THAT(co_await StartApplication(Journaled("stock", journal)), IsOk());

  EXPECT_THAT(co_await StartApplication(shop), StatusIs(absl::StatusCode::kInternal, testing::_));
  EXPECT_TRUE(*part);
  EXPECT_FALSE(co_await IsAlive(*part));
  EXPECT_FALSE(WhereIs("application.shop"));
  // What the call has started is stopped again; what ran before runs on.
  EXPECT_THAT(co_await RunningApplications(), ElementsAre("stock"));
  EXPECT_THAT(journal->entries(), ElementsAre("start stock", "start bank", "prep_stop bank",
                                              "root bank: shutdown", "stop bank"));
}

HYDRA_TEST(ApplicationStartTest, CanBeTriedAgain) {  // APP3
  auto tries = std::make_shared<int>();
  const Application shop = Starting("shop", [tries]() -> Async<absl::StatusOr<Pid>> {
    if (++*tries == 1) co_return absl::UnavailableError("not yet");
    co_return SpawnWith({.name = "root", .link = true}, Idle);
  });
  EXPECT_THAT(co_await StartApplication(shop),
              StatusIs(absl::StatusCode::kUnavailable, testing::_));
  EXPECT_THAT(co_await StartApplication(shop), IsOkAndHolds(ElementsAre("shop")));
}

// ---- APP4

HYDRA_TEST(ApplicationStartTest, StartsDependenciesFirstAndOnce) {
  auto journal = std::make_shared<Journal>();
  const Application log = Journaled("log", journal);
  const Application database = Journaled("database", journal, {log});
  const Application stock = Journaled("stock", journal, {database, log});
  EXPECT_THAT(co_await StartApplication(Journaled("shop", journal, {stock, database})),
              IsOkAndHolds(ElementsAre("log", "database", "stock", "shop")));
  EXPECT_THAT(journal->entries(),
              ElementsAre("start log", "start database", "start stock", "start shop"));
  EXPECT_THAT(co_await RunningApplications(), ElementsAre("log", "database", "stock", "shop"));
}

HYDRA_TEST(ApplicationStartTest, DependencyIsReadyBeforeItIsNeeded) {  // APP4
  auto journal = std::make_shared<Journal>();
  Application slow = Starting("slow", [journal]() -> Async<absl::StatusOr<Pid>> {
    co_await Sleep(absl::Milliseconds(20));
    journal->Add("slow is ready");
    co_return SpawnLink(Idle);
  });
  CO_ASSERT_THAT(co_await StartApplication(Journaled("shop", journal, {slow})), IsOk());
  EXPECT_THAT(journal->entries(), ElementsAre("slow is ready", "start shop"));
}

HYDRA_TEST(ApplicationStartTest, SecondStartStartsNothing) {  // APP4
  auto journal = std::make_shared<Journal>();
  EXPECT_THAT(co_await StartApplication(Journaled("shop", journal)),
              IsOkAndHolds(ElementsAre("shop")));
  EXPECT_THAT(co_await StartApplication(Journaled("shop", journal)), IsOkAndHolds(IsEmpty()));
  EXPECT_THAT(journal->entries(), ElementsAre("start shop"));
}

Async<> StartAndTell(Application application, Pid to) {
  Send(to, co_await StartApplication(std::move(application)));
}

HYDRA_TEST(ApplicationStartTest, ConcurrentStartsMakeOne) {  // APP4
  constexpr int kStarters = 5;
  using Result = absl::StatusOr<std::vector<std::string>>;
  auto journal = std::make_shared<Journal>();
  for (int i = 0; i < kStarters; ++i) Spawn(StartAndTell, Journaled("shop", journal), Self());
  int have_started = 0;
  for (int i = 0; i < kStarters; ++i) {
    const Result result = co_await Receive<Result>();
    CO_ASSERT_THAT(result, IsOk());
    if (!result->empty()) ++have_started;
  }
  EXPECT_EQ(have_started, 1);
  EXPECT_THAT(journal->entries(), ElementsAre("start shop"));
}

HYDRA_TEST(ApplicationStartTest, OneThatWouldWaitForItselfIsRefused) {  // APP4
  auto journal = std::make_shared<Journal>();
  auto inner = std::make_shared<absl::Status>();
  Application shop = Starting("shop", [=]() -> Async<absl::StatusOr<Pid>> {
    *inner = (co_await StartApplication(Journaled("bank", journal))).status();
    // Questions are answered meanwhile.
    for (const std::string& name : co_await RunningApplications()) journal->Add(name + " runs");
    co_return SpawnLink(Idle);
  });
  shop.dependencies = {Journaled("stock", journal)};
  CO_ASSERT_THAT(co_await StartApplication(shop), IsOk());
  EXPECT_THAT(*inner,
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("wait for itself")));
  EXPECT_THAT(journal->entries(), ElementsAre("start stock", "stock runs"));
}

HYDRA_TEST(ApplicationStartTest, BadApplicationsAreRefusedBeforeAnythingStarts) {
  auto journal = std::make_shared<Journal>();
  const auto started =
      co_await StartApplication(Journaled("shop", journal, {Journaled("stock", journal), {}}));
  EXPECT_THAT(started, StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("no name")));
  EXPECT_THAT(journal->entries(), IsEmpty());
}

}  // namespace
}  // namespace hydra
