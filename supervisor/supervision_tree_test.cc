#include "hydra/supervisor/supervision_tree.h"

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "hydra/base/log_testing.h"
#include "hydra/base/status_testing.h"
#include "hydra/genserver/genserver.h"
#include "hydra/process/process.h"
#include "hydra/process/testing/process_test.h"
#include "hydra/supervisor/child.h"
#include "hydra/supervisor/dynamic_supervisor.h"
#include "hydra/supervisor/supervisor.h"

namespace hydra {
namespace {

using testing::StartsWith;

struct Never {};

Async<> WaitForEver() { co_await Receive<Never>(); }

Async<ServerRef<Supervisor>> StartTop() {
  auto top = co_await StartLink<Supervisor>(
      {.name = "top"}, SupervisorOptions{},
      Children{ProcessChild({.id = "clock", .server = {.name = "clock"}}, WaitForEver),
               Child<Supervisor>(
                   {.id = "below", .server = {.name = "cellar"}}, SupervisorOptions{},
                   Children{ProcessChild({.id = "say \"wine\"", .restart = Restart::kTransient},
                                         WaitForEver)}),
               Child<DynamicSupervisor>({.id = "guests"}, DynamicSupervisorOptions{})});
  co_return top.value();
}

// Without pids, which differ.
std::string Anonymous(std::string text) {
  for (size_t from = text.find('<'); from != std::string::npos; from = text.find('<', from + 1))
    text.replace(from + 1, text.find('>', from) - from - 1, "");
  return text;
}

HYDRA_TEST(SupervisionTreeTest, HasALineForEachProcess) {
  const ScopedLogCapture quiet;
  const auto top = co_await StartTop();
  const ServerRef<Supervisor> below("cellar");
  EXPECT_OK(co_await TerminateChild(below, "say \"wine\""));
  const Ref ref = Monitor(WhereIs("clock"));
  Exit(WhereIs("clock"), ExitReason::Kill());
  co_await Receive<Down>().For(ref);
  const auto guests = (co_await WhichChildren(top))->back().pid;
  EXPECT_OK(co_await StartChild(ServerRef<DynamicSupervisor>(guests),
                                ProcessChild({.restart = Restart::kTemporary}, WaitForEver)));
  const auto tree = co_await GetSupervisionTree("top");
  CO_ASSERT_TRUE(tree.ok()) << tree.status();
  EXPECT_EQ(Anonymous(ToText(*tree)),
            "<> \"top\" supervisor, running\n"
            "├─ clock <>, running, 1 restart\n"
            "├─ below <> \"cellar\" supervisor, running\n"
            "│  └─ say \"wine\", stopped\n"
            "└─ guests <> supervisor, running\n"
            "   └─ process <>, running\n");
}

HYDRA_TEST(SupervisionTreeTest, IsAGraphWithQuotesEscaped) {
  co_await StartTop();
  const auto tree = co_await GetSupervisionTree("top");
  CO_ASSERT_TRUE(tree.ok()) << tree.status();
  EXPECT_EQ(Anonymous(ToDot(*tree)),
            "digraph supervision {\n"
            "  rankdir=LR;\n"
            "  n0 [label=\"<> \\\"top\\\" supervisor\nrunning\", shape=box];\n"
            "  n1 [label=\"clock <>\nrunning\"];\n"
            "  n0 -> n1;\n"
            "  n2 [label=\"below <> \\\"cellar\\\" supervisor\nrunning\", shape=box];\n"
            "  n3 [label=\"say \\\"wine\\\" <>\nrunning\"];\n"
            "  n2 -> n3;\n"
            "  n0 -> n2;\n"
            "  n4 [label=\"guests <> supervisor\nrunning\", shape=box];\n"
            "  n0 -> n4;\n"
            "}\n");
}

HYDRA_TEST(SupervisionTreeTest, FailsIfThereIsNoSupervisor) {
  EXPECT_THAT(co_await GetSupervisionTree("nobody"), StatusIs(absl::StatusCode::kNotFound));
}

}  // namespace
}  // namespace hydra
