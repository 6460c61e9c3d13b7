#include "hydra/process/internal/homes.h"

#include <cstdint>
#include <string_view>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "hydra/base/mutex.h"
#include "hydra/process/node_id.h"

namespace hydra::process_internal {
namespace {

struct Homes {
  Mutex mutex;
  std::vector<NodeId> nodes ABSL_GUARDED_BY(mutex) = {NodeId()};  // by home; 0 is none's
};

Homes& AllHomes() {
  static Homes& homes = *new Homes;
  return homes;
}

}  // namespace

uint32_t NewHome() {
  Homes& homes = AllHomes();
  MutexLock lock(homes.mutex);
  homes.nodes.emplace_back();
  return static_cast<uint32_t>(homes.nodes.size() - 1);
}

void NameHome(uint32_t home, const NodeId& node) {
  Homes& homes = AllHomes();
  MutexLock lock(homes.mutex);
  homes.nodes[home] = node;
}

uint32_t HomeOf(const NodeId& node) {
  Homes& homes = AllHomes();
  MutexLock lock(homes.mutex);
  // The newest first: what is asked for lives.
  for (size_t home = homes.nodes.size(); home-- > 1;) {
    if (homes.nodes[home] == node) return static_cast<uint32_t>(home);
  }
  homes.nodes.push_back(node);
  return static_cast<uint32_t>(homes.nodes.size() - 1);
}

NodeId NodeOf(uint32_t home) {
  Homes& homes = AllHomes();
  MutexLock lock(homes.mutex);
  return home < homes.nodes.size() ? homes.nodes[home] : NodeId();
}

std::vector<uint32_t> HomesNamed(std::string_view name) {
  Homes& homes = AllHomes();
  MutexLock lock(homes.mutex);
  std::vector<uint32_t> named;
  for (size_t home = 1; home < homes.nodes.size(); ++home) {
    if (homes.nodes[home].name == name) named.push_back(static_cast<uint32_t>(home));
  }
  return named;
}

}  // namespace hydra::process_internal
