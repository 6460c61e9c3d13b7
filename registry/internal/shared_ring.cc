#include "hydra/registry/internal/shared_ring.h"

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "hydra/base/mutex.h"
#include "hydra/base/read_section.h"
#include "hydra/registry/internal/ring_table.h"

namespace hydra::registry_internal {

SharedRing::~SharedRing() { delete table_.load(std::memory_order_relaxed); }

template <typename F>
void SharedRing::Change(F&& change) {
  Limbo::Batch unread;  // destroyed last, when the lock is gone: that may run users' code
  MutexLock lock(mutex_);
  auto next = std::make_unique<RingTable>(*table_.load(std::memory_order_relaxed));
  std::forward<F>(change)(*next);
  limbo_.Add(table_.exchange(next.release(), std::memory_order_acq_rel));
  unread = limbo_.TakeUnread();
}

RingNodePtr SharedRing::Add(RingNodePtr node) {
  RingNodePtr replaced;
  Change([&](RingTable& table) { replaced = table.Add(std::move(node)); });
  return replaced;
}

RingNodePtr SharedRing::Remove(std::string_view name) {
  RingNodePtr removed;
  Change([&](RingTable& table) { removed = table.Remove(name); });
  return removed;
}

void SharedRing::SetNodes(const std::vector<RingNodePtr>& nodes) {
  Change([&](RingTable& table) { table.SetNodes(nodes); });
}

void SharedRing::Override(uint64_t key, std::string name) {
  Change([&](RingTable& table) { table.Override(key, std::move(name)); });
}

bool SharedRing::RemoveOverride(uint64_t key) {
  bool removed = false;
  Change([&](RingTable& table) { removed = table.RemoveOverride(key); });
  return removed;
}

void SharedRing::SetOverrides(std::vector<RingOverride> overrides) {
  Change([&](RingTable& table) { table.SetOverrides(std::move(overrides)); });
}

void SharedRing::Clear() {
  Change([](RingTable& table) { table = RingTable(); });
}

}  // namespace hydra::registry_internal
