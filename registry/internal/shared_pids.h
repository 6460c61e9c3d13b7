// SharedPids: a few pids that one process changes, rarely, and any thread reads without a lock.
#ifndef HYDRA_REGISTRY_INTERNAL_SHARED_PIDS_H_
#define HYDRA_REGISTRY_INTERNAL_SHARED_PIDS_H_

#include <atomic>
#include <utility>
#include <vector>

#include "hydra/base/read_section.h"
#include "hydra/process/pid.h"

namespace hydra::registry_internal {

class SharedPids {
 public:
  SharedPids() = default;
  SharedPids(const SharedPids&) = delete;
  SharedPids& operator=(const SharedPids&) = delete;
  ~SharedPids() { delete pids_.load(std::memory_order_relaxed); }

  // By one process at a time.
  void Set(std::vector<Pid> pids) {
    auto* const next = pids.empty() ? nullptr : new std::vector<Pid>(std::move(pids));
    std::vector<Pid>* const former = pids_.exchange(next, std::memory_order_acq_rel);
    if (former != nullptr) limbo_.Add(former);
    static_cast<void>(limbo_.TakeUnread());
  }

  // By any thread.
  std::vector<Pid> Get() const {
    const ReadSection section;
    const auto* const pids = pids_.load(std::memory_order_acquire);
    return pids == nullptr ? std::vector<Pid>() : *pids;
  }

 private:
  // Written by who changes it: release, so that who reads it (acquire) sees the pids. Null if there are none.
  std::atomic<std::vector<Pid>*> pids_{nullptr};
  Limbo limbo_{1};  // of who changes it: changes are rare
};

}  // namespace hydra::registry_internal

#endif  // HYDRA_REGISTRY_INTERNAL_SHARED_PIDS_H_
