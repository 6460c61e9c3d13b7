// How many files this OS process has open, to see that nothing leaks: connections are files.
#ifndef HYDRA_NODE_TESTING_OPEN_FILES_H_
#define HYDRA_NODE_TESTING_OPEN_FILES_H_

#include <cstdint>

namespace hydra::node_testing {

int64_t CountOpenFiles();

}  // namespace hydra::node_testing

#endif  // HYDRA_NODE_TESTING_OPEN_FILES_H_
