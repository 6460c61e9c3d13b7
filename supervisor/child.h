// Child: the spec of a child that is a server, or an ordinary process.
//
//   hydra::Children children = {
//       hydra::Child<Stack>({.server = {.name = "stack"}}, std::vector<std::string>{"hello"}),
//       hydra::Child<Counter>({.id = "hits", .restart = hydra::Restart::kTransient}),
//       hydra::ProcessChild({.id = "ticker"}, Ticker, absl::Seconds(1)),
//   };
//
// The arguments are kept, and copied for each start.
#ifndef HYDRA_SUPERVISOR_CHILD_H_
#define HYDRA_SUPERVISOR_CHILD_H_

#include <optional>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "hydra/genserver/server_options.h"
#include "hydra/genserver/server_ref.h"
#include "hydra/genserver/start.h"
#include "hydra/process/async.h"
#include "hydra/process/behaviour.h"
#include "hydra/process/pid.h"
#include "hydra/process/spawn.h"
#include "hydra/supervisor/child_spec.h"

namespace hydra {

// The children that a supervisor begins with, in the order in which they are started.
using Children = std::vector<ChildSpec>;

// As in ChildSpec, but for `server`.
struct ChildOptions {
  // The server's name, or what its Via prints as, unless it says otherwise; that of its class if it has
  // neither.
  std::string id = {};
  Restart restart = Restart::kPermanent;
  std::optional<Shutdown> shutdown = {};
  bool significant = false;
  std::optional<Backoff> backoff = {};
  // How it is started: its name and the like.
  ServerOptions server = {};
};

namespace supervisor_internal {

template <typename S>
constexpr ChildType ChildTypeOf() {
  if constexpr (requires { S::kChildType; }) {
    return S::kChildType;
  } else {
    return ChildType::kWorker;
  }
}

inline ChildSpec SpecOf(const ChildOptions& options, std::string_view fallback_id) {
  ChildSpec spec = {.id = options.id,
                    .start = {},
                    .restart = options.restart,
                    .shutdown = options.shutdown,
                    .significant = options.significant,
                    .backoff = options.backoff};
  if (spec.id.empty()) spec.id = options.server.name;
  if (spec.id.empty() && options.server.via != nullptr) spec.id = options.server.via->ToString();
  if (spec.id.empty()) spec.id = fallback_id;
  return spec;
}

template <typename F, typename... Args>
Async<absl::StatusOr<Pid>> StartProcessChild(ServerOptions options, F body, Args... args) {
  if (options.via != nullptr)
    co_return absl::InvalidArgumentError("ProcessChild: only a server has a Via");
  co_return SpawnWith({.name = options.name,
                       .link = true,
                       .label = options.label,
                       .priority = options.priority,
                       .mailbox_limit = options.mailbox_limit,
                       .on_overflow = options.on_overflow},
                      std::move(body), std::move(args)...);
}

}  // namespace supervisor_internal

// A child that is a server of the class S, constructed from copies of `args`. Its type is
// `S::kChildType` if there is such a thing, as there is in supervisors; otherwise it is a worker.
template <typename S, typename... Args>
ChildSpec Child(ChildOptions options, Args... args) {
  static_assert(std::is_constructible_v<S, Args&&...>,
                "Child<Server>(options, args...): the server can't be constructed from these");
  static_assert((std::is_copy_constructible_v<Args> && ...),
                "Child<Server>(options, args...): the arguments are copied for each start");
  ChildSpec spec = supervisor_internal::SpecOf(options, TypeName<S>());
  spec.type = supervisor_internal::ChildTypeOf<S>();
  spec.start = [server = std::move(options.server), ... args = std::move(args)] {
    return StartLinkedServer<S>(server, args...);
  };
  return spec;
}

// A child that is an ordinary process, which runs `body(args...)`. It has started when it is spawned. Of
// `options.server` what Init and hibernation need means nothing here, and with a Via it fails to start.
template <typename F, typename... Args>
ChildSpec ProcessChild(ChildOptions options, F body, Args... args) {
  static_assert(
      std::is_copy_constructible_v<F> && (std::is_copy_constructible_v<Args> && ...),
      "ProcessChild(options, body, args...): body and arguments are copied for each start");
  ChildSpec spec = supervisor_internal::SpecOf(options, "process");
  spec.start = [server = std::move(options.server), body = std::move(body),
                ... args = std::move(args)] {
    return supervisor_internal::StartProcessChild<F, Args...>(server, body, args...);
  };
  return spec;
}

}  // namespace hydra

#endif  // HYDRA_SUPERVISOR_CHILD_H_
