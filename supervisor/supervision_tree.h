// A supervision tree as people see it: as text, or as a graph.
//
//   absl::StatusOr<hydra::SupervisionTree> tree = co_await hydra::GetSupervisionTree("top");
//   std::cout << hydra::ToText(*tree);
//
//   <0.12.1> "top" supervisor, running
//   ├─ database <0.13.1>, running, 2 restarts
//   ├─ connections <0.14.1> supervisor, running
//   │  └─ <0.20.1>, running
//   └─ cache, stopped
#ifndef HYDRA_SUPERVISOR_SUPERVISION_TREE_H_
#define HYDRA_SUPERVISOR_SUPERVISION_TREE_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "hydra/genserver/server_ref.h"
#include "hydra/process/async.h"
#include "hydra/process/dest.h"
#include "hydra/supervisor/child_info.h"

namespace hydra {

struct SupervisionTree {
  ChildInfo child;
  std::string name;  // of its process; empty if it has none
  std::vector<SupervisionTree> children;
};

// Asks the supervisor `root`, and those below it, for their children, one after the other: no moment's truth
// if they change meanwhile. One that doesn't answer within `timeout` seems to have none; the root fails then,
// as a call does. Must be awaited by a process.
Async<absl::StatusOr<SupervisionTree>> GetSupervisionTree(Dest root,
                                                          absl::Duration timeout = kCallTimeout);

// A line for each process.
std::string ToText(const SupervisionTree& tree);

// The same for Graphviz: `dot -Tsvg`.
std::string ToDot(const SupervisionTree& tree);

}  // namespace hydra

#endif  // HYDRA_SUPERVISOR_SUPERVISION_TREE_H_
