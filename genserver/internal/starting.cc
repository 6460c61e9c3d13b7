#include "hydra/genserver/internal/starting.h"

#include <cstdint>
#include <cstring>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/cord.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "hydra/genserver/server_options.h"
#include "hydra/process/async.h"
#include "hydra/process/behaviour.h"
#include "hydra/process/down.h"
#include "hydra/process/exit_reason.h"
#include "hydra/process/exit_signal.h"
#include "hydra/process/link.h"
#include "hydra/process/monitor.h"
#include "hydra/process/name.h"
#include "hydra/process/pid.h"
#include "hydra/process/receive.h"
#include "hydra/process/request.h"

namespace hydra::genserver_internal {
namespace {

constexpr char kIgnored[] = "hydra/start-ignored";
constexpr char kAlreadyStarted[] = "hydra/already-started";

std::string Described(std::string_view class_name, const ServerOptions& options) {
  std::string description = "start of " + std::string(class_name);
  if (!options.name.empty()) description += " \"" + options.name + "\"";
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

absl::Status SpawnFailure(const ServerOptions& options, const absl::Status& status) {
  if (status.code() != absl::StatusCode::kAlreadyExists) return status;
  return HeldBy(status, WhereIs(options.name));
}

absl::Status HeldBy(absl::Status status, const Pid& holder) {
  const uint64_t words[] = {holder.serial(), uint64_t{holder.slot()} << 32 | holder.home()};
  status.SetPayload(kAlreadyStarted, absl::Cord(absl::string_view(
                                         reinterpret_cast<const char*>(words), sizeof(words))));
  return status;
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
  if ((*result)->ignored) {
    absl::Status ignored = absl::CancelledError(what + ": Init ignored it");
    ignored.SetPayload(kIgnored, absl::Cord());
    co_return ignored;
  }
  co_return (*result)->status;
}

std::optional<Pid> HolderOf(const absl::Status& status) {
  const absl::optional<absl::Cord> payload = status.GetPayload(kAlreadyStarted);
  uint64_t words[2];
  if (!payload.has_value() || payload->size() != sizeof(words)) return std::nullopt;
  std::memcpy(words, std::string(*payload).data(), sizeof(words));
  return Pid(words[0], static_cast<uint32_t>(words[1] >> 32), static_cast<uint32_t>(words[1]));
}

bool SaysIgnored(const absl::Status& status) { return status.GetPayload(kIgnored).has_value(); }

}  // namespace hydra::genserver_internal
