// An address for tests of what is done by a Via.
#ifndef HYDRA_PROCESS_VIA_TESTING_H_
#define HYDRA_PROCESS_VIA_TESTING_H_

#include <string>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "hydra/base/mutex.h"
#include "hydra/process/behaviour.h"
#include "hydra/process/name.h"
#include "hydra/process/pid.h"
#include "hydra/process/self.h"
#include "hydra/process/via.h"

namespace hydra::process_testing {

// Stands for the process that it was last pointed to, or that has registered. Those of one key are one
// address, though each stands for a process of its own. Thread safety: any thread.
class Pointer final : public Via {
 public:
  explicit Pointer(std::string key, Pid pid = Pid()) : key_(std::move(key)), pid_(pid) {}

  void PointTo(Pid pid) {
    MutexLock lock(mutex_);
    pid_ = pid;
  }
  // How often it was looked up.
  int lookups() const {
    MutexLock lock(mutex_);
    return lookups_;
  }

  Pid WhereIs() const override {
    MutexLock lock(mutex_);
    ++lookups_;
    return HasEnded(pid_) ? Pid() : pid_;
  }
  absl::Status Register() const override {
    MutexLock lock(mutex_);
    if (!HasEnded(pid_)) return NameTakenError(key_ + " is taken", pid_);
    pid_ = Self();
    return absl::OkStatus();
  }
  std::string ToString() const override { return key_; }
  bool Equals(const Via& other) const override {
    const auto* pointer = dynamic_cast<const Pointer*>(&other);
    return pointer != nullptr && pointer->key_ == key_;
  }

 private:
  const std::string key_;
  mutable Mutex mutex_;
  mutable Pid pid_ ABSL_GUARDED_BY(mutex_);
  mutable int lookups_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace hydra::process_testing

#endif  // HYDRA_PROCESS_VIA_TESTING_H_
