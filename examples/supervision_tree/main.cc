// Servers that crash at random, and supervisors that start them anew, in a picture of what runs.
//
//   ./bazelw run //examples/supervision_tree              # until Ctrl-C
//   ./bazelw run //examples/supervision_tree -- 20        # ends by itself, after twenty crashes
#include <unistd.h>

#include <cstdlib>
#include <iostream>
#include <random>

#include "hydra/application/application.h"
#include "hydra/base/log_severity.h"
#include "hydra/examples/supervision_tree/picture.h"
#include "hydra/examples/supervision_tree/tree.h"
#include "hydra/supervisor/child.h"
#include "hydra/supervisor/supervisor.h"

int main(int argc, char** argv) {
  const bool is_terminal = isatty(STDOUT_FILENO) != 0;
  supervision_tree::Picture picture(std::cout, is_terminal);
  supervision_tree::TreeOptions options = {.seed = std::random_device()()};
  if (argc > 1) options.crashes = std::atoi(argv[1]);
  const hydra::ChildSpec top = hydra::Child<hydra::Supervisor>(
      {.server = {.name = supervision_tree::kTop}}, supervision_tree::TopOptions(),
      supervision_tree::TopChildren(options, &picture));
  hydra::RunOptions run;
  // What supervisors and servers report would be in the middle of the picture.
  if (is_terminal) run.min_log_severity = hydra::LogSeverity::kFatal;
  return hydra::RunApplication({.name = "shop", .start = top.start}, run);
}
