// What a partition says of a change.
#ifndef HYDRA_REGISTRY_INTERNAL_ADDED_H_
#define HYDRA_REGISTRY_INTERNAL_ADDED_H_

#include <cstddef>

#include "hydra/process/pid.h"

namespace hydra::registry_internal {

// What has come of an entry that was to be made.
struct Added {
  Pid process;            // the registry's; nobody's if it doesn't run
  Pid holder;             // who has the key; nobody, if the entry was made
  bool is_first = false;  // of its process, in this partition
};

// What has come of some that were to be removed.
struct Removed {
  Pid process;           // the registry's
  size_t count = 0;      // of those that were
  bool is_last = false;  // of its process, in this partition
};

}  // namespace hydra::registry_internal

#endif  // HYDRA_REGISTRY_INTERNAL_ADDED_H_
