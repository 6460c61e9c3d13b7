// A picture of a supervision tree that runs.
#ifndef HYDRA_EXAMPLES_SUPERVISION_TREE_PICTURE_H_
#define HYDRA_EXAMPLES_SUPERVISION_TREE_PICTURE_H_

#include <cstddef>
#include <map>
#include <ostream>
#include <string>
#include <vector>

#include "hydra/supervisor/child_info.h"

namespace supervision_tree {

struct Row {
  size_t depth = 0;
  hydra::ChildInfo child;
};

class Picture {
 public:
  // On `out`, which outlives it. In place, for a terminal: the newest picture covers the last one.
  // Otherwise a line for each child that has changed.
  Picture(std::ostream& out, bool in_place) : out_(out), in_place_(in_place) {}

  void Show(const std::vector<Row>& rows);

 private:
  std::ostream& out_;
  const bool in_place_;
  size_t height_ = 0;                         // of the last one, in place
  std::map<std::string, std::string> shown_;  // otherwise: the lines of the children
};

}  // namespace supervision_tree

#endif  // HYDRA_EXAMPLES_SUPERVISION_TREE_PICTURE_H_
