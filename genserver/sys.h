// Sys: what one can ask of every server, without its help: its state, its doings, a pause.
//
//   absl::StatusOr<Stack> state = co_await hydra::sys::GetState(stack);
//   absl::Status paused = co_await hydra::sys::Suspend(stack);
//   absl::Status traced = co_await hydra::sys::Trace(stack, true);      // logs what goes in and out
//
// They are served in their order among the other messages, also by a suspended server. They fail like
// calls (server_ref.h); of a server on another node only Stop can be asked. All must be awaited by a
// process.
#ifndef HYDRA_GENSERVER_SYS_H_
#define HYDRA_GENSERVER_SYS_H_

#include <concepts>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "hydra/genserver/internal/sys_access.h"
#include "hydra/genserver/internal/sys_request.h"
#include "hydra/genserver/server_ref.h"
#include "hydra/genserver/sys_event.h"
#include "hydra/process/async.h"
#include "hydra/process/exit_reason.h"
#include "hydra/process/pid.h"

namespace hydra::sys {

struct ServerStatus {
  std::string class_name;
  Pid pid;
  std::string name;  // empty if it has none
  Pid parent;        // nobody if it was started without a link
  bool suspended = false;
  bool traced = false;
  std::string state;  // what the class's FormatStatus() says; empty if it has none
};

// A copy of the server's state.
template <typename S>
Async<absl::StatusOr<S>> GetState(ServerRef<S> server, absl::Duration timeout = kCallTimeout) {
  static_assert(std::is_copy_constructible_v<S>,
                "GetState(server): its class can't be copied; use Inspect(server, function)");
  auto state = std::make_shared<std::optional<S>>();
  absl::Status done = co_await genserver_internal::Operate(
      server.dest(), timeout, [state](genserver_internal::ServerCore& core) {
        return genserver_internal::WithState<S>(core, [&](S& s) { state->emplace(s); });
      });
  if (!done.ok()) co_return done;
  co_return **std::move(state);
}

// Calls `function(const S&)` in the server, and yields what it returns. It must not keep references. If
// it throws this fails with kAborted, and the server doesn't notice.
template <typename S, typename F>
Async<absl::StatusOr<std::invoke_result_t<F&, const S&>>> Inspect(
    ServerRef<S> server, F function, absl::Duration timeout = kCallTimeout) {
  using R = std::invoke_result_t<F&, const S&>;
  auto result = std::make_shared<std::optional<R>>();
  absl::Status done = co_await genserver_internal::Operate(
      server.dest(), timeout,
      [result, function = std::move(function)](genserver_internal::ServerCore& core) mutable {
        return genserver_internal::WithState<S>(
            core, [&](S& s) { result->emplace(std::invoke(function, std::as_const(s))); });
      });
  if (!done.ok()) co_return done;
  co_return **std::move(result);
}

// Replaces the server's state by `function(state)`, between two messages, and yields the new one. If the
// function throws this fails with kAborted, and the state is as it was.
template <typename S, typename F>
Async<absl::StatusOr<S>> ReplaceState(ServerRef<S> server, F function,
                                      absl::Duration timeout = kCallTimeout) {
  static_assert(std::is_copy_constructible_v<S> && std::is_invocable_r_v<S, F&, S>,
                "ReplaceState(server, function): function(S) returns an S, which can be copied");
  auto state = std::make_shared<std::optional<S>>();
  absl::Status done = co_await genserver_internal::Operate(
      server.dest(), timeout,
      [state, function = std::move(function)](genserver_internal::ServerCore& core) mutable {
        return genserver_internal::WithState<S>(core, [&](S& s) {
          state->emplace(function(S(s)));
          S replacement(**state);
          std::destroy_at(&s);
          std::construct_at(&s, std::move(replacement));
        });
      });
  if (!done.ok()) co_return done;
  co_return **std::move(state);
}

// Stops handling messages, which wait in their order; calls to it time out. Sys, Stop and the end of its
// parent are served. Suspending one that is suspended does nothing.
Async<absl::Status> Suspend(Dest server, absl::Duration timeout = kCallTimeout);
Async<absl::Status> Resume(Dest server, absl::Duration timeout = kCallTimeout);

Async<absl::StatusOr<ServerStatus>> GetStatus(Dest server, absl::Duration timeout = kCallTimeout);

// Ends the server as Stop does, without waiting for it.
Async<absl::Status> Terminate(Dest server, ExitReason reason,
                              absl::Duration timeout = kCallTimeout);

// Logs each event, or doesn't any more.
Async<absl::Status> Trace(Dest server, bool on, absl::Duration timeout = kCallTimeout);

// Keeps the last `count` events; 0 keeps none any more. `GetLog` yields them, the oldest first.
Async<absl::Status> Log(Dest server, size_t count, absl::Duration timeout = kCallTimeout);
Async<absl::StatusOr<std::vector<SysEvent>>> GetLog(Dest server,
                                                    absl::Duration timeout = kCallTimeout);

// Counts from now on, or doesn't any more. `GetStatistics` fails with kFailedPrecondition if it doesn't.
Async<absl::Status> CountStatistics(Dest server, bool on, absl::Duration timeout = kCallTimeout);
Async<absl::StatusOr<SysStatistics>> GetStatistics(Dest server,
                                                   absl::Duration timeout = kCallTimeout);

// Calls `function` in the server with each event, until `Remove(name)`. One that throws is removed.
Async<absl::Status> Install(Dest server, std::string name,
                            std::function<void(const SysEvent&)> function,
                            absl::Duration timeout = kCallTimeout);
Async<absl::Status> Remove(Dest server, std::string name, absl::Duration timeout = kCallTimeout);

// Ends all of these: trace, log, statistics, installed functions.
Async<absl::Status> NoDebug(Dest server, absl::Duration timeout = kCallTimeout);

}  // namespace hydra::sys

#endif  // HYDRA_GENSERVER_SYS_H_
