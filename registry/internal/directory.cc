#include "hydra/registry/internal/directory.h"

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "hydra/base/status_macros.h"
#include "hydra/genserver/protocol.h"
#include "hydra/genserver/server_options.h"
#include "hydra/genserver/start.h"
#include "hydra/process/async.h"
#include "hydra/process/behaviour.h"
#include "hydra/process/exit_reason.h"
#include "hydra/process/exit_signal.h"
#include "hydra/process/link.h"
#include "hydra/process/pid.h"
#include "hydra/process/priority.h"
#include "hydra/process/self.h"
#include "hydra/registry/internal/registry_process.h"
#include "hydra/supervisor/child.h"
#include "hydra/supervisor/child_spec.h"

namespace hydra::registry_internal {

Directory::Directory(RegistryOptions options)
    : options_(std::move(options)), process_("registry", options_.name) {}

absl::Status Directory::Open(const Pid& process, const Pid& parent) {
  HYDRA_RETURN_IF_ERROR(process_.Begin(process));
  parent_.Set(parent);
  SetProcess(process);
  return absl::OkStatus();
}

std::vector<Pid> Directory::Close() {
  std::vector<Pid> registered = SetProcess(Pid());
  process_.End();
  std::sort(registered.begin(), registered.end());
  registered.erase(std::unique(registered.begin(), registered.end()), registered.end());
  return registered;
}

void Directory::LetGo(const Pid& process) const {
  if (Self() != parent_.Get()) Unlink(process);
}

absl::Status Directory::CallerIsEnding() {
  return absl::FailedPreconditionError("the calling process is ending");
}

absl::Status RegistryProcess::Init() {
  TrapExit(true);
  const absl::Status status = directory_->Open(Self(), Ancestors().front());
  is_open_ = status.ok();
  if (is_open_) directory_->ServeKeys();
  return status;
}

void RegistryProcess::HandleInfo(const ExitSignal& exit) {
  if (HasEnded(exit.from)) directory_->Forget(exit.from);
}

void RegistryProcess::Terminate(const ExitReason& reason) {
  if (reason != ExitReason::Normal()) return;
  for (const Pid& registered : directory_->Close()) {
    Unlink(registered);
    Exit(registered, ExitReason::Shutdown());
  }
}

ServerOptions RegistryProcessOptions(const Directory& directory) {
  return {.name = directory.options().name, .priority = Priority::kHigh};
}

ChildSpec RegistryChild(std::shared_ptr<Directory> directory) {
  const std::string& name = directory->options().name;
  ChildOptions options = {.id = name.empty() ? "registry" : name,
                          .server = RegistryProcessOptions(*directory)};
  return Child<RegistryProcess>(std::move(options), std::move(directory));
}

Async<absl::StatusOr<Pid>> StartRegistry(std::shared_ptr<Directory> directory) {
  const ServerOptions options = RegistryProcessOptions(*directory);
  co_return co_await StartLinkedServer<RegistryProcess>(options, std::move(directory));
}

}  // namespace hydra::registry_internal
