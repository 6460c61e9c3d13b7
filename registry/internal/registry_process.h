// The process behind a registry: what registers is linked to it.
#ifndef HYDRA_REGISTRY_INTERNAL_REGISTRY_PROCESS_H_
#define HYDRA_REGISTRY_INTERNAL_REGISTRY_PROCESS_H_

#include <memory>
#include <utility>

#include "absl/status/status.h"
#include "hydra/genserver/protocol.h"
#include "hydra/genserver/server_options.h"
#include "hydra/process/exit_reason.h"
#include "hydra/process/exit_signal.h"
#include "hydra/registry/internal/directory.h"

namespace hydra::registry_internal {

// A server, or a part of one.
class RegistryProcess {
 public:
  using Protocol = hydra::Protocol<>;
  using Infos = hydra::Infos<ExitSignal>;

  explicit RegistryProcess(std::shared_ptr<Directory> directory)
      : directory_(std::move(directory)) {}
  RegistryProcess(const RegistryProcess&) = delete;
  RegistryProcess& operator=(const RegistryProcess&) = delete;
  ~RegistryProcess() {
    if (is_open_) directory_->Close();
  }

  absl::Status Init();
  void HandleInfo(const ExitSignal& exit);
  // Who is registered ends with the registry: a normal end wouldn't do that.
  void Terminate(const ExitReason& reason);

 private:
  const std::shared_ptr<Directory> directory_;
  bool is_open_ = false;
};

// Of high priority: entries of those who have ended make all who look a key up slower until they are removed, so
// what removes them mustn't wait behind the lookers.
ServerOptions RegistryProcessOptions(const Directory& directory);

}  // namespace hydra::registry_internal

#endif  // HYDRA_REGISTRY_INTERNAL_REGISTRY_PROCESS_H_
