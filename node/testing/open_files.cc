#include "hydra/node/testing/open_files.h"

#include <cstdint>
#include <filesystem>
#include <iterator>

namespace hydra::node_testing {

int64_t CountOpenFiles() {
  const std::filesystem::directory_iterator files("/proc/self/fd");
  return std::distance(begin(files), end(files));
}

}  // namespace hydra::node_testing
