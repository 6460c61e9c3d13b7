#include "hydra/registry/internal/group_messages.h"

#include <algorithm>
#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "hydra/process/pid.h"

namespace hydra::registry_internal {

std::vector<std::vector<Membership>> Parts(const std::vector<Membership>& memberships) {
  std::vector<std::vector<Membership>> parts;
  size_t room = 0;
  for (const auto& [group, pids] : memberships) {
    for (std::span<const Pid> rest(pids); !rest.empty();) {
      if (parts.empty() || room < group.size() + kMaxPidBytes) {
        parts.emplace_back();
        room = kGroupMessageBytes;
      }
      room -= group.size();
      const size_t count = std::min(rest.size(), room / kMaxPidBytes);
      parts.back().emplace_back(group, std::vector<Pid>(rest.begin(), rest.begin() + count));
      rest = rest.subspan(count);
      room -= count * kMaxPidBytes;
    }
  }
  return parts;
}

}  // namespace hydra::registry_internal
