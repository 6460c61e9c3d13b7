// What a supervisor does when it is started, when children end, and when it ends: semantics.md §10.
#include "hydra/supervisor/supervisor.h"

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
#include "hydra/base/status_testing.h"
#include "hydra/genserver/genserver.h"
#include "hydra/process/process.h"
#include "hydra/process/testing/process_test.h"
#include "hydra/supervisor/child.h"
#include "hydra/supervisor/child_spec.h"

namespace hydra {
namespace {

using absl::StatusCode;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

struct Event {
  std::string what;
};

class Worker {
 public:
  struct Die {
    ExitReason reason;
  };
  using Protocol = hydra::Protocol<Die>;
  Worker(Pid owner, std::string name) : owner_(owner), name_(std::move(name)) {}
  void Init() {
    TrapExit(true);
    Send(owner_, Event{"start " + name_});
  }
  Next HandleCast(Die die) { return Next::Stop(die.reason); }
  void Terminate(const ExitReason&) { Send(owner_, Event{"end " + name_}); }

 private:
  Pid owner_;
  std::string name_;
};

ChildSpec WorkerSpec(const std::string& id, Restart restart = Restart::kPermanent) {
  return Child<Worker>({.id = id, .restart = restart, .server = {.name = id}}, Self(), id);
}

Async<std::vector<std::string>> Events() {
  std::vector<std::string> all;
  for (Event& event : co_await Flush<Event>()) all.push_back(std::move(event.what));
  co_return all;
}

Async<ServerRef<Supervisor>> StartSupervisor(SupervisorOptions options, Children children) {
  auto supervisor = co_await StartLink<Supervisor>({}, options, std::move(children));
  co_return supervisor.value();
}

// SUP1, SUP5
HYDRA_TEST(SupervisorTest, StartsInOrderAndEndsInTheOpposite) {
  const auto supervisor = co_await StartSupervisor({}, {WorkerSpec("a"), WorkerSpec("b")});
  EXPECT_THAT(co_await Events(), ElementsAre("start a", "start b"));
  EXPECT_OK(co_await Stop(supervisor));
  EXPECT_THAT(co_await Events(), ElementsAre("end b", "end a"));
}

// SUP18
HYDRA_TEST(SupervisorTest, OneForOneStartsTheOneThatHasEnded) {
  const auto supervisor =
      co_await StartSupervisor({}, {WorkerSpec("a"), WorkerSpec("b"), WorkerSpec("c")});
  EXPECT_THAT(co_await Events(), ElementsAre("start a", "start b", "start c"));
  Exit(WhereIs("b"), ExitReason::Kill());
  EXPECT_THAT((co_await AssertReceive<Event>()).what, "start b");
}

HYDRA_TEST(SupervisorTest, OneForAll) {
  const auto supervisor = co_await StartSupervisor(
      {.strategy = Strategy::kOneForAll}, {WorkerSpec("a"), WorkerSpec("b"), WorkerSpec("c")});
  EXPECT_THAT(co_await Events(), ElementsAre("start a", "start b", "start c"));
  Exit(WhereIs("b"), ExitReason::Kill());
  for (const char* what : {"end c", "end a", "start a", "start b", "start c"})
    EXPECT_THAT((co_await AssertReceive<Event>()).what, what);
}

HYDRA_TEST(SupervisorTest, RestForOne) {
  const auto supervisor = co_await StartSupervisor(
      {.strategy = Strategy::kRestForOne}, {WorkerSpec("a"), WorkerSpec("b"), WorkerSpec("c")});
  EXPECT_THAT(co_await Events(), ElementsAre("start a", "start b", "start c"));
  Exit(WhereIs("b"), ExitReason::Kill());
  for (const char* what : {"end c", "start b", "start c"})
    EXPECT_THAT((co_await AssertReceive<Event>()).what, what);
}

}  // namespace
}  // namespace hydra
