// SharedRing: the table that is in force, for all copies of a HashRing. Who reads takes no lock and writes
// nothing that others read; each change puts another table in its place.
#ifndef HYDRA_REGISTRY_INTERNAL_SHARED_RING_H_
#define HYDRA_REGISTRY_INTERNAL_SHARED_RING_H_

#include <atomic>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "hydra/base/mutex.h"
#include "hydra/base/read_section.h"
#include "hydra/registry/internal/ring_table.h"

namespace hydra::registry_internal {

// Thread safety: any thread.
class SharedRing {
 public:
  SharedRing() = default;
  SharedRing(const SharedRing&) = delete;
  SharedRing& operator=(const SharedRing&) = delete;
  ~SharedRing();

  // Returns what `read` does, which is given the table for as long as it runs.
  template <typename F>
  auto Read(F&& read) const {
    const ReadSection section;
    return std::forward<F>(read)(*table_.load(std::memory_order_acquire));
  }

  // As those of RingTable. Nodes that go are destroyed outside the lock.
  RingNodePtr Add(RingNodePtr node);
  RingNodePtr Remove(std::string_view name);
  void SetNodes(const std::vector<RingNodePtr>& nodes);
  void Override(uint64_t key, std::string name);
  bool RemoveOverride(uint64_t key);
  void SetOverrides(std::vector<RingOverride> overrides);
  void Clear();

 private:
  // Puts a table that `change` has changed in place of the one in force.
  template <typename F>
  void Change(F&& change);

  // Written by who holds the lock: release, so that who reads it (acquire) sees the table whole.
  std::atomic<RingTable*> table_{new RingTable()};
  Mutex mutex_;
  // Tables are large, and changes rare.
  Limbo limbo_ ABSL_GUARDED_BY(mutex_){1};
};

}  // namespace hydra::registry_internal

#endif  // HYDRA_REGISTRY_INTERNAL_SHARED_RING_H_
