#include "hydra/genserver/internal/starting.h"

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/cord.h"
#include "absl/time/time.h"
#include "hydra/genserver/server_options.h"
#include "hydra/process/async.h"
#include "hydra/process/behaviour.h"
#include "hydra/process/down.h"
#include "hydra/process/exit_reason.h"
#include "hydra/process/exit_signal.h"
#include "hydra/process/link.h"
#include "hydra/process/monitor.h"
#include "hydra/process/pid.h"
#include "hydra/process/receive.h"
#include "hydra/process/request.h"

namespace hydra::genserver_internal {
namespace {

constexpr char kIgnored[] = "hydra/start-ignored";

std::string Described(std::string_view class_name, const ServerOptions& options) {
  std::string description = "start of " + std::string(class_name);
  if (!options.name.empty()) description += " \"" + options.name + "\"";
  if (options.via != nullptr) description += " \"" + options.via->ToString() + "\"";
  return description;
}

// The exit signal of a server that hasn't started is not for the mailbox of its starter.
Async<> FlushExit(Pid pid) {
  static_cast<void>(co_await Receive<ExitSignal>()
                        .Where([pid](const ExitSignal& exit) { return exit.from == pid; })
                        .Within(absl::ZeroDuration()));
}

Async<> KillAndFlush(Pid pid, bool link) {
  if (link) Unlink(pid);
  const Ref ref = Monitor(pid);
  Exit(pid, ExitReason::Kill());
  co_await Receive<Down>().For(ref);
  if (link) co_await FlushExit(pid);
}

}  // namespace

Spawning SpawningOf(const ServerOptions& options, bool link, Ref* monitor) {
  return {.priority = options.priority,
          .link = link,
          .monitor = monitor,
          .name = options.name,
          .label = options.label,
          .mailbox_limit = {options.mailbox_limit, options.on_overflow}};
}

Async<absl::Status> StartFailed(std::string_view class_name, const ServerOptions* options, Pid pid,
                                StartResult result, bool link) {
  const std::string what = Described(class_name, *options);
  if (!result.has_value()) {
    co_await KillAndFlush(pid, link);
    co_return absl::DeadlineExceededError(what + ": Init took longer than " +
                                          absl::FormatDuration(options->init_timeout));
  }
  if (link) co_await FlushExit(pid);
  if (!result->ok())
    co_return EndedError(what, ExitReasonOf(result->status()).value_or(ExitReason::NoProc()));
  co_return (*result)->ignored ? Ignored(what + ": Init ignored it") : (*result)->status;
}

absl::Status Ignored(std::string_view text) {
  absl::Status ignored = absl::CancelledError(absl::string_view(text.data(), text.size()));
  ignored.SetPayload(kIgnored, absl::Cord());
  return ignored;
}

bool SaysIgnored(const absl::Status& status) { return status.GetPayload(kIgnored).has_value(); }

}  // namespace hydra::genserver_internal
