#include "hydra/genserver/sys.h"

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "hydra/genserver/internal/debug.h"
#include "hydra/genserver/internal/server_core.h"
#include "hydra/genserver/internal/sys_access.h"
#include "hydra/genserver/internal/sys_request.h"
#include "hydra/genserver/sys_event.h"
#include "hydra/process/async.h"
#include "hydra/process/dest.h"
#include "hydra/process/exit_reason.h"
#include "hydra/process/request.h"
#include "hydra/process/self.h"
#include "hydra/process/timer.h"

namespace hydra {
namespace genserver_internal {

// What Sys may do with a server.
struct SysAccess {
  static void* StateOfType(ServerCore& core, const void* type) { return core.StateOfType(type); }

  static void SetSuspended(ServerCore& core, bool suspended) { core.suspended_ = suspended; }

  static sys::ServerStatus StatusOf(ServerCore& core) {
    return {.class_name = std::string(core.class_name_),
            .pid = Self(),
            .name = RegisteredName(),
            .parent = core.context_.parent,
            .suspended = core.suspended_,
            .traced = core.debug_ != nullptr && core.debug_->trace,
            .state = core.FormattedState()};
  }

  // Changes what is watched; afterwards there is a Debug only if something is.
  template <typename Change>
  static void ChangeDebug(ServerCore& core, const Change& change) {
    if (core.debug_ == nullptr) core.debug_ = std::make_unique<Debug>();
    change(*core.debug_);
    if (core.debug_->IsIdle()) core.debug_ = nullptr;
  }

  static const Debug* DebugOf(const ServerCore& core) { return core.debug_.get(); }
};

void* StateOf(ServerCore& core, const void* type) { return SysAccess::StateOfType(core, type); }

Async<absl::Status> Operate(Dest server, absl::Duration timeout,
                            std::function<absl::Status(ServerCore&)> operation) {
  co_return co_await Request(server, SysRequest{std::move(operation)}).Within(timeout);
}

}  // namespace genserver_internal

namespace sys {
namespace {

using genserver_internal::Debug;
using genserver_internal::Operate;
using genserver_internal::ServerCore;
using genserver_internal::SysAccess;

// Calls `change(Debug&)` in the server.
template <typename Change>
Async<absl::Status> ChangeDebug(Dest server, absl::Duration timeout, Change change) {
  return Operate(std::move(server), timeout,
                 [change = std::move(change)](ServerCore& core) mutable {
                   SysAccess::ChangeDebug(core, change);
                   return absl::OkStatus();
                 });
}

Async<absl::Status> SetSuspended(Dest server, bool suspended, absl::Duration timeout) {
  return Operate(std::move(server), timeout, [suspended](ServerCore& core) {
    SysAccess::SetSuspended(core, suspended);
    return absl::OkStatus();
  });
}

}  // namespace

Async<absl::Status> Suspend(Dest server, absl::Duration timeout) {
  return SetSuspended(std::move(server), true, timeout);
}

Async<absl::Status> Resume(Dest server, absl::Duration timeout) {
  return SetSuspended(std::move(server), false, timeout);
}

Async<absl::StatusOr<ServerStatus>> GetStatus(Dest server, absl::Duration timeout) {
  auto status = std::make_shared<ServerStatus>();
  absl::Status done = co_await Operate(std::move(server), timeout, [status](ServerCore& core) {
    *status = SysAccess::StatusOf(core);
    return absl::OkStatus();
  });
  if (!done.ok()) co_return done;
  co_return *std::move(status);
}

Async<absl::Status> Terminate(Dest server, ExitReason reason, absl::Duration timeout) {
  return Operate(std::move(server), timeout, [reason = std::move(reason)](ServerCore& core) {
    core.Stop(reason);
    return absl::OkStatus();
  });
}

Async<absl::Status> Trace(Dest server, bool on, absl::Duration timeout) {
  return ChangeDebug(std::move(server), timeout, [on](Debug& debug) { debug.trace = on; });
}

Async<absl::Status> Log(Dest server, size_t count, absl::Duration timeout) {
  return ChangeDebug(std::move(server), timeout, [count](Debug& debug) {
    debug.log_size = count;
    while (debug.log.size() > count) debug.log.pop_front();
  });
}

Async<absl::StatusOr<std::vector<SysEvent>>> GetLog(Dest server, absl::Duration timeout) {
  auto events = std::make_shared<std::vector<SysEvent>>();
  absl::Status done = co_await Operate(std::move(server), timeout, [events](ServerCore& core) {
    if (const Debug* debug = SysAccess::DebugOf(core))
      events->assign(debug->log.begin(), debug->log.end());
    return absl::OkStatus();
  });
  if (!done.ok()) co_return done;
  co_return *std::move(events);
}

Async<absl::Status> CountStatistics(Dest server, bool on, absl::Duration timeout) {
  return ChangeDebug(std::move(server), timeout, [on](Debug& debug) {
    if (!on) debug.statistics.reset();
    if (on && !debug.statistics.has_value()) debug.statistics = SysStatistics{.start_time = Now()};
  });
}

Async<absl::StatusOr<SysStatistics>> GetStatistics(Dest server, absl::Duration timeout) {
  auto statistics = std::make_shared<SysStatistics>();
  absl::Status done = co_await Operate(std::move(server), timeout, [statistics](ServerCore& core) {
    const Debug* debug = SysAccess::DebugOf(core);
    if (debug == nullptr || !debug->statistics.has_value())
      return absl::FailedPreconditionError("the server counts nothing: see CountStatistics");
    *statistics = *debug->statistics;
    return absl::OkStatus();
  });
  if (!done.ok()) co_return done;
  co_return *statistics;
}

Async<absl::Status> Install(Dest server, std::string name,
                            std::function<void(const SysEvent&)> function, absl::Duration timeout) {
  return ChangeDebug(std::move(server), timeout,
                     [name = std::move(name), function = std::move(function)](Debug& debug) {
                       debug.installed[name] = function;
                     });
}

Async<absl::Status> Remove(Dest server, std::string name, absl::Duration timeout) {
  return ChangeDebug(std::move(server), timeout,
                     [name = std::move(name)](Debug& debug) { debug.installed.erase(name); });
}

Async<absl::Status> NoDebug(Dest server, absl::Duration timeout) {
  return ChangeDebug(std::move(server), timeout, [](Debug& debug) { debug = Debug(); });
}

}  // namespace sys
}  // namespace hydra
