// Directory: what a registry's handles share, whatever it holds; and the process behind it.
#ifndef HYDRA_REGISTRY_INTERNAL_DIRECTORY_H_
#define HYDRA_REGISTRY_INTERNAL_DIRECTORY_H_

#include <concepts>
#include <memory>
#include <type_traits>
#include <utility>
#include <vector>

#include "absl/hash/hash.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "hydra/process/async.h"
#include "hydra/process/pid.h"
#include "hydra/process/send.h"
#include "hydra/process/shared_pid.h"
#include "hydra/registry/internal/meta_values.h"
#include "hydra/registry/internal/one_process.h"
#include "hydra/registry/registry_options.h"
#include "hydra/supervisor/child_spec.h"

namespace hydra::registry_internal {

// Thread safety: any thread.
class Directory : public std::enable_shared_from_this<Directory> {
 public:
  explicit Directory(RegistryOptions options);
  Directory(const Directory&) = delete;
  Directory& operator=(const Directory&) = delete;
  virtual ~Directory() = default;

  const RegistryOptions& options() const { return options_; }
  MetaValues& meta() { return meta_; }

  // ---- For the registry's process, whose parent `parent` is: it begins, it is to be asked for keys
  // by other nodes, a process that may be registered has ended, it ends.

  // Fails like OneProcess::Begin.
  absl::Status Open(const Pid& process, const Pid& parent);
  virtual void ServeKeys() const = 0;
  virtual void Forget(const Pid& ended) = 0;
  // Returns who was registered. May be called again.
  std::vector<Pid> Close();

 protected:
  // From now on this is the registry's process. Nobody: nothing is registered any more. Returns who was,
  // each at least once.
  virtual std::vector<Pid> SetProcess(const Pid& process) = 0;

  // Unlinks the calling process, which has no entries any more, from the registry's process; unless that is
  // its child: they were linked before.
  void LetGo(const Pid& process) const;

  // Why something can't be registered.
  absl::Status NotRunning() const { return process_.NotRunning(); }
  static absl::Status CallerIsEnding();

  template <typename Message>
  void Tell(const Message& message) const {
    for (const Dest& listener : options_.listeners) Send(listener, message);
  }

 private:
  const RegistryOptions options_;
  OneProcess process_;
  SharedPid parent_;  // of the process
  MetaValues meta_;
};

// The registry's process as a child; and it alone, linked to the caller.
ChildSpec RegistryChild(std::shared_ptr<Directory> directory);
Async<absl::StatusOr<Pid>> StartRegistry(std::shared_ptr<Directory> directory);

// Whether it can be the type of keys.
template <typename Key>
inline constexpr bool kIsKey =
    std::equality_comparable<Key> && std::is_default_constructible_v<absl::Hash<Key>>;

// The registry's process is `process` for all of the partitions. Returns who was registered, each at least once.
template <typename Partitions>
std::vector<Pid> SetProcessOf(Partitions& partitions, const Pid& process) {
  std::vector<Pid> registered;
  for (auto& partition : partitions) {
    const std::vector<Pid> some = partition.SetProcess(process);
    registered.insert(registered.end(), some.begin(), some.end());
  }
  return registered;
}

}  // namespace hydra::registry_internal

#endif  // HYDRA_REGISTRY_INTERNAL_DIRECTORY_H_
