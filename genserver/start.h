// Start, StartLink, StartMonitor: start a server, and wait until its Init has returned.
//
//   absl::StatusOr<hydra::ServerRef<Stack>> stack =
//       co_await hydra::StartLink<Stack>({.name = "stack"}, std::vector<std::string>{"hello"});
//
// The server is constructed from the arguments, and its Init is called, in the new process. It has its
// name, and its Via stands for it, before that. A start fails with
//   kAlreadyExists       the name or the Via is taken; `AlreadyStarted(status)` is the pid that has it
//   kDeadlineExceeded    Init took longer than `init_timeout`: the process has been killed
//   kUnavailable         the process has ended instead: `ExitReasonOf(status)` is why
//   kCancelled           Init returned InitResult::Ignore(): `IsIgnored(status)`
//   any status           the one that Init returned, or Via::Register
//   kResourceExhausted, kFailedPrecondition   nothing could be spawned: see SpawnWith
// When it fails the process is gone, and its name is free.
#ifndef HYDRA_GENSERVER_START_H_
#define HYDRA_GENSERVER_START_H_

#include <optional>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "hydra/genserver/internal/starting.h"
#include "hydra/genserver/server_options.h"
#include "hydra/genserver/server_ref.h"
#include "hydra/process/async.h"
#include "hydra/process/name.h"
#include "hydra/process/pid.h"

namespace hydra {

// A server, and the monitor that its starter has of it.
template <typename S>
struct MonitoredServer {
  ServerRef<S> server;
  Ref ref;
};

// Starts a server of the class S, made of `args`. Must be awaited by a process.
template <typename S, typename... Args>
Async<absl::StatusOr<ServerRef<S>>> Start(ServerOptions options, Args... args) {
  absl::StatusOr<Pid> pid = co_await genserver_internal::StartServer<S>(
      &options, /*link=*/false, /*monitor=*/nullptr, std::move(args)...);
  if (!pid.ok()) co_return pid.status();
  co_return ServerRef<S>(*pid);
}

// Does what StartLink does, for those who start servers from options that they keep, and want the pid:
// supervisors. `options` must outlive the Async.
template <typename S, typename... Args>
Async<absl::StatusOr<Pid>> StartLinkedServer(const ServerOptions& options, Args... args) {
  return genserver_internal::StartServer<S>(&options, /*link=*/true, /*monitor=*/nullptr,
                                            std::move(args)...);
}

// The same as Start, and links it to the caller, who is its *parent*: when that ends so does the server,
// also one that traps exits. If the start fails with an exit reason the caller gets the exit signal, as of
// any link; one that traps exits doesn't find it in its mailbox.
template <typename S, typename... Args>
Async<absl::StatusOr<ServerRef<S>>> StartLink(ServerOptions options, Args... args) {
  absl::StatusOr<Pid> pid = co_await StartLinkedServer<S>(options, std::move(args)...);
  if (!pid.ok()) co_return pid.status();
  co_return ServerRef<S>(*pid);
}

// The same as Start, with a monitor. If a process was spawned and the start fails, its Down comes, too.
template <typename S, typename... Args>
Async<absl::StatusOr<MonitoredServer<S>>> StartMonitor(ServerOptions options, Args... args) {
  Ref ref;
  absl::StatusOr<Pid> pid = co_await genserver_internal::StartServer<S>(&options, /*link=*/false,
                                                                        &ref, std::move(args)...);
  if (!pid.ok()) co_return pid.status();
  co_return MonitoredServer<S>{ServerRef<S>(*pid), ref};
}

// Whether a start failed because Init returned Ignore; and such a status, kCancelled, for others who start.
bool IsIgnored(const absl::Status& status);
absl::Status IgnoredError(std::string_view text);

// Who is there already, if a start failed because somebody is. Others who start make such a status by
// NameTakenError.
inline std::optional<Pid> AlreadyStarted(const absl::Status& status) { return NameHolder(status); }

}  // namespace hydra

#endif  // HYDRA_GENSERVER_START_H_
