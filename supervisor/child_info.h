// What supervisors tell of their children.
#ifndef HYDRA_SUPERVISOR_CHILD_INFO_H_
#define HYDRA_SUPERVISOR_CHILD_INFO_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "hydra/process/pid.h"
#include "hydra/supervisor/child_spec.h"

namespace hydra {

enum class ChildState : uint8_t {
  kRunning,
  kRestarting,  // it has ended, and a restart is to come: the last one has failed, or a Backoff is waited for
  kStopped,  // ended and not to be started anew, terminated, or ignored by its start
};

std::string_view ToString(ChildState state);

struct ChildInfo {
  std::string id = {};
  ChildState state = ChildState::kStopped;
  Pid pid = {};  // nobody's if it doesn't run
  ChildType type = ChildType::kWorker;
  Restart restart = Restart::kPermanent;
  uint64_t restarts = 0;  // how often its supervisor has started it anew
};

struct ChildCounts {
  size_t specs = 0;        // children, running or not
  size_t active = 0;       // those that run
  size_t supervisors = 0;  // those of that type, running or not
  size_t workers = 0;
};

namespace supervisor_internal {

// What every supervisor is asked for.
struct WhichChildren {
  using Reply = std::vector<ChildInfo>;
};
struct CountChildren {
  using Reply = ChildCounts;
};

}  // namespace supervisor_internal
}  // namespace hydra

#endif  // HYDRA_SUPERVISOR_CHILD_INFO_H_
