// DynamicSupervisor: a supervisor of children that come and go, known by their pids.
//
//   absl::StatusOr<hydra::ServerRef<hydra::DynamicSupervisor>> connections =
//       co_await hydra::StartLink<hydra::DynamicSupervisor>(
//           {.name = "connections"}, hydra::DynamicSupervisorOptions{.max_children = 10'000});
//   absl::StatusOr<hydra::Pid> connection = co_await hydra::StartChild(
//       *connections, hydra::Child<Connection>({.restart = hydra::Restart::kTemporary}, socket));
//
// It begins with no children. Each has a spec of its own; a child that ends is started anew, or not, by
// itself. When the supervisor ends it ends all of them at the same time, each by its own policy. What all
// children are to be made with is given by the function that makes their specs.
#ifndef HYDRA_SUPERVISOR_DYNAMIC_SUPERVISOR_H_
#define HYDRA_SUPERVISOR_DYNAMIC_SUPERVISOR_H_

#include <cstddef>
#include <limits>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "hydra/genserver/next.h"
#include "hydra/genserver/protocol.h"
#include "hydra/genserver/server_ref.h"
#include "hydra/process/async.h"
#include "hydra/process/exit_reason.h"
#include "hydra/process/exit_signal.h"
#include "hydra/process/pid.h"
#include "hydra/supervisor/child_info.h"
#include "hydra/supervisor/child_spec.h"
#include "hydra/supervisor/restart_intensity.h"

namespace hydra {

struct DynamicSupervisorOptions {
  // Children that there may be at a time, those that are restarting among them.
  size_t max_children = std::numeric_limits<size_t>::max();
  // As in SupervisorOptions.
  size_t max_restarts = 3;
  absl::Duration period = absl::Seconds(5);
};

namespace supervisor_internal {
class DynamicChildren;
struct ChildEntry;
}  // namespace supervisor_internal

// The class of the server. Its clients use the functions below. Cost: O(1) for a child, whatever the number.
class DynamicSupervisor {
 public:
  static constexpr ChildType kChildType = ChildType::kSupervisor;

  struct StartChild {
    using Reply = absl::StatusOr<Pid>;
    ChildSpec spec;
  };
  struct TerminateChild {
    using Reply = absl::Status;
    Pid pid;
  };
  struct Retry {  // from itself: to start a child that is restarting, and had that pid
    Pid pid;
  };
  using Protocol = hydra::Protocol<StartChild, TerminateChild, supervisor_internal::WhichChildren,
                                   supervisor_internal::CountChildren>;
  using Infos = hydra::Infos<ExitSignal, Retry>;

  explicit DynamicSupervisor(DynamicSupervisorOptions options);
  DynamicSupervisor(DynamicSupervisor&&) noexcept;
  ~DynamicSupervisor();

  absl::Status Init();
  Async<Next> HandleInfo(ExitSignal exit);
  Async<Next> HandleInfo(Retry retry);
  Async<absl::StatusOr<Pid>> HandleCall(StartChild request);
  Async<absl::Status> HandleCall(TerminateChild request);
  std::vector<ChildInfo> HandleCall(supervisor_internal::WhichChildren);
  ChildCounts HandleCall(supervisor_internal::CountChildren);
  Async<> Terminate(const ExitReason& reason);
  std::string FormatStatus() const;

 private:
  using Entry = supervisor_internal::ChildEntry;

  absl::Status Check(const ChildSpec& spec) const;
  Async<Next> Restart(Entry* child);
  void RestartLater(Entry* child);

  DynamicSupervisorOptions options_;
  RestartIntensity intensity_;
  std::unique_ptr<supervisor_internal::DynamicChildren> children_;
};

// ---- What it can be asked, besides WhichChildren and CountChildren (supervisor.h). All wait without limit,
// fail like calls, and must be awaited by a process.

// Starts a child. Yields its pid; nobody's if its start was ignored: nothing is kept of it then. Fails with
//   kResourceExhausted   there are `max_children`
//   kInvalidArgument     the spec makes no sense
//   any status           that of the start
inline auto StartChild(const ServerRef<DynamicSupervisor>& supervisor, ChildSpec spec) {
  return supervisor.Call(DynamicSupervisor::StartChild{std::move(spec)})
      .Within(absl::InfiniteDuration());
}

// Ends a child, as its spec says, and waits until it has ended; nothing is kept of it. One that is restarting
// is known by the pid that it had. kNotFound if there is no such child.
inline auto TerminateChild(const ServerRef<DynamicSupervisor>& supervisor, Pid pid) {
  return supervisor.Call(DynamicSupervisor::TerminateChild{pid}).Within(absl::InfiniteDuration());
}

}  // namespace hydra

#endif  // HYDRA_SUPERVISOR_DYNAMIC_SUPERVISOR_H_
