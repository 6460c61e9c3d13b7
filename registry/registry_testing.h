// Processes that do in a registry what a test tells them.
//
//   const Pid worker = Spawn(Obey);
//   co_await In(worker, [rooms] { EXPECT_OK(rooms.Register("lobby")); });
//   co_await Kill(worker);
#ifndef HYDRA_REGISTRY_REGISTRY_TESTING_H_
#define HYDRA_REGISTRY_REGISTRY_TESTING_H_

#include <functional>
#include <optional>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "gtest/gtest.h"
#include "hydra/base/status_testing.h"
#include "hydra/process/async.h"
#include "hydra/process/down.h"
#include "hydra/process/exit_reason.h"
#include "hydra/process/info.h"
#include "hydra/process/link.h"
#include "hydra/process/monitor.h"
#include "hydra/process/pid.h"
#include "hydra/process/process_info.h"
#include "hydra/process/receive.h"
#include "hydra/process/request.h"

namespace hydra::registry_testing {

struct Do {
  using Reply = void;
  std::function<void()> what;
};

// Does what it is told by `In`, for ever.
inline Async<> Obey() {
  for (;;) {
    Asked<Do> told = co_await Receive<Asked<Do>>();
    told.request.what();
    told.reply_to.Send();
  }
}

// Has `process`, which runs Obey, do it, and waits until it has.
inline Async<> In(Pid process, std::function<void()> what) {
  EXPECT_OK(co_await Request(process, Do{std::move(what)}));
}

// Ends it, and waits until it has ended.
inline Async<> Kill(Pid process, ExitReason reason = ExitReason::Kill()) {
  const Ref ref = Monitor(process);
  Exit(process, std::move(reason));
  co_await Receive<Down>().For(ref);
}

// Starts the registry's process, linked to the caller, which traps exits from now on.
template <typename R>
Async<Pid> Start(R registry) {
  TrapExit(true);
  const absl::StatusOr<Pid> pid = co_await registry.StartLink();
  EXPECT_THAT(pid, IsOk());
  co_return pid.value();
}

// Who is linked to it; nobody if it has ended.
inline Async<std::vector<Pid>> LinksOf(Pid process) {
  const std::optional<ProcessInfo> info = co_await Info(process);
  co_return info.has_value() ? info->links : std::vector<Pid>();
}

}  // namespace hydra::registry_testing

#endif  // HYDRA_REGISTRY_REGISTRY_TESTING_H_
