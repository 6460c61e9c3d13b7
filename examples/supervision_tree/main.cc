// Servers that crash at random, and supervisors that start them anew, in a picture of what runs.
//
//   ./bazelw run //examples/supervision_tree
//   ./bazelw run //examples/supervision_tree -- 20        # ends by itself, after twenty crashes
#include <unistd.h>

#include <cstdlib>
#include <iostream>
#include <random>

#include "absl/status/statusor.h"
#include "hydra/base/log.h"
#include "hydra/base/log_severity.h"
#include "hydra/examples/supervision_tree/picture.h"
#include "hydra/examples/supervision_tree/tree.h"
#include "hydra/genserver/genserver.h"
#include "hydra/supervisor/supervisor.h"

namespace {

using supervision_tree::Picture;
using supervision_tree::TreeOptions;

hydra::Async<> Main(TreeOptions options, Picture* picture) {
  const absl::StatusOr<hydra::ServerRef<hydra::Supervisor>> top =
      co_await hydra::StartLink<hydra::Supervisor>({.name = supervision_tree::kTop},
                                                   supervision_tree::TopOptions(),
                                                   supervision_tree::TopChildren(options, picture));
  if (!top.ok()) hydra::ExitSelf(hydra::ExitReason::Custom(top.status().ToString()));
  co_await hydra::Sleep(absl::InfiniteDuration());  // until the top ends, and this with it
}

}  // namespace

int main(int argc, char** argv) {
  const bool is_terminal = isatty(STDOUT_FILENO) != 0;
  // What supervisors and servers report would be in the middle of the picture.
  if (is_terminal) hydra::SetMinLogSeverity(hydra::LogSeverity::kFatal);
  Picture picture(std::cout, is_terminal);
  TreeOptions options = {.seed = std::random_device()()};
  if (argc > 1) options.crashes = std::atoi(argv[1]);
  return hydra::RunMain(Main, options, &picture);
}
