// A shop of servers under two levels of supervisors, and a monkey that crashes them:
//
//   top             one_for_one, ends when the monkey has had enough
//     front         one_for_one: gives up when they crash too often, and is started anew by the top
//       web-1, web-2, web-3
//     back          rest_for_one: what needs a server that crashes is started anew with it
//       database, cache, orders
//     painter       asks the supervisors for their children, and shows them
//     monkey
//
// Each is a plain class. No server knows that it is supervised.
#ifndef HYDRA_EXAMPLES_SUPERVISION_TREE_TREE_H_
#define HYDRA_EXAMPLES_SUPERVISION_TREE_TREE_H_

#include <cstdint>
#include <limits>

#include "absl/time/time.h"
#include "hydra/examples/supervision_tree/picture.h"
#include "hydra/supervisor/child.h"
#include "hydra/supervisor/supervisor.h"

namespace supervision_tree {

struct TreeOptions {
  uint64_t seed = 1;
  int crashes = std::numeric_limits<int>::max();
  absl::Duration pause = absl::Milliseconds(400);  // between two of them, more or less
};

// The name of the supervisor at the top.
inline constexpr char kTop[] = "top";

// What the top is made of. `picture` outlives it.
hydra::SupervisorOptions TopOptions();
hydra::Children TopChildren(const TreeOptions& options, Picture* picture);

}  // namespace supervision_tree

#endif  // HYDRA_EXAMPLES_SUPERVISION_TREE_TREE_H_
