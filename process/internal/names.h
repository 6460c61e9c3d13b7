// The names of a runtime's processes.
//
// A name and the process that has it are linked both ways under one lock. A process that dies takes
// the lock only if it may have a name. Protocol
//   1. Register: under the lock, enter the name, set `named` in the process's block, and then look
//      whether its inbox is closed; if it is, take the name out again, and fail.
//   2. Death: if `named` is set, release the name; close the inbox; if `named` is set now, release
//      it. Setting, closing and looking are sequentially consistent, so either the one who registers
//      sees that the inbox is closed or the dying process sees `named`.
//   3. WhereIs: under the lock; a holder whose inbox is closed is none.
//   4. ServeKeys: a process that has keys is treated as if it had a name.
#ifndef HYDRA_PROCESS_INTERNAL_NAMES_H_
#define HYDRA_PROCESS_INTERNAL_NAMES_H_

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "hydra/base/mutex.h"
#include "hydra/process/internal/keyed_name.h"
#include "hydra/process/internal/process_table.h"
#include "hydra/process/pid.h"

namespace hydra::process_internal {

// See the functions NameTakenError and NameHolder of name.h.
absl::Status NameTaken(std::string_view message, const Pid& holder);
std::optional<Pid> HolderOf(const absl::Status& status);

// Thread safety: any thread.
class Names {
 public:
  explicit Names(ProcessTable& table) : table_(table) {}

  // See the free functions of name.h. `pid` must be of this runtime, or none.
  absl::Status Register(const Pid& pid, std::string_view name);
  absl::Status Unregister(std::string_view name);
  Pid WhereIs(std::string_view name) const;
  std::vector<std::string> All() const;

  // The name of `pid`; empty if it has none.
  std::string NameOf(const Pid& pid) const;

  // The process, which must be alive, has these keys from now on: see keyed_name.h.
  void ServeKeys(const Pid& pid, KeyFinder find);

  // For a dying process: its name, if any, is free from now on, and it has no keys.
  void Release(const Pid& pid);

 private:
  Pid HolderOf(std::string_view name) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  Pid WhereIsKey(std::string_view name) const;
  void Erase(const Pid& pid) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  ProcessTable& table_;
  mutable Mutex mutex_;
  absl::flat_hash_map<std::string, Pid> pids_ ABSL_GUARDED_BY(mutex_);
  absl::flat_hash_map<Pid, std::string> names_ ABSL_GUARDED_BY(mutex_);
  absl::flat_hash_map<Pid, std::shared_ptr<const KeyFinder>> keys_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace hydra::process_internal

#endif  // HYDRA_PROCESS_INTERNAL_NAMES_H_
