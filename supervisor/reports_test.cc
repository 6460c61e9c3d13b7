// What supervisors log: who, which child, why, and what follows.
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "hydra/base/log_severity.h"
#include "hydra/base/log_sink.h"
#include "hydra/base/log_testing.h"
#include "hydra/base/status_testing.h"
#include "hydra/genserver/genserver.h"
#include "hydra/process/process.h"
#include "hydra/process/testing/process_test.h"
#include "hydra/supervisor/child.h"
#include "hydra/supervisor/child_info.h"
#include "hydra/supervisor/child_spec.h"
#include "hydra/supervisor/dynamic_supervisor.h"
#include "hydra/supervisor/supervision_testing.h"
#include "hydra/supervisor/supervisor.h"

namespace hydra {
namespace {

using supervisor_testing::EndChild;
using supervisor_testing::EndOf;
using supervisor_testing::FailsAt;
using supervisor_testing::NextEvents;
using supervisor_testing::RecorderSpec;
using supervisor_testing::StartSupervisor;
using supervisor_testing::States;
using supervisor_testing::Stubborn;
using testing::ElementsAre;
using testing::IsEmpty;

// What the supervisor `pid` has logged.
std::vector<std::string> ReportsOf(const ScopedLogCapture& log, Pid pid) {
  std::vector<std::string> reports;
  for (const LogEntry& entry : log.entries()) {
    if (entry.text.starts_with("supervisor " + pid.ToString())) reports.push_back(entry.text);
  }
  return reports;
}

Async<ServerRef<Supervisor>> StartTop(SupervisorOptions options, Children children) {
  TrapExit(true);
  const auto top = co_await StartLink<Supervisor>({.name = "top"}, options, std::move(children));
  EXPECT_OK(top);
  co_return top.value();
}

HYDRA_TEST(ReportsTest, OfAChildThatIsStartedAnew) {
  const ScopedLogCapture log;
  const auto top = co_await StartTop({}, {RecorderSpec("a")});
  const Pid a = WhereIs("a");
  co_await EndChild("a", ExitReason::Custom("own"));
  EXPECT_OK(co_await CountChildren(top));
  EXPECT_THAT(ReportsOf(log, top.pid()),
              ElementsAre("supervisor " + top.pid().ToString() + " \"top\": child \"a\" " +
                          a.ToString() + " ended with custom: own; it is started anew"));
}

HYDRA_TEST(ReportsTest, OfACrashThatIsNotFollowedByARestart) {
  const ScopedLogCapture log;
  const auto supervisor =
      co_await StartSupervisor({}, {RecorderSpec("a", {.restart = Restart::kTemporary})});
  const Pid a = WhereIs("a");
  co_await EndChild("a");
  EXPECT_OK(co_await CountChildren(supervisor));
  EXPECT_THAT(ReportsOf(log, supervisor.pid()),
              ElementsAre("supervisor " + supervisor.pid().ToString() + ": child \"a\" " +
                          a.ToString() + " ended with killed; it is forgotten"));
}

HYDRA_TEST(ReportsTest, NothingOfCleanEndsThatAreNotFollowedByARestart) {
  const ScopedLogCapture log;
  for (const Restart restart : {Restart::kTransient, Restart::kTemporary}) {
    for (const ExitReason& reason :
         {ExitReason::Normal(), ExitReason::Shutdown(), ExitReason::Shutdown("detail")}) {
      const auto supervisor =
          co_await StartSupervisor({}, {RecorderSpec("a", {.restart = restart})});
      co_await EndChild("a", reason);
      EXPECT_OK(co_await Stop(supervisor));
    }
  }
  EXPECT_THAT(log.entries(), IsEmpty());
}

HYDRA_TEST(ReportsTest, NothingOfAStartAndAStop) {
  const ScopedLogCapture log;
  const auto supervisor = co_await StartSupervisor({}, {RecorderSpec("a"), RecorderSpec("b")});
  EXPECT_OK(co_await StartChild(supervisor, RecorderSpec("c")));
  EXPECT_OK(co_await TerminateChild(supervisor, "a"));
  EXPECT_OK(co_await RestartChild(supervisor, "a"));
  EXPECT_OK(co_await Stop(supervisor));
  EXPECT_THAT(log.entries(), IsEmpty());
}

// SUP14
HYDRA_TEST(ReportsTest, OfARestartThatFails) {
  const ScopedLogCapture log;
  const auto top = co_await StartTop({}, {FailsAt(2, RecorderSpec("a"))});
  co_await EndChild("a");
  co_await NextEvents(2);
  const std::vector<std::string> reports = ReportsOf(log, top.pid());
  CO_ASSERT_EQ(reports.size(), 2);
  EXPECT_EQ(reports[1],
            "supervisor " + top.pid().ToString() +
                " \"top\": failed to start child \"a\": out of order; it is tried again");
}

// SUP16
HYDRA_TEST(ReportsTest, OfOneThatGivesUp) {
  const ScopedLogCapture log;
  const auto top = co_await StartTop({.max_restarts = 0}, {RecorderSpec("a")});
  co_await EndChild("a");
  co_await EndOf(top.pid());
  const std::vector<std::string> reports = ReportsOf(log, top.pid());
  CO_ASSERT_EQ(reports.size(), 2);
  EXPECT_EQ(reports[1], "supervisor " + top.pid().ToString() +
                            " \"top\" ends: more than 0 restarts within 5s, "
                            "the last one of child \"a\"");
  EXPECT_EQ(log.entries().back().severity, LogSeverity::kError);
}

// SUP6
HYDRA_TEST_BY_HAND(ReportsTest, OfAChildThatMustBeKilled) {
  const ScopedLogCapture log;
  const auto top = co_await StartTop(
      {},
      {Child<Stubborn>({.shutdown = Shutdown::Within(absl::Seconds(2)), .server = {.name = "a"}},
                       absl::InfiniteDuration())});
  const Pid a = WhereIs("a");
  EXPECT_OK(co_await Stop(top));
  EXPECT_THAT(ReportsOf(log, top.pid()),
              ElementsAre("supervisor " + top.pid().ToString() + " \"top\": child \"a\" " +
                          a.ToString() + " hasn't ended within 2s; it is killed"));
}

// DYN4, DYN6
HYDRA_TEST_BY_HAND(ReportsTest, OfADynamicSupervisor) {
  const ScopedLogCapture log;
  TrapExit(true);
  const auto dynamic = co_await StartLink<DynamicSupervisor>(
      {.name = "dynamic"}, DynamicSupervisorOptions{.max_restarts = 2});
  CO_ASSERT_TRUE(dynamic.ok());
  EXPECT_OK(co_await StartChild(*dynamic, FailsAt(2, RecorderSpec("a"))));
  EXPECT_OK(co_await StartChild(
      *dynamic, Child<Stubborn>({.id = "b", .shutdown = Shutdown::Within(absl::Seconds(2))},
                                absl::InfiniteDuration())));
  co_await EndChild("a");
  co_await NextEvents(2);
  co_await EndChild("a");
  co_await EndOf(dynamic->pid());
  const std::vector<std::string> reports = ReportsOf(log, dynamic->pid());
  CO_ASSERT_EQ(reports.size(), 5);
  EXPECT_THAT(reports[0], testing::HasSubstr("\"dynamic\": child \"a\""));
  EXPECT_THAT(reports[1], testing::HasSubstr("\"dynamic\": failed to start child \"a\""));
  EXPECT_THAT(reports[3], testing::HasSubstr("\"dynamic\" ends: more than 2 restarts"));
  EXPECT_THAT(reports[4], testing::HasSubstr("\"dynamic\": child \"b\""));
}

}  // namespace
}  // namespace hydra
