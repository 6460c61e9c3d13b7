// OneProcess: the process behind a handle, at most one at a time.
#ifndef HYDRA_REGISTRY_INTERNAL_ONE_PROCESS_H_
#define HYDRA_REGISTRY_INTERNAL_ONE_PROCESS_H_

#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "hydra/base/mutex.h"
#include "hydra/process/pid.h"

namespace hydra::registry_internal {

// Thread safety: any thread.
class OneProcess {
 public:
  // `what` it is, and its name, for people: "registry", "rooms".
  OneProcess(std::string what, const std::string& name);

  // `process` is it from now on; kAlreadyExists if another is, and hasn't ended.
  absl::Status Begin(const Pid& process);
  // None is.
  void End();

  // It; nobody if there is none.
  Pid Get() const;

  // What fails because there is none fails with this: kUnavailable.
  absl::Status NotRunning() const;

 private:
  const std::string what_;
  mutable Mutex mutex_;
  Pid process_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace hydra::registry_internal

#endif  // HYDRA_REGISTRY_INTERNAL_ONE_PROCESS_H_
