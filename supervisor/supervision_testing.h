// Children that tell their owner of their start and their end, and what tests ask of them and of supervisors.
//
//   HYDRA_TEST(StrategyTest, OneForOne) {
//     const auto supervisor = co_await StartSupervisor({}, {RecorderSpec("a"), RecorderSpec("b")});
//     co_await Flush<Event>();
//     co_await EndChild("a");
//     EXPECT_THAT(co_await States(supervisor), ElementsAre("a running", "b running"));
//     EXPECT_THAT(co_await Events(), ElementsAre("end a", "start a"));
//   }
#ifndef HYDRA_SUPERVISOR_SUPERVISION_TESTING_H_
#define HYDRA_SUPERVISOR_SUPERVISION_TESTING_H_

#include <atomic>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "hydra/genserver/genserver.h"
#include "hydra/process/process.h"
#include "hydra/process/testing/process_test.h"
#include "hydra/supervisor/child.h"
#include "hydra/supervisor/child_info.h"
#include "hydra/supervisor/child_spec.h"
#include "hydra/supervisor/supervisor.h"

namespace hydra::supervisor_testing {

// ---- Children.

// What they tell.
struct Event {
  std::string what;  // "start a", "end a"
  Pid child;
  ExitReason reason;  // of an end
};

// Asks a child to end by itself. `Exit(child, Kill())` is the other way.
struct EndNow {
  ExitReason reason;
};

// A server that tells of its Init and its Terminate. Traps exits.
class Recorder {
 public:
  using Protocol = hydra::Protocol<EndNow>;

  Recorder(Pid owner, std::string id) : owner_(owner), id_(std::move(id)) {}
  void Init() {
    TrapExit(true);
    Send(owner_, Event{"start " + id_, Self(), {}});
  }
  Next HandleCast(EndNow end) { return Next::Stop(end.reason); }
  void Terminate(const ExitReason& reason) { Send(owner_, Event{"end " + id_, Self(), reason}); }

 private:
  Pid owner_;
  std::string id_;
};

// A Recorder whose id is its name, too, and whose owner is the calling process.
inline ChildSpec RecorderSpec(const std::string& id, ChildOptions options = {}) {
  options.server.name = id;
  return Child<Recorder>(std::move(options), Self(), id);
}

// A process that doesn't end, and isn't asked to.
inline Async<> Idle() {
  for (;;) co_await ReceiveAny();
}

// A server that takes so long to end when it is asked to.
class Stubborn {
 public:
  using Protocol = hydra::Protocol<>;

  explicit Stubborn(absl::Duration time) : time_(time) {}
  void Init() { TrapExit(true); }
  Async<> Terminate(const ExitReason&) { co_await Sleep(time_); }

 private:
  absl::Duration time_;
};

// ---- Starts.

// The same child, but its starts ask `may_start` first: one that isn't OK is what they fail with.
inline ChildSpec StartsIf(std::function<absl::Status()> may_start, ChildSpec spec) {
  spec.start = [may_start = std::move(may_start),
                start = std::move(spec.start)]() -> Async<absl::StatusOr<Pid>> {
    const auto fail = [](absl::Status status) -> Async<absl::StatusOr<Pid>> { co_return status; };
    absl::Status status = may_start();
    return status.ok() ? start() : fail(std::move(status));
  };
  return spec;
}

// Its `number`-th start fails; the first is 1.
inline ChildSpec FailsAt(int number, ChildSpec spec) {
  return StartsIf(
      [number, starts = std::make_shared<int>(0)] {
        return ++*starts == number ? absl::InternalError("out of order") : absl::OkStatus();
      },
      std::move(spec));
}

// Its starts fail while `broken` is true.
inline ChildSpec FailsWhile(std::shared_ptr<std::atomic<bool>> broken, ChildSpec spec) {
  return StartsIf(
      [broken = std::move(broken)] {
        return *broken ? absl::InternalError("out of order") : absl::OkStatus();
      },
      std::move(spec));
}

inline std::shared_ptr<std::atomic<bool>> MakeFlag(bool value) {
  return std::make_shared<std::atomic<bool>>(value);
}

// A child whose start is ignored.
struct Ignored {
  using Protocol = hydra::Protocol<>;
  InitResult Init() { return InitResult::Ignore(); }
};
// The same while `ignore` is true.
struct IgnoredWhile {
  using Protocol = hydra::Protocol<>;
  InitResult Init() { return *ignore ? InitResult::Ignore() : InitResult(); }
  std::shared_ptr<std::atomic<bool>> ignore;
};

// ---- What tests do.

// Starts a supervisor whose parent is the calling process, which traps exits from now on.
inline Async<ServerRef<Supervisor>> StartSupervisor(SupervisorOptions options, Children children) {
  TrapExit(true);
  auto supervisor = co_await StartLink<Supervisor>({}, options, std::move(children));
  EXPECT_TRUE(supervisor.ok()) << supervisor.status();
  co_return supervisor.value();
}

// Makes a process end by itself, and waits until it has. What a supervisor is asked then it answers having
// acted on that: the exit signal is in its mailbox before.
inline Async<> EndProcess(Pid pid, ExitReason reason) {
  const Ref ref = Monitor(pid);
  if (reason.kind() == ExitReason::Kind::kKilled) {
    Exit(pid, ExitReason::Kill());
  } else {
    Send(pid, EndNow{reason});
  }
  co_await Receive<Down>().For(ref);
}

// The same with the process that has this name.
inline Async<> EndChild(std::string name, ExitReason reason = ExitReason::Killed()) {
  EXPECT_TRUE(WhereIs(name)) << name << " doesn't run";
  return EndProcess(WhereIs(name), std::move(reason));
}

// What has been told by now, oldest first.
inline Async<std::vector<std::string>> Events() {
  std::vector<std::string> all;
  for (Event& event : co_await Flush<Event>()) all.push_back(std::move(event.what));
  co_return all;
}

// What is told next: waits for as many as `count`.
inline Async<std::vector<std::string>> NextEvents(size_t count) {
  std::vector<std::string> all;
  while (all.size() < count) all.push_back((co_await AssertReceive<Event>()).what);
  co_return all;
}

// The reason with which a linked process has ended, or will; the caller traps exits.
inline Async<ExitReason> EndOf(Pid pid) {
  co_return (co_await AssertReceive<ExitSignal>(testing::Field(&ExitSignal::from, pid))).reason;
}

// The children in their order: "a running".
template <typename S>
Async<std::vector<std::string>> States(ServerRef<S> supervisor) {
  std::vector<std::string> all;
  const absl::StatusOr<std::vector<ChildInfo>> children = co_await WhichChildren(supervisor);
  EXPECT_TRUE(children.ok()) << children.status();
  if (!children.ok()) co_return all;
  for (const ChildInfo& child : *children)
    all.push_back(child.id + " " + std::string(ToString(child.state)));
  co_return all;
}

}  // namespace hydra::supervisor_testing

#endif  // HYDRA_SUPERVISOR_SUPERVISION_TESTING_H_
