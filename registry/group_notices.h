// What a process that monitors groups is told: see process_groups.h.
#ifndef HYDRA_REGISTRY_GROUP_NOTICES_H_
#define HYDRA_REGISTRY_GROUP_NOTICES_H_

#include <string>
#include <vector>

#include "hydra/process/pid.h"

namespace hydra {

// `ref` is the monitor's: `.For(ref)` finds it.
struct GroupJoined {
  Ref ref;
  std::string group;
  std::vector<Pid> pids;
};
struct
    GroupLeft {  // by leaving, by ending, or with its node; a pid as often as it was in the group
  Ref ref;
  std::string group;
  std::vector<Pid> pids;
};

}  // namespace hydra

#endif  // HYDRA_REGISTRY_GROUP_NOTICES_H_
