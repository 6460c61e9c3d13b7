// How a server is started. See start.h.
#ifndef HYDRA_GENSERVER_INTERNAL_STARTING_H_
#define HYDRA_GENSERVER_INTERNAL_STARTING_H_

#include <memory>
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
#include "hydra/process/self.h"
#include "hydra/process/spawn.h"

namespace hydra::genserver_internal {

// How the process of a server is spawned.
SpawnOptions SpawnOptionsOf(const ServerOptions& options, bool link, Ref* monitor);

// Why a start has failed: the answer to it is `started`, nothing if it took too long. Sees to it that the
// process is gone, and no signal of it in the mailbox.
Async<absl::Status> StartFailed(std::string_view class_name, const ServerOptions* options, Pid pid,
                                std::optional<absl::Status> started, const StartOutcome* outcome,
                                bool link);

// Why nothing was spawned.
absl::Status SpawnFailure(const ServerOptions& options, const absl::Status& status);

// `status`, and that it is so because `holder` is there already.
absl::Status HeldBy(absl::Status status, const Pid& holder);

// What such statuses say: who is there; whether Init has ignored the start.
std::optional<Pid> HolderOf(const absl::Status& status);
bool SaysIgnored(const absl::Status& status);

template <typename S, typename... Args>
Async<absl::StatusOr<Pid>> StartServer(const ServerOptions* options, bool link, Ref* monitor,
                                       Args... args) {
  auto outcome = std::make_shared<StartOutcome>();
  StartContext context = {.outcome = outcome,
                          .parent = link ? Self() : Pid(),
                          .hibernate_after = options->hibernate_after};
  auto spawned = SpawnAsked<StartServerRequest>(SpawnOptionsOf(*options, link, monitor),
                                                &RunServer<S, Args...>, std::move(context),
                                                std::move(args)...);
  if (!spawned.ok()) co_return SpawnFailure(*options, spawned.status());
  std::optional<absl::Status> started = co_await spawned->request.Wait(options->init_timeout);
  if (started.has_value() && started->ok()) [[likely]]
    co_return spawned->pid;
  co_return co_await StartFailed(TypeName<S>(), options, spawned->pid, std::move(started),
                                 outcome.get(), link);
}

}  // namespace hydra::genserver_internal

#endif  // HYDRA_GENSERVER_INTERNAL_STARTING_H_
