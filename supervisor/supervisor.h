// Supervisor: a server that starts other processes, its children, and starts them anew when they end.
//
//   absl::StatusOr<hydra::ServerRef<hydra::Supervisor>> top = co_await hydra::StartLink<hydra::Supervisor>(
//       {.name = "top"}, hydra::SupervisorOptions{.strategy = hydra::Strategy::kRestForOne},
//       hydra::Children{hydra::Child<Database>({.server = {.name = "database"}}, path),
//                       hydra::Child<Cache>({.restart = hydra::Restart::kTransient})});
//
//   absl::StatusOr<hydra::Pid> late = co_await hydra::StartChild(*top, hydra::Child<Stack>({}, words));
//
// Children are started in their order, one after the other, and ended in the opposite order. A supervisor
// is a child like any other: `Child<Supervisor>({.id = "below"}, options, children)`. It traps exits; when
// its parent ends so does it. One that restarts its children too often ends as `shutdown`, and leaves the
// matter to its own supervisor.
//
// If a child can't be started when the supervisor is, those before it are ended, and the start fails with
// kUnavailable; `ExitReasonOf(status)` is a shutdown that says which child and why. Options or children that
// make no sense start nothing: kInvalidArgument, with the child's id. See docs/supervisor.md.
#ifndef HYDRA_SUPERVISOR_SUPERVISOR_H_
#define HYDRA_SUPERVISOR_SUPERVISOR_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
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
#include "hydra/supervisor/child.h"
#include "hydra/supervisor/child_info.h"
#include "hydra/supervisor/child_spec.h"
#include "hydra/supervisor/restart_intensity.h"

namespace hydra {

// Which children are started anew when one has ended.
enum class Strategy : uint8_t {
  kOneForOne,   // that one
  kOneForAll,   // all: the others are ended first
  kRestForOne,  // that one and those behind it, which are ended first
};

// Whether a supervisor ends, as `shutdown`, when a significant child has ended by itself and isn't started
// anew.
enum class AutoShutdown : uint8_t {
  kNever,
  kAnySignificant,
  kAllSignificant,  // when no other significant child runs
};

struct SupervisorOptions {
  Strategy strategy = Strategy::kOneForOne;
  // It gives up when there have been more restarts than that in any `period`. A restart of several children
  // counts once; one that fails counts, and is tried again.
  size_t max_restarts = 3;
  absl::Duration period = absl::Seconds(5);
  AutoShutdown auto_shutdown = AutoShutdown::kNever;
};

namespace supervisor_internal {
class ChildTable;
struct ChildEntry;
}  // namespace supervisor_internal

// The class of the server. Its clients use the functions below.
class Supervisor {
 public:
  static constexpr ChildType kChildType = ChildType::kSupervisor;

  struct StartChild {
    using Reply = absl::StatusOr<Pid>;
    ChildSpec spec;
  };
  struct TerminateChild {
    using Reply = absl::Status;
    std::string id;
  };
  struct RestartChild {
    using Reply = absl::StatusOr<Pid>;
    std::string id;
  };
  struct DeleteChild {
    using Reply = absl::Status;
    std::string id;
  };
  struct GetChildSpec {
    using Reply = absl::StatusOr<ChildSpec>;
    std::string id;
  };
  struct Retry {  // from itself: to start a child that is restarting
    std::string id;
    uint64_t number;
  };
  using Protocol =
      hydra::Protocol<StartChild, TerminateChild, RestartChild, DeleteChild, GetChildSpec,
                      supervisor_internal::WhichChildren, supervisor_internal::CountChildren>;
  using Infos = hydra::Infos<ExitSignal, Retry>;

  Supervisor(SupervisorOptions options, Children children);
  Supervisor(Supervisor&&) noexcept;
  ~Supervisor();

  Async<InitResult> Init();
  Async<Next> HandleInfo(const ExitSignal& exit);
  Async<Next> HandleInfo(const Retry& retry);
  Async<absl::StatusOr<Pid>> HandleCall(StartChild request);
  Async<absl::Status> HandleCall(TerminateChild request);
  Async<absl::StatusOr<Pid>> HandleCall(RestartChild request);
  absl::Status HandleCall(const DeleteChild& request);
  absl::StatusOr<ChildSpec> HandleCall(const GetChildSpec& request);
  std::vector<ChildInfo> HandleCall(supervisor_internal::WhichChildren);
  ChildCounts HandleCall(supervisor_internal::CountChildren);
  Async<> Terminate(const ExitReason& reason);
  std::string FormatStatus() const;

 private:
  using Entry = supervisor_internal::ChildEntry;

  // OK if the spec can be added.
  absl::Status Check(const ChildSpec& spec) const;
  absl::Status AddFirstChildren();
  void NoteStarted(Entry* child, const Pid& pid);
  Async<> End(Entry* child);
  Async<> EndAll();
  Next StayEnded(Entry* child);
  Async<Next> Restart(Entry* child);
  Async<Next> RestartAfterBackoff(Entry* child);
  void RestartLater(Entry* child);
  Async<> EndOthers(Entry* child);

  SupervisorOptions options_;
  Children first_children_;  // until Init
  RestartIntensity intensity_;
  std::unique_ptr<supervisor_internal::ChildTable> children_;
  uint64_t last_retry_ = 0;
};

// ---- What a supervisor can be asked. All wait without limit, since a child's start may take long, fail
// like calls (server_ref.h), and must be awaited by a process. Children of a supervisor on another node can't
// be administered from here.

// Starts a child, and adds it behind the others. Yields its pid; nobody's if its start was ignored. Nothing is
// added if it fails:
//   kAlreadyExists     the id is taken; by a running child if `AlreadyStarted(status)` says whom
//   kInvalidArgument   the spec makes no sense
//   any status         that of the start
inline auto StartChild(const ServerRef<Supervisor>& supervisor, ChildSpec spec) {
  return supervisor.Call(Supervisor::StartChild{std::move(spec)}).Within(absl::InfiniteDuration());
}

// Ends a child, as its spec says, and waits until it has ended; cancels its restart, if one is to come. Its
// spec stays, unless it is temporary. kNotFound if there is no such child. One that doesn't run is no error.
inline auto TerminateChild(const ServerRef<Supervisor>& supervisor, std::string id) {
  return supervisor.Call(Supervisor::TerminateChild{std::move(id)})
      .Within(absl::InfiniteDuration());
}

// Starts a child that doesn't run. kNotFound if there is no such child, kFailedPrecondition if it runs,
// kAborted if it is restarting already; any other status is that of the start.
inline auto RestartChild(const ServerRef<Supervisor>& supervisor, std::string id) {
  return supervisor.Call(Supervisor::RestartChild{std::move(id)}).Within(absl::InfiniteDuration());
}

// Removes the spec of a child that doesn't run. Fails as RestartChild does.
inline auto DeleteChild(const ServerRef<Supervisor>& supervisor, std::string id) {
  return supervisor.Call(Supervisor::DeleteChild{std::move(id)}).Within(absl::InfiniteDuration());
}

// The spec of a child. kNotFound if there is none.
inline auto GetChildSpec(const ServerRef<Supervisor>& supervisor, std::string id) {
  return supervisor.Call(Supervisor::GetChildSpec{std::move(id)}).Within(absl::InfiniteDuration());
}

// The children, in the order in which they are started; those of a DynamicSupervisor in none.
template <typename S>
auto WhichChildren(const ServerRef<S>& supervisor) {
  return supervisor.Call(supervisor_internal::WhichChildren()).Within(absl::InfiniteDuration());
}

template <typename S>
auto CountChildren(const ServerRef<S>& supervisor) {
  return supervisor.Call(supervisor_internal::CountChildren()).Within(absl::InfiniteDuration());
}

}  // namespace hydra

#endif  // HYDRA_SUPERVISOR_SUPERVISOR_H_
