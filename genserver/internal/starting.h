// How a server is started. See start.h.
#ifndef HYDRA_GENSERVER_INTERNAL_STARTING_H_
#define HYDRA_GENSERVER_INTERNAL_STARTING_H_

#include <optional>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "hydra/genserver/internal/server_core.h"
#include "hydra/genserver/internal/server_loop.h"
#include "hydra/genserver/server_options.h"
#include "hydra/process/async.h"
#include "hydra/process/behaviour.h"
#include "hydra/process/pid.h"
#include "hydra/process/request.h"
#include "hydra/process/self.h"

namespace hydra::genserver_internal {

// How the process of a server is spawned.
Spawning SpawningOf(const ServerOptions& options, bool link, Ref* monitor);

// The answer to a start; nothing if it took too long.
using StartResult = std::optional<RequestResult<StartServerRequest>>;

// Why a start has failed. Sees to it that the process is gone, and no signal of it in the mailbox.
Async<absl::Status> StartFailed(std::string_view class_name, const ServerOptions* options, Pid pid,
                                StartResult result, bool link);

// What a start fails with that Init has ignored; and whether a status is that.
absl::Status Ignored(std::string_view text);
bool SaysIgnored(const absl::Status& status);

template <typename S, typename... Args>
Async<absl::StatusOr<Pid>> StartServer(const ServerOptions* options, bool link, Ref* monitor,
                                       Args... args) {
  AnswerFromBirth<StartServerRequest> started(options->init_timeout);
  const absl::StatusOr<Pid> pid = started.Spawn(
      SpawningOf(*options, link, monitor), &RunServer<S, Args...>,
      StartContext{.parent = link ? Self() : Pid(), .hibernate_after = options->hibernate_after},
      options->via, std::move(args)...);
  if (!pid.ok()) co_return pid.status();
  StartResult result = co_await started;
  if (result.has_value() && result->ok() && (*result)->has_started()) [[likely]]
    co_return *pid;
  co_return co_await StartFailed(TypeName<S>(), options, *pid, std::move(result), link);
}

}  // namespace hydra::genserver_internal

#endif  // HYDRA_GENSERVER_INTERNAL_STARTING_H_
